/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupt descriptors, vectors, and the driver of the I/O APICs (82093AA data
 * sheet; ICH9 13.5), whose entries are never read back: the descriptors have
 * what is in them. The lock orders changes of both; dispatch reads this CPU's
 * vector table without it, and counts itself in the descriptor so that
 * unbinding can wait for it.
 */
#include "hypervisor/x86/irq.h"

#include "hypervisor/abi/errno.h"
#include "hypervisor/cpu/io.h"
#include "hypervisor/cpu/spinlock.h"
#include "hypervisor/cpu/upcalls.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/mm/map.h"
#include "hypervisor/x86/acpi-tables.h"
#include "hypervisor/x86/smp.h"
#include "hypervisor/x86/upcalls.h"

#define GSIS_MAX 1024 /* GSIs are below */
#define IRQS_MAX 2048

#define REG_SELECT 0x00
#define REG_WINDOW 0x10
#define IDX_ENTRY(pin) (0x10 + 2 * (pin))
/* Bits of an entry's low half; the lowest are the vector. */
#define IOAPIC_ACTIVE_LOW BIT(13)
#define IOAPIC_LEVEL BIT(15)
#define IOAPIC_MASKED BIT(16)

#define PIC_VECTOR 0x20 /* of 16, below VECTOR_FIRST, that are spurious */

struct target {
    uint16_t cpu;
    uint8_t vector; /* 0: none */
};

struct irq_desc {
    irq_handler_fn *handler; /* NULL: not bound */
    void *arg;
    uint32_t mode;           /* of a GSI: the IOAPIC_ bits of its entry */
    struct target now, old;  /* old: valid until now's first interrupt */
    uint32_t running;        /* (a) CPUs inside the handler */
};

static struct spinlock irq_lock = SPINLOCK_INIT(IRQ);
static struct irq_desc descs[IRQS_MAX]; /* GSIS_MAX GSIs, then messages */

static DEFINE_PERCPU(struct irq_desc *, vector_desc)[256]; /* or NULL */
DEFINE_PERCPU(uint64_t, irq_counts)[256];
unsigned int gsis_end;

/* ---- the chips ----------------------------------------------------------- */

static void ioapic_write(const struct ioapic *io, unsigned int index,
                         uint32_t v)
{
    mmio_write32(io->regs + REG_SELECT, index);
    mmio_write32(io->regs + REG_WINDOW, v);
}

/* Whose pin it is; NULL for a GSI in a gap between I/O APICs. */
static const struct ioapic *ioapic_of_gsi(unsigned int gsi)
{
    for (unsigned int i = 0; i < acpi_info.nr_ioapics; i++) {
        const struct ioapic *io = &acpi_info.ioapics[i];

        if (gsi >= io->first_gsi && gsi - io->first_gsi < io->nr_gsis)
            return io;
    }
    return NULL;
}

/* ICW1 to ICW4 of both 8259A, so that spurious interrupts have a vector of
 * their own, then all masked. The command port, then the data port next to it.
 */
void pic_init(void)
{
    static const uint8_t words[][2] = {
        { 0x11, 0x11 }, { PIC_VECTOR, PIC_VECTOR + 8 }, { 4, 2 }, { 1, 1 },
        { 0xff, 0xff },
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(words); i++) {
        outb(0x20 + (i > 0), words[i][0]);
        outb(0xa0 + (i > 0), words[i][1]);
    }
}

static bool start(struct ioapic *io)
{
    io->regs = device_map(io->maddr, 0x20);
    if (!io->regs)
        panic("no memory to map an I/O APIC");
    mmio_write32(io->regs + REG_SELECT, 1); /* version, last entry */
    uint32_t version = mmio_read32(io->regs + REG_WINDOW);
    if (version == 0xffffffff) {
        log_warn("I/O APIC at %#lx does not answer\n", io->maddr);
        return false;
    }
    io->nr_gsis = ((version >> 16) & 0xff) + 1;
    if (io->first_gsi > GSIS_MAX - io->nr_gsis) {
        log_warn("I/O APIC at %#lx ignored: %u interrupts from %u\n",
                 io->maddr, io->nr_gsis, io->first_gsi);
        return false;
    }
    for (unsigned int pin = 0; pin < io->nr_gsis; pin++) {
        /* Mask first; a level entry that the firmware left unfinished loses
         * its remote IRR by being edge for a moment. */
        ioapic_write(io, IDX_ENTRY(pin), IOAPIC_MASKED);
        ioapic_write(io, IDX_ENTRY(pin) + 1, 0);
    }
    gsis_end = MAX(gsis_end, io->first_gsi + io->nr_gsis);
    log_info("I/O APIC: id %u at %#lx, version %#x, GSI %u-%u\n", io->id,
             io->maddr, version & 0xff, io->first_gsi,
             io->first_gsi + io->nr_gsis - 1);
    return true;
}

void ioapic_init(void)
{
    struct ioapic *all = acpi_info.ioapics, *end = all;

    for (unsigned int i = 0; i < acpi_info.nr_ioapics; i++)
        if (start(&all[i]))
            *end++ = all[i];
    acpi_info.nr_ioapics = (unsigned int)(end - all);
    if (end == all)
        cannot_start("the firmware's ACPI tables list no usable I/O APIC");
}

/* ---- descriptors --------------------------------------------------------- */

/* A free vector of cpu, spread over the priority classes. Lock IRQ. */
static struct target vector_alloc(unsigned int cpu, struct irq_desc *d)
{
    static unsigned int last = VECTOR_FIRST - 1;
    struct irq_desc **table = per_cpu(vector_desc, cpu);

    for (unsigned int i = VECTOR_FIRST; i <= VECTOR_LAST; i++) {
        if (++last > VECTOR_LAST)
            last = VECTOR_FIRST;
        if (table[last])
            continue;
        WRITE_ONCE(table[last], d);
        return (struct target){ (uint16_t)cpu, (uint8_t)last };
    }
    return (struct target){ 0, 0 };
}

static void vector_free(struct target *t)
{
    if (t->vector)
        WRITE_ONCE(per_cpu(vector_desc, t->cpu)[t->vector], NULL);
    t->vector = 0;
}

static uint32_t trigger_bits(bool level, bool active_low)
{
    return (level ? IOAPIC_LEVEL : 0) | (active_low ? IOAPIC_ACTIVE_LOW : 0);
}

/*
 * Writes the entry of a descriptor that is a GSI's; `whole`: not just its mask
 * has changed. Then there is never a moment with half of it, and it is edge for
 * one, which ends what is under way with the old vector. Lock IRQ.
 */
static void program(const struct irq_desc *d, bool whole)
{
    unsigned int irq = (unsigned int)(d - descs);

    if (irq >= GSIS_MAX)
        return;
    const struct ioapic *io = ioapic_of_gsi(irq);
    unsigned int entry = IDX_ENTRY(irq - io->first_gsi);
    if (whole) {
        ioapic_write(io, entry, IOAPIC_MASKED);
        ioapic_write(io, entry + 1, cpu_apic_id[d->now.cpu] << 24);
    }
    ioapic_write(io, entry, d->now.vector | d->mode);
}

/* Gives a free descriptor a vector and a handler; -EBUSY if it is not free. A
 * message's number waits until nobody is in the handler that it had. */
static int bind(unsigned int irq, unsigned int cpu, uint32_t mode,
                irq_handler_fn *handler, void *arg)
{
    struct irq_desc *d = &descs[irq];
    int rc = -EBUSY;

    spin_lock(&irq_lock);
    if (!d->handler && (irq < GSIS_MAX || !READ_ONCE(d->running))) {
        d->now = vector_alloc(cpu, d);
        rc = d->now.vector ? (int)irq : -ENOSPC;
    }
    if (rc >= 0) {
        d->mode = mode;
        d->arg = arg;
        store_release(&d->handler, handler);
        program(d, true);
    }
    spin_unlock(&irq_lock);
    return rc;
}

int irq_bind_gsi(unsigned int gsi, bool level, bool active_low,
                 unsigned int cpu, irq_handler_fn *handler, void *arg)
{
    if (!ioapic_of_gsi(gsi))
        return -EINVAL;
    return bind(gsi, cpu, trigger_bits(level, active_low), handler, arg);
}

int irq_alloc_msi(unsigned int cpu, irq_handler_fn *handler, void *arg)
{
    int rc = -EBUSY;

    for (unsigned int irq = GSIS_MAX; irq < IRQS_MAX && rc == -EBUSY; irq++)
        rc = bind(irq, cpu, 0, handler, arg);
    return rc == -EBUSY ? -ENOSPC : rc;
}

void irq_msi_message(unsigned int irq, struct msi_message *msg)
{
    const struct irq_desc *d = &descs[irq];

    spin_lock(&irq_lock);
    msg->address = 0xfee00000 | (cpu_apic_id[d->now.cpu] & 0xff) << 12;
    msg->data = d->now.vector;
    spin_unlock(&irq_lock);
}

void irq_unbind(unsigned int irq)
{
    struct irq_desc *d = &descs[irq];

    spin_lock(&irq_lock);
    d->mode |= IOAPIC_MASKED;
    program(d, false);
    WRITE_ONCE(d->handler, NULL);
    vector_free(&d->now);
    vector_free(&d->old);
    spin_unlock(&irq_lock);
    smp_mb(); /* pairs with run_handler(): it counts, then looks */
    while (READ_ONCE(d->running)) {
        smp_call_poll();
        cpu_relax();
    }
}

/* Changes some bits of a bound GSI's mode. */
static void set_mode(unsigned int gsi, uint32_t bits, uint32_t mode)
{
    struct irq_desc *d = &descs[gsi];

    spin_lock(&irq_lock);
    uint32_t changed = (d->mode ^ mode) & bits;
    if (d->handler && changed) {
        d->mode ^= changed;
        program(d, changed != IOAPIC_MASKED);
    }
    spin_unlock(&irq_lock);
}

void irq_set_mask(unsigned int irq, bool masked)
{
    set_mode(irq, IOAPIC_MASKED, masked ? IOAPIC_MASKED : 0);
}

void irq_set_trigger(unsigned int irq, bool level, bool active_low)
{
    set_mode(irq, IOAPIC_LEVEL | IOAPIC_ACTIVE_LOW,
             trigger_bits(level, active_low));
}

bool irq_set_affinity(unsigned int irq, unsigned int cpu)
{
    struct irq_desc *d = &descs[irq];
    struct target new = { 0, 0 };

    if (READ_ONCE(d->now.cpu) == cpu)
        return false;
    spin_lock(&irq_lock);
    if (!d->old.vector)
        new = vector_alloc(cpu, d);
    if (new.vector) {
        d->old = d->now;
        d->now = new;
        program(d, true);
    }
    spin_unlock(&irq_lock);
    return new.vector;
}

static void run_handler(struct irq_desc *d, unsigned int vector)
{
    unsigned int irq = (unsigned int)(d - descs);
    irq_handler_fn *handler;

    atomic_inc(&d->running);
    handler = load_acquire(&d->handler);
    if (handler && (d->mode & IOAPIC_LEVEL))
        irq_set_mask(irq, true);
    apic_eoi();
    if (handler && unlikely(READ_ONCE(d->old.vector))) {
        /* The first interrupt on the new vector ends the old one's life. */
        spin_lock(&irq_lock);
        if (d->now.cpu == cpu_id() && d->now.vector == vector)
            vector_free(&d->old);
        spin_unlock(&irq_lock);
    }
    if (handler)
        handler(irq, d->arg);
    atomic_dec(&d->running);
}

void irq_dispatch(unsigned int vector)
{
    static uint32_t reports;
    struct irq_desc *d = READ_ONCE(this_cpu(vector_desc)[vector]);

    this_cpu(irq_counts)[vector]++;
    if (d) {
        run_handler(d, vector);
        return;
    }
    /* Spurious ones, the local APIC's and the PIC's, want no EOI. */
    if (vector == VECTOR_SPURIOUS || vector - PIC_VECTOR < 16)
        return;
    apic_eoi();
    switch (vector) {
    case VECTOR_TIMER:
        timer_interrupt();
        break;
    case VECTOR_CALL:
        smp_call_poll();
        break;
    case VECTOR_POSTED:
    case VECTOR_KICK:
        break;
    case VECTOR_ERROR:
        apic_error_interrupt();
        break;
    default:
        if (atomic_fetch_add(&reports, 1) < 10)
            log_warn("unexpected interrupt vector %#x on CPU %u\n", vector,
                     cpu_id());
    }
}
