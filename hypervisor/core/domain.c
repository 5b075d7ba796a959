/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Domains: found by id, created, counted, freed; their frames as numbers;
 * paused, shut down and resumed, crashed, killed.
 *
 * A domain ends in two steps. When its last reference goes it can no longer
 * be looked up, and its parts are freed. Its frames may live on in others'
 * mappings, and each names its owner by id; so the structure, and the id, go
 * with the last frame. Both are left to a thread, because a reference or a
 * frame may be put under any lock.
 */
#include "hypervisor/core/domain.h"

#include "hypervisor/abi/sched.h"
#include "hypervisor/core/evtchn.h"
#include "hypervisor/core/grant.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/cpu/upcalls.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/lib/format.h"
#include "hypervisor/mm/map.h"
#include "hypervisor/mm/upcalls.h"

struct domain *hardware_domain;

/*
 * All domains by id. An entry is set from before the domain has a frame until
 * after its last one, so page_freed() may read it without the lock; everybody
 * else needs the lock and a reference.
 */
static struct domain *domains[DOMID_FIRST_RESERVED];
static struct spinlock list_lock = SPINLOCK_INIT(DOMLIST);
static unsigned int last_domid; /* the one picked last (list_lock) */
static unsigned int last_used_domid; /* the highest ever (a) */

static struct domain *dead_domains; /* (a) stack, by next_dead */
static struct vcpu *reaper;
uint64_t claimed_total;

/* --- Finding. --- */

static struct domain *entry_get(unsigned int id)
{
    if (id >= DOMID_FIRST_RESERVED)
        return NULL;
    return READ_ONCE(domains[index_nospec(id, DOMID_FIRST_RESERVED)]);
}

struct domain *domain_get(domid_t id)
{
    struct domain *d = current->domain;
    uint32_t refs;

    if (id == DOMID_SELF) {
        atomic_inc(&d->refs);
        return d;
    }
    spin_lock(&list_lock);
    d = entry_get(id);
    /* One that has no reference any more gets none. */
    refs = d ? READ_ONCE(d->refs) : 0;
    while (refs && !atomic_cmpxchg(&d->refs, &refs, refs + 1))
        ;
    spin_unlock(&list_lock);
    return refs ? d : NULL;
}

struct domain *domain_get_from(domid_t first)
{
    struct domain *d = NULL;

    for (unsigned int id = first; !d && id <= READ_ONCE(last_used_domid); id++)
        if (entry_get(id))
            d = domain_get((domid_t)id);
    return d;
}

/* Drops one of d's references or anchors. The last one leaves the rest to the
 * thread, and then d may be gone. */
static void put(struct domain *d, uint32_t *count)
{
    if (!atomic_dec_and_test(count))
        return;
    struct domain *first = READ_ONCE(dead_domains);
    do {
        d->next_dead = first;
    } while (!atomic_cmpxchg(&dead_domains, &first, d));
    if (reaper)
        vcpu_unpark(reaper);
}

void domain_put(struct domain *d)
{
    put(d, &d->refs);
}

/* --- Frames. --- */

void page_freed(domid_t owner)
{
    struct domain *d = entry_get(owner);

    if (!d)
        return;
    atomic_dec(&d->frames);
    put(d, &d->anchors);
}

/* Takes n frames out of d's claim, or as many as it has left. */
static void claim_use(struct domain *d, uint32_t n)
{
    uint32_t had = READ_ONCE(d->claimed), used;

    do {
        used = MIN(had, n);
    } while (used && !atomic_cmpxchg(&d->claimed, &had, had - used));
    if (used)
        (void)atomic_fetch_sub(&claimed_total, used);
}

/* Memory that others claimed is not there for d. */
static bool may_allocate(const struct domain *d, uint32_t n)
{
    uint64_t total = READ_ONCE(claimed_total);

    return likely(!total) ||
           pages_free() >= n + total - MIN(total, READ_ONCE(d->claimed));
}

int domain_charge(struct domain *d, uint32_t frames, bool special)
{
    if (READ_ONCE(d->dying) != DOMAIN_ALIVE || frames > INT32_MAX)
        return -ENOMEM;
    (void)atomic_fetch_add(&d->anchors, frames);
    uint64_t all = (uint64_t)atomic_fetch_add(&d->frames, frames) + frames;
    if (special) {
        (void)atomic_fetch_add(&d->special_frames, frames);
        return 0;
    }
    uint64_t limit = (uint64_t)READ_ONCE(d->max_frames) +
                     READ_ONCE(d->special_frames);
    if (all > limit || !may_allocate(d, frames)) {
        domain_uncharge(d, frames, false);
        return -ENOMEM;
    }
    claim_use(d, frames);
    return 0;
}

void domain_uncharge(struct domain *d, uint32_t frames, bool special)
{
    if (special)
        (void)atomic_fetch_sub(&d->special_frames, frames);
    (void)atomic_fetch_sub(&d->frames, frames);
    /* Not the last: it was charged by somebody who holds a reference. */
    (void)atomic_fetch_sub(&d->anchors, frames);
}

int domain_claim(struct domain *d, uint32_t frames)
{
    uint64_t has = READ_ONCE(d->frames) - READ_ONCE(d->special_frames);
    uint64_t total = READ_ONCE(claimed_total);

    if (!frames) {
        claim_use(d, UINT32_MAX);
        return 0;
    }
    if (READ_ONCE(d->claimed) || frames <= has || frames > d->max_frames)
        return -EINVAL;
    uint32_t none = 0, want = (uint32_t)(frames - has);
    do {
        if (want > pages_free() - MIN(total, pages_free()))
            return -ENOMEM;
    } while (!atomic_cmpxchg(&claimed_total, &total, total + want));
    if (atomic_cmpxchg(&d->claimed, &none, want))
        return 0;
    (void)atomic_fetch_sub(&claimed_total, want);
    return -EINVAL;
}

void *domain_special_page(struct domain *d, struct page **pg)
{
    if (domain_charge(d, 1, true))
        return NULL;
    *pg = page_alloc(d->id, 0, 0);
    if (!*pg) {
        domain_uncharge(d, 1, true);
        return NULL;
    }
    void *va = shared_map(page_to_mfn(*pg));
    if (!va)
        domain_special_page_free(d, NULL, *pg);
    return va;
}

void domain_special_page_free(struct domain *d, void *va, struct page *pg)
{
    shared_unmap(va);
    (void)atomic_fetch_sub(&d->special_frames, 1);
    page_put(pg);
}

int frame_share(struct domain *d, gfn_t gfn, struct shared_frame *f)
{
    int rc = guest_frame_get(d, gfn, true, &f->pg);

    if (rc)
        return rc;
    f->va = shared_map(page_to_mfn(f->pg));
    if (f->va)
        return 0;
    page_put(f->pg);
    return -ENOMEM;
}

void frame_unshare(struct shared_frame *f)
{
    if (!f->va)
        return;
    shared_unmap(f->va);
    page_put(f->pg);
    *f = (struct shared_frame){ 0 };
}

/* --- Pausing. --- */

void domain_pause(struct domain *d)
{
    ASSERT(d != current->domain);
    atomic_inc(&d->pause_count);
    for_vcpus (d, v)
        sched_vcpu_update(v);
    for_vcpus (d, v)
        vcpu_wait_stopped(v);
}

void domain_unpause(struct domain *d)
{
    ASSERT(d->pause_count);
    if (atomic_dec_and_test(&d->pause_count))
        for_vcpus (d, v)
            sched_vcpu_update(v);
}

int domain_pause_by_control(struct domain *d, bool pause)
{
    spin_lock(&d->lock);
    unsigned int count = d->paused_by_control + (pause ? 1u : -1u);
    if (count <= 255)
        d->paused_by_control = count;
    d->started |= !count;
    spin_unlock(&d->lock);
    if (count > 255)
        return pause ? -EOVERFLOW : -EINVAL;
    if (pause)
        domain_pause(d);
    else
        domain_unpause(d);
    return 0;
}

/* --- Shutting down. --- */

/* The timer `tell`: no locks are held. */
static void tell_fn(void *arg)
{
    struct domain *d = arg;
    uint32_t port = READ_ONCE(d->suspend_port);

    if (READ_ONCE(d->shutdown_code) == SHUTDOWN_suspend && port)
        (void)evtchn_send(d, port, false);
    else
        send_global_virq(VIRQ_DOM_EXC);
}

/* Stops the vCPUs that no device model works for, or (crash) all; tells when
 * none is left. Lock SHUTDOWN. */
static void stop_vcpus(struct domain *d, bool crash)
{
    bool all = true;

    for_vcpus (d, v) {
        if (!v->stopped && (crash || !READ_ONCE(v->defer_shutdown))) {
            WRITE_ONCE(v->stopped, true);
            sched_vcpu_update(v);
        }
        all &= v->stopped;
    }
    if (all && !d->shut_down) {
        WRITE_ONCE(d->shut_down, true);
        timer_set(&d->tell, now_ns());
    }
}

bool domain_set_shutdown_code(struct domain *d, int reason)
{
    int none = -1;

    return atomic_cmpxchg(&d->shutdown_code, &none, reason & 0xff);
}

void domain_shutdown(struct domain *d, int reason)
{
    (void)domain_set_shutdown_code(d, reason);
    if (d == hardware_domain)
        hardware_domain_shutdown(READ_ONCE(d->shutdown_code));

    spin_lock(&d->shutdown_lock);
    /* Pairs with domain_defer_shutdown(): flag, barrier, flag. */
    (void)atomic_xchg(&d->shutting_down, true);
    stop_vcpus(d, reason == SHUTDOWN_crash);
    spin_unlock(&d->shutdown_lock);
}

void domain_defer_shutdown(struct vcpu *v, bool on)
{
    struct domain *d = v->domain;

    (void)atomic_xchg(&v->defer_shutdown, on);
    while (unlikely(READ_ONCE(d->shutting_down)) &&
           READ_ONCE(d->dying) == DOMAIN_ALIVE) {
        (void)atomic_xchg(&v->defer_shutdown, false);
        /* It was perhaps not stopped because it deferred that. */
        spin_lock(&d->shutdown_lock);
        if (d->shutting_down)
            stop_vcpus(d, false);
        spin_unlock(&d->shutdown_lock);
        if (!on)
            return; /* it stops at its next safe point */
        /* The access has not begun: it waits here until d is resumed. */
        schedule();
        (void)atomic_xchg(&v->defer_shutdown, true);
    }
}

void domain_resume(struct domain *d)
{
    domain_pause(d); /* nothing of it runs while the state is mixed */
    spin_lock(&d->shutdown_lock);
    WRITE_ONCE(d->shut_down, false);
    WRITE_ONCE(d->shutting_down, false);
    WRITE_ONCE(d->shutdown_code, -1);
    for_vcpus (d, v)
        WRITE_ONCE(v->stopped, false);
    spin_unlock(&d->shutdown_lock);
    domain_unpause(d); /* they look again whether they may run */
}

void domain_crash(struct domain *d, const char *why, ...)
{
    char text[160];
    va_list args;

    if (!READ_ONCE(d->shutting_down)) {
        va_start(args, why);
        format_va(text, sizeof(text), why, args);
        va_end(args);
        if (d == current->domain)
            log_err("d%uv%u crashed: %s\n", d->id, current->id, text);
        else
            log_err("d%u crashed by d%u: %s\n", d->id, current->domain->id,
                    text);
        hvm_crash_report(d);
    }
    domain_shutdown(d, SHUTDOWN_crash);
}

/* --- Watchdogs. --- */

static void watchdog_fn(void *arg)
{
    struct domain *d = arg;

    if (READ_ONCE(d->shutting_down) || READ_ONCE(d->dying) != DOMAIN_ALIVE)
        return;
    log_warn("d%u: its watchdog was not fed: it is shut down\n", d->id);
    domain_shutdown(d, SHUTDOWN_watchdog);
}

int domain_watchdog(struct domain *d, uint32_t id, uint32_t seconds)
{
    const bool fresh = !id, on = fresh || seconds;

    while (fresh && id < NR_WATCHDOGS &&
           atomic_test_and_set_bit(id, &d->watchdogs))
        id++;
    id -= !fresh; /* 1 is the first one's */
    if (id >= NR_WATCHDOGS)
        return fresh ? -ENOSPC : -EINVAL;
    id = (uint32_t)index_nospec(id, NR_WATCHDOGS);
    if (!fresh && !test_bit(id, &d->watchdogs))
        return -EINVAL;
    timer_set(&d->watchdog[id], on ? now_ns() + SECONDS(seconds) : TIME_NEVER);
    if (!on)
        atomic_clear_bit(id, &d->watchdogs);
    return fresh ? (int)id + 1 : 0;
}

/* --- Creating. --- */

/* 0, or why a domain cannot be as it is asked for, in Xen's numbers; the log
 * says it in words. */
static int check_config(domid_t domid, const struct xen_domctl_createdomain *c)
{
    /* Out-of-sync shadow pages: there are none, on or off. */
    const uint32_t known = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap |
                           XEN_DOMCTL_CDF_oos_off | XEN_DOMCTL_CDF_xs_domain;
    const uint32_t hvm = XEN_X86_EMU_ALL &
                         ~(XEN_X86_EMU_VPCI | XEN_X86_EMU_USE_PIRQ);
    const uint32_t pvh0 = XEN_X86_EMU_LAPIC | XEN_X86_EMU_IOAPIC |
                          XEN_X86_EMU_VPCI;
    const uint32_t emu = c->arch.emulation_flags;
    const bool pvh_or_hvm = domid == 0
                                ? emu == pvh0
                                : (emu & ~XEN_X86_EMU_USE_PIRQ) == hvm ||
                                  emu == XEN_X86_EMU_LAPIC;
    const struct {
        bool asked;
        int rc;
        const char *why;
    } reasons[] = {
        { !(c->flags & XEN_DOMCTL_CDF_hvm), -EINVAL,
          "there are no classic PV guests, only pvh and hvm" },
        { !(c->flags & XEN_DOMCTL_CDF_hap), -EINVAL,
          "there are no shadow page tables, only nested ones (hap)" },
        { c->flags & XEN_DOMCTL_CDF_nested_virt, -EINVAL,
          "there is no nested virtualization" },
        { c->flags & XEN_DOMCTL_CDF_vpmu, -EINVAL, "guests have no PMU" },
        { (c->flags & XEN_DOMCTL_CDF_iommu) || c->iommu_opts, -EINVAL,
          "there is no IOMMU, and no passthrough" },
        { c->altp2m_opts, -EINVAL, "there is no altp2m" },
        { c->vmtrace_size, -EINVAL,
          "there is no tracing of guests by the CPU" },
        { !c->max_vcpus || c->max_vcpus > MAX_VCPUS_PER_DOMAIN, -EINVAL,
          "it asks for no vCPU, or for more than a domain may have" },
        { c->grant_opts != XEN_DOMCTL_GRANT_version(1) || !c->max_grant_frames,
          -EINVAL, "grant tables are of version 1, with one frame at least" },
        { (c->flags & ~known) ||
          (c->arch.misc_flags & ~XEN_X86_MISC_FLAGS_MAX), -EINVAL,
          "some of its flags are unknown" },
        { !pvh_or_hvm, -EOPNOTSUPP,
          "it asks for another set of emulated devices than pvh or hvm" },
        { c->cpupool_id, -ESRCH, "there is one CPU pool, number 0" },
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(reasons); i++)
        if (reasons[i].asked) {
            log_warn("A domain was not created: %s\n", reasons[i].why);
            return reasons[i].rc;
        }
    return 0;
}

/* Enters d under this id, or under the next free one if it is reserved. */
static int list_insert(struct domain *d, domid_t want)
{
    unsigned int id = want, tries = DOMID_FIRST_RESERVED;

    spin_lock(&list_lock);
    if (want >= DOMID_FIRST_RESERVED) {
        id = last_domid;
        do {
            id = id + 1 < DOMID_FIRST_RESERVED ? id + 1 : 1;
        } while (domains[id] && --tries);
        last_domid = id;
    }
    int rc = !domains[id] ? 0 : id == want ? -EEXIST : -ENOMEM;
    if (!rc) {
        d->id = (domid_t)id;
        WRITE_ONCE(last_used_domid, MAX(last_used_domid, id));
        WRITE_ONCE(domains[id], d);
    }
    spin_unlock(&list_lock);
    return rc;
}

/* The parts that may fail. */
static int build(struct domain *d)
{
    int rc;

    d->vcpu = heap_alloc_array(d->max_vcpus, sizeof(d->vcpu[0]));
    d->shared_info = domain_special_page(d, &d->shared_info_page);
    rc = d->vcpu && d->shared_info ? evtchn_init(d) : -ENOMEM;
    if (!rc)
        rc = grant_init(d);
    if (!rc)
        rc = hvm_domain_init(d);
    return rc;
}

/* Nobody uses it any more. Idempotent. */
static void free_shared_info(struct domain *d)
{
    void *va = d->shared_info;

    if (!va)
        return;
    WRITE_ONCE(d->shared_info, NULL);
    domain_special_page_free(d, va, d->shared_info_page);
    d->shared_info_page = NULL;
}

/* First step of the end, and all of it for one that was never finished:
 * everything but the structure goes. */
static void release(struct domain *d)
{
    d->dying = DOMAIN_DEAD;
    timer_kill(&d->sched.refill);
    timer_kill(&d->tell);
    for (unsigned int i = 0; i < NR_WATCHDOGS; i++)
        timer_kill(&d->watchdog[i]);
    if (d->target)
        domain_put(d->target);
    if (d->vcpu)
        for_vcpus (d, v)
            vcpu_destroy(v);
    grant_exit(d);
    evtchn_exit(d);
    hvm_domain_exit(d);
    free_shared_info(d);
    claim_use(d, UINT32_MAX);
    heap_free(d->vcpu);
    put(d, &d->anchors);
}

int domain_create(domid_t domid, const struct xen_domctl_createdomain *cfg,
                  struct domain **out)
{
    int rc = check_config(domid, cfg);

    if (rc)
        return rc;
    struct domain *d = heap_alloc(sizeof(*d));
    if (!d)
        return -ENOMEM;
    *d = (struct domain){
        .config = *cfg, .max_vcpus = cfg->max_vcpus, .anchors = 1,
        .pause_count = 1, .paused_by_control = 1, .shutdown_code = -1,
        .lock = SPINLOCK_INIT(DOMCTL),
        .shutdown_lock = SPINLOCK_INIT(SHUTDOWN),
        .evtchn_lock = SPINLOCK_INIT(EVTCHN),
    };
    sched_domain_init(d);
    timer_init(&d->tell, tell_fn, d);
    for (unsigned int i = 0; i < NR_WATCHDOGS; i++)
        timer_init(&d->watchdog[i], watchdog_fn, d);
    rc = list_insert(d, domid); /* not to be found before it has a reference */
    if (rc) {
        heap_free(d);
        return rc;
    }
    d->privileged = d->id == 0;

    rc = build(d);
    if (rc) {
        release(d);
        return rc;
    }
    if (d->id == 0)
        hardware_domain = d;
    store_release(&d->refs, 1);
    *out = d;
    return 0;
}

/* --- Killing. --- */

/* Until all threads have ended, and no CPU is on their stacks. Usually they
 * need microseconds, on other CPUs. */
static int wait_threads(const struct domain *d)
{
    uint64_t end = now_ns() + MICROSECS(50);

    for_vcpus (d, v)
        while (!READ_ONCE(v->dead) || load_acquire(&v->on_cpu)) {
            if (now_ns() >= end) {
                sched_give_way(); /* one may wait for this CPU */
                return -ERESTART;
            }
            smp_call_poll();
            cpu_relax();
        }
    return 0;
}

static int tear_down(struct domain *d)
{
    int rc = wait_threads(d);

    if (!rc)
        rc = grant_relinquish(d);
    if (!rc)
        rc = evtchn_relinquish(d);
    if (!rc)
        rc = hvm_domain_relinquish(d);
    if (rc)
        return rc;
    /* The frames that the guest registered are its memory too. */
    for_vcpus (d, v)
        vcpu_info_unregister(v);
    free_shared_info(d);
    WRITE_ONCE(d->dying, DOMAIN_DEAD);
    domain_put(d); /* that of the list; the caller has another */
    send_global_virq(VIRQ_DOM_EXC);
    return 0;
}

int domain_kill(struct domain *d)
{
    int rc = 0;

    if (d == current->domain || d == hardware_domain || d == idle_domain)
        return -EINVAL;
    if (atomic_xchg(&d->killing, true)) {
        sched_give_way();
        return -ERESTART;
    }
    /* Only one caller changes dying. */
    if (d->dying == DOMAIN_ALIVE) {
        spin_lock(&d->lock);
        WRITE_ONCE(d->dying, DOMAIN_DYING);
        spin_unlock(&d->lock); /* who was inside has seen it alive, is done */
        smp_mb();
        (void)domain_claim(d, 0);
        /* Each thread goes on, finds that its domain dies, and ends. */
        for_vcpus (d, v)
            if (!sched_vcpu_kill(v))
                vcpu_kick(v, PENDING_STOP);
    }
    if (d->dying == DOMAIN_DYING)
        rc = tear_down(d);
    WRITE_ONCE(d->killing, false);
    return rc;
}

/* --- The end. --- */

void domain_reap(void)
{
    struct domain *d, *next;

    while ((d = atomic_xchg(&dead_domains, NULL))) {
        for (; d; d = next) {
            next = d->next_dead;
            if (d->anchors) {
                release(d); /* gives up its own */
                continue;
            }
            spin_lock(&list_lock);
            WRITE_ONCE(domains[d->id], NULL);
            spin_unlock(&list_lock);
            heap_free(d);
            send_global_virq(VIRQ_DOM_EXC);
        }
    }
}

static void reaper_main(struct vcpu *v)
{
    for (;;) {
        domain_reap();
        vcpu_park();
    }
}

int domain_init(void)
{
    int rc = vcpu_create(idle_domain, MAX_CPUS, reaper_main, &reaper);

    if (!rc)
        vcpu_up(reaper);
    return rc;
}
