/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lodge's own memory, in the direct map. Frames are taken from the free
 * memory 2 MiB at a time, so that the direct map needs no small pages and
 * freeing needs no flush: a freed page stays Lodge's (PAGE_POOL) until its
 * whole block is free, or memory is short. Only then do its entries go, and
 * after a flush the frames, dirty, to free_memory.
 */
#include "hypervisor/cpu/layout.h"
#include "hypervisor/lib/assert.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/mm/internal.h"
#include "hypervisor/mm/paging.h"
#include "hypervisor/mm/upcalls.h"

/* Wholly free blocks that are kept for the next allocation. */
#define SPARE_BLOCKS 1

static struct buddy pool = { .state = PAGE_POOL, .max_order = BUDDY_PART_ORDER };

mfn_t va_to_mfn(const void *va)
{
    uint64_t offset = (uintptr_t)va - DIRECT_BASE;

    ASSERT(offset >> PAGE_SHIFT < frame_table_size);
    return maddr_to_mfn(offset);
}

void *mfn_to_va(mfn_t m)
{
    ASSERT(mfn_has_page(m) && mfn_to_page(m)->state == PAGE_LODGE);
    return (void *)(DIRECT_BASE + mfn_to_maddr(m));
}

static void *block_va(uint64_t m)
{
    return (void *)(DIRECT_BASE + mfn_to_maddr(mfn(m)));
}

/* Puts a block into the direct map, with a table for its part if it needs
 * one; false when there is no memory for that. */
static bool block_insert(uint64_t m, unsigned int order)
{
    uint64_t table;

    if (order < BUDDY_PART_ORDER && !direct_map_has_table(mfn(m))) {
        table = buddy_take(&free_memory, 0, 0);
        if (!table)
            return false;
        frame_zero(mfn(table));
        if (buddy_frame_dirty(&frame_table[table]))
            (void)atomic_fetch_sub(&free_memory.nr_dirty, 1);
        frame_table[table].owner = 0;
        frame_table[table].state = PAGE_LODGE;
        direct_map_add_table(mfn(m), mfn(table));
    }
    direct_map_insert(mfn(m), order);
    return true;
}

/* Takes a block of free memory into the direct map; 0: no memory. */
static uint64_t block_take(unsigned int order)
{
    uint64_t m = free_memory_take(order, 0);

    if (m && !block_insert(m, order)) {
        buddy_put_back(&free_memory, m, order, 1);
        m = 0;
    }
    return m;
}

/* A block for an allocation of less than a part. */
static uint64_t pool_take(unsigned int order)
{
    uint64_t m = buddy_take(&pool, order, 0), n = 1ull << BUDDY_PART_ORDER;

    if (m)
        return m;
    m = buddy_take(&free_memory, BUDDY_PART_ORDER, 0);
    if (!m)
        return block_take(order); /* the memory is in pieces, or used up */

    direct_map_insert(mfn(m), BUDDY_PART_ORDER);
    for (uint64_t i = m; i < m + n; i++) {
        frame_table[i].state = PAGE_POOL;
        if (buddy_frame_dirty(&frame_table[i])) {
            (void)atomic_fetch_sub(&free_memory.nr_dirty, 1);
            (void)atomic_fetch_add(&pool.nr_dirty, 1);
        }
    }
    buddy_put_back(&pool, m, BUDDY_PART_ORDER, 1);
    return buddy_take(&pool, order, 0);
}

void *lodge_pages_alloc(unsigned int order)
{
    uint64_t m, n = 1ull << order;

    if (order >= BUDDY_ORDERS)
        return NULL;
    spin_lock(&page_lock);
    m = order < BUDDY_PART_ORDER ? pool_take(order) : block_take(order);
    spin_unlock(&page_lock);
    if (!m)
        return NULL;

    for (uint64_t i = m; i < m + n; i++) {
        struct page *pg = &frame_table[i];

        if (buddy_frame_dirty(pg)) {
            page_clear(block_va(i));
            (void)atomic_fetch_sub(pg->state == PAGE_POOL
                                       ? &pool.nr_dirty
                                       : &free_memory.nr_dirty, 1);
        }
        pg->owner = 0;
        pg->gfn = 0;
        pg->state = PAGE_LODGE;
    }
    frame_table[m].order = (uint8_t)order;
    return block_va(m);
}

/* Takes the entries of a free block of the pool away; the caller flushes
 * before it hands the block over. */
static void pool_remove(uint64_t m, unsigned int order)
{
    int rc = buddy_take_at(&pool, m, 1ull << order);

    ASSERT(rc == (int)order);
    (void)rc;
    direct_map_remove(mfn(m), order);
}

/* After the flush: the block becomes free memory. */
static void pool_hand_over(uint64_t m, unsigned int order)
{
    uint64_t dirty = 0;

    for (uint64_t i = m; i < m + (1ull << order); i++)
        dirty += buddy_frame_dirty(&frame_table[i]);
    (void)atomic_fetch_sub(&pool.nr_dirty, dirty);
    buddy_free(&free_memory, m, order, true);
}

bool lodge_pages_trim(void)
{
    uint64_t list = 0, m, next;
    unsigned int order;

    /* Removed blocks are on no list: `prev` and `next` of their first frame
     * chain them and hold their order. */
    for (m = buddy_next(&pool, 0, 0, &order); m; m = next) {
        unsigned int next_order;

        next = buddy_next(&pool, 0, m, &next_order);
        if (order == BUDDY_PART_ORDER || direct_map_has_table(mfn(m))) {
            pool_remove(m, order);
            frame_table[m].prev = (uint32_t)list;
            frame_table[m].next = order;
            list = m;
        }
        order = next_order;
    }
    if (!list)
        return false;
    host_tlb_flush((void *)DIRECT_BASE, DIRECT_SIZE);
    for (; list; list = m) {
        m = frame_table[list].prev;
        pool_hand_over(list, frame_table[list].next);
    }
    return true;
}

/* Gives wholly free blocks back but for the spare ones. */
static void pool_shrink(void)
{
    unsigned int order;

    while (pool.nr_free > SPARE_BLOCKS << BUDDY_PART_ORDER) {
        uint64_t m = buddy_next(&pool, BUDDY_PART_ORDER, 0, &order);

        if (!m)
            return;
        pool_remove(m, order);
        host_tlb_flush(block_va(m), PAGE_SIZE << order);
        pool_hand_over(m, order);
    }
}

void lodge_pages_free(void *va, unsigned int order)
{
    uint64_t m;

    if (!va)
        return;
    m = va_to_mfn(va).raw;
    ASSERT(frame_table[m].state == PAGE_LODGE && frame_table[m].order == order);
    spin_lock(&page_lock);
    if (order >= BUDDY_PART_ORDER) {
        direct_map_remove(mfn(m), order);
        host_tlb_flush(va, PAGE_SIZE << order);
        buddy_free(&free_memory, m, order, true);
    } else {
        buddy_free(&pool, m, order, true);
        pool_shrink();
    }
    spin_unlock(&page_lock);
}
