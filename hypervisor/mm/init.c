/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memory layer's start: the boot memory, and the frame table that is made
 * of it. The boot memory is free RAM as plain ranges, from whose top the first
 * page tables and the frame table are taken before there is a frame table to
 * account for them.
 *
 * An entry's address follows from the frame's number, so RAM with holes gives
 * a frame table with holes: where there is no RAM, one page of zeroes
 * (PAGE_RESERVED, no references), mapped read-only, stands for all its
 * entries, and one table of such pages for whole parts.
 */
#include "hypervisor/debug/log.h"
#include "hypervisor/mm/internal.h"
#include "hypervisor/mm/window.h"

#define RAM_START MB(1)
#define RAM_END (1ull << 44) /* 16 TiB: FRAMES_MAX */

/* The free lists and mm/heap.c keep frame numbers in 32 bits. */
#define FRAMES_MAX (1ull << 32)

/* Entries in a page and in 2 MiB of the table: 1 MiB and 512 MiB of RAM. */
#define PAGE_ENTRIES (PAGE_SIZE / sizeof(struct page))
#define PART_ENTRIES (LARGE_SIZE / sizeof(struct page))
#define PAGES_PER_PART (PART_ENTRIES / PAGE_ENTRIES)

/* A 2 MiB page is worth it from this many pages in use. */
#define LARGE_MIN (PAGES_PER_PART * 7 / 8)

struct page *frame_table = (struct page *)FRAME_TABLE_BASE;
uint64_t frame_table_size;
uint64_t pages_total;

/* RAM in whole pages; of these, what is free. Sorted; boot only. */
static struct mem_map ram, boot_free;

/* What stands for entries of frames that are not RAM. */
static uint64_t hole_page, hole_table;

static void boot_reserve(uint64_t start, uint64_t end)
{
    e820_set(&boot_free, ALIGN_DOWN(start, PAGE_SIZE), ALIGN_UP(end, PAGE_SIZE),
             0);
}

uint64_t boot_alloc(uint64_t n)
{
    uint64_t size = n << PAGE_SHIFT;

    for (unsigned int i = boot_free.n; i--; ) {
        const struct mem_region *r = &boot_free.r[i];
        uint64_t start = ALIGN_DOWN(r->end - size, size);

        if (r->end - r->start < size || start < r->start)
            continue;
        boot_reserve(start, start + size);
        for (uint64_t k = 0; k < n; k++)
            frame_zero(mfn((start >> PAGE_SHIFT) + k));
        return start;
    }
    cannot_start("there is not enough memory: %lu KiB in one piece are missing",
                 size >> 10);
}

/* Maps 2 MiB of the table, the entries of frames from `first` on. */
static int part_init(uint64_t first)
{
    struct page *va = &frame_table[first];
    uint64_t used = 0;
    int rc = 0;

    for (uint64_t m = first; m < first + PART_ENTRIES; m += PAGE_ENTRIES)
        used += e820_has_ram(&ram, m, PAGE_ENTRIES);
    if (!used) {
        rc = paging_make_tables((uintptr_t)va, 2);
        if (!rc)
            WRITE_ONCE(*pt_entry(2, (uintptr_t)va), hole_table | PTE_P | PTE_A);
        return rc;
    }
    if (used >= LARGE_MIN)
        return paging_map(va, boot_alloc(PAGES_PER_PART), LARGE_SIZE, MAP_RW);
    for (uint64_t m = first; m < first + PART_ENTRIES && !rc; m += PAGE_ENTRIES)
        rc = e820_has_ram(&ram, m, PAGE_ENTRIES)
                 ? paging_map(&frame_table[m], boot_alloc(1), PAGE_SIZE, MAP_RW)
                 : paging_map(&frame_table[m], hole_page, PAGE_SIZE, MAP_RO);
    return rc;
}

/* Maps the frame table: an entry for each frame of RAM, all PAGE_RESERVED. */
static void frame_table_init(void)
{
    uint64_t size = 0, *entries;

    hole_page = boot_alloc(1);
    hole_table = boot_alloc(1);
    entries = window_map(WINDOW_MM, maddr_to_mfn(hole_table));
    for (unsigned int i = 0; i < PAGES_PER_PART; i++)
        entries[i] = hole_page | MAP_RO;
    window_unmap(WINDOW_MM);

    for (unsigned int i = 0; i < ram.n; i++) {
        size = MAX(size, ram.r[i].end >> PAGE_SHIFT);
        pages_total += (ram.r[i].end - ram.r[i].start) >> PAGE_SHIFT;
    }
    ASSERT(size <= FRAMES_MAX);
    for (uint64_t m = 0; m < size; m += PART_ENTRIES)
        if (part_init(m))
            cannot_start("there is not enough memory for the frame table");
    frame_table_size = size;
}

void mm_init(const struct mem_region *map, unsigned int n,
             const struct mem_region *reserved, unsigned int nr)
{
    windows_init();
    e820_normalise(map, n, &machine_map);
    if (!machine_map.n)
        cannot_start("the loader's memory map is unusable: %u regions", n);
    for (unsigned int i = 0; i < machine_map.n; i++) {
        const struct mem_region *r = &machine_map.r[i];
        uint64_t start = ALIGN_UP(MIN(r->start, RAM_END), PAGE_SIZE);
        uint64_t end = ALIGN_DOWN(MIN(r->end, RAM_END), PAGE_SIZE);

        if (r->type == MEM_RAM && start < end)
            e820_set(&ram, start, end, MEM_RAM);
    }
    boot_free = ram;
    boot_reserve(0, RAM_START);
    for (unsigned int i = 0; i < nr; i++)
        boot_reserve(reserved[i].start, reserved[i].end);

    frame_table_init();
    for (unsigned int i = 0; i < boot_free.n; i++)
        page_allocator_add(boot_free.r[i].start, boot_free.r[i].end);

    log_info("Memory: %lu MiB RAM, %lu MiB free\n",
             pages_total >> (20 - PAGE_SHIFT),
             pages_free() >> (20 - PAGE_SHIFT));
}
