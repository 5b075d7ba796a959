/* sources: */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The real locks, included here so that they take the place of the fakes:
 * exclusion between threads, waiters that serve calls, and the checks of a
 * debug build.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdlib.h>

#define TEST_REAL_SPINLOCK
#include "../../hypervisor/cpu/spinlock.c"

#include "tests/unit/test.h"

TEST_PROGRAM;

static uint32_t polls;

/* Some waiting goes on here: let the owner run on a busy host. */
void smp_call_poll(void)
{
    atomic_inc(&polls);
    sched_yield();
}

static jmp_buf failed;

void assert_failed(const char *expr, const char *file, int line)
{
    longjmp(failed, 1);
}

/* A forbidden step must be caught. The set of held locks is put right. */
#define FORBIDDEN(step)                                                     \
    do {                                                                    \
        struct held_locks before = this_cpu(held_locks);                    \
        volatile bool caught = true;                                        \
                                                                            \
        if (!setjmp(failed)) {                                              \
            step;                                                           \
            caught = false;                                                 \
        }                                                                   \
        this_cpu(held_locks) = before;                                      \
        CHECK(caught);                                                      \
    } while (0)

static struct spinlock p2m = SPINLOCK_INIT(P2M), p2m2 = SPINLOCK_INIT(P2M);
static struct spinlock heap = SPINLOCK_INIT(HEAP);

static bool locked(const struct spinlock *l)
{
    return READ_ONCE(l->next) != READ_ONCE(l->owner);
}

static void test_rules(void)
{
    spin_lock(&p2m);
    CHECK(locked(&p2m) && !locked(&heap));
    spin_lock(&heap);
    FORBIDDEN(spin_lock(&p2m2)); /* below HEAP */
    spin_unlock(&p2m);           /* in any order */
    FORBIDDEN(spin_lock(&p2m));
    FORBIDDEN(spin_unlock(&p2m2));
    spin_unlock(&heap);
    CHECK(!locked(&heap) && !locked(&p2m));

    spin_lock(&p2m);
    FORBIDDEN(spin_lock(&p2m2)); /* one rank, not as a pair */
    FORBIDDEN(spin_lock(&p2m));  /* twice */
    spin_unlock(&p2m);

    spin_lock_pair(&p2m, &p2m2);
    CHECK(locked(&p2m) && locked(&p2m2));
    spin_unlock_pair(&p2m, &p2m2);
    spin_lock_pair(&p2m2, &p2m2);
    spin_unlock_pair(&p2m2, &p2m2);
    CHECK_EQ(this_cpu(held_locks).nr, 0);
}

/* Numbers wrap after 65536 tickets. */
static void test_wrap(void)
{
    for (unsigned int i = 0; i < 70000; i++) {
        spin_lock(&heap);
        spin_unlock(&heap);
    }
    CHECK(!locked(&heap));
}

#define ROUNDS 20000
static unsigned int counter, pairs;

static void *worker(void *arg)
{
    fake_cpu = 1 + (unsigned int)(uintptr_t)arg;
    for (unsigned int i = 0; i < ROUNDS; i++) {
        spin_lock(&heap);
        counter++;
        if (i % 100 == 0)
            sched_yield();
        spin_unlock(&heap);
        if (fake_cpu & 1)
            spin_lock_pair(&p2m, &p2m2);
        else
            spin_lock_pair(&p2m2, &p2m);
        pairs++;
        spin_unlock_pair(&p2m, &p2m2);
    }
    return NULL;
}

static void test_threads(void)
{
    pthread_t t[3];

    for (uintptr_t i = 0; i < 3; i++)
        pthread_create(&t[i], NULL, worker, (void *)i);
    for (unsigned int i = 0; i < 3; i++)
        pthread_join(t[i], NULL);
    CHECK_EQ(counter, 3 * ROUNDS);
    CHECK_EQ(pairs, 3 * ROUNDS);
}

static void *waiter(void *arg)
{
    fake_cpu = 9;
    spin_lock(&heap);
    counter = 0;
    spin_unlock(&heap);
    return NULL;
}

/* A waiter serves calls; if it did not, this would never end. */
static void test_poll(void)
{
    pthread_t t;

    spin_lock(&heap);
    polls = 0;
    pthread_create(&t, NULL, waiter, NULL);
    while (!load_acquire(&polls))
        sched_yield();
    CHECK_EQ(counter, 3 * ROUNDS);
    spin_unlock(&heap);
    pthread_join(t, NULL);
    CHECK_EQ(counter, 0);
}

int main(void)
{
    test_rules();
    test_wrap();
    test_threads();
    test_poll();
    return test_result();
}
