/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Timers. Each CPU has a queue: a skew heap through the timers themselves, so
 * that setting one allocates nothing. (Sleator and Tarjan, "Self-adjusting
 * heaps", 1986: whatever is done costs O(log n) amortised.)
 *
 * The hardware is set for the earliest timer when that gets earlier. When it
 * gets later, as it does whenever a guest stops a timer, the old deadline
 * comes, finds nothing to do and sets the next: one needless interrupt is
 * cheaper than setting the hardware each time.
 */
#include "hypervisor/core/timer.h"

#include "hypervisor/cpu/percpu.h"
#include "hypervisor/cpu/spinlock.h"
#include "hypervisor/cpu/upcalls.h"
#include "hypervisor/x86/time.h"
#include "hypervisor/x86/upcalls.h"

/* Callbacks of one timer_interrupt(): a guest that sets timers in the past must
 * not keep the CPU. */
#define RUN_MAX 64

struct timer_queue {
    struct spinlock lock; /* rank TIMER */
    struct timer *first;  /* root of the heap: the earliest */
    uint64_t deadline;    /* what the hardware is set to, or will be */
};

static DEFINE_PERCPU(struct timer_queue, timer_queue) = {
    .lock = SPINLOCK_INIT(TIMER), .deadline = TIME_NEVER,
};

/*
 * Makes one heap of two, either of which may be empty, and lets *link point to
 * it. Down the right sides: who is earlier stays, and its children change
 * places, so that what was added here is not in the way next time.
 */
static void meld(struct timer **link, struct timer *a, struct timer *b)
{
    while (a && b) {
        struct timer *top = b->expires < a->expires ? b : a;

        b = top == a ? b : a;
        a = top->right;
        top->right = top->left;
        if (top->right)
            top->right->link = &top->right;
        *link = top;
        top->link = link;
        link = &top->left;
    }
    *link = a ? a : b;
    if (*link)
        (*link)->link = link;
}

static void take_out(struct timer *t)
{
    meld(t->link, t->left, t->right);
    t->left = t->right = NULL;
    t->link = NULL;
}

/*
 * Moves t to this CPU's queue, to expire at *expires, which is read with the
 * queues locked; an earlier deadline goes to the hardware. True if the callback
 * is running.
 */
static bool place(struct timer *t, const uint64_t *expires)
{
    struct timer_queue *q = &this_cpu(timer_queue), *old;

    /* Both queues: the one that t is on is known, and kept, when locked. */
    for (;;) {
        old = &per_cpu(timer_queue, READ_ONCE(t->cpu));
        spin_lock_pair(&old->lock, &q->lock);
        if (old == &per_cpu(timer_queue, t->cpu))
            break;
        spin_unlock_pair(&old->lock, &q->lock);
    }
    bool running = load_acquire(&t->running);
    if (t->link)
        take_out(t);
    t->cpu = cpu_id();
    WRITE_ONCE(t->expires, *expires);
    if (t->expires != TIME_NEVER)
        meld(&q->first, q->first, t);
    if (t->expires < q->deadline) {
        q->deadline = t->expires;
        deadline_set(q->deadline);
    }
    spin_unlock_pair(&old->lock, &q->lock);
    return running;
}

void timer_init(struct timer *t, void (*fn)(void *), void *arg)
{
    *t = (struct timer){ .expires = TIME_NEVER, .fn = fn, .arg = arg,
                         .cpu = cpu_id() };
}

void timer_set(struct timer *t, uint64_t expires)
{
    (void)place(t, &expires);
}

void timer_stop(struct timer *t)
{
    timer_set(t, TIME_NEVER);
}

void timer_kill(struct timer *t)
{
    const uint64_t never = TIME_NEVER;

    /* Again on each round: the callback may have set it. */
    while (place(t, &never)) {
        smp_call_poll();
        cpu_relax();
    }
}

void timer_migrate(struct timer *t)
{
    if (READ_ONCE(t->cpu) != cpu_id())
        (void)place(t, &t->expires);
}

void timer_interrupt(void)
{
    struct timer_queue *q = &this_cpu(timer_queue);
    uint64_t now = now_ns();

    spin_lock(&q->lock);
    for (unsigned int n = 0; n < RUN_MAX; n++) {
        struct timer *t = q->first;

        if (!t || t->expires > now)
            break;
        take_out(t);
        WRITE_ONCE(t->expires, TIME_NEVER);
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
