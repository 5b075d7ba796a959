/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Multiboot1 information (Multiboot Specification 0.6.96, 3.3) into struct
 * boot_info: what QEMU's -kernel gives. Pure but for the map callback.
 */
#include "hypervisor/abi/errno.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/x86/boot-info.h"

#define MB1_CMDLINE BIT(2)
#define MB1_MODULES BIT(3)
#define MB1_MMAP BIT(6)
#define MB1_LOADER BIT(9)
#define MB1_FRAMEBUFFER BIT(12)

#define MB1_STRING_MAX 4096
#define MB1_MMAP_MAX 16384

struct mb1_info {
    uint32_t flags;
    uint32_t mem_lower, mem_upper;
    uint32_t boot_device;
    uint32_t cmdline;
    uint32_t mods_count, mods_addr;
    uint32_t syms[4];
    uint32_t mmap_length, mmap_addr;
    uint32_t drives_length, drives_addr;
    uint32_t config_table;
    uint32_t loader_name;
    uint32_t apm_table;
    uint32_t vbe[4];
    uint64_t fb_addr;
    uint32_t fb_pitch, fb_width, fb_height;
    uint8_t fb_bpp, fb_type;
    uint8_t red_pos, red_size, green_pos, green_size, blue_pos, blue_size;
} __packed;

struct mb1_module {
    uint32_t start, end, string, reserved;
};

struct mb1_mmap {
    uint32_t size; /* of what follows */
    uint64_t base, length;
    uint32_t type;
} __packed;

static const char *map_string(uint64_t maddr,
                              const void *(*map)(uint64_t, size_t))
{
    const char *s = maddr ? map(maddr, MB1_STRING_MAX) : NULL;

    return s ? s : "";
}

static int parse_modules(const struct mb1_info *mb, struct boot_info *bi,
                         const void *(*map)(uint64_t, size_t))
{
    const struct mb1_module *m;

    if (mb->mods_count == 0)
        return 0;
    if (mb->mods_count > BOOT_MODULES_MAX)
        return -E2BIG;
    m = map(mb->mods_addr, mb->mods_count * sizeof(*m));
    if (!m)
        return -EINVAL;
    for (unsigned int i = 0; i < mb->mods_count; i++) {
        if (m[i].end < m[i].start)
            return -EINVAL;
        bi->modules[bi->nr_modules++] = (struct boot_module){
            .start = m[i].start,
            .end = m[i].end,
            .cmdline = boot_info_keep(bi, map_string(m[i].string, map),
                                      MB1_STRING_MAX),
        };
    }
    return 0;
}

static int parse_mmap(const struct mb1_info *mb, struct boot_info *bi,
                      const void *(*map)(uint64_t, size_t))
{
    const uint8_t *at, *end;

    if (mb->mmap_length > MB1_MMAP_MAX)
        return -E2BIG;
    at = map(mb->mmap_addr, mb->mmap_length);
    if (!at)
        return -EINVAL;
    end = at + mb->mmap_length;
    while ((size_t)(end - at) >= sizeof(struct mb1_mmap)) {
        struct mb1_mmap e;
        int rc;

        memcpy(&e, at, sizeof(e));
        if (e.size < sizeof(e) - 4)
            return -EINVAL;
        rc = boot_info_add_region(bi, e.base, e.length, e.type);
        if (rc)
            return rc;
        if (e.size + 4ull > (size_t)(end - at))
            break;
        at += e.size + 4;
    }
    return 0;
}

int multiboot1_parse(const void *info, struct boot_info *bi,
                     const void *(*map)(uint64_t maddr, size_t size))
{
    struct mb1_info mb;
    const char *cmdline = "";
    int rc = -EINVAL;

    memcpy(&mb, info, sizeof(mb));
    bi->loader = "unknown loader";
    if (mb.flags & MB1_LOADER)
        bi->loader = boot_info_keep(bi, map_string(mb.loader_name, map), 64);
    if (mb.flags & MB1_CMDLINE)
        cmdline = map_string(mb.cmdline, map);
    memcpy(bi->cmdline, cmdline, strnlen(cmdline, sizeof(bi->cmdline) - 1));

    if (mb.flags & MB1_MODULES) {
        rc = parse_modules(&mb, bi, map);
        if (rc)
            return rc;
    }
    if (mb.flags & MB1_MMAP)
        rc = parse_mmap(&mb, bi, map);
    else
        rc = -EINVAL;
    if (rc)
        return rc;

    /* Without that information the BIOS left the screen in text mode. */
    bi->vga_text = !(mb.flags & MB1_FRAMEBUFFER) || mb.fb_type == 2;
    if ((mb.flags & MB1_FRAMEBUFFER) && mb.fb_type == 1)
        bi->fb = (struct framebuffer){
            .maddr = mb.fb_addr, .pitch = mb.fb_pitch, .width = mb.fb_width,
            .height = mb.fb_height, .bpp = mb.fb_bpp,
            .red_pos = mb.red_pos, .red_size = mb.red_size,
            .green_pos = mb.green_pos, .green_size = mb.green_size,
            .blue_pos = mb.blue_pos, .blue_size = mb.blue_size,
        };
    return 0;
}
