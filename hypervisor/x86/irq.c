/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupt descriptors and vectors. The lock orders changes and the access
 * to the I/O APICs; dispatch reads this CPU's vector table without it, and
 * counts itself in the descriptor so that unbinding can wait for it.
 */
#include "hypervisor/x86/irq.h"

#include "hypervisor/abi/errno.h"
#include "hypervisor/cpu/spinlock.h"
#include "hypervisor/cpu/upcalls.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/x86/ioapic.h"
#include "hypervisor/x86/smp.h"
#include "hypervisor/x86/upcalls.h"

#define IRQS_MAX 2048

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
static DEFINE_PERCPU(struct irq_desc *, desc_inside); /* whose handler runs */

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

/* If it is a GSI. Lock IRQ. */
static void program_gsi(unsigned int gsi, const struct irq_desc *d)
{
    if (gsi < GSIS_MAX)
        ioapic_write_entry(gsi, d->now.vector | d->mode,
                           cpu_apic_id[d->now.cpu]);
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
        program_gsi(irq, d);
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
    uint32_t own = this_cpu(desc_inside) == d;

    spin_lock(&irq_lock);
    d->mode |= IOAPIC_MASKED;
    if (irq < GSIS_MAX)
        ioapic_write_low(irq, d->now.vector | d->mode);
    WRITE_ONCE(d->handler, NULL);
    vector_free(&d->now);
    vector_free(&d->old);
    spin_unlock(&irq_lock);
    smp_mb(); /* pairs with run_handler(): it counts, then looks */
    while (READ_ONCE(d->running) > own) {
        smp_call_poll();
        cpu_relax();
    }
}

void irq_set_mask(unsigned int irq, bool masked)
{
    struct irq_desc *d = &descs[irq];

    spin_lock(&irq_lock);
    if (d->handler && !(d->mode & IOAPIC_MASKED) == masked) {
        d->mode ^= IOAPIC_MASKED;
        ioapic_write_low(irq, d->now.vector | d->mode);
    }
    spin_unlock(&irq_lock);
}

void irq_set_trigger(unsigned int irq, bool level, bool active_low)
{
    struct irq_desc *d = &descs[irq];
    uint32_t mode = trigger_bits(level, active_low);

    spin_lock(&irq_lock);
    mode |= d->mode & IOAPIC_MASKED;
    if (d->handler && d->mode != mode) {
        d->mode = mode;
        program_gsi(irq, d);
    }
    spin_unlock(&irq_lock);
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
        program_gsi(irq, d);
    }
    spin_unlock(&irq_lock);
    return new.vector;
}

static void run_handler(struct irq_desc *d, unsigned int vector)
{
    unsigned int irq = (unsigned int)(d - descs);
    irq_handler_fn *handler;

    atomic_inc(&d->running);
    this_cpu(desc_inside) = d;
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
    this_cpu(desc_inside) = NULL;
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
    if (vector == VECTOR_SPURIOUS ||
        (vector >= PIC_VECTOR && vector < PIC_VECTOR + 16))
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
