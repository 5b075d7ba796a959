/* sources: hvm/mem/p2m.c hvm/mem/peek.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest physical map against a flat array: random maps of 4 KiB and
 * 2 MiB, unmaps of any size, changes of type and lookups, with failing
 * allocations; no frame is freed while a translation of it is cached, and no
 * reference is left at the end. Then the cases that have a name.
 */
#include "tests/unit/hvm-fakes.h"

TEST_PROGRAM;

#define GFNS (8u << 9) /* of the model */
#define BEYOND (FAKE_FRAMES + 0x1000) /* device memory */

static struct {
    uint64_t mfn;
    enum p2m_type type;
} model[GFNS];

static struct domain *d; /* whose map it is */

static bool is_grant(enum p2m_type t)
{
    return t == P2M_GRANT_RW || t == P2M_GRANT_RO;
}

static bool has_page(enum p2m_type t)
{
    return t != P2M_NONE && t != P2M_MMIO;
}

static void compare(uint64_t g)
{
    struct p2m_entry e = p2m_lookup(d, gfn(g));

    CHECK_EQ(e.type, model[g].type);
    if (e.type == P2M_NONE)
        CHECK(mfn_is_invalid(e.mfn));
    else
        CHECK_EQ(e.mfn.raw, model[g].mfn);
}

static void put_block(struct page *pg, unsigned int order)
{
    for (unsigned int i = 0; i < 1u << order; i++)
        page_put(pg + i);
}

static void do_map(uint64_t g, unsigned int order)
{
    static const enum p2m_type types[] = {
        P2M_RAM, P2M_RAM, P2M_RAM_LOG, P2M_RAM_RO, P2M_FOREIGN, P2M_GRANT_RW,
        P2M_GRANT_RO, P2M_MMIO,
    };
    enum p2m_type t = types[fake_random(order ? 3 : ARRAY_SIZE(types))];
    struct domain *owner = t < P2M_FOREIGN ? d : &doms[2].d;
    struct page *pg = NULL;
    mfn_t m = mfn(BEYOND + g);
    int want = 0, rc;

    if (t != P2M_MMIO) {
        fake_fail_after(-1);
        pg = page_alloc(owner->id, order, 0);
        (void)atomic_fetch_add(&owner->frames, 1u << order);
        m = page_to_mfn(pg);
    }
    for (unsigned int i = 0; i < 1u << order; i++)
        if (model[g + i].type == P2M_FOREIGN || is_grant(model[g + i].type))
            want = -EBUSY;
    if (fake_random(4) == 0)
        fake_fail_after((int)fake_random(3));
    rc = p2m_map(d, gfn(g), m, order, t);
    fake_fail_after(-1);
    if (rc != -ENOMEM || want)
        CHECK_EQ(rc, want);
    if (rc && pg)
        put_block(pg, order);
    for (unsigned int i = 0; !rc && i < 1u << order; i++) {
        model[g + i].mfn = m.raw + i;
        model[g + i].type = t;
    }
}

static void do_unmap(uint64_t g, unsigned int order, bool expect)
{
    mfn_t m = expect && has_page(model[g].type) ? mfn(model[g].mfn)
                                                : INVALID_MFN;
    uint64_t i;
    int want = 0, rc;

    if (fake_random(4) == 0)
        fake_fail_after((int)fake_random(2));
    rc = p2m_unmap(d, gfn(g), order, m);
    fake_fail_after(-1);
    for (i = 0; i < 1u << order && !want; i++) {
        if (is_grant(model[g + i].type) ||
            (!mfn_is_invalid(m) && (model[g + i].type == P2M_NONE ||
                                    model[g + i].mfn != m.raw + i)))
            want = -EINVAL;
        else if (rc == -ENOMEM &&
                 p2m_lookup(d, gfn(g + i)).type != P2M_NONE)
            want = -ENOMEM; /* a leaf that it could not split */
        else
            model[g + i].type = P2M_NONE;
    }
    CHECK_EQ(rc, want);
}

static void do_unmap_grant(uint64_t g)
{
    mfn_t m = mfn(model[g].mfn + (fake_random(8) == 0));
    bool ok = is_grant(model[g].type) && m.raw == model[g].mfn;
    struct page *pg = ok ? mfn_to_page(m) : NULL;

    if (pg)
        page_get(pg);
    CHECK_EQ(guest_grant_unmap(d, gfn(g), m), ok ? 0 : -EINVAL);
    if (pg) {
        model[g].type = P2M_NONE;
        p2m_flush(d);
        page_put(pg);
    }
}

static void do_change(uint64_t g)
{
    static const enum p2m_type kinds[] = { P2M_RAM, P2M_RAM_LOG, P2M_RAM_RO };
    enum p2m_type from = kinds[fake_random(3)], to = kinds[fake_random(3)];
    int rc;

    if (fake_random(4) == 0)
        fake_fail_after(0);
    rc = p2m_change_type(d, gfn(g), from, to);
    fake_fail_after(-1);
    if (rc == -ENOMEM)
        return;
    CHECK_EQ(rc, model[g].type == from ? 0 : -EBUSY);
    if (!rc)
        model[g].type = to;
}

static void do_get(uint64_t g, bool write)
{
    enum p2m_type t = model[g].type;
    struct page *pg;
    int rc = guest_frame_get(d, gfn(g), write, &pg);

    CHECK_EQ(rc, !has_page(t) ? -EINVAL
                 : write && (t == P2M_RAM_RO || t == P2M_GRANT_RO) ? -EROFS
                                                                   : 0);
    if (!rc) {
        CHECK_EQ(page_to_mfn(pg).raw, model[g].mfn);
        page_put(pg);
    }
}

static void random_operations(void)
{
    memset(model, 0, sizeof(model));
    d = &doms[1].d;
    for (unsigned int n = 0; n < 30000; n++) {
        uint64_t g = fake_random(GFNS);
        unsigned int order;

        switch (fake_random(10)) {
        case 0:
            do_map(ALIGN_DOWN(g, 512ul), ORDER_2M);
            break;
        case 1: case 2: case 3:
            do_map(g, ORDER_4K);
            break;
        case 4:
            order = fake_random(8) ? fake_random(4) : ORDER_2M;
            do_unmap(ALIGN_DOWN(g, 1ul << order), order, fake_random(2));
            break;
        case 5:
            if (has_page(model[g].type))
                do_unmap(g, ORDER_4K, true);
            break;
        case 6:
            do_unmap_grant(g);
            break;
        case 7:
            do_change(g);
            break;
        default:
            do_get(g, fake_random(2));
            break;
        }
        fake_enter(d);
        fake_touch(d, gfn(fake_random(GFNS)));
        compare(g);
        compare(fake_random(GFNS));
        if (test_failures)
            return;
    }
    for (uint64_t g = 0; g < GFNS; g++)
        compare(g);
}

static void limits(void)
{
    const uint64_t end = 1ull << (hvm_phys_bits() - PAGE_SHIFT);
    struct page *pg;

    d = &doms[2].d;
    CHECK_EQ(p2m_map(d, gfn(end), mfn(0), 0, P2M_MMIO), -EINVAL);
    CHECK_EQ(p2m_map(d, gfn(~0ull), mfn(0), 0, P2M_MMIO), -EINVAL);
    CHECK_EQ(p2m_map(d, gfn(1), mfn(512), 9, P2M_MMIO), -EINVAL);
    CHECK_EQ(p2m_map(d, gfn(512), mfn(1), 9, P2M_MMIO), -EINVAL);
    CHECK_EQ(p2m_map(d, gfn(0), mfn(0), 1, P2M_MMIO), -EINVAL);
    CHECK_EQ(p2m_map(d, gfn(0), mfn(0), 27, P2M_MMIO), -EINVAL);
    CHECK_EQ(p2m_unmap(d, gfn(end - 1), 1, INVALID_MFN), -EINVAL);
    CHECK_EQ(p2m_unmap(d, gfn(~0ull), 0, INVALID_MFN), -EINVAL);
    CHECK_EQ(p2m_change_type(d, gfn(end), P2M_RAM, P2M_RAM_RO), -EINVAL);
    CHECK_EQ(guest_frame_get(d, gfn(~0ull), false, &pg), -EINVAL);
    CHECK_EQ(p2m_lookup(d, gfn(end)).type, P2M_NONE);
    CHECK_EQ(p2m_map(d, gfn(end - 1), mfn(7), 0, P2M_MMIO), 0);
    CHECK_EQ(p2m_lookup(d, gfn(end - 1)).mfn.raw, 7);
    CHECK_EQ(d->hvm->p2m->max_gfn, end - 1);
    /* The toolstack's limit on tables. */
    CHECK_EQ(p2m_table_limit(d), d->hvm->p2m->tables);
    d->hvm->p2m->limit = 0;
    CHECK_EQ(p2m_map(d, gfn(0), mfn(7), 0, P2M_MMIO), -ENOMEM);
    d->hvm->p2m->limit = d->hvm->p2m->tables;
    CHECK_EQ(p2m_map(d, gfn(0), mfn(7), 0, P2M_MMIO), -ENOMEM);
    d->hvm->p2m->limit = d->hvm->p2m->tables + 3;
    CHECK_EQ(p2m_map(d, gfn(0), mfn(7), 0, P2M_MMIO), 0);
}

/* 1 GiB in 2 MiB leaves, where the last fail: all references come back. */
static void gigabyte_fails_halfway(void)
{
    struct page *pg = page_alloc(1, ORDER_1G, 0);
    unsigned int tables;

    d = &doms[1].d;
    (void)atomic_fetch_add(&d->frames, 1u << ORDER_1G);
    fake_pt_format(false);
    /* Something granted in its last 2 MiB. */
    tables = d->hvm->p2m->tables;
    page_get(pg);
    CHECK_EQ(p2m_map(d, gfn((2ul << ORDER_1G) - 1), page_to_mfn(pg), 0,
                     P2M_GRANT_RW), 0);
    CHECK_EQ(p2m_map(d, gfn(1ul << ORDER_1G), page_to_mfn(pg), ORDER_1G,
                     P2M_RAM), -EBUSY);
    CHECK_EQ(p2m_lookup(d, gfn(1ul << ORDER_1G)).type, P2M_NONE);
    CHECK_EQ(pg[1].count, 1);
    CHECK_EQ(pg[(1u << ORDER_1G) - 1].count, 1);
    CHECK_EQ(guest_grant_unmap(d, gfn((2ul << ORDER_1G) - 1), page_to_mfn(pg)),
             0);
    CHECK_EQ(p2m_map(d, gfn(1ul << ORDER_1G), page_to_mfn(pg), ORDER_1G,
                     P2M_RAM), 0);
    CHECK_EQ(p2m_lookup(d, gfn(1ul << ORDER_1G)).order, ORDER_2M);
    CHECK(d->hvm->p2m->tables > tables);
    fake_pt_format(true);
}

/* A 1 GiB leaf is split twice for one gfn. */
static void gigabyte_split(void)
{
    struct page *pg = page_alloc(2, ORDER_1G, 0);

    d = &doms[2].d;
    d->hvm->p2m->limit = ~0u;
    (void)atomic_fetch_add(&d->frames, 1u << ORDER_1G);
    CHECK_EQ(p2m_map(d, gfn(1ul << ORDER_1G), page_to_mfn(pg), ORDER_1G,
                     P2M_RAM), 0);
    CHECK_EQ(p2m_lookup(d, gfn((1ul << ORDER_1G) + 777)).order, ORDER_1G);
    CHECK_EQ(p2m_lookup(d, gfn((1ul << ORDER_1G) + 777)).mfn.raw,
             page_to_mfn(pg).raw + 777);
    CHECK_EQ(p2m_unmap(d, gfn((1ul << ORDER_1G) + 777), 0, INVALID_MFN), 0);
    CHECK_EQ(pg[777].count, 0);
    CHECK_EQ(p2m_lookup(d, gfn((1ul << ORDER_1G) + 777)).type, P2M_NONE);
    CHECK_EQ(p2m_lookup(d, gfn((1ul << ORDER_1G) + 778)).order, ORDER_4K);
    CHECK_EQ(p2m_lookup(d, gfn((1ul << ORDER_1G) + 1024)).order, ORDER_2M);
}

/* Asking for the next write, by a fault and by a log of the CPU's. */
static void next_write_is_noted(void)
{
    unsigned int order;

    d = &doms[1].d;
    for (unsigned int logs = 0; logs < 2; logs++) {
        uint64_t *leaf;

        if (logs)
            fake_pt_logs();
        (void)fake_ram(d, 0x500000, ORDER_2M);
        CHECK_EQ(*fake_leaf(d, gfn(0x500000), &order) & FAKE_DIRTY,
                 logs ? FAKE_DIRTY : 0);
        CHECK(p2m_log_write(d, gfn(0x500003)));
        leaf = fake_leaf(d, gfn(0x500003), &order);
        CHECK_EQ(order, ORDER_4K);
        CHECK_EQ(*leaf & (2 | FAKE_DIRTY), logs ? 2 : 0);
        CHECK_EQ(p2m_lookup(d, gfn(0x500003)).type, P2M_RAM_LOG);
        CHECK_EQ(*fake_leaf(d, gfn(0x500004), &order) & (2 | FAKE_DIRTY),
                 logs ? 2 | FAKE_DIRTY : 2);
        /* Again after the CPU has logged one; a fault is still to come. */
        if (logs)
            *leaf |= FAKE_DIRTY;
        CHECK_EQ(p2m_log_write(d, gfn(0x500003)), logs);
        CHECK_EQ(*leaf & (2 | FAKE_DIRTY), logs ? 2 : 0);
        CHECK_EQ(p2m_change_type(d, gfn(0x500003), P2M_RAM_LOG, P2M_RAM), 0);
        CHECK_EQ(*leaf & (2 | FAKE_DIRTY), logs ? 2 | FAKE_DIRTY : 2);
        CHECK_EQ(p2m_unmap(d, gfn(0x500000), ORDER_2M, INVALID_MFN), 0);
        CHECK(!p2m_log_write(d, gfn(0x500003)));
    }
    fake_pt_format(true);
}

/* A CPU that must not execute from large leaves: what is fetched from, and no
 * more, is split to the size that may be. */
static void large_leaves_are_not_executed(void)
{
    const uint64_t x = 4, g = 3ul << ORDER_1G;
    struct page *pg = page_alloc(1, ORDER_1G, 0);
    unsigned int order;

    d = &doms[1].d;
    (void)atomic_fetch_add(&d->frames, 1u << ORDER_1G);
    pt_format.exec = x;
    CHECK_EQ(p2m_map(d, gfn(g), page_to_mfn(pg), ORDER_1G, P2M_RAM), 0);
    CHECK_EQ(*fake_leaf(d, gfn(g), &order) & x, 0);
    CHECK_EQ(order, ORDER_1G);
    fake_fail_after(0);
    CHECK_EQ(p2m_allow_fetch(d, gfn(g + 1030)), -ENOMEM);
    fake_fail_after(-1);
    CHECK_EQ(p2m_allow_fetch(d, gfn(g + 1030)), 0);
    for (unsigned int i = 1024; i < 1536; i++) {
        CHECK_EQ(*fake_leaf(d, gfn(g + i), &order) & x, x);
        CHECK_EQ(order, ORDER_4K);
        CHECK_EQ(p2m_lookup(d, gfn(g + i)).mfn.raw, page_to_mfn(pg).raw + i);
        CHECK_EQ(p2m_lookup(d, gfn(g + i)).type, P2M_RAM);
    }
    CHECK_EQ(*fake_leaf(d, gfn(g + 1023), &order) & x, 0);
    CHECK_EQ(order, ORDER_2M);
    CHECK_EQ(*fake_leaf(d, gfn(g + 1536), &order) & x, 0);
    CHECK_EQ(order, ORDER_2M);
    /* Nothing there, small, or every size may be executed: as it was. */
    CHECK_EQ(p2m_allow_fetch(d, gfn(5ul << ORDER_1G)), 0);
    CHECK_EQ(p2m_lookup(d, gfn(5ul << ORDER_1G)).type, P2M_NONE);
    CHECK_EQ(p2m_allow_fetch(d, gfn(g + 1030)), 0);
    pt_format.exec = 0;
    CHECK_EQ(p2m_allow_fetch(d, gfn(g)), 0);
    (void)fake_leaf(d, gfn(g), &order);
    CHECK_EQ(order, ORDER_2M);
    CHECK_EQ(p2m_unmap(d, gfn(g), ORDER_1G, INVALID_MFN), 0);
}

/* Many leaves go with few flushes: each is a wait for other CPUs. */
static void flushes_are_batched(void)
{
    static unsigned int calls;

    d = &doms[1].d;
    for (unsigned int i = 0; i < 512; i++)
        (void)fake_ram(d, 0x400000 + i, 0);
    fake_enter(d);
    calls = fake_pages_freed;
    doms[1].flushes = 0;
    CHECK_EQ(p2m_unmap(d, gfn(0x400000), ORDER_2M, INVALID_MFN), 0);
    CHECK_EQ(fake_pages_freed - calls, 512);
    CHECK(doms[1].flushes <= 16);
}

/* The page that stands for the local APIC's registers is no RAM: nobody gets
 * a reference, none is dropped when it leaves the map in any of the ways. */
static void apic_page(void)
{
    const gfn_t at = gfn(0xfee00);
    void *page = lodge_pages_alloc(0);
    mfn_t m = va_to_mfn(page);
    struct page *pg;

    d = &doms[0].d;
    for (unsigned int way = 0; way < 3; way++) {
        CHECK_EQ(p2m_map(d, at, m, 0, P2M_APIC), 0);
        CHECK_EQ(p2m_lookup(d, at).type, P2M_APIC);
        CHECK_EQ(p2m_lookup(d, at).mfn.raw, m.raw);
        CHECK_EQ(guest_frame_get(d, at, false, &pg), -EINVAL);
        CHECK_EQ(p2m_change_type(d, at, P2M_RAM, P2M_RAM_LOG), -EBUSY);
        if (way == 0)
            CHECK_EQ(p2m_unmap(d, at, 0, m), 0);
        else if (way == 1)
            (void)fake_ram(d, at.raw, 0);
    }
    while (p2m_relinquish(d) == -ERESTART)
        ;
    CHECK_EQ(mfn_to_page(m)->count, 1);
    lodge_pages_free(page, 0);
}

/* Nothing enters a map that is being emptied: it would never leave. */
static void nothing_after_relinquish(void)
{
    struct page *pg = page_alloc(2, 0, 0);

    d = &doms[2].d;
    (void)atomic_fetch_add(&d->frames, 1);
    (void)fake_ram(d, 5, 0);
    d->dying = DOMAIN_DYING;
    while (p2m_relinquish(d) == -ERESTART)
        ;
    CHECK_EQ(p2m_lookup(d, gfn(5)).type, P2M_NONE);
    CHECK_EQ(p2m_map(d, gfn(5), page_to_mfn(pg), 0, P2M_RAM), -EINVAL);
    page_put(pg);
}

int main(void)
{
    unsigned int before = fake_allocs();

    fake_doms_create();
    gigabyte_fails_halfway(); /* first, while there is a GiB in one piece */
    gigabyte_split();
    large_leaves_are_not_executed();
    random_operations();
    limits();
    flushes_are_batched();
    apic_page();
    next_write_is_noted();
    nothing_after_relinquish();
    fake_doms_destroy();
    CHECK_EQ(fake_allocs(), before);
    return test_result();
}
