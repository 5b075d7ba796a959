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
    uint64_t xcr0;

    if (c->insn.vex) {
        xcr0 = cr4 & CR4_OSXSAVE ? c->ops->read_cr(c, EMUL_XCR0) : 0;
        if (c->real || (xcr0 & XCR0_AVX) != XCR0_AVX || c->insn.vvvv)
            return emul_raise(c, VEC_UD, 0);
    } else if ((cr0 & CR0_EM) || !(cr4 & CR4_OSFXSR)) {
        return emul_raise(c, VEC_UD, 0);
    }
    return cr0 & CR0_TS ? emul_raise(c, VEC_NM, 0) : EMUL_OK;
}

/* Checks all and finds the operand's length and linear address. */
static enum emul_rc vec_operand(struct emul_ctx *c, bool write, unsigned int *n,
                                uint64_t *la)
{
    unsigned int part = c->insn.flags & V_MASK;
    enum emul_rc rc;

    *n = !part ? c->insn.vlen :
         part == V_4 || (part == V_W && !(c->insn.rex & REX_W)) ? 4 : 8;
    /* VEX forms of 4 and 8 bytes: those of 32 do not exist or ignore L. */
    if (part && c->insn.vlen != 16)
        return EMUL_UNHANDLEABLE;
    rc = check_available(c);
    if (!rc)
        rc = linear(c, c->insn.seg, c->ea, *n, write, la);
    if (!rc && (c->insn.flags & V_ALIGNED) && (*la & (*n - 1)))
        return emul_raise(c, VEC_GP, 0);
    return rc;
}

/* Which eight bytes of the register: MOVLPS, MOVHPS and their like. */
static bool upper_half(const struct emul_ctx *c)
{
    return (c->insn.flags & V_MASK) == V_HALF && (c->insn.opcode & 4);
}

/* What is above a part is cleared; the other half stays. */
enum emul_rc em_vec_load(struct emul_ctx *c)
{
    uint64_t buf[4] = { 0 }, la;
    unsigned int n;
    enum emul_rc rc = vec_operand(c, false, &n, &la);

    if (!rc && (c->insn.flags & V_MASK) == V_HALF)
        rc = c->ops->get_vec(c, c->insn.reg, buf, 16);
    if (!rc)
        rc = c->ops->read(c, la, &buf[upper_half(c)], n, false);
    return rc ? rc : c->ops->put_vec(c, c->insn.reg, buf, c->insn.vlen,
                                     c->insn.vex);
}

enum emul_rc em_vec_store(struct emul_ctx *c)
{
    uint64_t buf[4] = { 0 }, la;
    unsigned int n;
    enum emul_rc rc = vec_operand(c, true, &n, &la);

    if (!rc)
        rc = c->ops->get_vec(c, c->insn.reg, buf, c->insn.vlen);
    return rc ? rc : c->ops->write(c, la, &buf[upper_half(c)], n);
}
