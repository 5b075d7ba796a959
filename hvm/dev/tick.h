/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interrupt of an emulated timer: once or with a period, and what
 * becomes of ticks that the guest could not take in time. No tick is held
 * back in Lodge's timer queue for a line that nobody listens to.
 *
 * Lock: that of the device it is part of (rank VDEV), held in all calls whose
 * name begins with tick_, but for tick_init().
 */
#pragma once

#include "hvm/irq/route.h"

#define TICK_MIN_PERIOD MICROSECS(100)
/* The most that is made up for. */
#define TICK_MAX_MISSED_NS SECONDS(10)

/* All ticks of one domain. Zeroed: none. */
struct ticks {
    struct tick *first; /* constant once the devices exist */
    /* What becomes of late ticks (HVM_PARAM_TIMER_MODE). False: all of them
     * come, at twice the rate, for guests that count them; true: one, then on
     * with the rhythm, for guests that read a clock. */
    bool coalesce;
};

struct tick {
    struct timer timer;
    struct ticks *domain;
    struct tick *sibling;
    struct spinlock *lock;             /* the device's */
    enum irq_result (*fire)(void *);   /* raises the interrupt; lock held */
    void *dev;
    uint64_t next;       /* ns of the next tick in rhythm; TIME_NEVER: off */
    uint64_t period;     /* ns; 0: once */
    uint32_t missed;     /* due, and not delivered yet */
    bool parked;         /* the line is masked: the timer is not running */
};

/* One more tick of the domain, which is being created. */
void tick_init(struct tick *t, struct ticks *domain, struct spinlock *lock,
               enum irq_result (*fire)(void *), void *dev);
/* First tick at `first` (ns since boot), then each `period` (0: only one).
 * Periods under TICK_MIN_PERIOD are lengthened. fire() may call it. */
void tick_start(struct tick *t, uint64_t first, uint64_t period);
void tick_stop(struct tick *t);

/* A line may have been unmasked: ticks go on in rhythm. No locks held. */
void ticks_resume(struct ticks *all);
/* vCPU 0 runs on this CPU now. */
void ticks_migrate(struct ticks *all);
/* Stops them for good; idempotent. No locks held. */
void ticks_exit(struct ticks *all);

/* Ticks per nanosecond of a clock, as a fraction of 2^64. */
#define HZ_FRAC(hz) ((uint64_t)(((unsigned __int128)(hz) << 64) / 1000000000))

/* a * b / 2^64 without overflow: frequencies as 64-bit fractions. */
static inline uint64_t mul_frac(uint64_t a, uint64_t frac)
{
    return (uint64_t)(((unsigned __int128)a * frac) >> 64);
}
