/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tables of the windows. They are part of the image, so that windows exist
 * before anything can be allocated.
 */
#include "hypervisor/mm/window.h"

#include "hypervisor/lib/string.h"
#include "hypervisor/mm/internal.h"

#define ENTRIES 512
#define TABLES (MAX_CPUS * WINDOW_SLOTS / ENTRIES)

uint64_t window_pt[MAX_CPUS][WINDOW_SLOTS] __aligned(4096);
static uint64_t window_pd[ENTRIES] __aligned(4096);
static uint64_t window_pdpt[ENTRIES] __aligned(4096);
_Static_assert(TABLES * PAGE_SIZE == sizeof(window_pt), "whole tables");

void windows_init(void)
{
    const char *tables = (const char *)window_pt;

    for (unsigned int i = 0; i < TABLES; i++)
        window_pd[i] = image_maddr(tables + i * PAGE_SIZE) | MAP_TABLE;
    window_pdpt[0] = image_maddr(window_pd) | MAP_TABLE;
    host_pml4[(WINDOW_BASE >> 39) % ENTRIES] =
        image_maddr(window_pdpt) | MAP_TABLE;
}

/*
 * Most RAM is zero already when it is first asked for. Reading it is no slower
 * than writing, leaves no dirty cache lines, and where Lodge itself runs in a
 * virtual machine the host need not back the page.
 */
static bool page_is_clear(const void *va)
{
    const uint64_t *p = va, *end = p + PAGE_SIZE / 8;

    for (; p < end; p += 8)
        if (p[0] | p[1] | p[2] | p[3] | p[4] | p[5] | p[6] | p[7])
            return false;
    return true;
}

void page_clear(void *va)
{
    if (!page_is_clear(va))
        memset(va, 0, PAGE_SIZE);
}

void frame_zero(mfn_t m)
{
    page_clear(window_map(WINDOW_MM, m));
    window_unmap(WINDOW_MM);
}
