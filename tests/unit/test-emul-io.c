/* sources: hvm/emul/decode.c hvm/emul/opcodes.c hvm/emul/emul.c hvm/emul/fast.c hvm/emul/arith.c hvm/emul/muldiv.c hvm/emul/move.c hvm/emul/string.c hvm/emul/simd.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The emulator's dealings with the outside by tables and examples: runs of
 * repeated string instructions, port strings, vector moves.
 */
#include "tests/unit/test-emul-machine.h"

TEST_PROGRAM;

static void set_string(uint64_t si, uint64_t di, uint64_t count)
{
    m.gpr[RSI] = si;
    m.gpr[RDI] = di;
    m.gpr[RCX] = count;
    m.take_reps = true;
}

/* Runs: one page per side, either direction, never past the address size. */
static void test_runs(void)
{
    static const struct {
        unsigned int mode;
        const char *code;       /* 3 bytes */
        uint64_t si, di, cx;
        bool df;
        unsigned int count, bytes;
        uint64_t src, dst;
    } t[] = {
        { 8, "\xf3\xa5\x90", 0x11000, 0x12000, 5000, 0, 1024, 4, 0x11000,
          0x12000 },
        { 8, "\xf3\xa5\x90", 0x11000, 0x12800, 5000, 0, 512, 4, 0x11000,
          0x12800 },
        { 8, "\xf3\xa5\x90", 0x11ffc, 0x12000, 9, 0, 1, 4, 0x11ffc, 0x12000 },
        { 8, "\xf3\xa4\x90", 0x11001, 0x12003, 10, 0, 10, 1, 0x11001, 0x12003 },
        { 8, "\xf3\x48\xa5", 0x11010, 0x12ff0, 10, 1, 3, 8, 0x11010, 0x12ff0 },
        { 8, "\xf3\xa5\x90", 0x11ffc, 0x12ffc, 2000, 1, 1024, 4, 0x11ffc,
          0x12ffc },
        { 8, "\xf3\xa4\x90", 0x11fff, 0x12003, 2000, 1, 4, 1, 0x11fff,
          0x12003 },
        { 8, "\xf3\xaa\x90", 0, 0x12001, 4095, 0, 4095, 1, 0, 0x12001 },
        { 8, "\xf3\xab\x90", 0, 0x12ff9, 4, 0, 1, 4, 0, 0x12ff9 },
        /* 16-bit: 8 bytes are left below 64 KiB, though the page goes on */
        { 2, "\xf3\xa5\x90", 0xfff8, 0x0100, 50, 0, 4, 2, 0x11000 + 0xfff8 -
          0x10000, 0x11100 - 0x10000 },
        { 2, "\xf3\xa5\x90", 0x0004, 0x0100, 50, 1, 3, 2, 0x1004, 0x1100 },
    };

    for (unsigned int i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        uint64_t step = (uint64_t)t[i].count * t[i].bytes;
        bool has_si = (t[i].code[1] & 0xf0) == (0xa0 & 0xf0) &&
                      t[i].code[1] != '\xaa' && t[i].code[1] != '\xab';
        enum emul_rc rc;

        if (t[i].code[1] == 0x48)
            has_si = true;
        machine(t[i].mode, t[i].code, 3);
        if (t[i].mode == 2) {
            /* bases that put 64 KiB's end in the middle of a page */
            for (int s = 0; s < 6; s++)
                m.seg[s].limit = 0xffff;
            m.seg[SEG_DS].base = m.seg[SEG_ES].base = 0x1000;
            m.c.rip = CODE - 0x10000;
            m.seg[SEG_CS].base = 0x10000;
        }
        set_string(t[i].si, t[i].di, t[i].cx);
        if (t[i].df)
            m.c.rflags |= 0x400;
        rc = emul_mmio(&m.c);
        CHECK_EQ(rc, t[i].count == t[i].cx ? EMUL_OK : EMUL_RETRY);
        CHECK_EQ(m.reps, 1);
        CHECK_EQ(m.accesses, 0);
        CHECK_EQ(m.rep.count, t[i].count);
        CHECK_EQ(m.rep.bytes, t[i].bytes);
        CHECK_EQ(m.rep.df, t[i].df);
        CHECK_EQ(m.rep.dst, t[i].dst);
        if (has_si)
            CHECK_EQ(m.rep.src, t[i].src);
        CHECK_EQ(m.gpr[RCX], t[i].cx - t[i].count);
        if (t[i].df)
            step = -step;
        CHECK_EQ(m.gpr[RDI],
                 t[i].mode == 2 ? (uint16_t)(t[i].di + step) : t[i].di + step);
        CHECK_EQ(m.gpr[RSI], !has_si ? t[i].si :
                 t[i].mode == 2 ? (uint16_t)(t[i].si + step) : t[i].si + step);
        if (test_failures) {
            fprintf(stderr, "(line %u of the table)\n", i);
            return;
        }
    }
}

static void test_repeats(void)
{
    /* An element across a page boundary goes alone, then runs go on. */
    MACHINE(8, "\xf3\xa5");
    set_string(0x11ffe, 0x12000, 3);
    CHECK_EQ(emul_mmio(&m.c), EMUL_OK);
    CHECK_EQ(m.reps, 0);
    CHECK_EQ(m.accesses, 6);
    CHECK_EQ(m.gpr[RCX], 0);

    /* A run ends with its page. */
    MACHINE(8, "\xf3\xab");
    set_string(0, 0x12000, 2000);
    m.gpr[RAX] = 0x1234567890ull;
    CHECK_EQ(emul_mmio(&m.c), EMUL_RETRY);
    CHECK_EQ(m.gpr[RCX], 2000 - 1024);
    CHECK_EQ(m.gpr[RDI], 0x13000);
    CHECK_EQ(m.rep.value, 0x34567890);
    CHECK_EQ(m.rep.kind, EMUL_REP_STOS);
    CHECK_EQ(m.c.rip, CODE);

    /* Element by element: bounded, then RETRY, then the rest. */
    MACHINE(8, "\xf3\xaa");
    set_string(0, RAM, 300);
    m.take_reps = false;
    CHECK_EQ(emul_mmio(&m.c), EMUL_RETRY);
    CHECK_EQ(m.gpr[RCX], 44);
    CHECK_EQ(emul_mmio(&m.c), EMUL_OK);
    CHECK_EQ(m.gpr[RDI], RAM + 300);
    CHECK_EQ(m.c.rip, CODE + 2);

    /* A fault in the middle keeps the progress. */
    MACHINE(8, "\xf3\xab");
    set_string(0, RAM + RAM_BYTES - 12, 10);
    m.take_reps = false;
    check_fault(emul_mmio(&m.c), 14, 2);
    CHECK_EQ(m.gpr[RCX], 7);
    CHECK_EQ(m.gpr[RDI], RAM + RAM_BYTES);

    /* Count 0: nothing, not even a fault. */
    MACHINE(8, "\xf3\xa5");
    set_string(BAD, BAD, 0);
    CHECK_EQ(emul_mmio(&m.c), EMUL_OK);
    CHECK_EQ(m.accesses + m.reps, 0);

    /* Address size: ECX, ESI, EDI. */
    MACHINE(8, "\x67\xf3\xa4");
    set_string(0xffff000000011000ull, 0xffff000000012000ull,
               0xffff000000000002ull);
    m.take_reps = false;
    CHECK_EQ(emul_mmio(&m.c), EMUL_OK);
    CHECK_EQ(m.gpr[RSI], 0x11002);
    CHECK_EQ(m.gpr[RCX], 0);

    /* TF: one element at a time, a trap after each. */
    MACHINE(8, "\xf3\xaa");
    set_string(0, RAM, 3);
    m.c.rflags |= 0x100;
    CHECK_EQ(emul_mmio(&m.c), EMUL_RETRY);
    CHECK(m.c.step);
    CHECK_EQ(m.reps, 0);
    CHECK_EQ(m.gpr[RCX], 2);

    /* REPNE SCASB: 3 at RAM + 3 (see machine()). */
    MACHINE(8, "\xf2\xae");
    set_string(0, RAM, 100);
    m.gpr[RAX] = 3;
    CHECK_EQ(emul_mmio(&m.c), EMUL_OK);
    CHECK_EQ(m.gpr[RDI], RAM + 4);
    CHECK_EQ(m.gpr[RCX], 96);
    CHECK(m.c.rflags & 0x40);

    /* Segments of strings: the source's can be changed, ES cannot. */
    MACHINE(4, "\x64\xa4");
    set_string(0x10, 0x20, 1);
    m.seg[SEG_FS].base = RAM + 0x1000;
    m.seg[SEG_ES].base = RAM + 0x2000;
    CHECK_EQ(emul_mmio(&m.c), EMUL_OK);
    CHECK_EQ(m.log[0].la, RAM + 0x1010);
    CHECK_EQ(m.log[1].la, RAM + 0x2020);
    CHECK_EQ(m.gpr[RCX], 1);       /* no prefix: untouched */
    CHECK(!emul_one_place(&m.c));
}

static void test_ports(void)
{
    struct exit_port outs = { .port = 0x3f8, .size = 1, .rep = true };
    struct exit_port ins = { .port = 0x1f0, .size = 2, .in = true, .rep = true };

    MACHINE(8, "\xf3\x6e");
    set_string(RAM, 0, 5);
    m.gpr[RDX] = 0xf00003f8;
    m.take_reps = false;
    CHECK_EQ(emul_string_io(&m.c, &outs), EMUL_OK);
    CHECK_EQ(m.accesses, 10);
    CHECK_EQ(m.log[9].what, 'o');
    CHECK_EQ(m.log[9].la, 0x3f8);
    CHECK_EQ(m.log[9].val, 4);
    CHECK_EQ(m.gpr[RSI], RAM + 5);

    MACHINE(8, "\xf3\x66\x6d");         /* rep insw, in one run */
    set_string(0, RAM + 0x100, 256);
    m.gpr[RDX] = 0x1f0;
    CHECK_EQ(emul_string_io(&m.c, &ins), EMUL_OK);
    CHECK_EQ(m.rep.kind, EMUL_REP_INS);
    CHECK_EQ(m.rep.port, 0x1f0);
    CHECK_EQ(m.rep.count, 256);
    CHECK_EQ(m.rep.dst, RAM + 0x100);

    MACHINE(8, "\x48\x6d");             /* REX.W: still 32 bits */
    set_string(0, RAM, 0);
    ins.size = 4, ins.rep = false;
    m.gpr[RDX] = 0x1f0;
    CHECK_EQ(emul_string_io(&m.c, &ins), EMUL_OK);
    CHECK_EQ(m.log[0].what, 'i');
    CHECK_EQ(m.log[1].what, 'w');
    CHECK_EQ((uint32_t)ram64(RAM), 0xa1b2c3d4);
    CHECK_EQ(m.gpr[RDI], RAM + 4);

    MACHINE(4, "\x6d");                 /* memory is checked before the port */
    set_string(0, BAD, 0);
    m.gpr[RDX] = 0x1f0;
    check_fault(emul_string_io(&m.c, &ins), 14, 2);
    CHECK_EQ(m.accesses, 0);

    MACHINE(4, "\x36\x6f");             /* ss: outsd, 16-bit SI with 67 */
    set_string(0, 0, 0);
    m.seg[SEG_SS].base = RAM + 0x10;
    m.gpr[RDX] = 0x1f0;
    ins.in = false;
    CHECK_EQ(emul_string_io(&m.c, &ins), EMUL_OK);
    CHECK_EQ(m.log[0].la, RAM + 0x10);

    /* Something else than the exit was about: let the guest run it. */
    for (int i = 0; i < 6; i++) {
        struct exit_port io = { .port = 0x1f0, .size = 4, .in = true };

        MACHINE(4, "\x6d");
        set_string(0, RAM, 0);
        m.gpr[RDX] = i == 1 ? 0x1f1 : 0x1f0;
        io.size = i == 2 ? 2 : 4;
        io.in = i != 3;
        io.rep = i == 4;
        if (i == 5)
            m.ram[CODE - RAM] = 0x90;
        CHECK_EQ(emul_string_io(&m.c, &io), i ? EMUL_RETRY : EMUL_OK);
        CHECK_EQ(m.accesses, i ? 0 : 2);
    }

}

/* Vector moves: bytes, alignment, what becomes of the rest of the register. */
static void test_vectors(void)
{
    static const struct {
        const char *code;       /* 6 bytes; [RBX], register 1 */
        unsigned int n;         /* bytes accessed */
        bool load, aligned, zeros, vex; /* zeros: up to 16; vex: to 32 */
        unsigned int at;        /* offset in the register */
    } t[] = {
        { "\x0f\x10\x0b\x90\x90\x90", 16, 1, 0, 0, 0, 0 },   /* movups */
        { "\x66\x0f\x11\x0b\x90\x90", 16, 0, 0, 0, 0, 0 },   /* movupd */
        { "\x0f\x28\x0b\x90\x90\x90", 16, 1, 1, 0, 0, 0 },   /* movaps */
        { "\x0f\x29\x0b\x90\x90\x90", 16, 0, 1, 0, 0, 0 },
        { "\x66\x0f\x6f\x0b\x90\x90", 16, 1, 1, 0, 0, 0 },   /* movdqa */
        { "\xf3\x0f\x7f\x0b\x90\x90", 16, 0, 0, 0, 0, 0 },   /* movdqu */
        { "\x66\x0f\xe7\x0b\x90\x90", 16, 0, 1, 0, 0, 0 },   /* movntdq */
        { "\x0f\x2b\x0b\x90\x90\x90", 16, 0, 1, 0, 0, 0 },   /* movntps */
        { "\x66\x0f\x38\x2a\x0b\x90", 16, 1, 1, 0, 0, 0 },   /* movntdqa */
        { "\xf2\x0f\xf0\x0b\x90\x90", 16, 1, 0, 0, 0, 0 },   /* lddqu */
        { "\xf3\x0f\x10\x0b\x90\x90", 4, 1, 0, 1, 0, 0 },    /* movss */
        { "\xf3\x0f\x11\x0b\x90\x90", 4, 0, 0, 0, 0, 0 },
        { "\xf2\x0f\x10\x0b\x90\x90", 8, 1, 0, 1, 0, 0 },    /* movsd */
        { "\xf2\x0f\x11\x0b\x90\x90", 8, 0, 0, 0, 0, 0 },
        { "\x66\x0f\x6e\x0b\x90\x90", 4, 1, 0, 1, 0, 0 },    /* movd */
        { "\x66\x48\x0f\x6e\x0b\x90", 8, 1, 0, 1, 0, 0 },    /* movq */
        { "\x66\x0f\x7e\x0b\x90\x90", 4, 0, 0, 0, 0, 0 },
        { "\x66\x48\x0f\x7e\x0b\x90", 8, 0, 0, 0, 0, 0 },
        { "\xf3\x0f\x7e\x0b\x90\x90", 8, 1, 0, 1, 0, 0 },
        { "\x66\x0f\xd6\x0b\x90\x90", 8, 0, 0, 0, 0, 0 },
        { "\x0f\x12\x0b\x90\x90\x90", 8, 1, 0, 0, 0, 0 },    /* movlps */
        { "\x66\x0f\x13\x0b\x90\x90", 8, 0, 0, 0, 0, 0 },
        { "\x0f\x16\x0b\x90\x90\x90", 8, 1, 0, 0, 0, 8 },    /* movhps */
        { "\x66\x0f\x17\x0b\x90\x90", 8, 0, 0, 0, 0, 8 },
        { "\xc5\xf8\x10\x0b\x90\x90", 16, 1, 0, 0, 1, 0 },   /* vmovups xmm */
        { "\xc5\xfc\x10\x0b\x90\x90", 32, 1, 0, 0, 1, 0 },   /* vmovups ymm */
        { "\xc5\xfd\x7f\x0b\x90\x90", 32, 0, 1, 0, 0, 0 },   /* vmovdqa ymm */
        { "\xc5\xfe\x6f\x0b\x90\x90", 32, 1, 0, 0, 1, 0 },   /* vmovdqu ymm */
        { "\xc4\xe1\xf9\x6e\x0b\x90", 8, 1, 0, 1, 1, 0 },    /* vmovq */
        { "\xc5\xf9\x7e\x0b\x90\x90", 4, 0, 0, 0, 0, 0 },    /* vmovd */
        { "\xc5\xfa\x11\x0b\x90\x90", 4, 0, 0, 0, 0, 0 },    /* vmovss */
    };

    for (unsigned int i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        uint8_t want[32];

        machine(8, t[i].code, 6);
        m.gpr[RBX] = RAM + 0x104;
        for (unsigned int k = 0; k < 32; k++)
            m.vec[1][k] = (uint8_t)(0xa0 + k);
        memcpy(want, m.vec[1], 32);
        if (t[i].aligned) {
            check_fault(emul_mmio(&m.c), 13, 0);
            CHECK_EQ(m.accesses, 0);
            m.gpr[RBX] = RAM + 0x140;
        }
        CHECK_EQ(emul_mmio(&m.c), EMUL_OK);
        CHECK_EQ(m.accesses, 1);
        CHECK_EQ(m.log[0].n, t[i].n);
        CHECK_EQ(m.log[0].what, t[i].load ? 'r' : 'w');
        if (t[i].zeros)
            memset(want, 0, 16);
        if (t[i].vex)
            memset(want + 16, 0, 16);
        if (t[i].load)
            memcpy(want + t[i].at, &m.ram[m.gpr[RBX] - RAM], t[i].n);
        else
            CHECK(!memcmp(want + t[i].at, &m.ram[m.gpr[RBX] - RAM],
                          t[i].n));
        CHECK(!memcmp(want, m.vec[1], 32));
        /* Not without the unit's leave. */
        m.c.rip = CODE;
        m.cr[0] |= 8;
        check_fault(emul_mmio(&m.c), 7, 0);
        m.cr[4] = 0;
        check_fault(emul_mmio(&m.c), 6, 0);
        if (test_failures) {
            fprintf(stderr, "(line %u of the table)\n", i);
            return;
        }
    }
    MACHINE(8, "\xc5\xf0\x10\x0b");     /* vvvv must be unused */
    m.gpr[RBX] = RAM;
    check_fault(emul_mmio(&m.c), 6, 0);
    MACHINE(2, "\xc5\xf8\x10\xc8");     /* VEX in V86: #UD; here LDS is not */
    m.c.real = true;
    CHECK(emul_mmio(&m.c) != EMUL_OK);
}

int main(void)
{
    test_runs();
    test_repeats();
    test_ports();
    test_vectors();
    return test_result();
}
