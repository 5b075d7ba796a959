/* sources: hypervisor/mm/e820.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory maps: tables of odd ones, then random ones against an array. */
#include <string.h>

#include "hypervisor/abi/errno.h"
#include "hypervisor/mm/e820.h"
#include "tests/unit/test.h"

TEST_PROGRAM;

#define N 64

static uint64_t seed = 1;

static uint32_t rnd(uint32_t n)
{
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(seed >> 33) % n;
}

/* Later in this list wins. */
static const uint32_t by_severity[] = {
    MEM_RAM, MEM_ACPI, MEM_NVS, MEM_RESERVED, MEM_UNUSABLE,
};

static void check_sorted(const struct mem_region *r, int n)
{
    for (int i = 0; i < n; i++) {
        CHECK(r[i].start < r[i].end);
        CHECK(!i || r[i - 1].end < r[i].start ||
              (r[i - 1].end == r[i].start && r[i - 1].type != r[i].type));
    }
}

static void test_random(void)
{
    struct mem_region in[10], out[32], ram[32];
    uint32_t model[N];

    for (unsigned int round = 0; round < 5000; round++) {
        unsigned int n = rnd(11);
        uint64_t a, b;
        int count, left;

        memset(model, 0, sizeof(model));
        for (unsigned int i = 0; i < n; i++) {
            uint64_t start = rnd(N), end = start + rnd(20);

            in[i] = (struct mem_region){ start, MIN(end, (uint64_t)N),
                                         by_severity[rnd(5)] };
        }
        for (unsigned int s = 0; s < 5; s++)
            for (unsigned int i = 0; i < n; i++)
                for (uint64_t x = in[i].start; x < in[i].end; x++)
                    if (in[i].type == by_severity[s])
                        model[x] = by_severity[s];

        count = e820_normalise(in, n, out, 32);
        CHECK(count >= 0);
        check_sorted(out, count);
        a = rnd(N);
        b = rnd(4) ? a + rnd(30) : a;
        for (unsigned int cut = 0; cut < 2; cut++) {
            for (uint64_t x = 0; x < N; x++) {
                uint32_t type = 0;

                for (int i = 0; i < count; i++)
                    if (out[i].start <= x && x < out[i].end)
                        type = out[i].type;
                CHECK_EQ(type, model[x]);
            }
            left = e820_remove(out, (unsigned int)count, 32, a, b);
            CHECK(left >= 0 && left <= count + 1);
            count = left;
            for (uint64_t x = a; x < b && x < N; x++)
                model[x] = 0;
        }
        (void)e820_ram_pages(out, (unsigned int)count, ram);
    }
}

static void test_limits(void)
{
    struct mem_region r[3] = { { 0, 100, MEM_RAM }, { 200, 300, 9 } }, out[3];

    CHECK_EQ(e820_remove(r, 2, 2, 10, 20), -E2BIG);
    CHECK_EQ(r[0].end, 100);
    CHECK_EQ(e820_remove(r, 2, 3, 10, 20), 3);
    CHECK(r[1].start == 20 && r[1].end == 100 && r[2].start == 200);
    CHECK_EQ(e820_normalise(r, 3, out, 2), -E2BIG);
    CHECK_EQ(e820_normalise(r, 3, out, 3), 3);
    CHECK_EQ(out[2].type, 9); /* an unknown type is kept, as not RAM */
    CHECK_EQ(e820_normalise(r, 0, out, 3), 0);

    /* Up to the last byte of 64 bits. */
    r[0] = (struct mem_region){ ~0ull - 0x5000, ~0ull, MEM_RAM };
    r[1] = (struct mem_region){ ~0ull - 0x800, ~0ull, MEM_RESERVED };
    CHECK_EQ(e820_normalise(r, 2, out, 3), 2);
    CHECK(out[1].start == ~0ull - 0x800 && out[1].end == ~0ull);
    CHECK_EQ(e820_ram_pages(out, 2, r), 1);
    CHECK_EQ(r[0].start, ~0ull - 0x4fff);
    CHECK_EQ(r[0].end, ~0ull - 0xfff);
}

static void test_pages(void)
{
    const struct mem_region in[] = {
        { 0, 0x9fc00, MEM_RAM }, { 0x100001, 0x101fff, MEM_RAM },
        { 0x200000, 0x300000, MEM_ACPI }, { 0x400fff, 0x402000, MEM_RAM },
    };
    struct mem_region out[4];

    CHECK_EQ(e820_ram_pages(in, 4, out), 2);
    CHECK(out[0].start == 0 && out[0].end == 0x9f000);
    CHECK(out[1].start == 0x401000 && out[1].end == 0x402000);
}

int main(void)
{
    test_random();
    test_limits();
    test_pages();
    return test_result();
}
