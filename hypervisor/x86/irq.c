/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupt descriptors and vectors. The lock orders changes and the access
 * to the I/O APICs; dispatch reads this CPU's vector table without it, and
 * counts itself in the descriptor so that unbinding can wait for it.
 */
#include "hypervisor/x86/irq.h"

#include "hypervisor/abi/errno.h"
#include "hypervisor/cpu/percpu.h"
#include "hypervisor/cpu/spinlock.h"
#include "hypervisor/cpu/upcalls.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/x86/apic.h"
#include "hypervisor/x86/ioapic.h"
#include "hypervisor/x86/smp.h"
#include "hypervisor/x86/upcalls.h"

#define IRQS_MAX 2048
#define NO_IRQ 0
#define PIC_SPURIOUS_FIRST 0x20
#define PIC_SPURIOUS_LAST 0x2f

struct target {
    uint16_t cpu;
    uint8_t vector; /* 0: none */
};

struct irq_desc {
    irq_handler_fn *handler; /* NULL: not bound */
    void *arg;
    bool level, active_low, masked;
    struct target now, old;  /* old: valid until now's first interrupt */
    uint32_t running;        /* (a) CPUs inside the handler */
};

static struct spinlock irq_lock = SPINLOCK_INIT(IRQ);
static struct irq_desc descs[IRQS_MAX]; /* GSIS_MAX GSIs, then messages */

/* irq number plus one, per vector. */
static DEFINE_PERCPU(uint16_t, vector_irq)[256];
static DEFINE_PERCPU(uint64_t, vector_count)[256];
static DEFINE_PERCPU(unsigned int, irq_inside); /* irq number plus one */

/* A free vector of cpu, spread over the priority classes. Lock IRQ. */
static int vector_alloc(unsigned int cpu, unsigned int irq,
                        struct target *out)
{
    static unsigned int last = VECTOR_FIRST - 1;
    uint16_t *table = per_cpu(vector_irq, cpu);

    for (unsigned int i = VECTOR_FIRST; i <= VECTOR_LAST; i++) {
        if (++last > VECTOR_LAST)
            last = VECTOR_FIRST;
        if (table[last] != NO_IRQ)
            continue;
        WRITE_ONCE(table[last], (uint16_t)(irq + 1));
        *out = (struct target){ (uint16_t)cpu, (uint8_t)last };
        return 0;
    }
    return -ENOSPC;
}

static void vector_free(struct target *t)
{
    if (t->vector)
        WRITE_ONCE(per_cpu(vector_irq, t->cpu)[t->vector], NO_IRQ);
    t->vector = 0;
}

/* If it is a GSI. Lock IRQ. */
static void program_gsi(unsigned int gsi, const struct irq_desc *d)
{
    if (gsi < GSIS_MAX)
        ioapic_write_entry(gsi, d->now.vector |
                                (d->level ? IOAPIC_LEVEL : 0) |
                                (d->active_low ? IOAPIC_ACTIVE_LOW : 0) |
                                (d->masked ? IOAPIC_MASKED : 0),
                           cpu_apic_id[d->now.cpu]);
}

/* Gives a free descriptor a vector and a handler. Lock IRQ. */
static int bind(unsigned int irq, unsigned int cpu, bool level, bool active_low,
                irq_handler_fn *handler, void *arg)
{
    struct irq_desc *d = &descs[irq];
    int rc = vector_alloc(cpu, irq, &d->now);

    if (rc)
        return rc;
    d->level = level;
    d->active_low = active_low;
    d->masked = false;
    d->arg = arg;
    store_release(&d->handler, handler);
    program_gsi(irq, d);
    return (int)irq;
}

int irq_bind_gsi(unsigned int gsi, bool level, bool active_low,
                 unsigned int cpu, irq_handler_fn *handler, void *arg)
{
    int rc = -EBUSY;

    if (!ioapic_has_gsi(gsi))
        return -EINVAL;
    spin_lock(&irq_lock);
    if (!descs[gsi].handler)
        rc = bind(gsi, cpu, level, active_low, handler, arg);
    spin_unlock(&irq_lock);
    return rc;
}

int irq_alloc_msi(unsigned int cpu, irq_handler_fn *handler, void *arg)
{
    unsigned int irq = GSIS_MAX;
    int rc = -ENOSPC;

    spin_lock(&irq_lock);
    while (irq < IRQS_MAX &&
           (descs[irq].handler || READ_ONCE(descs[irq].running)))
        irq++;
    if (irq < IRQS_MAX)
        rc = bind(irq, cpu, false, false, handler, arg);
    spin_unlock(&irq_lock);
    return rc;
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
    uint32_t own = this_cpu(irq_inside) == irq + 1;

    spin_lock(&irq_lock);
    if (irq < GSIS_MAX)
        ioapic_set_mask(irq, true);
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

static void set_mask(unsigned int irq, bool masked)
{
    spin_lock(&irq_lock);
    if (descs[irq].handler && descs[irq].masked != masked) {
        descs[irq].masked = masked;
        ioapic_set_mask(irq, masked);
    }
    spin_unlock(&irq_lock);
}

void irq_mask(unsigned int irq)
{
    set_mask(irq, true);
}

void irq_unmask(unsigned int irq)
{
    set_mask(irq, false);
}

void irq_set_trigger(unsigned int irq, bool level, bool active_low)
{
    struct irq_desc *d = &descs[irq];

    spin_lock(&irq_lock);
    if (d->handler && (d->level != level || d->active_low != active_low)) {
        d->level = level;
        d->active_low = active_low;
        program_gsi(irq, d);
    }
    spin_unlock(&irq_lock);
}

int irq_set_affinity(unsigned int irq, unsigned int cpu)
{
    struct irq_desc *d = &descs[irq];
    struct target new;
    int rc = 0;

    spin_lock(&irq_lock);
    if (d->now.cpu != cpu) {
        rc = d->old.vector ? -EBUSY : vector_alloc(cpu, irq, &new);
        if (!rc) {
            d->old = d->now;
            d->now = new;
            program_gsi(irq, d);
        }
    }
    spin_unlock(&irq_lock);
    return rc;
}

unsigned int irq_cpu(unsigned int irq)
{
    return READ_ONCE(descs[irq].now.cpu);
}

/* The first interrupt on the new vector ends the old one's life. */
static void end_move(struct irq_desc *d, unsigned int vector)
{
    spin_lock(&irq_lock);
    if (d->now.cpu == cpu_id() && d->now.vector == vector)
        vector_free(&d->old);
    spin_unlock(&irq_lock);
}

static void run_handler(unsigned int irq, unsigned int vector)
{
    struct irq_desc *d = &descs[irq];
    irq_handler_fn *handler;

    atomic_inc(&d->running);
    this_cpu(irq_inside) = irq + 1;
    handler = load_acquire(&d->handler);
    if (handler && d->level)
        irq_mask(irq);
    apic_eoi();
    if (handler) {
        if (unlikely(READ_ONCE(d->old.vector)))
            end_move(d, vector);
        handler(irq, d->arg);
    }
    this_cpu(irq_inside) = 0;
    atomic_dec(&d->running);
}

static void unexpected(unsigned int vector)
{
    static uint32_t reports;

    if (vector >= PIC_SPURIOUS_FIRST && vector <= PIC_SPURIOUS_LAST)
        return; /* the PIC's own, which want no EOI of the local APIC */
    apic_eoi();
    if (atomic_fetch_add(&reports, 1) < 10)
        log_warn("unexpected interrupt vector %#x on CPU %u\n", vector,
                 cpu_id());
}

void irq_dispatch(unsigned int vector)
{
    unsigned int irq;

    this_cpu(vector_count)[vector]++;
    switch (vector) {
    case VECTOR_TIMER:
        apic_eoi();
        timer_interrupt();
        return;
    case VECTOR_CALL:
        apic_eoi();
        smp_call_poll();
        return;
    case VECTOR_POSTED:
    case VECTOR_KICK:
        apic_eoi();
        return;
    case VECTOR_ERROR:
        apic_eoi();
        apic_error_interrupt();
        return;
    case VECTOR_SPURIOUS:
        return;
    default:
        break;
    }
    irq = READ_ONCE(this_cpu(vector_irq)[vector]);
    if (irq == NO_IRQ)
        unexpected(vector);
    else
        run_handler(irq - 1, vector);
}

uint64_t irq_count(unsigned int cpu, unsigned int vector)
{
    return READ_ONCE(per_cpu(vector_count, cpu)[vector & 0xff]);
}
