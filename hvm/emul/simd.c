/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Plain moves between memory and XMM or YMM registers: SSE and VEX forms.
 *
 * The registers are the caller's (get_vec, put_vec); nothing here uses them as
 * registers. What moves is in the V_ flags of the instruction's table entry.
 */
#include "hvm/emul/handlers.h"

#define XCR0_AVX     0x6u       /* SSE and AVX state */

/* Availability checks of SDM vol. 2A, 2.5 to 2.7 and vol. 3A, 13.1. */
static enum emul_rc check_available(struct emul_ctx *c)
{
    uint64_t cr0 = c->ops->read_cr(c, 0), cr4 = c->ops->read_cr(c, 4);
    bool undefined = (cr0 & CR0_EM) || !(cr4 & CR4_OSFXSR);

    if (c->insn.vex)
        undefined = c->real || c->insn.vvvv || !(cr4 & CR4_OSXSAVE) ||
                    (~c->ops->read_cr(c, EMUL_XCR0) & XCR0_AVX);
    if (undefined)
        return emul_raise(c, VEC_UD, 0);
    return cr0 & CR0_TS ? emul_raise(c, VEC_NM, 0) : EMUL_OK;
}

/*
 * A load clears what is above a part, but for MOVLPS, MOVHPS and their like:
 * they move eight bytes, and the other half of the register stays.
 */
enum emul_rc em_vec_move(struct emul_ctx *c)
{
    const struct insn *i = &c->insn;
    bool store = i->flags & V_STORE, half = (i->flags & V_MASK) == V_HALF;
    unsigned int part = i->flags & V_MASK, n = part ? 8 : i->vlen;
    uint64_t buf[4] = { 0 }, *at = buf + (half && (i->opcode & 4)), la;

    if (part == V_4 || (part == V_W && !(i->rex & REX_W)))
        n = 4;
    /* VEX forms of 4 and 8 bytes: those of 32 do not exist or ignore L. */
    if (part && i->vlen != 16)
        return EMUL_UNHANDLEABLE;

    enum emul_rc rc = check_available(c);

    if (!rc)
        rc = linear(c, i->seg, c->ea, n, store, &la);
    if (!rc && (i->flags & V_ALIGNED) && (la & (n - 1)))
        return emul_raise(c, VEC_GP, 0);
    if (!rc && (store || half))
        rc = c->ops->get_vec(c, i->reg, buf, i->vlen);
    if (rc)
        return rc;
    if (store)
        return c->ops->write(c, la, at, n);
    rc = c->ops->read(c, la, at, n, false);
    return rc ? rc : c->ops->put_vec(c, i->reg, buf, i->vlen, i->vex);
}
