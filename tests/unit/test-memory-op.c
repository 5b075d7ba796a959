/* sources: hypervisor/hypercall/memory-op.c hypervisor/hypercall/subop.c hvm/mem/p2m.c hvm/mem/peek.c hvm/mem/guest-copy.c hvm/mem/guest-walk.c hypervisor/core/access.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * memory_op on real maps of fake domains: who may do what, what stays mapped
 * and who pays for it, calls that are cut short and go on, and what a hostile
 * guest would try: frames of others, lists that change, huge numbers.
 */
#include "hypervisor/abi/memory.h"

#include "hvm/dom0/build.h"
#include "hvm/io/ioreq.h"
#include "hvm/mem/guest-copy.h"
#include "hypervisor/core/grant.h"
#include "hypervisor/hypercall/calls.h"
#include "tests/unit/hvm-fakes.h"

TEST_PROGRAM;

#define ARGS (ARG_GFN << PAGE_SHIFT)
#define LIST (ARGS + 0x800) /* a list of numbers */

/* --- What memory_op calls besides the map. --- */

static struct page *grant_page, *ioreq_page;

int grant_frame(struct domain *d, unsigned int i, struct page **pg)
{
    if (i > 3)
        return -EINVAL;
    *pg = grant_page;
    return 0;
}

unsigned int grant_max_frames(const struct domain *d)
{
    return 4;
}

static unsigned int invalidations;

void ioreq_invalidate(struct domain *d)
{
    invalidations++;
}

int ioreq_frame(struct domain *d, ioservid_t id, unsigned int i,
                struct page **pg)
{
    if (id)
        return -ENOENT;
    page_get(ioreq_page);
    *pg = ioreq_page;
    return 0;
}

int domain_claim(struct domain *d, uint32_t frames)
{
    d->claimed = frames;
    return 0;
}

int dom0_populate(struct domain *d, gfn_t g, unsigned int order)
{
    return -EINVAL;
}

/* --- Helpers. --- */

static long call(unsigned int cmd, const void *arg, size_t n)
{
    return do_memory_op(cmd, guest_ptr_make(void, fake_put(ARGS, arg, n)));
}

static void list_set(unsigned int i, uint64_t v)
{
    (void)fake_put(LIST + i * 8, &v, 8);
}

static long reserve(unsigned int cmd, domid_t id, uint64_t nr,
                    unsigned int order)
{
    struct xen_memory_reservation r = {
        .extent_start = { .addr = LIST }, .nr_extents = nr,
        .extent_order = order, .domid = id,
    };

    return call(cmd, &r, sizeof(r));
}

static long batch(domid_t id, uint16_t space, domid_t foreign, uint16_t n)
{
    struct xen_add_to_physmap_batch b = {
        .domid = id, .space = space, .size = n, .u.foreign_domid = foreign,
        .idxs = { .addr = LIST }, .gpfns = { .addr = LIST + 0x100 },
        .errs = { .addr = LIST + 0x200 },
    };

    return call(XENMEM_add_to_physmap_batch, &b, sizeof(b));
}

static int batch_error(unsigned int i)
{
    int e;

    memcpy(&e, fake_gpa(current->domain, LIST + 0x200 + i * 4), 4);
    return e;
}

static enum p2m_type type_at(struct domain *d, uint64_t g)
{
    return p2m_lookup(d, gfn(g)).type;
}

/* --- Tests. --- */

static void populate_and_decrease(void)
{
    struct domain *d = &doms[1].d;
    uint32_t before = d->frames;

    list_set(0, 0x1000);
    list_set(1, 0x1001);
    list_set(2, 1ull << 40); /* beyond */
    CHECK_EQ(reserve(XENMEM_populate_physmap, DOMID_SELF, 3, 0), 2);
    CHECK_EQ(d->frames, before + 2);
    CHECK_EQ(type_at(d, 0x1001), P2M_RAM);
    /* Once more: the frames that were there go. */
    CHECK_EQ(reserve(XENMEM_populate_physmap, 1, 2, 0), 2);
    CHECK_EQ(d->frames, before + 2);
    list_set(2, 0x1002); /* nothing there */
    CHECK_EQ(invalidations, 0);
    CHECK_EQ(reserve(XENMEM_decrease_reservation, DOMID_SELF, 2, 0), 2);
    CHECK_EQ(invalidations, 1);
    CHECK_EQ(d->frames, before);
    /* Sizes: guests 2 MiB, the toolstack 1 GiB. */
    list_set(0, 0x2000);
    CHECK_EQ(reserve(XENMEM_populate_physmap, DOMID_SELF, 1, 9), 1);
    CHECK_EQ(p2m_lookup(d, gfn(0x2000)).order, ORDER_2M);
    CHECK_EQ(reserve(XENMEM_populate_physmap, DOMID_SELF, 1, 10), 0);
    CHECK_EQ(reserve(XENMEM_decrease_reservation, DOMID_SELF, 1, 9), 1);
    CHECK_EQ(d->frames, before);
    list_set(0, 0x2001); /* not aligned: 4 KiB pieces */
    CHECK_EQ(reserve(XENMEM_populate_physmap, DOMID_SELF, 1, 9), 1);
    CHECK_EQ(p2m_lookup(d, gfn(0x2001)).order, ORDER_4K);
    CHECK_EQ(reserve(XENMEM_decrease_reservation, DOMID_SELF, 1, 9), 1);
    /* Not another's; not of a dying one; not beyond its limit. */
    CHECK_EQ(reserve(XENMEM_populate_physmap, 2, 1, 0), 0);
    CHECK_EQ(reserve(XENMEM_populate_physmap, 0x7abc, 1, 0), 0);
    d->max_frames = d->frames - d->special_frames;
    CHECK_EQ(reserve(XENMEM_populate_physmap, DOMID_SELF, 1, 0), 0);
    d->max_frames = 1u << 20;
    d->dying = DOMAIN_DYING;
    CHECK_EQ(reserve(XENMEM_populate_physmap, DOMID_SELF, 1, 0), 0);
    d->dying = DOMAIN_ALIVE;
    CHECK_EQ(reserve(XENMEM_populate_physmap, DOMID_SELF, 0, 0), 0);
    /* A number that progress could not be kept for. */
    CHECK_EQ(reserve(XENMEM_decrease_reservation, DOMID_SELF, 1ull << 26, 0),
             0);
    invalidations = 0;
    CHECK_EQ(reserve(XENMEM_decrease_reservation, DOMID_SELF, ~0ull, 0), 0);
    CHECK_EQ(invalidations, 0);
    CHECK_EQ(d->frames, before);
}

static void goes_on_after_restart(void)
{
    unsigned long cmd = XENMEM_populate_physmap;
    unsigned int rounds = 0;
    long rc;

    for (unsigned int i = 0; i < 30; i++)
        list_set(i, 0x3000 + i);
    fake_preempt = true;
    while ((rc = reserve((unsigned int)cmd, DOMID_SELF, 30, 0)) ==
           -ERESTART && rounds++ < 100)
        cmd = fake_restart_args[0];
    fake_preempt = false;
    CHECK_EQ(rc, 30);
    CHECK(rounds > 3);
    CHECK_EQ(type_at(&doms[1].d, 0x3000 + 29), P2M_RAM);
    CHECK_EQ(reserve(XENMEM_decrease_reservation, DOMID_SELF, 30, 0), 30);
}

/* A frame that is granted to the caller: it must not get a second mapping
 * that outlives the grant, nor take the first away from the grant table. */
static void granted_frames_stay_granted(void)
{
    struct domain *d = &doms[1].d;
    struct page *theirs = fake_ram(&doms[2].d, 0x77, 0);
    uint32_t count;

    page_get(theirs);
    CHECK_EQ(p2m_map(d, gfn(0x5000), page_to_mfn(theirs), 0, P2M_GRANT_RW),
             0);
    page_get(theirs);
    CHECK_EQ(p2m_map(d, gfn(0x5001), page_to_mfn(theirs), 0, P2M_FOREIGN), 0);
    count = theirs->count;
    for (unsigned int from = 0x5000; from < 0x5002; from++) {
        list_set(0, from);
        (void)fake_put(LIST + 0x100, &(uint64_t){ 0x5100 }, 8);
        CHECK(batch(DOMID_SELF, XENMAPSPACE_gmfn_foreign, DOMID_SELF, 1) ||
              batch_error(0));
        CHECK_EQ(type_at(d, 0x5100), P2M_NONE);
        CHECK(batch(1, XENMAPSPACE_gmfn_foreign, 1, 1) || batch_error(0));
        CHECK_EQ(batch(DOMID_SELF, XENMAPSPACE_gmfn, 0, 1), 0);
        CHECK(batch_error(0));
        /* Neither by way of its device model. */
        doms[0].d.privileged = false;
        doms[0].d.target = d;
        fake_run_as(&doms[0].v[0]);
        list_set(0, from);
        (void)fake_put(LIST + 0x100, &(uint64_t){ 0x5100 }, 8);
        CHECK(batch(DOMID_SELF, XENMAPSPACE_gmfn_foreign, 1, 1) ||
              batch_error(0));
        doms[0].d.privileged = true;
        doms[0].d.target = NULL;
        fake_run_as(&doms[1].v[0]);
    }
    list_set(0, 0x5000);
    CHECK_EQ(reserve(XENMEM_decrease_reservation, DOMID_SELF, 1, 0), 0);
    CHECK_EQ(theirs->count, count);
    CHECK_EQ(guest_grant_unmap(d, gfn(0x5000), page_to_mfn(theirs)), 0);
    CHECK_EQ(p2m_unmap(d, gfn(0x5001), 0, page_to_mfn(theirs)), 0);
    CHECK_EQ(theirs->count, 1);
}

static void foreign(void)
{
    struct page *pg = fake_ram(&doms[1].d, 0x600, 0);

    /* Domain 0 maps a guest's page twice, takes it out by remove. */
    fake_run_as(&doms[0].v[0]);
    list_set(0, 0x600);
    list_set(1, 0x601); /* nothing there */
    (void)fake_put(LIST + 0x100, (uint64_t[]){ 0x700, 0x701 }, 16);
    CHECK_EQ(batch(DOMID_SELF, XENMAPSPACE_gmfn_foreign, 1, 2), 0);
    CHECK_EQ(batch_error(0), 0);
    CHECK_EQ(batch_error(1), -EINVAL);
    CHECK_EQ(type_at(&doms[0].d, 0x700), P2M_FOREIGN);
    CHECK_EQ(pg->count, 2);
    {
        struct xen_remove_from_physmap r = { DOMID_SELF, 0x700 };

        CHECK_EQ(call(XENMEM_remove_from_physmap, &r, sizeof(r)), 0);
        CHECK_EQ(call(XENMEM_remove_from_physmap, &r, sizeof(r)), -ENOENT);
    }
    CHECK_EQ(pg->count, 1);
    CHECK_EQ(batch(DOMID_SELF, XENMAPSPACE_gmfn_foreign, 9, 1), -ESRCH);
    CHECK_EQ(batch(DOMID_SELF, XENMAPSPACE_gmfn, 1, 1), -EOPNOTSUPP);
    CHECK_EQ(batch(DOMID_SELF, XENMAPSPACE_gmfn_range, 0, 1), -EINVAL);
    /* A guest has no business with another. */
    fake_run_as(&doms[1].v[0]);
    CHECK_EQ(batch(DOMID_SELF, XENMAPSPACE_gmfn_foreign, 2, 1), -EPERM);
    CHECK_EQ(batch(2, XENMAPSPACE_gmfn, 0, 1), -EPERM);
    for (unsigned int i = 0; i < NR_DOMS; i++)
        CHECK_EQ(doms[i].d.refs, 1);
}

static long add(domid_t id, unsigned int space, uint64_t idx, uint64_t g,
                uint16_t size)
{
    struct xen_add_to_physmap a = { id, size, space, idx, g };

    return call(XENMEM_add_to_physmap, &a, sizeof(a));
}

static void special_frames(void)
{
    struct domain *d = &doms[1].d;
    struct page *si = d->shared_info_page;

    CHECK_EQ(add(DOMID_SELF, XENMAPSPACE_shared_info, 0, 0x800, 0), 0);
    CHECK_EQ(si->count, 2);
    CHECK_EQ(add(DOMID_SELF, XENMAPSPACE_shared_info, 0, 0x801, 0), 0);
    CHECK_EQ(si->count, 2); /* it shows at one place */
    CHECK_EQ(type_at(d, 0x800), P2M_NONE);
    CHECK_EQ(add(DOMID_SELF, XENMAPSPACE_shared_info, 1, 0x801, 0), -EINVAL);
    CHECK_EQ(add(DOMID_SELF, XENMAPSPACE_grant_table, 0, 0x802, 0), 0);
    CHECK_EQ(add(DOMID_SELF, XENMAPSPACE_grant_table, 4, 0x803, 0), -EINVAL);
    CHECK_EQ(add(DOMID_SELF, XENMAPSPACE_grant_table,
                 XENMAPIDX_grant_table_status, 0x803, 0), -EINVAL);
    CHECK_EQ(add(DOMID_SELF, XENMAPSPACE_gmfn_foreign, 0, 0x803, 0), -ENOSYS);
    CHECK_EQ(add(DOMID_SELF, 77, 0, 0x803, 0), -EOPNOTSUPP);
    CHECK_EQ(add(0, XENMAPSPACE_shared_info, 0, 0x803, 0), -EPERM);
    /* A dead domain has none any more. */
    d->shared_info_page = NULL;
    CHECK_EQ(add(DOMID_SELF, XENMAPSPACE_shared_info, 0, 0x804, 0), -EINVAL);
    d->shared_info_page = si;
    /* Move a page: to itself, to a hole, from a hole. */
    (void)fake_ram(d, 0x810, 0);
    CHECK_EQ(add(DOMID_SELF, XENMAPSPACE_gmfn, 0x810, 0x810, 0), 0);
    CHECK_EQ(add(DOMID_SELF, XENMAPSPACE_gmfn, 0x810, 0x811, 0), 0);
    CHECK_EQ(type_at(d, 0x810), P2M_NONE);
    CHECK_EQ(type_at(d, 0x811), P2M_RAM);
    CHECK_EQ(add(DOMID_SELF, XENMAPSPACE_gmfn, 0x810, 0x812, 0), -EINVAL);
    /* One that cannot be moved stays. */
    CHECK_EQ(add(DOMID_SELF, XENMAPSPACE_gmfn, 0x811, ~0ull >> 12, 0), -EINVAL);
    CHECK_EQ(type_at(d, 0x811), P2M_RAM);
    CHECK_EQ(add(DOMID_SELF, XENMAPSPACE_gmfn_range, ~0ull, 0x812, 0xffff),
             -EINVAL);
}

static long acquire(domid_t id, uint16_t type, uint32_t sid, uint32_t nr,
                    uint64_t frame, uint64_t list)
{
    struct xen_mem_acquire_resource r = {
        .domid = id, .type = type, .id = sid, .nr_frames = nr,
        .frame = frame, .frame_list = { .addr = list },
    };

    return call(XENMEM_acquire_resource, &r, sizeof(r));
}

static void resources(void)
{
    fake_run_as(&doms[0].v[0]);
    list_set(0, 0x900);
    list_set(1, 0x901);
    CHECK_EQ(acquire(1, XENMEM_resource_ioreq_server, 0, 2, 0, LIST), 0);
    CHECK_EQ(ioreq_page->count, 3);
    CHECK_EQ(acquire(1, XENMEM_resource_grant_table, 0, 1, 0, LIST), -EBUSY);
    list_set(0, 0x902);
    CHECK_EQ(acquire(1, XENMEM_resource_grant_table, 0, 1, 0, LIST), 0);
    CHECK_EQ(ioreq_page->count, 3);
    CHECK_EQ(grant_page->count, 3);
    CHECK_EQ(acquire(1, XENMEM_resource_grant_table, 0, 1, 4, LIST), -EINVAL);
    CHECK_EQ(acquire(1, XENMEM_resource_grant_table, 0, 1, ~0ull, LIST),
             -EINVAL);
    CHECK_EQ(acquire(1, XENMEM_resource_grant_table, 1, 1, 0, LIST),
             -EOPNOTSUPP);
    CHECK_EQ(acquire(1, XENMEM_resource_ioreq_server, 1, 1, 0, LIST),
             -ENOENT);
    CHECK_EQ(acquire(1, XENMEM_resource_ioreq_server, 0, 1, 2, LIST),
             -EINVAL);
    CHECK_EQ(acquire(1, 9, 0, 1, 0, LIST), -EOPNOTSUPP);
    /* The answer that tells xl save that there are no virtual nodes. */
    CHECK_EQ(do_memory_op(XENMEM_get_vnumainfo,
                          guest_ptr_make(void, LIST)), -EOPNOTSUPP);
    /* The list is not there: no reference is left behind. */
    CHECK_EQ(acquire(1, XENMEM_resource_ioreq_server, 0, 1, 0, 0x7000000),
             -EFAULT);
    CHECK_EQ(ioreq_page->count, 3);
    CHECK_EQ(acquire(1, XENMEM_resource_grant_table, 0, 0, 0, 0), 0);
    fake_run_as(&doms[1].v[0]);
    CHECK_EQ(acquire(DOMID_SELF, XENMEM_resource_grant_table, 0, 1, 0, LIST),
             -EPERM);
}

static long set_map(domid_t id, unsigned int nr, uint64_t list)
{
    struct xen_foreign_memory_map f = {
        .domid = id, .map = { .nr_entries = nr, .buffer = { .addr = list } },
    };

    return call(XENMEM_set_memory_map, &f, sizeof(f));
}

/* The other vCPU replaces the map while this one reads it. */
static void other_sets_map(void)
{
    struct vcpu *me = current;

    fake_run_as(&doms[1].v[1]);
    CHECK_EQ(set_map(DOMID_SELF, 1, LIST), 0);
    fake_run_as(me);
}

static void arm_other(void)
{
    fake_meanwhile = other_sets_map; /* with the copy after this one */
}

static void memory_map(void)
{
    const uint64_t elsewhere = 0x900; /* a page that is walked to anew */
    struct xen_memory_map map = {
        .nr_entries = 1000, .buffer = { .addr = elsewhere << PAGE_SHIFT } };

    (void)fake_ram(&doms[1].d, elsewhere, 0);
    CHECK_EQ(call(XENMEM_memory_map, &map, sizeof(map)), -ENOSYS);
    CHECK_EQ(set_map(DOMID_SELF, GUEST_MAP_MAX + 1, LIST), -EINVAL);
    CHECK_EQ(set_map(DOMID_SELF, 1, 0x7000000), -EFAULT);
    CHECK_EQ(set_map(2, 1, LIST), -EPERM);
    CHECK_EQ(set_map(DOMID_SELF, 3, LIST), 0);
    fake_meanwhile = arm_other;
    CHECK_EQ(call(XENMEM_memory_map, &map, sizeof(map)), 0);
    CHECK_EQ(fake_meanwhile, NULL);
    memcpy(&map, fake_gpa(&doms[1].d, ARGS), sizeof(map));
    CHECK(map.nr_entries == 3 || map.nr_entries == 1);
    heap_free(doms[1].d.hvm->map);
    doms[1].d.hvm->map = NULL;
}

static void questions(void)
{
    struct xen_memory_domain who = { .domid = DOMID_SELF };

    CHECK_EQ(call(XENMEM_current_reservation, &who, sizeof(who)),
             doms[1].d.frames - doms[1].d.special_frames);
    CHECK_EQ(call(XENMEM_maximum_reservation, &who, sizeof(who)), 1u << 20);
    who.domid = 2;
    CHECK_EQ(call(XENMEM_maximum_gpfn, &who, sizeof(who)), -EPERM);
    CHECK_EQ(do_memory_op(60, guest_ptr_make(void, ARGS)), -ENOSYS);
    CHECK_EQ(do_memory_op(~0u, guest_ptr_make(void, ARGS)), -ENOSYS);
    CHECK_EQ(do_memory_op(XENMEM_current_reservation,
                          guest_ptr_make(void, 0x7000000)), -EFAULT);
}

int main(void)
{
    unsigned int before = fake_allocs();

    fake_doms_create();
    for (unsigned int i = 0; i < NR_DOMS; i++)
        (void)fake_ram(&doms[i].d, ARG_GFN, 0);
    grant_page = page_alloc(1, 0, 0);
    ioreq_page = page_alloc(1, 0, 0);
    (void)atomic_fetch_add(&doms[1].d.frames, 2);
    populate_and_decrease();
    goes_on_after_restart();
    granted_frames_stay_granted();
    foreign();
    special_frames();
    resources();
    memory_map();
    questions();
    page_put(grant_page);
    page_put(ioreq_page);
    fake_doms_destroy();
    CHECK_EQ(fake_allocs(), before);
    return test_result();
}
