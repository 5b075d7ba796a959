/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A saved guest whose registers make no sense to the CPU: restored and
 * started, its entry fails. That ends this domain alone, and the log says
 * which register was refused (tests.ini looks for it).
 *
 * SDM vol. 3C 27.3; Xen's public/arch-x86/hvm/save.h.
 */
#include "hypervisor/abi/hvm-save.h"
#include "tests/guest/lib/clock.h"
#include "tests/guest/lib/hypercall.h"
#include "tests/guest/lib/lib.h"
#include "tests/guest/lib/second.h"

static uint8_t context[32768];

/* Its vCPU's record in context[]. */
static struct hvm_hw_cpu *cpu_record(void)
{
    struct xen_domctl op = { .u.hvmcontext = {
        .size = sizeof(context), .buffer = { addr(context) } } };
    uint8_t *at = context;

    if (second_domctl(XEN_DOMCTL_gethvmcontext, &op))
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

    report_eq(second_domctl(XEN_DOMCTL_sethvmcontext, &op), 0, what);
    op = (struct xen_domctl){ 0 };
    report_eq(second_domctl(XEN_DOMCTL_unpausedomain, &op), 0, what);
    for (unsigned int i = 0; i < 20000 && !(flags & XEN_DOMINF_shutdown); i++) {
        delay_us(100);
        op = (struct xen_domctl){ 0 };
        report_eq(second_domctl(XEN_DOMCTL_getdomaininfo, &op), 0, "getdomaininfo");
        flags = op.u.getdomaininfo.flags;
    }
    report(flags & XEN_DOMINF_shutdown, "%s: it runs", what);
    report_eq(flags >> 16 & 0xff, 3, what); /* SHUTDOWN_crash */
    second_destroy();
}

TEST_MAIN()
{
    struct hvm_hw_cpu *c;

    second_create(0);
    c = cpu_record();
    c->cs_arbytes = 0x8b; /* a task */
    crashes("a task as code");

    second_create(0);
    c = cpu_record();
    c->tr_arbytes = 0x8e; /* an interrupt gate */
    crashes("a gate as the task");

    second_create(0);
    c = cpu_record();
    c->ldtr_arbytes = 0x8b; /* a task */
    crashes("a task as the local table");
}
