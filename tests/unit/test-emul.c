/* sources: hvm/emul/decode.c hvm/emul/opcodes.c hvm/emul/emul.c hvm/emul/fast.c hvm/emul/arith.c hvm/emul/muldiv.c hvm/emul/move.c hvm/emul/string.c hvm/emul/simd.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The emulator's frame by tables and examples: segments and modes, addresses,
 * faults that leave no trace, locked accesses, fetch, and forms that 64-bit
 * code does not have. What single instructions compute is tested against the
 * CPU in test-emul-native.c; here each expectation comes from the manual
 * named.
 */
#include "tests/unit/test-emul-machine.h"

TEST_PROGRAM;

/* Segmentation, SDM vol. 3A chapter 5, and canonical addresses. */
static void test_segments(void)
{
    static const struct {
        unsigned int mode;
        bool real;
        const char *code;           /* 4 bytes, all access [RBX] */
        enum hvm_seg seg;
        uint16_t attr;
        uint32_t limit;
        uint64_t base, rbx;
        int fault;                  /* vector or -1 */
        uint64_t la;
    } t[] = {
        /* 32-bit: mov eax,[ebx]; mov [ebx],eax; ss: and so on */
        { 4, 0, "\x8b\x03\x90\x90", SEG_DS, ATTR_DATA, 0x1fff, 0x10000,
          0x1ffc, -1, 0x11ffc },
        { 4, 0, "\x8b\x03\x90\x90", SEG_DS, ATTR_DATA, 0x1fff, 0x10000,
          0x1ffd, 13, 0 },
        { 4, 0, "\x36\x8b\x03\x90", SEG_SS, ATTR_DATA, 0x1fff, 0x10000,
          0x1ffd, 12, 0 },
        { 4, 0, "\x64\x8b\x03\x90", SEG_FS, ATTR_DATA, ~0u, 0xfffffff0,
          0x11010, -1, 0x11000 },   /* wraps at 4 GiB */
        { 4, 0, "\x8b\x03\x90\x90", SEG_DS, ATTR_DATA & ~0x80, ~0u, 0,
          0x11000, 13, 0 },         /* not present: a null selector */
        { 4, 0, "\x8b\x03\x90\x90", SEG_DS, 0x491, ~0u, 0, 0x11000, -1,
          0x11000 },                /* read-only data: read */
        { 4, 0, "\x89\x03\x90\x90", SEG_DS, 0x491, ~0u, 0, 0x11000, 13, 0 },
        { 4, 0, "\x8b\x03\x90\x90", SEG_DS, 0x499, ~0u, 0, 0x11000, 13, 0 },
        { 4, 0, "\x8b\x03\x90\x90", SEG_DS, 0x49b, ~0u, 0, 0x11000, -1,
          0x11000 },                /* readable code */
        { 4, 0, "\x89\x03\x90\x90", SEG_DS, 0x49b, ~0u, 0, 0x11000, 13, 0 },
        /* expand-down: valid above the limit, up to 4 GiB or 64 KiB by B */
        { 4, 0, "\x8b\x03\x90\x90", SEG_DS, 0x497, 0xfff, 0x10000, 0x1000,
          -1, 0x11000 },
        { 4, 0, "\x8b\x03\x90\x90", SEG_DS, 0x497, 0xfff, 0x10000, 0xfff,
          13, 0 },
        { 4, 0, "\x8b\x03\x90\x90", SEG_DS, 0x097, 0xfff, 0x10000, 0xfffd,
          13, 0 },
        { 4, 0, "\x8b\x03\x90\x90", SEG_DS, 0x097, 0xfff, 0x10000, 0xfffc,
          -1, 0x1fffc },
        /* a conforming code segment's type bit 2 is not expand-down */
        { 4, 0, "\x8b\x03\x90\x90", SEG_DS, 0x49f, 0xfff, 0x10000, 0xff0,
          -1, 0x10ff0 },
        /* 16-bit, real and V86: limits count, types do not */
        { 2, 1, "\x8b\x07\x90\x90", SEG_DS, 0, 0xffff, 0x10000, 0xfffe, -1,
          0x1fffe },
        { 2, 1, "\x8b\x07\x90\x90", SEG_DS, 0, 0xffff, 0x10000, 0xffff, 13,
          0 },
        { 2, 1, "\x67\x8b\x03\x90", SEG_DS, 0, 0xffff, 0x10000, 0x10000,
          13, 0 },
        { 2, 1, "\x67\x8b\x03\x90", SEG_DS, 0, ~0u, 0, 0x11000, -1,
          0x11000 },                /* "unreal" mode */
        { 2, 1, "\x89\x07\x90\x90", SEG_DS, 0xf3, 0xffff, 0x10000, 0x1234,
          -1, 0x11234 },
        /* 64-bit: bases of FS and GS only, canonical form */
        { 8, 0, "\x8b\x03\x90\x90", SEG_DS, 0, 0, 0x999, 0x11000, -1,
          0x11000 },
        { 8, 0, "\x65\x8b\x03\x90", SEG_GS, 0, 0, 0x10000, 0x1000, -1,
          0x11000 },
        { 8, 0, "\x3e\x8b\x03\x90", SEG_DS, 0, 0, 0x999, 0x11000, -1,
          0x11000 },
        { 8, 0, "\x8b\x03\x90\x90", SEG_DS, 0, 0, 0, 0x7ffffffffffd, 13,
          0 },
        { 8, 0, "\x8b\x03\x90\x90", SEG_DS, 0, 0, 0, 0x800000000000, 13,
          0 },
        { 8, 0, "\x8b\x03\x90\x90", SEG_DS, 0, 0, 0, 0xffff7fffffffffff,
          13, 0 },
        { 8, 0, "\x65\x8b\x03\x90", SEG_GS, 0, 0, 0x800000000000, 0, 13,
          0 },
        { 8, 0, "\x67\x8b\x03\x90", SEG_DS, 0, 0, 0, 0xffff00000001fff0, -1,
          0x1fff0 },
    };

    for (unsigned int i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        enum emul_rc rc;

        machine(t[i].mode, t[i].code, 4);
        m.c.real = t[i].real;
        m.seg[t[i].seg].attr = t[i].attr;
        m.seg[t[i].seg].limit = t[i].limit;
        m.seg[t[i].seg].base = t[i].base;
        m.gpr[RBX] = t[i].rbx;
        m.gpr[RAX] = 0x1122334455667788ull;
        rc = emul_mmio(&m.c);
        if (t[i].fault >= 0) {
            check_fault(rc, (unsigned int)t[i].fault, 0);
            CHECK_EQ(m.accesses, 0);
            CHECK_EQ(m.gpr[RAX], 0x1122334455667788ull);
        } else {
            CHECK_EQ(rc, EMUL_OK);
            CHECK_EQ(m.accesses, 1);
            CHECK_EQ(m.log[0].la, t[i].la);
        }
        if (test_failures) {
            fprintf(stderr, "(line %u of the table)\n", i);
            return;
        }
    }
    /* RSP and RBP imply SS, so a non-canonical one is #SS. */
    MACHINE(8, "\x8b\x45\x00");
    m.gpr[RBP] = 1ull << 60;
    check_fault(emul_mmio(&m.c), 12, 0);
}

/* 16-bit addresses wrap inside 64 KiB; 32-bit ones are zero-extended. */
static void test_addresses(void)
{
    MACHINE(2, "\x8a\x40\x10");         /* mov al,[bx+si+0x10] */
    m.c.real = true;
    m.seg[SEG_DS].base = RAM;
    m.gpr[RBX] = 0xdead8000;
    m.gpr[RSI] = 0xbeef9000;
    CHECK_EQ(emul_mmio(&m.c), EMUL_OK);
    CHECK_EQ(m.log[0].la, RAM + 0x1010);
    CHECK_EQ(m.c.rip, CODE + 3);

    /* The eight 16-bit forms (SDM vol. 2A, table 2-1), with no displacement. */
    for (unsigned int rm = 0; rm < 8; rm++) {
        static const uint64_t bx = 0x100, bp = 0x200, si = 0x400, di = 0x800;
        const uint64_t want[8] = { bx + si, bx + di, bp + si, bp + di,
                                   si, di, 0x9090, bx };

        MACHINE(2, "\x8a\x07\x90\x90");
        m.ram[CODE - RAM + 1] = (uint8_t)rm;
        m.gpr[RBX] = bx, m.gpr[RBP] = bp;
        m.gpr[RSI] = si, m.gpr[RDI] = di;
        m.seg[SEG_DS].base = RAM;
        m.seg[SEG_SS].base = RAM + 0x1000;
        CHECK_EQ(emul_mmio(&m.c), EMUL_OK);
        CHECK_EQ(m.log[0].la, (rm == 2 || rm == 3 ? RAM + 0x1000 : RAM) +
                              want[rm]);
        CHECK_EQ(m.c.rip, CODE + (rm == 6 ? 4 : 2));
    }

    MACHINE(2, "\x8b\x46\xfe");         /* mov ax,[bp-2]: SS */
    m.c.real = true;
    m.seg[SEG_SS].base = RAM + 0x100;
    m.gpr[RBP] = 0x20;
    m.gpr[RAX] = ~0ull;
    CHECK_EQ(emul_mmio(&m.c), EMUL_OK);
    CHECK_EQ(m.log[0].la, RAM + 0x11e);
    CHECK_EQ(m.log[0].n, 2);
    CHECK_EQ(m.gpr[RAX] >> 16, 0xffffffffffffull);

    MACHINE(8, "\xa1\x08\x00\x01\x00\x00\x00\x00\x00");  /* mov eax,[moffs] */
    CHECK_EQ(emul_mmio(&m.c), EMUL_OK);
    CHECK_EQ(m.log[0].la, RAM + 8);
    CHECK_EQ(m.gpr[RAX], (uint32_t)ram64(RAM + 8));

    MACHINE(8, "\x48\xc7\x05\xf5\xaf\xff\xff\x44\x33\x22\x81"); /* [rip-x] */
    CHECK_EQ(emul_mmio(&m.c), EMUL_OK);
    CHECK_EQ(m.log[0].la, CODE + 11 - 0x500b);
    CHECK_EQ(m.log[0].val, 0xffffffff81223344ull);

    MACHINE(8, "\x8a\x26");             /* mov ah,[rsi]; with REX: SPL */
    m.gpr[RSI] = RAM + 5;
    CHECK_EQ(emul_mmio(&m.c), EMUL_OK);
    CHECK_EQ(m.gpr[RAX], 0x500);
    MACHINE(8, "\x40\x8a\x26");
    m.gpr[RSI] = RAM + 5;
    CHECK_EQ(emul_mmio(&m.c), EMUL_OK);
    CHECK_EQ(m.gpr[RSP], RAM + 0x4005);
}

/* Faults leave no trace; what a fault is depends on the access. */
static void test_faults(void)
{
    MACHINE(8, "\x0f\xc1\x03");         /* xadd [rbx],eax */
    m.gpr[RBX] = BAD;
    m.gpr[RAX] = 7;
    check_fault(emul_mmio(&m.c), 14, 2);
    CHECK_EQ(m.c.fault.cr2, BAD);
    CHECK_EQ(m.gpr[RAX], 7);
    CHECK_EQ(m.c.rflags, 2);

    MACHINE(8, "\x39\x03");             /* cmp: a read */
    m.gpr[RBX] = BAD;
    check_fault(emul_mmio(&m.c), 14, 0);

    MACHINE(8, "\x8f\x04\x24");         /* pop [rsp]: address after the pop */
    CHECK_EQ(emul_mmio(&m.c), EMUL_OK);
    CHECK_EQ(m.gpr[RSP], RAM + 0x4008);
    CHECK_EQ(m.log[1].la, RAM + 0x4008);
    CHECK(!emul_one_place(&m.c));

    MACHINE(8, "\x8f\x03");             /* pop [rbx], which faults */
    m.gpr[RBX] = BAD;
    check_fault(emul_mmio(&m.c), 14, 2);
    CHECK_EQ(m.gpr[RSP], RAM + 0x4000);

    MACHINE(8, "\xf7\x33");             /* div [rbx] by zero */
    m.gpr[RBX] = RAM;
    memset(m.ram, 0, 8);
    m.gpr[RAX] = 5;
    check_fault(emul_mmio(&m.c), 0, 0);
    CHECK_EQ(m.gpr[RAX], 5);

    MACHINE(8, "\x8b\x03");             /* across the end of memory */
    m.gpr[RBX] = RAM + RAM_BYTES - 2;
    check_fault(emul_mmio(&m.c), 14, 0);
    CHECK_EQ(m.c.fault.cr2, RAM + RAM_BYTES);

    MACHINE(8, "\x8b\x03");             /* #AC: CPL 3, AM and AC */
    m.gpr[RBX] = RAM + 2;
    m.c.align_check = true;
    m.c.rflags |= 0x40000;
    CHECK_EQ(emul_mmio(&m.c), EMUL_OK);
    m.c.rip = CODE;
    m.c.cpl = 3;
    check_fault(emul_mmio(&m.c), 17, 0);
}

static void test_lock(void)
{
    MACHINE(8, "\xf0\x09\x03");         /* lock or [rbx],eax */
    m.gpr[RBX] = RAM + 0x11;
    m.gpr[RAX] = 0x80;
    CHECK_EQ(emul_mmio(&m.c), EMUL_OK);
    CHECK_EQ(m.accesses, 2);
    CHECK_EQ(m.log[0].what, 'm');
    CHECK_EQ(m.log[1].what, 'c');
    CHECK_EQ((uint32_t)m.log[1].val, (uint32_t)m.log[0].val | 0x80);

    MACHINE(8, "\x87\x03");             /* xchg locks by itself */
    m.gpr[RBX] = RAM;
    CHECK_EQ(emul_mmio(&m.c), EMUL_OK);
    CHECK_EQ(m.log[1].what, 'c');

    MACHINE(8, "\xf0\x0f\xc1\x03");     /* lost race: nothing changes */
    m.gpr[RBX] = RAM;
    m.gpr[RAX] = 77;
    m.race = true;
    CHECK_EQ(emul_mmio(&m.c), EMUL_RETRY);
    CHECK_EQ(m.gpr[RAX], 77);
    CHECK_EQ(m.c.rip, CODE);

    MACHINE(8, "\xf0\x89\x03");         /* lock mov, cmp */
    check_fault(emul_mmio(&m.c), 6, 0);
    MACHINE(8, "\xf0\x39\x03");
    check_fault(emul_mmio(&m.c), 6, 0);
    MACHINE(8, "\xf0\x03\x03");         /* lock add eax,[rbx] */
    check_fault(emul_mmio(&m.c), 6, 0);

    MACHINE(8, "\xf0\x48\x0f\xc7\x0b"); /* lock cmpxchg16b */
    m.gpr[RBX] = RAM + 8;
    check_fault(emul_mmio(&m.c), 13, 0);
    m.gpr[RBX] = RAM + 16;
    CHECK_EQ(emul_mmio(&m.c), EMUL_OK);
    CHECK_EQ(m.log[1].what, 'c');
    CHECK_EQ(m.log[1].n, 16);
    CHECK_EQ(m.gpr[RAX], ram64(RAM + 16));
    CHECK_EQ(m.c.rflags & 0x40, 0);
}

/* TF, RF, and where RIP goes. */
static void test_completion(void)
{
    MACHINE(8, "\x8b\x03");
    m.gpr[RBX] = RAM;
    m.c.rflags = 0x10102;
    CHECK_EQ(emul_mmio(&m.c), EMUL_OK);
    CHECK(m.c.step);
    CHECK_EQ(m.c.rflags, 0x102);

    MACHINE(4, "\x8c\x2b");             /* mov [ebx],gs: two bytes */
    m.gpr[RBX] = RAM;
    CHECK_EQ(emul_mmio(&m.c), EMUL_OK);
    CHECK_EQ(m.log[0].n, 2);
    CHECK_EQ(m.log[0].val, 48);
    MACHINE(4, "\x8c\x33");
    check_fault(emul_mmio(&m.c), 6, 0);

    /* EIP wraps at 4 GiB outside 64-bit code */
    MACHINE(4, "\xff\x03");             /* inc dword [ebx] */
    m.gpr[RBX] = RAM;
    m.c.rip = 0xfffffffe;
    memcpy(m.c.bytes, "\xff\x03", 2);
    m.c.nbytes = 2;
    CHECK_EQ(emul_mmio(&m.c), EMUL_OK);
    CHECK_EQ(m.c.rip, 0);
}

/* What cannot have exited is not executed (B.9: the guest races us). */
static void test_races(void)
{
    static const char *const never[] = {
        "\xe4\x60\x90", "\xee\x90\x90", "\x6c\x90\x90",    /* ports */
        "\x6f\x90\x90", "\x0f\xa2\x90", "\x0f\x22\xc0",    /* cpuid, cr0 */
        "\x0f\x06\x90", "\x0f\x01\x3b", "\xeb\x00\x90",    /* jmp */
        "\x50\x90\x90", "\xc3\x90\x90", "\x90\x90\x90",    /* push ret nop */
    };
    static const char *const again[] = {
        "\x89\xc1\x90", "\x0f\xaf\xc1", "\xf7\xf1\x90", "\x0f\x10\xc8",
        "\xf0\x01\xc1",
    };

    for (unsigned int i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
        machine(8, never[i], 3);
        CHECK_EQ(emul_mmio(&m.c), EMUL_UNHANDLEABLE);
        CHECK_EQ(m.c.rip, CODE);
    }
    for (unsigned int i = 0; i < sizeof(again) / sizeof(again[0]); i++) {
        machine(8, again[i], 3);
        CHECK_EQ(emul_mmio(&m.c), EMUL_RETRY);
        CHECK_EQ(m.c.rip, CODE);
        CHECK_EQ(m.gpr[RCX], 0);
        m.c.walk = true;
        CHECK_EQ(emul_mmio(&m.c), EMUL_UNHANDLEABLE);
    }
}

static void test_fetch(void)
{
    /* Across a page, bytes half given by the caller. */
    MACHINE(8, "");
    m.c.rip = CODE + 0xffd;
    memcpy(&m.ram[m.c.rip - RAM], "\xc7\x03\x11\x22\x33\x44", 6);
    memcpy(m.c.bytes, "\xc7\x03", 2);
    m.c.nbytes = 2;
    m.gpr[RBX] = RAM;
    CHECK_EQ(emul_mmio(&m.c), EMUL_OK);
    CHECK_EQ(m.log[0].val, 0x44332211);
    CHECK_EQ(m.c.rip, CODE + 0x1003);

    /* The second page is not there. */
    MACHINE(8, "");
    m.c.rip = RAM + RAM_BYTES - 2;
    memcpy(&m.ram[RAM_BYTES - 2], "\xc7\x03", 2);
    CHECK_EQ(emul_mmio(&m.c), EMUL_FAULT);
    CHECK_EQ(m.c.fault.vector, 14);
    CHECK_EQ(m.c.fault.cr2, RAM + RAM_BYTES);

    /* ... and is not needed. */
    MACHINE(8, "");
    m.c.rip = RAM + RAM_BYTES - 2;
    memcpy(&m.ram[RAM_BYTES - 2], "\x8b\x03", 2);
    m.gpr[RBX] = RAM;
    CHECK_EQ(emul_mmio(&m.c), EMUL_OK);

    /* Over 15 bytes */
    MACHINE(8, "\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66"
               "\x8b\x03");
    check_fault(emul_mmio(&m.c), 13, 0);
    MACHINE(8, "\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x8b\x03");
    m.gpr[RBX] = RAM;
    CHECK_EQ(emul_mmio(&m.c), EMUL_OK);
    CHECK_EQ(m.c.rip, CODE + 15);

    /* The code segment's limit and the canonical hole */
    MACHINE(4, "\xc7\x03\x11\x22\x33\x44");
    m.seg[SEG_CS].limit = CODE + 4;
    check_fault(emul_mmio(&m.c), 13, 0);
    MACHINE(8, "");
    m.c.rip = 0x7fffffffffffull;
    m.c.bytes[0] = 0xc7;
    m.c.nbytes = 1;
    CHECK_EQ(emul_mmio(&m.c), EMUL_FAULT);
    CHECK_EQ(m.c.fault.vector, 13);

    /* Unknown, and not implemented */
    MACHINE(8, "\x0f\x04");
    CHECK_EQ(emul_mmio(&m.c), EMUL_UNHANDLEABLE);
    MACHINE(8, "\xd9\x03");
    CHECK_EQ(emul_mmio(&m.c), EMUL_UNHANDLEABLE);
}

/* Forms that 64-bit code does not have: no native oracle runs these. */
static void test_legacy(void)
{
    MACHINE(2, "\xff\x37");             /* push word [bx], SP wraps in 64 KiB */
    m.c.real = true;
    m.seg[SEG_SS].attr = 0x93;
    m.seg[SEG_SS].base = RAM;
    m.seg[SEG_DS].base = RAM;
    m.gpr[RSP] = 0x12340000;
    CHECK_EQ(emul_mmio(&m.c), EMUL_OK);
    CHECK_EQ(m.gpr[RSP], 0x1234fffe);
    CHECK_EQ(m.log[1].la, RAM + 0xfffe);
    CHECK_EQ(m.log[1].n, 2);

    MACHINE(4, "\x82\x03\x05");         /* add byte [ebx],5 */
    m.gpr[RBX] = RAM + 3;
    CHECK_EQ(emul_mmio(&m.c), EMUL_OK);
    CHECK_EQ(m.ram[3], 8);
    MACHINE(8, "\x82\x03\x05");
    CHECK_EQ(emul_mmio(&m.c), EMUL_UNHANDLEABLE);
    MACHINE(4, "\x63\x03");             /* arpl */
    CHECK_EQ(emul_mmio(&m.c), EMUL_UNHANDLEABLE);
}

int main(void)
{
    test_segments();
    test_addresses();
    test_faults();
    test_lock();
    test_completion();
    test_races();
    test_fetch();
    test_legacy();
    return test_result();
}
