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
static struct mem_region ram[MEM_REGIONS_MAX], boot_free[MEM_REGIONS_MAX];
static unsigned int nr_ram, nr_boot_free;

mfn_t boot_frames_alloc(uint64_t n, uint64_t align)
{
    for (unsigned int i = nr_boot_free; i--; ) {
        struct mem_region *r = &boot_free[i];
        uint64_t start, size = n << PAGE_SHIFT;
        int left;

        if (r->end - r->start < size)
            continue;
        start = ALIGN_DOWN(r->end - size, align << PAGE_SHIFT);
        if (start < r->start)
            continue;
        left = e820_remove(boot_free, nr_boot_free, MEM_REGIONS_MAX, start,
                           start + size);
        if (left < 0) /* no room for what is above it: lose that */
            r->end = start;
        else
            nr_boot_free = (unsigned int)left;
        return maddr_to_mfn(start);
    }
    panic("Not enough memory to start: %lu KiB in one piece are missing\n",
          n << (PAGE_SHIFT - 10));
}

static void boot_reserve(uint64_t start, uint64_t end)
{
    int left = e820_remove(boot_free, nr_boot_free, MEM_REGIONS_MAX,
                           ALIGN_DOWN(start, PAGE_SIZE),
                           ALIGN_UP(end, PAGE_SIZE));

    if (left < 0)
        panic("The memory map has more than %u pieces\n", MEM_REGIONS_MAX);
    nr_boot_free = (unsigned int)left;
}

static void ram_init(const struct mem_region *map, unsigned int n)
{
    int count = e820_normalise(map, n, machine_map, MEM_REGIONS_MAX);

    if (count <= 0)
        panic("The loader's memory map is unusable: %u regions\n", n);
    machine_map_count = (unsigned int)count;

    nr_ram = e820_ram_pages(machine_map, machine_map_count, ram);
    count = e820_remove(ram, nr_ram, MEM_REGIONS_MAX, RAM_END, ~0ull);
    if (count > 0)
        nr_ram = (unsigned int)count;
    for (unsigned int i = 0; i < nr_ram; i++)
        boot_free[i] = ram[i];
    nr_boot_free = nr_ram;
}

void mm_init(const struct mem_region *map, unsigned int n,
             const struct mem_region *reserved, unsigned int nr)
{
    windows_init();
    ram_init(map, n);
    boot_reserve(0, RAM_START);
    for (unsigned int i = 0; i < nr; i++)
        boot_reserve(reserved[i].start, reserved[i].end);

    frame_table_init(ram, nr_ram);
    for (unsigned int i = 0; i < nr_boot_free; i++)
        page_allocator_add(boot_free[i].start, boot_free[i].end);
    for (unsigned int i = 0; i < nr_ram; i++)
        direct_map_init(ram[i].start, ram[i].end);

    log_info("Memory: %lu MiB RAM, %lu MiB free\n",
             pages_total() >> (20 - PAGE_SHIFT),
             pages_free() >> (20 - PAGE_SHIFT));
}
