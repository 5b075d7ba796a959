/* sources: hvm/base/tlb-tag.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tags of translations: on one CPU no two vCPUs own the same one unless a
 * flush was between them, a new generation flushes once, and a tag of another
 * CPU or one that was dropped is not kept.
 */
#include <string.h>

#include "hvm/base/hvm.h"
#include "tests/unit/fakes/fakes.h"
#include "tests/unit/test.h"

TEST_PROGRAM;

static void in_order(void)
{
    struct tlb_tag a = { 0 }, b = { 0 }, c = { 0 };

    fake_set_cpu(0);
    tlb_tags_init_cpu(3);
    /* What ran before Lodge may have left translations. */
    CHECK_EQ(tlb_tag_take(&a), TAG_RECYCLED);
    CHECK_EQ(a.id, 1);
    CHECK_EQ(tlb_tag_take(&b), TAG_NEW);
    CHECK_EQ(b.id, 2);
    CHECK_EQ(tlb_tag_take(&a), TAG_KEPT);
    CHECK_EQ(a.id, 1);
    /* They have run out: the next one begins a generation and flushes. */
    CHECK_EQ(tlb_tag_take(&c), TAG_RECYCLED);
    CHECK_EQ(c.id, 1);
    CHECK_EQ(tlb_tag_take(&c), TAG_KEPT);
    CHECK_EQ(tlb_tag_take(&a), TAG_NEW);
    CHECK_EQ(a.id, 2);
    CHECK_EQ(tlb_tag_take(&c), TAG_KEPT);
}

static void dropped(void)
{
    struct tlb_tag a = { 0 };
    uint32_t id;

    tlb_tags_init_cpu(100);
    (void)tlb_tag_take(&a);
    id = a.id;
    tlb_tag_drop(&a);
    CHECK_EQ(tlb_tag_take(&a), TAG_NEW);
    CHECK(a.id != id);
    CHECK_EQ(tlb_tag_take(&a), TAG_KEPT);
}

/* Each CPU has its own; what is left on the CPU before is not used again. */
static void moving(void)
{
    struct tlb_tag a = { 0 }, b = { 0 };
    uint32_t id;

    for (unsigned int cpu = 0; cpu < 2; cpu++) {
        fake_set_cpu(cpu);
        tlb_tags_init_cpu(100);
    }
    CHECK_EQ(tlb_tag_take(&a), TAG_RECYCLED);
    CHECK_EQ(a.cpu, 1);
    fake_set_cpu(0);
    CHECK_EQ(tlb_tag_take(&b), TAG_RECYCLED);
    CHECK_EQ(tlb_tag_take(&a), TAG_NEW);
    CHECK_EQ(a.cpu, 0);
    CHECK(a.id != b.id);
    id = a.id;
    fake_set_cpu(1);
    CHECK_EQ(tlb_tag_take(&a), TAG_NEW);
    CHECK_EQ(a.id, 2);
    fake_set_cpu(0);
    CHECK_EQ(tlb_tag_take(&a), TAG_NEW);
    CHECK(a.id != id);
}

/* A CPU with no tag but the host's and one more still works. */
static void one_tag(void)
{
    struct tlb_tag a = { 0 }, b = { 0 };

    fake_set_cpu(0);
    tlb_tags_init_cpu(0);
    for (unsigned int i = 0; i < 4; i++) {
        struct tlb_tag *t = i & 1 ? &b : &a;

        CHECK_EQ(tlb_tag_take(t), TAG_RECYCLED);
        CHECK_EQ(t->id, 1);
    }
}

static uint32_t random_below(uint32_t n)
{
    static uint64_t s = 88172645463325252ull;

    s ^= s << 13;
    s ^= s >> 7;
    s ^= s << 17;
    return (uint32_t)((s >> 20) % n);
}

#define CPUS 3
#define TAGS 5
#define NR 7

/* No owner of a tag sees what another left under it. */
static void random_owners(void)
{
    static uint32_t owner[CPUS][TAGS];
    struct tlb_tag t[NR];
    unsigned int flushes = 0, kept = 0;

    memset(t, 0, sizeof(t));
    for (unsigned int cpu = 0; cpu < CPUS; cpu++) {
        fake_set_cpu(cpu);
        tlb_tags_init_cpu(TAGS);
        for (unsigned int i = 0; i < TAGS; i++)
            owner[cpu][i] = NR; /* a stranger's */
    }
    for (unsigned int n = 0; n < 20000; n++) {
        unsigned int i = random_below(NR), cpu = random_below(CPUS);
        bool drop = random_below(4) == 0;
        enum tlb_tag_state state;

        if (random_below(3))
            cpu = t[i].cpu;
        fake_set_cpu(cpu);
        if (drop)
            tlb_tag_drop(&t[i]);
        state = tlb_tag_take(&t[i]);
        CHECK(t[i].id >= 1 && t[i].id < TAGS);
        CHECK_EQ(t[i].cpu, cpu);
        if (state == TAG_RECYCLED) {
            memset(owner[cpu], 0xff, sizeof(owner[cpu]));
            flushes++;
        }
        if (state == TAG_KEPT) {
            CHECK(!drop);
            CHECK_EQ(owner[cpu][t[i].id], i);
            kept++;
        } else {
            CHECK_EQ(owner[cpu][t[i].id], ~0u);
        }
        owner[cpu][t[i].id] = i;
    }
    CHECK(flushes > 100 && kept > 100);
}

int main(void)
{
    in_order();
    dropped();
    moving();
    one_tag();
    random_owners();
    return test_result();
}
