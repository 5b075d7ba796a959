/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shifts, rotates, bit tests and bit scans.
 *
 * Counts are handed to the CPU as they are: it masks them, and sets the flags,
 * just as it would have done for the guest.
 */
#include "hvm/emul/arith.h"
#include "hvm/emul/handlers.h"

DEFINE_SHIFT(em_rol, "rol")
DEFINE_SHIFT(em_ror, "ror")
DEFINE_SHIFT(em_rcl, "rcl")
DEFINE_SHIFT(em_rcr, "rcr")
DEFINE_SHIFT(em_shl, "shl")
DEFINE_SHIFT(em_shr, "shr")
DEFINE_SHIFT(em_sar, "sar")
DEFINE_SHIFTD(em_shld, "shld")
DEFINE_SHIFTD(em_shrd, "shrd")

/* With F3 these are TZCNT and LZCNT where the CPU has them, as in the guest. */
DEFINE_SCAN(em_bsf, "bsf", "rep; bsf")
DEFINE_SCAN(em_bsr, "bsr", "rep; bsr")

/* The bit that is meant, after emul.c has moved the address of bit strings. */
static uint64_t bit_mask(const struct emul_ctx *c)
{
    return 1ull << (c->src.val & (8 * c->dst.bytes - 1));
}

/* Only CF is defined; the others stay. */
enum emul_rc em_bt(struct emul_ctx *c)
{
    c->new_flags &= ~(uint64_t)FL_CF;
    if (c->dst.val & bit_mask(c))
        c->new_flags |= FL_CF;
    return EMUL_OK;
}

enum emul_rc em_bts(struct emul_ctx *c)
{
    em_bt(c);
    c->dst.val |= bit_mask(c);
    return EMUL_OK;
}

enum emul_rc em_btr(struct emul_ctx *c)
{
    em_bt(c);
    c->dst.val &= ~bit_mask(c);
    return EMUL_OK;
}

enum emul_rc em_btc(struct emul_ctx *c)
{
    em_bt(c);
    c->dst.val ^= bit_mask(c);
    return EMUL_OK;
}

/* In C: a CPU without POPCNT must not meet it here when a guest forges one. */
enum emul_rc em_popcnt(struct emul_ctx *c)
{
    uint64_t v = c->src.val;

    v -= v >> 1 & 0x5555555555555555ull;
    v = (v & 0x3333333333333333ull) + (v >> 2 & 0x3333333333333333ull);
    v = (v + (v >> 4)) & 0x0f0f0f0f0f0f0f0full;
    c->dst.val = v * 0x0101010101010101ull >> 56;
    c->new_flags &= ~(uint64_t)FL_ARITH;
    if (!c->src.val)
        c->new_flags |= FL_ZF;
    return EMUL_OK;
}
