/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the handlers of hypercalls reach besides guest maps: the scheduler,
 * event channels, devices, the console. They do nothing, or the least that
 * can be seen. Include once, after hvm-fakes.h and record-fakes.h.
 */
#pragma once

#include "hvm/dom0/build.h"
#include "hvm/io/ioreq.h"
#include "hvm/irq/upcalls.h"
#include "hvm/vcpu.h"
#include "hypervisor/abi/dm-op.h"
#include "hypervisor/abi/hvm-op.h"
#include "hypervisor/abi/memory.h"
#include "hypervisor/abi/sysctl.h"
#include "hypervisor/core/evtchn.h"
#include "hypervisor/core/grant.h"
#include "hypervisor/core/sched.h"
#include "hypervisor/debug/console.h"
#include "hypervisor/debug/upcalls.h"
#include "hypervisor/hypercall/calls.h"
#include "hypervisor/x86/boot-info.h"

struct cpumask cpus_online = { { 0xf } };
unsigned int nr_cpus_online = 4;
uint64_t claimed_total;
struct boot_info boot_info = { .cmdline = "console=com1" };
static struct page *fake_grant_pages[NR_DOMS];
static uint32_t fake_next_port;
static unsigned int fake_calls; /* of anything below that acts */

/* --- core --- */

struct domain *domain_get_from(domid_t first)
{
    for (unsigned int i = first; i < NR_DOMS; i++)
        if (!doms[i].hidden)
            return domain_get((domid_t)i);
    return NULL;
}

void domain_pause(struct domain *d)
{
    if (d == current->domain || fake_locks_held())
        abort();
    d->pause_count++;
}

void domain_unpause(struct domain *d)
{
    if (!d->pause_count--)
        abort();
}

int domain_pause_by_control(struct domain *d, bool pause)
{
    fake_calls++;
    d->started |= !pause;
    return 0;
}

void domain_resume(struct domain *d)
{
    fake_calls++;
}

void domain_shutdown(struct domain *d, int reason)
{
    fake_calls++;
    d->shutdown_code = reason & 0xff;
}

int domain_create(domid_t id, const struct xen_domctl_createdomain *cfg,
                  struct domain **out)
{
    return id == 0xffff ? -ENOMEM : -EEXIST;
}

/* Takes its memory as the real one does; it can still be looked up. */
int domain_kill(struct domain *d)
{
    if (d == current->domain || d->privileged)
        return -EINVAL;
    d->dying = DOMAIN_DYING;
    for (unsigned int i = 0; i < NR_VCPUS; i++)
        d->vcpu[i]->on_cpu = false;
    memset(fake_of(d)->tlb, 0, sizeof(fake_of(d)->tlb));
    ioreq_domain_close(d);
    return p2m_relinquish(d);
}

int domain_claim(struct domain *d, uint32_t frames)
{
    return 0;
}

int vcpu_create(struct domain *d, unsigned int id,
                void (*entry)(struct vcpu *), struct vcpu **out)
{
    return -ENOMEM;
}

__noreturn void hvm_vcpu_loop(struct vcpu *v)
{
    abort();
}

void vcpu_park(void)
{
    abort();
}

void vcpu_runstate(const struct vcpu *v, struct vcpu_runstate_info *out)
{
    memset(out, 0, sizeof(*out));
}

void hvm_crash_report(struct domain *d) {}

void hvm_assert_upcall(struct vcpu *v)
{
    fake_calls++;
}

void timer_set(struct timer *t, uint64_t expires)
{
    t->expires = expires;
}

void timer_stop(struct timer *t)
{
    t->expires = 0;
}

void send_global_virq(unsigned int virq)
{
}

int sched_set_ratelimit(unsigned int us)
{
    return us > 500000 ? -EINVAL : 0;
}

unsigned int sched_ratelimit;

int sched_set_params(struct domain *d, unsigned int weight, unsigned int cap)
{
    return weight ? 0 : -EINVAL;
}

int sched_set_affinity(struct vcpu *v, const struct cpumask *hard,
                       const struct cpumask *soft)
{
    v->affinity_hard = *hard;
    v->affinity_soft = *soft;
    return 0;
}

uint64_t sched_idle_time(unsigned int cpu)
{
    if (cpu >= nr_cpus_online)
        abort();
    return 0;
}

int evtchn_alloc_unbound(struct domain *d, domid_t remote,
                         struct vcpu *consumer, uint32_t *port)
{
    if (!fake_may_alloc())
        return -ENOSPC;
    *port = ++fake_next_port;
    return 0;
}

int evtchn_close(struct domain *d, uint32_t port, bool lodge)
{
    if (!port || port > fake_next_port)
        abort();
    return 0;
}

bool evtchn_consumer_is_bound(struct domain *d, uint32_t port)
{
    return false;
}

int evtchn_send(struct domain *d, uint32_t port, bool lodge)
{
    return 0;
}

int evtchn_set_virq_handler(struct domain *d, unsigned int virq)
{
    return virq < NR_VIRQS ? 0 : -EINVAL;
}

int grant_frame(struct domain *d, unsigned int i, struct page **pg)
{
    if (i || !fake_grant_pages[d->id])
        return -EINVAL;
    *pg = fake_grant_pages[d->id];
    return 0;
}

unsigned int grant_max_frames(const struct domain *d)
{
    return 4;
}

/* --- hvm --- */

int dom0_populate(struct domain *d, gfn_t g, unsigned int order)
{
    return -EINVAL;
}

int route_msi(struct route *r, uint64_t addr, uint32_t data)
{
    return 0;
}

int route_link_set(struct route *r, unsigned int link, unsigned int irq)
{
    return link > 3 || irq > 15 ? -EINVAL : 0;
}

void route_isa_set(struct route *r, unsigned int irq, bool level)
{
    if (irq > 15)
        abort();
}

void route_intx_set(struct route *r, unsigned int dev, unsigned int pin,
                    bool level)
{
    if (dev > 31 || pin > 3)
        abort();
}

void route_callback_set_via(struct route *r, uint64_t via)
{
}

void vlapic_signal(struct vlapic *a, enum apic_delivery what, uint8_t vector)
{
    fake_calls++;
}

void rtc_time_changed(struct rtc *s) {}
void pmtimer_press(struct pmtimer *p, uint16_t button) {}

int pmtimer_move(struct pmtimer *p, uint64_t location)
{
    return location > 1 ? -EINVAL : 0;
}

/* --- machine, debug --- */

uint64_t wallclock_boot = 1700000000ull * 1000000000;

void debug_key(char c)
{
    fake_calls++;
}

void console_write_raw(const char *s, size_t n)
{
    fake_calls += n != 0;
}

size_t console_ring_read(char *buf, size_t n, uint32_t *index)
{
    memset(buf, 'x', n);
    *index += (uint32_t)n;
    return fake_random(3) ? n : 0;
}

void console_ring_clear(uint32_t upto)
{
}

uint32_t console_ring_end(void)
{
    return 0;
}

/* --- Making and dropping what a domain has besides its map. --- */

static struct ioreq_domain doms_ioreq[NR_DOMS];

static inline void fake_machine_create(void)
{
    fake_doms_create();
    for (unsigned int i = 0; i < NR_DOMS; i++) {
        struct domain *d = &doms[i].d;

        record_devices(d);
        d->max_frames = 4096;
        doms_ioreq[i] = (struct ioreq_domain){ 0 };
        d->hvm->ioreq = &doms_ioreq[i];
        spin_lock_init(&doms_ioreq[i].lock, LOCK_IOREQ);
        fake_grant_pages[i] = page_alloc(d->id, 0, 0);
        (void)atomic_fetch_add(&d->frames, 1);
        (void)atomic_fetch_add(&d->special_frames, 1);
    }
}

static inline void fake_machine_destroy(void)
{
    for (unsigned int i = 0; i < NR_DOMS; i++) {
        struct domain *d = &doms[i].d;

        ioreq_domain_close(d);
        heap_free(d->hvm->dirty);
        d->hvm->dirty = NULL;
        heap_free(d->hvm->map);
        d->hvm->map = NULL;
        if (d->target)
            domain_put(d->target);
        d->target = NULL;
        page_put(fake_grant_pages[i]);
        CHECK_EQ(d->pause_count, 0);
    }
    fake_doms_destroy();
}
