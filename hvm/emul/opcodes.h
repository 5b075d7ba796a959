/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The opcode tables' format: how an instruction is encoded, which operands it
 * has and which function executes it.
 *
 * Shared by decode.c (encoding), emul.c (operands) and opcodes.c (the tables);
 * nobody outside hvm/emul includes it.
 */
#ifndef HVM_EMUL_OPCODES_H
#define HVM_EMUL_OPCODES_H

#include <stdint.h>

#include "hvm/emul/emul.h"

/* Executes c->insn between operand fetch and write-back; see emul.c. */
typedef enum emul_rc emul_fn(struct emul_ctx *c);

struct opcode {
    uint32_t flags;
    union {
        emul_fn *exec;              /* NULL: length known, not executed */
        const struct opcode *sub;   /* T_*: a further table */
    };
};

/* Bytes after opcode and ModRM. */
#define I_MASK      0x0000000fu
#define I_NONE      0x00u
#define I_8S        0x01u   /* one byte, sign-extended */
#define I_8U        0x02u
#define I_16        0x03u
#define I_Z         0x04u   /* two or four bytes by operand size, signed */
#define I_V         0x05u   /* two, four or eight by operand size */
#define I_OFFSET    0x06u   /* memory offset, address size */
#define I_FAR       0x07u   /* offset and selector */
#define I_16_8      0x08u   /* ENTER */
#define I_REL       0x09u   /* branch distance: two or four, 64-bit: four */
#define I_8_8       0x0au   /* EXTRQ, INSERTQ */
#define I_32        0x0bu

/* The entry is a table: what chooses the entry in it. */
#define T_MASK      0x00000070u
#define T_GROUP     0x10u   /* ModRM.reg: 8 entries */
#define T_PREFIX    0x20u   /* none, 66, F3, F2: 4 entries */
#define T_LONG      0x30u   /* not in, in 64-bit code: 2 entries */
#define T_MEMREG    0x40u   /* ModRM memory, register: 2 entries */
#define T_RM        0x50u   /* ModRM.rm: 8 entries */

/* Destination, and the first source unless F_MOV. */
#define D_MASK      0x00000380u
#define D_NONE      0x000u
#define D_RM        0x080u
#define D_REG       0x100u
#define D_ACC       0x180u
#define D_OPREG     0x200u  /* low bits of the opcode */

/* Source. */
#define S_MASK      0x00003c00u
#define S_NONE      0x0000u
#define S_RM        0x0400u
#define S_REG       0x0800u
#define S_IMM       0x0c00u
#define S_ACC       0x1000u
#define S_RM8       0x1400u
#define S_RM16      0x1800u
#define S_RM32      0x1c00u
#define S_CL        0x2000u
#define S_ONE       0x2400u

#define F_KNOWN     0x00004000u
#define F_MODRM     0x00008000u
#define F_BYTE      0x00010000u     /* operands are bytes */
#define F_MOV       0x00020000u     /* destination is not read */
#define F_NOWB      0x00040000u     /* destination is not written */
#define F_LOCK      0x00080000u     /* LOCK allowed with a memory destination */
#define F_D64       0x00100000u     /* operand is 64-bit by default there */
#define F_NEAR      0x00200000u     /* near branch: always 64-bit there */
#define F_NO64      0x00400000u     /* undefined in 64-bit code */
#define F_TWO       0x00800000u     /* accesses memory at two places */
#define F_IO        0x01000000u     /* port instruction */
#define F_SYS       0x02000000u     /* control-register instruction */
#define F_VEX       0x04000000u     /* exec does the VEX form too */
#define F_PREFIX    0x08000000u     /* not an opcode but a prefix */
#define F_REGS      0x10000000u     /* ModRM.mod is ignored: registers */
#define F_BITS      0x20000000u     /* register source is a bit offset */
#define F_XCHG      0x40000000u     /* locked with or without the prefix */

extern const struct opcode opcodes_1byte[256];
extern const struct opcode opcodes_0f[256];
extern const struct opcode opcodes_0f38[256];
extern const struct opcode opcodes_0f3a[256];

#endif
