/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A few domains with real guest physical maps (link hvm/mem/p2m.c and
 * guest-copy.c, guest-walk.c) and with a CPU of plain numbers under them, for
 * tests of hvm/ and of hypercalls. It has TLBs: translate() caches what the
 * map said, and a frame that is freed while a TLB still names it ends the
 * test. All that it defines is weak. Include once in a test program.
 */
#pragma once

#include <string.h>

#include "hvm/base/hvm.h"
#include "hvm/mem/p2m.h"
#include "hvm/mem/peek.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/cpu/atomic.h"
#include "hypervisor/cpu/cr.h"
#include "hypervisor/cpu/msr.h"
#include "hypervisor/mm/map.h"
#include "hypervisor/x86/smp.h"
#include "tests/unit/fakes/fakes.h"
#include "tests/unit/test.h"

#define NR_DOMS 3
#define NR_VCPUS 2
#define TLB_SIZE 64

struct fake_tlb {
    uint64_t gfn, mfn;
    bool valid;
};

static struct fake_dom {
    struct domain d;
    struct hvm_domain h;
    struct p2m p2m;
    struct vcpu v[NR_VCPUS], *vp[NR_VCPUS];
    struct hvm_vcpu hv[NR_VCPUS];
    struct shared_info shared;
    struct fake_tlb tlb[TLB_SIZE];
    uint64_t reg[NR_VCPUS][NR_HVM_REGS];
    struct segment seg[NR_VCPUS][NR_HVM_SEGS];
    unsigned int cpl, crashes, flushes, unparks[NR_VCPUS];
    unsigned int defers[NR_VCPUS];
    bool hidden; /* cannot be looked up */
} doms[NR_DOMS];

DEFINE_PERCPU(struct vcpu *, current_vcpu);
FAKE struct domain *hardware_domain, *idle_domain;
FAKE struct cpu_features cpu_features = {
    .phys_bits = 40, .xsave = false, .vendor = VENDOR_AMD,
};
FAKE struct hvm_ops hvm_ops;
static unsigned int fake_preempts; /* so many calls say no, the next yes */
static bool fake_preempt;
static unsigned int fake_restarts;
static uint64_t fake_restart_args[6];

static inline struct fake_dom *fake_of(const struct domain *d)
{
    return container_of(d, struct fake_dom, d);
}

/* --- The CPU. --- */

/* Called, once, when the next walk of a guest's tables starts: what another
 * vCPU does meanwhile. */
static void (*fake_meanwhile)(void);

static uint64_t fake_get_reg(struct vcpu *v, enum hvm_reg r)
{
    return fake_of(v->domain)->reg[v->id][r];
}

static void fake_set_reg(struct vcpu *v, enum hvm_reg r, uint64_t val)
{
    fake_of(v->domain)->reg[v->id][r] = val;
}

static void fake_get_seg(struct vcpu *v, enum hvm_seg s, struct segment *seg)
{
    *seg = fake_of(v->domain)->seg[v->id][s];
}

static void fake_set_seg(struct vcpu *v, enum hvm_seg s,
                         const struct segment *seg)
{
    fake_of(v->domain)->seg[v->id][s] = *seg;
}

static void fake_paging(struct vcpu *v, struct paging_regs *p)
{
    void (*meanwhile)(void) = fake_meanwhile;

    if (meanwhile) {
        fake_meanwhile = NULL;
        meanwhile();
    }
    *p = (struct paging_regs){ .cr0 = fake_get_reg(v, REG_CR0),
                               .cr3 = fake_get_reg(v, REG_CR3),
                               .cr4 = fake_get_reg(v, REG_CR4),
                               .efer = fake_get_reg(v, REG_EFER) };
}

static unsigned int fake_get_cpl(struct vcpu *v)
{
    return fake_of(v->domain)->cpl;
}

static void fake_set_tsc(struct vcpu *v, uint64_t offset)
{
}

/* What a CPU does when it leaves its guest for others' sake, or NULL. */
static void (*fake_exit)(void);

/* Every vCPU runs on a CPU of its own: a flush reaches those not current. */
FAKE void smp_call(const struct cpumask *mask, void (*fn)(void *), void *arg)
{
    if (fake_exit)
        fake_exit();
    if (fn)
        fn(arg);
}

/* What a vCPU of d does before it enters the guest again. */
static inline void fake_enter(struct domain *d)
{
    struct fake_dom *f = fake_of(d);
    bool flush = false;

    for (unsigned int i = 0; i < NR_VCPUS; i++)
        if (test_bit(PENDING_P2M, &f->v[i].pending)) {
            atomic_clear_bit(PENDING_P2M, &f->v[i].pending);
            flush = true;
        }
    if (flush) {
        memset(f->tlb, 0, sizeof(f->tlb));
        f->flushes++;
    }
}

/* The guest touches g: its CPU caches the translation. */
static inline void fake_touch(struct domain *d, gfn_t g)
{
    struct p2m_entry e = p2m_lookup(d, g);
    struct fake_tlb *t = &fake_of(d)->tlb[g.raw % TLB_SIZE];

    if (e.type == P2M_NONE)
        return;
    t->gfn = g.raw;
    t->mfn = e.mfn.raw;
    t->valid = true;
}

/* A frame was freed: no CPU may still reach it. */
void page_freed(domid_t owner)
{
    fake_pages_freed++;
    for (unsigned int i = 0; i < NR_DOMS; i++) {
        struct fake_dom *f = &doms[i];

        if (!f->d.hvm)
            continue;
        /* The flush was asked for: it is done before the guest runs. */
        for (unsigned int n = 0; n < NR_VCPUS; n++)
            if (test_bit(PENDING_P2M, &f->v[n].pending))
                fake_enter(&f->d);
        for (unsigned int n = 0; n < TLB_SIZE; n++)
            if (f->tlb[n].valid && f->tlb[n].mfn < frame_table_size &&
                frame_table[f->tlb[n].mfn].state == PAGE_FREE) {
                fprintf(stderr, "frame %#llx freed while gfn %#llx reaches "
                        "it\n", (unsigned long long)f->tlb[n].mfn,
                        (unsigned long long)f->tlb[n].gfn);
                abort();
            }
    }
    if (owner < NR_DOMS)
        atomic_dec(&doms[owner].d.frames);
}

/* --- Domains. --- */

static inline void fake_pt_format(bool has_1g)
{
    pt_format = (struct pt_format){ .table = 7, .has_1g = has_1g };
    for (unsigned int t = P2M_RAM; t < P2M_TYPES; t++)
        pt_format.leaf[t] = t == P2M_RAM_LOG || t == P2M_RAM_RO ||
                            t == P2M_GRANT_RO ? 5 : 7;
}

/* The CPU logs writes by itself. */
#define FAKE_DIRTY BIT(9)
static inline void fake_pt_logs(void)
{
    pt_format.dirty = FAKE_DIRTY;
    for (unsigned int t = P2M_RAM; t < P2M_TYPES; t++)
        pt_format.leaf[t] |= FAKE_DIRTY;
    pt_format.leaf[P2M_RAM_LOG] = 7;
}

/* What the CPU finds in the nested tables for g, its order in *order. */
static inline uint64_t *fake_leaf(struct domain *d, gfn_t g,
                                  unsigned int *order)
{
    uint64_t *slot, at = va_to_maddr(d->hvm->p2m->root);

    for (*order = 27;; *order -= 9) {
        slot = (uint64_t *)mfn_to_va(maddr_to_mfn(at)) + (g.raw >> *order) % 512;
        if (!*slot || *slot >> 52 & 15) /* nothing, or a leaf */
            return slot;
        at = *slot & PTE_ADDR;
    }
}

static inline void fake_run_as(struct vcpu *v)
{
    this_cpu(current_vcpu) = v;
    v->hvm->walked.key = 0;
    peek_update(v);
}

static inline enum hvm_mode fake_get_mode(struct vcpu *v)
{
    return fake_of(v->domain)->h.compat ? MODE_32 : MODE_64;
}

static inline void fake_doms_create(void)
{
    hvm_ops = (struct hvm_ops){
        .name = "fake", .get_reg = fake_get_reg, .set_reg = fake_set_reg,
        .get_seg = fake_get_seg, .set_seg = fake_set_seg,
        .paging = fake_paging, .cpl = fake_get_cpl, .mode = fake_get_mode, .set_tsc = fake_set_tsc };
    fake_pt_format(true);
    for (unsigned int i = 0; i < NR_DOMS; i++) {
        struct fake_dom *f = &doms[i];

        memset(f, 0, sizeof(*f));
        f->d.id = (domid_t)i;
        f->d.privileged = i == 0;
        f->d.refs = 1;
        f->d.max_vcpus = NR_VCPUS;
        f->d.max_frames = 1u << 20;
        f->d.vcpu = f->vp;
        f->d.hvm = &f->h;
        f->d.shutdown_code = -1;
        f->d.shared_info = &f->shared;
        spin_lock_init(&f->d.lock, LOCK_DOMCTL);
        spin_lock_init(&f->d.evtchn_lock, LOCK_EVTCHN);
        for (unsigned int n = 0; n < NR_VCPUS; n++) {
            f->v[n].id = n;
            f->v[n].domain = &f->d;
            f->v[n].info = &f->v[n].dummy_info;
            f->v[n].hvm = &f->hv[n];
            f->v[n].cpu = i * NR_VCPUS + n;
            f->v[n].on_cpu = true;
            f->vp[n] = &f->v[n];
            f->hv[n].xsave = calloc(1, PAGE_SIZE);
        }
        if (p2m_init(&f->d, &f->p2m))
            abort();
        f->d.shared_info_page = page_alloc(f->d.id, 0, 0);
        f->d.shared_info_page->gfn = 0;
        f->d.frames = f->d.special_frames = 1;
    }
    fake_run_as(&doms[1].v[0]);
}

/* Gives everything back; frames of the domains that remain are leaks. */
static inline void fake_doms_destroy(void)
{
    for (unsigned int i = 0; i < NR_DOMS; i++) {
        struct fake_dom *f = &doms[i];

        for (unsigned int n = 0; n < NR_VCPUS; n++)
            f->v[n].on_cpu = false;
        memset(f->tlb, 0, sizeof(f->tlb));
        while (p2m_relinquish(&f->d) == -ERESTART)
            ;
        p2m_destroy(&f->d);
        if (f->d.shared_info_page)
            page_put(f->d.shared_info_page);
        CHECK_EQ(f->d.refs, 1);
        for (unsigned int n = 0; n < NR_VCPUS; n++) {
            free(f->hv[n].xsave);
            f->hv[n].xsave = NULL;
        }
    }
    for (unsigned int i = 0; i < NR_DOMS; i++) {
        CHECK_EQ(doms[i].d.frames, 0);
        doms[i].d.hvm = NULL;
    }
    CHECK_EQ(fake_windows(), 0);
    CHECK_EQ(fake_locks_held(), 0);
}

/* A fresh frame of RAM at g. */
static inline struct page *fake_ram(struct domain *d, uint64_t g,
                                    unsigned int order)
{
    struct page *pg = page_alloc(d->id, order, 0);

    if (!pg)
        abort();
    (void)atomic_fetch_add(&d->frames, 1u << order);
    if (p2m_map(d, gfn(g), page_to_mfn(pg), order, P2M_RAM))
        abort();
    return pg;
}

FAKE struct domain *domain_get(domid_t id)
{
    if (id == DOMID_SELF)
        id = current->domain->id;
    if (id >= NR_DOMS || doms[id].hidden)
        return NULL;
    atomic_inc(&doms[id].d.refs);
    return &doms[id].d;
}

FAKE void domain_put(struct domain *d)
{
    if (fake_locks_held())
        abort();
    CHECK(atomic_fetch_sub(&d->refs, 1) > 1);
}

FAKE int domain_charge(struct domain *d, uint32_t frames, bool special)
{
    uint64_t all = (uint64_t)READ_ONCE(d->frames) + frames;

    if (READ_ONCE(d->dying) != DOMAIN_ALIVE || frames > INT32_MAX ||
        (!special && all > (uint64_t)d->max_frames + d->special_frames))
        return -ENOMEM;
    (void)atomic_fetch_add(&d->frames, frames);
    if (special)
        (void)atomic_fetch_add(&d->special_frames, frames);
    return 0;
}

FAKE void domain_uncharge(struct domain *d, uint32_t frames, bool special)
{
    (void)atomic_fetch_sub(&d->frames, frames);
    if (special)
        (void)atomic_fetch_sub(&d->special_frames, frames);
}

FAKE void *domain_special_page(struct domain *d, struct page **pg)
{
    struct page *page;

    if (domain_charge(d, 1, true))
        return NULL;
    page = page_alloc(d->id, 0, 0);
    if (!page) {
        domain_uncharge(d, 1, true);
        return NULL;
    }
    *pg = page;
    return fake_frame(page_to_mfn(page));
}

FAKE void domain_special_page_free(struct domain *d, void *va,
                                   struct page *pg)
{
    CHECK(va == fake_frame(page_to_mfn(pg)));
    (void)atomic_fetch_sub(&d->special_frames, 1);
    page_put(pg);
}

FAKE void domain_defer_shutdown(struct vcpu *v, bool on)
{
    fake_of(v->domain)->defers[v->id] += on ? 1 : -1u;
}

FAKE void domain_crash(struct domain *d, const char *why, ...)
{
    fake_of(d)->crashes++;
}

FAKE void vcpu_unpark(struct vcpu *v)
{
    atomic_inc(&fake_of(v->domain)->unparks[v->id]);
}

FAKE void vcpu_kick(struct vcpu *v, enum vcpu_pending why)
{
    atomic_set_bit(why, &v->pending);
}

FAKE bool vcpu_preempt_wanted(void)
{
    if (fake_locks_held() || fake_windows())
        abort();
    if (fake_preempt && fake_preempts-- == 0) {
        fake_preempts = 3;
        return true;
    }
    return false;
}

FAKE bool hypercall_is_compat(void)
{
    return fake_of(current->domain)->h.compat;
}

FAKE void hypercall_restart(unsigned int arg_index, uint64_t value)
{
    fake_restarts++;
    fake_restart_args[arg_index] = value;
}

/* Bytes of guest memory at a guest physical address, within a page. */
static inline void *fake_gpa(struct domain *d, uint64_t a)
{
    struct p2m_entry e = p2m_lookup(d, gfn(a >> PAGE_SHIFT));

    if (e.type == P2M_NONE || e.type == P2M_MMIO)
        abort();
    return (char *)fake_frame(e.mfn) + (a & (PAGE_SIZE - 1));
}

/* Stores an argument in current's memory; its handle. */
#define ARG_GFN 0x10
static inline uint64_t fake_put(uint64_t a, const void *src, size_t n)
{
    memcpy(fake_gpa(current->domain, a), src, n);
    return a;
}

/* A small generator, the same everywhere. */
static inline uint32_t fake_random(uint32_t n)
{
    static uint64_t s = 88172645463325252ull;

    s ^= s << 13;
    s ^= s >> 7;
    s ^= s << 17;
    return (uint32_t)((s >> 20) % n);
}
