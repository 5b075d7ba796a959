/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PUSH, POP, near CALL and RET, LEAVE, and moves of segment registers.
 *
 * RSP changes only after the memory access that could fault. CALL and RET know
 * nothing of shadow stacks: a guest that uses them must not be emulated here.
 */
#include "hvm/emul/handlers.h"

/* Bytes of RSP that address the stack: SS.B decides outside 64-bit code. */
static unsigned int stack_width(struct emul_ctx *c)
{
    if (c->mode == 8)
        return 8;
    return c->ops->seg(c, INSN_SS)->attr & EMUL_SEG_BIG ? 4 : 2;
}

static enum emul_rc push(struct emul_ctx *c, uint64_t val, unsigned int bytes)
{
    unsigned int width = stack_width(c);
    uint64_t sp = (c->gpr[INSN_RSP] - bytes) & size_mask(width);
    enum emul_rc rc = mem_write(c, INSN_SS, sp, val, bytes);

    if (!rc)
        reg_put(c, INSN_RSP, width, sp);
    return rc;
}

static enum emul_rc pop(struct emul_ctx *c, uint64_t *val, unsigned int bytes)
{
    unsigned int width = stack_width(c);
    uint64_t sp = c->gpr[INSN_RSP] & size_mask(width);
    enum emul_rc rc = mem_read(c, INSN_SS, sp, val, bytes, false);

    if (!rc)
        reg_put(c, INSN_RSP, width, sp + bytes);
    return rc;
}

enum emul_rc em_push(struct emul_ctx *c)
{
    return push(c, c->src.val, c->insn.op_bytes);
}

enum emul_rc em_push_reg(struct emul_ctx *c)
{
    return push(c, c->dst.val, c->dst.bytes);
}

/* POP RSP: the write-back comes after the increment. */
enum emul_rc em_pop_reg(struct emul_ctx *c)
{
    return pop(c, &c->dst.val, c->dst.bytes);
}

/*
 * The destination's address is computed with RSP already incremented (SDM,
 * POP).
 */
enum emul_rc em_pop_rm(struct emul_ctx *c)
{
    uint64_t rsp = c->gpr[INSN_RSP], val;
    unsigned int bytes = c->insn.op_bytes;
    enum emul_rc rc = pop(c, &val, bytes);

    if (rc)
        return rc;
    if (!c->insn.has_mem) {
        reg_put(c, c->insn.rm, bytes, val);
        return EMUL_OK;
    }
    rc = mem_write(c, c->insn.seg, effective_address(c), val, bytes);
    if (rc)
        c->gpr[INSN_RSP] = rsp;
    return rc;
}

enum emul_rc em_leave(struct emul_ctx *c)
{
    unsigned int width = stack_width(c), bytes = c->insn.op_bytes;
    uint64_t bp = c->gpr[INSN_RBP] & size_mask(width), val;
    enum emul_rc rc = mem_read(c, INSN_SS, bp, &val, bytes, false);

    if (rc)
        return rc;
    reg_put(c, INSN_RSP, width, bp + bytes);
    reg_put(c, INSN_RBP, bytes, val);
    return EMUL_OK;
}

static enum emul_rc call_to(struct emul_ctx *c, uint64_t rip)
{
    uint64_t ret = c->next_rip;
    enum emul_rc rc = jump_to(c, rip);

    return rc ? rc : push(c, ret, c->insn.op_bytes);
}

enum emul_rc em_call(struct emul_ctx *c)
{
    return call_to(c, c->next_rip + c->insn.imm);
}

enum emul_rc em_call_rm(struct emul_ctx *c)
{
    return call_to(c, c->src.val);
}

/* RET, and RET with a number of bytes to drop. */
enum emul_rc em_ret(struct emul_ctx *c)
{
    uint64_t rsp = c->gpr[INSN_RSP], rip;
    unsigned int width = stack_width(c);
    enum emul_rc rc = pop(c, &rip, c->insn.op_bytes);

    if (rc)
        return rc;
    rc = jump_to(c, rip);
    if (rc) {
        c->gpr[INSN_RSP] = rsp;
        return rc;
    }
    if (c->insn.opcode == 0xc2)
        reg_put(c, INSN_RSP, width, c->gpr[INSN_RSP] + c->src.val);
    return EMUL_OK;
}

/* Memory gets two bytes whatever the operand size. */
enum emul_rc em_mov_from_sreg(struct emul_ctx *c)
{
    unsigned int s = c->insn.modrm >> 3 & 7;

    if (s >= INSN_SEGS)
        return emul_raise(c, EXC_UD, 0);
    if (c->insn.has_mem)
        c->dst.bytes = 2;
    c->dst.val = c->ops->seg(c, s)->sel;
    return EMUL_OK;
}

enum emul_rc em_mov_to_sreg(struct emul_ctx *c)
{
    unsigned int s = c->insn.modrm >> 3 & 7;
    enum emul_rc rc;
    uint16_t sel;

    if (s >= INSN_SEGS || s == INSN_CS)
        return emul_raise(c, EXC_UD, 0);
    if (!c->ops->load_seg)
        return EMUL_UNHANDLEABLE;
    rc = rm16_read(c, &sel);
    if (!rc)
        rc = c->ops->load_seg(c, s, sel);
    if (!rc)
        c->shadow = s == INSN_SS;
    return rc;
}
