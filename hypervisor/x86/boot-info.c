/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finds the loader's information in memory, hands it to the parser of its
 * kind, and has what the parsers share: they only collect; mm/e820.c puts the
 * memory map in order. Never trusts that numbers are sane.
 */
#include "hypervisor/x86/boot-info.h"

#include "hypervisor/abi/errno.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/x86/early-map.h"

#define MB1_LOADER_MAGIC 0x2badb002
#define MB2_LOADER_MAGIC 0x36d76289
#define MB2_SIZE_MAX MB(1)
#define FB_RGB 1
#define FB_TEXT 2

int boot_info_read(uint32_t magic, uint32_t maddr, struct boot_info *bi)
{
    const uint32_t *info = early_map_read(maddr, PAGE_SIZE);
    uint32_t size;
    int rc = -EINVAL;

    memset(bi, 0, sizeof(*bi));
    bi->loader = "unknown loader";
    if (info && magic == MB1_LOADER_MAGIC) {
        rc = multiboot1_parse(info, bi);
    } else if (info && magic == MB2_LOADER_MAGIC) {
        size = info[0];
        if (size > MB2_SIZE_MAX)
            return -E2BIG;
        info = early_map_read(maddr, size);
        if (info)
            rc = multiboot2_parse(info, size, bi);
    }
    if (!rc)
        boot_info_strip_names(bi);
    return rc;
}

int boot_info_add_region(struct boot_info *bi, uint64_t start, uint64_t size,
                         uint32_t type)
{
    uint64_t end = start + size;

    if (size == 0)
        return 0;
    if (end < start)
        end = ~0ull;
    if (bi->nr_regions == BOOT_REGIONS_MAX)
        return -E2BIG;
    bi->regions[bi->nr_regions++] = (struct mem_region){ start, end, type };
    return 0;
}

int boot_info_add_module(struct boot_info *bi, uint64_t start, uint64_t end,
                         const char *cmdline, size_t n)
{
    if (end < start)
        return -EINVAL;
    if (bi->nr_modules == BOOT_MODULES_MAX)
        return -E2BIG;
    bi->modules[bi->nr_modules++] = (struct boot_module){
        start, end, boot_info_keep(bi, cmdline, n) };
    return 0;
}

void boot_info_set_cmdline(struct boot_info *bi, const char *s, size_t n)
{
    n = strnlen(s, MIN(n, sizeof(bi->cmdline) - 1));
    memcpy(bi->cmdline, s, n);
    bi->cmdline[n] = '\0';
}

void boot_info_set_screen(struct boot_info *bi, const struct framebuffer *fb)
{
    bi->vga_text = fb->type == FB_TEXT;
    if (fb->type == FB_RGB)
        bi->fb = *fb;
}

const char *boot_info_keep(struct boot_info *bi, const char *s, size_t n)
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

void boot_info_strip_names(struct boot_info *bi)
{
    const char *rest = skip_word(bi->cmdline);

    if (!strncmp(bi->loader, "GRUB 2", 6))
        return;
    memmove(bi->cmdline, rest, strlen(rest) + 1);
    for (unsigned int i = 0; i < bi->nr_modules; i++)
        bi->modules[i].cmdline = skip_word(bi->modules[i].cmdline);
}
