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

struct mem_map {
    unsigned int n;
    struct mem_region r[MEM_REGIONS_MAX];
};

/* Sorted, disjoint, neighbours of one type joined; constant after boot. */
extern struct mem_map machine_map;

/* Appends a region. -E2BIG. */
int e820_add(struct mem_map *map, uint64_t start, uint64_t end, uint32_t type);

/*
 * Puts n regions in order: sorts by address, gives an address that several
 * regions claim to the least usable type, joins neighbours, drops empty
 * regions. -E2BIG. The regions are not those of map.
 */
int e820_normalise(const struct mem_region *in, unsigned int n,
                   struct mem_map *map);

/* Takes [start, end) out of a map of disjoint regions, which may be empty
 * then. Keeps their order. -E2BIG (nothing changed). */
int e820_remove(struct mem_map *map, uint64_t start, uint64_t end);
