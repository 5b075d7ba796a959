/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the boot loader said, in one form for all loaders. Filled once on the
 * boot CPU; constant afterwards.
 */
#ifndef LODGE_X86_BOOT_INFO_H
#define LODGE_X86_BOOT_INFO_H

#include "hypervisor/debug/screen.h"
#include "hypervisor/lib/util.h"
#include "hypervisor/mm/e820.h"

#define BOOT_REGIONS_MAX 256
#define BOOT_MODULES_MAX 16
#define BOOT_CMDLINE_SIZE 2048
#define BOOT_STRINGS_SIZE 8192

struct boot_module {
    uint64_t start, end; /* bytes; start is page aligned */
    const char *cmdline; /* never NULL; without the file's name */
};

struct boot_info {
    const char *loader;         /* its name, never NULL */
    char cmdline[BOOT_CMDLINE_SIZE];

    struct mem_region regions[BOOT_REGIONS_MAX]; /* as given, in any order */
    unsigned int nr_regions;

    struct boot_module modules[BOOT_MODULES_MAX];
    unsigned int nr_modules;

    uint8_t rsdp[36];           /* copy, from the loader */
    unsigned int rsdp_size;     /* 0: look for it; 20: ACPI 1; 36 */
    uint64_t efi_system_table;  /* maddr; 0: not booted by UEFI */

    bool vga_text;              /* 80x25 text mode at 0xb8000 */
    struct framebuffer fb;

    char strings[BOOT_STRINGS_SIZE]; /* what loader and cmdline point to */
    unsigned int strings_used;
};

/*
 * Reads the loader's information (boot.S: EAX, EBX) into bi. -EINVAL when
 * the magic number is unknown, -E2BIG when the information is absurd.
 */
int boot_info_read(uint32_t magic, uint32_t maddr, struct boot_info *bi);

/* The parsers. multiboot2_parse() is pure: `info` is the whole of its
 * information; multiboot1_parse() maps what its own points at. */
int multiboot2_parse(const void *info, size_t size, struct boot_info *bi);
int multiboot1_parse(const void *info, struct boot_info *bi);

/*
 * Loaders other than GRUB 2 put the file's name in front of the command line
 * of the image and of each module: takes it off.
 */
void boot_info_strip_names(struct boot_info *bi);

/* For the parsers: each takes one thing; strings have at most n bytes. A
 * region (-E2BIG when full, quietly drops empty ones); a module (-EINVAL: ends
 * before it starts); the command line, cut to what fits; the screen by the
 * loader's type; a string ("" when there is no room). */
int boot_info_add_region(struct boot_info *bi, uint64_t start, uint64_t size,
                         uint32_t type);
int boot_info_add_module(struct boot_info *bi, uint64_t start, uint64_t end,
                         const char *cmdline, size_t n);
void boot_info_set_cmdline(struct boot_info *bi, const char *s, size_t n);
void boot_info_set_screen(struct boot_info *bi, const struct framebuffer *fb);
const char *boot_info_keep(struct boot_info *bi, const char *s, size_t n);

#endif
