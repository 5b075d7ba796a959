/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memory layer's start, and the boot memory: free RAM as plain ranges,
 * from whose top the first page tables and the frame table are taken before
 * there is a frame table to account for them.
 */
#include "hypervisor/mm/init.h"

#include "hypervisor/debug/log.h"
#include "hypervisor/mm/internal.h"
#include "hypervisor/mm/paging.h"

#define RAM_START MB(1)
#define RAM_END (1ull << 44) /* 16 TiB: mm/frame.c FRAMES_MAX */

/* RAM in whole pages; of these, what is free. Sorted; boot only. */
static struct mem_map ram, boot_free;

mfn_t boot_frames_alloc(uint64_t n, uint64_t align)
{
    uint64_t size = n << PAGE_SHIFT;

    for (unsigned int i = boot_free.n; i--; ) {
        struct mem_region *r = &boot_free.r[i];
        uint64_t start;

        if (r->end - r->start < size)
            continue;
        start = ALIGN_DOWN(r->end - size, align << PAGE_SHIFT);
        if (start < r->start)
            continue;
        if (e820_remove(&boot_free, start, start + size))
            r->end = start; /* no room for what is above it: lose that */
        for (uint64_t k = 0; k < n; k++)
            frame_zero(mfn((start >> PAGE_SHIFT) + k));
        return maddr_to_mfn(start);
    }
    cannot_start("there is not enough memory: %lu KiB in one piece are missing",
                 size >> 10);
}

static void boot_reserve(uint64_t start, uint64_t end)
{
    if (e820_remove(&boot_free, ALIGN_DOWN(start, PAGE_SIZE),
                    ALIGN_UP(end, PAGE_SIZE)))
        cannot_start("the loader's memory map has more than %u pieces",
                     MEM_REGIONS_MAX);
}

void mm_init(const struct mem_region *map, unsigned int n,
             const struct mem_region *reserved, unsigned int nr)
{
    windows_init();
    if (e820_normalise(map, n, &machine_map) || !machine_map.n)
        cannot_start("the loader's memory map is unusable: %u regions", n);
    for (unsigned int i = 0; i < machine_map.n; i++) {
        const struct mem_region *r = &machine_map.r[i];
        uint64_t start = ALIGN_UP(MIN(r->start, RAM_END), PAGE_SIZE);
        uint64_t end = ALIGN_DOWN(MIN(r->end, RAM_END), PAGE_SIZE);

        if (r->type == MEM_RAM && start < end)
            (void)e820_add(&ram, start, end, MEM_RAM);
    }
    boot_free = ram;
    boot_reserve(0, RAM_START);
    for (unsigned int i = 0; i < nr; i++)
        boot_reserve(reserved[i].start, reserved[i].end);

    frame_table_init(&ram);
    for (unsigned int i = 0; i < boot_free.n; i++)
        page_allocator_add(boot_free.r[i].start, boot_free.r[i].end);

    log_info("Memory: %lu MiB RAM, %lu MiB free\n",
             pages_total() >> (20 - PAGE_SHIFT),
             pages_free() >> (20 - PAGE_SHIFT));
}
