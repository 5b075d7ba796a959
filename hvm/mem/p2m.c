/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest physical map: see p2m.h for what it promises.
 *
 * Edits hold the domain's P2M lock. A frame that leaves the map is put only
 * after p2m_flush(), so nobody can reach it through an old translation once
 * it is somebody else's. Tables are never merged: a table page stays until
 * the domain goes, which is what lets readers walk without a lock.
 */
#include "hvm/mem/p2m.h"

#include "hvm/base/hvm.h"
#include "hvm/mem/pt.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/mm/heap.h"
#include "hypervisor/x86/features.h"
#include "hypervisor/x86/smp.h"

#define TOP_ORDER 27u /* a PML4 entry spans 512 GiB */

#define NO_LIMIT (~0u)

struct p2m {
    struct spinlock lock;
    uint64_t *root;
    uint64_t max_gfn;
    uint64_t relinquish; /* next gfn that p2m_relinquish() looks at */
    bool closed;         /* the domain goes: nothing is mapped any more */
    uint32_t tables;
    uint32_t limit; /* of tables: the toolstack's paging pool, or NO_LIMIT */
};

struct pt_format pt_format;

static struct p2m *p2m_of(const struct domain *d)
{
    return d->hvm->p2m;
}

static bool gfn_in_width(gfn_t g, unsigned int order)
{
    uint64_t end = 1ull << (hvm_phys_bits() - PAGE_SHIFT);

    return g.raw < end && g.raw + (1ull << order) <= end;
}

static uint64_t *table_of(uint64_t e)
{
    return mfn_to_va(pt_mfn(e));
}

static uint64_t *table_alloc(struct p2m *p)
{
    uint64_t *t;

    if (p->tables >= p->limit)
        return NULL;
    t = lodge_pages_alloc(0);
    if (t)
        p->tables++;
    return t;
}

int p2m_create(struct domain *d)
{
    struct p2m *p = heap_alloc(sizeof(*p));

    if (!p)
        return -ENOMEM;
    spin_lock_init(&p->lock, LOCK_P2M);
    p->limit = NO_LIMIT;
    p->root = table_alloc(p);
    if (!p->root) {
        heap_free(p);
        return -ENOMEM;
    }
    d->hvm->p2m = p;
    return 0;
}

uint64_t p2m_root(const struct domain *d)
{
    return va_to_maddr(p2m_of(d)->root);
}

gfn_t p2m_max_gfn(const struct domain *d)
{
    return gfn(READ_ONCE(p2m_of(d)->max_gfn));
}

unsigned int p2m_table_pages(const struct domain *d)
{
    return READ_ONCE(p2m_of(d)->tables);
}

void p2m_set_table_limit(struct domain *d, unsigned int pages)
{
    WRITE_ONCE(p2m_of(d)->limit, pages);
}

unsigned int p2m_table_limit(const struct domain *d)
{
    uint32_t limit = READ_ONCE(p2m_of(d)->limit);

    return limit == NO_LIMIT ? p2m_table_pages(d) : limit;
}

/* The slot that covers g and its order; never changes anything. Without the
 * lock what it holds may be a table by the time it is read. */
static inline uint64_t *slot_find(struct p2m *p, gfn_t g, unsigned int *order)
{
    uint64_t *slot = &p->root[pt_index(g, TOP_ORDER)], e;

    for (*order = TOP_ORDER; pt_is_table(e = READ_ONCE(*slot)); *order -= 9)
        slot = &table_of(e)[pt_index(g, *order - 9)];
    return slot;
}

/* The same for readers without the lock, with what the slot held. */
static inline const uint64_t *leaf_find(struct domain *d, gfn_t g,
                                 unsigned int *order, uint64_t *e)
{
    const uint64_t *slot;

    do {
        slot = slot_find(p2m_of(d), g, order);
        *e = READ_ONCE(*slot);
    } while (unlikely(pt_is_table(*e)));
    return slot;
}

/* The frame for g of a leaf of this order. */
static mfn_t leaf_mfn(uint64_t e, gfn_t g, unsigned int order)
{
    return mfn_add(pt_mfn(e), g.raw & ((1ull << order) - 1));
}

struct p2m_entry p2m_lookup(struct domain *d, gfn_t g)
{
    struct p2m_entry r = { INVALID_MFN, P2M_NONE, 0 };
    uint64_t e;

    if (!gfn_in_width(g, 0))
        return r;
    (void)leaf_find(d, g, &r.order, &e);
    r.type = pt_type(e);
    if (r.type != P2M_NONE)
        r.mfn = leaf_mfn(e, g, r.order);
    return r;
}

mfn_t p2m_ram(struct domain *d, gfn_t g, enum p2m_type *type)
{
    unsigned int order;
    uint64_t e;
    mfn_t m;

    if (unlikely(!gfn_in_width(g, 0)))
        return INVALID_MFN;
    (void)leaf_find(d, g, &order, &e);
    m = leaf_mfn(e, g, order);
    *type = pt_type(e);
    return p2m_type_has_page(*type) && mfn_has_page(m) ? m : INVALID_MFN;
}

int p2m_get_page(struct domain *d, gfn_t g, bool write, struct page **pg)
{
    unsigned int order;
    uint64_t e;

    if (!gfn_in_width(g, 0))
        return -EINVAL;
    /* The entry may go between the look and the reference: look twice. */
    for (unsigned int tries = 0; tries < 16; tries++) {
        const uint64_t *slot = leaf_find(d, g, &order, &e);
        mfn_t m = leaf_mfn(e, g, order);

        if (!p2m_type_has_page(pt_type(e)) || !mfn_has_page(m))
            return -EINVAL;
        if (write && !p2m_type_writable(pt_type(e)))
            return -EROFS;
        *pg = mfn_to_page(m);
        if (!page_try_get(*pg, READ_ONCE((*pg)->owner)))
            continue;
        if (likely(READ_ONCE(*slot) == e))
            return 0;
        page_put(*pg);
    }
    return -EINVAL;
}

/* The gfn after the leaf of this order that covers g. */
static uint64_t leaf_end(uint64_t g, unsigned int order)
{
    return ALIGN_DOWN(g, 1ull << order) + (1ull << order);
}

/* Replaces a large leaf, or nothing, by a table of those one size smaller. */
static int split(struct p2m *p, uint64_t *slot, unsigned int order)
{
    uint64_t e = *slot, *t = table_alloc(p);
    enum p2m_type type = pt_type(e);

    if (!t)
        return -ENOMEM;
    for (unsigned int i = 0; e && i < PT_ENTRIES; i++)
        t[i] = pt_leaf(mfn_add(pt_mfn(e), (uint64_t)i << (order - 9)),
                       order - 9, type);
    store_release(slot, va_to_maddr(t) | pt_format.table);
    return 0;
}

/*
 * The slot for g in the table of leaves of `order`, making tables and
 * splitting leaves on the way; NULL without memory.
 */
static uint64_t *slot_make(struct p2m *p, gfn_t g, unsigned int order)
{
    uint64_t *slot = &p->root[pt_index(g, TOP_ORDER)];

    for (unsigned int o = TOP_ORDER; o > order; o -= 9) {
        if (!pt_is_table(*slot) && split(p, slot, o))
            return NULL;
        slot = &table_of(*slot)[pt_index(g, o - 9)];
    }
    return slot;
}

static void put_leaf(uint64_t e, unsigned int order)
{
    if (!p2m_type_has_page(pt_type(e)) || !mfn_has_page(pt_mfn(e)))
        return;
    for (uint64_t i = 0; i < 1ull << order; i++)
        page_put(mfn_to_page(mfn_add(pt_mfn(e), i)));
}

/* Every vCPU of d has been out of its guest, but for current. */
static void wait_for_vcpus(struct domain *d)
{
    struct cpumask busy = { { 0 } };
    bool any = false;

    for_vcpus (d, v) {
        if (v != current && READ_ONCE(v->on_cpu)) {
            busy.bits[v->cpu / 64] |= BIT(v->cpu % 64);
            any = true;
        }
    }
    if (any)
        smp_call(&busy, NULL, NULL);
}

void p2m_flush_lent(struct domain *d)
{
    /* A full barrier each: who is not seen on a CPU now sees the bit. */
    for_vcpus (d, v)
        atomic_set_bit(PENDING_P2M, &v->pending);
    wait_for_vcpus(d);
}

void p2m_flush(struct domain *d)
{
    for_vcpus (d, v)
        WRITE_ONCE(v->hvm->peek_stale, true);
    p2m_flush_lent(d);
}

void p2m_collect_writes(struct domain *d)
{
    if (pt_format.dirty)
        wait_for_vcpus(d);
}

static int map_one(struct domain *d, gfn_t g, mfn_t m, unsigned int order,
                   enum p2m_type type)
{
    struct p2m *p = p2m_of(d);
    uint64_t *slot = slot_make(p, g, order);
    uint64_t old;

    if (!slot)
        return -ENOMEM;
    old = *slot;
    if (pt_is_table(old)) {
        /* Smaller pieces were mapped here before: follow them. */
        for (unsigned int i = 0; i < PT_ENTRIES; i++) {
            uint64_t off = (uint64_t)i << (order - 9);
            int rc = map_one(d, gfn_add(g, off), mfn_add(m, off), order - 9,
                             type);

            if (rc)
                return rc;
        }
        return 0;
    }
    store_release(slot, pt_leaf(m, order, type));
    if (old) {
        p2m_flush(d);
        put_leaf(old, order);
    }
    p->max_gfn = MAX(p->max_gfn, g.raw + (1ull << order) - 1);
    return 0;
}

/* -EBUSY if something in the range may not be replaced by a mapping. */
static int range_replaceable(struct p2m *p, gfn_t g, unsigned int order)
{
    uint64_t end = g.raw + (1ull << order);

    for (uint64_t at = g.raw; at < end;) {
        unsigned int o;

        if (p2m_type_is_lent(pt_type(*slot_find(p, gfn(at), &o))))
            return -EBUSY;
        at = leaf_end(at, o);
    }
    return 0;
}

/* 1 GiB where there are no such leaves: all of it or nothing. */
static int map_pieces(struct domain *d, gfn_t g, mfn_t m, enum p2m_type type)
{
    const uint64_t step = 1ull << ORDER_2M;
    uint64_t i;
    int rc = 0;

    for (i = 0; i < 1ull << ORDER_1G && !rc; i += step)
        rc = p2m_map(d, gfn_add(g, i), mfn_add(m, i), ORDER_2M, type);
    if (!rc)
        return 0;
    /* The references go back to the caller: the map drops its own. */
    for (uint64_t k = 0; k < i - step; k++)
        if (p2m_type_has_page(type) && mfn_has_page(mfn_add(m, k)))
            page_get(mfn_to_page(mfn_add(m, k)));
    for (uint64_t k = 0; k < i - step; k += step)
        (void)p2m_unmap(d, gfn_add(g, k), ORDER_2M, mfn_add(m, k));
    return rc;
}

int p2m_map(struct domain *d, gfn_t g, mfn_t m, unsigned int order,
            enum p2m_type type)
{
    struct p2m *p = p2m_of(d);
    int rc;

    if ((order != ORDER_4K && order != ORDER_2M && order != ORDER_1G) ||
        !gfn_in_width(g, order) || !IS_ALIGNED(g.raw | m.raw, 1ull << order))
        return -EINVAL;
    if (order == ORDER_1G && !pt_format.has_1g)
        return map_pieces(d, g, m, type);
    spin_lock(&p->lock);
    rc = p->closed ? -EINVAL : range_replaceable(p, g, order);
    if (!rc)
        rc = map_one(d, g, m, order, type);
    spin_unlock(&p->lock);
    return rc;
}

/* Leaves that were taken out and whose references go after one flush. */
#define UNMAP_BATCH 64

struct unmaps {
    unsigned int nr;
    bool own; /* one of them at least was not lent */
    struct { uint64_t leaf; unsigned int order; } done[UNMAP_BATCH];
};

static void unmaps_finish(struct domain *d, struct unmaps *u)
{
    if (u->own)
        p2m_flush(d);
    else if (u->nr)
        p2m_flush_lent(d);
    for (unsigned int i = 0; i < u->nr; i++)
        put_leaf(u->done[i].leaf, u->done[i].order);
    u->nr = 0;
    u->own = false;
}

/* Takes out the part of the range that one leaf covers; *next is the gfn
 * after it. What is granted goes by p2m_unmap_grant() only. */
static int unmap_step(struct domain *d, gfn_t g, uint64_t end, mfn_t expect,
                      uint64_t *next, struct unmaps *u)
{
    struct p2m *p = p2m_of(d);
    unsigned int order;
    uint64_t *slot = slot_find(p, g, &order), old;

    *next = leaf_end(g.raw, order);
    old = *slot;
    if (!old)
        return mfn_is_invalid(expect) ? 0 : -EINVAL;
    if (pt_type(old) == P2M_GRANT_RW || pt_type(old) == P2M_GRANT_RO)
        return -EINVAL;
    if (!mfn_is_invalid(expect) &&
        pt_mfn(old).raw + (g.raw & ((1ull << order) - 1)) != expect.raw)
        return -EINVAL;
    /* A leaf that sticks out of the range is split first. */
    while (!IS_ALIGNED(g.raw, 1ull << order) || *next > end) {
        if (split(p, slot, order))
            return -ENOMEM;
        slot = slot_find(p, g, &order);
        old = *slot;
        *next = leaf_end(g.raw, order);
    }
    store_release(slot, 0);
    u->done[u->nr].leaf = old;
    u->done[u->nr++].order = order;
    u->own |= !p2m_type_is_lent(pt_type(old));
    if (u->nr == UNMAP_BATCH)
        unmaps_finish(d, u);
    return 0;
}

int p2m_unmap(struct domain *d, gfn_t g, unsigned int order, mfn_t expect)
{
    struct p2m *p = p2m_of(d);
    uint64_t end = g.raw + (1ull << order), next;
    struct unmaps u; /* a kilobyte: not cleared as a whole */
    int rc = 0;

    if (!gfn_in_width(g, order))
        return -EINVAL;
    u.nr = 0;
    u.own = false;
    spin_lock(&p->lock);
    for (uint64_t at = g.raw; at < end && !rc; at = next) {
        mfn_t want = mfn_is_invalid(expect)
                         ? expect : mfn_add(expect, at - g.raw);

        rc = unmap_step(d, gfn(at), end, want, &next, &u);
    }
    unmaps_finish(d, &u);
    spin_unlock(&p->lock);
    return rc;
}

int p2m_unmap_grant(struct domain *d, gfn_t g, mfn_t expect)
{
    struct p2m *p = p2m_of(d);
    uint64_t *slot, old;
    unsigned int order;
    int rc = -EINVAL;

    if (!gfn_in_width(g, 0))
        return rc;
    spin_lock(&p->lock);
    slot = slot_find(p, g, &order);
    old = *slot;
    if ((pt_type(old) == P2M_GRANT_RW || pt_type(old) == P2M_GRANT_RO) &&
        mfn_eq(pt_mfn(old), expect)) {
        store_release(slot, 0);
        rc = 0;
    }
    spin_unlock(&p->lock);
    if (!rc)
        put_leaf(old, ORDER_4K);
    return rc;
}

int p2m_change_type(struct domain *d, gfn_t g, enum p2m_type from,
                    enum p2m_type to)
{
    struct p2m *p = p2m_of(d);
    uint64_t *slot;
    unsigned int order;
    int rc = -EBUSY;

    if (!gfn_in_width(g, 0))
        return -EINVAL;
    spin_lock(&p->lock);
    slot = slot_find(p, g, &order);
    if (pt_type(*slot) == from && from != P2M_NONE) {
        rc = 0;
        if (order) {
            slot = slot_make(p, g, ORDER_4K);
            rc = slot ? 0 : -ENOMEM;
        }
        if (!rc)
            store_release(slot, pt_leaf(pt_mfn(*slot), ORDER_4K, to));
    }
    spin_unlock(&p->lock);
    return rc;
}

int p2m_allow_fetch(struct domain *d, gfn_t g)
{
    struct p2m_entry e = p2m_lookup(d, g);
    int rc;

    if (!pt_format.exec || e.order == ORDER_4K)
        return 0;
    rc = p2m_change_type(d, g, e.type, e.type);
    return rc == -EBUSY ? 0 : rc; /* nothing there, or changed meanwhile */
}

bool p2m_log_write(struct domain *d, gfn_t g)
{
    return !p2m_change_type(d, g, P2M_RAM, P2M_RAM_LOG) ||
           (pt_format.dirty &&
            !p2m_change_type(d, g, P2M_RAM_LOG, P2M_RAM_LOG));
}

/* Work of one p2m_relinquish() call, in leaves looked at. */
#define RELINQUISH_STEP 2048u

int p2m_relinquish(struct domain *d)
{
    struct p2m *p = p2m_of(d);
    unsigned int budget = RELINQUISH_STEP;

    if (!p)
        return 0;
    while (p->relinquish <= p->max_gfn) {
        unsigned int order;
        uint64_t *slot, old;

        if (!budget--)
            return -ERESTART;
        spin_lock(&p->lock);
        p->closed = true;
        slot = slot_find(p, gfn(p->relinquish), &order);
        old = *slot;
        /* A 1 GiB leaf is too much for one step. */
        if (old && order > ORDER_2M && !split(p, slot, order)) {
            spin_unlock(&p->lock);
            continue;
        }
        store_release(slot, 0);
        spin_unlock(&p->lock);
        put_leaf(old, order);
        p->relinquish = leaf_end(p->relinquish, order);
        if (old && order)
            budget = budget > 511 ? budget - 511 : 0;
    }
    return 0;
}

static void table_free(uint64_t *t, unsigned int order)
{
    for (unsigned int i = 0; order && i < PT_ENTRIES; i++)
        if (pt_is_table(t[i]))
            table_free(table_of(t[i]), order - 9);
    lodge_pages_free(t, 0);
}

void p2m_destroy(struct domain *d)
{
    struct p2m *p = d->hvm->p2m;

    if (!p)
        return;
    table_free(p->root, TOP_ORDER);
    heap_free(p);
    d->hvm->p2m = NULL;
}
