/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The emulator's frame: fetch and decode, operands, write-back, memory.
 *
 * Owns the order of things: all that can fail comes before the first change of
 * a register. Handlers compute; operands in memory are read and written here.
 */
#include "hvm/base/exit.h"
#include "hvm/emul/handlers.h"

enum emul_rc emul_raise(struct emul_ctx *c, unsigned int vector, uint32_t error)
{
    c->fault = (struct emul_fault){ .vector = vector, .error = error };
    return EMUL_FAULT;
}

enum emul_rc emul_page_fault(struct emul_ctx *c, uint64_t la, uint32_t error)
{
    c->fault = (struct emul_fault){ VEC_PF, error, la };
    return EMUL_FAULT;
}

/* Type bits of a segment's attr. */
#define SEG_WRITE 0x2u      /* data: writable; code: readable */
#define SEG_DOWN  0x4u      /* data: expand down */
#define SEG_CODE  0x8u

bool linear_ok(struct emul_ctx *c, enum hvm_seg seg, uint64_t off,
               unsigned int n, bool write, uint64_t *la)
{
    if (likely(c->mode == 8)) {
        if (unlikely(seg >= SEG_FS))
            off += c->ops->seg(c, seg)->base;
        *la = off;
        return is_canonical(off) && is_canonical(off + n - 1);
    }

    const struct segment *s = c->ops->seg(c, seg);
    unsigned int type = s->attr & (SEG_CODE | SEG_WRITE);
    bool down = (s->attr & (SEG_S | SEG_CODE | SEG_DOWN)) == (SEG_S | SEG_DOWN);
    uint64_t last = off + n - 1;    /* may not wrap either */

    if (!c->real && (!(s->attr & SEG_PRESENT) ||
                     (write && type != SEG_WRITE) || type == SEG_CODE))
        return false;
    if (last > (!down ? s->limit : s->attr & SEG_BIG ? ~0u : 0xffffu) ||
        (down && off <= s->limit))
        return false;
    *la = (uint32_t)(s->base + off);
    return true;
}

bool aligned_only(const struct emul_ctx *c)
{
    return unlikely(c->rflags & RFLAGS_AC) && c->align_check && c->cpl == 3;
}

enum emul_rc linear(struct emul_ctx *c, enum hvm_seg seg, uint64_t off,
                    unsigned int n, bool write, uint64_t *la)
{
    if (unlikely(!linear_ok(c, seg, off, n, write, la)))
        return emul_raise(c, seg == SEG_SS ? VEC_SS : VEC_GP, 0);
    if (unlikely(aligned_only(c)) && n <= 8 && (*la & (n - 1)))
        return emul_raise(c, VEC_AC, 0);
    return EMUL_OK;
}

enum emul_rc mem_read(struct emul_ctx *c, enum hvm_seg seg, uint64_t off,
                      uint64_t *val, unsigned int n, bool rmw)
{
    uint64_t la;
    enum emul_rc rc = linear(c, seg, off, n, rmw, &la);

    *val = 0;
    return unlikely(rc) ? rc : c->ops->read(c, la, val, n, rmw);
}

enum emul_rc mem_write(struct emul_ctx *c, enum hvm_seg seg, uint64_t off,
                       uint64_t val, unsigned int n)
{
    uint64_t la;
    enum emul_rc rc = linear(c, seg, off, n, true, &la);

    return unlikely(rc) ? rc : c->ops->write(c, la, &val, n);
}

uint64_t effective_address(const struct emul_ctx *c)
{
    const struct insn *i = &c->insn;
    uint64_t ea = i->disp;

    if (i->base != INSN_NO_REG)
        ea += c->gpr[i->base];
    if (i->index != INSN_NO_REG)
        ea += c->gpr[i->index] << i->scale;
    if (i->rip_rel)
        ea += c->next_rip;
    return i->ad_bytes == 8 ? ea : ea & size_mask(i->ad_bytes);
}

/* More instruction bytes, after the decoder has run out of them. */
static enum emul_rc fetch_more(struct emul_ctx *c)
{
    unsigned int n = INSN_MAX_BYTES - c->nbytes;
    uint64_t off = c->rip + c->nbytes, la = off;

    if (c->mode == 8) {
        if (!is_canonical(la))
            return emul_raise(c, VEC_GP, 0);
    } else {
        const struct segment *cs = c->ops->seg(c, SEG_CS);

        off = (uint32_t)off;
        if (off > cs->limit)
            return emul_raise(c, VEC_GP, 0);
        n = MIN(n - 1, cs->limit - off) + 1;
        la = (uint32_t)(cs->base + off);
    }

    enum emul_rc rc = c->ops->fetch(c, la, &c->bytes[c->nbytes], &n);

    if (rc)
        return rc;
    if (!n || n > INSN_MAX_BYTES - (unsigned int)c->nbytes)
        return EMUL_UNHANDLEABLE;
    c->nbytes += n;
    return EMUL_OK;
}

static enum emul_rc decode(struct emul_ctx *c)
{
    enum insn_status status;

    c->step = false;
    while ((status = insn_decode(&c->insn, c->bytes, c->nbytes, c->mode)) ==
           INSN_MORE) {
        enum emul_rc rc = fetch_more(c);

        if (rc)
            return rc;
    }
    if (status == INSN_TOO_LONG)
        return emul_raise(c, VEC_GP, 0);
    if (status != INSN_OK)
        return EMUL_UNHANDLEABLE;
    c->next_rip = c->rip + c->insn.len;
    if (c->mode != 8)
        c->next_rip = (uint32_t)c->next_rip;
    return EMUL_OK;
}

bool emul_one_place(const struct emul_ctx *c)
{
    return !(c->insn.flags & F_TWO);
}

/* Fetches the operand that `what`, one of S_MASK, names. */
static enum emul_rc load_operand(struct emul_ctx *c, struct emul_operand *o,
                                 uint32_t what, bool rmw)
{
    o->bytes = c->insn.op_bytes;
    switch (what) {
    case S_REG:
    case S_ACC:
        o->reg = what == S_REG ? c->insn.reg : RAX;
        o->val = reg_get(c, o->reg, o->bytes);
        break;
    case S_IMM:
        o->val = c->insn.imm & size_mask(o->bytes);
        break;
    case S_CL:
    case S_ONE:
        o->bytes = 1;
        o->val = what == S_CL ? (uint8_t)c->gpr[RCX] : 1;
        break;
    case S_RM8:
    case S_RM16:
    case S_RM32:
        o->bytes = MIN(o->bytes, 1u << (what - S_RM8) / (S_RM16 - S_RM8));
        /* fall through */
    case S_RM:
        return mem_read(c, c->insn.seg, c->ea, &o->val, o->bytes, rmw);
    }
    return EMUL_OK;
}

/*
 * Bit strings: a register offset selects any bit from the operand's address on,
 * forwards or backwards, in units of the operand (SDM, BT).
 */
static void bit_offset(struct emul_ctx *c)
{
    unsigned int bytes = c->src.bytes;
    int64_t bit = sign_extend(c->src.val, bytes);

    c->ea += (uint64_t)((bit >> bit_lowest(8 * bytes)) * (int64_t)bytes);
    c->ea &= size_mask(c->insn.ad_bytes);
}

enum emul_rc mem_update(struct emul_ctx *c, uint64_t la, const void *old,
                        const void *new, unsigned int n)
{
    return unlikely(c->insn.lock || (c->insn.flags & F_XCHG))
               ? c->ops->cmpxchg(c, la, old, new, n)
               : c->ops->write(c, la, new, n);
}

/* Stores the results; the only access that can fail comes first. */
static inline enum emul_rc write_back(struct emul_ctx *c, uint32_t flags)
{
    uint32_t to = flags & F_NOWB ? 0 : flags & D_MASK;
    struct emul_operand *dst = &c->dst;

    if (to == D_RM) {
        uint64_t la;
        enum emul_rc rc = linear(c, c->insn.seg, c->ea, dst->bytes, true, &la);

        if (likely(!rc))
            rc = mem_update(c, la, &c->old, &dst->val, dst->bytes);
        if (unlikely(rc))
            return rc;
    }
    if (unlikely(c->wb_src))
        reg_put(c, c->src.reg, c->src.bytes, c->src.val);
    if (to == D_REG || to == D_ACC)
        reg_put(c, dst->reg, dst->bytes, dst->val);
    return EMUL_OK;
}

static enum emul_rc execute(struct emul_ctx *c)
{
    uint32_t flags = c->insn.flags;
    enum emul_rc rc;

    if (c->insn.lock && !(flags & F_LOCK))
        return emul_raise(c, VEC_UD, 0);
    c->wb_src = false;
    c->new_flags = c->rflags;
    if (c->insn.has_mem)
        c->ea = effective_address(c);
    rc = load_operand(c, &c->src, flags & S_MASK, false);
    if (unlikely(rc))
        return rc;
    if (unlikely(flags & F_BITS))
        bit_offset(c);
    if ((flags & (D_MASK | F_MOV)) == (D_RM | F_MOV))
        c->dst.bytes = c->insn.op_bytes;
    else
        rc = load_operand(c, &c->dst, (flags & D_MASK) << 4, !(flags & F_NOWB));
    if (unlikely(rc))
        return rc;
    c->old = c->dst.val;
    rc = c->insn.op->exec(c);
    if (likely(!rc))
        rc = write_back(c, flags);
    if (unlikely(rc))
        return rc;
    c->step = c->rflags & RFLAGS_TF;
    c->rflags = c->new_flags & ~RFLAGS_RF;
    c->rip = c->next_rip;
    return EMUL_OK;
}

enum emul_rc emul_mmio(struct emul_ctx *c)
{
    enum emul_rc rc;

    c->step = false;
    if (!c->nbytes) {
        rc = fetch_more(c);
        if (unlikely(rc))
            return rc;
    }
    if (fast_move(c, &rc))
        return rc;
    rc = decode(c);
    if (unlikely(rc))
        return rc;
    if (!c->insn.op->exec || (c->insn.flags & F_IO))
        return EMUL_UNHANDLEABLE;
    /* It cannot be what exited; but a walk would do so for ever. */
    if (!c->insn.has_mem && !(c->insn.flags & F_IMPLICIT))
        return c->walk ? EMUL_UNHANDLEABLE : EMUL_RETRY;
    return execute(c);
}

enum emul_rc emul_string_io(struct emul_ctx *c, const struct exit_port *io)
{
    enum emul_rc rc = decode(c);

    if (rc == EMUL_FAULT)
        return rc;
    if (rc || !(c->insn.flags & F_IO) ||
        (c->insn.opcode & 0xfe) != (io->in ? 0x6c : 0x6e) ||
        c->insn.op_bytes != io->size || (c->insn.rep != 0) != io->rep ||
        (uint16_t)c->gpr[RDX] != io->port)
        return EMUL_RETRY;
    return execute(c);
}
