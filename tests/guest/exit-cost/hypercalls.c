/* SPDX-License-Identifier: GPL-2.0-only */
/* Hypercalls, by what they copy, and memory given back and taken again. */
#include "tests/guest/exit-cost/cost.h"

#include "hypervisor/abi/grant_table.h"
#include "hypervisor/abi/hvm-params.h"
#include "hypervisor/abi/memory.h"
#include "tests/guest/lib/hypercall.h"

static xen_pfn_t gfn;
static volatile uint32_t *page;
static struct gnttab_copy page_copy;

static void op_version(void)
{
    (void)hypercall(__HYPERVISOR_xen_version, XENVER_version, 0);
}

static void op_param(void)
{
    uint64_t v;

    (void)hvm_param_get(HVM_PARAM_STORE_PFN, &v);
}

static long reserve(unsigned int op, unsigned long n)
{
    struct xen_memory_reservation r = {
        .extent_start = { addr(&gfn) }, .nr_extents = n, .domid = DOMID_SELF,
    };

    return memory_op(op, &r);
}

/* A structure of 32 bytes with a list of nothing. */
static void op_copy_in(void) { (void)reserve(XENMEM_decrease_reservation, 0); }

static void op_copy_out(void)
{
    static xen_capabilities_info_t text;

    (void)hypercall(__HYPERVISOR_xen_version, XENVER_capabilities,
                    addr(text));
}

static void op_copy_page(void)
{
    (void)grant_op(GNTTABOP_copy, &page_copy, 1);
}

static void op_yield(void) { (void)sched_op(SCHEDOP_yield, NULL); }

static void op_renew(void)
{
    (void)reserve(XENMEM_decrease_reservation, 1);
    (void)reserve(XENMEM_populate_physmap, 1);
    *page = 1;
}

static const struct operation plain[] = {
    OP("hypercall, no argument", op_version),
    OP("hypercall, 32-byte argument", op_copy_in),
    OP("hypercall, 1 KiB copied out", op_copy_out),
    OP("hypercall, yield", op_yield),
}, parameter[] = {
    OP("hypercall, small argument", op_param),
}, copy[] = {
    OP("hypercall, 4 KiB grant copy", op_copy_page),
}, renew[] = {
    OP("decrease and populate one page", op_renew),
};

void cost_hypercalls(void)
{
    char *two = pages_alloc(2);
    uint64_t v;

    page = pages_alloc(1);
    gfn = (uintptr_t)page / PAGE_SIZE;
    page_copy = (struct gnttab_copy){
        .source = { .u.gmfn = addr(two) / PAGE_SIZE, .domid = DOMID_SELF },
        .dest = { .u.gmfn = addr(two) / PAGE_SIZE + 1, .domid = DOMID_SELF },
        .len = PAGE_SIZE,
    };
    MEASURE(plain);
    if (!hvm_param_get(HVM_PARAM_STORE_PFN, &v))
        MEASURE(parameter);
    if (!grant_op(GNTTABOP_copy, &page_copy, 1) && !page_copy.status)
        MEASURE(copy);
    if (reserve(XENMEM_decrease_reservation, 1) == 1) {
        report_eq(reserve(XENMEM_populate_physmap, 1), 1, "a page again");
        MEASURE(renew);
    }
}
