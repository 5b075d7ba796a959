/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Moves, two-operand arithmetic, flags, exchange and compare-exchange.
 *
 * Handlers of handlers.h: operands come in c->dst and c->src, the result goes
 * to c->dst.val; memory is touched only by CMPXCHG8B/16B and XLAT, whose
 * operands do not fit that scheme.
 */
#include "hvm/emul/arith.h"
#include "hvm/emul/handlers.h"

DEFINE_ARITH2(em_add, "add")
DEFINE_ARITH2(em_or, "or")
DEFINE_ARITH2(em_adc, "adc")
DEFINE_ARITH2(em_sbb, "sbb")
DEFINE_ARITH2(em_and, "and")
DEFINE_ARITH2(em_sub, "sub")    /* also CMP: F_NOWB */
DEFINE_ARITH2(em_xor, "xor")
DEFINE_ARITH2(em_test, "test")
DEFINE_ARITH1(em_inc, "inc")
DEFINE_ARITH1(em_dec, "dec")
DEFINE_ARITH1(em_neg, "neg")

uint64_t compare_flags(uint64_t fl, uint64_t a, uint64_t b, unsigned int bytes)
{
    unsigned int shift = 64 - 8 * bytes;
    uint64_t d = a - b;
    uint32_t ax = flags_to_ax(fl);
    uint64_t out;

    /* At the top of a register, all but PF and AF come out right at once. */
    a <<= shift;
    b <<= shift;
    asm(ASM_FLAGS("cmpq %[b], %[a]") : "+&a" (ax)
        : [a] "r" (a), [b] "r" (b) : "cc");
    out = ax_to_flags(fl, ax) & ~(uint64_t)(FL_AF | FL_PF);
    out |= ((a >> shift) ^ (b >> shift) ^ d) & FL_AF;
    return out | (__builtin_parity((uint8_t)d) ? 0 : FL_PF);
}

bool cond_holds(uint64_t rflags, unsigned int n)
{
    bool sf_of = !(rflags & FL_SF) != !(rflags & FL_OF), yes;

    switch (n >> 1 & 7) {
    case 0:
        yes = rflags & FL_OF;
        break;
    case 1:
        yes = rflags & FL_CF;
        break;
    case 2:
        yes = rflags & FL_ZF;
        break;
    case 3:
        yes = rflags & (FL_CF | FL_ZF);
        break;
    case 4:
        yes = rflags & FL_SF;
        break;
    case 5:
        yes = rflags & FL_PF;
        break;
    case 6:
        yes = sf_of;
        break;
    default:
        yes = sf_of || (rflags & FL_ZF);
        break;
    }
    return yes != (n & 1);
}

enum emul_rc em_not(struct emul_ctx *c)
{
    c->dst.val = ~c->dst.val;
    return EMUL_OK;
}

enum emul_rc em_nop(struct emul_ctx *c)
{
    return EMUL_OK;
}

/* MOV, and MOVZX: the source was read with its own size. */
enum emul_rc em_mov(struct emul_ctx *c)
{
    c->dst.val = c->src.val;
    return EMUL_OK;
}

enum emul_rc em_movsx(struct emul_ctx *c)
{
    c->dst.val = (uint64_t)sign_extend(c->src.val, c->src.bytes);
    return EMUL_OK;
}

enum emul_rc em_movnti(struct emul_ctx *c)
{
    return c->insn.has_mem ? em_mov(c) : EMUL_UNHANDLEABLE;
}

static uint64_t byte_swap(uint64_t v, unsigned int bytes)
{
    return __builtin_bswap64(v) >> (64 - 8 * bytes);
}

enum emul_rc em_movbe(struct emul_ctx *c)
{
    if (!c->insn.has_mem)
        return EMUL_UNHANDLEABLE;
    c->dst.val = byte_swap(c->src.val, c->src.bytes);
    return EMUL_OK;
}

/* Undefined for 16 bits. */
enum emul_rc em_bswap(struct emul_ctx *c)
{
    if (c->dst.bytes == 2)
        return EMUL_UNHANDLEABLE;
    c->dst.val = byte_swap(c->dst.val, c->dst.bytes);
    return EMUL_OK;
}

enum emul_rc em_lea(struct emul_ctx *c)
{
    if (!c->insn.has_mem)
        return emul_raise(c, EXC_UD, 0);
    c->dst.val = c->ea;
    return EMUL_OK;
}

enum emul_rc em_xlat(struct emul_ctx *c)
{
    uint64_t off = c->gpr[INSN_RBX] + (uint8_t)c->gpr[INSN_RAX], val;
    enum emul_rc rc;

    rc = mem_read(c, c->insn.seg, off & size_mask(c->insn.ad_bytes), &val, 1,
                  false);
    if (!rc)
        reg_put(c, INSN_RAX, 1, val);
    return rc;
}

enum emul_rc em_xchg(struct emul_ctx *c)
{
    uint64_t old = c->dst.val;

    c->dst.val = c->src.val;
    write_src_too(c, c->src.reg, old);
    return EMUL_OK;
}

enum emul_rc em_xadd(struct emul_ctx *c)
{
    uint64_t old = c->dst.val;

    em_add(c);
    write_src_too(c, c->src.reg, old);
    return EMUL_OK;
}

enum emul_rc em_cmpxchg(struct emul_ctx *c)
{
    uint64_t acc = reg_get(c, INSN_RAX, c->dst.bytes);

    c->new_flags = compare_flags(c->new_flags, acc, c->dst.val, c->dst.bytes);
    if (acc == c->dst.val) {
        c->dst.val = c->src.val;
        return EMUL_OK;
    }
    write_src_too(c, INSN_RAX, c->dst.val);
    if (c->dst.kind == OPND_REG)        /* memory is written back, this not */
        c->dst.kind = OPND_NONE;
    return EMUL_OK;
}

/* CMPXCHG8B, and CMPXCHG16B with REX.W: memory is written in either case. */
enum emul_rc em_cmpxchg8b(struct emul_ctx *c)
{
    unsigned int n = c->insn.rex & 8 ? 16 : 8;
    uint64_t *r = c->gpr, old[2] = { 0, 0 }, want[2], new[2], la;
    enum emul_rc rc;
    bool same;

    rc = linear(c, c->insn.seg, c->ea, n, true, &la);
    if (rc)
        return rc;
    if (n == 16 && (la & 15))
        return emul_raise(c, EXC_GP, 0);
    rc = c->ops->read(c, la, old, n, true);
    if (rc)
        return rc;
    want[0] = n == 16 ? r[INSN_RAX] : (uint32_t)r[INSN_RAX] | r[INSN_RDX] << 32;
    new[0] = n == 16 ? r[INSN_RBX] : (uint32_t)r[INSN_RBX] | r[INSN_RCX] << 32;
    want[1] = n == 16 ? r[INSN_RDX] : 0;
    new[1] = n == 16 ? r[INSN_RCX] : 0;
    same = old[0] == want[0] && old[1] == want[1];
    if (!same) {
        new[0] = old[0];
        new[1] = old[1];
    }
    rc = c->insn.lock ? c->ops->cmpxchg(c, la, old, new, n)
                      : c->ops->write(c, la, new, n);
    if (rc)
        return rc;
    c->new_flags &= ~(uint64_t)FL_ZF;
    if (same) {
        c->new_flags |= FL_ZF;
    } else {
        r[INSN_RAX] = n == 16 ? old[0] : (uint32_t)old[0];
        r[INSN_RDX] = n == 16 ? old[1] : old[0] >> 32;
    }
    return EMUL_OK;
}

enum emul_rc em_setcc(struct emul_ctx *c)
{
    c->dst.val = cond_holds(c->rflags, c->insn.opcode);
    return EMUL_OK;
}

/* The source is read and a 32-bit register zero-extended in either case. */
enum emul_rc em_cmov(struct emul_ctx *c)
{
    if (cond_holds(c->rflags, c->insn.opcode))
        c->dst.val = c->src.val;
    return EMUL_OK;
}

/* CBW, CWDE, CDQE */
enum emul_rc em_cbw(struct emul_ctx *c)
{
    c->dst.val = (uint64_t)sign_extend(c->gpr[INSN_RAX], c->dst.bytes / 2);
    return EMUL_OK;
}

/* CWD, CDQ, CQO */
enum emul_rc em_cwd(struct emul_ctx *c)
{
    unsigned int bytes = c->insn.op_bytes;
    bool negative = sign_extend(c->gpr[INSN_RAX], bytes) < 0;

    reg_put(c, INSN_RDX, bytes, negative ? ~0ull : 0);
    return EMUL_OK;
}

enum emul_rc em_lahf(struct emul_ctx *c)
{
    c->gpr[INSN_RAX] = (c->gpr[INSN_RAX] & ~0xff00ull) |
                       (c->rflags & AX_FLAGS) << 8 | 0x200;
    return EMUL_OK;
}

enum emul_rc em_sahf(struct emul_ctx *c)
{
    c->new_flags = (c->new_flags & ~(uint64_t)AX_FLAGS) |
                   (c->gpr[INSN_RAX] >> 8 & AX_FLAGS);
    return EMUL_OK;
}

/* CMC, CLC, STC, CLD, STD */
enum emul_rc em_flag(struct emul_ctx *c)
{
    switch (c->insn.opcode) {
    case 0xf5:
        c->new_flags ^= FL_CF;
        break;
    case 0xf8:
        c->new_flags &= ~(uint64_t)FL_CF;
        break;
    case 0xf9:
        c->new_flags |= FL_CF;
        break;
    case 0xfc:
        c->new_flags &= ~(uint64_t)FL_DF;
        break;
    default:
        c->new_flags |= FL_DF;
        break;
    }
    return EMUL_OK;
}
