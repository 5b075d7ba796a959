/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fake machine for the emulator's tests: memory, segments, registers and
 * devices that record what is asked of them. Each test program has its own; it
 * must decide nothing that the emulator should.
 */
#pragma once

#include <string.h>

#include "hvm/base/exit.h"
#include "hvm/emul/emul.h"
#include "tests/unit/test.h"

/*
 * The fake machine: RAM, one page that faults, and a record of what was asked.
 */
#define RAM       0x10000ull
#define RAM_BYTES 0x10000u
#define BAD       0x40000ull    /* this page and all else: #PF */
#define CODE      0x18000ull

struct access {
    char what;          /* r read, m rmw read, w write, c cmpxchg, i o port */
    uint64_t la;
    unsigned int n;
    uint64_t val;
};

static struct machine {
    struct emul_ctx c;
    uint64_t gpr[16];
    struct segment seg[6];
    uint8_t ram[RAM_BYTES];
    struct access log[600];
    unsigned int accesses;
    struct emul_rep rep;        /* the last run asked for */
    unsigned int reps;
    bool take_reps, race;
    uint64_t cr[17];
    uint8_t vec[16][32];
} m;

static void note(char what, uint64_t la, unsigned int n, const void *val)
{
    struct access *a = &m.log[m.accesses];

    if (m.accesses < sizeof(m.log) / sizeof(m.log[0]) - 1)
        m.accesses++;
    *a = (struct access){ .what = what, .la = la, .n = n };
    memcpy(&a->val, val, n < 8 ? n : 8);
}

static enum emul_rc touch(struct emul_ctx *c, uint64_t la, unsigned int n,
                          bool write)
{
    for (unsigned int i = 0; i < n; i++)
        if (la + i < RAM || la + i >= RAM + RAM_BYTES)
            return emul_page_fault(c, la + i, write ? 2 : 0);
    return EMUL_OK;
}

static enum emul_rc fetch(struct emul_ctx *c, uint64_t la, void *buf,
                          unsigned int *n)
{
    enum emul_rc rc = touch(c, la, 1, false);
    unsigned int left = 4096 - (la & 4095);

    if (rc)
        return rc;
    if (*n > left)
        *n = left;
    memcpy(buf, &m.ram[la - RAM], *n);
    return EMUL_OK;
}

static enum emul_rc read_mem(struct emul_ctx *c, uint64_t la, void *buf,
                             unsigned int n, bool rmw)
{
    enum emul_rc rc = touch(c, la, n, rmw);

    if (rc)
        return rc;
    memcpy(buf, &m.ram[la - RAM], n);
    note(rmw ? 'm' : 'r', la, n, buf);
    return EMUL_OK;
}

static enum emul_rc write_mem(struct emul_ctx *c, uint64_t la, const void *buf,
                              unsigned int n)
{
    enum emul_rc rc = touch(c, la, n, true);

    if (rc)
        return rc;
    memcpy(&m.ram[la - RAM], buf, n);
    note('w', la, n, buf);
    return EMUL_OK;
}

static enum emul_rc cmpxchg(struct emul_ctx *c, uint64_t la, const void *old,
                            const void *new, unsigned int n)
{
    enum emul_rc rc = touch(c, la, n, true);

    if (rc)
        return rc;
    if (m.race)
        m.ram[la - RAM]++;      /* another CPU was here */
    if (memcmp(&m.ram[la - RAM], old, n))
        return EMUL_RETRY;
    memcpy(&m.ram[la - RAM], new, n);
    note('c', la, n, new);
    return EMUL_OK;
}

static enum emul_rc check_write(struct emul_ctx *c, uint64_t la, unsigned int n)
{
    return touch(c, la, n, true);
}

static const struct segment *seg(struct emul_ctx *c, enum hvm_seg s)
{
    (void)c;
    return &m.seg[s];
}

static enum emul_rc rep(struct emul_ctx *c, const struct emul_rep *r)
{
    (void)c;
    if (!m.take_reps)
        return EMUL_UNHANDLEABLE;
    m.reps++;
    m.rep = *r;
    return EMUL_OK;
}

static enum emul_rc pio(struct emul_ctx *c, uint16_t port, unsigned int bytes,
                        bool in, uint64_t *val)
{
    (void)c;
    if (in)
        *val = 0xa1b2c3d4u & (uint32_t)((1ull << 8 * bytes) - 1);
    note(in ? 'i' : 'o', port, bytes, val);
    return EMUL_OK;
}

static enum emul_rc get_vec(struct emul_ctx *c, unsigned int r, void *buf,
                            unsigned int n)
{
    (void)c;
    memcpy(buf, m.vec[r], n);
    return EMUL_OK;
}

static enum emul_rc put_vec(struct emul_ctx *c, unsigned int r, const void *buf,
                            unsigned int n, bool zero_rest)
{
    (void)c;
    memcpy(m.vec[r], buf, n);
    if (zero_rest)
        memset(m.vec[r] + n, 0, 32 - n);
    return EMUL_OK;
}

static uint64_t read_cr(struct emul_ctx *c, unsigned int cr)
{
    (void)c;
    return m.cr[cr];
}

static const struct emul_ops ops = {
    .fetch = fetch, .read = read_mem, .write = write_mem, .cmpxchg = cmpxchg,
    .check_write = check_write, .seg = seg, .rep = rep, .pio = pio,
    .get_vec = get_vec, .put_vec = put_vec, .read_cr = read_cr,
};

#define ATTR_DATA 0x493u        /* present, writable data, 32-bit */
#define ATTR_CODE 0x49bu

/* A machine in the given mode with flat segments and this code at CODE. */
static void machine(unsigned int mode, const char *code, unsigned int n)
{
    memset(&m, 0, sizeof(m));
    for (unsigned int i = 0; i < RAM_BYTES; i++)
        m.ram[i] = (uint8_t)(i ^ i >> 8);
    memcpy(&m.ram[CODE - RAM], code, n);
    for (int i = 0; i < 6; i++)
        m.seg[i] = (struct segment){ .sel = (uint16_t)(8 + 8 * i),
                                      .attr = ATTR_DATA, .limit = ~0u };
    m.seg[SEG_CS].attr = ATTR_CODE;
    m.cr[0] = 0x80000031;
    m.cr[4] = 0x40600;
    m.cr[EMUL_XCR0] = 7;
    m.c = (struct emul_ctx){
        .ops = &ops, .gpr = m.gpr, .rip = CODE, .rflags = 0x2,
        .mode = (uint8_t)mode,
    };
    m.gpr[RSP] = RAM + 0x4000;
}

#define MACHINE(mode, code) machine(mode, code, sizeof(code) - 1)

static inline uint64_t ram64(uint64_t la)
{
    uint64_t v;

    memcpy(&v, &m.ram[la - RAM], 8);
    return v;
}

static inline void check_fault(enum emul_rc rc, unsigned int vector,
                               uint32_t error)
{
    CHECK_EQ(rc, EMUL_FAULT);
    CHECK_EQ(m.c.fault.vector, vector);
    CHECK_EQ(m.c.fault.error, error);
    CHECK_EQ(m.c.rip, CODE);
}
