/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between the files of mm/ only: the page allocator's lock and sets, frames
 * that are not in the direct map, what mm_init() calls in order, and the
 * hypervisor's own page tables.
 */
#pragma once

#include "hypervisor/cpu/spinlock.h"
#include "hypervisor/mm/buddy.h"
#include "hypervisor/mm/e820.h"
#include "hypervisor/mm/pt-entry.h"
#include "hypervisor/mm/upcalls.h"

extern struct spinlock page_lock; /* rank HEAP */
extern struct buddy free_memory;  /* lock page_lock */

/*
 * Takes a block for any use: a buddy_take() that, when there is none, waits
 * for the scrubbers and gives back what Lodge does not need. 0: no memory.
 * Lock page_lock, which is dropped while it waits.
 */
uint64_t free_memory_take(unsigned int order, uint64_t below);

/*
 * Takes free blocks of at least `order` out of the direct map, as long as
 * more than `keep` frames there are unused; after one flush they are in
 * free_memory. False if there were none. Lock page_lock.
 */
bool lodge_pages_trim(unsigned int order, uint64_t keep);

/*
 * 2^order frames of Lodge's that are mapped nowhere: page tables and stacks.
 * By machine address, zeroed; 0 when there are none. Before mm_init() is done
 * they come from the boot memory. Freed frames must be mapped nowhere any
 * more, and flushed.
 */
uint64_t frames_alloc(unsigned int order);
void frames_free(uint64_t maddr, unsigned int order);

/* Zeroes a frame that need not be mapped, through a window of this CPU. */
void frame_zero(mfn_t m);
/* Zeroes 4 KiB at va. */
void page_clear(void *va);

/* Circular lists of frames by number, through `next` and `prev` of their
 * entries; *head is 0 when there are none. Adds at the end. */
static inline void frame_list_add(uint32_t *head, uint64_t frame)
{
    uint32_t m = (uint32_t)frame;

    if (!*head)
        *head = frame_table[m].prev = m;
    frame_table[m].next = *head;
    frame_table[m].prev = frame_table[*head].prev;
    frame_table[frame_table[m].prev].next = m;
    frame_table[*head].prev = m;
}

static inline void frame_list_del(uint32_t *head, uint64_t frame)
{
    struct page *pg = &frame_table[frame];

    frame_table[pg->next].prev = pg->prev;
    frame_table[pg->prev].next = pg->next;
    if (*head == frame)
        *head = pg->next == frame ? 0 : pg->next;
}

/* The windows' own page tables; needs nothing but the image. */
void windows_init(void);

/* Boot memory: the machine address of n zeroed frames, a power of two and
 * aligned to it, from the top of the free RAM. Panics when there is none. */
uint64_t boot_alloc(uint64_t n);

/*
 * The page tables (paging.c): one set for all CPUs, reached through the
 * recursive slot. Tables, once made, stay. Whoever unmaps flushes
 * (mm/upcalls.h host_tlb_flush()) before frame or address are used again;
 * mapping where nothing was needs no flush.
 */

/*
 * Maps [va, va + size) to maddr, all page aligned, where nothing is mapped,
 * with 2 MiB pages where everything is aligned for them. attr: MAP_*.
 * -ENOMEM (for tables): nothing stays mapped, but the caller must flush as
 * after paging_unmap(). No locks of rank HEAP or above.
 */
int __must_check paging_map(void *va, uint64_t maddr, size_t size,
                            uint64_t attr);
/* Unmaps what paging_map() mapped, whole pages; ranges with holes are fine.
 * Does not flush. */
void paging_unmap(const void *va, size_t size);

/* Makes the tables down to the one that holds va's entry of `level`. */
int __must_check paging_make_tables(uint64_t va, unsigned int level);
