/* sources: hypervisor/core/timer.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Timers against a plain array: what fires, when, in which order and on which
 * CPU; what the hardware is told; then several threads as CPUs.
 */
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "hypervisor/core/timer.h"
#include "hypervisor/cpu/atomic.h"
#include "hypervisor/x86/upcalls.h"
#include "tests/unit/fakes/fakes.h"
#include "tests/unit/test.h"

TEST_PROGRAM;

#define TIMERS 200
#define CPUS 3

static uint64_t seed = 1;

static uint32_t rnd(uint32_t n)
{
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(seed >> 33) % n;
}

static struct timer timers[TIMERS];
/* The model: when and on which CPU each fires. */
static uint64_t want[TIMERS];
static unsigned int want_cpu[TIMERS];
static uint64_t last_fired;
static unsigned int fired;

static void on_timer(void *arg)
{
    unsigned int i = (unsigned int)(uintptr_t)arg;

    CHECK_EQ(fake_locks_held(), 0);
    CHECK_EQ(want_cpu[i], cpu_id());
    CHECK(want[i] <= fake_now);
    CHECK(want[i] >= last_fired); /* earliest first */
    last_fired = want[i];
    want[i] = TIME_NEVER;
    CHECK(timers[i].expires == TIME_NEVER);
    fired++;
}

static void test_random(void)
{
    for (unsigned int i = 0; i < TIMERS; i++) {
        timer_init(&timers[i], on_timer, (void *)(uintptr_t)i);
        want[i] = TIME_NEVER;
    }
    for (unsigned int round = 0; round < 10000; round++) {
        unsigned int i = rnd(TIMERS), cpu = rnd(CPUS);

        fake_set_cpu(cpu);
        switch (rnd(8)) {
        case 0: case 1: case 2: case 3:
            want[i] = fake_now + rnd(1000);
            want_cpu[i] = cpu;
            timer_set(&timers[i], want[i]);
            break;
        case 4:
            timer_stop(&timers[i]);
            want[i] = TIME_NEVER;
            break;
        case 5:
            want_cpu[i] = cpu;
            timer_migrate(&timers[i]);
            break;
        case 6:
            timer_kill(&timers[i]);
            want[i] = TIME_NEVER;
            break;
        default:
            fake_now += rnd(30);
            last_fired = 0;
            timer_interrupt();
            for (unsigned int k = 0; k < TIMERS; k++)
                if (want_cpu[k] == cpu)
                    CHECK(want[k] > fake_now);
        }
        CHECK_EQ(timers[i].expires, want[i]);
        /* No CPU sleeps longer than its earliest timer. */
        for (unsigned int k = 0; k < TIMERS; k++)
            if (want[k] != TIME_NEVER && want_cpu[k] == cpu)
                CHECK(fake_deadline[cpu] <= want[k]);
    }
    CHECK(fired > 300);
    for (unsigned int i = 0; i < TIMERS; i++)
        timer_kill(&timers[i]);
}

static void nothing(void *arg)
{
}

static void test_deadline(void)
{
    struct timer a, b;

    fake_set_cpu(10);
    fake_now = 1000;
    timer_init(&a, nothing, NULL);
    timer_init(&b, nothing, NULL);
    fake_deadline_sets = 0;
    timer_set(&a, 5000);
    CHECK_EQ(fake_deadline[10], 5000);
    timer_set(&b, 6000);
    CHECK_EQ(fake_deadline_sets, 1); /* the earliest is the same */
    timer_set(&b, 4000);
    CHECK_EQ(fake_deadline[10], 4000);
    timer_stop(&b);
    timer_set(&b, 7000);
    CHECK_EQ(fake_deadline_sets, 2); /* later: the hardware finds out */
    fake_now = 4000;
    timer_interrupt();
    CHECK_EQ(fake_deadline[10], 5000);
    fake_now = 8000;
    timer_interrupt();
    CHECK_EQ(fake_deadline[10], TIME_NEVER);
    CHECK(a.expires == TIME_NEVER && b.expires == TIME_NEVER);

    /* Where they move the hardware is set when the earliest changes. */
    timer_set(&a, 9000);
    timer_set(&b, 9500);
    fake_set_cpu(11);
    fake_deadline_sets = 0;
    timer_migrate(&a);
    CHECK_EQ(fake_deadline[11], 9000);
    timer_migrate(&b);
    CHECK_EQ(fake_deadline_sets, 1);
    timer_set(&b, TIME_NEVER);
    CHECK(b.expires == TIME_NEVER);
    timer_kill(&a);
    timer_kill(&b);
}

static struct timer greedy;
static unsigned int greedy_runs;

static void set_in_the_past(void *arg)
{
    greedy_runs++;
    timer_set(&greedy, 1);
}

/* A callback that sets its timer in the past does not keep the CPU. */
static void test_greedy(void)
{
    fake_set_cpu(12);
    timer_init(&greedy, set_in_the_past, NULL);
    timer_set(&greedy, 1);
    timer_interrupt();
    CHECK(greedy_runs && greedy_runs <= 100);
    CHECK_EQ(fake_deadline[12], 1);
    timer_kill(&greedy);
    timer_interrupt();
    CHECK_EQ(fake_deadline[12], TIME_NEVER);
}

/*
 * Threads: one sets, moves and kills a timer, the others run what is due; its
 * callback must never run after the kill.
 */
static struct timer shared_timer;
static uint32_t alive, late, stop_threads, runs;

static void shared_fn(void *arg)
{
    if (!load_acquire(&alive))
        atomic_inc(&late);
    atomic_inc(&runs);
    sched_yield();
    if (!load_acquire(&alive))
        atomic_inc(&late);
    timer_set(&shared_timer, fake_now); /* again, wherever it is */
}

static void *cpu_thread(void *arg)
{
    fake_set_cpu((unsigned int)(uintptr_t)arg);
    while (!load_acquire(&stop_threads)) {
        timer_interrupt();
        sched_yield();
    }
    return NULL;
}

static void test_threads(void)
{
    pthread_t threads[2];

    fake_now = 100000;
    timer_init(&shared_timer, shared_fn, NULL);
    for (uintptr_t i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, cpu_thread, (void *)(20 + i));
    fake_set_cpu(20);
    /* On a busy host the threads need time to come to it. */
    for (unsigned int i = 0; i < 300 || load_acquire(&runs) <= 100; i++) {
        store_release(&alive, 1);
        timer_set(&shared_timer, fake_now);
        for (unsigned int k = 0; k < 10; k++) {
            fake_set_cpu(20 + k % 2);
            timer_migrate(&shared_timer);
            sched_yield();
        }
        timer_kill(&shared_timer);
        store_release(&alive, 0);
        CHECK(shared_timer.expires == TIME_NEVER);
        for (unsigned int k = 0; k < 3; k++)
            sched_yield();
    }
    store_release(&stop_threads, 1);
    for (unsigned int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    CHECK_EQ(late, 0);
    fake_set_cpu(0);
}

int main(void)
{
    test_random();
    test_deadline();
    test_greedy();
    test_threads();
    return test_result();
}
