/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lodge's own memory, in the direct map. Frames are taken from the free
 * memory 2 MiB at a time, so that the direct map needs no small pages and
 * freeing needs no flush: a freed page stays Lodge's (PAGE_POOL) until its
 * whole block is free, or memory is short. Only then do its entries go, and
 * after a flush the frames, dirty, to free_memory.
 */
#include "hypervisor/mm/internal.h"

/* What one entry of the direct map covers: 2 MiB. */
#define PART_ORDER 9u

/* Unused frames that are kept for the next allocation. */
#define SPARE_FRAMES 512u

static struct buddy pool = { .state = PAGE_POOL };

static void *direct_va(uint64_t m)
{
    return (void *)(DIRECT_BASE + (m << PAGE_SHIFT));
}

mfn_t va_to_mfn(const void *va)
{
    uint64_t offset = (uintptr_t)va - DIRECT_BASE;

    ASSERT(offset >> PAGE_SHIFT < frame_table_size);
    return maddr_to_mfn(offset);
}

void *mfn_to_va(mfn_t m)
{
    ASSERT(m.raw < frame_table_size && mfn_to_page(m)->state == PAGE_LODGE);
    return direct_va(m.raw);
}

/* Maps free memory and takes a block of it: a whole part joins the pool, or,
 * where the memory is in pieces or nearly used up, the block alone. 0: no
 * memory. */
static uint64_t pool_grow(unsigned int order)
{
    unsigned int have = MAX(order, PART_ORDER);

    spin_lock(&page_lock);
    uint64_t m = buddy_take(&free_memory, have, 0);
    if (!m) {
        have = order;
        m = free_memory_take(have, 0);
    }
    spin_unlock(&page_lock);
    if (!m)
        return 0;
    /* Its tables may need memory, too: not under the lock. */
    if (paging_map(direct_va(m), m << PAGE_SHIFT, PAGE_SIZE << have, MAP_RW)) {
        host_tlb_flush(direct_va(m), PAGE_SIZE << have);
        frames_free(m << PAGE_SHIFT, have);
        return 0;
    }
    for (uint64_t i = m; i < m + (1ull << have); i++)
        frame_table[i].state = PAGE_POOL;
    spin_lock(&page_lock);
    buddy_put_back(&pool, m, have, m);
    m = buddy_take(&pool, order, 0);
    spin_unlock(&page_lock);
    return m;
}

void *lodge_pages_alloc(unsigned int order)
{
    if (order >= BUDDY_ORDERS)
        return NULL;
    spin_lock(&page_lock);
    uint64_t m = buddy_take(&pool, order, 0);
    spin_unlock(&page_lock);
    if (!m)
        m = pool_grow(order);
    if (!m)
        return NULL;

    for (uint64_t i = m; i < m + (1ull << order); i++) {
        struct page *pg = &frame_table[i];

        if (pg->owner & BUDDY_DIRTY)
            page_clear(direct_va(i));
        pg->owner = 0;
        pg->gfn = 0;
        pg->state = PAGE_LODGE;
    }
    store_release(&frame_table[m].order, (uint8_t)order);
    return direct_va(m);
}

bool lodge_pages_trim(unsigned int order, uint64_t keep)
{
    uint32_t leaving = 0; /* on no other list; `order` holds theirs */
    uint64_t m, next;

    for (m = buddy_next(&pool, order, 0); m && pool.nr_free > keep; m = next) {
        uint64_t *part = pt_entry(2, (uintptr_t)direct_va(m));
        unsigned int have = frame_table[m].order;

        next = buddy_next(&pool, order, m);
        if (have < PART_ORDER && READ_ONCE(*part) & PTE_PS)
            continue; /* mapped by one entry with frames in use */
        (void)buddy_take_at(&pool, m, 1ull << have);
        paging_unmap(direct_va(m), PAGE_SIZE << have);
        frame_list_add(&leaving, m);
        frame_table[m].order = (uint8_t)have;
    }
    if (!leaving)
        return false;
    host_tlb_flush((void *)DIRECT_BASE, DIRECT_SIZE);
    while (leaving) {
        m = leaving;
        frame_list_del(&leaving, m);
        buddy_free(&free_memory, m, frame_table[m].order);
    }
    return true;
}

void lodge_pages_free(void *va, unsigned int order)
{
    if (!va)
        return;
    uint64_t m = va_to_mfn(va).raw;
    ASSERT(frame_table[m].state == PAGE_LODGE && frame_table[m].order == order);
    spin_lock(&page_lock);
    buddy_free(&pool, m, order);
    (void)lodge_pages_trim(PART_ORDER, SPARE_FRAMES);
    spin_unlock(&page_lock);
}

