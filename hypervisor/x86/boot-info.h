/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the boot loader said, in one form for all loaders. Filled once on the
 * boot CPU; constant afterwards.
 */
#pragma once

#include "hypervisor/debug/screen.h"
#include "hypervisor/mm/e820.h"

#define BOOT_MODULES_MAX 16
#define BOOT_CMDLINE_MAX 2047ul /* what is longer is cut */
#define BOOT_STRINGS_SIZE 8192

struct boot_module {
    uint64_t start, end; /* bytes; start is page aligned */
    const char *cmdline; /* never NULL; without the file's name */
};

struct boot_info {
    const char *loader;         /* its name, never NULL */
    const char *cmdline;        /* never NULL; without the image's name */

    struct mem_map map;         /* as given, in any order */

    struct boot_module modules[BOOT_MODULES_MAX];
    unsigned int nr_modules;

    const void *rsdp;           /* the loader's copy, until early_map_end() */
    unsigned int rsdp_size;     /* 0: look for it */
    bool efi;                   /* booted by UEFI */

    struct framebuffer fb;

    char strings[BOOT_STRINGS_SIZE]; /* what loader and cmdline point to */
    unsigned int strings_used;
};
extern struct boot_info boot_info;

/*
 * Reads the loader's information (boot.S: EAX, EBX) into boot_info, through
 * early_map_read(). -EINVAL when the magic number is unknown or it contradicts
 * itself, -E2BIG when it is absurd.
 */
int boot_info_read(uint32_t magic, uint32_t maddr);
