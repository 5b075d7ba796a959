/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interrupt of an emulated timer: once or with a period, and what
 * becomes of ticks that the guest could not take in time. No tick is held
 * back in Lodge's timer queue for a line that nobody listens to.
 *
 * Lock: that of the device it is part of (rank VDEV), held in all calls.
 */
#ifndef LODGE_HVM_DEV_TICK_H
#define LODGE_HVM_DEV_TICK_H

#include "hypervisor/core/timer.h"
#include "hypervisor/cpu/spinlock.h"
#include "hvm/irq/apicbus.h"

/* Late ticks (HVM_PARAM_TIMER_MODE). */
enum tick_policy {
    TICK_CATCH_UP, /* all of them, at twice the rate: the guest counts them */
    TICK_COALESCE, /* one, then on with the rhythm: the guest reads a clock */
};

#define TICK_MIN_PERIOD MICROSECS(100)
/* The most that is made up for. */
#define TICK_MAX_MISSED_NS SECONDS(10)

struct tick {
    struct timer timer;
    struct spinlock *lock;             /* the device's */
    enum irq_result (*fire)(void *);   /* raises the interrupt; lock held */
    void *dev;
    uint64_t next;       /* ns of the next tick in rhythm; TIME_NEVER: off */
    uint64_t period;     /* ns; 0: once */
    uint32_t missed;     /* due, and not delivered yet */
    bool parked;         /* the line is masked: the timer is not running */
    enum tick_policy policy;
};

void tick_init(struct tick *t, struct spinlock *lock,
               enum irq_result (*fire)(void *), void *dev);
/* First tick at `first` (ns since boot), then each `period` (0: only one).
 * Periods under TICK_MIN_PERIOD are lengthened. */
void tick_start(struct tick *t, uint64_t first, uint64_t period);
void tick_stop(struct tick *t);
/* The line may have been unmasked: goes on in rhythm. */
void tick_resume(struct tick *t);
/* Stops it for good. The device's lock must not be held. */
void tick_kill(struct tick *t);

static inline bool tick_is_on(const struct tick *t)
{
    return t->next != TIME_NEVER;
}

/* HVM_PARAM_TIMER_MODE (HVMPTM_*) to a policy. Lodge never slows a guest's
 * clock down, so "delay for missed ticks" is catching up, too. */
static inline enum tick_policy tick_policy_from_param(uint64_t mode)
{
    return mode <= 1 ? TICK_CATCH_UP : TICK_COALESCE;
}

/* a * b / 2^64 without overflow: frequencies as 64-bit fractions. */
static inline uint64_t mul_frac(uint64_t a, uint64_t frac)
{
    return (uint64_t)(((unsigned __int128)a * frac) >> 64);
}
/* a * b / 2^32, all ones when it does not fit. */
static inline uint64_t mul_fix32(uint64_t a, uint64_t fix)
{
    unsigned __int128 r = ((unsigned __int128)a * fix) >> 32;

    return r >> 64 ? ~0ull : (uint64_t)r;
}

#endif
