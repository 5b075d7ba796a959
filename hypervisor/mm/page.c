/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * References to frames, allocation for domains, scrubbing. Owns free_memory
 * and its lock. A freed frame is dirty; idle CPUs zero dirty frames, and what
 * they did not reach is zeroed when it is allocated, never under the lock.
 */
#include "hypervisor/abi/errno.h"
#include "hypervisor/cpu/upcalls.h"
#include "hypervisor/mm/internal.h"

/* A reference count from which page_try_get() refuses: no overflow. */
#define COUNT_LIMIT 0x80000000u

struct spinlock page_lock = SPINLOCK_INIT(HEAP);
struct buddy free_memory = { .state = PAGE_FREE };

/* Lock page_lock. */
static unsigned int scrubbers;  /* blocks that are being zeroed now */
static unsigned int scrub_hold; /* callers that want no more of them */

/* No block is out for scrubbing when this returns, nor until the release. */
static void scrub_hold_begin(void)
{
    scrub_hold++;
    while (scrubbers) {
        spin_unlock(&page_lock);
        smp_call_poll();
        cpu_relax();
        spin_lock(&page_lock);
    }
}

uint64_t free_memory_take(unsigned int order, uint64_t below)
{
    uint64_t m = buddy_take(&free_memory, order, below);

    if (m)
        return m;
    scrub_hold_begin();
    m = buddy_take(&free_memory, order, below);
    if (!m && lodge_pages_trim(0, 0))
        m = buddy_take(&free_memory, order, below);
    scrub_hold--;
    return m;
}

/* Zeroes the dirty frames of a block that was taken. */
static void block_scrub(uint64_t m, uint64_t n)
{
    for (uint64_t i = m; i < m + n; i++)
        if (frame_table[i].owner & BUDDY_DIRTY) {
            frame_zero(mfn(i));
            frame_table[i].owner = 0;
        }
}

/* free_memory_take() without the lock, and zeroed. */
static uint64_t block_take(unsigned int order, uint64_t below)
{
    spin_lock(&page_lock);
    uint64_t m = free_memory_take(order, below);
    spin_unlock(&page_lock);
    if (m)
        block_scrub(m, 1ull << order);
    return m;
}

/* n frames are now a domain's, which may now reach them: the count is last. */
static void frames_give(uint64_t m, uint64_t n, domid_t owner)
{
    for (struct page *pg = &frame_table[m]; n--; pg++) {
        pg->owner = owner;
        pg->gfn = ~0ull;
        pg->state = PAGE_GUEST;
        store_release(&pg->count, 1);
    }
}

struct page *page_alloc(domid_t owner, unsigned int order, uint64_t below)
{
    uint64_t m = order < BUDDY_ORDERS ? block_take(order, below) : 0;

    if (!m)
        return NULL;
    frames_give(m, 1ull << order, owner);
    return &frame_table[m];
}

void page_get(struct page *pg)
{
    uint32_t before = atomic_fetch_add(&pg->count, 1);

    ASSERT(before && before < COUNT_LIMIT);
}

bool page_try_get(struct page *pg)
{
    uint32_t count = READ_ONCE(pg->count);

    do {
        if (!count || count >= COUNT_LIMIT)
            return false;
    } while (!atomic_cmpxchg(&pg->count, &count, count + 1));
    return true;
}

void page_put(struct page *pg)
{
    domid_t owner = pg->owner;

    ASSERT(pg->count && pg->state == PAGE_GUEST);
    if (!atomic_dec_and_test(&pg->count))
        return;
    frames_free(mfn_to_maddr(page_to_mfn(pg)), 0);
    page_freed(owner);
}

uint64_t pages_free(void)
{
    return READ_ONCE(free_memory.nr_free);
}

bool page_scrub_some(void)
{
    unsigned int order = 0;

    if (!READ_ONCE(free_memory.dirty))
        return false;
    spin_lock(&page_lock);
    uint64_t m = scrub_hold ? 0 : buddy_take_dirty(&free_memory, &order);
    scrubbers += m != 0;
    spin_unlock(&page_lock);
    if (!m)
        return false;

    block_scrub(m, 1ull << order);

    spin_lock(&page_lock);
    buddy_put_back(&free_memory, m, order, BUDDY_CLEAN);
    scrubbers--;
    spin_unlock(&page_lock);
    return true;
}

void page_allocator_add(uint64_t start, uint64_t end)
{
    uint64_t m = MAX(start >> PAGE_SHIFT, (uint64_t)1);
    uint64_t last = MIN(end >> PAGE_SHIFT, frame_table_size);

    while (m < last) {
        unsigned int order = MIN(bit_lowest(m), bit_highest(last - m));

        order = MIN(order, BUDDY_ORDERS - 1u);
        frames_free(m << PAGE_SHIFT, order);
        m += 1ull << order;
    }
}

/* True if these are frames that a domain may have. */
static bool is_ordinary(uint64_t m, uint64_t nr)
{
    return m && m < frame_table_size && nr <= frame_table_size - m;
}

int page_claim_range(mfn_t first, uint64_t nr, domid_t owner, bool zero)
{
    uint64_t m = first.raw, end = m + nr, at;

    if (!is_ordinary(m, nr))
        return -EBUSY;
    spin_lock(&page_lock);
    scrub_hold_begin();
    /* On the lists, not only PAGE_FREE: a block that page_alloc() has taken
     * is still marked so. */
    while (m < end && (at = buddy_block_of(&free_memory, m)) != 0)
        m = at + (1ull << frame_table[at].order);
    if (m >= end)
        for (m = first.raw; m < end; )
            m += 1ull << buddy_take_at(&free_memory, m, end - m);
    scrub_hold--;
    spin_unlock(&page_lock);
    if (m < end)
        return -EBUSY;
    if (zero)
        block_scrub(first.raw, nr);
    frames_give(first.raw, nr, owner);
    return 0;
}

uint64_t page_claim_next(uint64_t *first, uint64_t max, domid_t owner)
{
    uint64_t m = *first, end;

    do {
        while (m < frame_table_size && frame_table[m].state != PAGE_FREE)
            m++;
        for (end = m; end < frame_table_size && end - m < max; end++)
            if (frame_table[end].state != PAGE_FREE)
                break;
        /* Somebody was faster: the next look says who. */
    } while (end > m && page_claim_range(mfn(m), end - m, owner, false));
    *first = m;
    return end - m;
}

int page_adopt_range(mfn_t first, uint64_t nr, domid_t owner)
{
    uint64_t m = first.raw;

    if (!is_ordinary(m, nr))
        return -EBUSY;
    for (uint64_t i = m; i < m + nr; i++)
        if (frame_table[i].state != PAGE_RESERVED)
            return -EBUSY;
    frames_give(m, nr, owner);
    return 0;
}

uint64_t frames_alloc(unsigned int order)
{
    if (!frame_table_size) /* boot: init.c is still building the table */
        return boot_alloc(1ull << order);
    uint64_t m = block_take(order, 0);
    for (uint64_t i = m; m && i < m + (1ull << order); i++)
        frame_table[i].state = PAGE_LODGE;
    return m << PAGE_SHIFT;
}

void frames_free(uint64_t maddr, unsigned int order)
{
    spin_lock(&page_lock);
    buddy_free(&free_memory, maddr >> PAGE_SHIFT, order);
    spin_unlock(&page_lock);
}
