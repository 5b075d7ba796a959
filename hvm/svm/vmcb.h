/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The virtual machine control block (APM vol. 2 appendix B). Members that end
 * in an underscore are cached: who writes to them clears the bit of their group
 * by vmcb_unclean(); but in a new block, which has no clean bits.
 */
#pragma once

#include "hvm/base/regs.h"

/* Groups of fields that the CPU may keep cached (APM vol. 2 15.15.3). */
enum vmcb_clean {
    CLEAN_INTERCEPTS, CLEAN_IOPM, CLEAN_ASID, CLEAN_TPR, CLEAN_NP,
    CLEAN_CR, CLEAN_DR, CLEAN_DT, CLEAN_SEG, CLEAN_CR2, CLEAN_LBR,
    CLEAN_NONE = 31 /* fields that are always read: a bit without meaning */
};

/* Exit codes (APM vol. 2 appendix C). The first 192 are also the numbers of
 * the bits in the intercept words that make the guest exit. */
enum svm_exit {
    SVM_EXIT_CR_WRITE = 0x10, SVM_EXIT_EXCEPTION = 0x40, SVM_EXIT_INTR = 0x60,
    SVM_EXIT_NMI = 0x61, SVM_EXIT_INIT = 0x63, SVM_EXIT_VINTR = 0x64,
    SVM_EXIT_RDPMC = 0x6f, SVM_EXIT_CPUID = 0x72, SVM_EXIT_IRET = 0x74,
    SVM_EXIT_INVD = 0x76, SVM_EXIT_PAUSE = 0x77, SVM_EXIT_HLT = 0x78,
    SVM_EXIT_INVLPGA = 0x7a, SVM_EXIT_IOIO = 0x7b, SVM_EXIT_MSR = 0x7c,
    SVM_EXIT_TASK_SWITCH = 0x7d, SVM_EXIT_SHUTDOWN = 0x7f,
    SVM_EXIT_VMRUN = 0x80, SVM_EXIT_VMMCALL = 0x81, SVM_EXIT_VMLOAD = 0x82,
    SVM_EXIT_SKINIT = 0x86, SVM_EXIT_MONITOR = 0x8a, SVM_EXIT_MWAIT = 0x8b,
    SVM_EXIT_XSETBV = 0x8d, SVM_EXIT_NPF = 0x400
};
#define SVM_EXIT_INVALID 0xffffffffu /* compared as 32 bits: see the manual
                                        and what emulators report */

/* The V_* word at 0x60. */
#define VINTR_TPR 0xfull
#define VINTR_IRQ BIT(8)
#define VINTR_PRIO_MAX (0xfull << 16)
#define VINTR_IGN_TPR BIT(20)
#define VINTR_MASKING BIT(24)
#define VINTR_VECTOR_SHIFT 32

enum { TLB_KEEP = 0, TLB_FLUSH_ALL = 1 };

struct vmcb {
    uint32_t intercept_[6];
    uint8_t pad0[0x3e - 0x18];
    uint16_t pause_count_;
    uint64_t iopm_, msrpm_, tsc_offset_;
    uint32_t asid_, tlb_control;
    uint64_t vintr_;
    uint64_t shadow;      /* bit 0: interrupt shadow */
    uint64_t exitcode, exitinfo1, exitinfo2, exitintinfo;
    uint64_t np_enable_;
    uint8_t pad1[0xa8 - 0x98];
    uint64_t eventinj;
    uint64_t ncr3_;
    uint64_t lbr_enable_;
    uint32_t clean;
    uint32_t pad2;
    uint64_t nrip;
    uint8_t nbytes, bytes[15];
    uint8_t pad3[0x3e8 - 0xe0];

    /* The CPU leaves 32 bytes to root mode; the first 8 would speak to a
     * hypervisor below. All (v), but for the address. */
    bool nmi_masked;      /* an NMI handler runs in the guest */
    bool window_late;     /* ask again after the next exit */
    bool stepping;        /* TF is ours, for that IRET */
    bool step_tf;         /* it was set anyway */
    uint32_t step_dr6;    /* before it */
    uint64_t iret_rip;    /* of the IRET that ends it, 0: none seen */
    uint64_t pa;          /* (c) of this block */

    struct segment seg_[6]; /* ES CS SS DS FS GS: encoding order */
    struct segment gdtr_, ldtr_, idtr_, tr_;
    uint8_t pad4[0xcb - 0xa0];
    uint8_t cpl_;
    uint32_t pad5;
    uint64_t efer_;
    uint8_t pad6[0x148 - 0xd8];
    uint64_t cr4_, cr3_, cr0_;
    uint64_t dr7_, dr6_;
    uint64_t rflags, rip;
    uint8_t pad7[0x1d8 - 0x180];
    uint64_t rsp;
    uint8_t pad8[0x1f8 - 0x1e0];
    uint64_t rax;
    uint64_t star_, lstar_, cstar_, sfmask_, kernel_gs_base_;
    uint64_t sysenter_cs_, sysenter_esp_, sysenter_eip_;
    uint64_t cr2_;
    uint8_t pad9[0x268 - 0x248];
    uint64_t pat_;
    uint64_t debugctl_, br_from_, br_to_, lastexcpfrom_, lastexcpto_;
    uint8_t pad10[0x1000 - 0x698];
};
_Static_assert(sizeof(struct vmcb) == 4096, "one page");

static inline void vmcb_unclean(struct vmcb *b, enum vmcb_clean group)
{
    b->clean &= ~(1u << group);
}

static inline bool vmcb_intercepts(const struct vmcb *b, enum svm_exit code)
{
    return b->intercept_[code / 32] >> code % 32 & 1;
}

/* Makes the guest exit, or not, with this code. */
static inline void vmcb_intercept(struct vmcb *b, enum svm_exit code, bool on)
{
    if (vmcb_intercepts(b, code) != on) {
        b->intercept_[code / 32] ^= 1u << code % 32;
        vmcb_unclean(b, CLEAN_INTERCEPTS);
    }
}

/* Where segment register s is; who writes to it clears CLEAN_SEG. */
static inline struct segment *vmcb_seg(struct vmcb *b, enum hvm_seg s)
{
    return s == SEG_LDTR ? &b->ldtr_ : s == SEG_TR ? &b->tr_ : &b->seg_[s];
}
