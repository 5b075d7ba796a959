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

/* Makes one heap of two roots, neither of which has siblings. */
static struct timer *meld(struct timer *a, struct timer *b)
{
    if (!a || !b)
        return a ? a : b;
    if (b->expires < a->expires)
        return meld(b, a);
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

/* Adds a heap, which may be empty. */
static void add(struct timer_queue *q, struct timer *heap)
{
    q->first = meld(q->first, heap);
    if (q->first)
        q->first->link = &q->first;
}

static void take_out(struct timer_queue *q, struct timer *t)
{
    *t->link = t->next;
    if (t->next)
        t->next->link = t->link;
    add(q, meld_siblings(t->child));
    t->child = t->next = NULL;
    t->link = NULL;
}

/* Locks q, and the queue that t is on, which is returned; keeps it there. */
static struct timer_queue *lock_queues(struct timer *t, struct timer_queue *q)
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

/*
 * Moves t to this CPU's queue, to expire at *expires, which is read with the
 * queues locked; an earlier deadline goes to the hardware. True if the callback
 * is running.
 */
static bool place(struct timer *t, const uint64_t *expires)
{
    struct timer_queue *q = &this_cpu(timer_queue);
    struct timer_queue *old = lock_queues(t, q);
    bool running = load_acquire(&t->running);

    if (t->link)
        take_out(old, t);
    t->cpu = cpu_id();
    WRITE_ONCE(t->expires, *expires);
    if (t->expires != TIME_NEVER)
        add(q, t);
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
    struct timer *t;

    spin_lock(&q->lock);
    for (unsigned int n = 0; n < RUN_MAX; n++) {
        t = q->first;
        if (!t || t->expires > now)
            break;
        take_out(q, t);
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
