/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Arithmetic, shifts and bits, with the CPU's own flags.
 *
 * The guest's arithmetic flags are loaded, the real instruction runs, and its
 * flags are read back: exact, undefined ones included, and without a table. No
 * stack is used (PUSHF would write into the red zone of host tests): LAHF and
 * SAHF carry SF, ZF, AF, PF and CF in AH; OF travels in AL through SETO, and
 * back through an addition that overflows exactly if AL is 1. Shift counts are
 * handed to the CPU as they are: it masks them as it would have done for the
 * guest.
 */
#include "hvm/emul/handlers.h"

#define AX_FLAGS 0xd5u      /* SF ZF AF PF CF as LAHF has them */

#define ASM_FLAGS(insn)                                                 \
    "addb $0x7f, %%al\n\tsahf\n\t" insn "\n\tlahf\n\tseto %%al"

/* insn on d of type T, with s, and with n in CL. */
#define RUN(insn, T)                                                    \
    do {                                                                \
        T d_ = (T)*d;                                                   \
        asm(ASM_FLAGS(insn)                                             \
            : [d] "+&q" (d_), "+&a" (ax)                                \
            : [s] "q" ((T)s), "c" (n) : "cc");                          \
        *d = d_;                                                        \
    } while (0)

#define RUN_WIDE(mnem, operands)                                        \
    switch (c->dst.bytes) {                                             \
    case 2:  RUN(mnem "w " operands, uint16_t); break;                  \
    case 4:  RUN(mnem "l " operands, uint32_t); break;                  \
    default: RUN(mnem "q " operands, uint64_t); break;                  \
    }

#define RUN_ANY(mnem, operands)                                         \
    if (c->dst.bytes == 1)                                              \
        RUN(mnem "b " operands, uint8_t);                               \
    else                                                                \
        RUN_WIDE(mnem, operands)

/* Handlers: `run` changes dst, by src, or by src and a count in CL. */
#define DEFINE(name, count, run)                                        \
    enum emul_rc name(struct emul_ctx *c)                               \
    {                                                                   \
        uint64_t *d = &c->dst.val, s = c->src.val, fl = c->new_flags;   \
        uint32_t ax = (uint32_t)((fl & AX_FLAGS) << 8 | (fl >> 11 & 1)); \
        uint8_t n = (uint8_t)(count);                                   \
                                                                        \
        run                                                             \
        c->new_flags = (fl & ~FL_ARITH) | (ax >> 8 & AX_FLAGS) |        \
                       (uint64_t)(ax & 1) << 11;                        \
        return EMUL_OK;                                                 \
    }

#define DEFINE_2(name, mnem)                                            \
    DEFINE(name, 0, RUN_ANY(mnem, "%[s], %[d]"))
#define DEFINE_1(name, mnem)                                            \
    DEFINE(name, 0, RUN_ANY(mnem, "%[d]"))
#define DEFINE_SHIFT(name, mnem)                                        \
    DEFINE(name, s, RUN_ANY(mnem, "%%cl, %[d]"))
/* Two, four or eight bytes, with bits from src. */
#define DEFINE_SHIFTD(name, mnem)                                       \
    DEFINE(name, c->insn.opcode & 1 ? c->gpr[RCX] : c->insn.imm,   \
           RUN_WIDE(mnem, "%%cl, %[s], %[d]"))
/*
 * With F3 these are TZCNT and LZCNT where the CPU has them, as in the guest.
 * Without, a source of 0 leaves all of the destination alone, its upper half
 * too: it is written as it was.
 */
#define DEFINE_SCAN(name, mnem)                                         \
    DEFINE(name, 0,                                                     \
           if (c->insn.rep == 0xf3) {                                   \
               RUN_WIDE("rep; " mnem, "%[s], %[d]")                     \
           } else {                                                     \
               RUN_WIDE(mnem, "%[s], %[d]")                             \
               if (!s) {                                                \
                   *d = c->gpr[c->dst.reg];                             \
                   c->dst.bytes = 8;                                    \
               }                                                        \
           })

DEFINE_2(em_add, "add")
DEFINE_2(em_or, "or")
DEFINE_2(em_adc, "adc")
DEFINE_2(em_sbb, "sbb")
DEFINE_2(em_and, "and")
DEFINE_2(em_sub, "sub")     /* also CMP: F_NOWB */
DEFINE_2(em_xor, "xor")
DEFINE_2(em_test, "test")
DEFINE_1(em_inc, "inc")
DEFINE_1(em_dec, "dec")
DEFINE_1(em_neg, "neg")
DEFINE_SHIFT(em_rol, "rol")
DEFINE_SHIFT(em_ror, "ror")
DEFINE_SHIFT(em_rcl, "rcl")
DEFINE_SHIFT(em_rcr, "rcr")
DEFINE_SHIFT(em_shl, "shl")
DEFINE_SHIFT(em_shr, "shr")
DEFINE_SHIFT(em_sar, "sar")
DEFINE_SHIFTD(em_shld, "shld")
DEFINE_SHIFTD(em_shrd, "shrd")
DEFINE_SCAN(em_bsf, "bsf")
DEFINE_SCAN(em_bsr, "bsr")

EM_VALUE(em_not, ~c->dst.val)

enum emul_rc em_xadd(struct emul_ctx *c)
{
    em_add(c);
    c->src.val = c->old;
    c->wb_src = true;
    return EMUL_OK;
}

void compare(struct emul_ctx *c, uint64_t a, uint64_t b, unsigned int bytes)
{
    c->dst.val = a;
    c->dst.bytes = bytes;
    c->src.val = b;
    em_sub(c);
}

/*
 * BT, BTS, BTR and BTC. emul.c has moved the address of bit strings. Only CF is
 * defined; the other flags stay.
 */
enum emul_rc em_bt(struct emul_ctx *c)
{
    uint64_t v = c->dst.val;
    uint64_t bit = 1ull << (c->src.val & (8 * c->dst.bytes - 1));
    const uint64_t results[4] = { v, v | bit, v & ~bit, v ^ bit };
    unsigned int which = c->insn.opcode == 0xba ? c->insn.modrm
                                                : c->insn.opcode;

    c->dst.val = results[which >> 3 & 3];
    set_flags(c, RFLAGS_CF, v & bit);
    return EMUL_OK;
}

/* In C: a CPU without POPCNT must not meet it here when a guest forges one. */
enum emul_rc em_popcnt(struct emul_ctx *c)
{
    c->dst.val = 0;
    for (uint64_t v = c->src.val; v; v &= v - 1)
        c->dst.val++;
    set_flags(c, FL_ARITH, false);
    set_flags(c, RFLAGS_ZF, !c->src.val);
    return EMUL_OK;
}
