/* sources: hypervisor/core/grant.c hypervisor/hypercall/grant-op.c hypervisor/hypercall/subop.c hypervisor/core/access.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Grant tables: random maps, unmaps, copies and changes of entries by three
 * domains against a plain model that knows every use, every flag and every
 * reference; then limits and failures, tear-down, hostile granters and
 * several mappers at once, and the decoding of the hypercall.
 */
/* The C library's function of this name is not the scheduler's. */
#define sched_yield host_sched_yield
#include <pthread.h>
#undef sched_yield

#include "hvm/mem/guest-copy.h"
#include "hypervisor/abi/compat.h"
#include "hypervisor/core/grant.h"
#include "hypervisor/cpu/atomic.h"
#include "hypervisor/hypercall/calls.h"
#include "tests/unit/fake-domains.h"

TEST_PROGRAM;

#define REFS 16 /* that the model uses */
#define MAPS 400

/* --- The model: each use of an entry, each mapping. --- */

static struct use {
    unsigned int readers, writers;
    unsigned int user;
    uint32_t gfn;
    struct page *pg;
} use[NR_DOMS][REFS];

static struct map {
    enum { NONE, MAPPED, UNMAPPED } state; /* UNMAPPED: not flushed yet */
    grant_handle_t handle;
    unsigned int granter, ref;
    bool readonly, host, device;
    uint64_t gfn;
    mfn_t m;
} maps[NR_DOMS][MAPS];

static struct grant_unmaps batch[NR_DOMS];

static struct grant_entry_v1 *entry(unsigned int d, grant_ref_t ref)
{
    struct page *pg = NULL;

    if (grant_frame(&doms[d].d, ref / 512, &pg))
        abort();
    return (struct grant_entry_v1 *)fake_frame(page_to_mfn(pg)) + ref % 512;
}

static bool used(const struct use *u)
{
    return u->readers || u->writers;
}

/* The page at a gfn that its domain may grant, or NULL. */
static struct page *own_page(unsigned int d, uint64_t gfn_nr, bool write)
{
    uint64_t i = gfn_nr - NR_GFNS;

    if (gfn_nr < NR_GFNS)
        return write && doms[d].readonly[gfn_nr] ? NULL
                                                 : doms[d].ram[gfn_nr];
    /* A grant from itself to itself. */
    if (i < GRANT_GFNS && doms[d].grants[i].used &&
        !(write && doms[d].grants[i].readonly) &&
        mfn_to_page(doms[d].grants[i].m)->owner == d)
        return mfn_to_page(doms[d].grants[i].m);
    return NULL;
}

static int m_pin(unsigned int d, grant_ref_t ref, unsigned int user,
                 bool readonly, bool mapping)
{
    struct use *u = &use[d][ref];
    struct grant_entry_v1 *e = entry(d, ref);
    struct page *pg;

    if (used(u) && u->user != user)
        return GNTST_general_error;
    if (!used(u) &&
        ((e->flags & GTF_type_mask) != GTF_permit_access ||
         (mapping && (e->flags & GTF_sub_page)) || e->domid != user))
        return GNTST_general_error;
    if (!readonly && !u->writers && (e->flags & GTF_readonly))
        return GNTST_general_error;
    if (!used(u) || (!readonly && !u->writers)) {
        pg = own_page(d, used(u) ? u->gfn : e->frame, !readonly);
        if (!pg)
            return GNTST_bad_page;
        if (used(u) && pg != u->pg)
            return GNTST_general_error;
        if (!used(u))
            *u = (struct use){ .user = user, .gfn = e->frame, .pg = pg };
    }
    u->readers += readonly;
    u->writers += !readonly;
    return GNTST_okay;
}

static void m_unpin(unsigned int d, grant_ref_t ref, bool readonly)
{
    use[d][ref].readers -= readonly;
    use[d][ref].writers -= !readonly;
}

/* Every flag and every reference is as the model says. */
static void compare(void)
{
    for (unsigned int d = 0; d < NR_DOMS; d++) {
        unsigned int refs = 1;

        for (unsigned int r = 0; r < REFS; r++) {
            uint16_t flags = entry(d, r)->flags;

            CHECK_EQ(!!(flags & GTF_reading), used(&use[d][r]));
            CHECK_EQ(!!(flags & GTF_writing), use[d][r].writers != 0);
        }
        for (unsigned int i = 0; i < NR_DOMS; i++)
            for (unsigned int n = 0; n < MAPS; n++)
                refs += maps[i][n].state != NONE && maps[i][n].granter == d;
        CHECK_EQ(doms[d].d.refs, refs);
        for (unsigned int g = 0; g < NR_GFNS; g++) {
            struct page *pg = doms[d].ram[g];
            unsigned int count = 1;

            if (!pg)
                continue;
            for (unsigned int r = 0; r < REFS; r++)
                count += used(&use[d][r]) && use[d][r].pg == pg;
            for (unsigned int i = 0; i < NR_DOMS; i++)
                for (unsigned int n = 0; n < MAPS; n++)
                    count += maps[i][n].state == MAPPED && maps[i][n].host &&
                             mfn_eq(maps[i][n].m, page_to_mfn(pg));
            CHECK_EQ(pg->count, count);
        }
    }
}

/* --- Random steps. --- */

static void change_entry(unsigned int d)
{
    grant_ref_t ref = fake_random(REFS);
    struct grant_entry_v1 *e = entry(d, ref);
    static const uint16_t types[] = {
        GTF_permit_access, GTF_permit_access, GTF_permit_access,
        GTF_permit_access, GTF_permit_access | GTF_readonly,
        GTF_permit_access | GTF_readonly, GTF_permit_access | GTF_sub_page,
        GTF_invalid, GTF_transitive, GTF_accept_transfer,
    };

    if (used(&use[d][ref])) { /* it keeps its use whatever is written now */
        if (fake_random(2))
            e->flags |= GTF_readonly;
        else
            e->flags = (e->flags & ~GTF_type_mask) | fake_random(4);
        if (!fake_random(4))
            e->domid = (domid_t)fake_random(NR_DOMS);
        if (!fake_random(4))
            e->frame = fake_random(12);
        return;
    }
    e->domid = (domid_t)fake_random(NR_DOMS);
    e->frame = fake_random(20) ? fake_random(12) : fake_random(200);
    e->flags = types[fake_random(ARRAY_SIZE(types))];
}

static void change_memory(unsigned int d)
{
    struct fake_domain *f = &doms[d];
    unsigned int g = fake_random(12);

    doms[d].readonly[g] = !fake_random(8);
    if (fake_random(4))
        return;
    if (f->ram[g])
        page_put(f->ram[g]); /* lives on while it is granted */
    f->ram[g] = fake_random(4) ? page_alloc(f->d.id, 0, 0) : NULL;
}

static void map_step(unsigned int d)
{
    unsigned int g = fake_random(NR_DOMS), n = 0;
    struct gnttab_map_grant_ref op = {
        .host_addr = (NR_GFNS + (uint64_t)fake_random(100)) << PAGE_SHIFT,
        .flags = fake_random(10) ? GNTMAP_host_map : GNTMAP_device_map,
        .ref = fake_random(REFS),
        .dom = (domid_t)g,
        .status = 99,
    };
    bool readonly = fake_random(2), host, device, taken;
    int want;

    if (!fake_random(8))
        op.flags = GNTMAP_host_map | GNTMAP_device_map;
    op.flags |= readonly ? GNTMAP_readonly : 0;
    if (!fake_random(50))
        op.flags |= GNTMAP_contains_pte;
    host = op.flags & GNTMAP_host_map;
    device = op.flags & GNTMAP_device_map;
    taken = doms[d].grants[(op.host_addr >> PAGE_SHIFT) - NR_GFNS].used;
    if ((op.flags & GNTMAP_contains_pte) || (device && d != 0)) {
        want = GNTST_general_error;
    } else {
        want = m_pin(g, op.ref, d, readonly, true);
        if (!want && host && taken) {
            m_unpin(g, op.ref, readonly);
            want = GNTST_general_error;
        }
    }
    op.status = (int16_t)grant_map(&doms[d].d, &op);
    CHECK_EQ(op.status, want);
    if (op.status || want)
        return;
    while (maps[d][n].state != NONE)
        n++;
    maps[d][n] = (struct map){
        .state = MAPPED, .handle = op.handle, .granter = g, .ref = op.ref,
        .readonly = readonly, .host = host, .device = device,
        .gfn = op.host_addr >> PAGE_SHIFT,
        .m = page_to_mfn(use[g][op.ref].pg),
    };
    CHECK_EQ(op.dev_bus_addr, mfn_to_maddr(maps[d][n].m));
    if (host) {
        CHECK_EQ(doms[d].grants[maps[d][n].gfn - NR_GFNS].m.raw,
                 maps[d][n].m.raw);
        CHECK_EQ(doms[d].grants[maps[d][n].gfn - NR_GFNS].readonly, readonly);
    }
}

static void unmaps_done(unsigned int d)
{
    grant_unmap_done(&doms[d].d, &batch[d]);
    CHECK(!doms[d].stale);
    for (unsigned int n = 0; n < MAPS; n++)
        if (maps[d][n].state == UNMAPPED) {
            m_unpin(maps[d][n].granter, maps[d][n].ref, maps[d][n].readonly);
            maps[d][n].state = NONE;
        }
}

static void unmap_step(unsigned int d)
{
    struct map *mp = &maps[d][fake_random(30)];
    struct gnttab_unmap_grant_ref op = { .handle = fake_random(600) };
    int want = GNTST_bad_handle;

    if (mp->state == MAPPED) {
        op.handle = mp->handle;
        want = GNTST_okay;
        op.host_addr = fake_random(10) ? mp->gfn << PAGE_SHIFT : 0;
        if (mp->device && fake_random(3))
            op.dev_bus_addr = mfn_to_maddr(mp->m);
        if (mp->device && !fake_random(6)) {
            op.dev_bus_addr = mfn_to_maddr(mp->m) + 4096;
            want = GNTST_bad_dev_addr;
        } else if (mp->host && !fake_random(10)) {
            op.host_addr = (NR_GFNS + 3000ull) << PAGE_SHIFT;
            want = GNTST_general_error;
        }
    } else { /* is it perhaps some other's handle? */
        for (unsigned int n = 0; n < MAPS; n++)
            if (maps[d][n].state == MAPPED && maps[d][n].handle == op.handle)
                return;
        mp = NULL;
    }
    if (batch[d].nr == GRANT_UNMAP_BATCH)
        unmaps_done(d);
    op.status = (int16_t)grant_unmap(&doms[d].d, &op, &batch[d]);
    CHECK_EQ(op.status, want);
    if (!mp || want)
        return;
    if (op.host_addr)
        mp->host = false;
    if (op.dev_bus_addr)
        mp->device = false;
    if (!mp->host && !mp->device)
        mp->state = UNMAPPED;
}

static char bytes[NR_DOMS][NR_GFNS]; /* content of each frame */

static void copy_step(unsigned int d)
{
    unsigned int s = fake_random(NR_DOMS), t = fake_random(NR_DOMS);
    struct gnttab_copy op = { .len = (uint16_t)fake_random(5000) };
    struct page *from = NULL, *to = NULL;
    int want = GNTST_okay;

    op.source.offset = fake_random(8) ? 0 : (uint16_t)fake_random(5000);
    op.dest.offset = fake_random(8) ? 0 : (uint16_t)fake_random(5000);
    op.source.domid = (domid_t)s;
    op.source.u.ref = fake_random(REFS);
    op.dest.domid = (domid_t)t;
    op.dest.u.ref = fake_random(REFS);
    op.flags = (uint16_t)fake_random(4);
    if (!(op.flags & GNTCOPY_source_gref) && fake_random(8))
        op.source.domid = DOMID_SELF;
    if (!(op.flags & GNTCOPY_dest_gref) && fake_random(8))
        op.dest.domid = DOMID_SELF;

    if (!op.len)
        goto run;
    if ((!(op.flags & GNTCOPY_source_gref) &&
         op.source.domid != DOMID_SELF) ||
        (!(op.flags & GNTCOPY_dest_gref) && op.dest.domid != DOMID_SELF))
        want = GNTST_permission_denied;
    else if (op.source.offset + op.len > 4096 ||
             op.dest.offset + op.len > 4096)
        want = GNTST_bad_copy_arg;
    else if (op.flags & GNTCOPY_source_gref) {
        want = m_pin(s, op.source.u.ref, d, true, false);
        if (!want)
            from = use[s][op.source.u.ref].pg;
    } else {
        from = own_page(d, op.source.u.gmfn, false);
        want = from ? GNTST_okay : GNTST_bad_page;
    }
    if (!want && (op.flags & GNTCOPY_dest_gref)) {
        want = m_pin(t, op.dest.u.ref, d, false, false);
        if (!want) {
            to = use[t][op.dest.u.ref].pg;
            m_unpin(t, op.dest.u.ref, false);
        }
    } else if (!want) {
        to = own_page(d, op.dest.u.gmfn, true);
        want = to ? GNTST_okay : GNTST_bad_page;
    }
    if (from && (op.flags & GNTCOPY_source_gref))
        m_unpin(s, op.source.u.ref, true);
run:
    if (from)
        memset(fake_frame(page_to_mfn(from)), bytes[0][0]++, PAGE_SIZE);
    op.status = (int16_t)grant_copy(&doms[d].d, &op);
    CHECK_EQ(op.status, want);
    if (from && to && !want)
        CHECK(!memcmp((char *)fake_frame(page_to_mfn(to)) + op.dest.offset,
                      (char *)fake_frame(page_to_mfn(from)) +
                          op.source.offset, op.len));
}

static void swap_step(unsigned int d)
{
    grant_ref_t a = fake_random(REFS), b = fake_random(REFS);
    struct grant_entry_v1 ea = *entry(d, a), eb = *entry(d, b);
    bool busy = a != b && (used(&use[d][a]) || used(&use[d][b]));

    CHECK_EQ(grant_swap(&doms[d].d, a, b),
             busy ? GNTST_eagain : GNTST_okay);
    if (busy)
        return;
    CHECK(!memcmp(entry(d, a), &eb, sizeof(eb)));
    CHECK(!memcmp(entry(d, b), &ea, sizeof(ea)));
}

/* With room for that many frames of entries, and of mappings. */
static int init(unsigned int d, int frames, int maptrack_frames)
{
    doms[d].d.config.max_grant_frames = frames;
    doms[d].d.config.max_maptrack_frames = maptrack_frames;
    return grant_init(&doms[d].d);
}

static void create(void)
{
    fake_domains_create();
    memset(use, 0, sizeof(use));
    memset(maps, 0, sizeof(maps));
    memset(batch, 0, sizeof(batch));
    for (unsigned int d = 0; d < NR_DOMS; d++)
        CHECK_EQ(init(d, 3, 2), 0);
}

static void destroy(void)
{
    for (unsigned int d = 0; d < NR_DOMS; d++)
        CHECK_EQ(grant_relinquish(&doms[d].d), 0);
    for (unsigned int d = 0; d < NR_DOMS; d++)
        grant_exit(&doms[d].d);
    fake_domains_destroy();
    CHECK_EQ(fake_allocs(), 0);
    CHECK_EQ(fake_shared_maps(), 0);
}

static void test_model(void)
{
    create();
    for (unsigned int i = 0; i < 100000; i++) {
        unsigned int d = fake_random(NR_DOMS);

        switch (fake_random(16)) {
        case 0:
        case 1:
            change_entry(d);
            break;
        case 2:
            change_memory(d);
            break;
        case 3:
        case 4:
        case 5:
            map_step(d);
            break;
        case 6:
        case 7:
        case 8:
        case 9:
        case 10:
            unmap_step(d);
            break;
        case 11:
        case 12:
            copy_step(d);
            break;
        case 13:
            swap_step(d);
            break;
        default:
            if (!fake_random(4))
                unmaps_done(d);
            break;
        }
        if (i % 32 == 0)
            compare();
    }
    compare();
    for (unsigned int d = 0; d < NR_DOMS; d++)
        unmaps_done(d);
    /* What is still mapped goes with its mapper; nothing is in use then. */
    for (unsigned int d = 0; d < NR_DOMS; d++)
        CHECK_EQ(grant_relinquish(&doms[d].d), 0);
    memset(maps, 0, sizeof(maps));
    memset(use, 0, sizeof(use));
    for (unsigned int d = 0; d < NR_DOMS; d++)
        for (unsigned int g = 0; g < GRANT_GFNS; g++)
            if (doms[d].grants[g].used) {
                doms[d].grants[g].used = false;
                page_put(mfn_to_page(doms[d].grants[g].m));
            }
    compare();
    destroy();
}

/* --- Limits, order of events, failures. --- */

static void permit(unsigned int d, grant_ref_t ref, unsigned int to,
                   uint32_t frame, uint16_t more)
{
    *entry(d, ref) = (struct grant_entry_v1){
        .flags = GTF_permit_access | more,
        .domid = (domid_t)to, .frame = frame,
    };
}

static int map(unsigned int d, unsigned int g, grant_ref_t ref,
               uint64_t gfn_nr, uint32_t flags, grant_handle_t *h)
{
    struct gnttab_map_grant_ref op = {
        .host_addr = gfn_nr << PAGE_SHIFT, .flags = flags, .ref = ref,
        .dom = (domid_t)g,
    };

    op.status = (int16_t)grant_map(&doms[d].d, &op);
    *h = op.handle;
    return op.status;
}

static int unmap(unsigned int d, uint64_t gfn_nr, grant_handle_t h)
{
    struct gnttab_unmap_grant_ref op = {
        .host_addr = gfn_nr << PAGE_SHIFT, .handle = h,
    };

    op.status = (int16_t)grant_unmap(&doms[d].d, &op, &batch[d]);
    return op.status;
}

static void test_order(void)
{
    struct page *pg;
    grant_handle_t h[40];

    create();
    pg = doms[1].ram[5];
    permit(1, 3, 0, 5, 0);
    CHECK_EQ(map(0, 1, 3, NR_GFNS, GNTMAP_host_map, &h[0]), GNTST_okay);
    CHECK_EQ(entry(1, 3)->flags,
             GTF_permit_access | GTF_reading | GTF_writing);
    CHECK_EQ(pg->count, 3);
    /* The granter gives the frame up: it lives on for the mapper. */
    page_put(pg);
    doms[1].ram[5] = NULL;
    CHECK_EQ(pg->count, 2);
    /* Unmapped, but a TLB may have it: in use still. */
    CHECK_EQ(unmap(0, NR_GFNS, h[0]), GNTST_okay);
    CHECK(doms[0].stale);
    CHECK_EQ(pg->count, 1);
    CHECK(entry(1, 3)->flags & GTF_writing);
    CHECK_EQ(doms[1].dirtied[5], 0);
    CHECK_EQ(unmap(0, NR_GFNS, h[0]), GNTST_bad_handle);
    grant_unmap_done(&doms[0].d, &batch[0]);
    CHECK_EQ(entry(1, 3)->flags, GTF_permit_access);
    CHECK_EQ(doms[1].dirtied[5], 1);
    CHECK_EQ(pg->state, PAGE_FREE);
    CHECK_EQ(doms[0].flushes, 1);
    grant_unmap_done(&doms[0].d, &batch[0]); /* nothing to do */
    CHECK_EQ(doms[0].flushes, 1);

    /* More than a batch holds. */
    permit(1, 4, 0, 6, GTF_readonly);
    for (unsigned int i = 0; i < 40; i++)
        CHECK_EQ(map(0, 1, 4, NR_GFNS + i, GNTMAP_host_map | GNTMAP_readonly,
                     &h[i]), GNTST_okay);
    CHECK_EQ(map(0, 1, 4, 3000, GNTMAP_host_map, &h[0]),
             GNTST_general_error); /* read-only */
    for (unsigned int i = 40; i--; )
        CHECK_EQ(unmap(0, NR_GFNS + i, i), GNTST_okay);
    CHECK_EQ(doms[0].flushes, 2);
    CHECK(entry(1, 4)->flags & GTF_reading);
    grant_unmap_done(&doms[0].d, &batch[0]);
    CHECK_EQ(doms[0].flushes, 3);
    CHECK(!(entry(1, 4)->flags & GTF_reading));
    CHECK_EQ(doms[1].ram[6]->count, 1);
    CHECK_EQ(doms[1].dirtied[6], 0);

    /* A mapping is undone where it was made, not where another one is. */
    permit(1, 6, 0, 6, 0);
    CHECK_EQ(map(0, 1, 4, NR_GFNS, GNTMAP_host_map | GNTMAP_readonly, &h[0]),
             GNTST_okay);
    CHECK_EQ(map(0, 1, 6, NR_GFNS + 1, GNTMAP_host_map, &h[1]), GNTST_okay);
    CHECK_EQ(unmap(0, NR_GFNS, h[1]), GNTST_general_error);
    CHECK(entry(1, 6)->flags & GTF_writing);
    CHECK_EQ(unmap(0, NR_GFNS + 1, h[1]), GNTST_okay);
    CHECK_EQ(unmap(0, NR_GFNS, h[0]), GNTST_okay);
    grant_unmap_done(&doms[0].d, &batch[0]);
    CHECK_EQ(doms[1].ram[6]->count, 1);

    /* What d1 has mapped is not d1's to grant. */
    permit(0, 1, 1, 7, 0);
    CHECK_EQ(map(1, 0, 1, NR_GFNS, GNTMAP_host_map, &h[0]), GNTST_okay);
    permit(1, 5, 2, NR_GFNS, 0);
    CHECK_EQ(map(2, 1, 5, NR_GFNS, GNTMAP_host_map, &h[1]), GNTST_bad_page);
    CHECK_EQ(entry(1, 5)->flags, GTF_permit_access);
    CHECK_EQ(unmap(1, NR_GFNS, h[0]), GNTST_okay);
    grant_unmap_done(&doms[1].d, &batch[1]);

    CHECK_EQ(map(0, 9, 1, NR_GFNS, GNTMAP_host_map, &h[0]), GNTST_bad_domain);
    CHECK_EQ(map(0, DOMID_SELF, 1, NR_GFNS, GNTMAP_host_map, &h[0]),
             GNTST_bad_domain);
    CHECK_EQ(map(0, 1, 512, NR_GFNS, GNTMAP_host_map, &h[0]),
             GNTST_bad_gntref);
    CHECK_EQ(map(0, 1, ~0u, NR_GFNS, GNTMAP_host_map, &h[0]),
             GNTST_bad_gntref);
    CHECK_EQ(map(0, 1, 1, NR_GFNS, GNTMAP_readonly, &h[0]),
             GNTST_bad_gntref);
    CHECK_EQ(unmap(0, NR_GFNS, 512), GNTST_bad_handle);
    CHECK_EQ(unmap(0, NR_GFNS, ~0u), GNTST_bad_handle);
    CHECK_EQ(unmap(2, NR_GFNS, 0), GNTST_bad_handle);
    CHECK_EQ(grant_swap(&doms[0].d, 512, 0), GNTST_bad_gntref);
    destroy();
}

static void test_limits(void)
{
    unsigned int n = 0, restarts = 0;
    struct page *pg, *first;
    grant_handle_t h;
    int rc;

    for (int i = 0; i < 7; i++) { /* the table in all states of half-built */
        fake_domains_create();
        fake_fail_after(i);
        CHECK_EQ(init(0, -1, -1), i < 7 ? -ENOMEM : 0);
        fake_fail_after(-1);
        grant_exit(&doms[0].d);
        CHECK(!doms[0].d.grant);
        fake_domains_destroy();
        CHECK_EQ(fake_allocs(), 0);
        if (i == 5)
            break;
    }
    fake_domains_create();
    CHECK_EQ(init(0, -1, -1), 0);
    CHECK_EQ(grant_max_frames(&doms[0].d), 64);
    CHECK_EQ(grant_frames(&doms[0].d), 1);
    CHECK_EQ(init(1, 1, 0), 0);
    CHECK_EQ(init(2, 1, 1), 0);

    /* Growing keeps what is there. */
    CHECK_EQ(grant_frame(&doms[0].d, 0, &first), 0);
    CHECK_EQ(first->owner, 0);
    fake_fail_after(3);
    CHECK_EQ(grant_grow(&doms[0].d, 64), -ENOMEM);
    fake_fail_after(-1);
    CHECK_EQ(grant_frames(&doms[0].d), 2);
    CHECK_EQ(grant_frame(&doms[0].d, 63, &pg), 0);
    CHECK_EQ(grant_frames(&doms[0].d), 64);
    CHECK_EQ(grant_frame(&doms[0].d, 64, &pg), -EINVAL);
    CHECK_EQ(grant_frame(&doms[0].d, ~0u, &pg), -EINVAL);
    CHECK_EQ(grant_grow(&doms[0].d, 65), -EINVAL);
    CHECK_EQ(grant_grow(&doms[0].d, 0), 0);
    CHECK_EQ(grant_frame(&doms[0].d, 0, &pg), 0);
    CHECK(pg == first);

    /* No handles at all, and one frame of them. */
    permit(0, 64 * 512 - 1, 1, 5, 0);
    CHECK_EQ(map(1, 0, 64 * 512 - 1, NR_GFNS, GNTMAP_host_map, &h),
             GNTST_no_space);
    permit(0, 64 * 512 - 1, 2, 5, 0);
    while (!(rc = map(2, 0, 64 * 512 - 1, NR_GFNS + n, GNTMAP_host_map, &h)))
        n++;
    CHECK_EQ(rc, GNTST_no_space);
    CHECK_EQ(n, 256);
    CHECK_EQ(doms[0].d.refs, 257);
    CHECK_EQ(unmap(2, NR_GFNS, 0), GNTST_okay);
    grant_unmap_done(&doms[2].d, &batch[2]);
    CHECK_EQ(map(2, 0, 64 * 512 - 1, NR_GFNS, GNTMAP_host_map, &h),
             GNTST_okay);

    fake_preempt = true;
    while ((rc = grant_relinquish(&doms[2].d)) == -ERESTART)
        restarts++;
    fake_preempt = false;
    CHECK_EQ(rc, 0);
    CHECK_EQ(restarts, 4);
    CHECK_EQ(entry(0, 64 * 512 - 1)->flags, GTF_permit_access);
    destroy();
}

/* The counters of an entry do not wrap. */
static void test_counters(void)
{
    struct gnttab_map_grant_ref op = {
        .flags = GNTMAP_device_map | GNTMAP_readonly, .ref = 1, .dom = 1,
    };
    unsigned int n = 0;
    int rc;

    fake_domains_create();
    CHECK_EQ(init(0, 1, 1000), 0);
    CHECK_EQ(init(1, 1, 1), 0);
    CHECK_EQ(init(2, 1, 1), 0);
    permit(1, 1, 0, 5, 0);
    while (!(rc = grant_map(&doms[0].d, &op)))
        n++;
    CHECK_EQ(rc, GNTST_general_error);
    CHECK_EQ(n, 0x7fff);
    op.flags = GNTMAP_device_map;
    op.status = (int16_t)grant_map(&doms[0].d, &op);
    CHECK_EQ(op.status, GNTST_okay);
    destroy();
}

/* --- Hostile granters, many mappers. --- */

/* Not bool: gcc-12 with -fsanitize=bool takes the volatile off its loads. */
static unsigned int stop;

static void *scribbler(void *arg)
{
    struct grant_entry_v1 *e = arg;

    while (!READ_ONCE(stop)) {
        uint64_t v = fake_random(~0u) | (uint64_t)fake_random(16) << 32;

        if (fake_random(2))
            v = (v & ~0xffffffffull) | GTF_permit_access |
                fake_random(NR_DOMS) << 16;
        WRITE_ONCE(*(volatile uint64_t *)&e[fake_random(REFS)], v);
    }
    return NULL;
}

static void *mapper(void *arg)
{
    unsigned int d = (unsigned int)(uintptr_t)arg;
    struct grant_unmaps mine = { 0 };
    struct gnttab_unmap_grant_ref un;
    struct gnttab_copy copy = { .len = 64 };

    fake_set_cpu(d + 1);
    this_cpu(current_vcpu) = &doms[d].v[0];
    for (unsigned int i = 0; i < 8000; i++) {
        struct gnttab_map_grant_ref op = {
            .flags = GNTMAP_device_map | (fake_random(2) ? GNTMAP_readonly
                                                         : 0),
            .ref = fake_random(REFS), .dom = 1,
        };

        op.status = (int16_t)grant_map(&doms[d].d, &op);
        un = (struct gnttab_unmap_grant_ref){
            .dev_bus_addr = op.dev_bus_addr,
            .handle = op.handle + !fake_random(4), /* another's, perhaps */
        };
        if (!op.status)
            un.status = (int16_t)grant_unmap(&doms[d].d, &un, &mine);
        if (!op.status && un.status) { /* that one was not ours */
            un.handle = op.handle;
            un.dev_bus_addr = op.dev_bus_addr;
            un.status = (int16_t)grant_unmap(&doms[d].d, &un, &mine);
        }
        copy.source.u.ref = fake_random(REFS);
        copy.source.domid = 1;
        copy.dest.u.gmfn = fake_random(NR_GFNS);
        copy.dest.domid = DOMID_SELF;
        copy.flags = GNTCOPY_source_gref;
        copy.status = (int16_t)grant_copy(&doms[d].d, &copy);
        if (!fake_random(8))
            grant_unmap_done(&doms[d].d, &mine);
    }
    grant_unmap_done(&doms[d].d, &mine);
    return NULL;
}

static void test_threads(bool hostile)
{
    pthread_t s, m[3];

    create();
    doms[2].d.privileged = true; /* so that it may use device_map */
    for (grant_ref_t r = 0; r < REFS; r++)
        permit(1, r, r % 2 ? 0 : 2, r, 0);
    stop = false;
    if (hostile)
        pthread_create(&s, NULL, scribbler, entry(1, 0));
    /* Two vCPUs of domain 0 and one of domain 2. */
    for (uintptr_t i = 0; i < 3; i++)
        pthread_create(&m[i], NULL, mapper, (void *)(i & 2));
    for (unsigned int i = 0; i < 3; i++)
        pthread_join(m[i], NULL);
    WRITE_ONCE(stop, true);
    if (hostile)
        pthread_join(s, NULL);
    for (unsigned int d = 0; d < NR_DOMS; d++)
        CHECK_EQ(grant_relinquish(&doms[d].d), 0);
    for (grant_ref_t r = 0; r < REFS && !hostile; r++)
        CHECK_EQ(entry(1, r)->flags, GTF_permit_access);
    for (unsigned int g = 0; g < NR_GFNS; g++)
        CHECK_EQ(doms[1].ram[g]->count, 1);
    destroy();
}

/* --- The hypercall. --- */

#define CALLER_MEMORY (8 * PAGE_SIZE)
#include "tests/unit/caller-memory.h"

static uint64_t restart_arg[6];

void hypercall_restart(unsigned int arg_index, uint64_t value)
{
    restart_arg[arg_index] = value;
}

static long op(unsigned int cmd, uint64_t addr, unsigned int count)
{
    return do_grant_table_op(cmd, (void_gptr_t){ .addr = addr }, count);
}

static void test_arrays(void)
{
    struct gnttab_map_grant_ref *m = (void *)memory;
    struct gnttab_unmap_grant_ref *u = (void *)memory;
    struct gnttab_copy *c = (void *)memory;
    struct compat_gnttab_copy *n = (void *)memory;
    struct gnttab_swap_grant_ref *s = (void *)memory;
    unsigned int calls = 0;
    uint64_t addr = 0;
    long rc, left = 100;

    create();
    permit(1, 3, 0, 5, 0);
    for (unsigned int i = 0; i < 100; i++)
        m[i] = (struct gnttab_map_grant_ref){
            .host_addr = (NR_GFNS + i) << PAGE_SHIFT,
            .flags = GNTMAP_host_map, .ref = 3, .dom = 1, .status = 9,
        };
    fake_preempt = true;
    while ((rc = op(GNTTABOP_map_grant_ref, addr, (unsigned int)left)) ==
           -ERESTART) {
        CHECK(restart_arg[2] < (uint64_t)left);
        addr = restart_arg[1];
        left = (long)restart_arg[2];
        calls++;
    }
    CHECK_EQ(rc, 0);
    CHECK_EQ(calls, 3);
    for (unsigned int i = 0; i < 100; i++) {
        CHECK_EQ(m[i].status, GNTST_okay);
        CHECK_EQ(m[i].handle, i);
    }
    CHECK_EQ(doms[1].d.refs, 101);
    fake_preempt = false;

    /* The fourth cannot be read: three are done all the same. */
    for (unsigned int i = 0; i < 100; i++)
        u[i] = (struct gnttab_unmap_grant_ref){
            .host_addr = (NR_GFNS + i) << PAGE_SHIFT, .handle = i,
            .status = 9,
        };
    mapped = 3 * sizeof(*u) + 4;
    CHECK_EQ(op(GNTTABOP_unmap_grant_ref, 0, 100), -EFAULT);
    CHECK_EQ(u[2].status, GNTST_okay);
    CHECK_EQ(u[3].status, 9);
    CHECK_EQ(doms[1].d.refs, 98);
    mapped = sizeof(memory);
    CHECK_EQ(op(GNTTABOP_unmap_grant_ref, 3 * sizeof(*u), 97), 0);
    CHECK_EQ(doms[1].d.refs, 1);
    CHECK(!(entry(1, 3)->flags & GTF_reading));
    CHECK(!doms[0].stale);

    memset(fake_frame(page_to_mfn(doms[1].ram[5])), 0x5a, PAGE_SIZE);
    c[0] = (struct gnttab_copy){
        .source = { .u.ref = 3, .domid = 1, .offset = 1 },
        .dest = { .u.gmfn = 9, .domid = DOMID_SELF, .offset = 7 },
        .len = 20, .flags = GNTCOPY_source_gref, .status = 9,
    };
    CHECK_EQ(op(GNTTABOP_copy, 0, 1), 0);
    CHECK_EQ(c[0].status, GNTST_okay);
    CHECK_EQ(((char *)fake_frame(page_to_mfn(doms[0].ram[9])))[6], 0);
    CHECK_EQ(((char *)fake_frame(page_to_mfn(doms[0].ram[9])))[26], 0x5a);
    CHECK_EQ(((char *)fake_frame(page_to_mfn(doms[0].ram[9])))[27], 0);
    CHECK_EQ(doms[0].dirtied[9], 1);
    compat = true;
    n[0] = n[1] = (struct compat_gnttab_copy){
        .source = { .u.ref = 3, .domid = 1 },
        .dest = { .u.gmfn = 10, .domid = DOMID_SELF },
        .len = 20, .flags = GNTCOPY_source_gref, .status = 9,
    };
    n[1].dest.offset = 4090;
    CHECK_EQ(op(GNTTABOP_copy, 0, 2), 0);
    CHECK_EQ(n[0].status, GNTST_okay);
    CHECK_EQ(n[1].status, GNTST_bad_copy_arg);
    CHECK_EQ(((char *)fake_frame(page_to_mfn(doms[0].ram[10])))[19], 0x5a);
    compat = false;

    s[0] = (struct gnttab_swap_grant_ref){ .ref_a = 1, .ref_b = ~0u };
    CHECK_EQ(op(GNTTABOP_swap_grant_ref, 0, 1), 0);
    CHECK_EQ(s[0].status, GNTST_bad_gntref);
    destroy();
}

static void test_singles(void)
{
    struct gnttab_setup_table *t = (void *)memory;
    struct compat_gnttab_setup_table *ct = (void *)memory;
    struct gnttab_query_size *q = (void *)memory;
    struct gnttab_set_version *sv = (void *)memory;
    struct gnttab_get_version *gv = (void *)memory;
    struct page *pg;

    create();
    *t = (struct gnttab_setup_table){ .dom = DOMID_SELF, .nr_frames = 3,
                                      .frame_list.addr = 512, .status = 9 };
    CHECK_EQ(op(GNTTABOP_setup_table, 0, 2), -EINVAL);
    CHECK_EQ(op(GNTTABOP_setup_table, 0, 1), 0);
    CHECK_EQ(t->status, GNTST_okay);
    CHECK_EQ(*(uint64_t *)&memory[512 + 16], ~0ull);
    CHECK_EQ(grant_frame(&doms[0].d, 2, &pg), 0);
    pg->gfn = 77; /* as the p2m would */
    CHECK_EQ(op(GNTTABOP_setup_table, 0, 1), 0);
    CHECK_EQ(*(uint64_t *)&memory[512 + 16], 77);
    t->nr_frames = 4;
    CHECK_EQ(op(GNTTABOP_setup_table, 0, 1), 0);
    CHECK_EQ(t->status, GNTST_general_error);
    t->nr_frames = 1;
    t->frame_list.addr = sizeof(memory);
    CHECK_EQ(op(GNTTABOP_setup_table, 0, 1), 0);
    CHECK_EQ(t->status, GNTST_bad_virt_addr);
    compat = true;
    *ct = (struct compat_gnttab_setup_table){
        .dom = 0, .nr_frames = 3, .frame_list.addr = 512, .status = 9 };
    CHECK_EQ(op(GNTTABOP_setup_table, 0, 1), 0);
    CHECK_EQ(ct->status, GNTST_okay);
    CHECK_EQ(*(uint32_t *)&memory[512 + 8], 77);
    compat = false;

    this_cpu(current_vcpu) = &doms[1].v[0];
    *q = (struct gnttab_query_size){ .dom = 0 };
    CHECK_EQ(op(GNTTABOP_query_size, 0, 1), 0);
    CHECK_EQ(q->status, GNTST_permission_denied);
    q->dom = 99;
    CHECK_EQ(op(GNTTABOP_query_size, 0, 1), 0);
    CHECK_EQ(q->status, GNTST_bad_domain);
    q->dom = 1;
    CHECK_EQ(op(GNTTABOP_query_size, 0, 1), 0);
    CHECK_EQ(q->status, GNTST_okay);
    CHECK_EQ(q->nr_frames, 1);
    CHECK_EQ(q->max_nr_frames, 3);
    *t = (struct gnttab_setup_table){ .dom = 2, .nr_frames = 1 };
    CHECK_EQ(op(GNTTABOP_setup_table, 0, 1), 0);
    CHECK_EQ(t->status, GNTST_permission_denied);
    doms[1].d.target = &doms[2].d;
    t->frame_list.addr = 512;
    CHECK_EQ(op(GNTTABOP_setup_table, 0, 1), 0);
    CHECK_EQ(t->status, GNTST_okay);

    sv->version = 2;
    CHECK_EQ(op(GNTTABOP_set_version, 0, 1), -ENOSYS);
    CHECK_EQ(sv->version, 1);
    CHECK_EQ(op(GNTTABOP_set_version, 0, 1), 0);
    sv->version = 3;
    CHECK_EQ(op(GNTTABOP_set_version, 0, 1), -EINVAL);
    *gv = (struct gnttab_get_version){ .dom = 0 };
    CHECK_EQ(op(GNTTABOP_get_version, 0, 1), -EPERM);
    gv->dom = 88;
    CHECK_EQ(op(GNTTABOP_get_version, 0, 1), -ESRCH);
    gv->dom = DOMID_SELF;
    CHECK_EQ(op(GNTTABOP_get_version, 0, 1), 0);
    CHECK_EQ(gv->version, 1);

    CHECK_EQ(op(GNTTABOP_transfer, 0, 1), -ENOSYS);
    CHECK_EQ(op(GNTTABOP_unmap_and_replace, 0, 1), -ENOSYS);
    CHECK_EQ(op(GNTTABOP_cache_flush + 1, 0, 1), -ENOSYS);
    CHECK_EQ(op(~0u, 0, 1), -ENOSYS);
    CHECK_EQ(op(GNTTABOP_copy, 0, ~0u), -EINVAL);
    CHECK_EQ(op(GNTTABOP_copy, 0, 0), 0);
    CHECK_EQ(op(GNTTABOP_copy, sizeof(memory), 1), -EFAULT);
    CHECK_EQ(op(GNTTABOP_query_size, sizeof(memory), 1), -EFAULT);
    destroy();
}

int main(void)
{
    test_model();
    test_order();
    test_limits();
    test_counters();
    test_threads(false);
    test_threads(true);
    test_arrays();
    test_singles();
    return test_result();
}
