/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The virtual machine control block (APM vol. 2 appendix B). Members end in
 * an underscore: they are written only through setters that know the clean
 * bit of their group, so that none can be forgotten.
 */
#pragma once

#include "hvm/base/regs.h"

/* Groups of fields that the CPU may keep cached (APM vol. 2 15.15.3). */
enum vmcb_clean {
    CLEAN_INTERCEPTS, CLEAN_IOPM, CLEAN_ASID, CLEAN_TPR, CLEAN_NP,
    CLEAN_CR, CLEAN_DR, CLEAN_DT, CLEAN_SEG, CLEAN_CR2, CLEAN_LBR,
    CLEAN_AVIC, CLEAN_NONE = 31 /* fields that are always read */
};

/* Intercept words, by number. */
enum { VMCB_CR, VMCB_DR, VMCB_EXC, VMCB_MISC1, VMCB_MISC2, VMCB_MISC3 };

#define MISC1_INTR BIT(0)
#define MISC1_NMI BIT(1)
#define MISC1_SMI BIT(2)
#define MISC1_INIT BIT(3)
#define MISC1_VINTR BIT(4)
#define MISC1_RDPMC BIT(15)
#define MISC1_PAUSE BIT(23)
#define MISC1_CPUID BIT(18)
#define MISC1_IRET BIT(20)
#define MISC1_INVD BIT(22)
#define MISC1_HLT BIT(24)
#define MISC1_INVLPGA BIT(26)
#define MISC1_IOIO BIT(27)
#define MISC1_MSR BIT(28)
#define MISC1_TASK_SWITCH BIT(29)
#define MISC1_SHUTDOWN BIT(31)
#define MISC2_VMRUN BIT(0)
#define MISC2_VMMCALL BIT(1)
#define MISC2_VMLOAD BIT(2)
#define MISC2_VMSAVE BIT(3)
#define MISC2_STGI BIT(4)
#define MISC2_CLGI BIT(5)
#define MISC2_SKINIT BIT(6)
#define MISC2_WBINVD BIT(9)
#define MISC2_MONITOR BIT(10)
#define MISC2_MWAIT BIT(11)
#define MISC2_XSETBV BIT(13)

/* The V_* word at 0x60. */
#define VINTR_TPR 0xfull
#define VINTR_IRQ BIT(8)
#define VINTR_PRIO_MAX (0xfull << 16)
#define VINTR_IGN_TPR BIT(20)
#define VINTR_MASKING BIT(24)
#define VINTR_VECTOR_SHIFT 32

/* EVENTINJ and EXITINTINFO. */
#define VMCB_EVENT_TYPE_SHIFT 8
#define VMCB_EVENT_HAS_ERROR BIT(11)
#define VMCB_EVENT_VALID BIT(31)

enum { TLB_KEEP = 0, TLB_FLUSH_ALL = 1 };

struct vmcb {
    uint32_t intercept_[6];
    uint8_t pad0[0x3c - 0x18];
    uint16_t pause_threshold_;
    uint16_t pause_count_;
    uint64_t iopm_;
    uint64_t msrpm_;
    uint64_t tsc_offset_;
    uint32_t asid_;
    uint32_t tlb_control_;
    uint64_t vintr_;
    uint64_t shadow_;      /* bit 0: interrupt shadow */
    uint64_t exitcode;
    uint64_t exitinfo1;
    uint64_t exitinfo2;
    uint64_t exitintinfo;
    uint64_t np_enable_;
    uint8_t pad1[0xa8 - 0x98];
    uint64_t eventinj_;
    uint64_t ncr3_;
    uint64_t lbr_enable_;
    uint32_t clean;
    uint32_t pad2;
    uint64_t nrip;
    uint8_t nbytes;
    uint8_t bytes[15];
    uint8_t pad3[0x400 - 0xe0];

    struct segment seg_[6]; /* ES CS SS DS FS GS: encoding order */
    struct segment gdtr_, ldtr_, idtr_, tr_;
    uint8_t pad4[0xcb - 0xa0];
    uint8_t cpl_;
    uint32_t pad5;
    uint64_t efer_;
    uint8_t pad6[0x148 - 0xd8];
    uint64_t cr4_, cr3_, cr0_;
    uint64_t dr7_, dr6_;
    uint64_t rflags_, rip_;
    uint8_t pad7[0x1d8 - 0x180];
    uint64_t rsp_;
    uint8_t pad8[0x1f8 - 0x1e0];
    uint64_t rax_;
    uint64_t star_, lstar_, cstar_, sfmask_, kernel_gs_base_;
    uint64_t sysenter_cs_, sysenter_esp_, sysenter_eip_;
    uint64_t cr2_;
    uint8_t pad9[0x268 - 0x248];
    uint64_t pat_;
    uint64_t debugctl_, br_from_, br_to_, lastexcpfrom_, lastexcpto_;
    uint8_t pad10[0x1000 - 0x698];
};
_Static_assert(sizeof(struct vmcb) == 4096, "one page");
_Static_assert(offsetof(struct vmcb, iopm_) == 0x40, "APM B-1");
_Static_assert(offsetof(struct vmcb, vintr_) == 0x60, "APM B-1");
_Static_assert(offsetof(struct vmcb, np_enable_) == 0x90, "APM B-1");
_Static_assert(offsetof(struct vmcb, eventinj_) == 0xa8, "APM B-1");
_Static_assert(offsetof(struct vmcb, nbytes) == 0xd0, "APM B-1");
_Static_assert(offsetof(struct vmcb, seg_) == 0x400, "APM B-2");
_Static_assert(offsetof(struct vmcb, efer_) == 0x4d0, "APM B-2");
_Static_assert(offsetof(struct vmcb, rip_) == 0x578, "APM B-2");
_Static_assert(offsetof(struct vmcb, rsp_) == 0x5d8, "APM B-2");
_Static_assert(offsetof(struct vmcb, rax_) == 0x5f8, "APM B-2");
_Static_assert(offsetof(struct vmcb, cr2_) == 0x640, "APM B-2");
_Static_assert(offsetof(struct vmcb, pat_) == 0x668, "APM B-2");

static inline void vmcb_unclean(struct vmcb *b, enum vmcb_clean group)
{
    if (group != CLEAN_NONE)
        b->clean &= ~(uint32_t)BIT(group);
}

#define VMCB_FIELD(name, group)                                             \
    static inline typeof(((struct vmcb *)0)->name##_)                       \
    vmcb_##name(const struct vmcb *b) { return b->name##_; }                \
    static inline void                                                      \
    vmcb_set_##name(struct vmcb *b,                                         \
                    typeof(((struct vmcb *)0)->name##_) val)                \
    {                                                                       \
        b->name##_ = val;                                                   \
        vmcb_unclean(b, CLEAN_##group);                                     \
    }

VMCB_FIELD(iopm, IOPM)
VMCB_FIELD(msrpm, IOPM)
VMCB_FIELD(tsc_offset, INTERCEPTS)
VMCB_FIELD(asid, ASID)
VMCB_FIELD(tlb_control, NONE)
VMCB_FIELD(vintr, TPR)
VMCB_FIELD(shadow, NONE)
VMCB_FIELD(np_enable, NP)
VMCB_FIELD(eventinj, NONE)
VMCB_FIELD(ncr3, NP)
VMCB_FIELD(efer, CR)
VMCB_FIELD(dr6, DR)
VMCB_FIELD(rflags, NONE)
VMCB_FIELD(rip, NONE)
VMCB_FIELD(rsp, NONE)
VMCB_FIELD(rax, NONE)
VMCB_FIELD(cr2, CR2)
VMCB_FIELD(pat, NP)

/* Sets or clears bits of an intercept word. */
static inline void vmcb_intercept(struct vmcb *b, unsigned int word,
                                  uint64_t bits, bool on)
{
    uint32_t old = b->intercept_[word];
    uint32_t val = on ? old | (uint32_t)bits : old & ~(uint32_t)bits;

    if (val != old) {
        b->intercept_[word] = val;
        vmcb_unclean(b, CLEAN_INTERCEPTS);
    }
}

/* Where segment register s is; who writes to it clears CLEAN_SEG. */
static inline struct segment *vmcb_seg(struct vmcb *b, enum hvm_seg s)
{
    return s == SEG_LDTR ? &b->ldtr_ : s == SEG_TR ? &b->tr_ : &b->seg_[s];
}

/* Exit codes (APM vol. 2 appendix C). */
#define SVM_EXIT_CR_READ 0x00
#define SVM_EXIT_CR_WRITE 0x10
#define SVM_EXIT_EXCEPTION 0x40
#define SVM_EXIT_INTR 0x60
#define SVM_EXIT_NMI 0x61
#define SVM_EXIT_SMI 0x62
#define SVM_EXIT_INIT 0x63
#define SVM_EXIT_VINTR 0x64
#define SVM_EXIT_RDPMC 0x6f
#define SVM_EXIT_CPUID 0x72
#define SVM_EXIT_IRET 0x74
#define SVM_EXIT_INVD 0x76
#define SVM_EXIT_PAUSE 0x77
#define SVM_EXIT_HLT 0x78
#define SVM_EXIT_INVLPGA 0x7a
#define SVM_EXIT_IOIO 0x7b
#define SVM_EXIT_MSR 0x7c
#define SVM_EXIT_TASK_SWITCH 0x7d
#define SVM_EXIT_SHUTDOWN 0x7f
#define SVM_EXIT_VMRUN 0x80
#define SVM_EXIT_VMMCALL 0x81
#define SVM_EXIT_WBINVD 0x89
#define SVM_EXIT_MONITOR 0x8a
#define SVM_EXIT_MWAIT 0x8b
#define SVM_EXIT_MWAIT_ARMED 0x8c
#define SVM_EXIT_XSETBV 0x8d
#define SVM_EXIT_NPF 0x400
#define SVM_EXIT_INVALID 0xffffffffu /* compared as 32 bits: see the manual
                                        and what emulators report */
