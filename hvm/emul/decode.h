/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The instruction decoder: bytes in, struct insn out.
 *
 * Pure: it looks at nothing but the bytes and the code size, so the same call
 * gives lengths for exits without a next RIP, operands for intercepts, and the
 * first half of an emulation (emul.h). It knows the length of every documented
 * instruction up to AVX-512 and XOP; what may be emulated is the table's
 * business (opcodes.c). It must never read past the bytes it was given.
 *
 * Sources: SDM vol. 2A chapter 2 "Instruction Format", vol. 2D appendix A
 * "Opcode Map"; APM vol. 3 chapter 1 and appendix A.
 */
#ifndef HVM_EMUL_DECODE_H
#define HVM_EMUL_DECODE_H

#include <stdbool.h>
#include <stdint.h>

#define INSN_MAX_BYTES 15

/* General registers in encoding order. */
enum insn_reg {
    INSN_RAX, INSN_RCX, INSN_RDX, INSN_RBX, INSN_RSP, INSN_RBP, INSN_RSI,
    INSN_RDI, INSN_R8, INSN_R9, INSN_R10, INSN_R11, INSN_R12, INSN_R13,
    INSN_R14, INSN_R15,
    INSN_NO_REG = 0xff,
};

/* Segment registers in encoding order. */
enum insn_seg {
    INSN_ES, INSN_CS, INSN_SS, INSN_DS, INSN_FS, INSN_GS, INSN_SEGS
};

/* The opcode maps; VEX, EVEX and XOP number theirs in the same way. */
enum insn_map {
    INSN_MAP_1BYTE, INSN_MAP_0F, INSN_MAP_0F38, INSN_MAP_0F3A
};

/* What stands before the opcode: a legacy or one of the vector encodings. */
enum insn_encoding { INSN_LEGACY, INSN_VEX, INSN_EVEX, INSN_XOP };

struct opcode;

/* One decoded instruction. Register numbers include the REX/VEX extension. */
struct insn {
    const struct opcode *op;    /* table entry, never NULL after INSN_OK */
    uint64_t imm;       /* immediate, extended as the instruction defines */
    uint64_t disp;      /* displacement, sign-extended; or a 64-bit offset */
    union {
        struct {
            uint16_t imm2;      /* far pointer's selector, ENTER's level */
            uint8_t len;        /* bytes in all */
            uint8_t mode;       /* code size: 2, 4 or 8 bytes */
            uint8_t map;        /* enum insn_map (XOP: 8 to 10; EVEX: 5, 6) */
            uint8_t opcode;
            uint8_t op_bytes;   /* operand size: 2, 4, 8 (not byte forms) */
            uint8_t ad_bytes;   /* address size: 2, 4, 8 */

            uint8_t encoding;   /* enum insn_encoding */
            uint8_t rex;        /* REX or the same bits out of VEX; 0: none */
            uint8_t rep;        /* last of F2, F3, or 0 */
            bool lock;          /* F0 */
            bool opsize;        /* 66 */
            bool has_modrm;
            bool has_mem;       /* ModRM or offset names a memory operand */
            bool rip_rel;       /* its address is relative to the next RIP */

            uint8_t modrm;
            uint8_t reg, rm;    /* ModRM.reg and .rm as register numbers */
            uint8_t base;       /* of the memory operand; or INSN_NO_REG */
            uint8_t index;
            uint8_t scale;      /* shift count, 0 to 3 */
            uint8_t seg;        /* enum insn_seg, overrides applied */
            bool seg_override;

            uint8_t vvvv;       /* VEX: the third register */
            uint8_t vlen;       /* VEX: vector bytes, 16 or 32; EVEX: also 64 */
        };
        uint64_t words[4];      /* to clear them at once */
    };
};

enum insn_status {
    INSN_OK,
    INSN_MORE,          /* the bytes end inside the instruction */
    INSN_TOO_LONG,      /* over 15 bytes: #GP(0) */
    INSN_UNDEFINED,     /* no such instruction in this mode, or unknown */
};

/*
 * Decodes the instruction that starts at bytes[0], of which n bytes (at most 15
 * are used) are there. mode is the code size in bytes: 2 and 4 by CS.D, 8 for
 * CS.L. On INSN_OK *i is complete; else only len, the bytes looked at, is.
 */
enum insn_status insn_decode(struct insn *i, const uint8_t *bytes,
                             unsigned int n, unsigned int mode);

/* The instructions that are intercepted by name. */
enum insn_class {
    INSN_OTHER,
    INSN_CPUID, INSN_RDMSR, INSN_WRMSR, INSN_HLT, INSN_RDTSC, INSN_RDTSCP,
    INSN_RDPMC, INSN_IN, INSN_OUT, INSN_INS, INSN_OUTS, INSN_VMCALL,
    INSN_VMMCALL, INSN_INVLPG, INSN_INVLPGA, INSN_MOV_FROM_CR, INSN_MOV_TO_CR,
    INSN_MOV_FROM_DR, INSN_MOV_TO_DR, INSN_LMSW, INSN_SMSW, INSN_CLTS,
    INSN_XSETBV, INSN_WBINVD, INSN_INVD, INSN_PAUSE, INSN_IRET, INSN_INT,
    INSN_INT3, INSN_INTO, INSN_ICEBP, INSN_PUSHF, INSN_POPF, INSN_RSM,
    INSN_MONITOR, INSN_MWAIT, INSN_SGDT, INSN_SIDT, INSN_LGDT, INSN_LIDT,
    INSN_SLDT, INSN_STR, INSN_LLDT, INSN_LTR, INSN_SVM, /* VMRUN...SKINIT */
    INSN_VMX,           /* VMREAD, VMWRITE, VMLAUNCH... */
    INSN_CLASSES
};

/* Which of them *i is. */
enum insn_class insn_classify(const struct insn *i);

/*
 * Length in bytes of the instruction at bytes[0] if it is of class want; 0 if
 * it is something else or does not end within the n bytes. Two- and three-byte
 * opcodes without prefixes are answered without a full decode.
 */
unsigned int insn_length_of(const uint8_t *bytes, unsigned int n,
                            unsigned int mode, enum insn_class want);

#endif
