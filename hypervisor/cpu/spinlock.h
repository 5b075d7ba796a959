/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ticket spinlocks. Root mode runs with interrupts off, so there is one kind
 * of lock only. A waiter serves cross-CPU calls (TLB flushes) while it
 * spins, so the owner of a lock may wait for another CPU's answer.
 */
#pragma once

#include "hypervisor/cpu/atomic.h"
#include "hypervisor/cpu/lock-rank.h"

struct spinlock {
    uint16_t next, owner; /* tickets: taken, being served */
    uint8_t rank;         /* enum lock_rank */
};

#define SPINLOCK_INIT(r) { .rank = LOCK_##r }

static inline void spin_lock_init(struct spinlock *l, enum lock_rank rank)
{
    *l = (struct spinlock){ .rank = (uint8_t)rank };
}

void spin_lock(struct spinlock *l);
void spin_unlock(struct spinlock *l);
/*
 * Takes two locks of one rank in the order of their addresses (a == b takes
 * one). Unlock with spin_unlock_pair().
 */
void spin_lock_pair(struct spinlock *a, struct spinlock *b);
void spin_unlock_pair(struct spinlock *a, struct spinlock *b);
