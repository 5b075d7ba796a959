/* sources: hvm/dirty.c hvm/mem/p2m.c hvm/mem/peek.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Dirty tracking of a screen against a model: a frame that was written since
 * the last report is in the next one, whoever wrote it; the range moves while
 * others write; no write reaches a frame unseen. All that with writes that
 * fault, and with a CPU that logs them.
 */
#define sched_yield host_sched_yield
#include <pthread.h>
#undef sched_yield

#include "hvm/vcpu.h"
#include "tests/unit/hvm-fakes.h"

TEST_PROGRAM;

#define FRAMES 600
#define BASE 0x200

static struct domain *d;
static uint8_t map[DIRTY_VRAM_MAX / 8];

/* The CPU: its log, and of which leaves it has cached that they are dirty. */
static uint64_t cpu_log[FRAMES];
static unsigned int logged;
static bool cached[FRAMES];

/* The guest writes: it faults, or the CPU logs, where the map says so. */
static void guest_writes(uint64_t g)
{
    unsigned int order;
    uint64_t *leaf = fake_leaf(d, gfn(g), &order);

    if (!(*leaf & 2))
        dirty_mark(d, gfn(g));
    if (!pt_format.dirty || cached[g - BASE])
        return;
    cached[g - BASE] = true;
    if (!(*leaf & FAKE_DIRTY)) {
        *leaf |= FAKE_DIRTY;
        CHECK(logged < FRAMES);
        cpu_log[logged++] = g;
    }
}

static void guest_exits(void)
{
    while (logged)
        guest_frame_dirtied(d, gfn(cpu_log[--logged]));
}

/* As when the domain goes. */
static void forget(void)
{
    heap_free(d->hvm->dirty);
    d->hvm->dirty = NULL;
}

static bool reported(unsigned int i)
{
    return map[i / 8] >> i % 8 & 1;
}

static void against_model(void)
{
    static bool wrote[FRAMES];
    uint64_t first = BASE + 10;
    unsigned int nr = 500;
    bool fresh = true;

    for (unsigned int round = 0; round < 60; round++) {
        if (fake_random(8) == 0) {
            first = BASE + fake_random(50);
            nr = 1 + fake_random(500);
            fresh = true;
        }
        memset(map, 0xff, sizeof(map));
        doms[1].flushes = 0;
        CHECK_EQ(dirty_vram(d, gfn(first), nr, map), 0);
        fake_enter(d);
        if (doms[1].flushes)
            memset(cached, 0, sizeof(cached));
        for (unsigned int i = 0; i < nr; i++)
            CHECK_EQ(reported(i), fresh || wrote[first + i - BASE]);
        /* What was reported is protected again, in no cached translation. */
        for (unsigned int i = 0; i < nr; i++)
            CHECK_EQ(p2m_lookup(d, gfn(first + i)).type, P2M_RAM_LOG);
        CHECK(doms[1].flushes || round);
        for (unsigned int i = nr; i < ALIGN_UP(nr, 8u); i++)
            CHECK(!reported(i));
        memset(wrote, 0, sizeof(wrote));
        fresh = false;
        for (unsigned int n = fake_random(100); n; n--) {
            unsigned int i = fake_random(FRAMES);

            if (fake_random(3))
                guest_writes(BASE + i);
            else
                guest_frame_dirtied(d, gfn(BASE + i));
            wrote[i] = true;
            if (fake_random(50) == 0)
                guest_exits();
        }
    }
    CHECK_EQ(dirty_vram(d, gfn(0), 0, NULL), 0);
    for (unsigned int i = 0; i < FRAMES; i++)
        CHECK_EQ(p2m_lookup(d, gfn(BASE + i)).type, P2M_RAM);
    guest_frame_dirtied(d, gfn(BASE));
}

static void limits(void)
{
    CHECK_EQ(dirty_vram(d, gfn(BASE), DIRTY_VRAM_MAX + 1, map), -EINVAL);
    CHECK_EQ(dirty_vram(d, gfn(~0ull - 5), 100, map), 0);
    guest_frame_dirtied(d, gfn(~0ull));
    guest_frame_dirtied(d, gfn(0));
    CHECK_EQ(dirty_vram(d, gfn(~0ull - 5), 100, map), 0);
    CHECK_EQ(dirty_vram(d, gfn(1ull << 50), DIRTY_VRAM_MAX, map), 0);
    forget();
    fake_fail_after(0);
    CHECK_EQ(dirty_vram(d, gfn(BASE), 8, map), -ENOMEM);
    fake_fail_after(-1);
}

/* The range moves while other CPUs write: the bit that is set must be one of
 * the map (ASan sees others). */
static bool stop_writers;

static void *writer(void *arg)
{
    fake_set_cpu((unsigned int)(uintptr_t)arg);
    while (!READ_ONCE(stop_writers)) {
        guest_frame_dirtied(d, gfn(BASE + 5));
        guest_frame_dirtied(d, gfn((1ull << 30) + 5));
    }
    return NULL;
}

static void range_moves_under_writers(void)
{
    pthread_t t[2];

    for (uintptr_t i = 0; i < 2; i++)
        if (pthread_create(&t[i], NULL, writer, (void *)(i + 1)))
            abort();
    for (unsigned int n = 0; n < 20000; n++)
        if (dirty_vram(d, gfn(n & 1 ? BASE : 1ull << 30), 16, map))
            abort();
    stop_writers = true;
    for (unsigned int i = 0; i < 2; i++)
        (void)pthread_join(t[i], NULL);
    forget();
    test_checks++;
}

/* Both at once: how often each frame was written, and how often when it was
 * reported last. In its guest the writer does not exit: a flush waits. */
static unsigned int written[FRAMES], shown[FRAMES];
static pthread_mutex_t in_guest = PTHREAD_MUTEX_INITIALIZER;
static unsigned int all_written;

static bool guest_write_faults(uint64_t g)
{
    unsigned int order;
    bool faults;

    pthread_mutex_lock(&in_guest);
    faults = !(READ_ONCE(*fake_leaf(d, gfn(g), &order)) & 2);
    if (!faults)
        atomic_inc(&written[g - BASE]);
    pthread_mutex_unlock(&in_guest);
    return faults;
}

static void *guest(void *arg)
{
    fake_set_cpu(1);
    for (unsigned int i = 0; i < 300000; i++) {
        uint64_t g = BASE + i * 7 % 20;

        while (guest_write_faults(g))
            dirty_mark(d, gfn(g));
    }
    WRITE_ONCE(all_written, 1);
    return NULL;
}

static void wait_for_guest(void)
{
    pthread_mutex_lock(&in_guest);
    pthread_mutex_unlock(&in_guest);
}

static void nothing_is_lost(void)
{
    pthread_t t;
    bool last;

    CHECK_EQ(dirty_vram(d, gfn(BASE), FRAMES, map), 0);
    fake_exit = wait_for_guest;
    pthread_create(&t, NULL, guest, NULL);
    do {
        last = READ_ONCE(all_written);
        CHECK_EQ(dirty_vram(d, gfn(BASE), FRAMES, map), 0);
        for (unsigned int i = 0; i < 20; i++)
            if (reported(i))
                shown[i] = READ_ONCE(written[i]);
    } while (!last);
    pthread_join(t, NULL);
    fake_exit = NULL;
    for (unsigned int i = 0; i < 20; i++)
        CHECK_EQ(shown[i], written[i]);
}

int main(void)
{
    unsigned int before = fake_allocs();

    fake_doms_create();
    d = &doms[1].d;
    fake_exit = guest_exits;
    for (unsigned int logs = 0; logs < 2; logs++) {
        if (logs)
            fake_pt_logs();
        for (unsigned int i = 0; i < FRAMES; i++)
            (void)fake_ram(d, BASE + i, 0);
        against_model();
        limits();
    }
    fake_exit = NULL;
    fake_pt_format(true);
    nothing_is_lost();
    range_moves_under_writers();
    fake_doms_destroy();
    CHECK_EQ(fake_allocs(), before);
    return test_result();
}
