/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device model's view of its guest's screen: a second domain is made, in
 * large pages, which writes what it is told; track_dirty_vram must report
 * what it wrote, all of it and, while nothing else happens, nothing more.
 *
 * hypervisor/abi/dm-op.h; Xen's public/hvm/dm_op.h.
 */
#include "tests/guest/dirty/dirty.h"

#include "hypervisor/abi/dm-op.h"
#include "hypervisor/abi/memory.h"
#include "tests/guest/lib/clock.h"
#include "tests/guest/lib/hypercall.h"
#include "tests/guest/lib/lib.h"
#include "tests/guest/lib/second.h"

#define LARGE_PAGES 4
#define SCREEN 0x203    /* its first frame */
#define FRAMES 1200     /* more than a CPU can log at once: 512 */

extern const uint8_t code[], code_end[];

static struct {
    volatile uint32_t count, at, step;
} *orders;
static volatile uint32_t *shown; /* a page of the screen */
static uint8_t map[FRAMES / 8];

static void create(void)
{
    xen_pfn_t list[LARGE_PAGES];
    struct xen_memory_reservation r = {
        .extent_start = { addr(list) }, .nr_extents = LARGE_PAGES,
        .extent_order = 9,
    };

    second_create(LARGE_PAGES << 11);
    for (unsigned int i = 0; i < LARGE_PAGES; i++)
        list[i] = i << 9;
    r.domid = second;
    if (memory_op(XENMEM_populate_physmap, &r) != LARGE_PAGES)
        fail("no memory for it");
}

static void start(void)
{
    orders = (void *)((char *)second_map(ORDERS >> 12, gap_alloc()) + ORDERS);
    shown = second_map(SCREEN, gap_alloc());
    second_start(second_map(SECOND_CODE >> 12, gap_alloc()), code, code_end);
}

static void order(unsigned int first, unsigned int n, unsigned int step)
{
    orders->at = (SCREEN + first) << 12;
    orders->step = step << 12;
    barrier();
    orders->count = n;
}

static bool done(void)
{
    for (unsigned int i = 0; i < 20000 && orders->count; i++)
        delay_us(100);
    return report(!orders->count, "it does not write");
}

static long track(uint64_t first, uint32_t n)
{
    struct xen_dm_op op = { .op = XEN_DMOP_track_dirty_vram,
                            .u.track_dirty_vram = { .nr = n,
                                                    .first_pfn = first } };
    struct xen_dm_op_buf bufs[] = {
        { { addr(&op) }, sizeof(op) }, { { addr(map) }, sizeof(map) },
    };

    memset(map, 0, sizeof(map));
    return hypercall(__HYPERVISOR_dm_op, second, 2, addr(bufs));
}

static unsigned int bits(void)
{
    unsigned int n = 0;

    for (unsigned int i = 0; i < FRAMES; i++)
        n += map[i / 8] >> i % 8 & 1;
    return n;
}

/* A report has n bits, of each step-th frame from the first. */
static void expect(unsigned int first, unsigned int n, unsigned int step,
                   const char *what)
{
    report_eq(track(SCREEN, FRAMES), 0, what);
    report_eq(bits(), n, what);
    for (unsigned int i = first; n--; i += step)
        if (!report(map[i / 8] >> i % 8 & 1, "%s: not frame %u", what, i))
            return;
}

static void test_reports(void)
{
    expect(0, FRAMES, 1, "the first report has all");
    expect(0, 0, 1, "nothing was written");
    order(0, 1, 1);
    done();
    report_eq(*shown, 1, "what it wrote");
    expect(0, 1, 1, "one frame");
    expect(0, 0, 1, "no more");
    for (unsigned int step = 1; step < 100; step = 3 * step + 1) {
        order(5, 10, step);
        done();
        expect(5, 10, step, "some frames");
    }
    order(0, FRAMES, 1);
    done();
    expect(0, FRAMES, 1, "all frames");
    order(3, 597, 2);
    done();
    order(3, 597, 2);
    done();
    expect(3, 597, 2, "some frames twice");
    order(FRAMES, 50, 1);
    done();
    expect(0, 0, 1, "frames behind the screen");
}

/* Reports while it writes: nothing is lost. */
static void test_while_it_writes(void)
{
    static uint8_t seen[FRAMES / 8];

    for (unsigned int round = 0; round < 10; round++) {
        memset(seen, 0, sizeof(seen));
        order(0, FRAMES, 1);
        for (bool more = true; more;) {
            more = orders->count;
            barrier();
            report_eq(track(SCREEN, FRAMES), 0, "report");
            for (unsigned int i = 0; i < sizeof(seen); i++)
                seen[i] |= map[i];
        }
        memcpy(map, seen, sizeof(map));
        if (!report(bits() == FRAMES, "round %u: %u frames", round, bits()))
            return;
    }
    expect(0, 0, 1, "all is quiet");
}

static void test_other_ranges(void)
{
    report_eq(track(SCREEN + 100, 16), 0, "it moves");
    report_eq(bits(), 16, "the first report");
    order(90, 20, 1);
    done();
    report_eq(track(SCREEN + 100, 16), 0, "report");
    report_eq(bits(), 10, "what is in it");
    report_eq(track(0, 0), 0, "it ends");
    order(0, FRAMES, 1);
    done();
    expect(0, FRAMES, 1, "it begins again");
    order(7, 3, 1);
    done();
    expect(7, 3, 1, "and is as before");
}

TEST_MAIN()
{
    create();
    start();
    test_reports();
    test_while_it_writes();
    test_other_ranges();
    second_destroy();
}
