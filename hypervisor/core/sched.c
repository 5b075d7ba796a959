/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The scheduler's mechanism: run queues and their locks, caps, waking,
 * switching, timers. The order of those who wait and how long they run are
 * asked of sched-policy.c, their places of sched-move.c.
 *
 * A vCPU is either the current one of a CPU, or waits on one queue, or is
 * off: then whoever makes it runnable queues it. The queue of v->cpu has the
 * lock for all of that; moving v takes the locks of both queues. The lock is
 * held across the switch: who takes it sees either v on its CPU or all of v
 * in memory.
 */
#include "hypervisor/core/sched-impl.h"
#include "hypervisor/abi/sysctl.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/cpu/irq.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/mm/map.h"
#include "hypervisor/x86/smp.h"

DEFINE_PERCPU(struct vcpu *, current_vcpu);
DEFINE_PERCPU(struct runq, runq) = {
    .lock = SPINLOCK_INIT(RUNQ), .floor = SCHED_VRUNTIME_START,
};

struct cpumask sched_cpus, sched_idle_cpus;
unsigned int sched_ratelimit;

/* An idle loop for each CPU, and the thread that frees domains. */
static struct vcpu *idle_vcpus[MAX_CPUS + 1];
static struct domain idle_dom = {
    .id = DOMID_IDLE, .max_vcpus = MAX_CPUS + 1, .vcpu = idle_vcpus,
    .refs = 1, .anchors = 1, .shutdown_code = -1,
    .lock = SPINLOCK_INIT(DOMCTL),
    .shutdown_lock = SPINLOCK_INIT(SHUTDOWN),
    .sched.weight = SCHED_WEIGHT_DEFAULT,
};
struct domain *idle_domain = &idle_dom;

struct runq *runq_lock_of(const struct vcpu *v)
{
    for (;;) {
        struct runq *rq = runq_of_cpu(READ_ONCE(v->cpu));

        spin_lock(&rq->lock);
        if (likely(v->cpu == rq->cpu))
            return rq;
        spin_unlock(&rq->lock);
    }
}

/* May v's thread go on? Whoever changes a part of the answer calls
 * sched_vcpu_update() afterwards. Lock of its queue. In place, since each
 * switch asks several times. */
static inline __attribute__((always_inline)) bool may_run(const struct vcpu *v)
{
    const struct domain *d = v->domain;

    if (v->dead)
        return false;
    /* Threads of a dying domain run to their end, whatever they wait for. */
    if (unlikely(READ_ONCE(d->dying) != DOMAIN_ALIVE))
        return v->se.ran;
    return !v->se.parked && !READ_ONCE(v->down) &&
           !READ_ONCE(v->stopped) && !READ_ONCE(v->pause_count) &&
           !READ_ONCE(d->pause_count);
}

/* --- Run states. Lock of v's queue. --- */

static void runstate_set(struct vcpu *v, int state, uint64_t now)
{
    struct vcpu_runstate_info *r = &v->runstate;

    if (r->state == state)
        return;
    r->time[r->state] += runstate_age(r, now);
    r->state_entry_time = MAX(r->state_entry_time, now);
    r->state = state;
}

/* The state of a vCPU that does not run. If it may not, either, it is blocked
 * if its guest idles, even when it is paused too; waiting for anything else
 * counts as offline. */
static void runstate_update(struct vcpu *v, bool may, uint64_t now)
{
    runstate_set(v, may ? RUNSTATE_runnable :
                    v->se.parked && v->wait_mask ? RUNSTATE_blocked :
                    RUNSTATE_offline, now);
}

void vcpu_runstate(const struct vcpu *v, struct vcpu_runstate_info *out)
{
    struct runq *rq = runq_lock_of(v);
    uint64_t now = now_ns();

    *out = v->runstate;
    spin_unlock(&rq->lock);
    out->time[out->state] += runstate_age(out, now);
}

uint64_t sched_idle_time(unsigned int cpu)
{
    struct vcpu_runstate_info r;

    vcpu_runstate(runq_of_cpu(cpu)->idle, &r);
    return r.time[RUNSTATE_running];
}

/* --- Caps. --- */

/*
 * A domain may use cap percent of one CPU, all its vCPUs together, in each
 * period of 10 ms. What it used beyond its budget (several vCPUs at once, long
 * work in root mode) counts against the next period, so the cap is exact in
 * the long run; what it did not use is lost.
 *
 * The budget and the timer that refills it are set with lock CAP; whether a
 * vCPU is throttled, with the lock of its run queue. A vCPU is throttled with
 * its queue locked since before the budget was found empty, so the refill,
 * which visits all vCPUs afterwards, cannot miss one.
 */

/* d's vCPU used ns: true if nothing is left; then the refill timer is set.
 * Never without a cap. */
static bool cap_charge(struct domain *d, uint64_t ns, uint64_t now)
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

/* --- Telling a CPU. --- */

void runq_resched(struct runq *rq)
{
    if (atomic_xchg(&rq->resched, true))
        return;
    /* Pairs with the guest entry (vcpu_kick()) and with the idle loop: they
     * set in_guest or asleep and then look at resched. */
    if (rq->cpu != cpu_id() &&
        (READ_ONCE(rq->curr->in_guest) || READ_ONCE(rq->asleep)))
        smp_kick(rq->cpu);
}

/* Somebody looks at curr again at `at`: at once, if it is time or curr may not
 * go on, or else when the slice timer comes. That is not put off or stopped
 * when it turns out to come too early: that costs more than one interrupt now
 * and then. Lock of rq. */
static void look_again(struct runq *rq, uint64_t at, uint64_t now)
{
    if (at <= now || rq->curr->se.throttled)
        runq_resched(rq);
    else if (at < READ_ONCE(rq->timer.expires))
        timer_set(&rq->timer, at);
}

/* When somebody should look at curr again. Lock of rq. */
static uint64_t deadline(const struct runq *rq)
{
    const struct vcpu *v = rq->curr;
    uint64_t at = TIME_NEVER;

    if (v == rq->idle)
        return at;
    if (rq->nr)
        at = v->se.slice_end;
    if (READ_ONCE(v->domain->sched.cap))
        at = MIN(at, v->se.budget_end);
    return at;
}

void runq_charge(struct runq *rq, uint64_t now)
{
    struct vcpu *v = rq->curr;
    uint64_t ns = runq_account(rq, now);

    if (v == rq->idle)
        return;
    if (cap_charge(v->domain, ns, now))
        v->se.throttled = true;
    else if (now >= v->se.budget_end)
        v->se.budget_end = now + SCHED_CAP_CHUNK;
}

/* The timer of a queue, on any CPU; no locks. */
static void slice_timer(void *arg)
{
    struct runq *rq = arg;
    uint64_t now = now_ns();

    spin_lock(&rq->lock);
    runq_charge(rq, now);
    look_again(rq, deadline(rq), now);
    spin_unlock(&rq->lock);
}

/* --- Waiting and waking. --- */

/* When v, who is ahead of curr by enough, shall have the CPU; notes it if curr
 * wakes it by an event. Those go on at once who are nobody's consumers: a
 * handler that waits for its device model, and a vCPU of the same domain, for
 * whose answer the sender may well spin. Lock of rq. */
static uint64_t takes_over_at(struct runq *rq, const struct vcpu *v,
                              uint64_t now)
{
    struct vcpu *curr = rq->curr;
    struct sched_entity *se = &curr->se;
    uint64_t at = MAX(now, se->started +
                              MICROSECS(READ_ONCE(sched_ratelimit))), ran;

    if (curr != current || !se->sending || curr->domain == v->domain ||
        !READ_ONCE(v->wait_mask))
        return at;
    ran = curr->runstate.time[RUNSTATE_running] +
          runstate_age(&curr->runstate, now);
    if (!se->sent_at)
        se->sent_at = ran;
    if (MAX(se->tail, ran - se->sent_at) <= SCHED_TAIL_SHORT)
        return at;
    return MAX(at, MIN(se->slice_end, now + SCHED_SENDER_TIME));
}

/* v sleeps: for how long did it compute after it had sent an event? */
static void note_sleep(struct vcpu *v)
{
    uint64_t ran = v->runstate.time[RUNSTATE_running];

    if (v->se.sent_at)
        v->se.tail = (3 * v->se.tail + ran - v->se.sent_at) / 4;
    v->se.sent_at = 0;
}

void runq_enqueue(struct runq *rq, struct vcpu *v, uint64_t now)
{
    struct vcpu *curr = rq->curr;

    WRITE_ONCE(v->cpu, rq->cpu);
    runq_insert(rq, v);
    runstate_set(v, RUNSTATE_runnable, now);
    if (curr == rq->idle) {
        atomic_clear_bit(rq->cpu, sched_idle_cpus.bits);
        runq_resched(rq);
        /* Only one can run here. Who waits behind v, perhaps because of it,
         * may be allowed on CPUs where v is not. */
        if (rq->nr > 1)
            runq_call_help(rq);
        return;
    }
    /* The CPU is busy: shall v have it, and when? */
    uint64_t end = curr->se.slice_end;
    if (v->se.vruntime + SCHED_WAKE_GRAIN < curr->se.vruntime)
        end = takes_over_at(rq, v, now);
    else
        end = MIN(end > now ? end : TIME_NEVER, now + sched_slice(rq->nr));
    curr->se.slice_end = end;
    look_again(rq, end, now);
    sched_call_help(v);
}

/* Off, and should not be. Lock of its queue. */
static inline __attribute__((always_inline)) bool
wants_queue(const struct runq *rq, const struct vcpu *v)
{
    return may_run(v) && !v->se.throttled && rq->curr != v &&
           !vcpu_is_queued(v);
}

void runq_update(struct runq *rq, struct vcpu *v)
{
    while (wants_queue(rq, v)) {
        uint64_t now = now_ns();
        struct runq *to;
        int64_t lag;

        runq_charge(rq, now);
        lag = runq_lag(rq, v, now);
        to = runq_of_cpu(sched_place(v, lag));
        if (to != rq) {
            spin_unlock(&rq->lock);
            spin_lock_pair(&rq->lock, &to->lock);
            runq_charge(to, now);
        }
        if (to == rq || (v->cpu == rq->cpu && wants_queue(rq, v) &&
                         vcpu_allowed_on(v, to->cpu))) {
            runq_place_woken(to, v, lag);
            runq_enqueue(to, v, now);
            spin_unlock_pair(&rq->lock, &to->lock);
            return;
        }
        spin_unlock_pair(&rq->lock, &to->lock);
        rq = runq_lock_of(v);
    }
    if (!may_run(v) && rq->curr == v) {
        runq_resched(rq);
    } else if (!may_run(v)) {
        if (vcpu_is_queued(v))
            runq_remove(rq, v);
        runstate_update(v, false, now_ns());
    }
    spin_unlock(&rq->lock);
}

void sched_vcpu_update(struct vcpu *v)
{
    runq_update(runq_lock_of(v), v);
}

/* v's domain may use CPU time again, or (new_cap) has a new cap. */
static void unthrottle(struct vcpu *v, bool new_cap)
{
    struct runq *rq = runq_lock_of(v);

    v->se.throttled = false;
    if (new_cap && rq->curr == v)
        runq_resched(rq); /* sets the timer that the cap needs */
    runq_update(rq, v);
}

void vcpu_unpark(struct vcpu *v)
{
    struct runq *rq = runq_lock_of(v);

    if (v->se.parked) {
        v->se.parked = false;
        runq_update(rq, v);
    } else {
        v->se.unparked = true;
        spin_unlock(&rq->lock);
    }
}

bool sched_vcpu_kill(struct vcpu *v)
{
    struct runq *rq = runq_lock_of(v);
    bool dead = !v->se.ran;

    v->se.throttled = v->se.parked = false;
    v->dead |= dead;
    runq_update(rq, v);
    return dead;
}

/* --- Switching. --- */

/* May prev keep the CPU as far as it is concerned? Lock of rq. */
static bool stays(const struct runq *rq, const struct vcpu *prev)
{
    return prev != rq->idle && may_run(prev) && !prev->se.throttled &&
           vcpu_allowed_on(prev, rq->cpu);
}

/* The one to have the CPU: prev, the first who waits, or the idle vCPU. Those
 * who have no budget left cannot be chosen. Lock of rq, which is charged. */
static struct vcpu *choose(struct runq *rq, struct vcpu *prev, uint64_t now)
{
    struct vcpu *v;

    if (prev != rq->idle && now >= prev->se.slice_end && now >= rq->balance_at)
        rq->slice_over = rq->nr != 0;
    while ((v = runq_first(rq, true)) && cap_charge(v->domain, 0, now)) {
        runq_remove(rq, v);
        v->se.throttled = true;
    }
    if (v && (prev->se.yielded || (now >= prev->se.slice_end &&
                                   v->se.vruntime < prev->se.vruntime)))
        return v;
    return stays(rq, prev) ? prev : v ? v : rq->idle;
}

/* v, chosen now, has the CPU, whose wish is granted, for the rest of its slice
 * or another one. Lock of rq; v is off its queue. */
static void run(struct runq *rq, struct vcpu *v, uint64_t now)
{
    if (v == rq->idle) {
        atomic_set_bit(rq->cpu, sched_idle_cpus.bits);
    } else if (now >= v->se.slice_end) {
        v->se.started = now;
        v->se.slice_end = now + sched_slice(rq->nr);
        v->se.budget_end = now + SCHED_CAP_CHUNK;
    }
    v->se.yielded = false;
    runstate_set(v, RUNSTATE_running, now);
    WRITE_ONCE(rq->curr, v);
    WRITE_ONCE(rq->resched, false);
    look_again(rq, deadline(rq), now);
}

/* prev, which is current, loses the CPU: what it leaves behind. Takes no locks:
 * that of rq is held. */
static void leave(struct runq *rq, struct vcpu *prev, struct vcpu *next,
                  uint64_t now)
{
    bool may = may_run(prev);

    if (prev == rq->idle) {
        atomic_clear_bit(rq->cpu, sched_idle_cpus.bits);
    } else if (may && !prev->se.throttled) {
        /* One who may not run here waits here until runq_evict(). */
        runq_insert(rq, prev);
        if (next != rq->idle && vcpu_allowed_on(prev, rq->cpu))
            sched_call_help(prev);
    }
    runstate_update(prev, may, now);
    if (prev->se.parked)
        note_sleep(prev);
    if (prev->hvm) {
        /* Others, if any, want to know that it was preempted (a lock's holder),
         * not that it idles; it learns the rest itself when it is back. */
        if (prev->runstate_size && prev->domain->max_vcpus > 1 &&
            prev->runstate.state == RUNSTATE_runnable)
            guest_runstate_update(prev);
        hvm_switch_from(prev);
    }
}

/* next gets the CPU. Lock of rq, which goes with it. */
static void take_over(struct runq *rq, struct vcpu *next, uint64_t now)
{
    if (next != rq->idle) {
        runq_remove(rq, next);
        next->se.slice_end = 0; /* of its former one */
        next->se.ran = true;
    }
    run(rq, next, now);
    /* A full barrier: who waits for vCPUs on a CPU (p2m_flush()) sees this, or
     * what it did before is seen here. */
    (void)atomic_xchg(&next->on_cpu, true);
    this_cpu(current_vcpu) = next;
}

/*
 * The first thing on the stack of whoever got the CPU, with the lock of its
 * queue: the one before is off now. Uses nothing that was computed before
 * the switch, perhaps on another CPU.
 */
static void arrive(void)
{
    struct runq *rq = &this_cpu(runq);
    struct vcpu *v = current;
    bool misplaced = rq->misplaced, slice_over = rq->slice_over;
    bool idled = rq->left == rq->idle;

    /* From now on vcpu_wait_stopped() may return, and a dead one be freed. */
    store_release(&rq->left->on_cpu, false);
    rq->left = NULL;
    spin_unlock(&rq->lock);

    if (v->hvm) {
        hvm_switch_to(v);
        if (v->runstate_size)
            guest_runstate_update(v);
    }
    if (idled)
        runq_pass_on(rq);
    if (unlikely(misplaced))
        runq_evict(rq);
    if (slice_over)
        runq_balance(rq);
}

/* Lock of rq, this CPU's, which is released. */
static void schedule_locked(struct runq *rq)
{
    struct vcpu *prev = current, *next;
    uint64_t now = now_ns();

    ASSERT(!prev->in_guest);
    runq_charge(rq, now);
    next = choose(rq, prev, now);
    if (next == prev) {
        run(rq, prev, now);
        bool slice_over = rq->slice_over;
        spin_unlock(&rq->lock);
        if (slice_over)
            runq_balance(rq);
        return;
    }
    leave(rq, prev, next, now);
    take_over(rq, next, now);
    rq->left = prev;
    thread_switch(&prev->rsp, next->rsp);
    arrive();
}

void schedule(void)
{
    struct runq *rq = &this_cpu(runq);

    spin_lock(&rq->lock);
    schedule_locked(rq);
}

void vcpu_park(void)
{
    struct vcpu *v = current;
    struct runq *rq = &this_cpu(runq);

    spin_lock(&rq->lock);
    v->se.parked = !v->se.unparked && v->domain->dying == DOMAIN_ALIVE;
    v->se.unparked = false;
    if (v->se.parked)
        schedule_locked(rq);
    else
        spin_unlock(&rq->lock);
}

void thread_main(void)
{
    arrive();
    current->entry(current);
    panic("a thread returned from its function");
}

void sched_give_way(void)
{
    current->se.yielded = true; /* only its own CPU looks at it */
    schedule();
}

bool sched_wanted(void)
{
    return READ_ONCE(this_cpu(runq).resched);
}

/* --- Setting up. --- */

/* The refill timer: no locks. */
static void refill(void *arg)
{
    struct domain *d = arg;

    /* A debt of more than a period: comes again. */
    if (cap_charge(d, 0, now_ns()))
        return;
    for_vcpus (d, v)
        unthrottle(v, false);
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
        unthrottle(v, changed);
    return 0;
}

int sched_set_ratelimit(unsigned int us)
{
    if (us && (us < XEN_SYSCTL_SCHED_RATELIMIT_MIN ||
               us > XEN_SYSCTL_SCHED_RATELIMIT_MAX))
        return -EINVAL;
    WRITE_ONCE(sched_ratelimit, us);
    return 0;
}

void sched_vcpu_init(struct vcpu *v)
{
    list_init(&v->se.queue);
    v->se.vruntime = SCHED_VRUNTIME_START;
    v->runstate.state = RUNSTATE_offline;
    v->runstate.state_entry_time = now_ns();
    memset(&v->affinity_hard, 0xff, sizeof(v->affinity_hard));
    v->affinity_soft = v->affinity_hard;
    /* Spread out; where it wakes is decided then. */
    v->cpu = (v->id + v->domain->id) % MAX(cpumask_count(&sched_cpus), 1u);
    if (!cpumask_test(&sched_cpus, v->cpu))
        v->cpu = cpumask_next(&sched_cpus, 0);
    if (v->stack) {
        struct thread_frame *f = (void *)((char *)v->stack + STACK_SIZE);

        *--f = (struct thread_frame){ .rip = (uintptr_t)thread_start };
        v->rsp = (uintptr_t)f;
    }
}

int sched_init_cpu(unsigned int cpu)
{
    struct runq *rq = &this_cpu(runq);
    struct vcpu *v;
    int rc = vcpu_create(idle_domain, cpu, NULL, &v);

    if (rc)
        return rc;
    v->cpu = cpu;
    v->down = false;
    v->se.ran = v->on_cpu = true;
    v->runstate.state = RUNSTATE_running;
    this_cpu(current_vcpu) = v;

    rq->cpu = cpu;
    rq->idle = rq->curr = v;
    list_init(&rq->queue);
    rq->accounted = now_ns();
    timer_init(&rq->timer, slice_timer, rq);
    atomic_set_bit(cpu, sched_idle_cpus.bits);
    atomic_set_bit(cpu, sched_cpus.bits);
    return 0;
}

__noreturn void sched_idle(void)
{
    struct runq *rq = &this_cpu(runq);
    unsigned int poked;

    for (;;) {
        schedule();
        /* Our bit in sched_idle_cpus is set: who queues from now on sees it,
         * and clears it only together with setting poked or resched. Then
         * the next turn sets it again. */
        poked = atomic_xchg(&rq->poked, 0);
        if (runq_steal(rq, poked) || poked)
            continue;
        if (page_scrub_some()) {
            cpu_take_interrupts();
            continue;
        }
        WRITE_ONCE(rq->asleep, true);
        smp_mb(); /* pairs with runq_resched() and sched_call_help() */
        if (!READ_ONCE(rq->resched) && !READ_ONCE(rq->poked))
            cpu_idle_wait();
        WRITE_ONCE(rq->asleep, false);
    }
}
