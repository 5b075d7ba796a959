/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Domains: found by id, created, counted, freed; their frames as numbers.
 * Pausing, shutting down and killing are in domain-life.c.
 *
 * A domain ends in two steps. When its last reference goes it can no longer
 * be looked up, and its parts are freed. Its frames may live on in others'
 * mappings, and each names its owner by id; so the structure, and the id, go
 * with the last frame. Both are left to a thread, because a reference or a
 * frame may be put under any lock.
 */
#include "hypervisor/core/domain.h"

#include "hypervisor/core/evtchn.h"
#include "hypervisor/core/grant.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/mm/heap.h"
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
static unsigned int end_domid;  /* no id from here on was ever used (same) */

static struct domain *dead_domains; /* (a) stack, by next_dead */
static struct vcpu *reaper;
static uint64_t claimed_total; /* (a) frames, of all domains */

/* --- Finding. --- */

static struct domain *entry_get(unsigned int id)
{
    if (id >= DOMID_FIRST_RESERVED)
        return NULL;
    return READ_ONCE(domains[index_nospec(id, DOMID_FIRST_RESERVED)]);
}

/* The same with one more reference; NULL if it has none any more. Lock
 * DOMLIST. */
static struct domain *find(unsigned int id)
{
    struct domain *d = entry_get(id);
    uint32_t refs = d ? READ_ONCE(d->refs) : 0;

    while (refs)
        if (atomic_cmpxchg(&d->refs, &refs, refs + 1))
            return d;
    return NULL;
}

struct domain *domain_get(domid_t id)
{
    struct domain *d = current->domain;

    if (id == DOMID_SELF) {
        atomic_inc(&d->refs);
        return d;
    }
    spin_lock(&list_lock);
    d = find(id);
    spin_unlock(&list_lock);
    return d;
}

struct domain *domain_get_from(domid_t first)
{
    struct domain *d = NULL;

    spin_lock(&list_lock);
    for (unsigned int id = first; id < end_domid && !d; id++)
        d = find(id);
    spin_unlock(&list_lock);
    return d;
}

/* Drops one of d's references or anchors. The last one leaves the rest to the
 * thread, and then d may be gone. */
static void put(struct domain *d, uint32_t *count)
{
    struct domain *first;

    if (!atomic_dec_and_test(count))
        return;
    first = READ_ONCE(dead_domains);
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
    uint64_t total = READ_ONCE(claimed_total), own;

    if (likely(!total))
        return true;
    own = MIN((uint64_t)READ_ONCE(d->claimed), total);
    return pages_free() >= n + (total - own);
}

int domain_charge(struct domain *d, uint32_t frames, bool special)
{
    uint64_t all;

    if (READ_ONCE(d->dying) != DOMAIN_ALIVE || frames > INT32_MAX)
        return -ENOMEM;
    (void)atomic_fetch_add(&d->anchors, frames);
    all = (uint64_t)atomic_fetch_add(&d->frames, frames) + frames;
    if (special) {
        (void)atomic_fetch_add(&d->special_frames, frames);
        return 0;
    }
    if (all > (uint64_t)READ_ONCE(d->max_frames) +
                  READ_ONCE(d->special_frames) ||
        !may_allocate(d, frames)) {
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
    uint32_t none = 0, want;

    if (!frames) {
        claim_use(d, UINT32_MAX);
        return 0;
    }
    if (READ_ONCE(d->claimed) || frames <= has || frames > d->max_frames)
        return -EINVAL;
    want = (uint32_t)(frames - has);
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
    struct page *page;
    mfn_t m;
    void *va;

    if (domain_charge(d, 1, true))
        return NULL;
    page = page_alloc(d->id, 0, 0);
    if (!page) {
        domain_uncharge(d, 1, true);
        return NULL;
    }
    m = page_to_mfn(page);
    va = shared_map(&m, 1);
    if (!va) {
        (void)atomic_fetch_sub(&d->special_frames, 1);
        page_put(page);
        return NULL;
    }
    *pg = page;
    return va;
}

void domain_special_page_free(struct domain *d, void *va, struct page *pg)
{
    shared_unmap(va, 1);
    (void)atomic_fetch_sub(&d->special_frames, 1);
    page_put(pg);
}

int frame_share(struct domain *d, gfn_t gfn, struct shared_frame *f)
{
    int rc = guest_frame_get(d, gfn, true, &f->pg);
    mfn_t m;

    if (rc)
        return rc;
    m = page_to_mfn(f->pg);
    f->va = shared_map(&m, 1);
    if (f->va)
        return 0;
    page_put(f->pg);
    return -ENOMEM;
}

void frame_unshare(struct shared_frame *f)
{
    if (!f->va)
        return;
    shared_unmap(f->va, 1);
    page_put(f->pg);
    *f = (struct shared_frame){ 0 };
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
    int rc = -EEXIST;

    spin_lock(&list_lock);
    if (want >= DOMID_FIRST_RESERVED) {
        rc = -ENOMEM;
        id = last_domid;
        do {
            id = id + 1 < DOMID_FIRST_RESERVED ? id + 1 : 1;
        } while (domains[id] && --tries);
        last_domid = id;
    }
    if (!entry_get(id)) {
        d->id = (domid_t)id;
        end_domid = MAX(end_domid, id + 1);
        WRITE_ONCE(domains[id], d);
        rc = 0;
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
    if (!d->vcpu || !d->shared_info)
        return -ENOMEM;
    rc = evtchn_init(d);
    if (!rc)
        rc = grant_init(d, d->config.max_grant_frames,
                        d->config.max_maptrack_frames);
    if (!rc)
        rc = hvm_domain_init(d);
    return rc;
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
    d->target = NULL;
    if (d->vcpu)
        for_vcpus (d, v)
            vcpu_destroy(v);
    grant_exit(d);
    evtchn_exit(d);
    hvm_domain_exit(d);
    domain_free_shared_info(d);
    claim_use(d, UINT32_MAX);
    heap_free(d->vcpu);
    d->vcpu = NULL;
    d->max_vcpus = 0;
    put(d, &d->anchors);
}

void domain_free_shared_info(struct domain *d)
{
    void *va = d->shared_info;

    if (!va)
        return;
    WRITE_ONCE(d->shared_info, NULL);
    domain_special_page_free(d, va, d->shared_info_page);
    d->shared_info_page = NULL;
}

int domain_create(domid_t domid, const struct xen_domctl_createdomain *cfg,
                  struct domain **out)
{
    struct domain *d;
    int rc = check_config(domid, cfg);

    if (rc)
        return rc;
    d = heap_alloc(sizeof(*d));
    if (!d)
        return -ENOMEM;
    d->config = *cfg;
    d->max_vcpus = cfg->max_vcpus;
    d->anchors = 1;
    d->pause_count = d->paused_by_control = 1;
    d->shutdown_code = -1;
    spin_lock_init(&d->lock, LOCK_DOMCTL);
    spin_lock_init(&d->shutdown_lock, LOCK_SHUTDOWN);
    sched_domain_init(d);
    domain_life_init(d);
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

/* --- The end. --- */

/* One that was taken off the list of the dead. */
static void reap(struct domain *d)
{
    if (d->anchors) {
        release(d); /* gives up its own */
    } else {
        spin_lock(&list_lock);
        WRITE_ONCE(domains[d->id], NULL);
        spin_unlock(&list_lock);
        heap_free(d);
        send_global_virq(VIRQ_DOM_EXC);
    }
}

void domain_reap(void)
{
    struct domain *d, *next;

    while ((d = atomic_xchg(&dead_domains, NULL))) {
        for (; d; d = next) {
            next = d->next_dead;
            reap(d);
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
