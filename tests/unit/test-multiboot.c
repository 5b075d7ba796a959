/* sources: hypervisor/x86/boot-info.c hypervisor/mm/e820.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/* The boot loaders' information, both kinds, whole and broken. */
#include <string.h>

#include "hypervisor/abi/errno.h"
#include "hypervisor/x86/boot-info.h"
#include "hypervisor/x86/early-map.h"
#include "tests/unit/test.h"

TEST_PROGRAM;

/* ---- multiboot2 ---------------------------------------------------------- */

static uint64_t words[4096];
static uint8_t *const info = (uint8_t *)words;
static uint32_t used;

static void begin(void)
{
    memset(words, 0, sizeof(words));
    memset(&boot_info, 0, sizeof(boot_info));
    used = 8;
}

static uint8_t *add(uint32_t type, const void *body, uint32_t n)
{
    uint8_t *at = info + used;
    uint32_t size = 8 + n;

    memcpy(at, &type, 4);
    memcpy(at + 4, &size, 4);
    memcpy(at + 8, body, n);
    used += (size + 7) & ~7u;
    return at;
}

static uint8_t low[16384]; /* "physical" memory from 0 */
static void *copy;         /* of info, "mapped" at INFO_AT */
#define INFO_AT 0x100000

/* Information is a copy of just the right size, for AddressSanitizer; what
 * boot_info_read() maps first, to see the size, is not. */
const void *early_map_read(uint64_t maddr, size_t size)
{
    if (maddr == INFO_AT && size == PAGE_SIZE)
        return info;
    if (maddr == INFO_AT) {
        copy = malloc(size);
        return memcpy(copy, info, size);
    }
    return maddr < sizeof(low) && size <= sizeof(low) - maddr ? low + maddr
                                                              : NULL;
}

static int parse2(uint32_t size)
{
    int rc;

    memcpy(info, &size, 4);
    rc = boot_info_read(0x36d76289, INFO_AT);
    free(copy);
    copy = NULL;
    return rc;
}

static int parse1(void)
{
    return boot_info_read(0x2badb002, 0);
}

static void add_usual(void)
{
    static const struct {
        uint32_t entry_size, version;
        struct { uint64_t base, length; uint32_t type, zero; } e[3];
    } mmap = { 24, 0, { { 0, 0x9fc00, 1, 0 }, { 0x100000, 0x7000000, 1, 0 },
                        { ~0xfffull, 0x2000, 2, 0 } } };
    static const uint8_t fb[30] = {
        0, 0, 0, 0xe0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 4, 0, 0, 0, 3, 0, 0,
        32, 1, 0, 0, 16, 8, 8, 8, 0, 8,
    };
    static const char module[] = "\0\0\x20\0\x10\0\x30\0root=/dev/sda";
    uint8_t rsdp[36] = "RSD PTR ";
    uint64_t efi = 0x7f000000;

    add(1, "console=com1 loglvl=all", 24);
    add(2, "GRUB 2.12", 10);
    add(3, module, sizeof(module));
    add(6, &mmap, sizeof(mmap));
    add(8, fb, sizeof(fb));
    add(12, &efi, 8);
    add(15, rsdp, 36);
    add(14, rsdp, 20);
    add(99, "unknown", 7);
}

static void test_mb2(void)
{
    begin();
    add_usual();
    add(0, "", 0);
    CHECK_EQ(parse2(used), 0);
    CHECK(!strcmp(boot_info.cmdline, "console=com1 loglvl=all"));
    CHECK(!strcmp(boot_info.loader, "GRUB 2.12"));
    CHECK_EQ(boot_info.nr_modules, 1);
    CHECK_EQ(boot_info.modules[0].start, 0x200000);
    CHECK_EQ(boot_info.modules[0].end, 0x300010);
    CHECK(!strcmp(boot_info.modules[0].cmdline, "root=/dev/sda"));
    CHECK_EQ(boot_info.map.n, 3);
    CHECK_EQ(boot_info.map.r[1].start, 0x100000);
    CHECK_EQ(boot_info.map.r[1].end, 0x7100000);
    CHECK_EQ(boot_info.map.r[2].end, ~0ull); /* it would have wrapped */
    CHECK_EQ(boot_info.fb.maddr, 0xe0000000);
    CHECK_EQ(boot_info.fb.pitch, 4096);
    CHECK_EQ(boot_info.fb.width, 1024);
    CHECK_EQ(boot_info.fb.height, 768);
    CHECK_EQ(boot_info.fb.colour[0].pos, 16);
    CHECK_EQ(boot_info.fb.colour[2].size, 8);
    CHECK_EQ(boot_info.fb.type, FB_RGB);
    CHECK(boot_info.efi);
    CHECK_EQ(boot_info.rsdp_size, 36); /* not spoiled by the old one after it */
}

/* Cut anywhere, it is refused, and nothing beyond is read. */
static void test_mb2_cut(void)
{
    begin();
    add_usual();
    add(0, "", 0);
    for (uint32_t size = 1; size < used; size++) {
        memset(&boot_info, 0, sizeof(boot_info));
        CHECK(parse2(size) < 0);
    }
}

static void test_mb2_limits(void)
{
    static const uint8_t module[16] = { 0, 0, 16, 0, 0, 0, 17, 0 };
    static char text[BOOT_CMDLINE_MAX + 100];
    uint32_t size;
    uint8_t *at;

    begin();
    for (unsigned int i = 0; i <= BOOT_MODULES_MAX; i++)
        add(3, module, sizeof(module));
    add(0, "", 0);
    CHECK_EQ((uint32_t)parse2(used), (uint32_t)-E2BIG);
    CHECK_EQ(boot_info.nr_modules, BOOT_MODULES_MAX);

    begin();
    memset(text, 'x', sizeof(text));
    add(2, "GRUB 2.12", 10);
    add(1, text, sizeof(text));
    add(0, "", 0);
    CHECK_EQ(parse2(used), 0);
    CHECK_EQ(strlen(boot_info.cmdline), BOOT_CMDLINE_MAX);

    begin();
    at = add(1, "x", 1);
    size = 7; /* smaller than its own head */
    memcpy(at + 4, &size, 4);
    CHECK_EQ((uint32_t)parse2(used), (uint32_t)-EINVAL);

    /* Strings that do not fit any more become empty, not broken. */
    begin();
    add(2, "GRUB 2.12", 10);
    memset(text, 0, 8);
    for (unsigned int i = 0; i < 6; i++)
        add(3, text, sizeof(text));
    add(0, "", 0);
    CHECK_EQ(parse2(used), 0);
    CHECK_EQ(boot_info.modules[0].cmdline[0], 'x');
    CHECK(!strcmp(boot_info.modules[5].cmdline, ""));
    CHECK(boot_info.strings_used <= BOOT_STRINGS_SIZE);
}

/* ---- multiboot1 ---------------------------------------------------------- */

static void put32(uint32_t at, uint32_t v)
{
    memcpy(low + at, &v, 4);
}

static void make_mb1(void)
{
    memset(low, 0, sizeof(low));
    memset(&boot_info, 0, sizeof(boot_info));
    put32(0, 0x24c);          /* command line, modules, map, loader */
    put32(16, 0x400);
    put32(20, 1);             /* one module */
    put32(24, 0x500);
    put32(44, 48);            /* memory map */
    put32(48, 0x600);
    put32(64, 0x700);
    memcpy(low + 0x400, "build/lodge32 loglvl=all", 25);
    put32(0x500, 0x300000);
    put32(0x504, 0x310000);
    put32(0x508, 0x580);
    memcpy(low + 0x580, "vmlinux ro quiet", 17);
    put32(0x600, 20);
    put32(0x604 + 8, 0x9fc00);
    put32(0x604 + 16, 1);
    put32(0x618, 20);
    put32(0x61c, 0x100000);
    put32(0x61c + 8, 0x100000);
    put32(0x61c + 16, 2);
    memcpy(low + 0x700, "qemu", 5);
}

static void test_mb1(void)
{
    make_mb1();
    CHECK_EQ(parse1(), 0);
    CHECK(!strcmp(boot_info.loader, "qemu"));
    CHECK_EQ(boot_info.nr_modules, 1);
    CHECK_EQ(boot_info.modules[0].end, 0x310000);
    CHECK_EQ(boot_info.map.n, 2);
    CHECK_EQ(boot_info.map.r[1].end, 0x200000);
    CHECK_EQ(boot_info.map.r[1].type, MEM_RESERVED);
    CHECK_EQ(boot_info.fb.type, FB_TEXT);
    CHECK(!strcmp(boot_info.cmdline, "loglvl=all"));
    CHECK(!strcmp(boot_info.modules[0].cmdline, "ro quiet"));
}

static void test_mb1_broken(void)
{
    make_mb1();
    put32(20, 1000000);
    CHECK_EQ((uint32_t)parse1(),
             (uint32_t)-E2BIG);
    make_mb1();
    put32(24, 0xfffffff0);
    CHECK_EQ((uint32_t)parse1(),
             (uint32_t)-EINVAL);
    make_mb1();
    put32(0x600, 0); /* entries without a size would never end */
    CHECK_EQ((uint32_t)parse1(),
             (uint32_t)-EINVAL);
    make_mb1();
    put32(44, 0xffffffff);
    CHECK_EQ((uint32_t)parse1(),
             (uint32_t)-E2BIG);
    make_mb1();
    put32(0, 4); /* no memory map */
    CHECK_EQ((uint32_t)parse1(),
             (uint32_t)-EINVAL);
}

int main(void)
{
    test_mb2();
    test_mb2_cut();
    test_mb2_limits();
    test_mb1();
    test_mb1_broken();
    return test_result();
}
