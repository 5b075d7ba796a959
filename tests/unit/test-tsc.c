/* sources: hvm/base/tsc.c hvm/mem/p2m.c hvm/mem/peek.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rates of guests' TSCs: the ratios that CPUs of either vendor can express,
 * what is the machine's own rate, what is refused, and that a TSC goes on from
 * where it was when its rate changes.
 */
#include "hvm/base/hvm.h"

#include "hypervisor/abi/errno.h"
#include "tests/unit/hvm-fakes.h"

TEST_PROGRAM;

uint64_t tsc_hz = 2000000000;
struct tsc_scale tsc_scale = { 1, 0 };
struct tsc_scale tsc_scale_for(uint64_t freq)
{
    return (struct tsc_scale){ (uint32_t)(freq / 1000), 7 };
}

static const struct tsc_scaling amd = { 8, 32 }, intel = { 16, 48 };

static void ratios(void)
{
    static const struct {
        uint64_t khz, hz, amd, intel; /* ratios with 32 and 48 bits */
    } t[] = {
        { 2000000, 2000000000, 1ull << 32, 1ull << 48 },
        { 3000000, 2000000000, 3ull << 31, 3ull << 47 },
        { 500000, 2000000000, 1ull << 30, 1ull << 46 },
        /* Down, to what the CPU can express. */
        { 1000000, 3000000000, 0x55555555, 0x555555555555 },
        { 2000000, 3000000000, 0xaaaaaaaa, 0xaaaaaaaaaaaa },
        /* As large as there are bits for. */
        { 255000000, 1000000000, 255ull << 32, 255ull << 48 },
        { 256000000, 1000000000, 0, 256ull << 48 },
        { 0xffffffff, 0xffffffff, 1000ull << 32, 1000ull << 48 },
        { 0xffffffff, 65536000, 0, 0xffffffff000000ull << 8 },
        { 0xffffffff, 65535000, 0, 0 },
        /* And as small. */
        { 1, 4294967296000, 1, 1 << 16 },
        { 1, 4294967297000, 0, 0xffff },
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
        uint64_t a = t[i].amd >> 40 ? 0 : t[i].amd;

        CHECK_EQ(tsc_ratio_for(amd, t[i].khz, t[i].hz), a << 16);
        CHECK_EQ(tsc_ratio_for(intel, t[i].khz, t[i].hz), t[i].intel);
    }
    CHECK_EQ(tsc_ratio_for((struct tsc_scaling){ 0, 0 }, 1000, 1000000), 0);
    /* The product has 128 bits; what is above 64 of the result is lost. */
    CHECK_EQ(tsc_scaled(0, 12345), 12345);
    CHECK_EQ(tsc_scaled(TSC_RATIO_ONE, ~0ull), ~0ull);
    CHECK_EQ(tsc_scaled(3ull << 47, 1ull << 62), 3ull << 61);
    CHECK_EQ(tsc_scaled(3ull << 47, 5), 7);
    CHECK_EQ(tsc_scaled(4ull << 48, 1ull << 62 | 5), 20);
}

/* Time's scales of some rates: never early, late by a few in 10^9. */
static void durations(void)
{
    static const struct {
        struct tsc_scale s;
        uint64_t ticks, least, most;
    } t[] = {
        { { 0x80000000, 0 }, 0, 0, 1 },             /* 2 GHz */
        { { 0x80000000, 0 }, 2000000000, 1000000000, 1000000002 },
        { { 0xaaaaaaaa, -1 }, 3, 1, 3 },            /* 3 GHz */
        { { 0xaaaaaaaa, -1 }, 3000000000, 1000000000, 1000000003 },
        { { 0xc8000000, 7 }, 10000000, 1000000000, 1000000002 }, /* 10 MHz */
        { { 0x80000000, 0 }, 1ull << 63, 1ull << 62, (1ull << 62) + (4ull << 30) },
        { { 0x80000000, 0 }, ~0ull, 1ull << 62, ~0ull },
        { { 0xc8000000, 7 }, ~0ull, 1ull << 62, ~0ull },
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
        uint64_t ns = tsc_duration(t[i].s, t[i].ticks);

        CHECK(ns >= t[i].least);
        CHECK(ns <= t[i].most);
    }
}

static void rates(struct domain *d)
{
    static const struct {
        struct tsc_scaling s;
        uint64_t khz;
        bool started;
        int rc;
        uint64_t has, ratio;
    } t[] = {
        { { 0, 0 }, 0, false, 0, 2000000, 0 },
        { { 0, 0 }, 2000000, false, 0, 2000000, 0 },
        { { 0, 0 }, 2000500, false, 0, 2000000, 0 },
        { { 0, 0 }, 1999500, true, 0, 2000000, 0 },
        { { 0, 0 }, 2000501, false, -EOPNOTSUPP, 2000000, 0 },
        { { 0, 0 }, 1999499, true, -EOPNOTSUPP, 2000000, 0 },
        { { 0, 0 }, 1, false, -EOPNOTSUPP, 2000000, 0 },
        { { 8, 32 }, 2000500, false, 0, 2000000, 0 },
        { { 8, 32 }, 4000000, false, 0, 4000000, 2ull << 48 },
        { { 8, 32 }, 4000000, true, 0, 4000000, 2ull << 48 },
        { { 8, 32 }, 2000000, true, -EEXIST, 4000000, 2ull << 48 },
        { { 8, 32 }, 600000000, false, -EOPNOTSUPP, 4000000, 2ull << 48 },
        { { 16, 48 }, 600000000, false, 0, 600000000, 300ull << 48 },
        { { 16, 48 }, 3000000, false, 0, 3000000, 3ull << 47 },
        { { 16, 48 }, 3000001, true, -EEXIST, 3000000, 3ull << 47 },
        { { 16, 48 }, 0, false, 0, 2000000, 0 },
    };

    d->hvm->tsc_khz = 2000000;
    d->hvm->tsc_scale = tsc_scale;
    for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
        uint64_t before[2], made = d->hvm->tsc_offset;

        fake_tsc = 1000000 + i * 77777;
        made += tsc_scaled(d->hvm->tsc_ratio, fake_tsc);
        for (unsigned int n = 0; n < 2; n++)
            before[n] = hvm_guest_tsc(d->vcpu[n], fake_tsc);
        tsc_scaling = t[i].s;
        d->started = t[i].started;
        CHECK_EQ(hvm_set_tsc_khz(d, t[i].khz), t[i].rc);
        CHECK_EQ(d->hvm->tsc_khz, t[i].has);
        CHECK_EQ(d->hvm->tsc_ratio, t[i].ratio);
        for (unsigned int n = 0; n < 2; n++)
            CHECK_EQ(hvm_guest_tsc(d->vcpu[n], fake_tsc), before[n]);
        CHECK_EQ(d->hvm->tsc_offset + tsc_scaled(t[i].ratio, fake_tsc), made);
        if (t[i].rc)
            continue;
        CHECK_EQ(d->hvm->tsc_scale.shift, t[i].ratio ? 7 : 0);
        CHECK_EQ(d->hvm->tsc_scale.mul, t[i].ratio ? t[i].has : 1);
    }
}

int main(void)
{
    fake_doms_create();
    doms[1].v[0].hvm->tsc_offset = 123;
    doms[1].v[1].hvm->tsc_offset = -456ull;
    ratios();
    durations();
    rates(&doms[1].d);
    fake_doms_destroy();
    return test_result();
}
