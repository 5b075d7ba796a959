/* SPDX-License-Identifier: GPL-2.0-only */
/* The machine's memory map. Pure: knows nothing of frames or mappings. */
#include "hypervisor/mm/e820.h"

#include "hypervisor/abi/errno.h"

struct mem_region machine_map[MEM_REGIONS_MAX];
unsigned int machine_map_count;

/* Who wins an overlap: the higher. */
static unsigned int severity(uint32_t type)
{
    switch (type) {
    case 0: /* no region */
        return 0;
    case MEM_RAM:
        return 1;
    case MEM_ACPI:
        return 2;
    case MEM_NVS:
        return 3;
    case MEM_UNUSABLE:
        return 5;
    default:
        return 4;
    }
}

/* What pos is, and the next address at which that may change. */
static uint32_t type_at(const struct mem_region *r, unsigned int n,
                        uint64_t pos, uint64_t *next)
{
    uint32_t type = 0;

    *next = ~0ull;
    for (unsigned int i = 0; i < n; i++) {
        if (r[i].start >= r[i].end)
            continue;
        if (r[i].start > pos)
            *next = MIN(*next, r[i].start);
        else if (r[i].end > pos)
            *next = MIN(*next, r[i].end);
        else
            continue;
        if (r[i].start <= pos && severity(r[i].type) > severity(type))
            type = r[i].type;
    }
    return type;
}

int e820_normalise(const struct mem_region *in, unsigned int n,
                   struct mem_region *out, unsigned int max)
{
    unsigned int nr = 0;
    uint64_t next;

    for (uint64_t pos = 0; pos != ~0ull; pos = next) {
        uint32_t type = type_at(in, n, pos, &next);

        if (!type)
            continue;
        if (nr && out[nr - 1].end == pos && out[nr - 1].type == type) {
            out[nr - 1].end = next;
            continue;
        }
        if (nr == max)
            return -E2BIG;
        out[nr++] = (struct mem_region){ pos, next, type };
    }
    return (int)nr;
}

int e820_remove(struct mem_region *r, unsigned int n, unsigned int max,
                uint64_t start, uint64_t end)
{
    unsigned int kept = 0;

    if (start >= end)
        return (int)n;
    for (unsigned int i = 0; i < n; i++)
        if (r[i].start < start && end < r[i].end) { /* leaves two pieces */
            if (n == max)
                return -E2BIG;
            for (unsigned int j = n; j > i + 1; j--)
                r[j] = r[j - 1];
            r[i + 1] = (struct mem_region){ end, r[i].end, r[i].type };
            r[i].end = start;
            return (int)n + 1;
        }
    for (unsigned int i = 0; i < n; i++) {
        struct mem_region p = r[i];

        if (p.start < end && start < p.end) {
            if (p.start < start)
                p.end = start;
            else
                p.start = MIN(end, p.end);
        }
        if (p.start < p.end)
            r[kept++] = p;
    }
    return (int)kept;
}

unsigned int e820_ram_pages(const struct mem_region *r, unsigned int n,
                            struct mem_region *out)
{
    unsigned int nr = 0;

    for (unsigned int i = 0; i < n; i++) {
        struct mem_region p = r[i];

        if (p.type != MEM_RAM || p.start > ~0ull - PAGE_SIZE)
            continue;
        p.start = ALIGN_UP(p.start, PAGE_SIZE);
        p.end = ALIGN_DOWN(p.end, PAGE_SIZE);
        if (p.start < p.end)
            out[nr++] = p;
    }
    return nr;
}
