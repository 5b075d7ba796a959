/* SPDX-License-Identifier: GPL-2.0-only */
/* The fake spinlocks: real exclusion between threads, strict rules in one. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "hypervisor/cpu/spinlock.h"
#include "tests/unit/fakes/fakes.h"

#define MAX_HELD 16

static _Thread_local struct spinlock *held[MAX_HELD];
static _Thread_local unsigned int nr_held;

static const char *const rank_names[] = {
#define R(name, purpose) #name,
    LOCK_RANKS(R)
#undef R
};

__noreturn static void lock_abuse(const struct spinlock *l, const char *what)
{
    fprintf(stderr, "lock %s (%p): %s\n",
            l->rank < LOCK_RANK_COUNT ? rank_names[l->rank] : "?",
            (const void *)l, what);
    for (unsigned int i = 0; i < nr_held; i++)
        fprintf(stderr, "  holds %s\n", rank_names[held[i]->rank]);
    abort();
}

static void check_at_exit(void)
{
    if (nr_held)
        lock_abuse(held[nr_held - 1], "still held at exit");
}

static void note_taken(struct spinlock *l)
{
    static bool registered;

    if (!__atomic_exchange_n(&registered, true, __ATOMIC_SEQ_CST))
        atexit(check_at_exit);
    if (nr_held == MAX_HELD)
        lock_abuse(l, "too many locks held");
    held[nr_held++] = l;
}

static bool try_take(struct spinlock *l)
{
    const void *nobody = NULL;

    return atomic_cmpxchg(&l->holder, &nobody, (const void *)&nr_held);
}

static void take(struct spinlock *l, bool same_rank_allowed)
{
    if (READ_ONCE(l->holder) == &nr_held)
        lock_abuse(l, "taken twice");
    for (unsigned int i = 0; i < nr_held; i++)
        if (held[i]->rank > l->rank ||
            (held[i]->rank == l->rank && !same_rank_allowed))
            lock_abuse(l, "rank does not rise");
    while (!try_take(l))
        sched_yield();
    note_taken(l);
}

FAKE void spin_lock(struct spinlock *l)
{
    take(l, false);
}

FAKE void spin_unlock(struct spinlock *l)
{
    unsigned int i = nr_held;

    if (READ_ONCE(l->holder) != &nr_held)
        lock_abuse(l, "unlocked without holding it");
    while (held[--i] != l)
        ;
    for (nr_held--; i < nr_held; i++)
        held[i] = held[i + 1];
    __atomic_store_n(&l->holder, NULL, __ATOMIC_SEQ_CST);
}

FAKE bool spin_is_locked(const struct spinlock *l)
{
    return READ_ONCE(l->holder) != NULL;
}

FAKE void spin_lock_pair(struct spinlock *a, struct spinlock *b)
{
    struct spinlock *first = a < b ? a : b;

    if (a->rank != b->rank)
        lock_abuse(a, "paired with a lock of another rank");
    take(first, false);
    if (a != b)
        take(first == a ? b : a, true);
}

FAKE void spin_unlock_pair(struct spinlock *a, struct spinlock *b)
{
    spin_unlock(a);
    if (a != b)
        spin_unlock(b);
}

FAKE unsigned int fake_locks_held(void)
{
    return nr_held;
}
