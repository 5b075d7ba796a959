/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MOV to and from control and debug registers, CLTS, LMSW, SMSW, INVLPG.
 *
 * Only finds operands and checks what the encoding and CPL decide; which
 * values a register accepts is for ops->write_cr and its like.
 */
#include "hvm/emul/handlers.h"

#define CR0_TS     0x8u
#define CR0_LMSW   0xfu         /* PE MP EM TS */
#define CR4_UMIP   0x800u

/*
 * Control and debug registers are moved whole: the operand size is the mode's.
 */
static unsigned int whole_bytes(const struct emul_ctx *c)
{
    return c->mode == 8 ? 8 : 4;
}

/* #UD for a register that does not exist, #GP(0) unless at CPL 0. */
static enum emul_rc check_cr(struct emul_ctx *c, unsigned int cr)
{
    if (cr > 8 || !(1u << cr & 0x11d))          /* 0 2 3 4 8 */
        return emul_raise(c, EXC_UD, 0);
    return c->cpl ? emul_raise(c, EXC_GP, 0) : EMUL_OK;
}

enum emul_rc em_mov_from_cr(struct emul_ctx *c)
{
    enum emul_rc rc = check_cr(c, c->insn.reg);
    uint64_t val = 0;

    if (rc)
        return rc;
    if (!c->ops->read_cr)
        return EMUL_UNHANDLEABLE;
    rc = c->ops->read_cr(c, c->insn.reg, &val);
    if (!rc)
        reg_put(c, c->insn.rm, whole_bytes(c), val);
    return rc;
}

enum emul_rc em_mov_to_cr(struct emul_ctx *c)
{
    enum emul_rc rc = check_cr(c, c->insn.reg);

    if (rc)
        return rc;
    if (!c->ops->write_cr)
        return EMUL_UNHANDLEABLE;
    return c->ops->write_cr(c, c->insn.reg,
                            reg_get(c, c->insn.rm, whole_bytes(c)));
}

static enum emul_rc check_dr(struct emul_ctx *c)
{
    if (c->insn.reg > 7)
        return emul_raise(c, EXC_UD, 0);
    return c->cpl ? emul_raise(c, EXC_GP, 0) : EMUL_OK;
}

enum emul_rc em_mov_from_dr(struct emul_ctx *c)
{
    enum emul_rc rc = check_dr(c);
    uint64_t val = 0;

    if (rc)
        return rc;
    if (!c->ops->read_dr)
        return EMUL_UNHANDLEABLE;
    rc = c->ops->read_dr(c, c->insn.reg, &val);
    if (!rc)
        reg_put(c, c->insn.rm, whole_bytes(c), val);
    return rc;
}

enum emul_rc em_mov_to_dr(struct emul_ctx *c)
{
    enum emul_rc rc = check_dr(c);

    if (rc)
        return rc;
    if (!c->ops->write_dr)
        return EMUL_UNHANDLEABLE;
    return c->ops->write_dr(c, c->insn.reg,
                            reg_get(c, c->insn.rm, whole_bytes(c)));
}

/* CR0 with the bits in clear replaced by set. */
static enum emul_rc change_cr0(struct emul_ctx *c, uint64_t clear, uint64_t set)
{
    enum emul_rc rc;
    uint64_t cr0 = 0;

    if (c->cpl)
        return emul_raise(c, EXC_GP, 0);
    if (!c->ops->read_cr || !c->ops->write_cr)
        return EMUL_UNHANDLEABLE;
    rc = c->ops->read_cr(c, 0, &cr0);
    return rc ? rc : c->ops->write_cr(c, 0, (cr0 & ~clear) | set);
}

enum emul_rc em_clts(struct emul_ctx *c)
{
    return change_cr0(c, CR0_TS, 0);
}

/* LMSW can set PE but not clear it. */
enum emul_rc em_lmsw(struct emul_ctx *c)
{
    enum emul_rc rc;
    uint16_t val;

    if (c->cpl)
        return emul_raise(c, EXC_GP, 0);
    rc = rm16_read(c, &val);
    return rc ? rc : change_cr0(c, CR0_LMSW & ~1u, val & CR0_LMSW);
}

/* Memory gets two bytes; a register what fits of CR0. */
enum emul_rc em_smsw(struct emul_ctx *c)
{
    uint64_t cr0 = 0, cr4 = 0;
    enum emul_rc rc;

    if (!c->ops->read_cr)
        return EMUL_UNHANDLEABLE;
    rc = c->ops->read_cr(c, 4, &cr4);
    if (!rc)
        rc = c->ops->read_cr(c, 0, &cr0);
    if (rc)
        return rc;
    if ((cr4 & CR4_UMIP) && c->cpl)
        return emul_raise(c, EXC_GP, 0);
    if (c->insn.has_mem)
        c->dst.bytes = 2;
    c->dst.val = cr0;
    return EMUL_OK;
}

/*
 * No limit or type check; a non-canonical address does nothing (SDM, INVLPG).
 */
enum emul_rc em_invlpg(struct emul_ctx *c)
{
    uint64_t la = c->ea;

    if (c->cpl)
        return emul_raise(c, EXC_GP, 0);
    if (!c->ops->invlpg)
        return EMUL_UNHANDLEABLE;
    if (c->mode != 8 || c->insn.seg >= INSN_FS)
        la += c->ops->seg(c, c->insn.seg)->base;
    if (c->mode != 8)
        la = (uint32_t)la;
    return c->ops->invlpg(c, la);
}
