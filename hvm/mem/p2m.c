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
#include "hypervisor/abi/errno.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/mm/pt-bits.h"
#include "hypervisor/x86/smp.h"

#define TOP_ORDER 27u /* a PML4 entry spans 512 GiB */

/*
 * Entries. EPT and NPT agree on where the address is, on bit 7 for a large
 * page, and on bits that the CPU ignores, where the type is kept; they differ
 * only in flags, which are data of the vendor.
 * Sources: SDM vol. 3C 29.3.2, APM vol. 2 15.25.
 */
#define TYPE_SHIFT 52
#define TYPE_MASK 0xfull
#define ENTRIES 512u

struct pt_format pt_format;

/* Type of a leaf; P2M_NONE for a table or nothing. */
static enum p2m_type entry_type(uint64_t e)
{
    return (enum p2m_type)(e >> TYPE_SHIFT & TYPE_MASK);
}

static bool is_table(uint64_t e)
{
    return e && entry_type(e) == P2M_NONE;
}

static bool is_grant(uint64_t e)
{
    return entry_type(e) == P2M_GRANT_RW || entry_type(e) == P2M_GRANT_RO;
}

static mfn_t entry_mfn(uint64_t e)
{
    return maddr_to_mfn(e & PTE_ADDR);
}

static uint64_t *table_of(uint64_t e)
{
    return mfn_to_va(entry_mfn(e));
}

static uint64_t make_leaf(mfn_t m, unsigned int order, enum p2m_type t)
{
    uint64_t flags = pt_format.leaf[t];

    if (order)
        flags = (flags & ~pt_format.exec) | PTE_PS;
    return mfn_to_maddr(m) | flags | (uint64_t)t << TYPE_SHIFT;
}

/* Index of g in its table of leaves of this order (or tables above it). */
static unsigned int index_of(gfn_t g, unsigned int order)
{
    return (unsigned int)(g.raw >> order) & (ENTRIES - 1);
}

static bool gfn_in_width(gfn_t g, unsigned int order)
{
    uint64_t end = 1ull << (hvm_phys_bits() - PAGE_SHIFT);

    return g.raw < end && g.raw + (1ull << order) <= end;
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

int p2m_init(struct domain *d, struct p2m *p)
{
    d->hvm->p2m = p;
    spin_lock_init(&p->lock, LOCK_P2M);
    p->limit = P2M_NO_LIMIT;
    p->root = table_alloc(p);
    return p->root ? 0 : -ENOMEM;
}

unsigned int p2m_table_limit(const struct domain *d)
{
    uint32_t limit = READ_ONCE(d->hvm->p2m->limit);

    return limit == P2M_NO_LIMIT ? READ_ONCE(d->hvm->p2m->tables) : limit;
}

/* The slot that covers g, its order, and what it holds: a leaf or nothing. It
 * never changes anything; without the lock there may be something else by now.
 */
static inline uint64_t *slot_find(struct p2m *p, gfn_t g, unsigned int *order,
                                  uint64_t *e)
{
    uint64_t *slot = &p->root[index_of(g, TOP_ORDER)];

    for (*order = TOP_ORDER; is_table(*e = READ_ONCE(*slot)); *order -= 9)
        slot = &table_of(*e)[index_of(g, *order - 9)];
    return slot;
}

/* The frame for g of a leaf of this order. */
static mfn_t leaf_mfn(uint64_t e, gfn_t g, unsigned int order)
{
    return mfn_add(entry_mfn(e), g.raw & ((1ull << order) - 1));
}

/* What is at g, for readers without the lock, with the slot it is from and
 * what that held. NULL beyond the guest's physical width. */
static inline const uint64_t *leaf_find(struct domain *d, gfn_t g,
                                        struct p2m_entry *r, uint64_t *e)
{
    const uint64_t *slot;

    *r = (struct p2m_entry){ INVALID_MFN, P2M_NONE, ORDER_4K };
    if (unlikely(!gfn_in_width(g, ORDER_4K)))
        return NULL;
    slot = slot_find(d->hvm->p2m, g, &r->order, e);
    r->type = entry_type(*e);
    if (r->type != P2M_NONE)
        r->mfn = leaf_mfn(*e, g, r->order);
    return slot;
}

struct p2m_entry p2m_lookup(struct domain *d, gfn_t g)
{
    struct p2m_entry r;
    uint64_t e;

    (void)leaf_find(d, g, &r, &e);
    return r;
}

int guest_frame_get(struct domain *d, gfn_t g, bool write, struct page **pg)
{
    struct p2m_entry r;
    uint64_t e;

    /* The entry may go between the look and the reference: look twice. */
    for (unsigned int tries = 0; tries < 16; tries++) {
        const uint64_t *slot = leaf_find(d, g, &r, &e);

        if (!p2m_type_has_page(r.type))
            return -EINVAL;
        if (write && !p2m_type_writable(r.type))
            return -EROFS;
        *pg = mfn_to_page(r.mfn);
        if (!page_try_get(*pg))
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

    if (!t)
        return -ENOMEM;
    for (unsigned int i = 0; e && i < ENTRIES; i++)
        t[i] = make_leaf(mfn_add(entry_mfn(e), (uint64_t)i << (order - 9)),
                         order - 9, entry_type(e));
    store_release(slot, va_to_maddr(t) | pt_format.table);
    return 0;
}

/*
 * The slot for g in the table of leaves of `order`, making tables and
 * splitting leaves on the way; NULL without memory.
 */
static uint64_t *slot_make(struct p2m *p, gfn_t g, unsigned int order)
{
    uint64_t *slot = &p->root[index_of(g, TOP_ORDER)];

    for (unsigned int o = TOP_ORDER; o > order; o -= 9) {
        if (!is_table(*slot) && split(p, slot, o))
            return NULL;
        slot = &table_of(*slot)[index_of(g, o - 9)];
    }
    return slot;
}

static void put_leaf(uint64_t e, unsigned int order)
{
    if (!p2m_type_has_page(entry_type(e)))
        return;
    for (uint64_t i = 0; i < 1ull << order; i++)
        page_put(mfn_to_page(mfn_add(entry_mfn(e), i)));
}

/* Every vCPU of d has been out of its guest, but for current. */
static void wait_for_vcpus(struct domain *d)
{
    struct cpumask busy = { { 0 } };

    for_vcpus (d, v)
        if (v != current && READ_ONCE(v->on_cpu))
            cpumask_set(&busy, v->cpu);
    if (cpumask_next(&busy, 0) < MAX_CPUS)
        smp_call(&busy, NULL, NULL);
}

void guest_grant_flush(struct domain *d)
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
    guest_grant_flush(d);
}

void p2m_collect_writes(struct domain *d)
{
    if (pt_format.dirty)
        wait_for_vcpus(d);
}

/* Writes n slots in a row, or follows them where smaller pieces were mapped
 * before. */
static void fill(struct domain *d, uint64_t *slot, unsigned int n, mfn_t m,
                 unsigned int order, enum p2m_type type)
{
    for (; n--; slot++, m = mfn_add(m, 1ull << order)) {
        uint64_t old = *slot;

        if (is_table(old)) {
            fill(d, table_of(old), ENTRIES, m, order - 9, type);
            continue;
        }
        store_release(slot, make_leaf(m, order, type));
        if (old) {
            p2m_flush(d);
            put_leaf(old, order);
        }
    }
}

/* -EBUSY if something in the range may not be replaced by a mapping. */
static int range_replaceable(struct p2m *p, gfn_t g, unsigned int order)
{
    uint64_t end = g.raw + (1ull << order);

    for (uint64_t at = g.raw; at < end;) {
        unsigned int o;
        uint64_t e;

        (void)slot_find(p, gfn(at), &o, &e);
        if (p2m_type_is_lent(entry_type(e)))
            return -EBUSY;
        at = leaf_end(at, o);
    }
    return 0;
}

int p2m_map(struct domain *d, gfn_t g, mfn_t m, unsigned int order,
            enum p2m_type type)
{
    /* In place of a 1 GiB leaf the one table that its pieces need is made:
     * then nothing can fail. */
    unsigned int leaf = pt_format.has_1g ? order : MIN(order, ORDER_2M);
    struct p2m *p = d->hvm->p2m;
    uint64_t *slot;
    int rc;

    if ((order != ORDER_4K && order != ORDER_2M && order != ORDER_1G) ||
        !gfn_in_width(g, order) || !IS_ALIGNED(g.raw | m.raw, 1ull << order))
        return -EINVAL;
    ASSERT(!p2m_type_has_page(type) || m.raw < frame_table_size);
    spin_lock(&p->lock);
    /* What enters a map that is being emptied would never leave. */
    rc = READ_ONCE(d->dying) != DOMAIN_ALIVE ? -EINVAL
                                             : range_replaceable(p, g, order);
    slot = rc ? NULL : slot_make(p, g, leaf);
    if (slot) {
        fill(d, slot, 1u << (order - leaf), m, leaf, type);
        p->max_gfn = MAX(p->max_gfn, g.raw + (1ull << order) - 1);
    } else if (!rc) {
        rc = -ENOMEM;
    }
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

/* Grants are flushed by who takes them out. */
static void unmaps_finish(struct domain *d, struct unmaps *u, bool grants)
{
    if (u->own)
        p2m_flush(d);
    else if (u->nr && !grants)
        guest_grant_flush(d);
    for (unsigned int i = 0; i < u->nr; i++)
        put_leaf(u->done[i].leaf, u->done[i].order);
    u->nr = 0;
    u->own = false;
}

/* p2m_unmap(), or guest_grant_unmap(). */
static int unmap(struct domain *d, gfn_t g, unsigned int order, mfn_t expect,
                 bool grants)
{
    struct p2m *p = d->hvm->p2m;
    uint64_t at = g.raw, end = at + (1ull << order);
    struct unmaps u; /* a kilobyte: not cleared as a whole */
    int rc = 0;

    if (!gfn_in_width(g, order))
        return -EINVAL;
    u.nr = 0;
    u.own = false;
    spin_lock(&p->lock);
    while (at < end && !rc) {
        unsigned int o;
        uint64_t old, *slot = slot_find(p, gfn(at), &o, &old);
        uint64_t next = leaf_end(at, o);

        if (is_grant(old) != grants ||
            (!mfn_is_invalid(expect) &&
             (!old || leaf_mfn(old, gfn(at), o).raw + g.raw !=
                      expect.raw + at))) {
            rc = -EINVAL;
        } else if (old && (!IS_ALIGNED(at, 1ull << o) || next > end)) {
            rc = split(p, slot, o); /* it sticks out of the range */
        } else {
            at = next;
            if (!old)
                continue;
            store_release(slot, 0);
            u.done[u.nr].leaf = old;
            u.done[u.nr++].order = o;
            u.own |= !p2m_type_is_lent(entry_type(old));
            if (u.nr == UNMAP_BATCH)
                unmaps_finish(d, &u, grants);
        }
    }
    unmaps_finish(d, &u, grants);
    spin_unlock(&p->lock);
    return rc;
}

int p2m_unmap(struct domain *d, gfn_t g, unsigned int order, mfn_t expect)
{
    return unmap(d, g, order, expect, false);
}

int guest_grant_unmap(struct domain *d, gfn_t g, mfn_t expect)
{
    return unmap(d, g, ORDER_4K, expect, true);
}

int guest_grant_map(struct domain *d, gfn_t g, mfn_t m, bool readonly)
{
    struct page *pg = mfn_to_page(m);
    int rc;

    page_get(pg);
    rc = p2m_map(d, g, m, ORDER_4K, readonly ? P2M_GRANT_RO : P2M_GRANT_RW);
    if (rc)
        page_put(pg);
    return rc;
}

int p2m_change_type(struct domain *d, gfn_t g, enum p2m_type from,
                    enum p2m_type to)
{
    struct p2m *p = d->hvm->p2m;
    uint64_t *slot, e;
    unsigned int order;
    int rc = -EBUSY;

    if (!gfn_in_width(g, 0))
        return -EINVAL;
    spin_lock(&p->lock);
    slot = slot_find(p, g, &order, &e);
    if (entry_type(e) == from && from != P2M_NONE) {
        if (order)
            slot = slot_make(p, g, ORDER_4K);
        rc = slot ? 0 : -ENOMEM;
        if (slot)
            store_release(slot, make_leaf(entry_mfn(*slot), ORDER_4K, to));
    }
    spin_unlock(&p->lock);
    return rc;
}

int p2m_allow_fetch(struct domain *d, gfn_t g)
{
    struct p2m_entry e = p2m_lookup(d, g);

    if (!pt_format.exec || e.order == ORDER_4K)
        return 0;
    /* -EBUSY: nothing there, or changed meanwhile. */
    return p2m_change_type(d, g, e.type, e.type) == -ENOMEM ? -ENOMEM : 0;
}

bool p2m_log_write(struct domain *d, gfn_t g)
{
    return !p2m_change_type(d, g, P2M_RAM, P2M_RAM_LOG) ||
           (pt_format.dirty &&
            !p2m_change_type(d, g, P2M_RAM_LOG, P2M_RAM_LOG));
}

/* Work of one p2m_relinquish() call, in leaves looked at. */
#define RELINQUISH_STEP 2048

int p2m_relinquish(struct domain *d)
{
    struct p2m *p = d->hvm->p2m;
    int budget = RELINQUISH_STEP;

    while (p->relinquish <= p->max_gfn) {
        unsigned int order;
        uint64_t *slot, old;

        if (budget <= 0)
            return -ERESTART;
        spin_lock(&p->lock);
        slot = slot_find(p, gfn(p->relinquish), &order, &old);
        /* A 1 GiB leaf is too much for one step. */
        if (old && order > ORDER_2M && !split(p, slot, order)) {
            spin_unlock(&p->lock);
            continue;
        }
        store_release(slot, 0);
        spin_unlock(&p->lock);
        put_leaf(old, order);
        p->relinquish = leaf_end(p->relinquish, order);
        budget -= old ? 1 << order : 1;
    }
    return 0;
}

static void table_free(uint64_t *t, unsigned int order)
{
    for (unsigned int i = 0; order && i < ENTRIES; i++)
        if (is_table(t[i]))
            table_free(table_of(t[i]), order - 9);
    lodge_pages_free(t, 0);
}

void p2m_destroy(struct domain *d)
{
    if (d->hvm->p2m->root)
        table_free(d->hvm->p2m->root, TOP_ORDER);
}
