/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MOVS, CMPS, STOS, LODS, SCAS, INS, OUTS, and the repeat loop they share.
 *
 * A repeat is done in runs: as many elements as lie in one page on each side
 * go to ops->rep in one call. What that does not take is done element by
 * element. Both are bounded per call; the registers hold the progress, as they
 * do when an interrupt stops a repeat on the CPU. The right to use the port of
 * INS and OUTS was checked by the CPU before the exit.
 */
#include "hvm/emul/handlers.h"

#define PAGE 4096u

/* Elements per call when each is an access of its own. */
#define SLOW_ELEMENTS 256u

/* A string instruction: which sides it has, what it does with them. */
struct string_op {
    bool si;                    /* a value from seg:rSI; else rAX or a port */
    bool di;                    /* goes to ES:rDI; else to rAX or a port; */
    bool compares;              /* or is compared with ES:rDI: REPE and REPNE
                                   look at ZF */
    enum emul_rep_kind bulk;    /* what ops->rep calls it, if it does it */
};

/* Offset of the present element by RSI (in seg) or RDI (in ES). */
static uint64_t offset(const struct emul_ctx *c, enum gpr reg)
{
    return c->gpr[reg] & size_mask(c->insn.ad_bytes);
}

/* Moves the registers past n elements. */
static void advance(struct emul_ctx *c, const struct string_op *s, uint64_t n)
{
    unsigned int ad = c->insn.ad_bytes;
    uint64_t step = n * c->insn.op_bytes;

    if (c->rflags & RFLAGS_DF)
        step = -step;
    if (s->si)
        reg_put(c, RSI, ad, c->gpr[RSI] + step);
    if (s->di || s->compares)
        reg_put(c, RDI, ad, c->gpr[RDI] + step);
    if (c->insn.rep)
        reg_put(c, RCX, ad, c->gpr[RCX] - n);
}

/*
 * Shortens *n to the elements from seg:off on that lie in one page, in the
 * segment and in the address size. False if not even the first does: it
 * faults, or straddles a page; the slow path finds out which.
 */
static bool fit_run(struct emul_ctx *c, enum hvm_seg seg, uint64_t off,
                    bool write, uint64_t *la, unsigned int *n)
{
    unsigned int bytes = c->insn.op_bytes, in_page;
    uint64_t last = size_mask(c->insn.ad_bytes) - off, low;
    bool down = c->rflags & RFLAGS_DF;

    if (!linear_ok(c, seg, off, bytes, write, la))
        return false;
    in_page = *la & (PAGE - 1);
    if (in_page + bytes > PAGE || last < bytes - 1)
        return false;
    /* What ends first: the page or, where it wraps, the address size. */
    if (down)
        *n = MIN(*n, MIN(in_page, off) / bytes + 1);
    else
        *n = MIN(*n, (MIN(PAGE - 1 - in_page, last) + 1) / bytes);
    low = down ? off - (uint64_t)(*n - 1) * bytes : off;
    return linear_ok(c, seg, low, *n * bytes, write, &low);
}

/* One run through ops->rep; *done counts its elements. */
static enum emul_rc run_bulk(struct emul_ctx *c, const struct string_op *s,
                             uint64_t left, uint64_t *done)
{
    struct emul_rep r = {
        .kind = s->bulk, .bytes = c->insn.op_bytes, .port = c->gpr[RDX],
        .df = c->rflags & RFLAGS_DF,
        .value = reg_get(c, RAX, c->insn.op_bytes),
        .count = (unsigned int)MIN(left, PAGE),
    };

    if (s->di && !fit_run(c, SEG_ES, offset(c, RDI), true, &r.dst, &r.count))
        return EMUL_UNHANDLEABLE;
    /* The second side may shorten the run; the first still fits then. */
    if (s->si && !fit_run(c, c->insn.seg, offset(c, RSI), false, &r.src,
                          &r.count))
        return EMUL_UNHANDLEABLE;

    enum emul_rc rc = c->ops->rep(c, &r);

    if (!rc) {
        advance(c, s, r.count);
        *done = r.count;
    }
    return rc;
}

/* The port is read only when the memory is known to take the value. */
static enum emul_rc ins_one(struct emul_ctx *c, unsigned int bytes)
{
    uint64_t val = 0, la;
    enum emul_rc rc = linear(c, SEG_ES, offset(c, RDI), bytes, true, &la);

    if (!rc)
        rc = c->ops->check_write(c, la, bytes);
    if (!rc)
        rc = c->ops->pio(c, (uint16_t)c->gpr[RDX], bytes, true, &val);
    return rc ? rc : c->ops->write(c, la, &val, bytes);
}

/* One element at the registers' present addresses, which stay. */
static enum emul_rc run_one(struct emul_ctx *c, const struct string_op *s,
                            unsigned int bytes)
{
    uint64_t val = reg_get(c, RAX, bytes), other;
    enum emul_rc rc = EMUL_OK;

    if (s->bulk == EMUL_REP_INS)
        return ins_one(c, bytes);
    if (s->si)
        rc = mem_read(c, c->insn.seg, offset(c, RSI), &val, bytes, false);
    if (!rc && s->compares)
        rc = mem_read(c, SEG_ES, offset(c, RDI), &other, bytes, false);
    if (rc)
        return rc;
    if (s->di)
        return mem_write(c, SEG_ES, offset(c, RDI), val, bytes);
    if (s->bulk == EMUL_REP_OUTS)
        return c->ops->pio(c, (uint16_t)c->gpr[RDX], bytes, false, &val);
    if (s->compares)
        compare(c, val, other, bytes);
    else
        reg_put(c, RAX, bytes, val);
    return EMUL_OK;
}

static enum emul_rc run_slow(struct emul_ctx *c, const struct string_op *s,
                             uint64_t left, uint64_t *done)
{
    uint64_t max = MIN(left, c->rflags & RFLAGS_TF ? 1 : SLOW_ELEMENTS);

    while (*done < max) {
        enum emul_rc rc = run_one(c, s, c->insn.op_bytes);

        if (rc == EMUL_FAULT || (rc && !*done))
            return rc;
        if (rc)                 /* this one: next time, as the first */
            return EMUL_OK;
        advance(c, s, 1);
        ++*done;
        /* REPE and REPNE end after an element unlike, or like. */
        if (s->compares && c->insn.rep &&
            !(c->new_flags & RFLAGS_ZF) == (c->insn.rep == 0xf3)) {
            *done = left;
            break;
        }
    }
    return EMUL_OK;
}

/* By opcode, without the bit that tells bytes from words. */
static const struct string_op string_ops[] = {
    [0x6c >> 1] = { .di = true, .bulk = EMUL_REP_INS },
    [0x6e >> 1] = { .si = true, .bulk = EMUL_REP_OUTS },
    [0xa4 >> 1] = { .si = true, .di = true, .bulk = EMUL_REP_MOVS },
    [0xa6 >> 1] = { .si = true, .compares = true },
    [0xaa >> 1] = { .di = true, .bulk = EMUL_REP_STOS },
    [0xac >> 1] = { .si = true },
    [0xae >> 1] = { .compares = true },
};

/*
 * Runs the instruction with its repeat prefix, direction and address size for a
 * bounded number of elements: EMUL_RETRY when some are left.
 */
enum emul_rc em_string(struct emul_ctx *c)
{
    const struct string_op *s = &string_ops[c->insn.opcode >> 1];
    uint64_t left = 1, done = 0;
    enum emul_rc rc = EMUL_UNHANDLEABLE;

    if (c->insn.rep) {
        left = c->gpr[RCX] & size_mask(c->insn.ad_bytes);
        if (!left)
            return EMUL_OK;
        if (s->bulk && !(c->rflags & RFLAGS_TF) && !aligned_only(c))
            rc = run_bulk(c, s, left, &done);
    }
    if (rc == EMUL_UNHANDLEABLE)
        rc = run_slow(c, s, left, &done);
    if (rc)
        return rc;
    if (done == left)
        return EMUL_OK;
    c->step = done && (c->rflags & RFLAGS_TF);
    return EMUL_RETRY;
}
