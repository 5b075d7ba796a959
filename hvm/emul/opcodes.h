/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The opcode tables' format: how an instruction is encoded, which operands it
 * has and which function executes it.
 *
 * Shared by decode.c (encoding), emul.c (operands) and opcodes.c (the tables);
 * nobody outside hvm/emul includes it.
 */
#pragma once

#include "hvm/emul/emul.h"

/* Executes c->insn between operand fetch and write-back; see emul.c. */
typedef enum emul_rc emul_fn(struct emul_ctx *c);

/* An entry's flags are its own and those of the tables above it. */
struct opcode {
    uint32_t flags;
    union {
        emul_fn *exec;              /* NULL: length known, not executed */
        const struct opcode *sub;   /* T_*: a further table */
    };
};

/* Bytes after opcode and ModRM. */
#define I_MASK      0x00000003u
#define I_8         0x01u   /* one byte, sign-extended */
#define I_Z         0x02u   /* the operand's size, four at most, signed */
#define I_OFFSET    0x03u   /* memory offset, address size */

/* The entry is a table: what chooses the entry in it. */
#define T_GROUP     0x00000004u /* ModRM.reg: 8 entries */
#define T_PREFIX    0x00000008u /* none, 66, F3, F2: 4 entries */

/* Destination, and the first source unless F_MOV. */
#define D_MASK      0x00000030u
#define D_RM        0x10u
#define D_REG       0x20u
#define D_ACC       0x30u

#define F_REGS      0x00000040u /* ModRM.mod is ignored: registers */

/* Source. */
#define S_MASK      0x00000f00u
#define S_RM        0x0100u
#define S_REG       0x0200u
#define S_IMM       0x0300u
#define S_ACC       0x0400u
#define S_RM8       0x0500u
#define S_RM16      0x0600u
#define S_RM32      0x0700u
#define S_CL        0x0800u
#define S_ONE       0x0900u

/* What moves between memory and a vector register; 0: all of it. */
#define V_MASK      0x00007000u
#define V_4         0x1000u
#define V_8         0x2000u
#define V_W         0x3000u     /* four bytes, eight with REX.W */
#define V_HALF      0x4000u     /* the lower half, opcodes 16 17: the upper */
#define V_ALIGNED   0x00008000u /* #GP(0) unless memory is aligned */

#define F_BYTE      0x00010000u /* operands are bytes */
#define F_MOV       0x00020000u /* destination is not read */
#define F_NOWB      0x00040000u /* destination is not written */
#define F_LOCK      0x00080000u /* LOCK allowed */
#define F_XCHG      0x00100000u /* locked with or without the prefix */
#define F_D64       0x00200000u /* operand is 64-bit by default there */
#define F_NO64      0x00400000u /* undefined in 64-bit code */
#define F_ONLY64    0x00800000u /* undefined elsewhere */
#define F_TWO       0x01000000u /* accesses memory at two places */
#define F_IMPLICIT  0x02000000u /* accesses memory that ModRM does not name */
#define F_IO        0x04000000u /* port instruction */
#define F_BITS      0x08000000u /* register source is a bit offset */
#define F_VEX       0x10000000u /* exec does the VEX form too */
#define F_MODRM     0x40000000u
#define F_KNOWN     0x80000000u

extern const struct opcode opcodes_1byte[256];
extern const struct opcode opcodes_0f[256];
extern const struct opcode opcodes_0f38[256];
