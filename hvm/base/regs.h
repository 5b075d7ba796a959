/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest registers as the neutral code sees them, and events. The general
 * registers, RIP and RFLAGS are in memory whenever root mode runs; everything
 * else stays with the vendor and is asked for by number.
 */
#pragma once

#include "hypervisor/lib/util.h"

/* Encoding order. */
enum gpr {
    RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI,
    R8, R9, R10, R11, R12, R13, R14, R15, NR_GPRS
};

struct regs {
    uint64_t gpr[NR_GPRS];
    uint64_t rip;
    uint64_t rflags;
};

/* What ops->get_reg() and set_reg() know. Those up to EFER, but for CR2, decide
 * how linear addresses are translated; VT-x does not switch those from DR6 to
 * KERNEL_GS_BASE. */
enum hvm_reg {
    REG_CR2, REG_CR0, REG_CR3, REG_CR4, REG_EFER,
    REG_DR6, REG_STAR, REG_LSTAR, REG_CSTAR, REG_SFMASK, REG_KERNEL_GS_BASE,
    REG_DR7, REG_GDTR_BASE, REG_GDTR_LIMIT, REG_IDTR_BASE, REG_IDTR_LIMIT,
    REG_FS_BASE, REG_GS_BASE,
    REG_SYSENTER_CS, REG_SYSENTER_ESP, REG_SYSENTER_EIP,
    REG_PAT, REG_DEBUGCTL, REG_LASTBRANCHFROM, REG_LASTBRANCHTO,
    REG_LASTINTFROM, REG_LASTINTTO,
    NR_HVM_REGS
};

/* What decides how linear addresses are translated. */
struct paging_regs {
    uint64_t cr0, cr3, cr4, efer;
};

/* Segment registers in encoding order, then the two system segments. */
enum hvm_seg {
    SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS, SEG_LDTR, SEG_TR,
    NR_HVM_SEGS
};

/*
 * A segment register with its hidden part. attr: descriptor bits 40-47 in
 * bits 0-7 and bits 52-55 in bits 8-11 (the VMCB's form, APM vol. 2 15.5.1).
 */
struct segment {
    uint16_t sel;
    uint16_t attr;
    uint32_t limit; /* bytes, granularity applied */
    uint64_t base;
};

#define SEG_TYPE 0x00f
#define SEG_S 0x010
#define SEG_DPL_SHIFT 5
#define SEG_PRESENT 0x080
#define SEG_LONG 0x200
#define SEG_BIG 0x400
#define SEG_GRAN 0x800

static inline bool is_canonical(uint64_t la)
{
    /* Bits 47 to 63 are equal: the shift leaves 0 or -1. */
    return ((uint64_t)((int64_t)la >> 47) + 1) <= 1;
}

/* Each byte of IA32_PAT must name a memory type (SDM vol. 3A 12.12.2). */
static inline bool pat_is_valid(uint64_t pat)
{
    for (; pat; pat >>= 8)
        if ((pat & 0xff) > 7 || (pat & 0xff) == 2 || (pat & 0xff) == 3)
            return false;
    return true;
}

/* Code size of the next instruction. */
enum hvm_mode { MODE_REAL, MODE_V86, MODE_16, MODE_32, MODE_64 };

/*
 * --- Events ---
 *
 * One event that the CPU delivers to the guest with the next entry, in the
 * form that VMX and SVM share (SDM vol. 3C 25.8.3, APM vol. 2 15.20).
 */

enum hvm_event_type {
    EVENT_INTR = 0,
    EVENT_NMI = 2,
    EVENT_EXCEPTION = 3, /* hardware exception */
    EVENT_SOFT_INT = 4,  /* INT n */
    EVENT_PRIV_SOFT = 5, /* ICEBP */
    EVENT_SOFT_EXC = 6,  /* INT3, INTO */
};

/* The word that either CPU has of an event: vector, type and these bits. */
#define EVENT_TYPE_SHIFT 8
#define EVENT_HAS_ERROR BIT(11)
#define EVENT_VALID BIT(31)

struct hvm_event {
    bool valid;
    uint8_t type;      /* enum hvm_event_type */
    uint8_t vector;
    uint8_t insn_len;  /* of a software event: RIP to return to is past it */
    bool has_error;
    uint32_t error;
    uint64_t cr2;      /* of #PF */
};

/* What such a word says; error: of the field next to it. */
static inline struct hvm_event event_of(uint64_t word, uint64_t error,
                                        uint64_t cr2)
{
    return (struct hvm_event){
        .valid = true, .type = word >> EVENT_TYPE_SHIFT & 7,
        .vector = (uint8_t)word, .has_error = word & EVENT_HAS_ERROR,
        .error = word & EVENT_HAS_ERROR ? (uint32_t)error : 0, .cr2 = cr2 };
}

/* Exceptions. */
enum {
    VEC_DE, VEC_DB, VEC_NMI, VEC_BP, VEC_OF, VEC_UD = 6, VEC_NM, VEC_DF,
    VEC_TS = 10, VEC_NP, VEC_SS, VEC_GP, VEC_PF, VEC_AC = 17, VEC_MC
};

/* Those that push an error code. */
#define VECS_WITH_ERROR (BIT(VEC_DF) | BIT(VEC_TS) | BIT(VEC_NP) |          \
                         BIT(VEC_SS) | BIT(VEC_GP) | BIT(VEC_PF) | BIT(VEC_AC))
