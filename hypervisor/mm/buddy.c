/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Free frames as blocks. Owns the free lists and what struct page says of
 * free frames; never touches the memory itself.
 */
#include "hypervisor/mm/buddy.h"

#include "hypervisor/cpu/atomic.h"
#include "hypervisor/lib/assert.h"

/* How far a list is searched for a block below a limit that cuts a zone. */
#define SEARCH_MAX 64

static unsigned int zone_of(uint64_t m)
{
    return bit_highest(m);
}

static unsigned int hint_of(const struct page *pg)
{
    return pg->owner & BUDDY_HINT;
}

static void set_hint(struct page *pg, unsigned int hint)
{
    pg->owner = (uint16_t)((pg->owner & BUDDY_DIRTY) | hint);
}

/* Clean blocks go to the front, where buddy_take() looks. */
static void block_link(struct buddy *b, uint64_t m, unsigned int order,
                       unsigned int hint)
{
    struct page *pg = &frame_table[m];
    unsigned int zone = zone_of(m);
    uint32_t *head = &b->head[zone][order];

    pg->order = (uint8_t)order;
    set_hint(pg, hint);
    b->nr_free += 1ull << order;
    if (!*head) {
        pg->next = pg->prev = (uint32_t)m;
        *head = (uint32_t)m;
        b->orders[zone] |= 1u << order;
        b->zones |= 1u << zone;
        return;
    }
    pg->next = *head;
    pg->prev = frame_table[*head].prev;
    frame_table[pg->prev].next = (uint32_t)m;
    frame_table[pg->next].prev = (uint32_t)m;
    if (!hint)
        *head = (uint32_t)m;
}

/* Returns the block's hint. */
static unsigned int block_unlink(struct buddy *b, uint64_t m)
{
    struct page *pg = &frame_table[m];
    unsigned int zone = zone_of(m), order = pg->order, hint = hint_of(pg);
    uint32_t *head = &b->head[zone][order];

    if (pg->next == m) {
        *head = 0;
        b->orders[zone] &= ~(1u << order);
        if (!b->orders[zone])
            b->zones &= ~(1u << zone);
    } else {
        frame_table[pg->next].prev = pg->prev;
        frame_table[pg->prev].next = pg->next;
        if (*head == m)
            *head = pg->next;
    }
    pg->order = BUDDY_INSIDE;
    set_hint(pg, 0);
    b->nr_free -= 1ull << order;
    return hint;
}

static bool is_block(const struct buddy *b, uint64_t m, unsigned int order)
{
    return m < frame_table_size && frame_table[m].state == b->state &&
           frame_table[m].order == order;
}

/* Parts in a block; a smaller block counts as one. */
static unsigned int parts(unsigned int order)
{
    return order > BUDDY_PART_ORDER ? 1u << (order - BUDDY_PART_ORDER) : 1;
}

/* Hint of a block of `order` made of two halves with these hints. */
static unsigned int hint_join(unsigned int order, unsigned int low,
                              unsigned int high)
{
    if (low || !high)
        return low;
    return order > BUDDY_PART_ORDER ? high + parts(order - 1) : 1;
}

/* The reverse. Of the upper half behind dirt nothing is known. */
static void hint_split(unsigned int order, unsigned int hint,
                       unsigned int *low, unsigned int *high)
{
    unsigned int half = parts(order - 1);

    *low = *high = 0;
    if (!hint)
        return;
    if (order > BUDDY_PART_ORDER && hint > half) {
        *high = hint - half;
    } else {
        *low = hint;
        *high = 1;
    }
}

void buddy_put_back(struct buddy *b, uint64_t m, unsigned int order,
                    unsigned int hint)
{
    while (order < b->max_order) {
        uint64_t other = m ^ (1ull << order);
        unsigned int other_hint;

        if (!is_block(b, other, order))
            break;
        other_hint = block_unlink(b, other);
        order++;
        hint = other < m ? hint_join(order, other_hint, hint)
                         : hint_join(order, hint, other_hint);
        m = MIN(m, other);
    }
    block_link(b, m, order, hint);
}

void buddy_free(struct buddy *b, uint64_t m, unsigned int order, bool dirty)
{
    uint64_t n = 1ull << order;

    ASSERT(m && IS_ALIGNED(m, n) && m + n <= frame_table_size);
    for (uint64_t i = m; i < m + n; i++)
        frame_table[i] = (struct page){
            .state = b->state,
            .order = BUDDY_INSIDE,
            .owner = dirty ? BUDDY_DIRTY : 0,
        };
    if (dirty)
        (void)atomic_fetch_add(&b->nr_dirty, n);
    buddy_put_back(b, m, order, dirty);
}

/* Takes block m apart until one of `order` is left, which is returned; the
 * rest goes back. high: the upper end rather than the lower. */
static uint64_t block_cut(struct buddy *b, uint64_t m, unsigned int order,
                          bool high)
{
    unsigned int have = frame_table[m].order;
    unsigned int hint = block_unlink(b, m);
    unsigned int low_hint, high_hint;

    for (; have > order; have--) {
        uint64_t half = 1ull << (have - 1);

        hint_split(have, hint, &low_hint, &high_hint);
        if (high) {
            block_link(b, m, have - 1, low_hint);
            m += half;
            hint = high_hint;
        } else {
            block_link(b, m + half, have - 1, high_hint);
            hint = low_hint;
        }
    }
    return m;
}

/* In the zone that `below` cuts: a block that begins low enough. */
static uint64_t take_in_cut_zone(struct buddy *b, unsigned int order,
                                 uint64_t below)
{
    unsigned int zone = zone_of(below);
    uint32_t found = b->orders[zone] >> order << order;

    for (; found; found &= found - 1) {
        unsigned int o = bit_lowest(found);
        uint64_t m = b->head[zone][o];

        for (unsigned int i = 0; i < SEARCH_MAX; i++) {
            if (m + (1ull << order) <= below)
                return block_cut(b, m, order, false);
            m = frame_table[m].next;
            if (m == b->head[zone][o])
                break;
        }
    }
    return 0;
}

uint64_t buddy_take(struct buddy *b, unsigned int order, uint64_t below)
{
    uint32_t zones = b->zones;

    if (below && below >> BUDDY_ZONES == 0)
        zones &= (1u << zone_of(below)) - 1;
    else
        below = 0;
    while (zones) {
        unsigned int zone = bit_highest(zones);
        uint32_t found = b->orders[zone] >> order << order;

        if (found)
            return block_cut(b, b->head[zone][bit_lowest(found)], order, true);
        zones &= ~(1u << zone);
    }
    return below ? take_in_cut_zone(b, order, below) : 0;
}

int buddy_take_at(struct buddy *b, uint64_t m, uint64_t limit)
{
    unsigned int order = 0, hint, low_hint, high_hint;
    uint64_t at = m;

    ASSERT(limit);
    while (!at || !is_block(b, at, order)) {
        if (++order > b->max_order)
            return -1;
        at = ALIGN_DOWN(m, 1ull << order);
    }
    hint = block_unlink(b, at);
    while (at != m || 1ull << order > limit) {
        uint64_t half = 1ull << (order - 1);

        hint_split(order--, hint, &low_hint, &high_hint);
        if (m >= at + half) {
            block_link(b, at, order, low_hint);
            at += half;
            hint = high_hint;
        } else {
            block_link(b, at + half, order, high_hint);
            hint = low_hint;
        }
    }
    return (int)order;
}

uint64_t buddy_take_dirty(struct buddy *b, unsigned int *order)
{
    for (uint32_t zones = b->zones; zones; zones &= zones - 1) {
        unsigned int zone = bit_lowest(zones);
        uint32_t lists = b->orders[zone];

        for (; lists; lists &= lists - 1) {
            unsigned int o = bit_lowest(lists);
            uint64_t m = frame_table[b->head[zone][o]].prev;
            unsigned int hint = hint_of(&frame_table[m]);

            if (!hint)
                continue;
            *order = MIN(o, (unsigned int)BUDDY_PART_ORDER);
            m += (uint64_t)(hint - 1) << BUDDY_PART_ORDER;
            return buddy_take_at(b, m, 1ull << *order) < 0 ? 0 : m;
        }
    }
    return 0;
}

uint64_t buddy_next(const struct buddy *b, unsigned int order, uint64_t after,
                    unsigned int *found)
{
    unsigned int zone = 0, o = order;

    if (after) {
        uint64_t next = frame_table[after].next;

        zone = zone_of(after);
        o = frame_table[after].order;
        if (next != b->head[zone][o]) {
            *found = o;
            return next;
        }
        o++;
    }
    for (; zone < BUDDY_ZONES; zone++, o = order)
        for (; o <= b->max_order; o++)
            if (b->head[zone][o]) {
                *found = o;
                return b->head[zone][o];
            }
    return 0;
}
