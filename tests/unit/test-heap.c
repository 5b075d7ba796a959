/* sources: hypervisor/mm/heap.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The heap on pages of the host's allocator, so that ASan sees a step out of
 * a page: random objects that must stay as they were written, memory that runs
 * out, and nothing left behind.
 */
#include <string.h>

#include "tests/unit/fakes/fakes.h"
#include "tests/unit/test.h"

TEST_PROGRAM;

#define OBJECTS 2000

static uint64_t seed = 1;

static uint32_t rnd(uint32_t n)
{
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(seed >> 33) % n;
}

static struct { uint8_t *p; size_t size; uint8_t mark; } objects[OBJECTS];
static unsigned int nr;

static bool filled(const uint8_t *p, size_t n, uint8_t v)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] != v)
            return false;
    return true;
}

static void make(void)
{
    size_t size = rnd(50) ? rnd(600) : rnd(40000);
    uint8_t *p = rnd(2) ? heap_alloc(size) : heap_alloc_array(size, 1);

    if (!p)
        return;
    CHECK(IS_ALIGNED((uintptr_t)p, size >= PAGE_SIZE ? PAGE_SIZE : 16));
    CHECK(filled(p, size, 0));
    objects[nr].p = p;
    objects[nr].size = size;
    objects[nr].mark = (uint8_t)(1 + rnd(255));
    memset(p, objects[nr].mark, size);
    nr++;
}

static void drop(unsigned int i)
{
    CHECK(filled(objects[i].p, objects[i].size, objects[i].mark));
    heap_free(objects[i].p);
    objects[i] = objects[--nr];
}

static void test_random(void)
{
    for (unsigned int round = 0; round < 40000; round++) {
        if (rnd(100) == 0)
            fake_fail_after(rnd(2) ? (int)rnd(5) : -1);
        if (nr < OBJECTS && (rnd(100) < 55 || !nr))
            make();
        else if (nr)
            drop(rnd(nr));
    }
    fake_fail_after(-1);
    while (nr)
        drop(nr - 1);
    /* One page of each size may stay. */
    CHECK(fake_allocs() <= 8);
}

/* An object's worth of memory is what it takes. */
static void test_density(void)
{
    static void *p[256];
    unsigned int before = fake_allocs();

    for (unsigned int i = 0; i < 256; i++)
        p[i] = heap_alloc(16);
    CHECK(fake_allocs() <= before + 1);
    for (unsigned int i = 0; i < 256; i++)
        for (unsigned int k = 0; k < i; k++)
            if (p[i] == p[k])
                CHECK(false);
    for (unsigned int i = 0; i < 256; i++)
        heap_free(p[i]);
}

int main(void)
{
    test_random();
    test_density();
    CHECK(heap_alloc_array(1ul << 33, 1ul << 33) == NULL);
    CHECK(heap_alloc(~0ul - 100) == NULL);
    heap_free(NULL);
    return test_result();
}
