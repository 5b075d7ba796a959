/* SPDX-License-Identifier: GPL-2.0-only */
/* The domain, the upcalls and the timer queue for tests of hvm/irq, hvm/dev. */
#include <stdlib.h>
#include <string.h>

#include "hvm/dev/upcalls.h"
#include "hvm/irq/upcalls.h"
#include "tests/unit/bus.h"
#include "tests/unit/irq-fakes.h"

#define MAX_TIMERS 512
static struct timer *timers[MAX_TIMERS];

void timer_init(struct timer *t, void (*fn)(void *), void *arg)
{
    *t = (struct timer){ .expires = TIME_NEVER, .fn = fn, .arg = arg };
}

/* Where a timer is in the table, or a free place. */
static unsigned int place(const struct timer *t)
{
    unsigned int hole = MAX_TIMERS;

    for (unsigned int i = 0; i < MAX_TIMERS; i++) {
        if (timers[i] == t)
            return i;
        if (!timers[i] && hole == MAX_TIMERS)
            hole = i;
    }
    if (hole == MAX_TIMERS)
        abort();
    return hole;
}

void timer_set(struct timer *t, uint64_t expires)
{
    if (!t->fn)
        abort();
    t->expires = expires;
    timers[place(t)] = expires == TIME_NEVER ? NULL : t;
}

void timer_stop(struct timer *t)
{
    t->expires = TIME_NEVER;
    timers[place(t)] = NULL;
}

void (*fake_at_kill)(void);

void timer_kill(struct timer *t)
{
    if (fake_locks_held())
        abort();
    timer_stop(t);
    if (fake_at_kill)
        fake_at_kill();
}

void timer_migrate(struct timer *t)
{
    t->cpu = cpu_id();
}

static struct timer *earliest(void)
{
    struct timer *best = NULL;

    for (unsigned int i = 0; i < MAX_TIMERS; i++)
        if (timers[i] && (!best || timers[i]->expires < best->expires))
            best = timers[i];
    return best;
}

unsigned int fake_timers_set(void)
{
    unsigned int n = 0;

    for (unsigned int i = 0; i < MAX_TIMERS; i++)
        n += timers[i] != NULL;
    return n;
}

void fake_run_until(uint64_t until)
{
    struct timer *t;

    while ((t = earliest()) && t->expires <= until) {
        if (t->expires > fake_now)
            fake_now = t->expires;
        timer_stop(t);
        t->fn(t->arg);
        if (fake_locks_held())
            abort();
    }
    fake_now = until;
}

void fake_run_timers(void)
{
    fake_run_until(fake_now);
}

static struct fake_vcpu *of(const struct vlapic *a)
{
    return container_of(a, struct fake_vcpu, apic);
}

void vlapic_kick(struct vlapic *a)
{
    of(a)->kicks++;
}

void vlapic_notify(struct vlapic *a)
{
    of(a)->notifies++;
}

void vlapic_signal(struct vlapic *a, enum apic_delivery what, uint8_t vector)
{
    struct fake_vcpu *v = of(a);

    v->nmis += what == APIC_DM_NMI;
    v->inits += what == APIC_DM_INIT;
    if (what == APIC_DM_STARTUP) {
        v->sipis++;
        v->sipi_vector = vector;
    }
}

/* CR8 never differs from TPR here. */
unsigned int vlapic_cr8(const struct vlapic *a)
{
    return vlapic_tpr(a) >> 4;
}

void vlapic_set_cr8(struct vlapic *a, unsigned int cr8)
{
}

void vlapic_enabled_again(struct vlapic *a)
{
    of(a)->enabled_again++;
}

/* The guests' TSC runs at 2 GHz since boot. */
uint64_t vlapic_tsc_to_ns(const struct vlapic *a, uint64_t tsc)
{
    return tsc >> 63 ? TIME_NEVER : tsc / 2;
}

void vioapic_pin_changed(struct route *r, unsigned int gsi)
{
    if (!spin_is_locked(&r->lock))
        abort();
    r->domain->pin_changes++;
    r->domain->last_pin = gsi;
    r->domain->last_entry = r->rte[gsi].bits;
}

void route_gsi_ended(struct route *r, unsigned int gsi)
{
    if (!spin_is_locked(&r->lock))
        abort();
    r->domain->ended[gsi]++;
}

/* For tests without hvm/dev/tick.c. */
FAKE void ticks_resume(struct route *r)
{
    if (fake_locks_held())
        abort();
    r->domain->unmasks++;
}

/* The machine booted at 2024-02-29 12:00:00 UTC. */
#define BOOT_SECONDS 1709208000ll

int64_t domain_wallclock_ns(struct domain *d)
{
    return (BOOT_SECONDS + d->time_offset) * 1000000000 + (int64_t)fake_now;
}

void domain_wallclock_shift(struct domain *d, int64_t seconds)
{
    d->time_offset += seconds;
    d->shifts++;
}

int64_t domain_time_offset(struct domain *d)
{
    return d->time_offset;
}

struct vlapic *fake_apic(struct domain *d, unsigned int vcpu)
{
    return &d->vcpu[vcpu]->apic;
}

struct domain *fake_domain(unsigned int n, bool on)
{
    struct domain *d = calloc(1, sizeof(*d));

    if (route_init(&d->route, d, &d->bus, true) ||
        vioapic_add(&d->route, VIOAPIC_BASE, 1, 0, VIOAPIC_NUM_PINS))
        abort();
    d->nr = n;
    for (unsigned int i = 0; i < n; i++) {
        struct fake_vcpu *v = aligned_alloc(4096, sizeof(*v));

        memset(v, 0, sizeof(*v));
        d->vcpu[i] = v;
        vlapic_init(&v->apic, &d->route, i, v->page);
        if (on)
            apic_put(&v->apic, APIC_SPIV, 0x1ff);
        v->kicks = v->enabled_again = 0;
    }
    return d;
}

void fake_domain_free(struct domain *d)
{
    for (unsigned int i = 0; i < d->nr; i++) {
        vlapic_exit(&d->vcpu[i]->apic);
        free(d->vcpu[i]);
    }
    free(d);
}

unsigned int fake_drain(struct vlapic *a)
{
    unsigned int n = 0;
    int p;

    while ((p = vlapic_pending(a)) >= 0 && n < 1000) {
        if (vlapic_ack(a, p) < 0)
            continue;
        n++;
        if (p == VLAPIC_EXTINT) {
            port_out(a->route->domain, 0xa0, 0x20);
            port_out(a->route->domain, 0x20, 0x20);
        } else {
            vlapic_eoi(a);
        }
    }
    return n;
}

uint32_t apic_get(struct vlapic *a, unsigned int offset)
{
    uint64_t v;

    if (a->mode != VLAPIC_X2APIC)
        return (uint32_t)vlapic_mmio_read(a, offset, 4);
    if (vlapic_msr_read(a, 0x800 + offset / 16, &v))
        abort();
    return (uint32_t)v;
}

void apic_put(struct vlapic *a, unsigned int offset, uint32_t val)
{
    if (a->mode != VLAPIC_X2APIC)
        vlapic_mmio_write(a, offset, 4, val);
    else if (vlapic_msr_write(a, 0x800 + offset / 16, val))
        abort();
}

uint32_t ioapic_get(struct domain *d, unsigned int reg)
{
    uint64_t v = 0;

    if (bus_mmio_write(&d->bus, VIOAPIC_BASE, 4, reg) != BUS_OK ||
        bus_mmio_read(&d->bus, VIOAPIC_BASE + 0x10, 4, &v) != BUS_OK)
        abort();
    return (uint32_t)v;
}

void ioapic_put(struct domain *d, unsigned int reg, uint32_t val)
{
    if (bus_mmio_write(&d->bus, VIOAPIC_BASE, 4, reg) != BUS_OK ||
        bus_mmio_write(&d->bus, VIOAPIC_BASE + 0x10, 4, val) != BUS_OK)
        abort();
}

void ioapic_set_rte(struct domain *d, unsigned int pin, uint64_t rte)
{
    ioapic_put(d, 0x11 + pin * 2, (uint32_t)(rte >> 32));
    ioapic_put(d, 0x10 + pin * 2, (uint32_t)rte);
}

uint64_t ioapic_rte(struct domain *d, unsigned int pin)
{
    return (uint64_t)ioapic_get(d, 0x11 + pin * 2) << 32 |
           ioapic_get(d, 0x10 + pin * 2);
}

unsigned int port_in(struct domain *d, uint16_t port)
{
    uint64_t v = 0;

    return bus_port_read(&d->bus, port, 1, &v) == BUS_OK ? (unsigned int)v
                                                         : 0x100;
}

void port_out(struct domain *d, uint16_t port, uint8_t val)
{
    (void)bus_port_write(&d->bus, port, 1, val);
}
