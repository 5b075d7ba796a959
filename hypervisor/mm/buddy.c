/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Free frames as blocks. Owns the free lists and what struct page says of
 * free frames; never touches the memory itself.
 */
#include "hypervisor/mm/internal.h"

/* How far a list is searched for a block below a limit that cuts a zone. */
#define SEARCH_MAX 64

/* Clean blocks go to the front, where buddy_take() looks. */
static void block_link(struct buddy *b, uint64_t m, unsigned int order,
                       uint64_t dirty)
{
    struct page *pg = &frame_table[m];
    unsigned int zone = bit_highest(m);
    uint32_t *head = &b->head[zone][order];
    uint64_t hint = 0;

    if (dirty != BUDDY_CLEAN) {
        hint = 1 + ((dirty - m) >> BUDDY_UNIT_ORDER);
        b->dirty = true;
    }
    pg->order = (uint8_t)order;
    pg->owner = (uint16_t)((pg->owner & BUDDY_DIRTY) | hint);
    frame_list_add(head, m);
    if (!hint)
        *head = (uint32_t)m;
    b->orders[zone] |= 1u << order;
    b->nr_free += 1ull << order;
}

/* The first frame of a block that may be dirty, or BUDDY_CLEAN. */
static uint64_t first_dirty(uint64_t m)
{
    uint64_t hint = frame_table[m].owner & BUDDY_HINT;

    return hint ? m + ((hint - 1) << BUDDY_UNIT_ORDER) : BUDDY_CLEAN;
}

/* Returns the block's first dirty frame. */
static uint64_t block_unlink(struct buddy *b, uint64_t m)
{
    struct page *pg = &frame_table[m];
    unsigned int zone = bit_highest(m), order = pg->order;
    uint64_t dirty = first_dirty(m);

    frame_list_del(&b->head[zone][order], m);
    if (!b->head[zone][order])
        b->orders[zone] &= ~(1u << order);
    b->nr_free -= 1ull << order;
    pg->order = BUDDY_INSIDE;
    pg->owner &= BUDDY_DIRTY;
    return dirty;
}

/* The order first: an owner that marks what it took changes that last. */
static bool is_block(const struct buddy *b, uint64_t m, unsigned int order)
{
    return m < frame_table_size &&
           load_acquire(&frame_table[m].order) == order &&
           frame_table[m].state == b->state;
}

void buddy_put_back(struct buddy *b, uint64_t m, unsigned int order,
                    uint64_t dirty)
{
    for (; order < BUDDY_ORDERS - 1; order++) {
        uint64_t other = m ^ (1ull << order);

        if (!is_block(b, other, order))
            break;
        dirty = MIN(dirty, block_unlink(b, other));
        m = MIN(m, other);
    }
    block_link(b, m, order, dirty);
}

void buddy_free(struct buddy *b, uint64_t m, unsigned int order)
{
    uint64_t n = 1ull << order;

    ASSERT(m && IS_ALIGNED(m, n) && m + n <= frame_table_size);
    for (uint64_t i = m; i < m + n; i++)
        frame_table[i] = (struct page){
            .state = b->state, .order = BUDDY_INSIDE, .owner = BUDDY_DIRTY };
    buddy_put_back(b, m, order, m);
}

/* Takes block `at` apart until the one of `order` that begins with frame m is
 * left; the rest goes back. */
static void block_cut(struct buddy *b, uint64_t at, uint64_t m,
                      unsigned int order)
{
    unsigned int have = frame_table[at].order;
    uint64_t dirty = block_unlink(b, at);

    while (have > order) {
        uint64_t middle = at + (1ull << --have);
        uint64_t low_dirty = dirty < middle ? dirty : BUDDY_CLEAN;
        uint64_t high_dirty = MAX(dirty, middle); /* unknown behind dirt */

        if (m < middle) {
            block_link(b, middle, have, high_dirty);
            dirty = low_dirty;
        } else {
            block_link(b, at, have, low_dirty);
            dirty = high_dirty;
            at = middle;
        }
    }
}

uint64_t buddy_take(struct buddy *b, unsigned int order, uint64_t below)
{
    uint64_t limit = below ? below : ~0ull, n = 1ull << order;
    unsigned int zone = MIN(bit_highest(limit), BUDDY_ZONES - 1) + 1;

    while (zone--) {
        uint32_t found = b->orders[zone] >> order << order;

        for (; found; found &= found - 1) {
            unsigned int have = bit_lowest(found);
            uint64_t at = b->head[zone][have], end;

            for (unsigned int i = 0; i < SEARCH_MAX; i++) {
                end = at + (1ull << have);
                if (at + n <= limit) {
                    uint64_t m = end <= limit ? end - n : at;

                    block_cut(b, at, m, order);
                    return m;
                }
                at = frame_table[at].next;
            }
        }
    }
    return 0;
}

uint64_t buddy_block_of(const struct buddy *b, uint64_t m)
{
    for (unsigned int order = 0; order < BUDDY_ORDERS; order++) {
        uint64_t at = ALIGN_DOWN(m, 1ull << order);

        if (at && is_block(b, at, order))
            return at;
    }
    return 0;
}

unsigned int buddy_take_at(struct buddy *b, uint64_t m, uint64_t limit)
{
    uint64_t at = buddy_block_of(b, m);
    unsigned int order = MIN(bit_lowest(m), bit_highest(limit));

    ASSERT(at);
    order = MIN(order, frame_table[at].order);
    block_cut(b, at, m, order);
    return order;
}

uint64_t buddy_take_dirty(struct buddy *b, unsigned int *order)
{
    for (unsigned int zone = 0; zone < BUDDY_ZONES; zone++) {
        uint32_t lists = b->orders[zone];

        for (; lists; lists &= lists - 1) {
            unsigned int o = bit_lowest(lists);
            uint64_t at = frame_table[b->head[zone][o]].prev;
            uint64_t m = first_dirty(at);

            if (m == BUDDY_CLEAN)
                continue;
            *order = MIN(o, BUDDY_UNIT_ORDER);
            block_cut(b, at, m, *order);
            return m;
        }
    }
    b->dirty = false;
    return 0;
}

uint64_t buddy_next(const struct buddy *b, unsigned int order, uint64_t after)
{
    unsigned int zone = 0, o = order;

    if (after) {
        uint64_t next = frame_table[after].next;

        zone = bit_highest(after);
        o = frame_table[after].order;
        if (next != b->head[zone][o])
            return next;
        o++;
    }
    for (; zone < BUDDY_ZONES; zone++, o = order)
        if (b->orders[zone] >> o)
            return b->head[zone][bit_lowest(b->orders[zone] >> o << o)];
    return 0;
}
