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
#include "hypervisor/mm/internal.h"
#include "hypervisor/mm/window.h"
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

/* What stands for entries of frames that are not RAM. */
static uint64_t hole_page, hole_table;

uint64_t pages_total(void)
{
    return ram_frames;
}

/* True if any of the frames [first, first + n) is RAM. */
static bool has_ram(const struct mem_map *ram, uint64_t first, uint64_t n)
{
    for (unsigned int i = 0; i < ram->n; i++)
        if (ram->r[i].start >> PAGE_SHIFT < first + n &&
            ram->r[i].end >> PAGE_SHIFT > first)
            return true;
    return false;
}

static uint64_t new_pages(uint64_t n)
{
    return mfn_to_maddr(boot_frames_alloc(n, n));
}

static void map(struct page *va, uint64_t maddr, uint64_t size, uint64_t attr)
{
    if (paging_map(va, maddr, size, attr))
        cannot_start("there is not enough memory for the frame table");
}

/* Maps 2 MiB of the table, the entries of frames from `first` on. */
static void part_init(const struct mem_map *ram, uint64_t first)
{
    struct page *va = &frame_table[first];
    uint64_t used = 0;

    for (uint64_t m = first; m < first + PART_ENTRIES; m += PAGE_ENTRIES)
        used += has_ram(ram, m, PAGE_ENTRIES);
    if (!used) {
        if (paging_make_tables((uintptr_t)va, 2))
            cannot_start("there is not enough memory for the frame table");
        WRITE_ONCE(*pt_entry(2, (uintptr_t)va), hole_table | PTE_P | PTE_A);
    } else if (used >= LARGE_MIN) {
        map(va, new_pages(PAGES_PER_PART), LARGE_SIZE, MAP_RW);
    } else {
        for (uint64_t m = first; m < first + PART_ENTRIES; m += PAGE_ENTRIES)
            if (has_ram(ram, m, PAGE_ENTRIES))
                map(&frame_table[m], new_pages(1), PAGE_SIZE, MAP_RW);
            else
                map(&frame_table[m], hole_page, PAGE_SIZE, MAP_RO);
    }
}

void frame_table_init(const struct mem_map *ram)
{
    uint64_t size = 0, *entries;

    hole_page = new_pages(1);
    hole_table = new_pages(1);
    entries = window_map(WINDOW_MM, maddr_to_mfn(hole_table));
    for (unsigned int i = 0; i < PAGES_PER_PART; i++)
        entries[i] = hole_page | MAP_RO;
    window_unmap(WINDOW_MM);

    for (unsigned int i = 0; i < ram->n; i++) {
        size = MAX(size, ram->r[i].end >> PAGE_SHIFT);
        ram_frames += (ram->r[i].end - ram->r[i].start) >> PAGE_SHIFT;
    }
    ASSERT(size <= FRAMES_MAX);
    for (uint64_t m = 0; m < size; m += PART_ENTRIES)
        part_init(ram, m);
    frame_table_size = size;
}
