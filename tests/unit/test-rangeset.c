/* sources: hypervisor/lib/rangeset.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/* Sets of ranges against a bitmap, at both ends of the numbers. */
#include <string.h>

#include "hypervisor/abi/errno.h"
#include "hypervisor/lib/rangeset.h"
#include "tests/unit/test.h"

TEST_PROGRAM;

#define N 200

static uint64_t seed = 1;

static uint32_t rnd(uint32_t n)
{
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(seed >> 33) % n;
}

/* Runs of ones in the model. */
static unsigned int runs(const bool *m)
{
    unsigned int n = 0;

    for (unsigned int i = 0; i < N; i++)
        n += m[i] && (!i || !m[i - 1]);
    return n;
}

static void random_ops(uint64_t base)
{
    bool model[N] = { false }, next[N];
    struct rangeset s = { 0 };

    for (unsigned int round = 0; round < 20000; round++) {
        unsigned int a = rnd(N), b = MIN(a + rnd(rnd(6) ? 12 : N), N - 1u);
        bool all = true, any = false, add = rnd(2);
        uint64_t prev = 0;
        unsigned int n = 0;
        int rc;

        for (unsigned int i = a; i <= b; i++) {
            all &= model[i];
            any |= model[i];
        }
        CHECK_EQ(rangeset_contains(&s, base + a, base + b), all);

        memcpy(next, model, sizeof(next));
        for (unsigned int i = a; i <= b; i++)
            next[i] = add;
        rc = add ? rangeset_add(&s, base + a, base + b)
                 : rangeset_remove(&s, base + a, base + b);
        if (add ? any : !all) {
            CHECK_EQ(rc, add ? -EEXIST : -ENOENT);
        } else {
            CHECK_EQ(rc, 0);
            memcpy(model, next, sizeof(model));
        }

        CHECK_EQ(s.nr, runs(model));
        for (struct range *r = s.ranges; r < s.ranges + s.nr; r++) {
            CHECK(r->first <= r->last);
            CHECK(r == s.ranges || r->first > prev + 1);
            for (uint64_t i = r->first; i - 1 != r->last; i++)
                n += model[i - base];
            prev = r->last;
        }
        for (unsigned int i = 0; i < N; i++)
            n -= model[i];
        CHECK_EQ(n, 0);
    }
}

static void test_ends(void)
{
    struct rangeset s = { 0 };

    CHECK(!rangeset_contains(&s, 0, ~0ull));
    CHECK_EQ(rangeset_add(&s, 0, ~0ull), 0);
    CHECK(rangeset_contains(&s, 0, ~0ull));
    CHECK(!rangeset_contains(&s, 5, 4));
    CHECK_EQ(rangeset_remove(&s, 10, 20), 0);
    CHECK_EQ(s.nr, 2);
    CHECK_EQ(rangeset_remove(&s, 15, 16), -ENOENT);
    CHECK_EQ(rangeset_remove(&s, 0, 9), 0);
    CHECK_EQ(rangeset_remove(&s, 21, ~0ull), 0);
    CHECK_EQ(s.nr, 0);
}

/* Full: nothing changes, and nothing behind the array. */
static void test_full(void)
{
    struct { struct rangeset s; uint64_t behind; } t = { .behind = 0x5555 };
    struct rangeset before;

    for (uint64_t i = 0; i < RANGESET_MAX - 1; i++)
        CHECK_EQ(rangeset_add(&t.s, i * 4, i * 4 + 1), 0);
    CHECK_EQ(rangeset_add(&t.s, 5000, 6000), 0);
    before = t.s;
    CHECK_EQ(rangeset_add(&t.s, 2002, 2002), -ENOSPC);
    CHECK_EQ(rangeset_add(&t.s, 7000, 7000), -ENOSPC);
    CHECK_EQ(rangeset_remove(&t.s, 5500, 5500), -ENOSPC);
    CHECK(!memcmp(&before, &t.s, sizeof(before)));
    CHECK_EQ(t.behind, 0x5555);
    CHECK_EQ(rangeset_add(&t.s, 2, 3), 0); /* joins two */
    CHECK_EQ(rangeset_remove(&t.s, 5500, 5500), 0);
    CHECK_EQ(t.s.nr, RANGESET_MAX);
}

int main(void)
{
    random_ops(0);
    random_ops(1);
    random_ops(~0ull - N + 1);
    test_ends();
    test_full();
    return test_result();
}
