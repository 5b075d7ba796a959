/* sources: hypervisor/mm/buddy.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Blocks of free frames against a model: one byte for each frame. The block
 * lists are checked as a whole now and then: every free frame in one block.
 */
#include <string.h>

#include "hypervisor/mm/buddy.h"
#include "tests/unit/fakes/fakes.h"
#include "tests/unit/test.h"

TEST_PROGRAM;

#define FRAMES 0x8000ul
#define FIRST 0x123ul

enum { RESERVED, FREE, TAKEN };
static uint8_t model[FRAMES];
static bool dirty[FRAMES];

static struct buddy b;
static uint64_t seed = 1;

static uint32_t rnd(uint32_t n)
{
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(seed >> 33) % n;
}

static void set(uint64_t m, uint64_t n, uint8_t state)
{
    for (uint64_t i = m; i < m + n; i++)
        model[i] = state;
}

static bool all(uint64_t m, uint64_t n, uint8_t state)
{
    for (uint64_t i = m; i < m + n; i++)
        if (i >= FRAMES || model[i] != state)
            return false;
    return true;
}

/* Walks all lists: blocks are disjoint, free in the model, linked both ways,
 * merged as far as can be; no dirt is before a hint. */
static void check_lists(void)
{
    static uint8_t seen[FRAMES];
    uint64_t total = 0, m;

    memset(seen, 0, sizeof(seen));
    for (m = buddy_next(&b, 0, 0); m; m = buddy_next(&b, 0, m)) {
        const struct page *pg = &frame_table[m];
        unsigned int order = pg->order;
        unsigned int hint = pg->owner & BUDDY_HINT;
        uint64_t n = 1ull << order, other = m ^ n;

        CHECK(IS_ALIGNED(m, n));
        CHECK(all(m, n, FREE));
        CHECK_EQ(frame_table[pg->next].prev, m);
        if (order < BUDDY_ORDERS - 1 && all(MIN(m, other), 2 * n, FREE))
            CHECK(frame_table[other].order != order);
        for (uint64_t i = m; i < m + n; i++) {
            CHECK(!seen[i]++);
            CHECK_EQ(frame_table[i].state, PAGE_FREE);
            CHECK_EQ(!!(frame_table[i].owner & BUDDY_DIRTY), dirty[i]);
            if (dirty[i])
                CHECK(b.dirty && hint &&
                      (i - m) >> BUDDY_UNIT_ORDER >= hint - 1);
        }
        total += n;
        if (!total)
            break;
    }
    CHECK_EQ(total, b.nr_free);
    for (m = 0; m < FRAMES; m++)
        CHECK_EQ(seen[m], model[m] == FREE);
}

static void reset(void)
{
    memset(&b, 0, sizeof(b));
    b.state = PAGE_FREE;
    memset(model, 0, sizeof(model));
    memset(dirty, 0, sizeof(dirty));
    frame_table_size = FRAMES;
    for (uint64_t i = 0; i < FRAMES; i++)
        frame_table[i] = (struct page){ .state = PAGE_RESERVED };
}

static void add(uint64_t m, uint64_t end)
{
    while (m < end) {
        unsigned int order = MIN(bit_lowest(m), bit_highest(end - m));

        buddy_free(&b, m, order);
        set(m, 1ull << order, FREE);
        memset(&dirty[m], true, 1ull << order);
        m += 1ull << order;
    }
}

/* The frames of a block that was taken, as an owner would mark them. */
static void took(uint64_t m, unsigned int order)
{
    for (uint64_t i = m; i < m + (1ull << order); i++) {
        CHECK(model[i] == FREE);
        CHECK_EQ(frame_table[i].state, PAGE_FREE);
        dirty[i] = false;
        frame_table[i].state = PAGE_GUEST;
    }
    set(m, 1ull << order, TAKEN);
}

/* The lowest address at which the model has room: none must mean none. */
static bool has_room(unsigned int order, uint64_t below)
{
    for (uint64_t m = 1ull << order; m + (1ull << order) <= below;
         m += 1ull << order)
        if (all(m, 1ull << order, FREE))
            return true;
    return false;
}

static struct { uint64_t m; unsigned int order; } owned[FRAMES];
static unsigned int nr_owned;

static void op_take(void)
{
    unsigned int order = rnd(4) ? rnd(5) : rnd(13);
    uint64_t below = rnd(3) ? 0 : 1 + rnd(FRAMES);
    uint64_t m = buddy_take(&b, order, below);

    if (!m) {
        /* A zone that a limit cuts is searched only so far. */
        if (below)
            below = (1ull << bit_highest(below));
        CHECK(!has_room(order, below ? below : FRAMES));
        return;
    }
    CHECK(IS_ALIGNED(m, 1ull << order));
    CHECK(!below || m + (1ull << order) <= below);
    took(m, order);
    owned[nr_owned].m = m;
    owned[nr_owned++].order = order;
}

static void op_free(void)
{
    unsigned int i = rnd(nr_owned), order = owned[i].order;
    uint64_t m = owned[i].m, n = 1ull << order;

    CHECK(all(m, n, TAKEN));
    buddy_free(&b, m, order);
    set(m, n, FREE);
    memset(&dirty[m], true, n);
    owned[i] = owned[--nr_owned];
}

static void op_take_at(void)
{
    uint64_t m = 1 + rnd(FRAMES - 1), limit = 1 + rnd(600);
    uint64_t at = buddy_block_of(&b, m);
    unsigned int order;

    CHECK_EQ(at != 0, model[m] == FREE);
    if (!at)
        return;
    CHECK(at <= m && m < at + (1ull << frame_table[at].order));
    order = buddy_take_at(&b, m, limit);
    CHECK(IS_ALIGNED(m, 1ull << order) && 1ull << order <= limit);
    took(m, order);
    owned[nr_owned].m = m;
    owned[nr_owned++].order = order;
}

/* Scrubs a unit, or what is before some frame of it. */
static void op_scrub(void)
{
    unsigned int order;
    uint64_t m = buddy_take_dirty(&b, &order);
    uint64_t left = BUDDY_CLEAN;

    CHECK_EQ(m != 0, b.dirty);
    if (!m) {
        for (m = 0; m < FRAMES; m++)
            CHECK(!dirty[m]);
        return;
    }
    CHECK(order <= BUDDY_UNIT_ORDER);
    CHECK(all(m, 1ull << order, FREE));
    if (rnd(2))
        left = m + rnd(1u << order);
    for (uint64_t i = m; i < m + (1ull << order); i++) {
        CHECK_EQ(!!(frame_table[i].owner & BUDDY_DIRTY), dirty[i]);
        if (i >= left)
            break;
        dirty[i] = false;
        frame_table[i].owner = 0;
    }
    buddy_put_back(&b, m, order, left);
}

static void test_random(void)
{
    reset();
    nr_owned = 0;
    add(FIRST, 0x4321);
    add(0x4400, FRAMES);
    for (unsigned int i = 0; i < 20000; i++) {
        switch (rnd(nr_owned < 200 ? 6 : 9)) {
        case 0: case 1: case 2:
            op_take();
            break;
        case 3:
            op_take_at();
            break;
        case 4:
            op_scrub();
            break;
        default:
            if (nr_owned)
                op_free();
        }
        if (i % 500 == 0)
            check_lists();
    }
    while (nr_owned)
        op_free();
    while (b.dirty)
        op_scrub();
    check_lists();
    CHECK_EQ(b.nr_free, 0x4321 - FIRST + FRAMES - 0x4400);
}

/* Everything can be taken by single frames, each once, and be put together
 * again. */
static void test_every_frame_once(void)
{
    uint64_t n = 0, m;

    reset();
    add(FIRST, FRAMES);
    while ((m = buddy_take(&b, 0, 0)) != 0) {
        took(m, 0);
        n++;
    }
    CHECK_EQ(n, FRAMES - FIRST);
    for (m = FIRST; m < FRAMES; m++) {
        buddy_free(&b, m, 0);
        set(m, 1, FREE);
        dirty[m] = true;
    }
    check_lists();
    CHECK(buddy_take(&b, 14, 0) == 0x4000);
}

/* A block stays in its set: two sets with neighbours do not merge. */
static void test_two_sets(void)
{
    struct buddy other = { .state = PAGE_POOL };

    reset();
    add(0x400, 0x600);
    buddy_free(&other, 0x600, 9);
    CHECK_EQ(buddy_next(&b, 0, 0), 0x400);
    CHECK_EQ(frame_table[0x400].order, 9);
    CHECK_EQ(buddy_next(&other, 0, 0), 0x600);
    CHECK_EQ(frame_table[0x600].order, 9);
    buddy_free(&other, 0xa00, 9);
    CHECK_EQ(buddy_next(&other, 0, 0x600), 0xa00);
    CHECK_EQ(buddy_next(&other, 0, 0xa00), 0);
    CHECK_EQ(buddy_next(&other, 10, 0), 0);
}

int main(void)
{
    test_every_frame_once();
    test_two_sets();
    for (unsigned int run = 1; run <= 4; run++) {
        seed = run;
        test_random();
    }
    return test_result();
}
