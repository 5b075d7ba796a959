/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Caps: a domain may use cap percent of one CPU, all its vCPUs together, in
 * each period of 10 ms. What it used beyond its budget (several vCPUs at
 * once, long work in root mode) counts against the next period, so the cap
 * is exact in the long run; what it did not use is lost.
 *
 * The budget and the timer that refills it are set with lock CAP; whether a
 * vCPU is throttled, with the lock of its run queue. A vCPU is throttled with
 * its queue locked since before the budget was found empty, so the refill,
 * which visits all vCPUs afterwards, cannot miss one.
 */
#include "hypervisor/core/sched-impl.h"
#include "hypervisor/abi/errno.h"

/* What one period gives, ns. */
static uint64_t budget(const struct sched_domain *s)
{
    return SCHED_CAP_PERIOD / 100 * READ_ONCE(s->cap);
}

/* Starts new periods that have begun by now. Lock CAP. */
static void roll(struct sched_domain *s, uint64_t now)
{
    uint64_t periods, given;

    if (now < s->period_end)
        return;
    periods = (now - s->period_end) / SCHED_CAP_PERIOD + 1;
    given = periods * budget(s);
    s->budget_used = s->budget_used > given ? s->budget_used - given : 0;
    s->period_end += periods * SCHED_CAP_PERIOD;
}

/* Nothing left? Then the timer is set. Lock CAP; rolled. */
static bool used_up(struct sched_domain *s)
{
    if (!s->cap || s->budget_used < budget(s))
        return false;
    timer_set(&s->refill, s->period_end);
    return true;
}

bool cap_charge(struct domain *d, uint64_t ns, uint64_t now)
{
    struct sched_domain *s = &d->sched;
    bool all;

    spin_lock(&s->lock);
    roll(s, now);
    /* Not what it used before there was a cap. */
    s->budget_used += MIN(ns, now > s->since ? now - s->since : 0);
    all = used_up(s);
    spin_unlock(&s->lock);
    return all;
}

/* The refill timer: no locks. */
static void refill(void *arg)
{
    struct domain *d = arg;
    struct sched_domain *s = &d->sched;
    bool empty;

    spin_lock(&s->lock);
    roll(s, now_ns());
    empty = used_up(s); /* a debt of more than a period: comes again */
    spin_unlock(&s->lock);
    if (empty)
        return;
    for_vcpus (d, v)
        sched_unthrottle(v, false);
}

void sched_domain_init(struct domain *d)
{
    struct sched_domain *s = &d->sched;

    s->weight = SCHED_WEIGHT_DEFAULT;
    spin_lock_init(&s->lock, LOCK_CAP);
    timer_init(&s->refill, refill, d);
}

int sched_set_params(struct domain *d, unsigned int weight, unsigned int cap)
{
    struct sched_domain *s = &d->sched;
    bool changed;

    if (!weight || weight > SCHED_WEIGHT_MAX || cap > UINT16_MAX)
        return -EINVAL;
    spin_lock(&s->lock);
    changed = cap != s->cap;
    WRITE_ONCE(s->weight, (uint16_t)weight);
    if (changed) {
        WRITE_ONCE(s->cap, (uint16_t)cap);
        s->budget_used = 0;
        s->since = now_ns();
        s->period_end = s->since + SCHED_CAP_PERIOD;
    }
    spin_unlock(&s->lock);
    /* Those who wait for the old budget look at the new one. */
    for_vcpus (d, v)
        sched_unthrottle(v, changed);
    return 0;
}
