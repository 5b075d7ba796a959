/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Host test fake of the spinlocks. It really locks (tests may have threads)
 * and aborts on a lock taken twice by a thread, a rank that does not rise, or
 * an unlock of a lock that the thread does not hold. At exit, a lock still
 * held aborts too. A test of the real ones defines TEST_REAL_SPINLOCK first.
 */
#pragma once

#ifdef TEST_REAL_SPINLOCK
#include "../../../../../hypervisor/cpu/spinlock.h"
#else

#include "hypervisor/cpu/atomic.h"
#include "hypervisor/cpu/lock-rank.h"

struct spinlock {
    const void *holder; /* identifies the thread, NULL: free */
    uint8_t rank;
};

#define SPINLOCK_INIT(r) { .rank = LOCK_##r }

static inline void spin_lock_init(struct spinlock *l, enum lock_rank rank)
{
    *l = (struct spinlock){ .rank = (uint8_t)rank };
}

void spin_lock(struct spinlock *l);
void spin_unlock(struct spinlock *l);
bool spin_is_locked(const struct spinlock *l); /* for tests only */
void spin_lock_pair(struct spinlock *a, struct spinlock *b);
void spin_unlock_pair(struct spinlock *a, struct spinlock *b);
#endif
