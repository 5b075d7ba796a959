/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When an emulated timer interrupts, and what becomes of ticks that came too
 * late. The controllers tell whether a tick was delivered, merged with one
 * that still waits, or not heard at all; no other bookkeeping is needed.
 */
#include "hvm/dev/timers.h"

/* The most that is made up for. */
#define MAX_MISSED_NS SECONDS(10)
/* A parked tick looks this often whether somebody listens again, for unmask
 * operations that nobody reports (a change of logical ids, say). */
#define PARKED_POLL_NS MILLISECS(250)

/* Number of ticks that are due now; moves the rhythm past them. */
static uint64_t take_due(struct tick *t, uint64_t now)
{
    if (now < t->next)
        return 0;
    uint64_t due = t->period ? (now - t->next) / t->period + 1 : 1;
    t->next = t->period ? t->next + due * t->period : TIME_NEVER;
    return due;
}

static void expired(void *arg)
{
    struct tick *t = arg;
    enum irq_result rc = IRQ_COALESCED;

    spin_lock(&t->route->timer_lock);
    uint64_t now = now_ns(), owed = t->missed + take_due(t, now);
    t->missed = 0;
    if (owed || t->parked) /* not if it was stopped or set anew since */
        rc = t->fire(t->dev);
    if (t->next != TIME_NEVER) {
        t->parked = rc == IRQ_IGNORED;
        if (rc == IRQ_DELIVERED && owed)
            owed--;
        if (!t->parked && t->period && !READ_ONCE(t->route->coalesce_ticks))
            t->missed = MIN(owed, MAX_MISSED_NS / t->period);
        uint64_t at = t->next;
        if (t->parked)
            at = MAX(at, now + PARKED_POLL_NS);
        else if (t->missed) /* they come at twice the rate */
            at = MIN(at, now + t->period / 2);
        timer_set(&t->timer, at);
    }
    spin_unlock(&t->route->timer_lock);
}

void tick_init(struct tick *t, struct route *r, tick_fn *fire, void *dev)
{
    *t = (struct tick){ .route = r, .sibling = r->ticks, .fire = fire,
                        .dev = dev, .next = TIME_NEVER };
    timer_init(&t->timer, expired, t);
    r->ticks = t;
}

void tick_set(struct tick *t, uint64_t first, uint64_t period)
{
    t->missed = 0;
    t->parked = false;
    if (first == TIME_NEVER && t->next == TIME_NEVER)
        return;
    t->next = first;
    t->period = period ? MAX(period, TICK_MIN_PERIOD) : 0;
    timer_set(&t->timer, first);
}

void ticks_resume(struct route *r)
{
    for (struct tick *t = r->ticks; t; t = t->sibling) {
        if (!READ_ONCE(t->parked))
            continue;
        spin_lock(&r->timer_lock);
        if (t->parked) {
            t->parked = false;
            (void)take_due(t, now_ns());
            timer_set(&t->timer, t->next);
        }
        spin_unlock(&r->timer_lock);
    }
}

void ticks_migrate(struct route *r)
{
    for (struct tick *t = r->ticks; t; t = t->sibling)
        timer_migrate(&t->timer);
}

void ticks_exit(struct route *r)
{
    if (!r->ticks) /* nor a lock, if the domain was never finished */
        return;
    /* All are stopped before one is killed: the RTC's alarm starts its tick. */
    spin_lock(&r->timer_lock);
    for (struct tick *t = r->ticks; t; t = t->sibling)
        tick_set(t, TIME_NEVER, 0);
    spin_unlock(&r->timer_lock);
    for (struct tick *t = r->ticks; t; t = t->sibling)
        timer_kill(&t->timer);
}
