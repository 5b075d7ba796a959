/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Physical interrupts into a domain's interrupt controllers.
 *
 * A GSI is bound when domain 0 first unmasks its pin, and stays bound. The
 * machine's I/O APIC masks a level interrupt when it comes; it is unmasked
 * when the guest has ended it, so a device that the guest has not served
 * cannot interrupt again.
 */
#include "hvm/irq/passthru.h"

#include "hvm/base/hvm.h"
#include "hvm/irq/route.h"
#include "hvm/irq/upcalls.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/cpu/atomic.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/x86/smp.h"

/* The CPU where the first vCPU that a destination names ran last. */
static unsigned int cpu_of_dest(const struct domain *d, uint32_t dest,
                                bool logical)
{
    const struct apicbus *b = &d->hvm->route->apics;
    const struct apic_msg m = { .dest = dest, .logical = logical };

    for (unsigned int i = 0; i < b->nr; i++) {
        unsigned int cpu;

        if (!b->vlapic[i] || !apicbus_matches(b->vlapic[i], NULL, &m) ||
            !d->vcpu[i])
            continue;
        cpu = READ_ONCE(d->vcpu[i]->cpu);
        return cpumask_test(&cpus_online, cpu) ? cpu : 0;
    }
    return 0;
}

static void set_bit_to(uint64_t *map, unsigned int nr, bool on)
{
    if (on)
        map[nr / 64] |= BIT(nr % 64);
    else
        map[nr / 64] &= ~BIT(nr % 64);
}

/* ---- messages ------------------------------------------------------------ */

static void msi_interrupt(unsigned int irq, void *arg)
{
    struct passthru_msi *m = arg;
    uint64_t message = READ_ONCE(m->message);

    (void)route_msi(m->domain->hvm->route, message >> 32, (uint32_t)message);
}

void passthru_msi_set(struct passthru_msi *m, uint64_t address, uint32_t data)
{
    WRITE_ONCE(m->message, address << 32 | data);
}

int passthru_msi_bind(struct passthru_msi *m, struct domain *d, bool movable,
                      struct msi_message *host, bool *changed)
{
    uint32_t address = (uint32_t)(m->message >> 32);
    unsigned int cpu = cpu_of_dest(d, address >> 12 & 0xff, address >> 2 & 1);
    int irq;

    *changed = !m->bound;
    if (!m->bound) {
        m->domain = d;
        irq = irq_alloc_msi(cpu, msi_interrupt, m);
        /* That CPU may have given all its vectors away: any will do. */
        for (cpu = 0; irq == -ENOSPC && cpu < nr_cpus_online; cpu++)
            irq = irq_alloc_msi(cpu, msi_interrupt, m);
        if (irq < 0)
            return irq;
        m->irq = (unsigned int)irq;
        m->bound = true;
    } else if (movable && irq_cpu(m->irq) != cpu) {
        /* Best effort: it works from where it is, too. */
        *changed = !irq_set_affinity(m->irq, cpu);
    }
    irq_msi_message(m->irq, host);
    return 0;
}

void passthru_msi_unbind(struct passthru_msi *m)
{
    if (!m->bound)
        return;
    irq_unbind(m->irq);
    m->bound = false;
}

/* ---- GSIs ---------------------------------------------------------------- */

/* GSIs whose physical line is bound to domain 0. Lock HVM_IRQ of it. */
static uint64_t physical[VIOAPIC_MAX_GSIS / 64];

static void gsi_interrupt(unsigned int irq, void *arg)
{
    struct route *r = arg;
    union ioapic_rte e = { .raw = route_gsi_entry(r, irq) };

    if (e.level)
        route_gsi_set(r, irq, true);
    else
        (void)route_gsi_pulse(r, irq);
}

/* First unmasked: the pin's wire is the machine's from now on. */
static void gsi_bind(struct route *r, unsigned int gsi, union ioapic_rte e,
                     unsigned int cpu)
{
    int rc = irq_bind_gsi(gsi, e.level, e.active_low, cpu, gsi_interrupt, r);

    if (rc < 0) {
        /* -EBUSY: Lodge's own, as the console's. */
        if (rc != -EBUSY)
            log_guest(LOG_WARN, "domain 0: interrupt %u cannot be bound "
                      "(error %d)\n", gsi, -rc);
        return;
    }
    set_bit_to(physical, gsi, true);
    set_bit_to(r->bound, gsi, true);
}

void vioapic_pin_changed(struct domain *d, unsigned int gsi, uint64_t entry)
{
    struct route *r = d->hvm->route;
    union ioapic_rte e = { .raw = entry };
    unsigned int cpu;

    if (e.mask) {
        if (test_bit(gsi, physical))
            irq_mask(gsi);
        return;
    }
    cpu = cpu_of_dest(d, e.dest, e.logical);
    if (!test_bit(gsi, physical)) {
        gsi_bind(r, gsi, e, cpu);
        return;
    }
    irq_set_trigger(gsi, e.level, e.active_low);
    if (irq_cpu(gsi) != cpu)
        (void)irq_set_affinity(gsi, cpu);
    /* One that came and is not ended yet is unmasked by its end. */
    if (!test_bit(gsi, r->line))
        irq_unmask(gsi);
}

void route_gsi_ended(struct domain *d, unsigned int gsi)
{
    struct route *r = d->hvm->route;
    union ioapic_rte e = r->rte[gsi];

    if (!test_bit(gsi, physical))
        return;
    /* The line may still be up: then the unmasked pin says so at once. */
    if (test_bit(gsi, r->line)) {
        set_bit_to(r->line, gsi, false);
        if (r->asserted[gsi])
            r->asserted[gsi]--;
    }
    if (!e.mask)
        irq_unmask(gsi);
}

void passthru_watch_pins(struct route *r)
{
    r->watch_pins = true;
}

/* ---- pirqs: no domain is offered any (XENFEAT_hvm_pirqs) ------------------ */

void route_gsi_event(struct domain *d, unsigned int gsi)
{
}

int route_msi_event(struct domain *d, uint32_t pirq)
{
    return -EINVAL;
}
