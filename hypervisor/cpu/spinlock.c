/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ticket locks. A waiter polls this CPU's mailbox of cross-CPU calls, so the
 * owner may wait for our answer. Debug builds check per CPU that ranks rise.
 */
#include "hypervisor/cpu/spinlock.h"

#include "hypervisor/cpu/percpu.h"
#include "hypervisor/cpu/upcalls.h"

#ifdef LODGE_DEBUG
#define HELD_MAX 16

struct held_locks { /* in any order */
    unsigned int nr;
    const struct spinlock *lock[HELD_MAX];
};

static DEFINE_PERCPU(struct held_locks, held_locks);

/* `pair`: the second of two locks of one rank. */
static void held_add(const struct spinlock *l, bool pair)
{
    struct held_locks *h = &this_cpu(held_locks);

    ASSERT(h->nr < HELD_MAX);
    for (unsigned int i = 0; i < h->nr; i++) {
        ASSERT(h->lock[i] != l);
        ASSERT(h->lock[i]->rank < l->rank ||
               (pair && h->lock[i]->rank == l->rank));
    }
    h->lock[h->nr++] = l;
}

static void held_remove(const struct spinlock *l)
{
    struct held_locks *h = &this_cpu(held_locks);
    unsigned int i = 0;

    while (i < h->nr && h->lock[i] != l)
        i++;
    ASSERT(i < h->nr);
    h->lock[i] = h->lock[--h->nr];
}
#else
#define held_add(l, pair) ((void)0)
#define held_remove(l) ((void)0)
#endif

static void take(struct spinlock *l, bool pair)
{
    held_add(l, pair);
    uint16_t ticket = atomic_fetch_add(&l->next, 1);
    while (load_acquire(&l->owner) != ticket) {
        smp_call_poll();
        cpu_relax();
    }
}

void spin_lock(struct spinlock *l)
{
    take(l, false);
}

void spin_unlock(struct spinlock *l)
{
    held_remove(l);
    store_release(&l->owner, (uint16_t)(l->owner + 1));
}

void spin_lock_pair(struct spinlock *a, struct spinlock *b)
{
    take(a < b ? a : b, false);
    if (a != b)
        take(a < b ? b : a, true);
}

void spin_unlock_pair(struct spinlock *a, struct spinlock *b)
{
    if (a != b)
        spin_unlock(b);
    spin_unlock(a);
}
