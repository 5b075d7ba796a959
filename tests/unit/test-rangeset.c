/* sources: hypervisor/lib/rangeset.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/* Sets of ranges against a bitmap, at both ends of the numbers. */
#include <string.h>

#include "hypervisor/abi/errno.h"
#include "hypervisor/lib/rangeset.h"
#include "tests/unit/test.h"

TEST_PROGRAM;

#define N 200
#define LIMIT 12

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
    struct range storage[LIMIT + 1] = { 0 };
    bool model[N] = { false }, next[N];
    struct rangeset s;

    storage[LIMIT].first = 0x5555; /* beyond the array */
    rangeset_init(&s, storage, LIMIT);
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
        } else if (runs(next) > LIMIT) {
            CHECK_EQ(rc, -ENOSPC);
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
    CHECK_EQ(storage[LIMIT].first, 0x5555);
}

static void test_ends(void)
{
    struct range storage[2];
    struct rangeset s;

    rangeset_init(&s, storage, 2);
    CHECK(!rangeset_contains(&s, 0, ~0ull));
    CHECK_EQ(rangeset_add(&s, 0, ~0ull), 0);
    CHECK(rangeset_contains(&s, 0, ~0ull));
    CHECK(!rangeset_contains(&s, 5, 4));
    CHECK_EQ(rangeset_remove(&s, 10, 20), 0);
    CHECK_EQ(s.nr, 2);
    CHECK_EQ(rangeset_remove(&s, 30, 40), -ENOSPC);
    CHECK_EQ(rangeset_remove(&s, 0, 9), 0);
    CHECK_EQ(rangeset_remove(&s, 21, ~0ull), 0);
    CHECK_EQ(s.nr, 0);
}

int main(void)
{
    random_ops(0);
    random_ops(1);
    random_ops(~0ull - N + 1);
    test_ends();
    return test_result();
}
