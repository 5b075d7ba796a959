/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The instruction decoder: bytes in, struct insn out.
 *
 * Pure: it looks at nothing but the bytes and the code size, so the same call
 * gives lengths for exits without a next RIP, and the first half of an
 * emulation (emul.h). It knows what the tables of opcodes.c list and nothing
 * else. It must never read past the bytes it was given.
 *
 * Sources: SDM vol. 2A chapter 2 "Instruction Format", vol. 2D appendix A
 * "Opcode Map"; APM vol. 3 chapter 1 and appendix A.
 */
#pragma once

#include "hvm/base/regs.h"

#define INSN_MAX_BYTES 15

/* Bits of struct insn's rex. */
#define REX_W 8u
#define REX_R 4u
#define REX_X 2u
#define REX_B 1u

/* In place of a general register's number. */
#define INSN_NO_REG 0xff

/* The opcode maps. */
enum insn_map { INSN_MAP_1BYTE, INSN_MAP_0F, INSN_MAP_0F38 };

struct opcode;

/* One decoded instruction. Register numbers include the REX/VEX extension. */
struct insn {
    const struct opcode *op;    /* table entry, never NULL after INSN_OK */
    uint64_t imm;       /* immediate, sign-extended */
    uint64_t disp;      /* displacement, sign-extended; or a 64-bit offset */
    union {
        struct {
            uint32_t flags;     /* of the entry and the tables above it */
            uint8_t len;        /* bytes in all */
            uint8_t mode;       /* code size: 2, 4 or 8 bytes */
            uint8_t map;        /* enum insn_map */
            uint8_t opcode;
            uint8_t op_bytes;   /* operand size: 1, 2, 4, 8 */
            uint8_t ad_bytes;   /* address size: 2, 4, 8 */

            uint8_t rex;        /* REX or the same bits out of VEX; 0: none */
            uint8_t rep;        /* last of F2, F3, or 0 */
            bool lock;          /* F0 */
            bool opsize;        /* 66 */
            bool has_mem;       /* ModRM or offset names a memory operand */
            bool rip_rel;       /* its address is relative to the next RIP */

            uint8_t modrm;
            uint8_t reg, rm;    /* ModRM.reg and .rm as register numbers */
            uint8_t base;       /* of the memory operand; or INSN_NO_REG */
            uint8_t index;
            uint8_t scale;      /* shift count, 0 to 3 */
            uint8_t seg;        /* enum hvm_seg to SEG_GS, overrides applied */
            bool seg_override;

            bool vex;
            uint8_t vvvv;       /* VEX: the third register */
            uint8_t vlen;       /* vector bytes: 16; VEX: also 32 */
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

/*
 * Length in bytes of the instruction at bytes[0] if it is the one whose form
 * without prefixes is plain[0] to plain[len - 1]: one byte, or 0F and one or
 * two bytes. 0 if it is something else or does not end within the n bytes.
 */
unsigned int insn_length_of(const uint8_t *bytes, unsigned int n,
                            unsigned int mode, const uint8_t *plain,
                            unsigned int len);
