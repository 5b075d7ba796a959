/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Timers. Each CPU has a queue: a pairing heap through the timers themselves,
 * so that setting one allocates nothing. (Fredman et al., "The pairing heap",
 * 1986: meld and insert cost O(1), removal O(log n) amortised.)
 *
 * The hardware is set for the earliest timer when that gets earlier. When it
 * gets later, as it does whenever a guest stops a timer, the old deadline
 * comes, finds nothing to do and sets the next: one needless interrupt is
 * cheaper than setting the hardware each time.
 */
#include "hypervisor/core/timer.h"

#include "hypervisor/cpu/atomic.h"
#include "hypervisor/cpu/percpu.h"
#include "hypervisor/cpu/spinlock.h"
#include "hypervisor/cpu/upcalls.h"
#include "hypervisor/lib/assert.h"
#include "hypervisor/x86/time.h"
#include "hypervisor/x86/upcalls.h"

/* Callbacks of one timers_run(): a guest that sets timers in the past must
 * not keep the CPU. */
#define RUN_MAX 64

struct timer_queue {
    struct spinlock lock; /* rank TIMER */
    struct timer *first;  /* root of the heap: the earliest */
    uint64_t deadline;    /* what the hardware is set to, or will be */
};

static DEFINE_PERCPU(struct timer_queue, timer_queue) = {
    .lock = SPINLOCK_INIT(TIMER),
    .deadline = TIME_NEVER,
};

/* Makes one heap of two roots, neither of which has siblings. */
static struct timer *meld(struct timer *a, struct timer *b)
{
    struct timer *t;

    if (!a)
        return b;
    if (!b)
        return a;
    if (b->expires < a->expires) {
        t = a;
        a = b;
        b = t;
    }
    b->next = a->child;
    if (b->next)
        b->next->link = &b->next;
    a->child = b;
    b->link = &a->child;
    return a;
}

/* Makes one heap of a list of siblings: in pairs, then one after the other. */
static struct timer *meld_siblings(struct timer *list)
{
    struct timer *pairs = NULL, *heap = NULL;

    while (list) {
        struct timer *a = list, *b = a->next;

        list = b ? b->next : NULL;
        a->next = NULL;
        if (b)
            b->next = NULL;
        a = meld(a, b);
        a->next = pairs;
        pairs = a;
    }
    while (pairs) {
        struct timer *a = pairs;

        pairs = a->next;
        a->next = NULL;
        heap = meld(heap, a);
    }
    return heap;
}

static void set_first(struct timer_queue *q, struct timer *t)
{
    q->first = t;
    if (t)
        t->link = &q->first;
}

static void insert(struct timer_queue *q, struct timer *t)
{
    t->child = t->next = NULL;
    set_first(q, meld(q->first, t));
}

static void take_out(struct timer_queue *q, struct timer *t)
{
    struct timer *rest = meld_siblings(t->child);

    if (t == q->first) {
        set_first(q, rest);
    } else {
        *t->link = t->next;
        if (t->next)
            t->next->link = t->link;
        set_first(q, meld(q->first, rest));
    }
    t->child = t->next = NULL;
    t->link = NULL;
}

/* Locks the queue that t is on, and keeps it there. */
static struct timer_queue *queue_lock(struct timer *t)
{
    for (;;) {
        unsigned int cpu = READ_ONCE(t->cpu);
        struct timer_queue *q = &per_cpu(timer_queue, cpu);

        spin_lock(&q->lock);
        if (t->cpu == cpu)
            return q;
        spin_unlock(&q->lock);
    }
}

/* The same together with another CPU's queue, q. */
static struct timer_queue *queue_lock_both(struct timer *t,
                                           struct timer_queue *q)
{
    for (;;) {
        unsigned int cpu = READ_ONCE(t->cpu);
        struct timer_queue *old = &per_cpu(timer_queue, cpu);

        spin_lock_pair(&old->lock, &q->lock);
        if (t->cpu == cpu)
            return old;
        spin_unlock_pair(&old->lock, &q->lock);
    }
}

/* After an insertion: an earlier deadline for the hardware of `cpu`. */
static void deadline_update(struct timer_queue *q, unsigned int cpu)
{
    if (q->first->expires >= q->deadline)
        return;
    q->deadline = q->first->expires;
    if (cpu == cpu_id())
        deadline_set(q->deadline);
    else
        deadline_kick(cpu);
}

void timer_init(struct timer *t, void (*fn)(void *), void *arg)
{
    *t = (struct timer){ .expires = TIME_NEVER, .fn = fn, .arg = arg,
                         .cpu = cpu_id() };
}

void timer_set(struct timer *t, uint64_t expires)
{
    unsigned int cpu = cpu_id();
    struct timer_queue *q = &per_cpu(timer_queue, cpu);
    struct timer_queue *old = queue_lock_both(t, q);

    if (t->link)
        take_out(old, t);
    t->cpu = cpu;
    WRITE_ONCE(t->expires, expires);
    if (expires != TIME_NEVER) {
        insert(q, t);
        deadline_update(q, cpu);
    }
    spin_unlock_pair(&old->lock, &q->lock);
}

/* Lock of t's queue. */
static void stop(struct timer_queue *q, struct timer *t)
{
    if (t->link)
        take_out(q, t);
    WRITE_ONCE(t->expires, TIME_NEVER);
}

void timer_stop(struct timer *t)
{
    struct timer_queue *q = queue_lock(t);

    stop(q, t);
    spin_unlock(&q->lock);
}

void timer_kill(struct timer *t)
{
    bool running;

    do {
        struct timer_queue *q = queue_lock(t);

        /* Again on each round: the callback may have set it. */
        stop(q, t);
        running = load_acquire(&t->running);
        spin_unlock(&q->lock);
        if (running) {
            smp_call_poll();
            cpu_relax();
        }
    } while (running);
}

void timer_migrate(struct timer *t, unsigned int cpu)
{
    struct timer_queue *q = &per_cpu(timer_queue, cpu), *old;

    if (READ_ONCE(t->cpu) == cpu)
        return;
    old = queue_lock_both(t, q);
    if (old != q) {
        bool queued = t->link;

        if (queued)
            take_out(old, t);
        t->cpu = cpu;
        if (queued) {
            insert(q, t);
            deadline_update(q, cpu);
        }
    }
    spin_unlock_pair(&old->lock, &q->lock);
}

void timers_run(void)
{
    struct timer_queue *q = &this_cpu(timer_queue);
    uint64_t now = now_ns();
    struct timer *t;

    spin_lock(&q->lock);
    for (unsigned int n = 0; n < RUN_MAX; n++) {
        t = q->first;
        if (!t || t->expires > now)
            break;
        stop(q, t);
        atomic_inc(&t->running);
        spin_unlock(&q->lock);
        t->fn(t->arg);
        /* The last access: timer_kill() may let its owner free it now. */
        atomic_dec(&t->running);
        spin_lock(&q->lock);
    }
    q->deadline = q->first ? q->first->expires : TIME_NEVER;
    deadline_set(q->deadline);
    spin_unlock(&q->lock);
}

void timer_interrupt(void)
{
    timers_run();
}
