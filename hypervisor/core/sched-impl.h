/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the scheduler share: the run queue of a CPU and the
 * policy's questions and answers. For sched*.c only.
 *
 * The policy (sched-policy.c) decides on plain structures: it takes no lock,
 * reads no clock and switches nothing. The other files ask it and do it.
 *
 * Fields: (q) lock of the queue, (c) constant, (a) atomic: written with the
 * lock, read by other CPUs as a hint.
 */
#pragma once

#include "hypervisor/core/domain.h"

struct runq {
    struct spinlock lock;   /* rank RUNQ */
    unsigned int cpu;       /* (c) */
    struct vcpu *idle;      /* (c) */
    struct vcpu *curr;      /* (a) who has the CPU; its CPU changes it */
    struct vcpu *left;      /* (q) who had it before, until it is off */
    struct list queue;      /* (q) who waits, by vruntime */
    unsigned int nr;        /* (a) how many */
    uint64_t accounted;     /* (q) curr's time is charged up to here, ns */
    uint64_t floor;         /* (q) least vruntime here, never falls */

    bool resched;           /* (a) this CPU should call schedule() */
    unsigned int poked;     /* (a) 1 + a CPU whose work this idle one shall
                             * take, 0: none */
    bool asleep;            /* (a) its idle loop halts or is about to */
    bool misplaced;         /* (q) somebody waits who may not run here */
    bool slice_over;        /* (q) a slice ended with others waiting */
    uint64_t balance_at;    /* (q) and that counts from then on, ns */
    unsigned int balanced;  /* by its CPU only: the one looked at last */

    struct timer timer;     /* end of the slice or of a capped budget */
};

/* --- The policy's numbers. --- */

/* Slices get shorter when many wait, so that all have a turn within about
 * SCHED_TURN. */
#define SCHED_TURN MILLISECS(20)
#define SCHED_SLICE_MIN MILLISECS(2)
/* How far ahead of the others a vCPU may wake that has slept, and how far
 * ahead it must be to take the CPU away from one that computes. */
#define SCHED_WAKE_BONUS MILLISECS(5)
#define SCHED_WAKE_GRAIN MILLISECS(1)
/* One that sends events, and usually computes for longer than SCHED_TAIL_SHORT
 * after the first before it sleeps, is left alone by those whom it wakes for at
 * most SCHED_SENDER_TIME: they find more to do at once. One that usually sleeps
 * soon hands them the CPU. */
#define SCHED_TAIL_SHORT MICROSECS(25)
#define SCHED_SENDER_TIME MILLISECS(1)
/* A waiting vCPU goes to a CPU whose own has had this much more. */
#define SCHED_BALANCE_GRAIN MILLISECS(20)
/* What one may be behind or ahead of its new neighbours when it moves. */
#define SCHED_LAG_MAX MILLISECS(50)
#define SCHED_CAP_PERIOD MILLISECS(10)
/* How long a vCPU of a capped domain runs before its budget is asked again. */
#define SCHED_CAP_CHUNK MICROSECS(500)

/* All vruntimes start here, so that differences cannot go below zero. */
#define SCHED_VRUNTIME_START SECONDS(1000)

/* --- sched-policy.c; all with the lock of rq. --- */

void runq_insert(struct runq *rq, struct vcpu *v);
void runq_remove(struct runq *rq, struct vcpu *v);
/* Its CPU has nothing to run. Without the lock it is a hint. */
static inline bool runq_idles(const struct runq *rq)
{
    return READ_ONCE(rq->curr) == rq->idle;
}
/* How long a vCPU is in its run state, ns. */
static inline uint64_t runstate_age(const struct vcpu_runstate_info *r,
                                    uint64_t now)
{
    return now > r->state_entry_time ? now - r->state_entry_time : 0;
}
static inline bool vcpu_is_queued(const struct vcpu *v)
{
    return !list_empty(&v->se.queue);
}

/* Charges curr for its time up to now (vruntime only). Returns the ns. */
uint64_t runq_account(struct runq *rq, uint64_t now);

/*
 * How far ahead (> 0) or behind its share v is that is about to be woken, by
 * what happened on the queue where it ran last, rq (accounted). Between
 * -SCHED_WAKE_BONUS and SCHED_LAG_MAX.
 */
int64_t runq_lag(const struct runq *rq, const struct vcpu *v, uint64_t now);
/* Sets v's vruntime in relation to those on rq, before it is queued. */
void runq_place_woken(struct runq *rq, struct vcpu *v, int64_t lag);
void runq_place_moved(struct runq *rq, struct vcpu *v);
/* The longest time anyone computes on with nr others waiting, ns. */
uint64_t sched_slice(unsigned int nr);
/* The one waiting who has the least, among those who may run here, or among
 * those who may not; NULL: there is none. */
struct vcpu *runq_first(struct runq *rq, bool allowed);

static inline bool vcpu_allowed_on(const struct vcpu *v, unsigned int cpu)
{
    return cpumask_test(&v->affinity_hard, cpu);
}

/* --- thread.S: the one place where stacks are changed. --- */

/* What thread_switch() takes off a stack. */
struct thread_frame {
    uint64_t r15, r14, r13, r12, rbx, rbp;
    uint64_t rip;
    uint64_t end; /* of the chain of callers: 0 */
};

/*
 * Saves the callee-saved registers on the stack and its pointer in *save,
 * then takes over the stack `load`, which was left in the same way or made
 * by sched_vcpu_init(). Returns when somebody switches back. Interrupts off.
 */
void thread_switch(uint64_t *save, uint64_t load);
/* Where a new stack's first switch returns to: calls thread_main(). */
void thread_start(void);

/* --- sched.c --- */

/* The first C function on a new stack; never returns. */
void thread_main(void);

extern struct cpumask sched_cpus;      /* (a) have a run queue; only grows */
extern struct cpumask sched_idle_cpus; /* (a) see sched-move.c */

/* Does any CPU idle? A hint, and where none does, what a wake-up costs less. */
static inline bool sched_any_idle(void)
{
    uint64_t any = 0;

    for (unsigned int i = 0; i < CPUMASK_WORDS; i++)
        any |= READ_ONCE(sched_idle_cpus.bits[i]);
    return any;
}

DECLARE_PERCPU(struct runq, runq);
#define runq_of_cpu(cpu) (&per_cpu(runq, (cpu))) /* an online one */
/* Locks the queue that v belongs to. */
struct runq *runq_lock_of(const struct vcpu *v);
/* Makes rq's CPU call schedule(). Lock of rq: curr stays. */
void runq_resched(struct runq *rq);
/* Charges curr for its time, by weight and cap. Lock of rq. */
void runq_charge(struct runq *rq, uint64_t now);
/* Queues v, which is off and placed, on rq (charged). Locks: rq and that of
 * v's queue. */
void runq_enqueue(struct runq *rq, struct vcpu *v, uint64_t now);
/* Finds a place for v if it is off and should run; takes it off its queue, or
 * tells its CPU, if it should not. Lock of its queue, which is released. */
void runq_update(struct runq *rq, struct vcpu *v);

/* --- sched-move.c; no queue locked, unless it says so. --- */

/*
 * A CPU for v, which is about to be queued: its last one if that idles or v
 * is far behind its share (lag: runq_lag()), an idle one, the one with the
 * fewest waiting. Lock of v's queue.
 */
unsigned int sched_place(const struct vcpu *v, int64_t lag);

/* v waits on a busy CPU: lets an idle one, if there is any, come for it. Lock
 * of v's queue. */
void sched_call_help(const struct vcpu *v);
/* The same for all who wait on rq. Lock of rq. */
void runq_call_help(struct runq *rq);
/* This CPU got work of its own before it came to take another's: somebody
 * else has to. */
void runq_pass_on(struct runq *rq);
/* Moves those away who may not run on rq's CPU. */
void runq_evict(struct runq *rq);
/* After a slice, but not after each when they are shorter than
 * SCHED_SLICE_MIN: if another CPU's vCPU has had much more than one who waits
 * here, that one goes there. Looks at one CPU each time, in turn. */
void runq_balance(struct runq *rq);
/* Fetches one who waits elsewhere: on CPU poked - 1, if that is one, or on the
 * first that has one for this CPU. False: there is none. */
bool runq_steal(struct runq *rq, unsigned int poked);
