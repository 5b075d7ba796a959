/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Plain moves between memory and vector registers: MMX, SSE and VEX forms.
 *
 * The registers are the caller's (get_vec, put_vec); nothing here uses them as
 * registers. Forms without a memory operand never need emulation and are
 * refused.
 */
#include "hvm/emul/handlers.h"

#define CR0_EM       0x4u
#define CR0_TS       0x8u
#define CR4_OSFXSR   0x200u
#define CR4_OSXSAVE  0x40000u
#define XCR0_AVX     0x6u       /* SSE and AVX state */

#define REX_W 8u

/* Availability checks of SDM vol. 2A, 2.5 to 2.7 and vol. 3A, 13.1. */
static enum emul_rc check_vec(struct emul_ctx *c, enum emul_vec file)
{
    bool vex = c->insn.encoding == INSN_VEX;
    uint64_t cr0 = 0, cr4 = 0, xcr0 = 0;
    enum emul_rc rc;

    if (!c->insn.has_mem || !c->ops->get_vec || !c->ops->put_vec ||
        !c->ops->read_cr)
        return EMUL_UNHANDLEABLE;
    rc = c->ops->read_cr(c, 0, &cr0);
    if (!rc)
        rc = c->ops->read_cr(c, 4, &cr4);
    if (!rc && vex && (cr4 & CR4_OSXSAVE))
        rc = c->ops->read_cr(c, EMUL_XCR0, &xcr0);
    if (rc)
        return rc;
    if (vex) {
        if ((xcr0 & XCR0_AVX) != XCR0_AVX || c->insn.vvvv)
            return emul_raise(c, EXC_UD, 0);
    } else if ((cr0 & CR0_EM) ||
               (file == EMUL_VEC_XMM && !(cr4 & CR4_OSFXSR))) {
        return emul_raise(c, EXC_UD, 0);
    }
    if (cr0 & CR0_TS)
        return emul_raise(c, EXC_NM, 0);
    return EMUL_OK;
}

/* Linear address of the n-byte operand; aligned: #GP(0) unless it is. */
static enum emul_rc vec_linear(struct emul_ctx *c, unsigned int n, bool write,
                               bool aligned, uint64_t *la)
{
    enum emul_rc rc = linear(c, c->insn.seg, c->ea, n, write, la);

    if (!rc && aligned && (*la & (n - 1)))
        return emul_raise(c, EXC_GP, 0);
    return rc;
}

/* n bytes of memory to the low end of a register, zeros up to fill. */
static enum emul_rc load(struct emul_ctx *c, unsigned int n, unsigned int fill,
                         bool aligned)
{
    uint64_t buf[4] = { 0 }, la;
    enum emul_rc rc = check_vec(c, EMUL_VEC_XMM);

    if (!rc)
        rc = vec_linear(c, n, false, aligned, &la);
    if (!rc)
        rc = c->ops->read(c, la, buf, n, false);
    return rc ? rc : c->ops->put_vec(c, EMUL_VEC_XMM, c->insn.reg, buf, fill,
                                     c->insn.encoding == INSN_VEX);
}

static enum emul_rc store(struct emul_ctx *c, unsigned int n, bool aligned)
{
    uint64_t buf[4] = { 0 }, la;
    enum emul_rc rc = check_vec(c, EMUL_VEC_XMM);

    if (!rc)
        rc = vec_linear(c, n, true, aligned, &la);
    if (!rc)
        rc = c->ops->get_vec(c, EMUL_VEC_XMM, c->insn.reg, buf, n);
    return rc ? rc : c->ops->write(c, la, buf, n);
}

static unsigned int full_bytes(const struct emul_ctx *c)
{
    return c->insn.encoding == INSN_VEX ? c->insn.vlen : 16;
}

/*
 * VEX forms of 4- and 8-byte moves: those of 32 bytes do not exist or ignore
 * L.
 */
static bool wrong_length(const struct emul_ctx *c)
{
    return c->insn.encoding == INSN_VEX && c->insn.vlen != 16;
}

enum emul_rc em_load_u(struct emul_ctx *c)
{
    unsigned int n = full_bytes(c);

    return load(c, n, n, false);
}

enum emul_rc em_load_a(struct emul_ctx *c)
{
    unsigned int n = full_bytes(c);

    return load(c, n, n, true);
}

enum emul_rc em_store_u(struct emul_ctx *c)
{
    return store(c, full_bytes(c), false);
}

enum emul_rc em_store_a(struct emul_ctx *c)
{
    return store(c, full_bytes(c), true);
}

/* MOVSS */
enum emul_rc em_load_4(struct emul_ctx *c)
{
    return wrong_length(c) ? EMUL_UNHANDLEABLE : load(c, 4, 16, false);
}

enum emul_rc em_store_4(struct emul_ctx *c)
{
    return wrong_length(c) ? EMUL_UNHANDLEABLE : store(c, 4, false);
}

/* MOVSD, MOVQ, MOVLPS store */
enum emul_rc em_load_8(struct emul_ctx *c)
{
    return wrong_length(c) ? EMUL_UNHANDLEABLE : load(c, 8, 16, false);
}

enum emul_rc em_store_8(struct emul_ctx *c)
{
    return wrong_length(c) ? EMUL_UNHANDLEABLE : store(c, 8, false);
}

/* MOVD and MOVQ between a vector register and r/m32 or r/m64 */
enum emul_rc em_load_d(struct emul_ctx *c)
{
    if (wrong_length(c))
        return EMUL_UNHANDLEABLE;
    return load(c, c->insn.rex & REX_W ? 8 : 4, 16, false);
}

enum emul_rc em_store_d(struct emul_ctx *c)
{
    if (wrong_length(c))
        return EMUL_UNHANDLEABLE;
    return store(c, c->insn.rex & REX_W ? 8 : 4, false);
}

/* MOVLPS, MOVLPD: the upper half stays. */
enum emul_rc em_load_lo(struct emul_ctx *c)
{
    return load(c, 8, 8, false);
}

/* MOVHPS, MOVHPD: the lower half stays. */
enum emul_rc em_load_hi(struct emul_ctx *c)
{
    enum emul_rc rc = check_vec(c, EMUL_VEC_XMM);
    uint64_t buf[2] = { 0 }, la;

    if (!rc)
        rc = vec_linear(c, 8, false, false, &la);
    if (!rc)
        rc = c->ops->get_vec(c, EMUL_VEC_XMM, c->insn.reg, buf, 16);
    if (!rc)
        rc = c->ops->read(c, la, &buf[1], 8, false);
    return rc ? rc : c->ops->put_vec(c, EMUL_VEC_XMM, c->insn.reg, buf, 16,
                                     false);
}

enum emul_rc em_store_hi(struct emul_ctx *c)
{
    enum emul_rc rc = wrong_length(c) ? EMUL_UNHANDLEABLE
                                      : check_vec(c, EMUL_VEC_XMM);
    uint64_t buf[2] = { 0 }, la;

    if (!rc)
        rc = vec_linear(c, 8, true, false, &la);
    if (!rc)
        rc = c->ops->get_vec(c, EMUL_VEC_XMM, c->insn.reg, buf, 16);
    return rc ? rc : c->ops->write(c, la, &buf[1], 8);
}

static enum emul_rc mmx_move(struct emul_ctx *c, unsigned int n, bool to_memory)
{
    enum emul_rc rc = check_vec(c, EMUL_VEC_MMX);
    unsigned int r = c->insn.modrm >> 3 & 7;
    uint64_t val = 0, la;

    if (!rc)
        rc = vec_linear(c, n, to_memory, false, &la);
    if (rc)
        return rc;
    if (to_memory) {
        rc = c->ops->get_vec(c, EMUL_VEC_MMX, r, &val, n);
        return rc ? rc : c->ops->write(c, la, &val, n);
    }
    rc = c->ops->read(c, la, &val, n, false);
    return rc ? rc : c->ops->put_vec(c, EMUL_VEC_MMX, r, &val, 8, false);
}

enum emul_rc em_mmx_load(struct emul_ctx *c)
{
    return mmx_move(c, 8, false);
}

enum emul_rc em_mmx_store(struct emul_ctx *c)
{
    return mmx_move(c, 8, true);
}

enum emul_rc em_mmx_load_d(struct emul_ctx *c)
{
    return mmx_move(c, c->insn.rex & REX_W ? 8 : 4, false);
}

enum emul_rc em_mmx_store_d(struct emul_ctx *c)
{
    return mmx_move(c, c->insn.rex & REX_W ? 8 : 4, true);
}
