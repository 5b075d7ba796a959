/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine's memory map: what the firmware says of each address range, in
 * the E820 interface's terms (ACPI specification, 15.1). Pure functions on
 * maps; machine_map is what mm_init() was given, put in order.
 */
#pragma once

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

/* What e820_set() makes is sorted and disjoint, neighbours of one type are one
 * region, and none is empty. */
struct mem_map {
    unsigned int n;
    struct mem_region r[MEM_REGIONS_MAX + 2];
};

/* All types are of enum mem_type. Constant after boot. */
extern struct mem_map machine_map;

/* Boot only: makes [start, end) of a type whatever it was, or with type 0 takes
 * it out of the map. Ends the boot if there are more than MEM_REGIONS_MAX
 * regions already. */
void e820_set(struct mem_map *map, uint64_t start, uint64_t end, uint32_t type);

/*
 * Makes a map of n regions in any order: an address that several claim is of
 * the least usable type. The regions are not those of map.
 */
void e820_normalise(const struct mem_region *in, unsigned int n,
                    struct mem_map *map);

/* True if any of the n frames from `first` on has RAM, be it broken. */
bool e820_has_ram(const struct mem_map *map, uint64_t first, uint64_t n);
