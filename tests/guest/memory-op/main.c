/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A domain changes its own physical map: gives pages back and takes them
 * again, moves them, has its shared info and grant frames appear and
 * disappear. What it may not do is refused; what it asks twice does no harm.
 *
 * hypervisor/abi/memory.h; Xen's public/memory.h.
 */
#include "hypervisor/abi/memory.h"
#include "tests/guest/lib/clock.h"
#include "tests/guest/lib/hypercall.h"
#include "tests/guest/lib/lib.h"

static xen_pfn_t gfn_of(const void *p)
{
    return (uintptr_t)p >> 12;
}

static long reserve(unsigned int op, xen_pfn_t *list, unsigned long n,
                    unsigned int order)
{
    struct xen_memory_reservation r = {
        .extent_start = { addr(list) }, .nr_extents = n,
        .extent_order = order, .domid = DOMID_SELF,
    };

    return memory_op(op, &r);
}

static long pages_of_domain(unsigned int op)
{
    struct xen_memory_domain d = { DOMID_SELF };

    return memory_op(op, &d);
}

static void test_sizes(void)
{
    long now = pages_of_domain(XENMEM_current_reservation);
    long most = pages_of_domain(XENMEM_maximum_reservation);
    long top = pages_of_domain(XENMEM_maximum_gpfn);
    uint64_t ram = 0;
    const struct hvm_memmap_table_entry *e;

    for (unsigned int i = 0; (e = memory_map(i)) != NULL; i++)
        if (e->type == XEN_HVM_MEMMAP_TYPE_RAM)
            ram += e->size >> 12;
    report(now > 0 && most >= now, "%ld of %ld pages", now, most);
    report(now + 8 >= (long)ram && now <= (long)ram + 64,
           "%ld pages, RAM in the memory map %llu", now,
           (unsigned long long)ram);
    report(top >= (long)gfn_of(image_end), "highest frame %#lx", top);
}

static void test_give_and_take(void)
{
    volatile uint32_t *p = pages_alloc(4);
    long before = pages_of_domain(XENMEM_current_reservation);
    xen_pfn_t list[4];

    for (unsigned int i = 0; i < 4; i++)
        list[i] = gfn_of((char *)p + i * PAGE_SIZE);
    p[0] = 0x5ec2e7;
    report_eq(reserve(XENMEM_decrease_reservation, list, 4, 0), 4, "give 4");
    report_eq(pages_of_domain(XENMEM_current_reservation), before - 4,
              "pages afterwards");
    report_eq(reserve(XENMEM_decrease_reservation, list, 4, 0), 0,
              "give them again");
    report_eq(reserve(XENMEM_populate_physmap, list, 4, 0), 4, "take 4");
    report_eq(pages_of_domain(XENMEM_current_reservation), before,
              "pages afterwards");
    report(p[0] == 0, "a new page holds %#x", p[0]);
    p[0] = 77;
    p[3 * 1024] = 78;
    report(p[0] == 77 && p[3 * 1024] == 78, "they are memory");
    report_eq(reserve(XENMEM_populate_physmap, list, 4, 0), 0,
              "take them again");
    report(p[0] == 77, "which changes nothing");
}

static void test_refused(void)
{
    xen_pfn_t list[2] = { 1ull << 40, 1ull << 51 };
    struct xen_memory_reservation r = {
        .extent_start = { addr(list) }, .nr_extents = 1, .domid = 0x7123,
    };

    report_eq(reserve(XENMEM_decrease_reservation, list, 2, 0), 0,
              "frames that are not there");
    report_eq(reserve(XENMEM_populate_physmap, list + 1, 1, 0), 0,
              "beyond the address space");
    report_eq(reserve(XENMEM_populate_physmap, list, 1, 40), 0, "order 40");
    report_eq(reserve(XENMEM_populate_physmap, list, ~0ul, 0), 0,
              "too many extents");
    report_eq(memory_op(XENMEM_populate_physmap, &r), 0, "another domain");
    report_eq(memory_op(62, &r), -ENOSYS, "command 62");
}

static long add(unsigned int space, uint64_t idx, uint64_t gfn, uint16_t n)
{
    struct xen_add_to_physmap a = { .domid = DOMID_SELF, .space = space,
                                    .idx = idx, .gpfn = gfn, .size = n };

    return memory_op(XENMEM_add_to_physmap, &a);
}

static long remove(uint64_t gfn)
{
    struct xen_remove_from_physmap r = { .domid = DOMID_SELF, .gpfn = gfn };

    return memory_op(XENMEM_remove_from_physmap, &r);
}

static void test_shared_info(void)
{
    uint64_t at = gap_alloc(), at2 = gap_alloc();
    struct shared_info *s = (void *)(uintptr_t)at;
    struct shared_info *t = (void *)(uintptr_t)at2;

    report_eq(add(XENMAPSPACE_shared_info, 0, at >> 12, 0), 0, "map it");
    report(s->vcpu_info[0].time.version, "there is the time");
    s->evtchn_mask[60] = 0x1234;
    report_eq(add(XENMAPSPACE_shared_info, 0, at2 >> 12, 0), 0, "move it");
    report_eq(t->evtchn_mask[60], 0x1234, "it is the same");
    report(add(XENMAPSPACE_shared_info, 1, at >> 12, 0) < 0, "index 1");
    report_eq(remove(at2 >> 12), 0, "remove it");
    report_eq(remove(at2 >> 12), -ENOENT, "remove it again");
    report_eq(add(XENMAPSPACE_shared_info, 0, at >> 12, 0), 0, "again");
    report_eq(s->evtchn_mask[60], 0x1234, "it is still the same");
    s->evtchn_mask[60] = 0;
    report_eq(remove(at >> 12), 0, "remove it");
}

/* In place of RAM: that page is gone, the other shows. */
static void test_over_ram(void)
{
    char *p = pages_alloc(1);
    struct shared_info *s = (void *)p;
    xen_pfn_t list = gfn_of(p);

    report_eq(add(XENMAPSPACE_shared_info, 0, list, 0), 0, "over RAM");
    report(s->vcpu_info[0].time.version, "there is the time");
    report_eq(remove(list), 0, "remove it");
    report_eq(reserve(XENMEM_populate_physmap, &list, 1, 0), 1, "RAM again");
    p[100] = 5;
    report(p[100] == 5, "it is memory");
}

static void test_move(void)
{
    uint32_t *p = pages_alloc(3);
    uint64_t at = gap_alloc();
    volatile uint32_t *q = (void *)(uintptr_t)at;
    xen_pfn_t list[3];

    for (unsigned int i = 0; i < 3; i++) {
        p[i * 1024] = 100 + i;
        list[i] = gfn_of(p) + i;
    }
    report_eq(add(XENMAPSPACE_gmfn, list[0], at >> 12, 0), 0, "one page");
    report_eq(q[0], 100, "it is there");
    report(add(XENMAPSPACE_gmfn, list[0], at >> 12, 0) < 0,
           "it is not where it was");
    report_eq(add(XENMAPSPACE_gmfn_range, list[1], (at >> 12) + 1, 2), 0,
              "two pages");
    report(q[1024] == 101 && q[2048] == 102, "they are there");
    report_eq(add(XENMAPSPACE_gmfn_range, at >> 12, list[0], 3), 0, "back");
    report(p[0] == 100 && p[1024] == 101 && p[2048] == 102,
           "all where they were");
    report_eq(add(XENMAPSPACE_gmfn, list[0], list[0], 0), 0, "onto itself");
    report(p[0] == 100, "nothing changed");
}

static void test_batch(void)
{
    char *p = pages_alloc(1);
    uint64_t at = gap_alloc();
    xen_ulong_t idxs[3] = { gfn_of(p), 1ull << 40, gfn_of(p) };
    xen_pfn_t gpfns[3] = { at >> 12, (at >> 12) + 1, (at >> 12) + 2 };
    int errs[3] = { 99, 99, 99 };
    struct xen_add_to_physmap_batch b = {
        .domid = DOMID_SELF, .space = XENMAPSPACE_gmfn, .size = 3,
        .idxs = { addr(idxs) }, .gpfns = { addr(gpfns) },
        .errs = { addr(errs) },
    };

    p[1] = 7;
    report_eq(memory_op(XENMEM_add_to_physmap_batch, &b), 0, "batch");
    report(errs[0] == 0 && errs[1] < 0 && errs[2] < 0, "errors %d %d %d",
           errs[0], errs[1], errs[2]);
    report(((char *)(uintptr_t)at)[1] == 7, "the first was done");
    b.space = XENMAPSPACE_gmfn_foreign;
    b.u.foreign_domid = 0x7123;
    report(memory_op(XENMEM_add_to_physmap_batch, &b) < 0 || errs[0] < 0,
           "pages of a domain that is not there");
}

static void test_map(void)
{
    static struct {
        uint64_t addr, size;
        uint32_t type;
    } __packed map[128];
    struct xen_memory_map m = { .nr_entries = 128, .buffer = { addr(map) } };
    long rc = memory_op(XENMEM_memory_map, &m);

    if (rc == -ENOSYS)
        return; /* domain 0 has it in its start information */
    report_eq(rc, 0, "memory_map");
    report(m.nr_entries > 0 && m.nr_entries <= 128, "%u entries",
           m.nr_entries);
    m = (struct xen_memory_map){ .nr_entries = 0, .buffer = { addr(map) } };
    memory_op(XENMEM_memory_map, &m);
}

TEST_MAIN()
{
    test_sizes();
    test_give_and_take();
    test_refused();
    test_shared_info();
    test_over_ram();
    test_move();
    test_batch();
    test_map();
}
