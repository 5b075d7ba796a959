/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where vCPUs run: who wakes goes to an idle CPU, or stays; idle CPUs fetch
 * work, others call them to it; after a slice, who has had less than another
 * CPU's vCPU goes there; affinity.
 *
 * A CPU that has nothing to do sets its bit in sched_idle_cpus, then looks at
 * all queues; who makes a vCPU wait queues it, then looks at the bits. Both
 * have a full barrier in between, so one of them notices.
 */
#include "hypervisor/core/sched-impl.h"
#include "hypervisor/x86/smp.h"

/* --- Choosing a CPU. --- */

/* Where v should run if it can: soft and hard affinity, or hard alone. */
static void wanted_cpus(const struct vcpu *v, struct cpumask *wanted)
{
    struct cpumask soft;

    (void)cpumask_and(wanted, &v->affinity_hard, &sched_cpus);
    if (cpumask_and(&soft, wanted, &v->affinity_soft))
        *wanted = soft;
}

unsigned int sched_place(const struct vcpu *v, int64_t lag)
{
    struct cpumask wanted, idle;
    unsigned int last = v->cpu, cpu, best = last, least = ~0u;
    bool idles = sched_any_idle(), behind = lag < -(int64_t)SCHED_WAKE_GRAIN;

    if (behind && !idles && vcpu_allowed_on(v, last) &&
        cpumask_test(&v->affinity_soft, last))
        return last; /* it runs at once there, or soon */
    wanted_cpus(v, &wanted);
    if (idles) {
        if (!cpumask_and(&idle, &wanted, &sched_idle_cpus))
            (void)cpumask_and(&idle, &v->affinity_hard, &sched_idle_cpus);
        /* First the last one, then those after it. */
        cpu = cpumask_next(&idle, last);
        if (cpu == MAX_CPUS)
            cpu = cpumask_next(&idle, 0);
        if (cpu < MAX_CPUS)
            return cpu;
    }

    if (cpumask_test(&wanted, last)) {
        if (behind)
            return last;
        least = READ_ONCE(runq_of_cpu(last)->nr);
    }
    for_each_cpu (cpu, &wanted) {
        unsigned int nr = READ_ONCE(runq_of_cpu(cpu)->nr);

        if (nr < least) {
            least = nr;
            best = cpu;
        }
    }
    return best;
}

/* --- Calling idle CPUs. --- */

void sched_call_help(const struct vcpu *v)
{
    struct cpumask idle;
    unsigned int cpu;

    smp_mb(); /* v is on the queue before we look: see above */
    if (!sched_any_idle())
        return;
    (void)cpumask_and(&idle, &sched_idle_cpus, &v->affinity_hard);
    for_each_cpu (cpu, &idle) {
        struct runq *rq = runq_of_cpu(cpu);

        /* Cleared, so that the next one calls another CPU; this one sets it
         * again if there is nothing for it to take. */
        if (!atomic_test_and_clear_bit(cpu, sched_idle_cpus.bits))
            continue;
        if (!atomic_xchg(&rq->poked, v->cpu + 1) && READ_ONCE(rq->asleep) &&
            cpu != cpu_id())
            smp_kick(cpu);
        /* Else it found something to do meanwhile: see runq_pass_on(). */
        if (runq_idles(rq))
            return;
    }
}

void runq_call_help(struct runq *rq)
{
    struct vcpu *v;

    list_for_each (v, &rq->queue, se.queue)
        sched_call_help(v);
}

void runq_pass_on(struct runq *rq)
{
    smp_mb(); /* curr says that we are busy before we look */
    if (likely(!READ_ONCE(rq->poked)))
        return;
    unsigned int from = atomic_xchg(&rq->poked, 0);
    if (!from || from - 1 == rq->cpu)
        return;
    rq = runq_of_cpu(from - 1);
    spin_lock(&rq->lock);
    runq_call_help(rq);
    spin_unlock(&rq->lock);
}

/* --- Fetching and sending. --- */

/* The one waiting on rq who has the least, among those who may run on cpu;
 * prefers soft affinity to it. Lock of rq. */
static struct vcpu *first_for(struct runq *rq, unsigned int cpu)
{
    struct vcpu *v, *second = NULL;

    list_for_each (v, &rq->queue, se.queue) {
        if (!vcpu_allowed_on(v, cpu))
            continue;
        if (cpumask_test(&v->affinity_soft, cpu))
            return v;
        if (!second)
            second = v;
    }
    return second;
}

/* Takes a waiting vCPU to another queue. Both locked. */
static void move(struct runq *from, struct runq *to, struct vcpu *v)
{
    uint64_t now = now_ns();

    runq_remove(from, v);
    runq_charge(to, now);
    runq_place_moved(to, v);
    runq_enqueue(to, v, now);
}

void runq_evict(struct runq *rq)
{
    struct vcpu *v;

    spin_lock(&rq->lock);
    while ((v = runq_first(rq, false))) {
        runq_remove(rq, v);
        runq_update(rq, v); /* as if it woke, for it is off now */
        spin_lock(&rq->lock);
    }
    rq->misplaced = false;
    spin_unlock(&rq->lock);
}

void runq_balance(struct runq *rq)
{
    unsigned int cpu = cpumask_next(&sched_cpus, rq->balanced + 1);
    struct cpumask wanted;

    if (cpu == MAX_CPUS)
        cpu = cpumask_next(&sched_cpus, 0);
    struct runq *to = runq_of_cpu(cpu);
    uint64_t now = now_ns();
    spin_lock_pair(&rq->lock, &to->lock);
    rq->slice_over = false;
    rq->balance_at = now + SCHED_SLICE_MIN;
    rq->balanced = cpu;
    struct vcpu *v = first_for(rq, cpu);
    if (v && to != rq) {
        runq_charge(to, now);
        wanted_cpus(v, &wanted);
        if (cpumask_test(&wanted, cpu) && !runq_idles(to) &&
            to->curr->se.vruntime > v->se.vruntime + SCHED_BALANCE_GRAIN)
            move(rq, to, v);
    }
    spin_unlock_pair(&rq->lock, &to->lock);
}

/* How many wait on rq for another CPU than its own to take them: an idle one
 * is about to take one itself. A hint. */
static unsigned int spare(const struct runq *rq)
{
    unsigned int nr = READ_ONCE(rq->nr);

    return nr && runq_idles(rq) ? nr - 1 : nr;
}

/* Moves one from another queue to rq, if one there may run here. No queue
 * locked. */
static bool steal_from(struct runq *rq, struct runq *from)
{
    if (!spare(from))
        return false;
    spin_lock_pair(&rq->lock, &from->lock);
    struct vcpu *v = spare(from) ? first_for(from, rq->cpu) : NULL;
    if (v)
        move(from, rq, v);
    spin_unlock_pair(&rq->lock, &from->lock);
    return v != NULL;
}

bool runq_steal(struct runq *rq, unsigned int poked)
{
    unsigned int cpu;

    if (poked && steal_from(rq, runq_of_cpu(poked - 1)))
        return true;
    for_each_cpu (cpu, &sched_cpus)
        if (cpu != rq->cpu && steal_from(rq, runq_of_cpu(cpu)))
            return true;
    return false;
}

/* --- Affinity. --- */

int sched_set_affinity(struct vcpu *v, const struct cpumask *hard,
                       const struct cpumask *soft)
{
    struct cpumask online;

    if (!cpumask_and(&online, hard, &sched_cpus))
        return -EINVAL;
    struct runq *rq = runq_lock_of(v);
    v->affinity_hard = *hard;
    v->affinity_soft = *soft;
    if (vcpu_is_queued(v))
        sched_call_help(v); /* idle CPUs may take it now */
    else if (rq->curr == v && !vcpu_allowed_on(v, rq->cpu))
        runq_resched(rq);
    spin_unlock(&rq->lock);
    runq_evict(rq); /* if it waits where it may not any more */
    return 0;
}

int sched_pin(struct vcpu *v, int cpu)
{
    struct cpumask one = { { 0 } };
    int rc;

    if (cpu >= MAX_CPUS || (cpu < 0 && !v->pinned))
        return -EINVAL;
    if (cpu < 0) {
        v->pinned = false;
        return sched_set_affinity(v, &v->affinity_unpinned, &v->affinity_soft);
    }
    if (v->pinned)
        return -EBUSY;
    cpumask_set(&one, (unsigned int)cpu);
    v->affinity_unpinned = v->affinity_hard;
    rc = sched_set_affinity(v, &one, &v->affinity_soft);
    v->pinned = !rc;
    return rc;
}
