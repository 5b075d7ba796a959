/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Physical interrupts into a domain's interrupt controllers.
 *
 * A GSI is bound when domain 0 first unmasks its pin, and stays bound. The
 * machine's I/O APIC masks a level interrupt when it comes; it is unmasked
 * when the guest has ended it, so a device that the guest has not served
 * cannot interrupt again.
 */
#include "hvm/base/hvm.h"
#include "hvm/irq/route.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/x86/irq.h"
#include "hypervisor/x86/smp.h"

/* The CPU where the first vCPU that a message is for ran last. */
static unsigned int cpu_of_dest(const struct route *r, struct apic_msg m)
{
    const struct apicbus *b = &r->apics;

    for (unsigned int i = 0; i < b->nr; i++)
        if (b->vlapic[i] && apicbus_matches(b->vlapic[i], NULL, &m)) {
            unsigned int cpu = READ_ONCE(r->domain->vcpu[i]->cpu);

            return cpumask_test(&cpus_online, cpu) ? cpu : 0;
        }
    return 0;
}

/* ---- messages ------------------------------------------------------------ */

static void msi_interrupt(unsigned int irq, void *arg)
{
    const struct passthru_msi *m = arg;
    uint64_t message = READ_ONCE(m->message);

    (void)route_msi(hardware_domain->hvm->route, message >> 32,
                    (uint32_t)message);
}

int passthru_msi_bind(struct passthru_msi *m, uint64_t address, uint32_t data,
                      bool movable, struct msi_message *host)
{
    const struct apic_msg msg = { .dest = address >> 12 & 0xff,
                                  .logical = address >> 2 & 1 };
    unsigned int cpu = cpu_of_dest(hardware_domain->hvm->route, msg);
    int irq, changed = 0;

    WRITE_ONCE(m->message, address << 32 | data);
    if (!m->irq) {
        irq = irq_alloc_msi(cpu, msi_interrupt, m);
        /* That CPU may have given all its vectors away: any will do. */
        for (cpu = 0; irq == -ENOSPC && cpu < nr_cpus_online; cpu++)
            irq = irq_alloc_msi(cpu, msi_interrupt, m);
        if (irq < 0)
            return irq;
        m->irq = (unsigned int)irq; /* beyond the GSIs, so never 0 */
        changed = 1;
    } else if (movable) {
        /* Best effort: it works from where it is, too. */
        changed = irq_set_affinity(m->irq, cpu);
    }
    irq_msi_message(m->irq, host);
    return changed;
}

void passthru_msi_unbind(struct passthru_msi *m)
{
    if (m->irq)
        irq_unbind(m->irq);
    m->irq = 0;
}

/* ---- GSIs ---------------------------------------------------------------- */

static void gsi_interrupt(unsigned int irq, void *arg)
{
    struct route *r = arg;
    union vioapic_redir_entry e = { .bits = READ_ONCE(r->rte[irq].bits) };

    if (e.fields.trig_mode)
        route_gsi_set(r, irq, true);
    else
        (void)route_gsi_pulse(r, irq);
}

/* ->bound: GSIs whose physical line is bound. */
void vioapic_pin_changed(struct route *r, unsigned int gsi)
{
    union vioapic_redir_entry e = r->rte[gsi];
    unsigned int cpu = cpu_of_dest(r, ioapic_message(e));

    if (e.fields.mask && test_bit(gsi, r->bound)) {
        irq_set_mask(gsi, true);
    } else if (test_bit(gsi, r->bound)) {
        irq_set_trigger(gsi, e.fields.trig_mode, e.fields.polarity);
        (void)irq_set_affinity(gsi, cpu);
        /* One that came and is not ended yet is unmasked by its end. */
        if (!test_bit(gsi, r->line))
            irq_set_mask(gsi, false);
    } else if (!e.fields.mask) {
        /* First unmasked: the pin's wire is the machine's from now on. */
        int rc = irq_bind_gsi(gsi, e.fields.trig_mode, e.fields.polarity, cpu,
                              gsi_interrupt, r);
        if (rc >= 0)
            change_bit(gsi, r->bound, true);
        else if (rc != -EBUSY) /* that: Lodge's own, as the console's */
            log_guest(LOG_WARN, "domain 0: interrupt %u cannot be bound "
                      "(error %d)\n", gsi, -rc);
    }
}

void route_gsi_ended(struct route *r, unsigned int gsi)
{
    if (!test_bit(gsi, r->bound))
        return;
    /* The line may still be up: then the unmasked pin says so at once. */
    change_bit(gsi, r->line, false);
    if (!r->rte[gsi].fields.mask)
        irq_set_mask(gsi, false);
}
