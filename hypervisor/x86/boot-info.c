/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finds the loader's information in memory and reads it, of multiboot1 or
 * multiboot2. The parsers only collect; mm/e820.c puts the memory map in
 * order. Never trusts that numbers are sane.
 */
#include "hypervisor/x86/boot-info.h"

#include "hypervisor/abi/errno.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/x86/early-map.h"

struct boot_info boot_info;
static struct boot_info *const bi = &boot_info;

/* ---- what both have ------------------------------------------------------ */

/* A string of at most n bytes; "" when there is no room. */
static const char *keep(const char *s, size_t n)
{
    size_t len = strnlen(s, n);
    char *kept = bi->strings + bi->strings_used;

    if (len + 1 > BOOT_STRINGS_SIZE - bi->strings_used)
        return "";
    memcpy(kept, s, len);
    kept[len] = '\0';
    bi->strings_used += (unsigned int)len + 1;
    return kept;
}

struct region {
    uint64_t start, size;
    uint32_t type;
} __packed;
#define REGION_SIZE_MIN 24u /* with the word of size, or a reserved one */

/*
 * The memory map: n bytes of regions that are `distance` bytes apart, or with
 * 0 (multiboot1) behind a word each that says how large they are. Quietly
 * drops empty ones.
 */
static int add_regions(const uint8_t *at, size_t n, uint32_t distance)
{
    while (n >= REGION_SIZE_MIN) {
        const struct region *r = (const void *)(distance ? at : at + 4);
        uint64_t step = distance ?: *(const uint32_t *)at + 4ull;
        uint64_t end = r->start + r->size;

        if (step < REGION_SIZE_MIN)
            return -EINVAL;
        if (r->size && bi->map.n == MEM_REGIONS_MAX)
            return -E2BIG;
        if (r->size)
            bi->map.r[bi->map.n++] = (struct mem_region){
                r->start, end < r->start ? ~0ull : end, r->type };
        step = MIN(step, n);
        at += step;
        n -= step;
    }
    return 0;
}

static int add_module(uint64_t start, uint64_t end, const char *cmdline,
                      size_t n)
{
    if (end < start)
        return -EINVAL;
    if (bi->nr_modules == BOOT_MODULES_MAX)
        return -E2BIG;
    bi->modules[bi->nr_modules++] =
        (struct boot_module){ start, end, keep(cmdline, n) };
    return 0;
}

/* ---- multiboot1 (Multiboot Specification 0.6.96, 3.3): QEMU's -kernel ---- */

#define MB1_CMDLINE BIT(2)
#define MB1_MODULES BIT(3)
#define MB1_MMAP BIT(6)
#define MB1_LOADER BIT(9)
#define MB1_FRAMEBUFFER BIT(12)

#define MB1_STRING_MAX 4096

struct mb1_info {
    uint32_t flags, mem_lower, mem_upper, boot_device;
    uint32_t cmdline, mods_count, mods_addr, syms[4];
    uint32_t mmap_length, mmap_addr, drives_length, drives_addr;
    uint32_t config_table, loader_name, apm_table, vbe[4];
    struct framebuffer fb;
} __packed;
BUILD_BUG_ON(sizeof(struct mb1_info) != 116);

struct mb1_module {
    uint32_t start, end, string, reserved;
};

static const char *map_string(uint64_t maddr)
{
    const char *s = maddr ? early_map_read(maddr, MB1_STRING_MAX) : NULL;

    return s ? s : "";
}

static int parse_mb1(const struct mb1_info *mb)
{
    unsigned int modules = mb->flags & MB1_MODULES ? mb->mods_count : 0;

    if (mb->flags & MB1_LOADER)
        bi->loader = keep(map_string(mb->loader_name), 64);
    if (mb->flags & MB1_CMDLINE)
        bi->cmdline = keep(map_string(mb->cmdline), BOOT_CMDLINE_MAX);
    /* Without that information the BIOS left the screen in text mode. */
    bi->fb.type = FB_TEXT;
    if (mb->flags & MB1_FRAMEBUFFER)
        bi->fb = mb->fb;
    if (modules > BOOT_MODULES_MAX || mb->mmap_length > KB(16))
        return -E2BIG;
    const uint8_t *p = early_map_read(mb->mmap_addr, mb->mmap_length);
    if (!(mb->flags & MB1_MMAP) || !p)
        return -EINVAL;
    int rc = add_regions(p, mb->mmap_length, 0);
    if (!modules || rc)
        return rc;
    const struct mb1_module *m =
        early_map_read(mb->mods_addr, modules * sizeof(*m));
    if (!m)
        return -EINVAL;
    for (; modules-- && !rc; m++)
        rc = add_module(m->start, m->end, map_string(m->string),
                        MB1_STRING_MAX);
    return rc;
}

/* ---- multiboot2 (Multiboot2 Specification 2.0, 3.6) ---------------------- */

enum {
    TAG_END = 0, TAG_CMDLINE = 1, TAG_LOADER = 2, TAG_MODULE = 3,
    TAG_MMAP = 6, TAG_FRAMEBUFFER = 8, TAG_EFI64 = 12,
    TAG_ACPI_OLD = 14, TAG_ACPI_NEW = 15,
};

struct tag {
    uint32_t type, size;
};

/* The head of a framebuffer tag, then two unused bytes, then the colours. */
#define FB_HEAD offsetof(struct framebuffer, colour)

/* A module begins with the words start and end, the memory map with size and
 * version of its entries. */
static int parse_tag(const struct tag *t)
{
    const uint32_t *words = (const void *)(t + 1);
    const char *text = (const void *)words;
    size_t text_size = t->size - sizeof(*t);

    switch (t->type) {
    case TAG_CMDLINE:
        bi->cmdline = keep(text, MIN(text_size, BOOT_CMDLINE_MAX));
        break;
    case TAG_LOADER:
        bi->loader = keep(text, text_size);
        break;
    case TAG_MODULE:
        if (text_size < 8)
            return -EINVAL;
        return add_module(words[0], words[1], text + 8, text_size - 8);
    case TAG_MMAP:
        if (text_size < 8 || words[0] < REGION_SIZE_MIN)
            return -EINVAL;
        return add_regions((const uint8_t *)text + 8, text_size - 8, words[0]);
    case TAG_FRAMEBUFFER:
        if (text_size < FB_HEAD + 2)
            return -EINVAL;
        memcpy(&bi->fb, text, FB_HEAD);
        if (text_size >= FB_HEAD + 2 + sizeof(bi->fb.colour))
            memcpy(bi->fb.colour, text + FB_HEAD + 2, sizeof(bi->fb.colour));
        break;
    case TAG_EFI64:
        bi->efi = true;
        break;
    case TAG_ACPI_OLD:
    case TAG_ACPI_NEW:
        if (text_size > bi->rsdp_size) {
            bi->rsdp = text;
            bi->rsdp_size = (unsigned int)text_size;
        }
        break;
    }
    return 0;
}

static int parse_mb2(const void *info, size_t size)
{
    const uint8_t *base = info;
    size_t at = 8; /* total size, reserved */

    while (at + sizeof(struct tag) <= size) {
        const struct tag *t = (const void *)(base + at);

        if (t->type == TAG_END)
            return 0;
        if (t->size < sizeof(*t) || t->size > size - at)
            return -EINVAL;
        int rc = parse_tag(t);
        if (rc)
            return rc;
        at += ALIGN_UP((size_t)t->size, 8);
    }
    return -EINVAL; /* no end tag */
}

/* ---- either -------------------------------------------------------------- */

static const char *skip_word(const char *s)
{
    while (*s == ' ')
        s++;
    while (*s && *s != ' ')
        s++;
    while (*s == ' ')
        s++;
    return s;
}

/* Loaders other than GRUB 2 put the file's name in front of the command line
 * of the image and of each module: takes it off. */
static void strip_names(void)
{
    if (!strncmp(bi->loader, "GRUB 2", 6))
        return;
    bi->cmdline = skip_word(bi->cmdline);
    for (unsigned int i = 0; i < bi->nr_modules; i++)
        bi->modules[i].cmdline = skip_word(bi->modules[i].cmdline);
}

int boot_info_read(uint32_t magic, uint32_t maddr)
{
    const uint32_t *info = early_map_read(maddr, PAGE_SIZE);
    int rc = -EINVAL;

    bi->loader = "unknown loader";
    bi->cmdline = "";
    if (info && magic == 0x2badb002) { /* multiboot1 */
        rc = parse_mb1((const void *)info);
    } else if (info && magic == 0x36d76289) { /* multiboot2 */
        uint32_t size = info[0];

        if (size > MB(1))
            return -E2BIG;
        info = early_map_read(maddr, size);
        if (info)
            rc = parse_mb2(info, size);
    }
    if (!rc)
        strip_names();
    return rc;
}
