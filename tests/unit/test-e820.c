/* sources: hypervisor/mm/e820.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory maps: tables of odd ones, then random ones against an array. */
#include <setjmp.h>
#include <string.h>

#include "hypervisor/mm/e820.h"
#include "tests/unit/fakes/fakes.h"
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

static void check_sorted(const struct mem_map *map)
{
    for (unsigned int i = 0; i < map->n; i++) {
        const struct mem_region *r = &map->r[i];

        CHECK(r->start < r->end);
        CHECK(!i || r[-1].end < r->start ||
              (r[-1].end == r->start && r[-1].type != r->type));
    }
}

static void test_random(void)
{
    static struct mem_map out;
    struct mem_region in[10];
    uint32_t model[N];

    for (unsigned int round = 0; round < 5000; round++) {
        unsigned int n = rnd(11);
        uint32_t type;
        uint64_t a, b;

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

        e820_normalise(in, n, &out);
        check_sorted(&out);
        for (unsigned int cut = 0; cut < 4; cut++) {
            for (uint64_t x = 0; x < N; x++) {
                uint32_t type = 0;

                for (unsigned int i = 0; i < out.n; i++)
                    if (out.r[i].start <= x && x < out.r[i].end)
                        type = out.r[i].type;
                CHECK_EQ(type, model[x]);
            }
            a = rnd(N);
            b = rnd(4) ? a + rnd(30) : a;
            type = rnd(2) ? by_severity[rnd(5)] : 0;
            e820_set(&out, a, MIN(b, (uint64_t)N), type);
            check_sorted(&out);
            for (uint64_t x = a; x < b && x < N; x++)
                model[x] = type;
        }
    }
}

/* True if that ends the boot. */
static bool is_too_much(struct mem_map *map, uint64_t start, uint64_t end,
                        uint32_t type)
{
    jmp_buf jump;

    fake_panic_jump = &jump;
    if (!setjmp(jump)) {
        e820_set(map, start, end, type);
        fake_panic_jump = NULL;
        return false;
    }
    fake_panic_jump = NULL;
    return strstr(fake_panic_text, "pieces");
}

static void test_limits(void)
{
    static struct mem_map map, out;
    const struct mem_region last[] = {
        { ~0ull - 0x5000, ~0ull, MEM_RAM },
        { ~0ull - 0x800, ~0ull, MEM_RESERVED },
    };

    for (uint64_t i = 0; i <= MEM_REGIONS_MAX; i++)
        e820_set(&map, i * 100, i * 100 + 50, MEM_RAM);
    CHECK(is_too_much(&map, 1000000, 1000001, 9));
    CHECK(is_too_much(&map, 10, 20, 0));
    CHECK_EQ(map.n, MEM_REGIONS_MAX + 1);
    CHECK_EQ(map.r[0].end, 50);
    e820_normalise(map.r, map.n, &out);
    CHECK_EQ(out.n, MEM_REGIONS_MAX + 1);
    map.n = 2;
    e820_set(&map, 10, 20, 0);
    CHECK_EQ(map.n, 3);
    CHECK(map.r[0].start == 0 && map.r[0].end == 10);
    CHECK(map.r[1].start == 20 && map.r[1].end == 50);
    CHECK(map.r[2].start == 100 && map.r[2].end == 150);
    map.r[2].type = 9; /* an unknown type is not RAM */
    e820_normalise(map.r, 3, &out);
    CHECK_EQ(out.n, 3);
    CHECK_EQ(out.r[2].type, MEM_RESERVED);
    e820_normalise(map.r, 0, &out);
    CHECK_EQ(out.n, 0);
    /* Frames, whole or not. */
    map.n = 0;
    e820_set(&map, 0x5800, 0x6001, MEM_RAM);
    e820_set(&map, 0x9000, 0xa000, MEM_RESERVED);
    CHECK(!e820_has_ram(&map, 0, 5));
    CHECK(e820_has_ram(&map, 0, 6));
    CHECK(e820_has_ram(&map, 6, 1));
    CHECK(!e820_has_ram(&map, 7, 100));
    e820_set(&map, 0x9000, 0x9001, MEM_UNUSABLE);
    CHECK(e820_has_ram(&map, 9, 1));

    /* Up to the last byte of 64 bits. */
    e820_normalise(last, 2, &out);
    CHECK_EQ(out.n, 2);
    CHECK(out.r[1].start == ~0ull - 0x800 && out.r[1].end == ~0ull);
}

int main(void)
{
    test_random();
    test_limits();
    return test_result();
}
