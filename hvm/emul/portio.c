/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * IN, OUT, INS and OUTS.
 *
 * The right to use the port (IOPL, the TSS's bitmap) was checked by the CPU
 * before the exit: these run only where the caller allows EMUL_ALLOW_IO, and
 * string forms only if they are still the instruction that the exit was about.
 */
#include "hvm/emul/handlers.h"

static unsigned int port_bytes(const struct emul_ctx *c)
{
    return string_bytes(c);
}

static uint16_t port_number(const struct emul_ctx *c)
{
    return c->insn.op->flags & I_MASK ? c->insn.imm : c->gpr[INSN_RDX];
}

enum emul_rc em_in(struct emul_ctx *c)
{
    unsigned int bytes = port_bytes(c);
    enum emul_rc rc;
    uint32_t val = 0;

    if (!c->ops->pio)
        return EMUL_UNHANDLEABLE;
    rc = c->ops->pio(c, port_number(c), bytes, true, &val);
    if (!rc)
        reg_put(c, INSN_RAX, bytes, val);
    return rc;
}

enum emul_rc em_out(struct emul_ctx *c)
{
    unsigned int bytes = port_bytes(c);
    uint32_t val = (uint32_t)reg_get(c, INSN_RAX, bytes);

    if (!c->ops->pio)
        return EMUL_UNHANDLEABLE;
    return c->ops->pio(c, port_number(c), bytes, false, &val);
}

/* The port is read only when the memory is known to take the value. */
static enum emul_rc ins_one(struct emul_ctx *c, unsigned int bytes)
{
    enum emul_rc rc;
    uint32_t val = 0;
    uint64_t la;

    rc = linear(c, INSN_ES, string_di(c), bytes, true, &la);
    if (!rc)
        rc = c->ops->check_write(c, la, bytes);
    if (!rc)
        rc = c->ops->pio(c, (uint16_t)c->gpr[INSN_RDX], bytes, true, &val);
    return rc ? rc : c->ops->write(c, la, &val, bytes);
}

enum emul_rc em_ins(struct emul_ctx *c)
{
    static const struct string_op ins = {
        .di = true, .di_write = true,
        .has_bulk = true, .bulk = EMUL_REP_INS, .one = ins_one,
    };

    return c->ops->pio ? string_run(c, &ins) : EMUL_UNHANDLEABLE;
}

static enum emul_rc outs_one(struct emul_ctx *c, unsigned int bytes)
{
    enum emul_rc rc;
    uint64_t val;
    uint32_t val32;

    rc = mem_read(c, c->insn.seg, string_si(c), &val, bytes, false);
    val32 = (uint32_t)val;
    return rc ? rc : c->ops->pio(c, (uint16_t)c->gpr[INSN_RDX], bytes, false,
                                 &val32);
}

enum emul_rc em_outs(struct emul_ctx *c)
{
    static const struct string_op outs = {
        .si = true, .has_bulk = true, .bulk = EMUL_REP_OUTS, .one = outs_one,
    };

    return c->ops->pio ? string_run(c, &outs) : EMUL_UNHANDLEABLE;
}

enum emul_rc emul_string_io(struct emul_ctx *c, const struct emul_io *io)
{
    enum emul_rc rc = emul_decode(c);

    if (rc)
        return rc;
    if (insn_classify(&c->insn) != (io->in ? INSN_INS : INSN_OUTS) ||
        string_bytes(c) != io->bytes || (c->insn.rep != 0) != io->rep ||
        (uint16_t)c->gpr[INSN_RDX] != io->port)
        return EMUL_RETRY;
    return emul_execute(c, EMUL_ALLOW_IO);
}
