/* SPDX-License-Identifier: GPL-2.0-only */
/* The machine's memory map. Pure: knows nothing of frames or mappings. */
#include "hypervisor/mm/e820.h"

#include "hypervisor/debug/log.h"
#include "hypervisor/lib/string.h"

struct mem_map machine_map;

/* The first region that ends above `at`. It begins there if `at` was inside:
 * what is below is a region of its own then. */
static unsigned int cut(struct mem_map *map, uint64_t at)
{
    unsigned int i = 0;

    while (i < map->n && map->r[i].end <= at)
        i++;
    if (i < map->n && map->r[i].start < at) {
        memmove(&map->r[i + 1], &map->r[i], (map->n - i) * sizeof(map->r[0]));
        map->n++;
        map->r[i++].end = at;
        map->r[i].start = at;
    }
    return i;
}

void e820_set(struct mem_map *map, uint64_t start, uint64_t end, uint32_t type)
{
    struct mem_region new = { start, end, type };

    if (start >= end)
        return;
    if (map->n > MEM_REGIONS_MAX)
        cannot_start("the loader's memory map has more than %u pieces",
                     MEM_REGIONS_MAX);
    unsigned int first = cut(map, start);
    unsigned int after = cut(map, end);
    if (first && new.start == map->r[first - 1].end &&
        type == map->r[first - 1].type)
        new.start = map->r[--first].start;
    if (after < map->n && new.end == map->r[after].start &&
        type == map->r[after].type)
        new.end = map->r[after++].end;
    memmove(&map->r[first + !!type], &map->r[after],
            (map->n - after) * sizeof(new));
    map->n -= after - first - !!type;
    if (type)
        map->r[first] = new;
}

void e820_normalise(const struct mem_region *in, unsigned int n,
                    struct mem_map *map)
{
    /* The last one has it. */
    static const uint32_t types[] = { MEM_RAM, MEM_ACPI, MEM_NVS, MEM_RESERVED,
                                      MEM_UNUSABLE };

    map->n = 0;
    for (unsigned int t = 0; t < ARRAY_SIZE(types); t++)
        for (const struct mem_region *r = in; r < in + n; r++) {
            bool known = r->type >= MEM_RAM && r->type <= MEM_UNUSABLE;

            if ((known ? r->type : MEM_RESERVED) == types[t])
                e820_set(map, r->start, r->end, types[t]);
        }
}

bool e820_has_ram(const struct mem_map *map, uint64_t first, uint64_t n)
{
    for (const struct mem_region *r = map->r; r < map->r + map->n; r++)
        if ((r->type == MEM_RAM || r->type == MEM_UNUSABLE) &&
            r->start >> PAGE_SHIFT < first + n &&
            (r->end - 1) >> PAGE_SHIFT >= first)
            return true;
    return false;
}
