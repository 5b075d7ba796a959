/* SPDX-License-Identifier: GPL-2.0-only */
/* A second domain. See second.h. */
#include "tests/guest/lib/second.h"

#include "hypervisor/abi/memory.h"
#include "tests/guest/lib/hypercall.h"
#include "tests/guest/lib/lib.h"

#define RESET 0xffff0

domid_t second;

long second_domctl(uint32_t cmd, struct xen_domctl *op)
{
    op->cmd = cmd;
    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op->domain = second;
    return hypercall(__HYPERVISOR_domctl, addr(op));
}

void second_create(unsigned int max_kib)
{
    struct xen_domctl op = { .u.createdomain = {
        .flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap, .max_vcpus = 1,
        .max_evtchn_port = 1023, .max_grant_frames = 4,
        .max_maptrack_frames = 4, .grant_opts = 1,
        .arch.emulation_flags = XEN_X86_EMU_LAPIC } };

    if (second_domctl(XEN_DOMCTL_createdomain, &op))
        fail("no domain");
    second = op.domain;
    op = (struct xen_domctl){ .u.max_mem.max_memkb = max_kib };
    report_eq(second_domctl(XEN_DOMCTL_max_mem, &op), 0, "max_mem");
    op = (struct xen_domctl){ .u.max_vcpus.max = 1 };
    report_eq(second_domctl(XEN_DOMCTL_max_vcpus, &op), 0, "max_vcpus");
}

void second_destroy(void)
{
    struct xen_domctl op = { 0 };
    long rc;

    do
        rc = second_domctl(XEN_DOMCTL_destroydomain, &op);
    while (rc == -EAGAIN);
    report_eq(rc, 0, "destroy");
    second = 0;
}

void *second_map(xen_pfn_t gfn, uint64_t at)
{
    xen_ulong_t idx = gfn;
    xen_pfn_t gpfn = at >> 12;
    int err = 99;
    struct xen_add_to_physmap_batch b = {
        .domid = DOMID_SELF, .space = XENMAPSPACE_gmfn_foreign, .size = 1,
        .u.foreign_domid = second, .idxs = { addr(&idx) },
        .gpfns = { addr(&gpfn) }, .errs = { addr(&err) },
    };

    if (memory_op(XENMEM_add_to_physmap_batch, &b) || err)
        fail("cannot map its frame %#lx: %d", (unsigned long)gfn, err);
    return (void *)(uintptr_t)at;
}

void second_start(void *page, const uint8_t *code, const uint8_t *code_end)
{
    static const uint8_t jump[] = {
        0xe9, (SECOND_CODE - RESET - 3) & 0xff,
        (SECOND_CODE - RESET - 3) >> 8 & 0xff
    };
    struct xen_domctl op = { 0 };

    memcpy(page, code, (size_t)(code_end - code));
    memcpy((uint8_t *)page + RESET - SECOND_CODE, jump, sizeof(jump));
    report_eq(second_domctl(XEN_DOMCTL_unpausedomain, &op), 0, "unpause");
}
