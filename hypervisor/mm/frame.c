/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The frame table's place in memory. Its address follows from the frame's
 * number, so RAM with holes gives a table with holes: where there is no RAM,
 * one page of zeroes (PAGE_RESERVED, no references), mapped read-only, stands
 * for all its entries, and one table of such pages for whole parts.
 */
#include "hypervisor/cpu/atomic.h"
#include "hypervisor/cpu/layout.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/lib/assert.h"
#include "hypervisor/mm/internal.h"
#include "hypervisor/mm/map.h"
#include "hypervisor/mm/paging.h"
#include "hypervisor/mm/pt-entry.h"

/* Entries in a page and in 2 MiB of the table: 1 MiB and 512 MiB of RAM. */
#define PAGE_ENTRIES (PAGE_SIZE / sizeof(struct page))
#define PART_ENTRIES (LARGE_SIZE / sizeof(struct page))
#define PAGES_PER_PART (PART_ENTRIES / PAGE_ENTRIES)

/* A 2 MiB page is worth it from this many pages in use. */
#define LARGE_MIN (PAGES_PER_PART * 7 / 8)

/* The free lists and mm/heap.c keep frame numbers in 32 bits. */
#define FRAMES_MAX (1ull << 32)

struct page *frame_table = (struct page *)FRAME_TABLE_BASE;
uint64_t frame_table_size;
static uint64_t ram_frames;

uint64_t pages_total(void)
{
    return ram_frames;
}

/* True if any of the frames [first, first + n) is RAM. */
static bool has_ram(const struct mem_region *ram, unsigned int nr,
                    uint64_t first, uint64_t n)
{
    for (unsigned int i = 0; i < nr; i++)
        if (ram[i].start >> PAGE_SHIFT < first + n &&
            ram[i].end >> PAGE_SHIFT > first)
            return true;
    return false;
}

static uint64_t new_pages(uint64_t n)
{
    mfn_t m = boot_frames_alloc(n, n);

    for (uint64_t i = 0; i < n; i++)
        frame_zero(mfn_add(m, i));
    return mfn_to_maddr(m);
}

static void make_tables(const void *va, unsigned int level)
{
    if (paging_make_tables((uintptr_t)va, level))
        panic("No memory for the frame table\n");
}

/* What stands for entries of frames that are not RAM. */
static uint64_t hole_page, hole_table;

static void holes_init(void)
{
    mfn_t table = boot_frames_alloc(1, 1);
    uint64_t *entries;

    hole_page = new_pages(1);
    hole_table = mfn_to_maddr(table);
    entries = window_map(0, table);
    for (unsigned int i = 0; i < 512; i++)
        entries[i] = hole_page | MAP_RO;
    window_unmap(0);
}

/* Maps 2 MiB of the table, the entries of frames from `first` on. */
static void part_init(const struct mem_region *ram, unsigned int nr,
                      uint64_t first)
{
    const struct page *va = &frame_table[first];
    uint64_t used = 0;

    for (uint64_t m = first; m < first + PART_ENTRIES; m += PAGE_ENTRIES)
        used += has_ram(ram, nr, m, PAGE_ENTRIES);
    make_tables(va, 2);
    if (!used) {
        WRITE_ONCE(*pt_entry(2, (uintptr_t)va), hole_table | PTE_P | PTE_A);
        return;
    }
    if (used >= LARGE_MIN) {
        uint64_t block = new_pages(PAGES_PER_PART);

        WRITE_ONCE(*pt_entry(2, (uintptr_t)va), block | MAP_RW | PTE_PS);
        return;
    }
    make_tables(va, 1);
    for (uint64_t m = first; m < first + PART_ENTRIES; m += PAGE_ENTRIES)
        WRITE_ONCE(*pt_entry(1, (uintptr_t)&frame_table[m]),
                   has_ram(ram, nr, m, PAGE_ENTRIES) ? new_pages(1) | MAP_RW
                                                     : hole_page | MAP_RO);
}

void frame_table_init(const struct mem_region *ram, unsigned int n)
{
    uint64_t size = 0;

    for (unsigned int i = 0; i < n; i++) {
        size = MAX(size, ram[i].end >> PAGE_SHIFT);
        ram_frames += (ram[i].end - ram[i].start) >> PAGE_SHIFT;
    }
    ASSERT(size <= FRAMES_MAX);
    holes_init();
    for (uint64_t m = 0; m < size; m += PART_ENTRIES)
        part_init(ram, n, m);
    frame_table_size = size;
}
