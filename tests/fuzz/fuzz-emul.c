/* sources: hvm/emul/decode.c hvm/emul/opcodes.c hvm/emul/emul.c hvm/emul/fast.c hvm/emul/arith.c hvm/emul/muldiv.c hvm/emul/move.c hvm/emul/string.c hvm/emul/simd.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The emulator with everything from the input: mode, registers, segments,
 * bytes, and what each callback answers; any of them may fail at any time.
 *
 * Checked: no read or write outside an operand, no undefined behaviour, a
 * bounded number of callbacks, callbacks only with arguments that the header
 * promises, and an instruction that faults or cannot be handled leaves
 * registers, flags and RIP alone (repeats: but for their progress).
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hvm/base/exit.h"
#include "hvm/emul/emul.h"

#define REQUIRE(x)                                                      \
    do {                                                                \
        if (!(x))                                                       \
            abort();                                                    \
    } while (0)

struct input {
    const uint8_t *p;
    size_t left;
};

static struct input in;
static unsigned int calls;
static struct segment segs[SEG_LDTR];

static void take(void *to, size_t n)
{
    size_t have = n < in.left ? n : in.left;

    memset(to, 0, n);
    memcpy(to, in.p, have);
    in.p += have;
    in.left -= have;
}

static uint8_t take8(void)
{
    uint8_t b;

    take(&b, 1);
    return b;
}

/* What a callback returns: mostly success. */
static enum emul_rc answer(struct emul_ctx *c, uint64_t la)
{
    REQUIRE(++calls < 2000);
    switch (take8()) {
    case 0xff:
        return emul_page_fault(c, la, take8() & 7);
    case 0xfe:
        return EMUL_RETRY;
    case 0xfd:
        return EMUL_UNHANDLEABLE;
    case 0xfc:
        return emul_raise(c, take8() & 31, take8());
    default:
        return EMUL_OK;
    }
}

static void check_linear(const struct emul_ctx *c, uint64_t la, unsigned int n)
{
    uint64_t last = la + n - 1;

    if (c->mode == 8) {
        REQUIRE((uint64_t)((int64_t)(la << 16) >> 16) == la);
        REQUIRE((uint64_t)((int64_t)(last << 16) >> 16) == last);
    } else {
        REQUIRE(la <= 0xffffffffu);
    }
}

static enum emul_rc fetch(struct emul_ctx *c, uint64_t la, void *buf,
                          unsigned int *n)
{
    REQUIRE(*n >= 1 && *n <= INSN_MAX_BYTES);
    if (take8() & 1 && *n > 1)
        *n /= 2;
    take(buf, *n);
    return answer(c, la);
}

static enum emul_rc read_mem(struct emul_ctx *c, uint64_t la, void *buf,
                             unsigned int n, bool rmw)
{
    (void)rmw;
    REQUIRE(n >= 1 && n <= 32);
    check_linear(c, la, n);
    take(buf, n);
    return answer(c, la);
}

static enum emul_rc write_mem(struct emul_ctx *c, uint64_t la, const void *buf,
                              unsigned int n)
{
    uint8_t copy[32];

    REQUIRE(n >= 1 && n <= 32);
    check_linear(c, la, n);
    memcpy(copy, buf, n);
    return answer(c, la);
}

static enum emul_rc cmpxchg(struct emul_ctx *c, uint64_t la, const void *old,
                            const void *new, unsigned int n)
{
    uint8_t copy[2][16];

    REQUIRE(n == 1 || n == 2 || n == 4 || n == 8 || n == 16);
    check_linear(c, la, n);
    memcpy(copy[0], old, n);
    memcpy(copy[1], new, n);
    return answer(c, la);
}

static enum emul_rc check_write(struct emul_ctx *c, uint64_t la, unsigned int n)
{
    check_linear(c, la, n);
    return answer(c, la);
}

static const struct segment *seg(struct emul_ctx *c, enum hvm_seg s)
{
    (void)c;
    REQUIRE(s < SEG_LDTR);
    return &segs[s];
}

static enum emul_rc rep(struct emul_ctx *c, const struct emul_rep *r)
{
    uint64_t bytes = (uint64_t)(r->count - 1) * r->bytes;
    uint64_t ends[2] = { r->src, r->dst };

    REQUIRE(r->count >= 1 && r->count <= 4096);
    REQUIRE(r->bytes == 1 || r->bytes == 2 || r->bytes == 4 || r->bytes == 8);
    for (int k = 0; k < 2; k++) {
        uint64_t low = r->df ? ends[k] - bytes : ends[k];

        if ((k == 0) ? r->kind == EMUL_REP_INS || r->kind == EMUL_REP_STOS
                     : r->kind == EMUL_REP_OUTS)
            continue;
        REQUIRE(low >> 12 == (low + bytes + r->bytes - 1) >> 12);
        check_linear(c, low, (unsigned int)bytes + r->bytes);
    }
    return answer(c, 0);
}

static enum emul_rc pio(struct emul_ctx *c, uint16_t port, unsigned int bytes,
                        bool is_in, uint64_t *val)
{
    (void)port;
    REQUIRE(bytes == 1 || bytes == 2 || bytes == 4);
    if (is_in)
        take(val, bytes);
    return answer(c, 0);
}

static enum emul_rc get_vec(struct emul_ctx *c, unsigned int r, void *buf,
                            unsigned int n)
{
    REQUIRE(r < 16 && (n == 16 || n == 32));
    take(buf, n);
    return answer(c, 0);
}

static enum emul_rc put_vec(struct emul_ctx *c, unsigned int r, const void *buf,
                            unsigned int n, bool zero_rest)
{
    uint8_t copy[32];

    (void)zero_rest;
    REQUIRE(r < 16 && (n == 16 || n == 32));
    memcpy(copy, buf, n);
    return answer(c, 0);
}

static uint64_t read_cr(struct emul_ctx *c, unsigned int cr)
{
    uint64_t val;

    (void)c;
    REQUIRE(cr == 0 || cr == 4 || cr == EMUL_XCR0);
    take(&val, 8);
    return val;
}

static const struct emul_ops all_ops = {
    .fetch = fetch, .read = read_mem, .write = write_mem, .cmpxchg = cmpxchg,
    .check_write = check_write, .seg = seg, .rep = rep, .pio = pio,
    .get_vec = get_vec, .put_vec = put_vec, .read_cr = read_cr,
};

static bool is_string(const struct insn *i)
{
    return i->map == INSN_MAP_1BYTE &&
           ((i->opcode >= 0x6c && i->opcode <= 0x6f) ||
            (i->opcode >= 0xa4 && i->opcode <= 0xaf));
}

static void check_result(const struct emul_ctx *c, enum emul_rc rc,
                         const uint64_t *before, uint64_t rip, uint64_t rflags)
{
    bool same = !memcmp(before, c->gpr, 16 * sizeof(*before));
    bool moved = false;
    uint8_t step;

    memcpy(&step, &c->step, 1);
    if (rc == EMUL_OK || rc == EMUL_RETRY)
        REQUIRE(step <= 1);     /* set in every case */
    if (rc == EMUL_OK)
        return;
    REQUIRE(c->rip == rip && c->rflags == rflags);
    if (rc == EMUL_FAULT)
        REQUIRE(c->fault.vector < 32);
    /* Only the registers of a repeat may have moved. */
    for (int k = 0; k < 16; k++)
        if (before[k] != c->gpr[k] && k != RCX && k != RSI &&
            k != RDI && k != RAX)
            moved = true;
    REQUIRE(!moved);
    if (rc == EMUL_UNHANDLEABLE || !c->insn.rep || !is_string(&c->insn))
        REQUIRE(same);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t modes[4] = { 2, 4, 8, 8 };
    uint64_t gpr[16], before[16];
    struct emul_ctx c;
    struct exit_port io;
    enum emul_rc rc;
    uint8_t how, flags;

    in = (struct input){ data, size };
    calls = 0;
    how = take8();
    flags = take8();
    memset(&c, 0xa5, sizeof(c));        /* nothing else needs to be set */
    c.ops = &all_ops;
    c.opaque = NULL;
    c.gpr = gpr;
    c.mode = modes[how & 3];
    c.cpl = flags & 3;
    c.real = c.mode == 2 && (flags & 8);
    c.align_check = flags & 32;
    c.walk = flags & 16;
    c.nbytes = take8() & 15;
    take(c.bytes, c.nbytes);
    take(&c.rip, 8);
    take(&c.rflags, 4);
    c.rflags &= 0x3fffffu;
    for (int k = 0; k < 16; k++)        /* small numbers are more likely */
        take(&gpr[k], take8() & 1 ? 8 : 3), gpr[k] &= flags & 0x80 ? 0xffffff
                                                                  : ~0ull;
    for (int k = 0; k < SEG_LDTR; k++) {
        take(&segs[k].attr, 2);
        take(&segs[k].base, 4);
        segs[k].limit = take8() & 1 ? ~0u : 0xffff;
    }
    memcpy(before, gpr, sizeof(gpr));
    {
        uint64_t rip = c.rip, rflags = c.rflags;

        switch (how >> 2 & 3) {
        case 0:
        case 1:
        case 2:
            rc = emul_mmio(&c);
            break;
        default:
            io = (struct exit_port){ .port = (uint16_t)gpr[RDX],
                                     .size = 1u << (how >> 4 & 3),
                                     .in = how & 64, .rep = how & 128 };
            rc = emul_string_io(&c, &io);
            break;
        }
        if (rc == EMUL_OK)
            (void)emul_one_place(&c);
        check_result(&c, rc, before, rip, rflags);
    }
    return 0;
}
