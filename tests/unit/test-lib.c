/* sources: hypervisor/lib/bitmap.c hypervisor/lib/sort.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/* Bitmaps, id pools, sorting, lists and the small helpers. */
#include <string.h>

#include "hypervisor/cpu/atomic.h"
#include "hypervisor/lib/idpool.h"
#include "hypervisor/lib/list.h"
#include "hypervisor/lib/sort.h"
#include "tests/unit/test.h"

TEST_PROGRAM;

#define BITS 300

static uint64_t seed = 1;

static uint32_t rnd(uint32_t n)
{
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(seed >> 33) % n;
}

static size_t slow_run(const bool *m, size_t size, size_t from, size_t n)
{
    for (size_t i = from; i + n <= size; i++) {
        size_t k = 0;

        while (k < n && !m[i + k])
            k++;
        if (k == n)
            return i;
    }
    return size;
}

static void test_bitmap(void)
{
    uint64_t map[BITMAP_WORDS(BITS)] = { 0 };
    bool m[BITS] = { false };

    for (unsigned int round = 0; round < 20000; round++) {
        size_t a = rnd(BITS), n = MIN(rnd(rnd(4) ? 10 : 200), BITS - a), i, k;
        size_t size = 1 + rnd(BITS), count = 0;
        bool v = rnd(2);

        if (v)
            bitmap_set(map, a, n);
        else
            bitmap_clear(map, a, n);
        for (i = a; i < a + n; i++)
            m[i] = v;
        for (i = 0; i < BITS; i++)
            if (bitmap_test(map, i) != m[i])
                CHECK(false);
        for (i = a; i < size && !m[i]; i++)
            ;
        for (k = a; k < size && m[k]; k++)
            ;
        CHECK_EQ(bitmap_find_set(map, size, a), MIN(i, size));
        CHECK_EQ(bitmap_find_clear(map, size, a), MIN(k, size));
        k = 1 + rnd(30);
        if (a < size)
            CHECK_EQ(bitmap_find_run(map, size, a, k), slow_run(m, size, a, k));
        for (i = 0; i < size; i++)
            count += m[i];
        CHECK_EQ(bitmap_count(map, size), count);
    }
}

static void test_idpool(void)
{
    uint64_t used[2] = { 0 };
    struct idpool p;

    idpool_init(&p, used, 70);
    CHECK(idpool_take(&p, 3) && !idpool_take(&p, 3) && !idpool_take(&p, 70));
    for (unsigned int i = 0; i < 69; i++)
        CHECK_EQ(idpool_get(&p), i < 3 ? i : i + 1);
    CHECK_EQ(idpool_get(&p), IDPOOL_NONE);
    idpool_put(&p, 69);
    idpool_put(&p, 5);
    CHECK_EQ(idpool_get(&p), 5);
    idpool_put(&p, 5); /* not at once again */
    CHECK_EQ(idpool_get(&p), 69);
    CHECK_EQ(idpool_get(&p), 5);
}

struct item {
    uint16_t key;
    char other[5];
};

static int by_key(const void *a, const void *b)
{
    return ((const struct item *)a)->key - ((const struct item *)b)->key;
}

static void test_sort(void)
{
    struct item v[100];

    for (unsigned int n = 0; n <= 100; n++) {
        struct item key = { .key = (uint16_t)rnd(50) };
        unsigned int sum = 0, before = 0;
        size_t at;

        for (unsigned int i = 0; i < n; i++) {
            v[i].key = (uint16_t)rnd(50);
            memset(v[i].other, v[i].key, sizeof(v[i].other));
            sum += v[i].key;
            before += v[i].key < key.key;
        }
        sort(v, n, sizeof(v[0]), by_key);
        for (unsigned int i = 0; i < n; i++) {
            CHECK(!i || v[i - 1].key <= v[i].key);
            CHECK_EQ(v[i].other[4], v[i].key);
            sum -= v[i].key;
        }
        CHECK_EQ(sum, 0);
        at = lower_bound(&key, v, n, sizeof(v[0]), by_key);
        CHECK_EQ(at, before);
    }
}

struct node {
    struct list link;
    int v;
};

static void test_list(void)
{
    struct list head = LIST_INIT(head);
    struct node n[4] = { { .v = 0 }, { .v = 1 }, { .v = 2 }, { .v = 3 } };
    struct node *it, *tmp;
    int sum = 0;

    CHECK(list_empty(&head));
    for (unsigned int i = 0; i < 3; i++)
        list_add_tail(&head, &n[i].link);
    list_add(&head, &n[3].link);
    list_for_each(it, &head, link)
        sum = sum * 10 + it->v;
    CHECK_EQ(sum, 3012);
    CHECK(list_first(&head, struct node, link) == &n[3]);
    list_for_each_safe(it, tmp, &head, link)
        if (it->v & 1)
            list_del(&it->link);
    list_del(&n[1].link); /* twice is safe */
    sum = 0;
    list_for_each(it, &head, link)
        sum = sum * 10 + it->v;
    CHECK_EQ(sum, 2);
}

static void test_helpers(void)
{
    uint64_t map[2] = { 0 };

    for (size_t n = 1; n < 70; n++)
        for (size_t i = 0; i < 80; i++)
            CHECK_EQ(index_nospec(i, n), i < n ? i : 0);
    CHECK_EQ(index_nospec(~0ul, 5), 0);
    CHECK_EQ(ALIGN_UP(0x1001u, PAGE_SIZE), 0x2000);
    CHECK_EQ(ALIGN_DOWN(0xffffffffffffffffull, 4096u), 0xfffffffffffff000);
    CHECK_EQ(bit_highest(1), 0);
    CHECK_EQ(bit_lowest(0x8000000000000000), 63);
    CHECK(!atomic_test_and_set_bit(100, map) &&
          atomic_test_and_set_bit(100, map));
    CHECK(map[1] == BIT(36) && test_bit(100, map) && !test_bit(36, map));
    CHECK(atomic_test_and_clear_bit(100, map) && !map[1]);
}

int main(void)
{
    test_bitmap();
    test_idpool();
    test_sort();
    test_list();
    test_helpers();
    return test_result();
}
