/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Multiplication and division.
 *
 * Divisions are checked before they are made: a guest's operands must never
 * raise #DE in the hypervisor. Flags that the manual calls undefined are left
 * alone.
 */
#include "hvm/emul/handlers.h"

typedef unsigned __int128 u128;
typedef __int128 s128;

/* CF and OF tell whether the high half matters. */
static void set_overflow(struct emul_ctx *c, bool overflow)
{
    c->new_flags &= ~(RFLAGS_CF | RFLAGS_OF);
    if (overflow)
        c->new_flags |= RFLAGS_CF | RFLAGS_OF;
}

/* Stores a double-width result: AX, or (r/e)DX:(r/e)AX. */
static void put_pair(struct emul_ctx *c, uint64_t lo, uint64_t hi,
                     unsigned int bytes)
{
    if (bytes == 1) {
        reg_put(c, INSN_RAX, 2, (hi & 0xff) << 8 | (lo & 0xff));
        return;
    }
    reg_put(c, INSN_RAX, bytes, lo);
    reg_put(c, INSN_RDX, bytes, hi);
}

enum emul_rc em_mul(struct emul_ctx *c)
{
    unsigned int bytes = c->src.bytes, bits = 8 * bytes;
    u128 p = (u128)reg_get(c, INSN_RAX, bytes) * c->src.val;
    uint64_t hi = (uint64_t)(p >> bits);

    put_pair(c, (uint64_t)p, hi, bytes);
    set_overflow(c, hi != 0);
    return EMUL_OK;
}

/* Signed product; *overflow if it does not fit in bytes. */
static s128 signed_product(uint64_t a, uint64_t b, unsigned int bytes,
                           bool *overflow)
{
    s128 p = (s128)sign_extend(a, bytes) * sign_extend(b, bytes);

    *overflow = p != sign_extend((uint64_t)p, bytes);
    return p;
}

enum emul_rc em_imul(struct emul_ctx *c)
{
    unsigned int bytes = c->src.bytes;
    bool overflow;
    s128 p = signed_product(c->gpr[INSN_RAX], c->src.val, bytes, &overflow);

    put_pair(c, (uint64_t)p, (uint64_t)(p >> (8 * bytes)), bytes);
    set_overflow(c, overflow);
    return EMUL_OK;
}

enum emul_rc em_imul2(struct emul_ctx *c)
{
    bool overflow;

    c->dst.val = (uint64_t)signed_product(c->dst.val, c->src.val, c->dst.bytes,
                                          &overflow);
    set_overflow(c, overflow);
    return EMUL_OK;
}

enum emul_rc em_imul3(struct emul_ctx *c)
{
    bool overflow;

    c->dst.val = (uint64_t)signed_product(c->src.val, c->insn.imm,
                                          c->dst.bytes, &overflow);
    set_overflow(c, overflow);
    return EMUL_OK;
}

/* n / d for n < d * 2^64. */
static uint64_t divide(u128 n, uint64_t d, uint64_t *rem)
{
    uint64_t q, r;

    asm("divq %[d]" : "=a" (q), "=d" (r)
        : "a" ((uint64_t)n), "d" ((uint64_t)(n >> 64)), [d] "r" (d) : "cc");
    *rem = r;
    return q;
}

/* The dividend: AX, or (r/e)DX:(r/e)AX. */
static u128 dividend(const struct emul_ctx *c, unsigned int bytes)
{
    if (bytes == 1)
        return (uint16_t)c->gpr[INSN_RAX];
    return (u128)reg_get(c, INSN_RDX, bytes) << (8 * bytes) |
           reg_get(c, INSN_RAX, bytes);
}

enum emul_rc em_div(struct emul_ctx *c)
{
    unsigned int bytes = c->src.bytes;
    u128 n = dividend(c, bytes);
    uint64_t d = c->src.val, q, r;

    if ((n >> (8 * bytes)) >= d)
        return emul_raise(c, VEC_DE, 0);
    q = divide(n, d, &r);
    put_pair(c, q, r, bytes);
    return EMUL_OK;
}

enum emul_rc em_idiv(struct emul_ctx *c)
{
    unsigned int bytes = c->src.bytes, drop = 128 - 16 * bytes;
    s128 n = (s128)(dividend(c, bytes) << drop) >> drop;
    int64_t d = sign_extend(c->src.val, bytes);
    u128 n_abs = n < 0 ? -(u128)n : (u128)n;
    uint64_t d_abs = d < 0 ? -(uint64_t)d : (uint64_t)d, q, r;
    uint64_t limit = size_mask(bytes) >> 1;     /* largest positive quotient */

    if ((n < 0) != (d < 0))
        limit++;
    if ((uint64_t)(n_abs >> 64) >= d_abs)
        return emul_raise(c, VEC_DE, 0);
    q = divide(n_abs, d_abs, &r);
    if (q > limit)
        return emul_raise(c, VEC_DE, 0);
    put_pair(c, (n < 0) != (d < 0) ? -q : q, n < 0 ? -r : r, bytes);
    return EMUL_OK;
}
