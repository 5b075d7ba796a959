/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A few domains in plain memory for the tests of event channels and grant
 * tables, and what these call upward: guest frames, upcalls, wake-ups. Every
 * call is counted or recorded. Include once in a test program.
 */
#pragma once

#include <string.h>

#include "hypervisor/abi/errno.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/mm/map.h"
#include "tests/unit/fakes/fakes.h"
#include "tests/unit/test.h"

#define NR_DOMS 3
#define NR_VCPUS 3
#ifndef NR_GFNS
#define NR_GFNS 64       /* RAM of a domain */
#define GRANT_GFNS 4096  /* where grants may be mapped: from NR_GFNS on */
#endif

static struct fake_domain {
    struct domain d;
    struct vcpu v[NR_VCPUS];
    struct vcpu *vp[NR_VCPUS];
    struct shared_info shared_info;
    bool compat, dead;
    struct page *ram[NR_GFNS];
    bool readonly[NR_GFNS];
    unsigned int dirtied[NR_GFNS];
    struct { mfn_t m; bool used, readonly; } grants[GRANT_GFNS];
    bool stale;              /* unmapped since the last flush */
    unsigned int upcalls[NR_VCPUS], unparks[NR_VCPUS], flushes;
} doms[NR_DOMS];

DEFINE_PERCPU(struct vcpu *, current_vcpu);
struct domain *hardware_domain, *idle_domain;
static bool fake_preempt;

static inline struct fake_domain *fake_of(const struct domain *d)
{
    return container_of(d, struct fake_domain, d);
}

static inline void fake_domains_create(void)
{
    for (unsigned int i = 0; i < NR_DOMS; i++) {
        struct fake_domain *f = &doms[i];

        memset(f, 0, sizeof(*f));
        f->d.id = (domid_t)i;
        f->d.privileged = i == 0;
        f->d.refs = 1;
        f->d.config.max_evtchn_port = ~0u;
        f->d.max_vcpus = NR_VCPUS;
        f->d.vcpu = f->vp;
        f->d.shared_info = &f->shared_info;
        spin_lock_init(&f->d.evtchn_lock, LOCK_EVTCHN);
        spin_lock_init(&f->d.lock, LOCK_DOMCTL);
        for (unsigned int n = 0; n < NR_VCPUS; n++) {
            f->v[n].id = n;
            f->v[n].domain = &f->d;
            f->v[n].info = &f->shared_info.vcpu_info[n];
            spin_lock_init(&f->v[n].fifo_lock, LOCK_EVTCHN_QUEUE);
            f->vp[n] = &f->v[n];
        }
        for (unsigned int n = 0; n < NR_GFNS; n++) {
            f->ram[n] = page_alloc(f->d.id, 0, 0);
            (void)fake_frame(page_to_mfn(f->ram[n])); /* not from threads */
        }
    }
    hardware_domain = &doms[0].d;
    this_cpu(current_vcpu) = &doms[0].v[0];
}

/* Gives the RAM back; every domain must be down to its first reference. */
static inline void fake_domains_destroy(void)
{
    for (unsigned int i = 0; i < NR_DOMS; i++) {
        struct fake_domain *f = &doms[i];

        CHECK_EQ(f->d.refs, 1);
        CHECK(!f->stale);
        for (unsigned int n = 0; n < GRANT_GFNS; n++)
            if (f->grants[n].used)
                page_put(mfn_to_page(f->grants[n].m));
        for (unsigned int n = 0; n < NR_GFNS; n++)
            if (f->ram[n])
                page_put(f->ram[n]);
    }
}

struct domain *domain_get(domid_t id)
{
    if (id == DOMID_SELF)
        id = current->domain->id;
    if (id >= NR_DOMS || doms[id].dead)
        return NULL;
    atomic_inc(&doms[id].d.refs);
    return &doms[id].d;
}

void domain_put(struct domain *d)
{
    CHECK(atomic_fetch_sub(&d->refs, 1) > 1);
}

/* Not by shared_map(): the fake one is slow to unmap, for a fuzzer. */
void *domain_special_page(struct domain *d, struct page **pg)
{
    *pg = page_alloc(d->id, 0, 0);
    if (!*pg)
        return NULL;
    if (fake_may_alloc())
        return fake_frame(page_to_mfn(*pg));
    page_put(*pg);
    return NULL;
}

void domain_special_page_free(struct domain *d, void *va, struct page *pg)
{
    CHECK_EQ(pg->owner, d->id);
    CHECK(va == fake_frame(page_to_mfn(pg)));
    page_put(pg);
}

bool domain_is_compat(const struct domain *d)
{
    return fake_of(d)->compat;
}

void hvm_crash_report(struct domain *d) {}

void hvm_assert_upcall(struct vcpu *v)
{
    atomic_inc(&fake_of(v->domain)->upcalls[v->id]);
}

void vcpu_unpark(struct vcpu *v)
{
    atomic_inc(&fake_of(v->domain)->unparks[v->id]);
}

bool vcpu_preempt_wanted(void)
{
    return fake_preempt;
}

/* As a p2m would: frames that are grants of others are found, too. */
int guest_frame_get(struct domain *d, gfn_t g, bool write, struct page **pg)
{
    struct fake_domain *f = fake_of(d);
    struct spinlock p2m = SPINLOCK_INIT(P2M);
    int rc = 0;

    spin_lock(&p2m); /* its rank is what is tested */
    if (g.raw < NR_GFNS && f->ram[g.raw]) {
        *pg = f->ram[g.raw];
        if (write && f->readonly[g.raw])
            rc = -EROFS;
    } else if (g.raw >= NR_GFNS && g.raw < NR_GFNS + GRANT_GFNS &&
               f->grants[g.raw - NR_GFNS].used) {
        *pg = mfn_to_page(f->grants[g.raw - NR_GFNS].m);
        if (write && f->grants[g.raw - NR_GFNS].readonly)
            rc = -EROFS;
    } else {
        rc = -EINVAL;
    }
    if (!rc)
        page_get(*pg);
    spin_unlock(&p2m);
    return rc;
}

int frame_share(struct domain *d, gfn_t g, struct shared_frame *f)
{
    int rc = guest_frame_get(d, g, true, &f->pg);

    f->va = NULL;
    if (rc)
        return rc;
    f->va = shared_map(page_to_mfn(f->pg));
    if (!f->va)
        page_put(f->pg);
    return f->va ? 0 : -ENOMEM;
}

void frame_unshare(struct shared_frame *f)
{
    if (!f->va)
        return;
    shared_unmap(f->va);
    page_put(f->pg);
    f->va = NULL;
}

int guest_grant_map(struct domain *d, gfn_t g, mfn_t m, bool readonly)
{
    struct fake_domain *f = fake_of(d);
    uint64_t i = g.raw - NR_GFNS;

    if (i >= GRANT_GFNS)
        return -EINVAL;
    if (f->grants[i].used)
        return -EBUSY;
    page_get(mfn_to_page(m));
    f->grants[i].m = m;
    f->grants[i].readonly = readonly;
    f->grants[i].used = true;
    return 0;
}

int guest_grant_unmap(struct domain *d, gfn_t g, mfn_t m)
{
    struct fake_domain *f = fake_of(d);
    uint64_t i = g.raw - NR_GFNS;

    if (i >= GRANT_GFNS || !f->grants[i].used ||
        !mfn_eq(f->grants[i].m, m))
        return -EINVAL;
    f->grants[i].used = false;
    f->stale = true;
    page_put(mfn_to_page(m));
    return 0;
}

void guest_grant_flush(struct domain *d)
{
    if (fake_locks_held())
        abort();
    fake_of(d)->stale = false;
    fake_of(d)->flushes++;
}

void guest_frame_dirtied(struct domain *d, gfn_t g)
{
    if (g.raw < NR_GFNS)
        fake_of(d)->dirtied[g.raw]++;
}

void guest_frame_copy(mfn_t dst, unsigned int dst_off, mfn_t src,
                      unsigned int src_off, unsigned int n)
{
    CHECK(dst_off + n <= PAGE_SIZE && src_off + n <= PAGE_SIZE);
    memmove((char *)fake_frame(dst) + dst_off,
            (char *)fake_frame(src) + src_off, n);
}

/* A small generator, the same everywhere. */
static inline uint32_t fake_random(uint32_t n)
{
    static _Thread_local uint64_t s = 88172645463325252ull;

    s ^= s << 13;
    s ^= s >> 7;
    s ^= s << 17;
    return (uint32_t)((s >> 20) % n);
}
