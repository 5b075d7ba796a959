/* sources: hvm/emul/decode.c hvm/emul/opcodes.c hvm/emul/emul.c hvm/emul/fast.c hvm/emul/arith.c hvm/emul/muldiv.c hvm/emul/move.c hvm/emul/string.c hvm/emul/simd.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The decoder: operands and lengths by table, lengths against a disassembler.
 * Instructions that are not in the opcode tables may be undefined, but none may
 * be taken for another one.
 *
 * The corpora are made on the spot: this machine's C library, and pseudo-random
 * instructions in 64-, 32- and 16-bit code. Without objdump they are skipped.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "hvm/emul/emul.h"
#include "tests/unit/test.h"

TEST_PROGRAM;

static enum insn_status decode(struct insn *i, const char *bytes,
                               unsigned int n, unsigned int mode)
{
    return insn_decode(i, (const uint8_t *)bytes, n, mode);
}

#define D(bytes, mode) decode(&i, bytes, sizeof(bytes) - 1, mode)

static void test_operands(void)
{
    struct insn i;

    CHECK_EQ(D("\x8b\x44\x91\xfc", 8), INSN_OK);    /* mov eax,[rcx+rdx*4-4] */
    CHECK_EQ(i.len, 4);
    CHECK(i.has_mem && !i.rip_rel);
    CHECK_EQ(i.base, RCX);
    CHECK_EQ(i.index, RDX);
    CHECK_EQ(i.scale, 2);
    CHECK_EQ(i.disp, -4ull);
    CHECK_EQ(i.op_bytes, 4);
    CHECK_EQ(i.seg, SEG_DS);

    CHECK_EQ(D("\x4d\x8b\x6c\x24\x10", 8), INSN_OK); /* mov r13,[r12+16] */
    CHECK_EQ(i.reg, R13);
    CHECK_EQ(i.base, R12);
    CHECK_EQ(i.index, INSN_NO_REG);
    CHECK_EQ(i.op_bytes, 8);
    CHECK_EQ(i.seg, SEG_DS);           /* R12 is not RSP */

    CHECK_EQ(D("\x4a\x8b\x04\x24", 8), INSN_OK);    /* index R12, base RSP */
    CHECK_EQ(i.index, R12);
    CHECK_EQ(i.seg, SEG_SS);
    CHECK_EQ(D("\x8b\x05\x78\x56\x34\x12", 8), INSN_OK);
    CHECK(i.rip_rel);
    CHECK_EQ(i.disp, 0x12345678);
    CHECK_EQ(D("\x8b\x05\x78\x56\x34\x12", 4), INSN_OK);
    CHECK(!i.rip_rel);
    CHECK_EQ(i.base, INSN_NO_REG);
    CHECK_EQ(D("\x8b\x04\x25\x78\x56\x34\x92", 8), INSN_OK); /* absolute */
    CHECK(!i.rip_rel);
    CHECK_EQ(i.disp, 0xffffffff92345678ull);
    CHECK_EQ(i.base, INSN_NO_REG);
    CHECK_EQ(i.index, INSN_NO_REG);
    CHECK_EQ(D("\x64\x66\x89\x4d\x80", 8), INSN_OK); /* mov fs:[rbp-128],cx */
    CHECK_EQ(i.seg, SEG_FS);
    CHECK_EQ(i.op_bytes, 2);
    CHECK_EQ(D("\x36\x8b\x03", 8), INSN_OK);        /* ss: means nothing here */
    CHECK_EQ(i.seg, SEG_DS);
    CHECK_EQ(D("\x8b\x42\xff", 2), INSN_OK);        /* mov ax,[bp+si-1] */
    CHECK_EQ(i.base, RBP);
    CHECK_EQ(i.index, RSI);
    CHECK_EQ(i.seg, SEG_SS);
    CHECK_EQ(i.op_bytes, 2);
    CHECK_EQ(D("\x8b\x0e\x34\xf2", 2), INSN_OK);    /* mov cx,[0xf234] */
    CHECK_EQ(i.base, INSN_NO_REG);
    CHECK_EQ(i.ad_bytes, 2);
    CHECK_EQ((uint16_t)i.disp, 0xf234);
    CHECK_EQ(i.seg, SEG_DS);
    CHECK_EQ(D("\x66\x67\x8b\x04\x8d\x01\x00\x00\x00", 2), INSN_OK);
    CHECK_EQ(i.op_bytes, 4);
    CHECK_EQ(i.ad_bytes, 4);
    CHECK_EQ(i.index, RCX);
    CHECK_EQ(D("\x48\x66\x8b\x03", 8), INSN_OK);    /* a lost REX */
    CHECK_EQ(i.op_bytes, 2);
    CHECK_EQ(i.rex, 0);
    CHECK_EQ(D("\xa1\x08\x07\x06\x05\x04\x03\x02\x01", 8), INSN_OK);
    CHECK_EQ(i.disp, 0x0102030405060708ull);
    CHECK(i.has_mem);
    CHECK_EQ(D("\x6b\x03\x80", 8), INSN_OK);
    CHECK_EQ(i.imm, -128ull);
    CHECK_EQ(D("\xff\x33", 8), INSN_OK);           /* push */
    CHECK_EQ(i.op_bytes, 8);
    CHECK_EQ(D("\xf2\xf3\x66\xa5", 4), INSN_OK);
    CHECK_EQ(i.rep, 0xf3);
    CHECK_EQ(i.op_bytes, 2);
    CHECK_EQ(D("\xc4\x61\x7e\x6f\x04\x88", 8), INSN_OK); /* vmovdqu ymm8 */
    CHECK(i.vex);
    CHECK_EQ(i.reg, 8);
    CHECK_EQ(i.vlen, 32);
    CHECK_EQ(i.vvvv, 0);
    CHECK_EQ(i.rep, 0xf3);
    CHECK_EQ(i.index, RCX);
}

static void test_status(void)
{
    static const char forms[][12] = {
        "\x8b\x84\x91\x44\x33\x22\x11", "\xa3\x08\x07\x06\x05\x04\x03\x02",
        "\x66\xc7\x84\x24\x01\x01\x01\x01\x01\x01", "\x66\x0f\x38\x2a\x03",
        "\xc4\xe1\x7d\x6f\x84\x91\x01\x01\x01\x01", "\x0f\x01\xf9",
        "\x6b\x84\x91\x44\x33\x22\x11\x05", "\xc5\xf8\x10\x03",
    };
    struct insn i;

    /* Every proper prefix of an instruction asks for more, and only more. */
    for (unsigned int f = 0; f < sizeof(forms) / sizeof(forms[0]); f++) {
        unsigned int n = f == 1 ? 9 : (unsigned int)strlen(forms[f]);

        for (unsigned int k = 0; k < n; k++)
            CHECK_EQ(decode(&i, forms[f], k, 8), INSN_MORE);
        CHECK_EQ(decode(&i, forms[f], n, 8), INSN_OK);
        CHECK_EQ(i.len, n);
    }
    CHECK_EQ(D("\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66"
               "\xf4", 8), INSN_TOO_LONG);
    CHECK_EQ(D("\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\xf4"
               "\x90", 8), INSN_OK);
    CHECK_EQ(i.len, 15);
    CHECK_EQ(D("\x82\x03\x05", 8), INSN_UNDEFINED);
    CHECK_EQ(D("\x82\x03\x05", 4), INSN_OK);
    CHECK_EQ(D("\x0f\x04", 8), INSN_UNDEFINED);
    CHECK_EQ(D("\xff\xf8", 8), INSN_UNDEFINED);
    CHECK_EQ(D("\x66\xc5\xf8\x10\x00", 8), INSN_UNDEFINED); /* 66 before VEX */
    CHECK_EQ(D("\xc5\x00", 4), INSN_UNDEFINED);     /* LDS */
    CHECK_EQ(D("\x62\x00", 8), INSN_UNDEFINED);     /* EVEX */
}

/* Instructions that exits are about: without prefixes, and as it stands. */
static const struct {
    unsigned int plain_n, mode;
    uint8_t n;
    char plain[4], bytes[8];
} exits[] = {
    { 2, 8, 2, "\x0f\xa2", "\x0f\xa2" },
    { 2, 2, 3, "\x0f\xa2", "\x66\x0f\xa2" },
    { 2, 8, 2, "\x0f\x32", "\x0f\x32" }, { 2, 4, 2, "\x0f\x30", "\x0f\x30" },
    { 2, 8, 3, "\x0f\x30", "\x48\x0f\x30" }, { 1, 8, 1, "\xf4", "\xf4" },
    { 1, 8, 2, "\xf4", "\xf3\xf4" },
    { 3, 8, 3, "\x0f\x01\xc1", "\x0f\x01\xc1" },
    { 3, 8, 3, "\x0f\x01\xd9", "\x0f\x01\xd9" },
    { 3, 8, 4, "\x0f\x01\xd1", "\x48\x0f\x01\xd1" },
    { 2, 8, 2, "\x0f\x09", "\x0f\x09" },
    { 2, 8, 3, "\x0f\x09", "\xf3\x0f\x09" },      /* WBNOINVD */
    { 2, 8, 2, "\x0f\x08", "\x0f\x08" },
    { 2, 8, 4, "\x0f\x22", "\x44\x0f\x22\xc0" },
    { 2, 8, 3, "\x0f\x22", "\x0f\x22\x04" },      /* mod is ignored */
};

static void test_exits(void)
{
    const unsigned int nr = sizeof(exits) / sizeof(exits[0]);

    for (unsigned int k = 0; k < nr; k++) {
        const uint8_t *b = (const uint8_t *)exits[k].bytes;
        unsigned int mode = exits[k].mode, n = exits[k].n;

        for (unsigned int o = 0; o < nr; o++)
            CHECK_EQ(insn_length_of(b, n, mode, (const uint8_t *)exits[o].plain,
                                    exits[o].plain_n),
                     strcmp(exits[o].plain, exits[k].plain) ? 0 : n);
        CHECK_EQ(insn_length_of(b, n - 1, mode,
                                (const uint8_t *)exits[k].plain,
                                exits[k].plain_n), 0);
        CHECK_EQ(insn_length_of(b, n, mode, b, 0), 0);
    }
    CHECK_EQ(insn_length_of((const uint8_t *)"\x0f\x01\xf8", 3, 8,
                            (const uint8_t *)"\x0f\x01\xd9", 3), 0);
}

/*
 * One line of objdump: "  addr:\tbytes\ttext". Returns the bytes' number, 0
 * for lines that are none, are no instruction of today's CPUs, or are split in
 * another way than theirs: lone prefixes, and FWAIT with the x87 instruction
 * after it.
 */
static unsigned int parse_line(const char *line, uint8_t *bytes,
                               const char **text)
{
    static const char *const lone[] = {
        "rex", "data16", "data32", "addr16", "addr32", "lock", "rep", "cs",
        "ds", "es", "fs", "gs", "ss", "xacquire", "xrelease", "bnd", "notrack",
    };
    const char *p = strchr(line, '\t');
    unsigned int n = 0, k, v;
    int used;

    if (!p)
        return 0;
    p++;
    while (n < 16 && sscanf(p, "%2x%n", &v, &used) == 1 && used == 2) {
        bytes[n++] = (uint8_t)v;
        p += 2;
        while (*p == ' ')
            p++;
    }
    if (*p != '\t' || strstr(p, "(bad)") || strstr(p, ".byte"))
        return 0;
    *text = ++p;
    if (memchr(bytes, 0x9b, n) && strchr(p, 'f'))
        return 0;
    /* The 486's test registers and VIA's PadLock. */
    if (strstr(p, "%tr") || strstr(p, "xcrypt") || strstr(p, "xstore") ||
        strstr(p, "xsha") || strstr(p, "montmul"))
        return 0;
    /* Legacy prefixes before VEX are #UD, objdump shows them. */
    for (k = 0; k < n && memchr("\x66\xf2\xf3", bytes[k], 3); k++)
        ;
    if (k < n && (bytes[k] & 0xf0) == 0x40)
        k++;
    if (k && k < n && (bytes[k] == 0xc4 || bytes[k] == 0xc5 ||
                       bytes[k] == 0x62) && strchr(p, 'v'))
        return 0;
    for (k = 0; k < sizeof(lone) / sizeof(lone[0]); k++) {
        const char *last = strrchr(p, ' ');
        size_t len = strlen(lone[k]);

        /* The line's last word is a prefix: the instruction is on the next. */
        while (last && last > p && last[1] <= ' ')
            last = memrchr(p, ' ', (size_t)(last - p));
        last = last ? last + 1 : p;
        if (!strncmp(last, lone[k], len) &&
            strspn(last + len, ".WRXBznp \n") == strlen(last + len))
            return 0;
    }
    return n;
}

static const char *work;        /* directory for corpora */

/*
 * Compares every instruction that objdump shows; returns the number of those
 * that the decoder knows.
 */
static unsigned int compare(const char *arguments, unsigned int mode)
{
    char command[600], line[512];
    unsigned int lines = 0, shown = 0;
    uint8_t bytes[16];
    FILE *f;

    snprintf(command, sizeof(command),
             "LC_ALL=C timeout 60 objdump -w --insn-width=16 %s 2>/dev/null",
             arguments);
    f = popen(command, "r");
    if (!f)
        return 0;
    while (fgets(line, sizeof(line), f)) {
        const char *text;
        unsigned int n = parse_line(line, bytes, &text);
        enum insn_status st;
        struct insn i;

        if (!n || n > 15)
            continue;
        test_checks++;
        st = insn_decode(&i, bytes, n, mode);
        if (st == INSN_UNDEFINED && i.len <= n)
            continue;
        lines++;
        if (st == INSN_OK && i.len == n)
            continue;
        test_failures++;
        if (shown++ < 40)
            fprintf(stderr, "mode %u: status %d length %u, objdump says %u: "
                    "%s", mode, st, i.len, n, line);
    }
    pclose(f);
    return lines;
}

static uint64_t seed = 0x9e3779b97f4a7c15ull;

static uint8_t rnd8(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint8_t)(seed * 0x2545f4914f6cdd1dull >> 56);
}

/* Pseudo-random instructions: every map, with and without prefixes. */
static void compare_random(const char *arguments, unsigned int mode)
{
    static const uint8_t prefixes[] = { 0x66, 0x67, 0xf2, 0xf3, 0x64, 0x65 };
    char name[300], all[500];
    uint8_t rec[24];
    FILE *f;

    snprintf(name, sizeof(name), "%s/random%u", work, mode);
    f = fopen(name, "wb");
    if (!f) {
        perror(name);
        exit(1);
    }
    for (int k = 0; k < 25000; k++) {
        unsigned int n = 0, map = rnd8() % 10;

        if (rnd8() < 90)
            rec[n++] = prefixes[rnd8() % sizeof(prefixes)];
        if (mode == 8 && rnd8() < 100)
            rec[n++] = 0x40 | (rnd8() & 15);
        if (map == 9) {
            n = 0;
            rec[n++] = 0xc4;
            rec[n++] = 0xe1 + rnd8() % 3;
        } else if (map == 8) {
            n = 0;
            rec[n++] = 0xc5;
        } else if (map >= 3) {
            rec[n++] = 0x0f;
            if (map >= 6)
                rec[n++] = map == 6 ? 0x38 : 0x3a;
        }
        while (n < 12)
            rec[n++] = rnd8();
        /* Let the disassembler find its feet before the next record. */
        memset(rec + n, 0x90, 12);
        fwrite(rec, 1, n + 12, f);
    }
    fclose(f);
    snprintf(all, sizeof(all), "-D -b binary %s %s", arguments, name);
    CHECK(compare(all, mode) > 4000);
    unlink(name);
}

static void compare_files(void)
{
    static const char *const files[] = {
        "/lib/x86_64-linux-gnu/libc.so.6", "/lib64/libc.so.6",
        "/usr/lib/libc.so.6",
    };
    char arguments[300];

    for (unsigned int k = 0; k < sizeof(files) / sizeof(files[0]); k++) {
        if (access(files[k], R_OK))
            continue;
        snprintf(arguments, sizeof(arguments), "-d -j .text %s", files[k]);
        CHECK(compare(arguments, 8) > 10000);
        return;
    }
    fprintf(stderr, "skipped: no C library found to disassemble\n");
}

int main(void)
{
    char dir[] = "/tmp/test-decode-XXXXXX";

    test_operands();
    test_status();
    test_exits();
    if (system("objdump --version >/dev/null 2>&1")) {
        printf("skipped: no objdump, lengths not compared\n");
        return test_result();
    }
    work = mkdtemp(dir);
    if (!work) {
        perror(dir);
        return 1;
    }
    compare_files();
    compare_random("-m i386:x86-64 -M intel64", 8);
    compare_random("-m i386", 4);
    compare_random("-m i8086", 2);
    rmdir(work);
    return test_result();
}
