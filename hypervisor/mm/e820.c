/* SPDX-License-Identifier: GPL-2.0-only */
/* The machine's memory map. Pure: knows nothing of frames or mappings. */
#include "hypervisor/mm/e820.h"

#include "hypervisor/abi/errno.h"
#include "hypervisor/lib/string.h"

struct mem_map machine_map;

/* Who wins an overlap: the higher. */
static unsigned int severity(uint32_t type)
{
    static const uint8_t known[] = {
        [0] = 0, /* no region */
        [MEM_RAM] = 1, [MEM_ACPI] = 2, [MEM_NVS] = 3, [MEM_RESERVED] = 4,
        [MEM_UNUSABLE] = 5,
    };

    return type < ARRAY_SIZE(known) ? known[type] : known[MEM_RESERVED];
}

int e820_add(struct mem_map *map, uint64_t start, uint64_t end, uint32_t type)
{
    if (map->n == MEM_REGIONS_MAX)
        return -E2BIG;
    map->r[map->n++] = (struct mem_region){ start, end, type };
    return 0;
}

/* What pos is, and the next address at which that may change. */
static uint32_t type_at(const struct mem_region *r, unsigned int n,
                        uint64_t pos, uint64_t *next)
{
    uint32_t type = 0;

    *next = ~0ull;
    for (unsigned int i = 0; i < n; i++) {
        if (r[i].start >= r[i].end || r[i].end <= pos)
            continue;
        *next = MIN(*next, r[i].start > pos ? r[i].start : r[i].end);
        if (r[i].start <= pos && severity(r[i].type) > severity(type))
            type = r[i].type;
    }
    return type;
}

int e820_normalise(const struct mem_region *in, unsigned int n,
                   struct mem_map *map)
{
    uint64_t next;

    map->n = 0;
    for (uint64_t pos = 0; pos != ~0ull; pos = next) {
        uint32_t type = type_at(in, n, pos, &next);
        struct mem_region *last = map->n ? &map->r[map->n - 1] : NULL;

        if (last && last->end == pos && last->type == type)
            last->end = next;
        else if (type && e820_add(map, pos, next, type))
            return -E2BIG;
    }
    return 0;
}

int e820_remove(struct mem_map *map, uint64_t start, uint64_t end)
{
    for (unsigned int i = 0; i < map->n; i++) {
        struct mem_region *r = &map->r[i];

        if (start >= end || r->end <= start || r->start >= end)
            continue;
        if (r->start < start && end < r->end) { /* leaves two pieces */
            if (map->n == MEM_REGIONS_MAX)
                return -E2BIG;
            memmove(r + 1, r, (map->n - i) * sizeof(*r));
            map->n++;
            r[0].end = start;
            r[1].start = end;
            return 0;
        }
        if (r->start < start)
            r->end = start;
        else
            r->start = MIN(end, r->end);
    }
    return 0;
}
