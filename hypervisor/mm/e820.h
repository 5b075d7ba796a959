/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine's memory map: what the firmware says of each address range, in
 * the E820 interface's terms (ACPI specification, 15.1). Pure functions on
 * arrays of regions; machine_map is what mm_init() was given, put in order.
 */
#ifndef LODGE_MM_E820_H
#define LODGE_MM_E820_H

#include "hypervisor/lib/util.h"

enum mem_type {
    MEM_RAM = 1,
    MEM_RESERVED = 2,
    MEM_ACPI = 3,     /* tables; RAM for an OS that has read them */
    MEM_NVS = 4,
    MEM_UNUSABLE = 5, /* broken RAM */
};

struct mem_region {
    uint64_t start, end; /* bytes, end exclusive */
    uint32_t type;       /* enum mem_type, or another number: reserved */
};

#define MEM_REGIONS_MAX 512

/* Sorted, disjoint, neighbours of one type joined; constant after boot. */
extern struct mem_region machine_map[MEM_REGIONS_MAX];
extern unsigned int machine_map_count;

/*
 * Puts a firmware's map in order: sorts by address, gives an address that
 * several regions claim to the least usable type, joins neighbours, drops
 * empty regions. Returns the number of regions in out, -E2BIG when they are
 * more than max. in and out do not overlap.
 */
int e820_normalise(const struct mem_region *in, unsigned int n,
                   struct mem_region *out, unsigned int max);

/*
 * Takes [start, end) out of n sorted disjoint regions, in place: they may
 * become one more. Returns their new number, -E2BIG (nothing changed) when
 * that is more than max.
 */
int e820_remove(struct mem_region *r, unsigned int n, unsigned int max,
                uint64_t start, uint64_t end);

/* The whole pages of RAM in n regions, in out (at most n). Returns how many. */
unsigned int e820_ram_pages(const struct mem_region *r, unsigned int n,
                            struct mem_region *out);

#endif
