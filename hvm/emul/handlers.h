/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between the files of hvm/emul only: the opcode tables' format (how an
 * instruction is encoded, which operands it has and which function executes
 * it), these functions, what emul.c offers them, and small helpers.
 *
 * A handler runs with operands fetched: c->dst (unless F_MOV) and c->src. It
 * leaves its result in c->dst.val and its flags in c->new_flags, and may set
 * c->next_rip; emul.c stores all that when it returns EMUL_OK. It touches
 * c->gpr itself only after its last access that can fail.
 */
#pragma once

#include "hvm/emul/emul.h"
#include "hypervisor/cpu/cr.h"

/* ---- the tables: opcodes.c ----------------------------------------------- */

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

/* Destination, and the first source unless F_MOV: numbers of S_MASK. */
#define D_MASK      0x00000030u
#define D_RM        0x10u
#define D_REG       0x20u
#define D_ACC       0x30u

#define F_REGS      0x00000040u /* ModRM.mod is ignored: registers */

/* Source. */
#define S_MASK      0x00000f00u
#define S_RM        0x0100u
#define S_REG       0x0200u
#define S_ACC       0x0300u
#define S_IMM       0x0400u
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
#define V_STORE     0x20000000u /* to memory */

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

/* ---- handlers ------------------------------------------------------------ */

/* A handler that only computes its result. */
#define EM_VALUE(name, value)                                           \
    enum emul_rc name(struct emul_ctx *c)                               \
    {                                                                   \
        c->dst.val = (value);                                           \
        return EMUL_OK;                                                 \
    }

/* arith.c */
emul_fn em_add, em_or, em_adc, em_sbb, em_and, em_sub, em_xor, em_test, em_inc,
        em_dec, em_neg, em_not, em_rol, em_ror, em_rcl, em_rcr, em_shl, em_shr,
        em_sar, em_shld, em_shrd, em_bt, em_bsf, em_bsr, em_popcnt, em_xadd;
/* muldiv.c */
emul_fn em_mul, em_imul2, em_div, em_cmpxchg8b;
/* move.c */
emul_fn em_nop, em_mov, em_movsx, em_movbe, em_setcc, em_cmov, em_xlat, em_xchg,
        em_cmpxchg, em_push, em_pop_rm, em_mov_from_sreg;
/* string.c */
emul_fn em_string;
/* simd.c */
emul_fn em_vec_move;

/* ---- helpers ------------------------------------------------------------- */

#define FL_ARITH \
    (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF)

static inline void set_flags(struct emul_ctx *c, uint64_t flags, bool on)
{
    c->new_flags = on ? c->new_flags | flags : c->new_flags & ~flags;
}

/* The low bytes of v (1, 2, 4, 8) as a signed number. */
static inline int64_t sign_extend(uint64_t v, unsigned int bytes)
{
    unsigned int drop = 64 - 8 * bytes;

    return (int64_t)(v << drop) >> drop;
}

/* Little-endian numbers at any address. */
static inline uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline int32_t get32(const uint8_t *p)
{
    int32_t v;

    __builtin_memcpy(&v, p, 4);
    return v;
}

/* A register operand; bytes == 1 finds AH to BH where no REX is there. */
static inline uint64_t reg_get(const struct emul_ctx *c, unsigned int reg,
                               unsigned int bytes)
{
    if (bytes == 1 && reg >= 4 && reg < 8 && !c->insn.rex)
        return c->gpr[reg - 4] >> 8 & 0xff;
    return c->gpr[reg] & size_mask(bytes);
}

/* Writing 4 bytes clears the upper half; 1 and 2 leave the rest alone. */
static inline void reg_put(struct emul_ctx *c, unsigned int reg,
                           unsigned int bytes, uint64_t val)
{
    uint64_t mask = size_mask(bytes), *r = &c->gpr[reg];

    if (bytes >= 4)
        *r = val & mask;
    else if (bytes == 1 && reg >= 4 && reg < 8 && !c->insn.rex)
        r[-4] = (r[-4] & ~0xff00ull) | (val & 0xff) << 8;
    else
        *r = (*r & ~mask) | (val & mask);
}

/* CMP a, b: the flags in c->new_flags; c->dst and c->src get other values. */
void compare(struct emul_ctx *c, uint64_t a, uint64_t b, unsigned int bytes);

/* Offset of the ModRM memory operand with the registers as they are now. */
uint64_t effective_address(const struct emul_ctx *c);

/*
 * Linear address of n bytes at seg:off if segment type, limit and canonical
 * form allow the access; false if not.
 */
bool linear_ok(struct emul_ctx *c, enum hvm_seg seg, uint64_t off,
               unsigned int n, bool write, uint64_t *la);

/* The same with #GP(0), #SS(0) or #AC(0). */
enum emul_rc linear(struct emul_ctx *c, enum hvm_seg seg, uint64_t off,
                    unsigned int n, bool write, uint64_t *la);

/* True if data accesses by this instruction must be aligned (#AC). */
bool aligned_only(const struct emul_ctx *c);

/* Data at seg:off; *val is zero-extended. */
enum emul_rc mem_read(struct emul_ctx *c, enum hvm_seg seg, uint64_t off,
                      uint64_t *val, unsigned int n, bool rmw);
enum emul_rc mem_write(struct emul_ctx *c, enum hvm_seg seg, uint64_t off,
                       uint64_t val, unsigned int n);

/* Replaces old at la by new: atomically where LOCK or XCHG asks for it. */
enum emul_rc mem_update(struct emul_ctx *c, uint64_t la, const void *old,
                        const void *new, unsigned int n);

/*
 * Decodes and executes c->bytes if that is one of fast.c's moves: true, and the
 * result in *rc. False: something about it is unusual, and nothing was done.
 */
bool fast_move(struct emul_ctx *c, enum emul_rc *rc);
