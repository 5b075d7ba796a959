/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parsers share: they only collect; mm/e820.c puts the memory map
 * in order. Pure; never trusts that numbers are sane.
 */
#include "hypervisor/x86/boot-info.h"

#include "hypervisor/abi/errno.h"
#include "hypervisor/lib/string.h"

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
