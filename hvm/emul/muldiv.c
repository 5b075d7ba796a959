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

/* Is it IMUL or IDIV: /5 and /7 of group 3? */
static bool is_signed(const struct emul_ctx *c)
{
    return c->insn.modrm & 8;
}

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
        reg_put(c, RAX, 2, (hi & 0xff) << 8 | (lo & 0xff));
        return;
    }
    reg_put(c, RAX, bytes, lo);
    reg_put(c, RDX, bytes, hi);
}

/* The double-width product. The flags tell whether its high half matters. */
static u128 multiply(struct emul_ctx *c, uint64_t a, uint64_t b,
                     unsigned int bytes, bool sign)
{
    s128 p = (s128)sign_extend(a, bytes) * sign_extend(b, bytes);
    bool fits = p == sign_extend((uint64_t)p, bytes);

    if (!sign) {
        p = (s128)((u128)(a & size_mask(bytes)) * b);
        fits = (u128)p >> 8 * bytes == 0;
    }
    set_flags(c, RFLAGS_CF | RFLAGS_OF, !fits);
    return (u128)p;
}

enum emul_rc em_mul(struct emul_ctx *c)
{
    unsigned int bytes = c->src.bytes;
    u128 p = multiply(c, c->gpr[RAX], c->src.val, bytes, is_signed(c));

    put_pair(c, (uint64_t)p, (uint64_t)(p >> 8 * bytes), bytes);
    return EMUL_OK;
}

/* IMUL with two operands or, if there is an immediate, three. */
enum emul_rc em_imul2(struct emul_ctx *c)
{
    uint64_t a = c->insn.flags & I_MASK ? c->insn.imm : c->dst.val;

    c->dst.val = (uint64_t)multiply(c, a, c->src.val, c->dst.bytes, true);
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

/* DIV and IDIV, by absolute values. */
enum emul_rc em_div(struct emul_ctx *c)
{
    unsigned int bytes = c->src.bytes, drop = 128 - 16 * bytes;
    /* The dividend: AX, or (r/e)DX:(r/e)AX. */
    u128 n = bytes == 1 ? (uint16_t)c->gpr[RAX] : get_pair(c, RDX, RAX, bytes);
    uint64_t d = c->src.val, max = size_mask(bytes), q, r;
    bool n_minus = is_signed(c) && (s128)(n << drop) < 0;
    bool d_minus = is_signed(c) && sign_extend(d, bytes) < 0;
    bool q_minus = n_minus != d_minus;

    if (n_minus)
        n = -(u128)((s128)(n << drop) >> drop);
    if (d_minus)
        d = -(uint64_t)sign_extend(d, bytes);
    if (is_signed(c))
        max = (max >> 1) + q_minus;
    if ((uint64_t)(n >> 64) >= d)
        return emul_raise(c, VEC_DE, 0);
    q = divide(n, d, &r);
    if (q > max)
        return emul_raise(c, VEC_DE, 0);
    put_pair(c, q_minus ? -q : q, n_minus ? -r : r, bytes);
    return EMUL_OK;
}

/* CMPXCHG8B, and CMPXCHG16B with REX.W: memory is written in either case. */
enum emul_rc em_cmpxchg8b(struct emul_ctx *c)
{
    unsigned int half = c->insn.rex & REX_W ? 8 : 4, n = 2 * half;
    u128 want = get_pair(c, RDX, RAX, half), old = 0, new;
    uint64_t la;
    enum emul_rc rc = linear(c, c->insn.seg, c->ea, n, true, &la);

    if (rc)
        return rc;
    if (n == 16 && (la & 15))
        return emul_raise(c, VEC_GP, 0);
    rc = c->ops->read(c, la, &old, n, true);
    if (rc)
        return rc;
    new = old == want ? get_pair(c, RCX, RBX, half) : old;
    rc = mem_update(c, la, &old, &new, n);
    if (rc)
        return rc;
    set_flags(c, RFLAGS_ZF, old == want);
    if (old != want)
        put_pair(c, (uint64_t)old, (uint64_t)(old >> 8 * half), half);
    return EMUL_OK;
}
