/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Multiboot2 information (Multiboot2 Specification 2.0, 3.6) into struct
 * boot_info. Pure: every offset is checked against the size given.
 */
#include "hypervisor/abi/errno.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/x86/boot-info.h"

enum {
    TAG_END = 0,
    TAG_CMDLINE = 1,
    TAG_LOADER = 2,
    TAG_MODULE = 3,
    TAG_MMAP = 6,
    TAG_FRAMEBUFFER = 8,
    TAG_EFI64 = 12,
    TAG_ACPI_OLD = 14,
    TAG_ACPI_NEW = 15,
};

struct tag {
    uint32_t type, size;
};

struct tag_module {
    struct tag tag;
    uint32_t start, end;
    char cmdline[];
};

struct tag_mmap {
    struct tag tag;
    uint32_t entry_size, entry_version;
};

struct mmap_entry {
    uint64_t base, length;
    uint32_t type, reserved;
};

struct tag_framebuffer {
    struct tag tag;
    uint64_t addr;
    uint32_t pitch, width, height;
    uint8_t bpp, type;
    uint16_t reserved;
    uint8_t red_pos, red_size, green_pos, green_size, blue_pos, blue_size;
} __packed;

#define FB_RGB 1
#define FB_TEXT 2

static int parse_module(const struct tag *t, struct boot_info *bi)
{
    const struct tag_module *m = (const void *)t;

    if (t->size < sizeof(*m) || m->end < m->start)
        return -EINVAL;
    if (bi->nr_modules == BOOT_MODULES_MAX)
        return -E2BIG;
    bi->modules[bi->nr_modules++] = (struct boot_module){
        .start = m->start,
        .end = m->end,
        .cmdline = boot_info_keep(bi, m->cmdline, t->size - sizeof(*m)),
    };
    return 0;
}

static int parse_mmap(const struct tag *t, struct boot_info *bi)
{
    const struct tag_mmap *m = (const void *)t;
    const uint8_t *at = (const uint8_t *)(m + 1);
    const uint8_t *end = (const uint8_t *)t + t->size;

    if (t->size < sizeof(*m) || m->entry_size < sizeof(struct mmap_entry))
        return -EINVAL;
    for (; (size_t)(end - at) >= m->entry_size; at += m->entry_size) {
        struct mmap_entry e;
        int rc;

        memcpy(&e, at, sizeof(e));
        rc = boot_info_add_region(bi, e.base, e.length, e.type);
        if (rc)
            return rc;
    }
    return 0;
}

static int parse_framebuffer(const struct tag *t, struct boot_info *bi)
{
    struct tag_framebuffer f;

    if (t->size < offsetof(struct tag_framebuffer, red_pos))
        return -EINVAL;
    memset(&f, 0, sizeof(f));
    memcpy(&f, t, MIN((size_t)t->size, sizeof(f)));
    if (f.type == FB_TEXT) {
        bi->vga_text = true;
    } else if (f.type == FB_RGB && t->size >= sizeof(f)) {
        bi->vga_text = false;
        bi->fb = (struct framebuffer){
            .maddr = f.addr, .pitch = f.pitch, .width = f.width,
            .height = f.height, .bpp = f.bpp,
            .red_pos = f.red_pos, .red_size = f.red_size,
            .green_pos = f.green_pos, .green_size = f.green_size,
            .blue_pos = f.blue_pos, .blue_size = f.blue_size,
        };
    }
    return 0;
}

static void parse_rsdp(const struct tag *t, struct boot_info *bi)
{
    unsigned int size = t->type == TAG_ACPI_NEW ? 36 : 20;

    if (t->size < sizeof(*t) + size || bi->rsdp_size > size)
        return;
    memcpy(bi->rsdp, t + 1, size);
    bi->rsdp_size = size;
}

static int parse_tag(const struct tag *t, struct boot_info *bi)
{
    const char *text = (const char *)(t + 1);
    size_t text_size = t->size - sizeof(*t);

    switch (t->type) {
    case TAG_CMDLINE:
        text_size = strnlen(text, MIN(text_size, sizeof(bi->cmdline) - 1));
        memcpy(bi->cmdline, text, text_size);
        bi->cmdline[text_size] = '\0';
        break;
    case TAG_LOADER:
        bi->loader = boot_info_keep(bi, text, text_size);
        break;
    case TAG_MODULE:
        return parse_module(t, bi);
    case TAG_MMAP:
        return parse_mmap(t, bi);
    case TAG_FRAMEBUFFER:
        return parse_framebuffer(t, bi);
    case TAG_EFI64:
        if (text_size >= sizeof(uint64_t))
            memcpy(&bi->efi_system_table, text, sizeof(uint64_t));
        break;
    case TAG_ACPI_OLD:
    case TAG_ACPI_NEW:
        parse_rsdp(t, bi);
        break;
    default:
        break;
    }
    return 0;
}

int multiboot2_parse(const void *info, size_t size, struct boot_info *bi)
{
    const uint8_t *base = info;
    size_t at = 8; /* total size, reserved */

    bi->loader = "unknown loader";
    while (at + sizeof(struct tag) <= size) {
        const struct tag *t = (const void *)(base + at);
        int rc;

        if (t->type == TAG_END)
            return 0;
        if (t->size < sizeof(*t) || t->size > size - at)
            return -EINVAL;
        rc = parse_tag(t, bi);
        if (rc)
            return rc;
        at += ALIGN_UP((size_t)t->size, 8);
    }
    return -EINVAL; /* no end tag */
}
