/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A saved guest whose registers make no sense to the CPU: restored and
 * started, its entry fails. That ends this domain alone, and the log says
 * which register was refused (tests.ini looks for it).
 *
 * SDM vol. 3C 27.3; Xen's public/arch-x86/hvm/save.h.
 */
#include "hypervisor/abi/domctl.h"
#include "hypervisor/abi/hvm-save.h"
#include "tests/guest/lib/clock.h"
#include "tests/guest/lib/hypercall.h"
#include "tests/guest/lib/lib.h"

static domid_t guest;
static uint8_t context[32768];

static long domctl(uint32_t cmd, struct xen_domctl *op)
{
    op->cmd = cmd;
    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op->domain = guest;
    return hypercall(__HYPERVISOR_domctl, addr(op));
}

static void create(void)
{
    struct xen_domctl op = { .u.createdomain = {
        .flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap, .max_vcpus = 1,
        .max_evtchn_port = 1023, .max_grant_frames = 4,
        .max_maptrack_frames = 4, .grant_opts = 1,
        .arch.emulation_flags = XEN_X86_EMU_LAPIC } };

    if (domctl(XEN_DOMCTL_createdomain, &op))
        fail("no domain");
    guest = op.domain;
    op = (struct xen_domctl){ .u.max_vcpus.max = 1 };
    report_eq(domctl(XEN_DOMCTL_max_vcpus, &op), 0, "max_vcpus");
}

/* Its vCPU's record in context[]. */
static struct hvm_hw_cpu *cpu_record(void)
{
    struct xen_domctl op = { .u.hvmcontext = {
        .size = sizeof(context), .buffer = { addr(context) } } };
    uint8_t *at = context;

    if (domctl(XEN_DOMCTL_gethvmcontext, &op))
        fail("no context");
    for (;;) {
        const struct hvm_save_descriptor *d = (void *)at;

        at += sizeof(*d);
        if (d->typecode == HVM_SAVE_CODE_CPU)
            return (void *)at;
        if (d->typecode == HVM_SAVE_CODE_END)
            fail("no record of the vCPU");
        at += d->length;
    }
}

static void crashes(const char *what)
{
    struct xen_domctl op = { .u.hvmcontext = {
        .size = sizeof(context), .buffer = { addr(context) } } };
    unsigned int flags = 0;

    report_eq(domctl(XEN_DOMCTL_sethvmcontext, &op), 0, what);
    op = (struct xen_domctl){ 0 };
    report_eq(domctl(XEN_DOMCTL_unpausedomain, &op), 0, what);
    for (unsigned int i = 0; i < 20000 && !(flags & XEN_DOMINF_shutdown); i++) {
        delay_us(100);
        op = (struct xen_domctl){ 0 };
        report_eq(domctl(XEN_DOMCTL_getdomaininfo, &op), 0, "getdomaininfo");
        flags = op.u.getdomaininfo.flags;
    }
    report(flags & XEN_DOMINF_shutdown, "%s: it runs", what);
    report_eq(flags >> 16 & 0xff, 3, what); /* SHUTDOWN_crash */
    op = (struct xen_domctl){ 0 };
    while (domctl(XEN_DOMCTL_destroydomain, &op) == -EAGAIN)
        ;
    guest = 0;
}

TEST_MAIN()
{
    struct hvm_hw_cpu *c;

    create();
    c = cpu_record();
    c->cs_arbytes = 0x8b; /* a task */
    crashes("a task as code");

    create();
    c = cpu_record();
    c->tr_arbytes = 0x8e; /* an interrupt gate */
    crashes("a gate as the task");

    create();
    c = cpu_record();
    c->ldtr_arbytes = 0x8b; /* a task */
    crashes("a task as the local table");
}
