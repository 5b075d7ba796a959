/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Multiboot1 information (Multiboot Specification 0.6.96, 3.3) into struct
 * boot_info: what QEMU's -kernel gives. Maps what it points at.
 */
#include "hypervisor/abi/errno.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/x86/boot-info.h"
#include "hypervisor/x86/early-map.h"

#define MB1_CMDLINE BIT(2)
#define MB1_MODULES BIT(3)
#define MB1_MMAP BIT(6)
#define MB1_LOADER BIT(9)
#define MB1_FRAMEBUFFER BIT(12)

#define MB1_STRING_MAX 4096
#define MB1_MMAP_MAX 16384

struct mb1_info {
    uint32_t flags;
    uint32_t mem_lower, mem_upper, boot_device;
    uint32_t cmdline;
    uint32_t mods_count, mods_addr;
    uint32_t syms[4];
    uint32_t mmap_length, mmap_addr;
    uint32_t drives_length, drives_addr, config_table;
    uint32_t loader_name;
    uint32_t apm_table, vbe[4];
    struct framebuffer fb;
} __packed;
BUILD_BUG_ON(sizeof(struct mb1_info) != 116);

struct mb1_module {
    uint32_t start, end, string, reserved;
};

struct mb1_mmap {
    uint32_t size; /* of what follows */
    uint64_t base, length;
    uint32_t type;
} __packed;

static const char *map_string(uint64_t maddr)
{
    const char *s = maddr ? early_map_read(maddr, MB1_STRING_MAX) : NULL;

    return s ? s : "";
}

static int parse_modules(const struct mb1_info *mb, struct boot_info *bi)
{
    const struct mb1_module *m;
    int rc = 0;

    if (mb->mods_count > BOOT_MODULES_MAX)
        return -E2BIG;
    m = early_map_read(mb->mods_addr, mb->mods_count * sizeof(*m));
    if (!m)
        return -EINVAL;
    for (unsigned int i = 0; i < mb->mods_count && !rc; i++, m++)
        rc = boot_info_add_module(bi, m->start, m->end, map_string(m->string),
                                  MB1_STRING_MAX);
    return rc;
}

static int parse_mmap(const struct mb1_info *mb, struct boot_info *bi)
{
    const uint8_t *at, *end;
    struct mb1_mmap e;
    int rc = 0;

    if (mb->mmap_length > MB1_MMAP_MAX)
        return -E2BIG;
    at = early_map_read(mb->mmap_addr, mb->mmap_length);
    if (!at)
        return -EINVAL;
    for (end = at + mb->mmap_length; end - at >= (long)sizeof(e) && !rc;
         at += MIN(e.size + 4ull, (uint64_t)(end - at))) {
        memcpy(&e, at, sizeof(e));
        if (e.size < sizeof(e) - 4)
            return -EINVAL;
        rc = boot_info_add_region(bi, e.base, e.length, e.type);
    }
    return rc;
}

int multiboot1_parse(const void *info, struct boot_info *bi)
{
    struct mb1_info mb;
    int rc = 0;

    memcpy(&mb, info, sizeof(mb));
    if (mb.flags & MB1_LOADER)
        bi->loader = boot_info_keep(bi, map_string(mb.loader_name), 64);
    if (mb.flags & MB1_CMDLINE)
        boot_info_set_cmdline(bi, map_string(mb.cmdline), MB1_STRING_MAX);
    if ((mb.flags & MB1_MODULES) && mb.mods_count)
        rc = parse_modules(&mb, bi);
    if (!rc)
        rc = mb.flags & MB1_MMAP ? parse_mmap(&mb, bi) : -EINVAL;

    /* Without that information the BIOS left the screen in text mode. */
    bi->vga_text = true;
    if (mb.flags & MB1_FRAMEBUFFER)
        boot_info_set_screen(bi, &mb.fb);
    return rc;
}
