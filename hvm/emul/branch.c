/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Near jumps, conditional ones, and loops.
 *
 * They set c->next_rip through jump_to(), which checks the target. Far
 * transfers load descriptors and are not emulated.
 */
#include "hvm/emul/handlers.h"

enum emul_rc em_jmp(struct emul_ctx *c)
{
    return jump_to(c, c->next_rip + c->insn.imm);
}

enum emul_rc em_jmp_rm(struct emul_ctx *c)
{
    return jump_to(c, c->src.val);
}

enum emul_rc em_jcc(struct emul_ctx *c)
{
    if (!cond_holds(c->rflags, c->insn.opcode))
        return EMUL_OK;
    return em_jmp(c);
}

/* LOOPNE, LOOPE, LOOP: the counter has the address size. */
enum emul_rc em_loop(struct emul_ctx *c)
{
    unsigned int bytes = c->insn.ad_bytes;
    uint64_t n = (c->gpr[INSN_RCX] - 1) & size_mask(bytes);
    bool zf = c->rflags & FL_ZF, taken = n;
    enum emul_rc rc = EMUL_OK;

    if (c->insn.opcode != 0xe2)
        taken = taken && zf == (c->insn.opcode == 0xe1);
    if (taken)
        rc = em_jmp(c);
    if (!rc)
        reg_put(c, INSN_RCX, bytes, n);
    return rc;
}

enum emul_rc em_jcxz(struct emul_ctx *c)
{
    if (c->gpr[INSN_RCX] & size_mask(c->insn.ad_bytes))
        return EMUL_OK;
    return em_jmp(c);
}
