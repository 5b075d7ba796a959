/* sources: tests/unit/sim-stacks.c hypervisor/core/domain.c hypervisor/core/vcpu.c hypervisor/core/sched.c hypervisor/core/sched-move.c hypervisor/core/sched-policy.c hypervisor/core/timer.c hypervisor/core/evtchn.c hypervisor/core/evtchn-pending.c hypervisor/core/grant.c hypervisor/lib/format.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Domains and vCPUs through their life, on one CPU: main() is its idle
 * thread, vCPUs are real threads. hvm is faked below.
 */
#include <string.h>

#include "hypervisor/abi/errno.h"
#include "hypervisor/abi/sched.h"
#include "hypervisor/core/evtchn.h"
#include "hypervisor/core/grant.h"
#include "hypervisor/core/sched-impl.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/cpu/upcalls.h"
#include "hypervisor/mm/map.h"
#include "hypervisor/x86/smp.h"
#include "hypervisor/x86/time.h"
#include "hypervisor/x86/upcalls.h"
#include "tests/unit/fakes/fakes.h"
#include "tests/unit/sim-stacks.h"
#include "tests/unit/test.h"

TEST_PROGRAM;

/* --- What core calls upward and downward. --- */

static unsigned int virq_dom_exc, hw_shutdowns, relinquish_steps;
static bool hvm_init_fails;

void smp_kick(unsigned int cpu)
{
}

/* Spinning takes time. */
void smp_call_poll(void)
{
    fake_now += MICROSECS(10);
}

bool page_scrub_some(void)
{
    return false;
}

int hvm_domain_init(struct domain *d)
{
    d->hvm = heap_alloc(64);
    return d->hvm && !hvm_init_fails ? 0 : -ENOMEM;
}

/* Guest memory: frames that the test put here. */
static struct page *guest_ram[8];

int hvm_domain_relinquish(struct domain *d)
{
    if (relinquish_steps) {
        relinquish_steps--;
        return -ERESTART;
    }
    for (unsigned int i = 0; i < 8; i++) {
        if (guest_ram[i] && guest_ram[i]->owner == d->id) {
            page_put(guest_ram[i]);
            guest_ram[i] = NULL;
        }
    }
    return 0;
}

void hvm_domain_exit(struct domain *d)
{
    heap_free(d->hvm);
    d->hvm = NULL;
}

int hvm_vcpu_init(struct vcpu *v)
{
    v->hvm = heap_alloc(16);
    return v->hvm ? 0 : -ENOMEM;
}

void hvm_vcpu_exit(struct vcpu *v)
{
    heap_free(v->hvm);
    v->hvm = NULL;
}

void hvm_switch_from(struct vcpu *v)
{
}

void hvm_switch_to(struct vcpu *v)
{
}

void hvm_crash_report(struct domain *d) {}

void hvm_assert_upcall(struct vcpu *v)
{
}

bool domain_is_compat(const struct domain *d)
{
    return false;
}

int guest_frame_get(struct domain *d, gfn_t gfn, bool write, struct page **pg)
{
    *pg = gfn.raw < ARRAY_SIZE(guest_ram) ? guest_ram[gfn.raw] : NULL;
    if (!*pg)
        return -EINVAL;
    page_get(*pg);
    return 0;
}

int guest_grant_map(struct domain *d, gfn_t gfn, mfn_t m, bool readonly)
{
    return -EINVAL;
}

int guest_grant_unmap(struct domain *d, gfn_t gfn, mfn_t m)
{
    return -EINVAL;
}

void guest_grant_flush(struct domain *d)
{
}

void guest_frame_dirtied(struct domain *d, gfn_t gfn)
{
}

void guest_frame_copy(mfn_t dst, unsigned int dst_off, mfn_t src,
                      unsigned int src_off, unsigned int n)
{
}

void guest_runstate_update(struct vcpu *v)
{
}

void hardware_domain_shutdown(int reason)
{
    hw_shutdowns++;
}

/* --- Helpers. --- */

static const struct xen_domctl_createdomain hvm_config = {
    .flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,
    .handle = { 1, 2, 3 },
    .max_vcpus = 2,
    .max_evtchn_port = 1023,
    .max_grant_frames = 4,
    .max_maptrack_frames = 4,
    .grant_opts = XEN_DOMCTL_GRANT_version(1),
    .arch = { .emulation_flags = XEN_X86_EMU_LAPIC },
};

static struct domain *dom0;
static uint32_t exc_port;

/* Has dom0 been told? Takes the event. */
static bool told(void)
{
    uint64_t *word = &dom0->shared_info->evtchn_pending[exc_port / 64];
    bool was;

    fake_now += 1000;
    timer_interrupt(); /* a shutdown tells by timer */
    was = atomic_test_and_clear_bit(exc_port % 64, word);
    dom0->vcpu[0]->info->evtchn_upcall_pending = 0;
    dom0->vcpu[0]->info->evtchn_pending_sel = 0;
    virq_dom_exc += was;
    return was;
}

/* Lets all threads run until they wait. */
static void settle(void)
{
    for (unsigned int i = 0; i < 50; i++)
        schedule();
}

/* A guest's vCPU: waits to be kicked, counts. */
static unsigned int turns[4];
static bool in_handler, handler_done, handler_crashed;

static void guest_loop(struct vcpu *v)
{
    for (;;) {
        vcpu_checkpoint();
        turns[v->id]++;
        atomic_clear_bit(PENDING_IRQ, &v->pending);
        if (in_handler && v->id == 1) {
            domain_defer_shutdown(v, true);
            while (!handler_done && v->domain->dying == DOMAIN_ALIVE)
                vcpu_park();
            handler_crashed = v->domain->dying != DOMAIN_ALIVE;
            domain_defer_shutdown(v, false);
            in_handler = false;
            continue;
        }
        vcpu_wait(~0ull);
    }
}

static struct domain *make(domid_t id, unsigned int vcpus)
{
    struct domain *d = NULL;
    struct vcpu *v;

    CHECK_EQ(domain_create(id, &hvm_config, &d), 0);
    for (unsigned int i = 0; i < vcpus; i++) {
        spin_lock(&d->lock);
        CHECK_EQ(vcpu_create(d, i, guest_loop, &v), 0);
        spin_unlock(&d->lock);
        vcpu_up(v);
    }
    return d;
}

static int kill_all(struct domain *d)
{
    unsigned int tries = 0;
    int rc;

    atomic_inc(&d->refs);
    while ((rc = domain_kill(d)) == -ERESTART && tries++ < 100)
        settle();
    domain_put(d);
    domain_reap();
    return rc;
}

/* --- Tests. --- */

static void test_boot(void)
{
    struct xen_domctl_createdomain c = hvm_config;
    struct vcpu *v;

    CHECK_EQ(sched_init_cpu(0), 0);
    c.arch.emulation_flags |= XEN_X86_EMU_IOAPIC | XEN_X86_EMU_VPCI;
    CHECK_EQ(domain_create(0, &hvm_config, &dom0), -EOPNOTSUPP);
    CHECK_EQ(domain_create(0, &c, &dom0), 0);
    CHECK(dom0->privileged && hardware_domain == dom0);
    CHECK_EQ(domain_create(0, &c, &dom0), -EEXIST);
    CHECK_EQ(vcpu_create(dom0, 0, guest_loop, &v), 0);
    CHECK_EQ(evtchn_bind_virq(dom0, VIRQ_DOM_EXC, 0, &exc_port), 0);
    CHECK_EQ(domain_kill(dom0), -EINVAL);
}

static void test_config(void)
{
    static const struct {
        size_t offset;
        uint32_t value;
        const char *said;
        int rc;
    } bad[] = {
#define F(field) offsetof(struct xen_domctl_createdomain, field)
        { F(flags), 0, "classic PV", -EINVAL },
        { F(flags), XEN_DOMCTL_CDF_hvm, "shadow page tables", -EINVAL },
        { F(flags), 3 | XEN_DOMCTL_CDF_nested_virt, "nested virtualization",
          -EINVAL },
        { F(flags), 3 | XEN_DOMCTL_CDF_vpmu, "PMU", -EINVAL },
        { F(flags), 3 | XEN_DOMCTL_CDF_s3_integrity, "flags", -EINVAL },
        { F(flags), 3 | XEN_DOMCTL_CDF_iommu, "passthrough", -EINVAL },
        { F(flags), 3 | 1u << 30, "flags", -EINVAL },
        { F(iommu_opts), 1, "passthrough", -EINVAL },
        { F(max_vcpus), 0, "vCPU", -EINVAL },
        { F(max_vcpus), 129, "vCPU", -EINVAL },
        { F(max_grant_frames), 0, "grant", -EINVAL },
        { F(grant_opts), 0, "grant", -EINVAL },
        { F(grant_opts), 2, "grant", -EINVAL },
        { F(grant_opts), 0x11, "grant", -EINVAL },
        { F(altp2m_opts), 1, "altp2m", -EINVAL },
        { F(vmtrace_size), 4096, "tracing", -EINVAL },
        { F(cpupool_id), 1, "pool", -ESRCH },
        { F(arch.emulation_flags), 0, "emulated devices", -EOPNOTSUPP },
        { F(arch.emulation_flags), XEN_X86_EMU_ALL, "emulated devices",
          -EOPNOTSUPP },
        { F(arch.misc_flags), 2, "flags", -EINVAL },
#undef F
    };
    struct xen_domctl_createdomain c;
    struct domain *d;

    for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
        c = hvm_config;
        memcpy((char *)&c + bad[i].offset, &bad[i].value, 4);
        fake_log_last[0] = 0;
        CHECK_EQ(domain_create(0xffff, &c, &d), bad[i].rc);
        CHECK(strstr(fake_log_last, bad[i].said));
    }
    c = hvm_config;
    c.flags |= XEN_DOMCTL_CDF_oos_off | XEN_DOMCTL_CDF_xs_domain;
    c.max_vcpus = 128;
    c.max_grant_frames = c.max_maptrack_frames = -1;
    c.arch.emulation_flags = XEN_X86_EMU_ALL & ~XEN_X86_EMU_VPCI;
    CHECK_EQ(domain_create(0xffff, &c, &d), 0);
    CHECK_EQ(memcmp(d->config.handle, hvm_config.handle, 16), 0);
    CHECK_EQ(kill_all(d), 0);
}

static void test_lookup(void)
{
    unsigned int before = fake_allocs();
    struct domain *a = make(0xffff, 0), *b = make(7, 0), *d;

    CHECK(a->id != 0 && a->id != 7 && a->id < DOMID_FIRST_RESERVED);
    CHECK_EQ(domain_create(7, &hvm_config, &d), -EEXIST);
    d = domain_get(7);
    CHECK(d == b && b->refs == 2);
    domain_put(d);
    CHECK(!domain_get(8));
    CHECK(!domain_get(DOMID_XEN));
    CHECK(!domain_get(0xffff));
    d = domain_get(DOMID_SELF); /* main() is the idle domain */
    CHECK(d == idle_domain);
    domain_put(d);

    /* In order, from any start. */
    d = domain_get_from(0);
    CHECK(d == dom0);
    domain_put(d);
    d = domain_get_from(7);
    CHECK(d == (a->id > 7 && a->id < 7 ? a : b));
    domain_put(d);
    CHECK(!domain_get_from(DOMID_FIRST_RESERVED - 1));
    CHECK(!domain_get_from(0xffff));

    CHECK_EQ(kill_all(a), 0);
    d = domain_get(7);
    CHECK_EQ(kill_all(b), 0);
    /* Dead, but looked up by somebody still: it can be found. */
    CHECK_EQ(d->dying, DOMAIN_DEAD);
    CHECK(domain_get(7) == d);
    domain_put(d);
    CHECK(told());
    domain_put(d);
    CHECK(!domain_get(7));
    domain_reap();
    CHECK(told()); /* again, when it is gone */
    b = make(7, 0);
    CHECK_EQ(kill_all(b), 0);
    (void)told();
    /* Tables of ids stay. */
    CHECK(fake_allocs() <= before + 1);
}

/* Creation fails at each allocation in turn and leaves nothing. */
static void test_no_memory(void)
{
    unsigned int before, n;
    struct domain *d;
    struct vcpu *v;
    int rc = -ENOMEM;

    CHECK_EQ(kill_all(make(300, 1)), 0); /* makes the table */
    before = fake_allocs();
    for (n = 0; rc && n < 100; n++) {
        fake_fail_after((int)n);
        rc = domain_create(300, &hvm_config, &d);
        fake_fail_after(-1);
        domain_reap();
        if (rc) {
            CHECK_EQ(rc, -ENOMEM);
            CHECK_EQ(fake_allocs(), before);
            CHECK(!domain_get(300));
        }
    }
    CHECK(n > 8 && n < 100);
    hvm_init_fails = true;
    CHECK_EQ(domain_create(301, &hvm_config, &d), -ENOMEM);
    hvm_init_fails = false;
    domain_reap();

    d = domain_get(300);
    domain_put(d);
    before = fake_allocs();
    rc = -ENOMEM;
    for (n = 0; rc && n < 100; n++) {
        fake_fail_after((int)n);
        rc = vcpu_create(d, 1, guest_loop, &v);
        fake_fail_after(-1);
        if (rc) {
            CHECK_EQ(fake_allocs(), before);
            CHECK(!d->vcpu[1]);
        }
    }
    CHECK(n > 2 && n < 100);
    CHECK_EQ(kill_all(d), 0);
    (void)told();
}

static void test_frames(void)
{
    struct domain *d = make(9, 0);
    uint32_t own = d->frames;
    struct page *pg, *special;
    void *va;

    CHECK(own && own == d->special_frames);
    CHECK_EQ(domain_charge(d, 1, false), -ENOMEM);
    d->max_frames = 4;
    CHECK_EQ(domain_charge(d, 4, false), 0);
    CHECK_EQ(domain_charge(d, 1, false), -ENOMEM);
    CHECK_EQ(domain_charge(d, ~0u, false), -ENOMEM);
    CHECK_EQ(domain_charge(d, 1, true), 0); /* not limited */
    domain_uncharge(d, 1, true);
    domain_uncharge(d, 3, false);
    CHECK_EQ(d->frames, own + 1);
    for (unsigned int i = 0; i < 3; i++) {
        CHECK_EQ(domain_charge(d, 1, false), 0);
        guest_ram[i] = page_alloc(d->id, 0, 0);
    }
    domain_uncharge(d, 1, false); /* the one that was not allocated */
    va = domain_special_page(d, &special);
    CHECK(va && d->special_frames == own + 1);
    memset(va, 1, PAGE_SIZE);
    domain_special_page_free(d, va, special);
    CHECK_EQ(d->frames, own + 3);

    /* Claims. */
    d->max_frames = 1000;
    CHECK_EQ(domain_claim(d, 2), -EINVAL);
    CHECK_EQ(domain_claim(d, 1001), -EINVAL);
    CHECK_EQ(domain_claim(d, 103), 0);
    CHECK_EQ(d->claimed, 100);
    CHECK_EQ(domain_claim(d, 200), -EINVAL);
    CHECK_EQ(domain_charge(d, 10, false), 0);
    CHECK_EQ(d->claimed, 90);
    domain_uncharge(d, 10, false);
    CHECK_EQ(domain_claim(d, 0), 0);
    CHECK_EQ(d->claimed, 0);
    d->max_frames = ~0u;
    CHECK_EQ(domain_claim(d, (uint32_t)pages_free() + 100), -ENOMEM);
    /* What d claims nobody else gets. */
    {
        struct domain *e = make(10, 0);

        CHECK_EQ(domain_claim(d, (uint32_t)pages_free() - 100), 0);
        e->max_frames = ~0u;
        CHECK_EQ(domain_charge(e, 1000, false), -ENOMEM);
        CHECK_EQ(domain_charge(e, 50, false), 0);
        domain_uncharge(e, 50, false);
        CHECK_EQ(domain_charge(d, 1000, false), 0);
        domain_uncharge(d, 1000, false);
        CHECK_EQ(kill_all(e), 0);
    }

    /* Somebody maps one of d's frames: d's id lives as long. */
    pg = guest_ram[1];
    page_get(pg);
    CHECK_EQ(kill_all(d), 0);
    CHECK_EQ(fake_frame(page_to_mfn(pg)) != NULL, 1);
    CHECK(!domain_get(9));
    {
        struct domain *e;

        CHECK_EQ(domain_create(9, &hvm_config, &e), -EEXIST);
    }
    (void)told();
    page_put(pg);
    domain_reap();
    CHECK(told());
    d = make(9, 0);
    CHECK_EQ(kill_all(d), 0);
    (void)told();
}

static void test_pause(void)
{
    struct domain *d = make(11, 2);
    unsigned int t;

    memset(turns, 0, sizeof(turns));
    settle();
    CHECK_EQ(turns[0], 0); /* created paused */
    CHECK(!d->started);
    CHECK_EQ(domain_pause_by_control(d, false), 0);
    CHECK(d->started);
    CHECK_EQ(domain_pause_by_control(d, false), -EINVAL);
    settle();
    CHECK(turns[0] && turns[1]);

    CHECK_EQ(domain_pause_by_control(d, true), 0);
    CHECK_EQ(domain_pause_by_control(d, true), 0);
    t = turns[0];
    vcpu_kick(d->vcpu[0], PENDING_IRQ);
    settle();
    CHECK_EQ(turns[0], t);
    CHECK_EQ(domain_pause_by_control(d, false), 0);
    settle();
    CHECK_EQ(turns[0], t);
    CHECK_EQ(domain_pause_by_control(d, false), 0);
    settle();
    CHECK(turns[0] > t);

    domain_pause(d);
    t = turns[1];
    vcpu_kick(d->vcpu[1], PENDING_IRQ);
    settle();
    CHECK_EQ(turns[1], t);
    domain_unpause(d);
    settle();
    CHECK(turns[1] > t);
    for (unsigned int i = 0; i < 255; i++)
        CHECK_EQ(domain_pause_by_control(d, true), 0);
    CHECK_EQ(domain_pause_by_control(d, true), -EOVERFLOW);
    CHECK_EQ(kill_all(d), 0);
    (void)told();
}

static void test_shutdown(void)
{
    struct domain *d = make(12, 2);
    unsigned int t;

    (void)domain_pause_by_control(d, false);
    settle();
    while (told())
        ;
    domain_shutdown(d, SHUTDOWN_poweroff);
    CHECK(d->shut_down && d->shutting_down);
    CHECK_EQ(d->shutdown_code, SHUTDOWN_poweroff);
    CHECK(told());
    CHECK(!told());
    domain_shutdown(d, SHUTDOWN_reboot); /* the first one counts */
    CHECK_EQ(d->shutdown_code, SHUTDOWN_poweroff);
    CHECK(!told());
    t = turns[0];
    vcpu_kick(d->vcpu[0], PENDING_IRQ);
    settle();
    CHECK_EQ(turns[0], t);

    domain_resume(d);
    CHECK(!d->shut_down && d->shutdown_code == -1);
    settle();
    CHECK(turns[0] > t);
    CHECK_EQ(d->pause_count, 0);
    CHECK_EQ(d->vcpu[0]->pause_count, 0);

    /* A reason given beforehand. */
    CHECK(domain_set_shutdown_code(d, SHUTDOWN_suspend));
    CHECK(!domain_set_shutdown_code(d, SHUTDOWN_crash));
    domain_shutdown(d, SHUTDOWN_poweroff);
    CHECK_EQ(d->shutdown_code, SHUTDOWN_suspend);
    CHECK(told());
    domain_resume(d);

    /* vCPU 1 waits for a device model: it is not cut off. */
    in_handler = true;
    handler_done = false;
    vcpu_kick(d->vcpu[1], PENDING_IRQ);
    settle();
    CHECK(d->vcpu[1]->defer_shutdown);
    domain_shutdown(d, SHUTDOWN_suspend);
    settle();
    CHECK(d->shutting_down && !d->shut_down);
    CHECK(!told());
    handler_done = true;
    vcpu_unpark(d->vcpu[1]);
    settle();
    CHECK(d->shut_down);
    CHECK(told());
    domain_resume(d);
    settle();
    CHECK(!in_handler);

    /* A crash during such a shutdown ends the waiting. */
    in_handler = true;
    handler_done = false;
    vcpu_kick(d->vcpu[1], PENDING_IRQ);
    settle();
    domain_shutdown(d, SHUTDOWN_suspend);
    CHECK(!d->shut_down);
    domain_shutdown(d, SHUTDOWN_crash);
    CHECK(d->shut_down && d->shutdown_code == SHUTDOWN_suspend);
    CHECK(told());
    domain_resume(d);
    handler_done = true;
    vcpu_unpark(d->vcpu[1]);
    settle();
    CHECK(!in_handler);

    /* A crash does. One line says why, once. */
    in_handler = true;
    handler_done = false;
    vcpu_kick(d->vcpu[1], PENDING_IRQ);
    settle();
    t = fake_log_lines;
    domain_crash(d, "test %d", 42);
    CHECK(d->shut_down && d->shutdown_code == SHUTDOWN_crash);
    CHECK_EQ(fake_log_lines, t + 1);
    CHECK(strstr(fake_log_last, "d12") && strstr(fake_log_last, "test 42"));
    domain_crash(d, "again");
    CHECK_EQ(fake_log_lines, t + 1);
    CHECK(told());
    CHECK_EQ(kill_all(d), 0);
    CHECK(handler_crashed);
    in_handler = false;
    (void)told();

    /* Domain 0's is the machine's. */
    domain_shutdown(dom0, SHUTDOWN_reboot);
    CHECK_EQ(hw_shutdowns, 1);
    domain_resume(dom0);
    CHECK_EQ(dom0->vcpu[0]->pause_count, 0);
    (void)told();
}

/* A suspend that somebody subscribed to is told through the guest's port. */
static void test_suspend_port(void)
{
    struct domain *d = make(13, 1);
    uint32_t port, peer;

    CHECK_EQ(evtchn_alloc_unbound(d, 0, NULL, &port), 0);
    CHECK_EQ(evtchn_bind_interdomain(dom0, d, port, &peer), 0);
    d->suspend_port = port;
    dom0->shared_info->evtchn_pending[0] = 0;
    domain_shutdown(d, SHUTDOWN_suspend);
    CHECK(!told());
    CHECK(dom0->shared_info->evtchn_pending[0] & BIT(peer));
    CHECK_EQ(kill_all(d), 0);
    (void)told();
}

static void test_watchdog(void)
{
    struct domain *d = make(14, 1);

    CHECK_EQ(domain_watchdog(d, 1, 5), -EINVAL);
    CHECK_EQ(domain_watchdog(d, 3, 5), -EINVAL);
    CHECK_EQ(domain_watchdog(d, 0, 5), 1);
    CHECK_EQ(domain_watchdog(d, 0, 5), 2);
    CHECK_EQ(domain_watchdog(d, 0, 5), -ENOSPC);
    CHECK_EQ(domain_watchdog(d, 2, 0), 0);
    CHECK_EQ(domain_watchdog(d, 2, 1), -EINVAL);
    fake_now += SECONDS(4);
    timer_interrupt();
    CHECK_EQ(domain_watchdog(d, 1, 5), 0); /* fed */
    fake_now += SECONDS(4);
    timer_interrupt();
    CHECK(!d->shutting_down);
    fake_now += SECONDS(2);
    timer_interrupt();
    CHECK(d->shutting_down && d->shutdown_code == SHUTDOWN_watchdog);
    CHECK_EQ(kill_all(d), 0);
    (void)told();
}

static void test_kill(void)
{
    struct domain *d = make(15, 2), *target = make(16, 0), *found;
    unsigned int before;

    (void)domain_pause_by_control(d, false);
    settle();
    d->max_frames = 8;
    CHECK_EQ(domain_charge(d, 1, false), 0);
    guest_ram[0] = page_alloc(d->id, 0, 0);
    d->target = domain_get(16);
    while (told())
        ;
    before = fake_allocs();
    found = domain_get(15);
    relinquish_steps = 3;
    while (domain_kill(d) == -ERESTART)
        settle();
    CHECK_EQ(relinquish_steps, 0);
    CHECK(told());
    CHECK(!guest_ram[0]);
    CHECK(d->vcpu[0]->dead && !d->vcpu[0]->on_cpu);
    CHECK(!d->shared_info);
    CHECK_EQ(domain_kill(d), 0); /* twice is no harm */
    CHECK_EQ(domain_charge(d, 1, true), -ENOMEM);
    CHECK_EQ(target->refs, 2);
    domain_put(found);
    domain_reap();
    CHECK_EQ(target->refs, 1);
    CHECK(told());
    CHECK(fake_allocs() < before);
    CHECK_EQ(kill_all(target), 0);
    (void)told();
}

static void test_vcpu_info(void)
{
    struct domain *d = make(17, 1);
    struct vcpu *v = d->vcpu[0];
    struct page *pg;
    struct shared_frame f;
    struct vcpu_info *info;

    d->max_frames = 8;
    CHECK_EQ(domain_charge(d, 1, false), 0);
    guest_ram[0] = pg = page_alloc(d->id, 0, 0);
    CHECK_EQ(frame_share(d, gfn(0), &f), 0);
    CHECK(v->info == &d->shared_info->vcpu_info[0]);
    v->info->time.system_time = 77;
    spin_lock(&d->lock);
    CHECK_EQ(vcpu_info_register(v, &f, 128), 0);
    CHECK_EQ(vcpu_info_register(v, &f, 0), -EBUSY);
    spin_unlock(&d->lock);
    info = (struct vcpu_info *)((char *)f.va + 128);
    CHECK(v->info == info);
    CHECK_EQ(info->time.system_time, 77);
    CHECK(info->evtchn_upcall_pending);
    CHECK_EQ(info->evtchn_pending_sel, ~0ul);
    CHECK_EQ(pg->count, 2);
    /* The frame is free when the domain is. */
    {
        struct domain *same = domain_get(17);
        int rc;

        while ((rc = domain_kill(d)) == -ERESTART)
            settle();
        CHECK_EQ(rc, 0);
        CHECK_EQ(pg->state, PAGE_FREE);
        CHECK(v->info == &v->dummy_info);
        domain_put(same);
        domain_reap();
    }
    (void)told();
}

static void *all_tests(void *arg)
{
    fake_now = SECONDS(1);
    test_boot();
    test_config();
    test_lookup();
    test_no_memory();
    test_frames();
    test_pause();
    test_shutdown();
    test_suspend_port();
    test_watchdog();
    test_kill();
    test_vcpu_info();
    CHECK_EQ(fake_locks_held(), 0);
    return NULL;
}

int main(void)
{
    sim_thread(all_tests, NULL);
    return test_result();
}
