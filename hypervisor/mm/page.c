/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * References to frames, allocation for domains, scrubbing. Owns free_memory
 * and its lock. A freed frame is dirty; idle CPUs zero dirty frames, and what
 * they did not reach is zeroed when it is allocated, never under the lock.
 */
#include "hypervisor/mm/page.h"

#include "hypervisor/abi/errno.h"
#include "hypervisor/cpu/atomic.h"
#include "hypervisor/cpu/upcalls.h"
#include "hypervisor/lib/assert.h"
#include "hypervisor/mm/internal.h"
#include "hypervisor/mm/upcalls.h"

/* Frames that one page_scrub_some() zeroes: some 15 us of memory traffic. */
#define SCRUB_BATCH 32

/* A reference count from which page_try_get() refuses: no overflow. */
#define COUNT_LIMIT 0x80000000u

struct spinlock page_lock = SPINLOCK_INIT(HEAP);
struct buddy free_memory = { .state = PAGE_FREE, .max_order = BUDDY_ORDERS - 1 };

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
    if (!m && lodge_pages_trim())
        m = buddy_take(&free_memory, order, below);
    scrub_hold--;
    return m;
}

/* Zeroes the dirty frames of a block that was taken from b. */
static void block_scrub(struct buddy *b, uint64_t m, uint64_t n)
{
    uint64_t zeroed = 0;

    for (uint64_t i = m; i < m + n; i++)
        if (buddy_frame_dirty(&frame_table[i])) {
            frame_zero(mfn(i));
            zeroed++;
        }
    if (zeroed)
        (void)atomic_fetch_sub(&b->nr_dirty, zeroed);
}

/* A frame of a domain, which the domain may now reach: the count is last. */
static void frame_give(struct page *pg, domid_t owner)
{
    pg->owner = owner;
    pg->order = 0;
    pg->gfn = ~0ull;
    pg->state = PAGE_GUEST;
    store_release(&pg->count, 1);
}

struct page *page_alloc(domid_t owner, unsigned int order, uint64_t below)
{
    uint64_t m, n = 1ull << order;

    if (order >= BUDDY_ORDERS)
        return NULL;
    spin_lock(&page_lock);
    m = free_memory_take(order, below);
    spin_unlock(&page_lock);
    if (!m)
        return NULL;
    block_scrub(&free_memory, m, n);
    for (uint64_t i = m; i < m + n; i++)
        frame_give(&frame_table[i], owner);
    return &frame_table[m];
}

void page_get(struct page *pg)
{
    uint32_t before = atomic_fetch_add(&pg->count, 1);

    ASSERT(before && before < COUNT_LIMIT);
    (void)before;
}

bool page_try_get(struct page *pg, domid_t owner)
{
    uint32_t count = READ_ONCE(pg->count);

    do {
        if (!count || count >= COUNT_LIMIT)
            return false;
    } while (!atomic_cmpxchg(&pg->count, &count, count + 1));

    /* It cannot be freed now; but is it the frame that the caller means? */
    if (pg->state == PAGE_GUEST && pg->owner == owner)
        return true;
    page_put(pg);
    return false;
}

void page_put(struct page *pg)
{
    domid_t owner = pg->owner;

    ASSERT(pg->count && pg->state == PAGE_GUEST);
    if (!atomic_dec_and_test(&pg->count))
        return;
    spin_lock(&page_lock);
    buddy_free(&free_memory, page_to_mfn(pg).raw, 0, true);
    spin_unlock(&page_lock);
    page_freed(owner);
}

uint64_t pages_free(void)
{
    return READ_ONCE(free_memory.nr_free);
}

uint64_t pages_dirty(void)
{
    return READ_ONCE(free_memory.nr_dirty);
}

/* Zeroes up to SCRUB_BATCH frames of a block; true if dirt may be left. */
static bool part_scrub(uint64_t m, unsigned int order)
{
    unsigned int zeroed = 0;
    uint64_t end = m + (1ull << order);

    for (; m < end && zeroed < SCRUB_BATCH; m++)
        if (buddy_frame_dirty(&frame_table[m])) {
            frame_zero(mfn(m));
            frame_table[m].owner = 0;
            zeroed++;
        }
    (void)atomic_fetch_sub(&free_memory.nr_dirty, (uint64_t)zeroed);
    return m < end;
}

bool page_scrub_some(void)
{
    unsigned int order = 0;
    uint64_t m = 0;
    bool more;

    if (!pages_dirty())
        return false;
    spin_lock(&page_lock);
    if (!scrub_hold)
        m = buddy_take_dirty(&free_memory, &order);
    if (m)
        scrubbers++;
    spin_unlock(&page_lock);
    if (!m)
        return false;

    more = part_scrub(m, order);

    spin_lock(&page_lock);
    buddy_put_back(&free_memory, m, order, more);
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
        spin_lock(&page_lock);
        buddy_free(&free_memory, m, order, true);
        spin_unlock(&page_lock);
        m += 1ull << order;
    }
}

uint64_t page_next_free(uint64_t from, uint64_t *end)
{
    uint64_t m = from;

    while (m < frame_table_size && frame_table[m].state != PAGE_FREE)
        m++;
    for (*end = m; *end < frame_table_size; ++*end)
        if (frame_table[*end].state != PAGE_FREE)
            break;
    return m;
}

int page_claim_range(mfn_t first, uint64_t nr, domid_t owner)
{
    uint64_t m = first.raw, end = m + nr, dirty = 0;
    int rc = 0;

    if (!m || end < m || end > frame_table_size)
        return -EBUSY;
    spin_lock(&page_lock);
    scrub_hold_begin();
    for (uint64_t i = m; i < end; i++)
        if (frame_table[i].state != PAGE_FREE)
            rc = -EBUSY;
    while (!rc && m < end) {
        int order = buddy_take_at(&free_memory, m, end - m);

        ASSERT(order >= 0);
        for (uint64_t i = m; i < m + (1ull << order); i++) {
            dirty += buddy_frame_dirty(&frame_table[i]);
            frame_give(&frame_table[i], owner);
        }
        m += 1ull << order;
    }
    (void)atomic_fetch_sub(&free_memory.nr_dirty, dirty);
    scrub_hold--;
    spin_unlock(&page_lock);
    return rc;
}

int page_claim_zeroed(mfn_t first, uint64_t nr, domid_t owner)
{
    int rc = page_claim_range(first, nr, owner);

    for (uint64_t i = 0; !rc && i < nr; i++)
        frame_zero(mfn_add(first, i));
    return rc;
}

int page_adopt_range(mfn_t first, uint64_t nr, domid_t owner)
{
    uint64_t m = first.raw, end = m + nr;
    int rc = 0;

    if (!m || end < m || end > frame_table_size)
        return -EBUSY;
    spin_lock(&page_lock);
    for (uint64_t i = m; i < end; i++)
        if (frame_table[i].state != PAGE_RESERVED)
            rc = -EBUSY;
    for (; !rc && m < end; m++)
        frame_give(&frame_table[m], owner);
    spin_unlock(&page_lock);
    return rc;
}

mfn_t frames_alloc(unsigned int order)
{
    uint64_t m;

    if (!frame_table_size) /* boot: frame.c is still building the table */
        m = boot_frames_alloc(1ull << order, 1ull << order).raw;
    else {
        spin_lock(&page_lock);
        m = free_memory_take(order, 0);
        spin_unlock(&page_lock);
        if (!m)
            return INVALID_MFN;
    }
    for (uint64_t i = m; i < m + (1ull << order); i++) {
        if (!frame_table_size) {
            frame_zero(mfn(i));
            continue;
        }
        if (buddy_frame_dirty(&frame_table[i])) {
            frame_zero(mfn(i));
            (void)atomic_fetch_sub(&free_memory.nr_dirty, 1);
        }
        frame_table[i].owner = 0;
        frame_table[i].state = PAGE_LODGE;
    }
    return mfn(m);
}

void frames_free(mfn_t m, unsigned int order)
{
    spin_lock(&page_lock);
    buddy_free(&free_memory, m.raw, order, true);
    spin_unlock(&page_lock);
}
