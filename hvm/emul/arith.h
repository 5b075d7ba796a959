/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Arithmetic with the CPU's own flags.
 *
 * The guest's arithmetic flags are loaded, the real instruction runs, and its
 * flags are read back: exact, undefined ones included, and without a table. No
 * stack is used (PUSHF would write into the red zone of host tests): LAHF and
 * SAHF carry SF, ZF, AF, PF and CF in AH; OF travels in AL through SETO, and
 * back through an addition that overflows exactly if AL is 1.
 */
#ifndef HVM_EMUL_ARITH_H
#define HVM_EMUL_ARITH_H

#include <stdint.h>

#include "hvm/emul/handlers.h"

#define AX_FLAGS 0xd5u      /* SF ZF AF PF CF as LAHF has them */

static inline uint32_t flags_to_ax(uint64_t fl)
{
    return (uint32_t)(fl & AX_FLAGS) << 8 | (uint32_t)(fl >> 11 & 1);
}

static inline uint64_t ax_to_flags(uint64_t fl, uint32_t ax)
{
    return (fl & ~(uint64_t)FL_ARITH) | (ax >> 8 & AX_FLAGS) |
           (uint64_t)(ax & 1) << 11;
}

#define ASM_FLAGS(insn)                                                 \
    "addb $0x7f, %%al\n\tsahf\n\t" insn "\n\tlahf\n\tseto %%al"

/* dst = op(dst, src) for one operand size T. */
#define ARITH2_T(insn, T, dst, src, ax)                                 \
    do {                                                                \
        T d_ = (T)(dst);                                                \
        asm(ASM_FLAGS(insn " %[s], %[d]")                               \
            : [d] "+&q" (d_), "+&a" (ax) : [s] "q" ((T)(src)) : "cc");  \
        (dst) = d_;                                                     \
    } while (0)

#define ARITH1_T(insn, T, dst, ax)                                      \
    do {                                                                \
        T d_ = (T)(dst);                                                \
        asm(ASM_FLAGS(insn " %[d]")                                     \
            : [d] "+&q" (d_), "+&a" (ax) : : "cc");                     \
        (dst) = d_;                                                     \
    } while (0)

#define SHIFT_T(insn, T, dst, n, ax)                                    \
    do {                                                                \
        T d_ = (T)(dst);                                                \
        asm(ASM_FLAGS(insn " %%cl, %[d]")                               \
            : [d] "+&q" (d_), "+&a" (ax) : "c" (n) : "cc");             \
        (dst) = d_;                                                     \
    } while (0)

#define SHIFTD_T(insn, T, dst, src, n, ax)                              \
    do {                                                                \
        T d_ = (T)(dst);                                                \
        asm(ASM_FLAGS(insn " %%cl, %[s], %[d]")                         \
            : [d] "+&q" (d_), "+&a" (ax)                                \
            : [s] "q" ((T)(src)), "c" (n) : "cc");                      \
        (dst) = d_;                                                     \
    } while (0)

/* Handlers: dst = dst op src. */
#define DEFINE_ARITH2(name, mnem)                                       \
    enum emul_rc name(struct emul_ctx *c)                               \
    {                                                                   \
        uint32_t ax = flags_to_ax(c->new_flags);                        \
        uint64_t *d = &c->dst.val, s = c->src.val;                      \
                                                                        \
        switch (c->dst.bytes) {                                         \
        case 1:  ARITH2_T(mnem "b", uint8_t, *d, s, ax); break;         \
        case 2:  ARITH2_T(mnem "w", uint16_t, *d, s, ax); break;        \
        case 4:  ARITH2_T(mnem "l", uint32_t, *d, s, ax); break;        \
        default: ARITH2_T(mnem "q", uint64_t, *d, s, ax); break;        \
        }                                                               \
        c->new_flags = ax_to_flags(c->new_flags, ax);                   \
        return EMUL_OK;                                                 \
    }

/* Handlers: dst = op dst. */
#define DEFINE_ARITH1(name, mnem)                                       \
    enum emul_rc name(struct emul_ctx *c)                               \
    {                                                                   \
        uint32_t ax = flags_to_ax(c->new_flags);                        \
        uint64_t *d = &c->dst.val;                                      \
                                                                        \
        switch (c->dst.bytes) {                                         \
        case 1:  ARITH1_T(mnem "b", uint8_t, *d, ax); break;            \
        case 2:  ARITH1_T(mnem "w", uint16_t, *d, ax); break;           \
        case 4:  ARITH1_T(mnem "l", uint32_t, *d, ax); break;           \
        default: ARITH1_T(mnem "q", uint64_t, *d, ax); break;           \
        }                                                               \
        c->new_flags = ax_to_flags(c->new_flags, ax);                   \
        return EMUL_OK;                                                 \
    }

/* Handlers: dst shifted by src. */
#define DEFINE_SHIFT(name, mnem)                                        \
    enum emul_rc name(struct emul_ctx *c)                               \
    {                                                                   \
        uint32_t ax = flags_to_ax(c->new_flags);                        \
        uint64_t *d = &c->dst.val;                                      \
        uint8_t n = c->src.val;                                         \
                                                                        \
        switch (c->dst.bytes) {                                         \
        case 1:  SHIFT_T(mnem "b", uint8_t, *d, n, ax); break;          \
        case 2:  SHIFT_T(mnem "w", uint16_t, *d, n, ax); break;         \
        case 4:  SHIFT_T(mnem "l", uint32_t, *d, n, ax); break;         \
        default: SHIFT_T(mnem "q", uint64_t, *d, n, ax); break;         \
        }                                                               \
        c->new_flags = ax_to_flags(c->new_flags, ax);                   \
        return EMUL_OK;                                                 \
    }

/* Handlers: dst shifted by n with bits from src; 2, 4 or 8 bytes. */
#define DEFINE_SHIFTD(name, mnem)                                       \
    enum emul_rc name(struct emul_ctx *c)                               \
    {                                                                   \
        uint32_t ax = flags_to_ax(c->new_flags);                        \
        uint64_t *d = &c->dst.val, s = c->src.val;                      \
        uint8_t n = c->insn.opcode & 1 ? c->gpr[INSN_RCX] : c->insn.imm; \
                                                                        \
        switch (c->dst.bytes) {                                         \
        case 2:  SHIFTD_T(mnem "w", uint16_t, *d, s, n, ax); break;     \
        case 4:  SHIFTD_T(mnem "l", uint32_t, *d, s, n, ax); break;     \
        default: SHIFTD_T(mnem "q", uint64_t, *d, s, n, ax); break;     \
        }                                                               \
        c->new_flags = ax_to_flags(c->new_flags, ax);                   \
        return EMUL_OK;                                                 \
    }

/*
 * Handlers: dst = op src; 2, 4 or 8 bytes. Without F3 a source of 0 leaves all
 * of the destination alone, its upper half too.
 */
#define DEFINE_SCAN(name, plain, with_rep)                              \
    enum emul_rc name(struct emul_ctx *c)                               \
    {                                                                   \
        uint32_t ax = flags_to_ax(c->new_flags);                        \
        uint64_t *d = &c->dst.val, s = c->src.val;                      \
        bool rep = c->insn.rep == 0xf3;                                 \
                                                                        \
        switch (c->dst.bytes | (rep ? 0x10 : 0)) {                      \
        case 2:    ARITH2_T(plain "w", uint16_t, *d, s, ax); break;     \
        case 4:    ARITH2_T(plain "l", uint32_t, *d, s, ax); break;     \
        case 8:    ARITH2_T(plain "q", uint64_t, *d, s, ax); break;     \
        case 0x12: ARITH2_T(with_rep "w", uint16_t, *d, s, ax); break;  \
        case 0x14: ARITH2_T(with_rep "l", uint32_t, *d, s, ax); break;  \
        default:   ARITH2_T(with_rep "q", uint64_t, *d, s, ax); break;  \
        }                                                               \
        if (!rep && !s)                                                 \
            c->dst.kind = OPND_NONE;                                    \
        c->new_flags = ax_to_flags(c->new_flags, ax);                   \
        return EMUL_OK;                                                 \
    }

#endif
