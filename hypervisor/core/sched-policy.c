/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * In which order vCPUs run and how long. Virtual run time is CPU time
 * divided by weight; who has the least is next. It is comparable between CPUs:
 * a vCPU that waits while another CPU's has had much more is moved there, so
 * shares hold across CPUs. The scales of two CPUs can drift apart all the same
 * (by affinity, or a weight larger than a whole CPU), so whoever moves is
 * placed near its new neighbours, and who runs alone is kept near the others.
 *
 * Who wakes is placed by its lag: what it has had beyond its share, measured
 * where it ran last. One that sleeps much has a negative lag, and runs at
 * once where it wakes. Decides on the structures it is given; takes no
 * lock.
 */
#include "hypervisor/core/sched-impl.h"

/* The furthest floor of all CPUs, about: where one starts that wakes on an
 * idle CPU. Never falls. */
static uint64_t global_floor = SCHED_VRUNTIME_START;

void runq_insert(struct runq *rq, struct vcpu *v)
{
    struct vcpu *after;
    struct list *pos = rq->queue.prev;

    /* From the end: who was just preempted, or woke last, has the most. */
    for (; pos != &rq->queue; pos = pos->prev) {
        after = list_entry(pos, struct vcpu, se.queue);
        if (after->se.vruntime <= v->se.vruntime)
            break;
    }
    list_add(pos, &v->se.queue);
    WRITE_ONCE(rq->nr, rq->nr + 1);
    if (!vcpu_allowed_on(v, rq->cpu))
        rq->misplaced = true;
}

void runq_remove(struct runq *rq, struct vcpu *v)
{
    list_del(&v->se.queue);
    WRITE_ONCE(rq->nr, rq->nr - 1);
}

/* The least vruntime on rq; if there is none, where one starts. */
static inline __attribute__((always_inline)) uint64_t
runq_least(const struct runq *rq)
{
    uint64_t least = ~0ull;

    if (rq->nr)
        least = list_first(&rq->queue, struct vcpu, se.queue)->se.vruntime;
    if (rq->curr != rq->idle)
        least = MIN(least, rq->curr->se.vruntime);
    return least == ~0ull ? MAX(rq->floor, READ_ONCE(global_floor)) : least;
}

uint64_t runq_account(struct runq *rq, uint64_t now)
{
    struct vcpu *v = rq->curr;
    uint64_t ns = now > rq->accounted ? now - rq->accounted : 0;
    uint64_t least, global = READ_ONCE(global_floor);
    unsigned int w = READ_ONCE(v->domain->sched.weight);

    rq->accounted = now;
    if (v == rq->idle)
        return ns;
    v->se.vruntime += w == SCHED_WEIGHT_DEFAULT
                          ? ns : ns * SCHED_WEIGHT_DEFAULT / w;
    /*
     * Who runs alone takes nothing from anybody: being far behind (its CPU
     * was crowded before, or its weight deserves more than a CPU) must not
     * give it an advantage over those who join it later.
     */
    if (!rq->nr)
        v->se.vruntime = MAX(v->se.vruntime, global - SCHED_LAG_MAX);
    least = runq_least(rq);
    rq->floor = MAX(rq->floor, least);
    /* Rarely, because all CPUs read it. */
    while (least > global + SCHED_WAKE_GRAIN)
        if (atomic_cmpxchg(&global_floor, &global, least))
            break;
    return ns;
}

int64_t runq_lag(const struct runq *rq, const struct vcpu *v, uint64_t now)
{
    int64_t lag = (int64_t)(v->se.vruntime - rq->floor);

    /* An idle CPU's floor stands still: what it slept counts as if one
     * other had run there. */
    if (runq_idles(rq) && !rq->nr)
        lag -= (int64_t)MIN(runstate_age(&v->runstate, now), SECONDS(1));
    return MIN(MAX(lag, -(int64_t)SCHED_WAKE_BONUS), (int64_t)SCHED_LAG_MAX);
}

void runq_place_woken(struct runq *rq, struct vcpu *v, int64_t lag)
{
    v->se.vruntime = runq_least(rq) + (uint64_t)lag;
}

void runq_place_moved(struct runq *rq, struct vcpu *v)
{
    uint64_t least = runq_least(rq);

    v->se.vruntime = MIN(MAX(v->se.vruntime, least - SCHED_LAG_MAX),
                         least + SCHED_LAG_MAX);
}

uint64_t sched_slice(unsigned int nr)
{
    return MIN(MAX(SCHED_TURN / (nr + 1), SCHED_SLICE_MIN), SCHED_SLICE_MAX);
}

struct vcpu *runq_first(struct runq *rq, bool allowed)
{
    struct vcpu *v;

    list_for_each (v, &rq->queue, se.queue)
        if (vcpu_allowed_on(v, rq->cpu) == allowed)
            return v;
    return NULL;
}
