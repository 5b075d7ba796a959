/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Multiboot2 information (Multiboot2 Specification 2.0, 3.6) into struct
 * boot_info. Pure: every offset is checked against the size given.
 */
#include "hypervisor/abi/errno.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/x86/boot-info.h"

enum {
    TAG_END = 0, TAG_CMDLINE = 1, TAG_LOADER = 2, TAG_MODULE = 3,
    TAG_MMAP = 6, TAG_FRAMEBUFFER = 8, TAG_EFI64 = 12,
    TAG_ACPI_OLD = 14, TAG_ACPI_NEW = 15,
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

/* The head of a framebuffer tag, then two unused bytes, then the colours. */
#define FB_HEAD offsetof(struct framebuffer, red_pos)
#define FB_COLOURS (sizeof(struct framebuffer) - FB_HEAD)

static int parse_module(const struct tag *t, struct boot_info *bi)
{
    const struct tag_module *m = (const void *)t;

    if (t->size < sizeof(*m))
        return -EINVAL;
    return boot_info_add_module(bi, m->start, m->end, m->cmdline,
                                t->size - sizeof(*m));
}

static int parse_mmap(const struct tag *t, struct boot_info *bi)
{
    const struct tag_mmap *m = (const void *)t;
    const uint8_t *at = (const uint8_t *)(m + 1);
    const uint8_t *end = (const uint8_t *)t + t->size;
    int rc = 0;

    if (t->size < sizeof(*m) || m->entry_size < sizeof(struct mmap_entry))
        return -EINVAL;
    for (; (size_t)(end - at) >= m->entry_size && !rc; at += m->entry_size) {
        struct mmap_entry e;

        memcpy(&e, at, sizeof(e));
        rc = boot_info_add_region(bi, e.base, e.length, e.type);
    }
    return rc;
}

static int parse_framebuffer(const uint8_t *body, size_t size,
                             struct boot_info *bi)
{
    struct framebuffer fb = { 0 };

    if (size < FB_HEAD + 2)
        return -EINVAL;
    memcpy(&fb, body, FB_HEAD);
    if (size >= FB_HEAD + 2 + FB_COLOURS)
        memcpy((uint8_t *)&fb + FB_HEAD, body + FB_HEAD + 2, FB_COLOURS);
    boot_info_set_screen(bi, &fb);
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
        boot_info_set_cmdline(bi, text, text_size);
        break;
    case TAG_LOADER:
        bi->loader = boot_info_keep(bi, text, text_size);
        break;
    case TAG_MODULE:
        return parse_module(t, bi);
    case TAG_MMAP:
        return parse_mmap(t, bi);
    case TAG_FRAMEBUFFER:
        return parse_framebuffer((const uint8_t *)text, text_size, bi);
    case TAG_EFI64:
        if (text_size >= sizeof(uint64_t))
            memcpy(&bi->efi_system_table, text, sizeof(uint64_t));
        break;
    case TAG_ACPI_OLD:
    case TAG_ACPI_NEW:
        parse_rsdp(t, bi);
        break;
    }
    return 0;
}

int multiboot2_parse(const void *info, size_t size, struct boot_info *bi)
{
    const uint8_t *base = info;
    size_t at = 8; /* total size, reserved */

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
