/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Grant tables: a domain sets its table up, grants a page to itself, maps
 * it, copies from and to it; what is not granted, read-only, in use or
 * nonsense is refused with the right status.
 *
 * hypervisor/abi/grant_table.h; Xen's public/grant_table.h.
 */
#include "hypervisor/abi/grant_table.h"
#include "hypervisor/abi/memory.h"
#include "tests/guest/lib/hypercall.h"
#include "tests/guest/lib/lib.h"
#include "tests/guest/lib/trap.h"

#define REF 20

static volatile struct grant_entry_v1 *table;
static domid_t self;
static uint64_t window;     /* a gap of the physical address space */
static uint32_t *page;

static void set_up(void)
{
    struct gnttab_query_size q = { .dom = DOMID_SELF };
    struct xen_add_to_physmap a = { .domid = DOMID_SELF,
                                    .space = XENMAPSPACE_grant_table };
    struct gnttab_get_version v = { .dom = DOMID_SELF };
    uint64_t at = gap_alloc();

    report_eq(grant_op(GNTTABOP_query_size, &q, 1), 0, "query_size");
    report_eq(q.status, GNTST_okay, "its status");
    report(q.max_nr_frames >= 1 && q.nr_frames <= q.max_nr_frames,
           "%u of %u frames", q.nr_frames, q.max_nr_frames);
    a.gpfn = at >> 12;
    if (memory_op(XENMEM_add_to_physmap, &a))
        fail("no grant table");
    table = (void *)(uintptr_t)at;
    a.idx = q.max_nr_frames;
    a.gpfn = (at >> 12) + 1;
    report(memory_op(XENMEM_add_to_physmap, &a) < 0, "frame behind the last");
    report_eq(grant_op(GNTTABOP_get_version, &v, 1), 0, "get_version");
    report_eq(v.version, 1, "version");
    window = gap_alloc();
    page = pages_alloc(1);
    self = (domid_t)cpuid(xen_leaves + 4, 0).c;
}

static void grant(uint16_t flags)
{
    table[REF].domid = self;
    table[REF].frame = (uint32_t)((uintptr_t)page >> 12);
    barrier();
    table[REF].flags = (uint16_t)(GTF_permit_access | flags);
}

static struct gnttab_map_grant_ref map(uint32_t flags, grant_ref_t ref,
                                       domid_t dom)
{
    struct gnttab_map_grant_ref m = { .host_addr = window, .flags = flags,
                                      .ref = ref, .dom = dom };

    report_eq(grant_op(GNTTABOP_map_grant_ref, &m, 1), 0, "map");
    return m;
}

static int16_t unmap(grant_handle_t handle, uint64_t at)
{
    struct gnttab_unmap_grant_ref u = { .host_addr = at, .handle = handle };

    report_eq(grant_op(GNTTABOP_unmap_grant_ref, &u, 1), 0, "unmap");
    return u.status;
}

static void test_map(void)
{
    volatile uint32_t *w = (uint32_t *)(uintptr_t)window;
    struct gnttab_map_grant_ref m;

    grant(0);
    page[5] = 0x12345678;
    m = map(GNTMAP_host_map, REF, self);
    if (!report_eq((uint16_t)m.status, GNTST_okay, "map (status)"))
        return;
    report_eq(w[5], 0x12345678, "what is in the page");
    w[6] = 0x9abcdef0;
    report_eq(page[6], 0x9abcdef0, "written through the mapping");
    report(table[REF].flags & GTF_reading && table[REF].flags & GTF_writing,
           "entry in use: %#x", table[REF].flags);
    report((uint16_t)unmap(m.handle, window + PAGE_SIZE) != 0,
           "unmap at another address");
    report_eq(unmap(m.handle, window), GNTST_okay, "unmap");
    report(!(table[REF].flags & (GTF_reading | GTF_writing)),
           "entry free: %#x", table[REF].flags);
    report(unmap(m.handle, window) == GNTST_bad_handle, "unmap again");
}

static void test_readonly(void)
{
    struct gnttab_map_grant_ref m;

    grant(GTF_readonly);
    m = map(GNTMAP_host_map, REF, self);
    report(m.status != GNTST_okay, "writable mapping of a read-only grant");
    m = map(GNTMAP_host_map | GNTMAP_readonly, REF, self);
    report_eq(m.status, GNTST_okay, "read-only mapping");
    report(table[REF].flags & GTF_reading &&
           !(table[REF].flags & GTF_writing), "flags %#x",
           table[REF].flags);
    report_eq(unmap(m.handle, window), GNTST_okay, "unmap");
}

/* Two mappings of one grant at two places. */
static void test_twice(void)
{
    struct gnttab_map_grant_ref a, b;

    grant(0);
    a = map(GNTMAP_host_map, REF, self);
    window += PAGE_SIZE;
    b = map(GNTMAP_host_map, REF, self);
    report(a.status == GNTST_okay && b.status == GNTST_okay &&
           a.handle != b.handle, "two mappings");
    report_eq(unmap(a.handle, window - PAGE_SIZE), GNTST_okay, "one goes");
    report(table[REF].flags & GTF_reading, "still in use");
    report_eq(unmap(b.handle, window), GNTST_okay, "the other goes");
    report(!(table[REF].flags & GTF_reading), "free");
    window -= PAGE_SIZE;
}

static void test_refused(void)
{
    struct gnttab_map_grant_ref m;

    m = map(GNTMAP_host_map, REF + 1, self);
    report(m.status == GNTST_general_error || m.status == GNTST_bad_gntref,
           "empty entry: %d", m.status);
    m = map(GNTMAP_host_map, 0x7fffffff, self);
    report_eq(m.status, (int16_t)GNTST_bad_gntref, "no such entry");
    m = map(GNTMAP_host_map, REF, 0x7123);
    report_eq(m.status, (int16_t)GNTST_bad_domain, "no such domain");
    m = map(0, REF, self);
    report(m.status < 0, "no kind of mapping");
    m = map(GNTMAP_host_map | GNTMAP_contains_pte, REF, self);
    report(m.status < 0, "PV's kind of mapping");
    table[REF].domid = (domid_t)(self + 1);
    m = map(GNTMAP_host_map, REF, self);
    report(m.status < 0, "granted to another");
    grant(0);
    table[REF].frame = 0xfffffff;
    m = map(GNTMAP_host_map, REF, self);
    report(m.status < 0, "frame that does not exist");
    report(unmap(0x7fffffff, window) == GNTST_bad_handle, "bad handle");
}

static int16_t copy(struct gnttab_copy c)
{
    report_eq(grant_op(GNTTABOP_copy, &c, 1), 0, "copy");
    return c.status;
}

static void test_copy(void)
{
    uint32_t *other = pages_alloc(1);
    struct gnttab_copy c = {
        .source = { .u.ref = REF, .domid = self, .offset = 16 },
        .dest = { .u.gmfn = (uintptr_t)other >> 12, .domid = DOMID_SELF,
                  .offset = 32 },
        .len = 64, .flags = GNTCOPY_source_gref,
    };

    grant(GTF_readonly);
    for (unsigned int i = 0; i < 1024; i++)
        page[i] = i * 3;
    report_eq(copy(c), GNTST_okay, "from a grant");
    report(!memcmp(other + 8, page + 4, 64), "what came");
    report(!other[7] && !other[24], "and no more");
    c.len = 4096;
    report(copy(c) == GNTST_bad_copy_arg, "over the end of the page");
    c.len = 64;
    c.source.offset = 4090;
    report(copy(c) == GNTST_bad_copy_arg, "over the end of the source");
    c.source.offset = 0xffff;
    report(copy(c) == GNTST_bad_copy_arg, "far outside");

    c = (struct gnttab_copy){
        .source = { .u.gmfn = (uintptr_t)other >> 12, .domid = DOMID_SELF },
        .dest = { .u.ref = REF, .domid = self }, .len = 128,
        .flags = GNTCOPY_dest_gref,
    };
    report(copy(c) < 0, "to a read-only grant");
    grant(0);
    report_eq(copy(c), GNTST_okay, "to a grant");
    report(!memcmp(other, page, 128), "what went");
    report(!(table[REF].flags & (GTF_reading | GTF_writing)),
           "nothing in use: %#x", table[REF].flags);
    c.dest.u.ref = 0x12345678;
    report(copy(c) == GNTST_bad_gntref, "no such grant");
    c.flags = 0;
    c.dest.u.gmfn = 1ull << 45;
    report(copy(c) < 0, "no such frame");
}

/* Everything at once, and handles until there are no more. */
static void test_many(void)
{
    static struct gnttab_map_grant_ref m[64];
    static struct gnttab_unmap_grant_ref u[64];
    unsigned int ok = 0;

    grant(0);
    for (unsigned int i = 0; i < ARRAY_SIZE(m); i++)
        m[i] = (struct gnttab_map_grant_ref){
            .host_addr = window + i * PAGE_SIZE, .flags = GNTMAP_host_map,
            .ref = REF, .dom = self };
    report_eq(grant_op(GNTTABOP_map_grant_ref, m, ARRAY_SIZE(m)), 0, "64");
    for (unsigned int i = 0; i < ARRAY_SIZE(m); i++) {
        ok += m[i].status == GNTST_okay;
        u[i] = (struct gnttab_unmap_grant_ref){
            .host_addr = m[i].host_addr, .handle = m[i].handle };
    }
    report_eq(ok, ARRAY_SIZE(m), "mapped");
    report_eq(grant_op(GNTTABOP_unmap_grant_ref, u, ARRAY_SIZE(u)), 0, "64");
    report(!(table[REF].flags & GTF_reading), "all gone");
}

TEST_MAIN()
{
    set_up();
    test_map();
    test_readonly();
    test_twice();
    test_refused();
    test_copy();
    test_many();
}
