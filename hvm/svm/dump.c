/* SPDX-License-Identifier: GPL-2.0-only */
/* Prints a control block: what a crash message needs, by the manual's names. */
#include "hvm/svm/svm.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/lib/format.h"

static const struct {
    const char *name;
    uint16_t offset;
} fields[] = {
    { "EXITCODE", offsetof(struct vmcb, exitcode) },
    { "EXITINFO1", offsetof(struct vmcb, exitinfo1) },
    { "EXITINFO2", offsetof(struct vmcb, exitinfo2) },
    { "EXITINTINFO", offsetof(struct vmcb, exitintinfo) },
    { "EVENTINJ", offsetof(struct vmcb, eventinj_) },
    { "V_INTR", offsetof(struct vmcb, vintr_) },
    { "SHADOW", offsetof(struct vmcb, shadow_) },
    { "RIP", offsetof(struct vmcb, rip_) },
    { "RSP", offsetof(struct vmcb, rsp_) },
    { "RFLAGS", offsetof(struct vmcb, rflags_) },
    { "RAX", offsetof(struct vmcb, rax_) },
    { "CR0", offsetof(struct vmcb, cr0_) },
    { "CR2", offsetof(struct vmcb, cr2_) },
    { "CR3", offsetof(struct vmcb, cr3_) },
    { "CR4", offsetof(struct vmcb, cr4_) },
    { "EFER", offsetof(struct vmcb, efer_) },
    { "DR6", offsetof(struct vmcb, dr6_) },
    { "DR7", offsetof(struct vmcb, dr7_) },
    { "N_CR3", offsetof(struct vmcb, ncr3_) },
    { "G_PAT", offsetof(struct vmcb, pat_) },
    { "TSC_OFFSET", offsetof(struct vmcb, tsc_offset_) },
    { "STAR", offsetof(struct vmcb, star_) },
    { "LSTAR", offsetof(struct vmcb, lstar_) },
    { "KERNEL_GS", offsetof(struct vmcb, kernel_gs_base_) },
};

static const char *const seg_names[] = {
    "ES", "CS", "SS", "DS", "FS", "GS", "GDTR", "LDTR", "IDTR", "TR"
};

void svm_dump(struct vcpu *v)
{
    const struct vmcb *b = vmcb_of(v);
    const struct segment *seg = b->seg_;
    char line[128];
    size_t n = 0;

    for (unsigned int i = 0; i < ARRAY_SIZE(fields); i++) {
        n += format(line + n, sizeof(line) - n, "  %s %016lx", fields[i].name,
                    *(const uint64_t *)((const char *)b + fields[i].offset));
        if (i % 3 == 2) {
            log_err("%s\n", line);
            n = 0;
        }
    }
    for (unsigned int i = 0; i < ARRAY_SIZE(seg_names); i++)
        log_err("  %s sel %04x attr %03x limit %08x base %016lx\n",
                seg_names[i], seg[i].sel, seg[i].attr, seg[i].limit,
                seg[i].base);
    log_err("  ASID %u intercepts %08x %08x %08x %08x %08x\n", b->asid_,
            b->intercept_[0], b->intercept_[1], b->intercept_[2],
            b->intercept_[3], b->intercept_[4]);
}
