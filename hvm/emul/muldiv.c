/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What works on numbers in two registers: multiplication, division, CMPXCHG8B
 * and CMPXCHG16B.
 *
 * Divisions are checked before they are made: a guest's operands must never
 * raise #DE in the hypervisor. Flags that the manual calls undefined are left
 * alone.
 */
#include "hvm/emul/handlers.h"

typedef unsigned __int128 u128;
typedef __int128 s128;

/* They tell whether the high half matters. */
#define OVERFLOW (RFLAGS_CF | RFLAGS_OF)

static u128 get_pair(const struct emul_ctx *c, unsigned int hi,
                     unsigned int lo, unsigned int bytes)
{
    return (u128)reg_get(c, hi, bytes) << 8 * bytes | reg_get(c, lo, bytes);
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
    unsigned int bytes = c->src.bytes;
    u128 p = (u128)reg_get(c, INSN_RAX, bytes) * c->src.val;
    uint64_t hi = (uint64_t)(p >> 8 * bytes);

    put_pair(c, (uint64_t)p, hi, bytes);
    set_flags(c, OVERFLOW, hi != 0);
    return EMUL_OK;
}

/* The signed product, and the flags. */
static s128 multiply(struct emul_ctx *c, uint64_t a, uint64_t b,
                     unsigned int bytes)
{
    s128 p = (s128)sign_extend(a, bytes) * sign_extend(b, bytes);

    set_flags(c, OVERFLOW, p != sign_extend((uint64_t)p, bytes));
    return p;
}

enum emul_rc em_imul(struct emul_ctx *c)
{
    unsigned int bytes = c->src.bytes;
    s128 p = multiply(c, c->gpr[INSN_RAX], c->src.val, bytes);

    put_pair(c, (uint64_t)p, (uint64_t)(p >> 8 * bytes), bytes);
    return EMUL_OK;
}

/* IMUL with two operands or, if there is an immediate, three. */
enum emul_rc em_imul2(struct emul_ctx *c)
{
    uint64_t a = c->insn.flags & I_MASK ? c->insn.imm : c->dst.val;

    c->dst.val = (uint64_t)multiply(c, a, c->src.val, c->dst.bytes);
    return EMUL_OK;
}

/* n / d for n < d * 2^64. */
static uint64_t divide(u128 n, uint64_t d, uint64_t *rem)
{
    uint64_t q;

    asm("divq %[d]" : "=a" (q), "=d" (*rem)
        : "a" ((uint64_t)n), "d" ((uint64_t)(n >> 64)), [d] "r" (d) : "cc");
    return q;
}

/* The dividend: AX, or (r/e)DX:(r/e)AX. */
static u128 dividend(const struct emul_ctx *c, unsigned int bytes)
{
    return bytes == 1 ? (uint16_t)c->gpr[INSN_RAX]
                      : get_pair(c, INSN_RDX, INSN_RAX, bytes);
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
    bool negative = (n < 0) != (d < 0);
    /* The largest quotient. */
    uint64_t limit = (size_mask(bytes) >> 1) + negative;

    if ((uint64_t)(n_abs >> 64) >= d_abs)
        return emul_raise(c, VEC_DE, 0);
    q = divide(n_abs, d_abs, &r);
    if (q > limit)
        return emul_raise(c, VEC_DE, 0);
    put_pair(c, negative ? -q : q, n < 0 ? -r : r, bytes);
    return EMUL_OK;
}

/* CMPXCHG8B, and CMPXCHG16B with REX.W: memory is written in either case. */
enum emul_rc em_cmpxchg8b(struct emul_ctx *c)
{
    unsigned int half = c->insn.rex & REX_W ? 8 : 4, n = 2 * half;
    u128 want = get_pair(c, INSN_RDX, INSN_RAX, half), old = 0, new;
    uint64_t la;
    enum emul_rc rc = linear(c, c->insn.seg, c->ea, n, true, &la);

    if (rc)
        return rc;
    if (n == 16 && (la & 15))
        return emul_raise(c, VEC_GP, 0);
    rc = c->ops->read(c, la, &old, n, true);
    if (rc)
        return rc;
    new = old == want ? get_pair(c, INSN_RCX, INSN_RBX, half) : old;
    rc = c->insn.lock ? c->ops->cmpxchg(c, la, &old, &new, n)
                      : c->ops->write(c, la, &new, n);
    if (rc)
        return rc;
    set_flags(c, RFLAGS_ZF, old == want);
    if (old != want)
        put_pair(c, (uint64_t)old, (uint64_t)(old >> 8 * half), half);
    return EMUL_OK;
}
