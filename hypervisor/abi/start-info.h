/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a PVH kernel, or the HVM firmware loader, finds at the address in ebx
 * when it starts in 32-bit protected mode without paging. All addresses are
 * guest physical, 0 is absent, and lie below 4 GiB.
 */
#pragma once

#include <stdint.h>

#define XEN_HVM_START_MAGIC_VALUE       0x336ec578

struct hvm_start_info {
    uint32_t magic;
    uint32_t version;               /* 1 */
    uint32_t flags;                 /* SIF_* */
    uint32_t nr_modules;
    uint64_t modlist_paddr;         /* struct hvm_modlist_entry */
    uint64_t cmdline_paddr;
    uint64_t rsdp_paddr;
    uint64_t memmap_paddr;          /* struct hvm_memmap_table_entry */
    uint32_t memmap_entries;
    uint32_t reserved;
};

struct hvm_modlist_entry {
    uint64_t paddr;
    uint64_t size;                  /* bytes */
    uint64_t cmdline_paddr;
    uint64_t reserved;
};

struct hvm_memmap_table_entry {
    uint64_t addr;
    uint64_t size;                  /* bytes */
    uint32_t type;                  /* XEN_HVM_MEMMAP_TYPE_*, as ACPI's */
    uint32_t reserved;
};

#define XEN_HVM_MEMMAP_TYPE_RAM         1
#define XEN_HVM_MEMMAP_TYPE_PMEM        7
