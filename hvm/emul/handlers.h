/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The functions that execute instructions, as the tables of opcodes.c name
 * them, what emul.c offers them, and small helpers of all of hvm/emul.
 *
 * A handler runs with operands fetched: c->dst (unless F_MOV) and c->src. It
 * leaves its result in c->dst.val and its flags in c->new_flags, and may set
 * c->next_rip; emul.c stores all that when it returns EMUL_OK. It touches
 * c->gpr itself only after its last access that can fail. Nobody outside
 * hvm/emul includes this.
 */
#pragma once

#include "hvm/base/event.h"
#include "hvm/base/regs.h"
#include "hvm/emul/emul.h"
#include "hvm/emul/opcodes.h"
#include "hypervisor/cpu/cr.h"

#define FL_ARITH \
    (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF)

/* Where emul_operand.val goes. */
enum { OPND_NONE, OPND_REG, OPND_MEM };

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

static inline bool is_canonical(uint64_t la)
{
    /* Bits 47 to 63 are equal: the shift leaves 0 or -1. */
    return ((uint64_t)((int64_t)la >> 47) + 1) <= 1;
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
    uint64_t *r = &c->gpr[reg];

    switch (bytes) {
    case 8:
        *r = val;
        break;
    case 4:
        *r = (uint32_t)val;
        break;
    case 2:
        *r = (*r & ~0xffffull) | (uint16_t)val;
        break;
    default:
        if (reg >= 4 && reg < 8 && !c->insn.rex)
            c->gpr[reg - 4] = (c->gpr[reg - 4] & ~0xff00ull) |
                              (uint64_t)(uint8_t)val << 8;
        else
            *r = (*r & ~0xffull) | (uint8_t)val;
    }
}

/* The bytes of an operand of this instruction. */
static inline unsigned int opnd_bytes(const struct emul_ctx *c)
{
    return c->insn.flags & F_BYTE ? 1 : c->insn.op_bytes;
}

/* True if condition code n (Jcc's low four bits) holds. */
bool cond_holds(uint64_t rflags, unsigned int n);

/* The flags fl after CMP a, b. */
uint64_t compare_flags(uint64_t fl, uint64_t a, uint64_t b, unsigned int bytes);

/* Offset of the ModRM memory operand with the registers as they are now. */
uint64_t effective_address(const struct emul_ctx *c);

/*
 * Linear address of n bytes at seg:off if segment type, limit and canonical
 * form allow the access; false if not.
 */
bool linear_ok(struct emul_ctx *c, enum insn_seg seg, uint64_t off,
               unsigned int n, bool write, uint64_t *la);

/* The same with #GP(0), #SS(0) or #AC(0). */
enum emul_rc linear(struct emul_ctx *c, enum insn_seg seg, uint64_t off,
                    unsigned int n, bool write, uint64_t *la);

/* True if data accesses by this instruction must be aligned (#AC). */
bool aligned_only(const struct emul_ctx *c);

/* Data at seg:off; *val is zero-extended. */
enum emul_rc mem_read(struct emul_ctx *c, enum insn_seg seg, uint64_t off,
                      uint64_t *val, unsigned int n, bool rmw);
enum emul_rc mem_write(struct emul_ctx *c, enum insn_seg seg, uint64_t off,
                       uint64_t val, unsigned int n);

/* 66 REX C7 ModRM SIB disp32 imm32 is the longest form that fast.c knows. */
#define FAST_BYTES 13

/* True if c->bytes may be one of fast.c's moves. */
static inline bool fast_form(const struct emul_ctx *c)
{
    const uint8_t *p = c->bytes;

    if (c->mode != 8 || c->nbytes < FAST_BYTES ||
        (c->rflags & (RFLAGS_TF | RFLAGS_AC)))
        return false;
    p += *p == 0x66;
    p += (*p & 0xf0) == 0x40;
    return (*p & 0xfc) == 0x88 || (*p & 0xfe) == 0xc6 ||
           (*p == 0x0f && (p[1] & 0xfe) == 0xb6);
}

/*
 * Decodes and executes c->bytes, which is of fast_form(): true, and the result
 * in *rc. False: something about it is unusual, and nothing was done.
 */
bool fast_move(struct emul_ctx *c, enum emul_rc *rc);

/* Also stores c->src in its register when the instruction completes. */
static inline void write_src_too(struct emul_ctx *c, unsigned int reg,
                                 uint64_t val)
{
    c->src = (struct emul_operand){
        .kind = OPND_REG, .bytes = c->dst.bytes, .reg = reg, .val = val
    };
    c->wb_src = true;
}

/* arith.c */
emul_fn em_add, em_or, em_adc, em_sbb, em_and, em_sub, em_xor, em_test, em_inc,
        em_dec, em_neg, em_not, em_rol, em_ror, em_rcl, em_rcr, em_shl, em_shr,
        em_sar, em_shld, em_shrd, em_bt, em_bsf, em_bsr, em_popcnt, em_xadd;
/* muldiv.c */
emul_fn em_mul, em_imul, em_imul2, em_div, em_idiv, em_cmpxchg8b;
/* move.c */
emul_fn em_nop, em_mov, em_movsx, em_movbe, em_setcc, em_cmov, em_xlat, em_xchg,
        em_cmpxchg, em_push, em_pop_rm, em_mov_from_sreg;
/* string.c */
emul_fn em_string;
/* simd.c */
emul_fn em_vec_load, em_vec_store;

/* Bytes of a string instruction's element. */
unsigned int string_bytes(const struct emul_ctx *c);
