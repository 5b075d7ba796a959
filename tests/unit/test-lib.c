/* sources: */
/* SPDX-License-Identifier: GPL-2.0-only */
/* Lists and the small helpers. */
#include <string.h>

#include "hypervisor/cpu/atomic.h"
#include "hypervisor/lib/list.h"
#include "tests/unit/test.h"

TEST_PROGRAM;

struct node {
    struct list link;
    int v;
};

static void test_list(void)
{
    struct list head;
    struct node n[4] = { { .v = 0 }, { .v = 1 }, { .v = 2 }, { .v = 3 } };
    struct node *it;
    int sum = 0;

    list_init(&head);
    CHECK(list_empty(&head));
    for (unsigned int i = 0; i < 3; i++)
        list_add(head.prev, &n[i].link);
    list_add(&head, &n[3].link);
    list_for_each(it, &head, link)
        sum = sum * 10 + it->v;
    CHECK_EQ(sum, 3012);
    CHECK(list_first(&head, struct node, link) == &n[3]);
    list_del(&n[1].link);
    list_del(&n[3].link);
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
    test_list();
    test_helpers();
    return test_result();
}
