/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Moves, exchanges, and pushes and pops of memory.
 *
 * Handlers of handlers.h: operands come in c->dst and c->src, the result goes
 * to c->dst.val; memory is touched only by those whose operands do not fit
 * that scheme. RSP changes only after the accesses that could fault.
 */
#include "hvm/emul/handlers.h"

EM_VALUE(em_nop, 0)
/* MOV, and MOVZX: the source was read with its own size. */
EM_VALUE(em_mov, c->src.val)
EM_VALUE(em_movsx, (uint64_t)sign_extend(c->src.val, c->src.bytes))
EM_VALUE(em_movbe, __builtin_bswap64(c->src.val) >> (64 - 8 * c->src.bytes))

/* True if the condition in the opcode's low four bits holds. */
static bool condition(const struct emul_ctx *c)
{
    static const uint16_t any_of[8] = {
        RFLAGS_OF, RFLAGS_CF, RFLAGS_ZF, RFLAGS_CF | RFLAGS_ZF,
        RFLAGS_SF, RFLAGS_PF, 0, RFLAGS_ZF
    };
    uint64_t rflags = c->rflags;
    unsigned int n = c->insn.opcode;
    /* The last two, less and less or equal, also look for SF unlike OF. */
    bool less = (n & 0xc) == 0xc &&
                !(rflags & RFLAGS_SF) != !(rflags & RFLAGS_OF);

    return ((rflags & any_of[n >> 1 & 7]) || less) != (n & 1);
}

EM_VALUE(em_setcc, condition(c))
/* The source is read and a 32-bit register zero-extended in either case. */
EM_VALUE(em_cmov, condition(c) ? c->src.val : c->dst.val)

enum emul_rc em_xlat(struct emul_ctx *c)
{
    uint64_t off = c->gpr[RBX] + c->dst.val;

    return mem_read(c, c->insn.seg, off & size_mask(c->insn.ad_bytes),
                    &c->dst.val, 1, false);
}

enum emul_rc em_xchg(struct emul_ctx *c)
{
    c->dst.val = c->src.val;
    c->src.val = c->old;
    c->wb_src = true;
    return EMUL_OK;
}

enum emul_rc em_cmpxchg(struct emul_ctx *c)
{
    uint64_t old = c->old, new = c->src.val;
    uint64_t acc = reg_get(c, RAX, c->dst.bytes);

    compare(c, acc, old, c->dst.bytes);     /* c->src.val is old now */
    c->dst.val = acc == old ? new : old;    /* written in either case */
    c->src.reg = RAX;
    c->wb_src = acc != old;
    return EMUL_OK;
}

/* Bytes of RSP that address the stack: SS.B decides outside 64-bit code. */
static unsigned int stack_width(struct emul_ctx *c)
{
    if (c->mode == 8)
        return 8;
    return c->ops->seg(c, SEG_SS)->attr & SEG_BIG ? 4 : 2;
}

enum emul_rc em_push(struct emul_ctx *c)
{
    unsigned int width = stack_width(c), bytes = c->insn.op_bytes;
    uint64_t sp = (c->gpr[RSP] - bytes) & size_mask(width);
    enum emul_rc rc = mem_write(c, SEG_SS, sp, c->src.val, bytes);

    if (!rc)
        reg_put(c, RSP, width, sp);
    return rc;
}

/*
 * The destination's address is computed with RSP already incremented (SDM,
 * POP).
 */
enum emul_rc em_pop_rm(struct emul_ctx *c)
{
    unsigned int width = stack_width(c), bytes = c->insn.op_bytes;
    uint64_t rsp = c->gpr[RSP], val;
    enum emul_rc rc = mem_read(c, SEG_SS, rsp & size_mask(width), &val, bytes,
                               false);

    if (rc)
        return rc;
    reg_put(c, RSP, width, rsp + bytes);
    rc = mem_write(c, c->insn.seg, effective_address(c), val, bytes);
    if (rc)
        c->gpr[RSP] = rsp;
    return rc;
}

/* Memory gets two bytes whatever the operand size. */
enum emul_rc em_mov_from_sreg(struct emul_ctx *c)
{
    unsigned int s = c->insn.modrm >> 3 & 7;

    if (s > SEG_GS)
        return emul_raise(c, VEC_UD, 0);
    c->dst.bytes = 2;
    c->dst.val = c->ops->seg(c, s)->sel;
    return EMUL_OK;
}
