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

bool cap_charge(struct domain *d, uint64_t ns, uint64_t now)
{
    struct sched_domain *s = &d->sched;
    uint64_t budget, periods; /* ns in each period, those that have begun */
    bool used_up;

    if (likely(!READ_ONCE(s->cap)))
        return false;
    spin_lock(&s->lock);
    budget = SCHED_CAP_PERIOD / 100 * s->cap;
    if (now >= s->period_end) {
        periods = (now - s->period_end) / SCHED_CAP_PERIOD + 1;
        s->period_end += periods * SCHED_CAP_PERIOD;
        s->budget_used -= MIN(s->budget_used, periods * budget);
    }
    /* Not what it used before there was a cap. */
    s->budget_used += MIN(ns, now > s->since ? now - s->since : 0);
    used_up = s->cap && s->budget_used >= budget;
    if (used_up)
        timer_set(&s->refill, s->period_end);
    spin_unlock(&s->lock);
    return used_up;
}

/* The refill timer: no locks. */
static void refill(void *arg)
{
    struct domain *d = arg;

    /* A debt of more than a period: comes again. */
    if (cap_charge(d, 0, now_ns()))
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
