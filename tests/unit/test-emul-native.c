/* sources: hvm/emul/decode.c hvm/emul/opcodes.c hvm/emul/emul.c hvm/emul/fast.c hvm/emul/arith.c hvm/emul/muldiv.c hvm/emul/move.c hvm/emul/string.c hvm/emul/simd.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The emulator against the CPU it runs on: random instructions on memory with
 * random registers, flags and memory are executed natively and emulated;
 * registers, defined flags, memory, RIP and faults must agree.
 *
 * The instruction stands in a page filled with INT3, so every way out of it is
 * a signal whose frame holds all registers. Must stay deterministic: the seed
 * is fixed.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

/* There are two, and the C library's is meant below. */
#undef REG_CR2
#define REG_CR2 HVM_REG_CR2
#include "hvm/emul/emul.h"
#undef REG_CR2
#include "tests/unit/test.h"

TEST_PROGRAM;

#define PAGE 4096u
#define CODE 0x20000000ull
#define DATA 0x30000000ull      /* between two unmapped pages */
#define DATA_BYTES (2 * PAGE)
#define ROUNDS 1500             /* per table line */

#define CF 0x001u
#define PF 0x004u
#define AF 0x010u
#define ZF 0x040u
#define SF 0x080u
#define DF 0x400u
#define OF 0x800u
#define ARITH (CF | PF | AF | ZF | SF | OF)

struct native_regs {
    uint64_t gpr[16], rflags, rip;
};

/* What the CPU made of an instruction. */
static struct {
    struct native_regs r;
    int signal;
    uint64_t trap, error, cr2;
} native;

static struct native_regs start_regs;
uint64_t native_host_rsp;       /* the assembly's */

/*
 * Loads all registers and jumps to the code; the signal handler comes back to
 * native_exit on the saved stack.
 */
void native_enter(const struct native_regs *r, uint64_t code);
void native_exit(void);
asm(".text\n"
    ".globl native_enter, native_exit\n"
    "native_enter:\n"
    "    push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
    "    push %rsi\n"
    "    mov %rsp, native_host_rsp(%rip)\n"
    "    pushq 128(%rdi)\n"
    "    popfq\n"
    "    mov 0(%rdi), %rax; mov 8(%rdi), %rcx; mov 16(%rdi), %rdx\n"
    "    mov 24(%rdi), %rbx; mov 40(%rdi), %rbp; mov 48(%rdi), %rsi\n"
    "    mov 64(%rdi), %r8; mov 72(%rdi), %r9; mov 80(%rdi), %r10\n"
    "    mov 88(%rdi), %r11; mov 96(%rdi), %r12; mov 104(%rdi), %r13\n"
    "    mov 112(%rdi), %r14; mov 120(%rdi), %r15\n"
    "    mov 32(%rdi), %rsp; mov 56(%rdi), %rdi\n"
    "    jmp *136+start_regs(%rip)\n"
    "native_exit:\n"
    "    pop %rsi\n"
    "    pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
    "    ret\n");

static void on_signal(int sig, siginfo_t *si, void *context)
{
    static const int order[16] = {
        REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
        REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15
    };
    greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;

    (void)si;
    for (int i = 0; i < 16; i++)
        native.r.gpr[i] = (uint64_t)g[order[i]];
    native.r.rflags = (uint64_t)g[REG_EFL];
    native.r.rip = (uint64_t)g[REG_RIP];
    native.signal = sig;
    native.trap = (uint64_t)g[REG_TRAPNO];
    native.error = (uint64_t)g[REG_ERR];
    native.cr2 = (uint64_t)g[REG_CR2];
    g[REG_RSP] = (greg_t)native_host_rsp;
    g[REG_RIP] = (greg_t)(uintptr_t)native_exit;
    g[REG_EFL] = 0x202;
}

/* A random sequence that is the same on every run. */
static uint64_t seed = 0x1d872b41c5f3e90dull;

static uint64_t rnd(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed * 0x2545f4914f6cdd1dull;
}

static unsigned int below(unsigned int n)
{
    return (unsigned int)(rnd() >> 33) % n;
}

/* Numbers near the edges are more often wrong than others. */
static uint64_t value(void)
{
    static const uint64_t edges[] = {
        0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000,
        0x7fffffff, 0x80000000, 0xffffffff, 0x100000000ull,
        0x7fffffffffffffffull, 0x8000000000000000ull, ~0ull
    };

    switch (below(4)) {
    case 0:
        return edges[below(sizeof(edges) / sizeof(edges[0]))];
    case 1:
        return rnd() >> below(64);
    case 2:
        return rnd() | edges[below(sizeof(edges) / sizeof(edges[0]))] << 32;
    default:
        return rnd();
    }
}

/* Template flags. */
#define MODRM  0x01u
#define BYTE   0x02u    /* byte operands: no 66, no W */
#define LOCK   0x08u    /* sometimes with LOCK */
#define D64    0x10u    /* 64-bit by default: no W */
#define NO66   0x20u    /* none, or vendors differ (of movsxd: in bytes read) */
#define STACK  0x40u    /* RSP points to data */
#define STRING 0x80u    /* RSI and RDI do */
#define REP    0x100u
#define NOW    0x400u   /* no REX.W */
#define BITS   0x800u   /* register operand is a bit offset: keep it small */
#define XLAT   0x1000u
#define W1     0x2000u  /* sometimes REX.W with a 16-byte operand */
#define COUNT  0x4000u  /* shift: OF is defined for a count of 1 only */

struct shape {
    const char *name;
    uint8_t n, op[4];
    int8_t reg;         /* ModRM.reg, -1: any */
    int8_t imm;         /* bytes; 9: by operand size */
    uint16_t flags;
    uint16_t undefined; /* flags not compared */
};

#define ALU(name, b, r)                                                 \
    { name, 1, { (b) + 0 }, -1, 0, MODRM | BYTE | LOCK, 0 },            \
    { name, 1, { (b) + 1 }, -1, 0, MODRM | LOCK, 0 },                   \
    { name, 1, { (b) + 2 }, -1, 0, MODRM | BYTE, 0 },                   \
    { name, 1, { (b) + 3 }, -1, 0, MODRM, 0 },                          \
    { name, 1, { 0x80 }, r, 1, MODRM | BYTE | LOCK, 0 },                \
    { name, 1, { 0x81 }, r, 9, MODRM | LOCK, 0 },                       \
    { name, 1, { 0x83 }, r, 1, MODRM | LOCK, 0 }

#define SHIFT(name, r, undef)                                           \
    { name, 1, { 0xc0 }, r, 1, MODRM | BYTE | COUNT, undef },           \
    { name, 1, { 0xc1 }, r, 1, MODRM | COUNT, undef },                  \
    { name, 1, { 0xd0 }, r, 0, MODRM | BYTE, undef },                   \
    { name, 1, { 0xd1 }, r, 0, MODRM, undef },                          \
    { name, 1, { 0xd2 }, r, 0, MODRM | BYTE | COUNT, undef },           \
    { name, 1, { 0xd3 }, r, 0, MODRM | COUNT, undef }

#define BT_UNDEF (OF | SF | AF | PF)
#define MUL_UNDEF (SF | ZF | AF | PF)

static const struct shape shapes[] = {
    ALU("add", 0x00, 0), ALU("or", 0x08, 1), ALU("adc", 0x10, 2),
    ALU("sbb", 0x18, 3), ALU("and", 0x20, 4), ALU("sub", 0x28, 5),
    ALU("xor", 0x30, 6), ALU("cmp", 0x38, 7),
    SHIFT("rol", 0, 0), SHIFT("ror", 1, 0), SHIFT("rcl", 2, 0),
    SHIFT("rcr", 3, 0), SHIFT("shl", 4, AF), SHIFT("shr", 5, AF),
    SHIFT("sal", 6, AF), SHIFT("sar", 7, AF),
    { "mov", 1, { 0x88 }, -1, 0, MODRM | BYTE, 0 },
    { "mov", 1, { 0x89 }, -1, 0, MODRM, 0 },
    { "mov", 1, { 0x8a }, -1, 0, MODRM | BYTE, 0 },
    { "mov", 1, { 0x8b }, -1, 0, MODRM, 0 },
    { "mov", 1, { 0xc6 }, 0, 1, MODRM | BYTE, 0 },
    { "mov", 1, { 0xc7 }, 0, 9, MODRM, 0 },
    { "movsxd", 1, { 0x63 }, -1, 0, MODRM | NO66, 0 },
    { "movzx", 2, { 0x0f, 0xb6 }, -1, 0, MODRM, 0 },
    { "movzx", 2, { 0x0f, 0xb7 }, -1, 0, MODRM, 0 },
    { "movsx", 2, { 0x0f, 0xbe }, -1, 0, MODRM, 0 },
    { "movsx", 2, { 0x0f, 0xbf }, -1, 0, MODRM, 0 },
    { "movbe", 3, { 0x0f, 0x38, 0xf0 }, -1, 0, MODRM, 0 },
    { "movbe", 3, { 0x0f, 0x38, 0xf1 }, -1, 0, MODRM, 0 },
    { "movnti", 2, { 0x0f, 0xc3 }, -1, 0, MODRM | NO66, 0 },
    { "xchg", 1, { 0x86 }, -1, 0, MODRM | BYTE | LOCK, 0 },
    { "xchg", 1, { 0x87 }, -1, 0, MODRM | LOCK, 0 },
    { "xlat", 1, { 0xd7 }, -1, 0, XLAT | BYTE, 0 },
    { "test", 1, { 0x84 }, -1, 0, MODRM | BYTE, 0 },
    { "test", 1, { 0x85 }, -1, 0, MODRM, 0 },
    { "test", 1, { 0xf6 }, 0, 1, MODRM | BYTE, 0 },
    { "test", 1, { 0xf7 }, 1, 9, MODRM, 0 },
    { "not", 1, { 0xf6 }, 2, 0, MODRM | BYTE | LOCK, 0 },
    { "not", 1, { 0xf7 }, 2, 0, MODRM | LOCK, 0 },
    { "neg", 1, { 0xf6 }, 3, 0, MODRM | BYTE | LOCK, 0 },
    { "neg", 1, { 0xf7 }, 3, 0, MODRM | LOCK, 0 },
    { "mul", 1, { 0xf6 }, 4, 0, MODRM | BYTE, MUL_UNDEF },
    { "mul", 1, { 0xf7 }, 4, 0, MODRM, MUL_UNDEF },
    { "imul", 1, { 0xf6 }, 5, 0, MODRM | BYTE, MUL_UNDEF },
    { "imul", 1, { 0xf7 }, 5, 0, MODRM, MUL_UNDEF },
    { "imul", 2, { 0x0f, 0xaf }, -1, 0, MODRM, MUL_UNDEF },
    { "imul", 1, { 0x69 }, -1, 9, MODRM, MUL_UNDEF },
    { "imul", 1, { 0x6b }, -1, 1, MODRM, MUL_UNDEF },
    { "div", 1, { 0xf6 }, 6, 0, MODRM | BYTE, ARITH },
    { "div", 1, { 0xf7 }, 6, 0, MODRM, ARITH },
    { "idiv", 1, { 0xf6 }, 7, 0, MODRM | BYTE, ARITH },
    { "idiv", 1, { 0xf7 }, 7, 0, MODRM, ARITH },
    { "inc", 1, { 0xfe }, 0, 0, MODRM | BYTE | LOCK, 0 },
    { "inc", 1, { 0xff }, 0, 0, MODRM | LOCK, 0 },
    { "dec", 1, { 0xfe }, 1, 0, MODRM | BYTE | LOCK, 0 },
    { "dec", 1, { 0xff }, 1, 0, MODRM | LOCK, 0 },
    { "shld", 2, { 0x0f, 0xa4 }, -1, 1, MODRM | COUNT, AF },
    { "shld", 2, { 0x0f, 0xa5 }, -1, 0, MODRM | COUNT, AF },
    { "shrd", 2, { 0x0f, 0xac }, -1, 1, MODRM | COUNT, AF },
    { "shrd", 2, { 0x0f, 0xad }, -1, 0, MODRM | COUNT, AF },
    { "bt", 2, { 0x0f, 0xa3 }, -1, 0, MODRM | BITS, BT_UNDEF },
    { "bts", 2, { 0x0f, 0xab }, -1, 0, MODRM | BITS | LOCK, BT_UNDEF },
    { "btr", 2, { 0x0f, 0xb3 }, -1, 0, MODRM | BITS | LOCK, BT_UNDEF },
    { "btc", 2, { 0x0f, 0xbb }, -1, 0, MODRM | BITS | LOCK, BT_UNDEF },
    { "bt", 2, { 0x0f, 0xba }, 4, 1, MODRM, BT_UNDEF },
    { "bts", 2, { 0x0f, 0xba }, 5, 1, MODRM | LOCK, BT_UNDEF },
    { "btr", 2, { 0x0f, 0xba }, 6, 1, MODRM | LOCK, BT_UNDEF },
    { "btc", 2, { 0x0f, 0xba }, 7, 1, MODRM | LOCK, BT_UNDEF },
    { "bsf", 2, { 0x0f, 0xbc }, -1, 0, MODRM, 0 },
    { "bsr", 2, { 0x0f, 0xbd }, -1, 0, MODRM, 0 },
    { "tzcnt", 3, { 0xf3, 0x0f, 0xbc }, -1, 0, MODRM, 0 },
    { "lzcnt", 3, { 0xf3, 0x0f, 0xbd }, -1, 0, MODRM, 0 },
    { "popcnt", 3, { 0xf3, 0x0f, 0xb8 }, -1, 0, MODRM, 0 },
    { "setcc", 2, { 0x0f, 0x90 }, -1, 0, MODRM | BYTE, 0 },
    { "cmov", 2, { 0x0f, 0x40 }, -1, 0, MODRM, 0 },
    { "cmpxchg", 2, { 0x0f, 0xb0 }, -1, 0, MODRM | BYTE | LOCK, 0 },
    { "cmpxchg", 2, { 0x0f, 0xb1 }, -1, 0, MODRM | LOCK, 0 },
    { "cmpxchg8b", 2, { 0x0f, 0xc7 }, 1, 0, MODRM | LOCK | W1 | NO66, 0 },
    { "xadd", 2, { 0x0f, 0xc0 }, -1, 0, MODRM | BYTE | LOCK, 0 },
    { "xadd", 2, { 0x0f, 0xc1 }, -1, 0, MODRM | LOCK, 0 },
    { "push", 1, { 0xff }, 6, 0, MODRM | STACK | D64, 0 },
    { "pop", 1, { 0x8f }, 0, 0, MODRM | STACK | D64, 0 },
    { "movs", 1, { 0xa4 }, -1, 0, STRING | REP | BYTE, 0 },
    { "movs", 1, { 0xa5 }, -1, 0, STRING | REP, 0 },
    { "cmps", 1, { 0xa6 }, -1, 0, STRING | REP | BYTE, 0 },
    { "cmps", 1, { 0xa7 }, -1, 0, STRING | REP, 0 },
    { "stos", 1, { 0xaa }, -1, 0, STRING | REP | BYTE, 0 },
    { "stos", 1, { 0xab }, -1, 0, STRING | REP, 0 },
    { "lods", 1, { 0xac }, -1, 0, STRING | REP | BYTE, 0 },
    { "lods", 1, { 0xad }, -1, 0, STRING | REP, 0 },
    { "scas", 1, { 0xae }, -1, 0, STRING | REP | BYTE, 0 },
    { "scas", 1, { 0xaf }, -1, 0, STRING | REP, 0 },
};

/* The instruction being built, and where its memory operand shall be. */
struct build {
    uint8_t bytes[16];
    unsigned int n;
    bool ad32;
};

static void emit(struct build *b, uint64_t v, unsigned int n)
{
    for (unsigned int i = 0; i < n && b->n < sizeof(b->bytes); i++)
        b->bytes[b->n++] = (uint8_t)(v >> (8 * i));
}

/* Mostly well inside the data pages, sometimes across their end. */
static uint64_t data_address(unsigned int align)
{
    uint64_t a = DATA + 256 + below(DATA_BYTES - 512);

    switch (below(24)) {
    case 0:
        a = DATA + DATA_BYTES - 1 - below(16);
        break;
    case 1:
        a = DATA - 8 + below(16);
        break;
    case 2:
        a = DATA + PAGE - 1 - below(8);
        break;
    default:
        break;
    }
    return a & ~(uint64_t)(align - 1);
}

/* ModRM, SIB and displacement of a memory operand; sets its registers. */
static void emit_mem(const struct shape *s, struct build *b, uint8_t *rex,
                     unsigned int reg, uint64_t target)
{
    unsigned int mod = below(3), base = below(16), index = below(16);
    unsigned int scale = below(4), size;
    bool sp = (s->flags & STACK) && base == RSP;
    uint64_t *r = start_regs.gpr;
    int64_t disp;
    bool sib;

    /* The stack and a bit offset must stay where they are. */
    if (sp)
        mod = 1;
    if ((s->flags & BITS) && base == reg)
        base = (base + 2) & 15;
    if (sp || ((s->flags & BITS) && index == reg) ||
        ((s->flags & STACK) && index == RSP))
        index = 4;
    disp = mod == 0 ? 0 : mod == 1 ? (int8_t)rnd() : (int32_t)rnd();
    size = mod == 1 ? 1 : 4;
    *rex |= (reg & 8) >> 1;
    if ((base & 7) == 5 && mod == 0)
        base ^= 2;              /* that would mean no base */
    sib = (base & 7) == 4 || below(2);
    if (index == base)
        index = 4;
    *rex |= base >> 3;
    emit(b, mod << 6 | (reg & 7) << 3 | (sib ? 4 : (base & 7)), 1);
    if (sib) {
        *rex |= index >> 3 << 1;
        emit(b, scale << 6 | (index & 7) << 3 | (base & 7), 1);
        if (index != 4)
            r[index] = (uint64_t)(int64_t)(int32_t)rnd();
        target -= index == 4 ? 0 : r[index] << scale;
    }
    target -= (uint64_t)disp;
    /* With 32-bit addresses the upper half must not matter. */
    r[base] = b->ad32 ? (uint32_t)target | rnd() << 32 : target;
    if (mod)
        emit(b, (uint64_t)disp, size);
}

static void prepare_regs(const struct shape *s)
{
    for (int i = 0; i < 16; i++)
        start_regs.gpr[i] = value();
    start_regs.gpr[RSP] = data_address(8);
    start_regs.rflags = 0x202 | (rnd() & ARITH);
    if (s->flags & STRING) {
        start_regs.rflags |= rnd() & DF;
        start_regs.gpr[RSI] = data_address(1);
        start_regs.gpr[RDI] = data_address(1);
        start_regs.gpr[RCX] = below(40);
    }
    if (s->flags & XLAT)
        start_regs.gpr[RBX] = data_address(1);
}

/* Builds one random instance; RIP is the code page's middle. */
static void build(const struct shape *s, struct build *b)
{
    uint8_t rex = 0, modrm[8];
    unsigned int reg = s->reg < 0 ? below(16) : (unsigned int)s->reg;
    unsigned int op_bytes = 4, body;
    bool mem = s->flags & MODRM;
    bool lock = (s->flags & LOCK) && mem && !below(4);
    bool cmp = s->op[0] == 0x38 || (s->reg == 7 && (s->op[0] & 0xf0) == 0x80);
    struct build tail = { .n = 0 };
    uint64_t imm = value();

    memset(b, 0, sizeof(*b));
    if (s->flags & BITS)
        start_regs.gpr[reg] = (uint64_t)((int64_t)below(4096) - 2048);
    if (lock && !cmp && (s->op[0] & 0xf8) != 0x38)
        emit(b, 0xf0, 1);
    if (!(s->flags & (BYTE | NO66)) && !below(3)) {
        emit(b, 0x66, 1);
        op_bytes = 2;
    }
    if ((s->flags & (STRING | XLAT | MODRM)) && !below(4)) {
        emit(b, 0x67, 1);
        b->ad32 = true;
    }
    if ((s->flags & REP) && below(3))
        emit(b, 0xf2 + below(2), 1);
    for (body = 0; s->op[body] == 0xf3; body++)
        emit(b, 0xf3, 1);
    if (below(2))
        rex = 0x40;
    if (!(s->flags & (BYTE | D64 | NOW)) && below(2)) {
        rex |= 0x48;
        op_bytes = 8;
    }
    if ((s->flags & W1) && (rex & 8))
        op_bytes = 16;
    tail.ad32 = b->ad32;
    if (mem)
        emit_mem(s, &tail, &rex, reg,
                 data_address(op_bytes == 16 && below(8) ? 16 : 1));
    if (rex)
        emit(b, 0x40 | rex, 1);
    for (; body < s->n; body++) {
        uint8_t op = s->op[body];

        if (body == 1 && (op == 0x90 || op == 0x40))
            op |= below(16);    /* condition codes */
        emit(b, op, 1);
    }
    memcpy(modrm, tail.bytes, sizeof(modrm));
    for (unsigned int i = 0; i < tail.n; i++)
        emit(b, tail.bytes[i], 1);
    if (s->imm == 9)
        emit(b, imm, op_bytes == 2 ? 2 : 4);
    else
        emit(b, imm, (unsigned int)s->imm);
}

/* The emulated machine: the same memory, held aside. */
static uint8_t before[DATA_BYTES], shadow[DATA_BYTES];

static enum emul_rc outside(struct emul_ctx *c, uint64_t la, unsigned int n,
                            bool write)
{
    for (unsigned int i = 0; i < n; i++)
        if (la + i < DATA || la + i >= DATA + DATA_BYTES)
            return emul_page_fault(c, la + i, 4 | (write ? 2 : 0));
    return EMUL_OK;
}

static enum emul_rc shadow_read(struct emul_ctx *c, uint64_t la, void *buf,
                                unsigned int n, bool rmw)
{
    enum emul_rc rc = outside(c, la, n, rmw);

    if (!rc)
        memcpy(buf, &shadow[la - DATA], n);
    return rc;
}

static enum emul_rc shadow_write(struct emul_ctx *c, uint64_t la,
                                 const void *buf, unsigned int n)
{
    enum emul_rc rc = outside(c, la, n, true);

    if (!rc)
        memcpy(&shadow[la - DATA], buf, n);
    return rc;
}

static enum emul_rc shadow_cmpxchg(struct emul_ctx *c, uint64_t la,
                                   const void *old, const void *new,
                                   unsigned int n)
{
    enum emul_rc rc = outside(c, la, n, true);

    if (rc)
        return rc;
    if (memcmp(&shadow[la - DATA], old, n))
        return EMUL_RETRY;
    memcpy(&shadow[la - DATA], new, n);
    return EMUL_OK;
}

static enum emul_rc no_fetch(struct emul_ctx *c, uint64_t la, void *buf,
                             unsigned int *n)
{
    (void)c, (void)la, (void)buf, (void)n;
    return EMUL_UNHANDLEABLE;
}

static enum emul_rc no_rep(struct emul_ctx *c, const struct emul_rep *r)
{
    (void)c, (void)r;
    return EMUL_UNHANDLEABLE;
}

static const struct emul_ops ops = {
    .fetch = no_fetch,
    .rep = no_rep,
    .read = shadow_read,
    .write = shadow_write,
    .cmpxchg = shadow_cmpxchg,
};

/* INT3's trap is one byte further. */
static bool same_outcome(const struct shape *s, enum emul_rc rc,
                         const struct emul_ctx *c)
{
    if (rc == EMUL_OK)
        return native.signal == SIGTRAP && native.r.rip == c->rip + 1;
    if (rc != EMUL_FAULT || native.r.rip != c->rip ||
        native.trap != c->fault.vector)
        return false;
    /* Which of CMPS's operands faults first is the CPU's choice. */
    return c->fault.vector != 14 || (s->op[0] & 0xfe) == 0xa6 ||
           (native.cr2 == c->fault.cr2 &&
            /* In the kernel's half pages may be present or not. */
            (native.error == c->fault.error || (int64_t)native.cr2 < 0));
}

static void report(const struct shape *s, const struct build *b,
                   const struct emul_ctx *c, enum emul_rc rc,
                   const uint64_t *gpr)
{
    fprintf(stderr, "%s:", s->name);
    for (unsigned int i = 0; i < b->n; i++)
        fprintf(stderr, " %02x", b->bytes[i]);
    fprintf(stderr, "\n  emulated: rc %d vector %u error %x cr2 %llx rip %llx "
            "flags %llx\n", rc, c->fault.vector, c->fault.error,
            (unsigned long long)c->fault.cr2, (unsigned long long)c->rip,
            (unsigned long long)c->rflags);
    fprintf(stderr, "  native: signal %d trap %llu error %llx cr2 %llx rip "
            "%llx flags %llx\n", native.signal,
            (unsigned long long)native.trap, (unsigned long long)native.error,
            (unsigned long long)native.cr2, (unsigned long long)native.r.rip,
            (unsigned long long)native.r.rflags);
    for (int i = 0; i < 16; i++)
        if (gpr[i] != native.r.gpr[i])
            fprintf(stderr, "  r%d: was %llx emulated %llx native %llx\n", i,
                    (unsigned long long)start_regs.gpr[i],
                    (unsigned long long)gpr[i],
                    (unsigned long long)native.r.gpr[i]);
    for (unsigned int i = 0; i < DATA_BYTES; i++)
        if (shadow[i] != ((uint8_t *)DATA)[i]) {
            fprintf(stderr, "  memory differs at +%#x\n", i);
            break;
        }
}

/*
 * emul_mmio() has a short way for plain moves when enough bytes are there; the
 * general way must come to the same.
 */
static bool same_both_ways(const struct emul_ctx *start, const uint64_t *regs,
                           unsigned int len, enum emul_rc fast_rc,
                           const struct emul_ctx *fast)
{
    static uint8_t kept[DATA_BYTES], result[DATA_BYTES];
    struct emul_ctx c = *start;
    uint64_t gpr[16];
    enum emul_rc rc;
    bool same;

    memcpy(kept, shadow, DATA_BYTES);
    memcpy(shadow, before, DATA_BYTES);
    memcpy(gpr, start_regs.gpr, sizeof(gpr));
    c.gpr = gpr;
    c.nbytes = (uint8_t)len;
    rc = emul_mmio(&c);
    memcpy(result, shadow, DATA_BYTES);
    memcpy(shadow, kept, DATA_BYTES);
    same = rc == fast_rc && c.rip == fast->rip && c.rflags == fast->rflags &&
           !memcmp(gpr, regs, sizeof(gpr)) &&
           !memcmp(kept, result, DATA_BYTES);
    if (same && rc == EMUL_FAULT)
        same = c.fault.vector == fast->fault.vector &&
               c.fault.cr2 == fast->fault.cr2;
    return same;
}

static void run_one(const struct shape *s)
{
    uint8_t *code = (uint8_t *)CODE + PAGE;
    uint64_t gpr[16], mask = 0xfffull & ~(uint64_t)s->undefined & ~0x200ull;
    struct emul_ctx c = { .ops = &ops, .gpr = gpr, .mode = 8, .cpl = 3 };
    struct emul_ctx start;
    struct build b;
    enum emul_rc rc;
    bool good;

    if (s->flags & COUNT)
        mask &= ~(uint64_t)OF;
    prepare_regs(s);
    build(s, &b);
    if (b.n > INSN_MAX_BYTES)
        return;
    memcpy((void *)DATA, before, DATA_BYTES);
    memcpy(shadow, before, DATA_BYTES);

    memcpy(code, b.bytes, b.n);
    start_regs.rip = (uint64_t)(uintptr_t)code;
    native_enter(&start_regs, start_regs.rip);
    memset(code, 0xcc, b.n);

    memcpy(gpr, start_regs.gpr, sizeof(gpr));
    memcpy(c.bytes, b.bytes, b.n);
    memset(&c.bytes[b.n], 0xcc, sizeof(c.bytes) - b.n);
    c.nbytes = INSN_MAX_BYTES;
    c.rip = start_regs.rip;
    c.rflags = start_regs.rflags;
    start = c;
    rc = emul_mmio(&c);

    /* A repeat that faults stops at the same element; flags are then old. */
    good = same_outcome(s, rc, &c) &&
           !memcmp(shadow, (void *)DATA, DATA_BYTES) &&
           !memcmp(gpr, native.r.gpr, sizeof(gpr)) &&
           (rc != EMUL_OK || !((c.rflags ^ native.r.rflags) & mask)) &&
           same_both_ways(&start, gpr, b.n, rc, &c);
    test_checks++;
    if (!good && test_failures++ < 20)
        report(s, &b, &c, rc, gpr);
}

/* What memory holds before each run. */
static void prepare_data(void)
{
    for (unsigned int i = 0; i < DATA_BYTES; i += 8) {
        uint64_t v = i & 0x40 ? value() : rnd() & 1 ? 0 : ~0ull;

        memcpy(&before[i], &v, 8);
    }
}

static void prepare_machine(void)
{
    static uint8_t stack[65536];
    stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) };
    struct sigaction sa = { .sa_sigaction = on_signal,
                            .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };
    static const int signals[] = { SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGILL };
    void *code = mmap((void *)CODE, 3 * PAGE,
                      PROT_READ | PROT_WRITE | PROT_EXEC,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    void *data = mmap((void *)(DATA - PAGE), DATA_BYTES + 2 * PAGE, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

    if (code == MAP_FAILED || data == MAP_FAILED ||
        mprotect((void *)DATA, DATA_BYTES, PROT_READ | PROT_WRITE)) {
        perror("mmap");
        exit(1);
    }
    memset(code, 0xcc, 3 * PAGE);
    sigaltstack(&ss, NULL);
    for (unsigned int i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        sigaction(signals[i], &sa, NULL);
}

int main(void)
{
    prepare_machine();
    for (unsigned int i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        for (unsigned int n = 0; n < ROUNDS; n++) {
            if (n % 100 == 0)
                prepare_data();
            run_one(&shapes[i]);
        }
    }
    return test_result();
}
