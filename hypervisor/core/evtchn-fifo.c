/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The FIFO layout of pending events: an array of event words, one per port,
 * in pages that the guest registered, and per vCPU a control block with the
 * heads of 16 queues. An event that becomes pending is linked to the tail of
 * the queue of its priority; the guest unlinks from the head.
 *
 * All of these pages belong to the guest, which may write anything at any
 * time. So Lodge reads only flags out of them, never a port number; tails
 * and the queue an event was put on last are in Lodge's own memory; and
 * every compare-and-exchange is tried a bounded number of times.
 */
#include "hypervisor/core/evtchn-impl.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/mm/heap.h"

#define PENDING (1u << EVTCHN_FIFO_PENDING)
#define MASKED (1u << EVTCHN_FIFO_MASKED)
#define LINKED (1u << EVTCHN_FIFO_LINKED)
#define BUSY (1u << EVTCHN_FIFO_BUSY)

#define WORDS_PER_PAGE (PAGE_SIZE / sizeof(event_word_t))
#define MAX_PAGES (EVTCHN_FIFO_NR_CHANNELS / WORDS_PER_PAGE)

struct evtchn_fifo {
    uint32_t nr_words; /* (a) only grows; written with (e) */
    struct shared_frame pages[MAX_PAGES]; /* (c) once nr_words covers it */
};

struct queue {
    struct spinlock lock;
    uint32_t tail; /* (q) port linked last, 0: none */
};

struct evtchn_fifo_vcpu {
    struct evtchn_fifo_control_block *control; /* (a) NULL until registered */
    struct shared_frame frame;                 /* (e) */
    struct queue queue[EVTCHN_FIFO_MAX_QUEUES];
};

/* NULL: the guest has not registered the page of this port's word yet. */
static event_word_t *word_of(const struct domain *d, uint32_t port)
{
    const struct evtchn_fifo *f = d->evtchn->fifo;
    uint32_t nr = load_acquire(&f->nr_words);
    size_t i;

    if (unlikely(port >= nr))
        return NULL;
    i = index_nospec(port, nr);
    return (event_word_t *)f->pages[i / WORDS_PER_PAGE].va + i % WORDS_PER_PAGE;
}

/*
 * Makes the event at the tail of a queue point to `port`; false if the guest
 * has unlinked it, so that the queue is empty. BUSY keeps a well-behaved
 * guest from changing MASKED, so that four tries are enough; with one that
 * does not behave the event is lost, to that guest only.
 */
static bool link_tail(const struct domain *d, event_word_t *tail, uint32_t port)
{
    event_word_t w = READ_ONCE(*tail);

    for (unsigned int try = 0; try < 5; try++) {
        event_word_t new = (w & ~(BUSY | EVTCHN_FIFO_LINK_MASK)) | port;

        if (!(w & LINKED)) {
            if (try)
                (void)word_test_and_clear(tail, EVTCHN_FIFO_BUSY);
            return false;
        }
        if (atomic_cmpxchg(tail, &w, new))
            return true;
        if (!try) {
            (void)word_test_and_set(tail, EVTCHN_FIFO_BUSY);
            w = READ_ONCE(*tail);
        }
    }
    (void)word_test_and_clear(tail, EVTCHN_FIFO_BUSY);
    log_guest(LOG_WARN, "d%u: FIFO event word of port %u's queue is unstable: "
              "event lost\n", d->id, port);
    return true;
}

static struct queue *queue_of(const struct domain *d, uint32_t vcpu_queue)
{
    return &d->vcpu[vcpu_queue >> 8]->fifo->queue[vcpu_queue & 0xff];
}

/*
 * Locks queue q, that an event goes to, and the one that it was on last,
 * which is returned; NULL if the event was moved about all the time, which
 * takes a guest that changes its priority or vCPU and unmasks it in parallel.
 */
static __attribute__((noinline)) struct queue *
lock_both(const struct domain *d, struct evtchn *chn, struct queue *q)
{
    for (unsigned int try = 0; try < 4; try++) {
        uint32_t last = READ_ONCE(chn->last_queue);
        struct queue *old = queue_of(d, last);

        spin_lock_pair(&q->lock, &old->lock);
        if (last == READ_ONCE(chn->last_queue))
            return old;
        spin_unlock_pair(&q->lock, &old->lock);
    }
    log_guest(LOG_WARN, "d%u: FIFO event moves between queues all the time: "
              "event lost\n", d->id);
    return NULL;
}

/* Delivers an event that is not pending, or is pending and has to be put on
 * a queue. */
static __attribute__((noinline)) void
raise(struct domain *d, struct vcpu *v, struct evtchn *chn, uint32_t port,
      event_word_t *word)
{
    unsigned int priority = READ_ONCE(chn->priority);
    uint32_t vcpu_queue = v->id << 8 | priority;
    struct evtchn_fifo_control_block *control = load_acquire(&v->fifo->control);
    struct queue *q = &v->fifo->queue[priority], *old = q;
    bool fresh, was_empty = false;

    if (unlikely(!control)) {
        log_guest(LOG_WARN, "d%uv%u has no FIFO control block: event lost\n",
                  d->id, v->id);
        return;
    }
    /* The queue is locked before PENDING shows, so that whoever sees it
     * pending on wake-up soon finds it on the queue. */
    spin_lock(&q->lock);
    if (unlikely(READ_ONCE(chn->last_queue) != vcpu_queue)) {
        spin_unlock(&q->lock);
        old = lock_both(d, chn, q);
        if (!old)
            return;
    }
    fresh = !word_test_and_set(word, EVTCHN_FIFO_PENDING);
    if (!(READ_ONCE(*word) & MASKED) &&
        !word_test_and_set(word, EVTCHN_FIFO_LINKED)) {
        /* It was unlinked until now. As a tail it says that its old queue is
         * empty; left there, the next event would be linked behind it. */
        if (old->tail == port)
            old->tail = 0;
        WRITE_ONCE(chn->last_queue, vcpu_queue);
        was_empty = !q->tail || !link_tail(d, word_of(d, q->tail), port);
        if (was_empty)
            WRITE_ONCE(control->head[priority], port);
        q->tail = port;
    }
    spin_unlock_pair(&q->lock, &old->lock);

    if (was_empty && !word_test_and_set(&control->ready, priority))
        evtchn_show(v);
    if (unlikely(READ_ONCE(d->evtchn->pollers)) && fresh)
        evtchn_wake_pollers(d, port);
}

/* The event's word is not registered yet: remember it, unless the page came
 * at this moment; then it is raised after all. */
static __attribute__((noinline)) void
raise_early(struct domain *d, struct vcpu *v, struct evtchn *chn, uint32_t port)
{
    event_word_t *word;

    WRITE_ONCE(chn->early, 1);
    smp_mb(); /* pairs with evtchn_expand_array(): words, then early */
    word = word_of(d, port);
    if (word && atomic_xchg(&chn->early, 0))
        raise(d, v, chn, port, word);
}

void evtchn_fifo_deliver(struct domain *d, struct vcpu *v, struct evtchn *chn,
                         uint32_t port)
{
    event_word_t *word = word_of(d, port), w;

    if (unlikely(!word)) {
        raise_early(d, v, chn, port);
        return;
    }
    /*
     * Pending already, and either on a queue or masked: the guest will look
     * at it after this. The channel's lock was a full barrier, so that it
     * then also sees what the sender wrote before.
     */
    w = READ_ONCE(*word);
    if (!(w & PENDING) || !(w & (LINKED | MASKED)))
        raise(d, v, chn, port, word);
}

void evtchn_fifo_clear_pending(struct domain *d, struct evtchn *chn,
                               uint32_t port)
{
    event_word_t *word = word_of(d, port);

    /* It may stay linked: the guest skips what is not pending. */
    WRITE_ONCE(chn->early, 0);
    if (word)
        (void)word_test_and_clear(word, EVTCHN_FIFO_PENDING);
}

bool evtchn_fifo_test(const struct domain *d, uint32_t port, unsigned int bit)
{
    const event_word_t *word = word_of(d, port);

    return word && (READ_ONCE(*word) >> bit & 1);
}

void evtchn_fifo_unmask(struct domain *d, struct vcpu *v, struct evtchn *chn,
                        uint32_t port)
{
    event_word_t *word = word_of(d, port);

    if (!word)
        return;
    (void)word_test_and_clear(word, EVTCHN_FIFO_MASKED);
    if (READ_ONCE(*word) & PENDING)
        evtchn_fifo_deliver(d, v, chn, port);
}

/* Used in the FIFO layout only, to which the domain may change at any time. */
int evtchn_vcpu_init(struct vcpu *v)
{
    v->fifo = heap_alloc(sizeof(*v->fifo));
    if (!v->fifo)
        return -ENOMEM;
    for (unsigned int i = 0; i < EVTCHN_FIFO_MAX_QUEUES; i++)
        spin_lock_init(&v->fifo->queue[i].lock, LOCK_EVTCHN_QUEUE);
    return 0;
}

void evtchn_vcpu_exit(struct vcpu *v)
{
    heap_free(v->fifo);
    v->fifo = NULL;
}

void evtchn_fifo_destroy(struct domain *d)
{
    struct evtchn_fifo *f = d->evtchn->fifo;

    if (!f)
        return;
    d->evtchn->fifo = NULL;
    for_vcpus (d, v) {
        v->fifo->control = NULL;
        frame_unshare(&v->fifo->frame);
        for (unsigned int i = 0; i < EVTCHN_FIFO_MAX_QUEUES; i++)
            v->fifo->queue[i].tail = 0;
    }
    for (unsigned int i = 0; i < f->nr_words / WORDS_PER_PAGE; i++)
        frame_unshare(&f->pages[i]);
    heap_free(f);
}

/*
 * From 2-level to FIFO, still without a word and a control block: events
 * that are pending wait for their words. A sender that has just marked the
 * old layout sees t->fifo then (evtchn_deliver()) and marks the new. Lock
 * EVTCHN.
 */
static int fifo_create(struct domain *d)
{
    struct evtchn_table *t = d->evtchn;
    struct evtchn_fifo *f = heap_alloc(sizeof(*f));

    if (!f)
        return -ENOMEM;
    (void)atomic_xchg(&t->fifo, f);
    for (uint32_t port = 1; port < t->nr_ports; port++)
        if (evtchn_2l_is_pending(d, port))
            WRITE_ONCE(port_channel(t, port)->early, 1);
    return 0;
}

int evtchn_init_control(struct vcpu *v, uint64_t control_gfn, uint32_t offset,
                        uint8_t *link_bits)
{
    struct domain *d = v->domain;
    struct shared_frame f;
    int rc;

    *link_bits = EVTCHN_FIFO_LINK_BITS;
    if (offset > PAGE_SIZE - sizeof(struct evtchn_fifo_control_block) ||
        !IS_ALIGNED(offset, 8))
        return -EINVAL;
    rc = frame_share(d, gfn(control_gfn), &f);
    if (rc)
        return rc == -EROFS ? -EINVAL : rc;

    spin_lock(&d->evtchn_lock);
    if (d->dying != DOMAIN_ALIVE)
        rc = -EINVAL;
    else if (!d->evtchn->fifo)
        rc = fifo_create(d);
    else if (v->fifo->control)
        rc = -EINVAL;
    if (!rc) {
        v->fifo->frame = f;
        store_release(&v->fifo->control,
                      (void *)((char *)f.va + index_nospec(offset, PAGE_SIZE)));
    }
    spin_unlock(&d->evtchn_lock);

    if (rc)
        frame_unshare(&f);
    return rc;
}

/* Raises what became pending before its word was there. Lock EVTCHN. */
static void raise_earlier(struct domain *d, uint32_t first)
{
    struct evtchn_table *t = d->evtchn;

    for (uint32_t port = first;
         port < MIN(t->nr_ports, first + WORDS_PER_PAGE); port++) {
        struct evtchn *chn = port_channel(t, port);

        if (chn->early && atomic_xchg(&chn->early, 0) && port_is_usable(chn))
            evtchn_deliver(d, chn, port);
    }
}

int evtchn_expand_array(struct domain *d, uint64_t array_gfn)
{
    struct evtchn_table *t = d->evtchn;
    struct shared_frame f;
    uint32_t first;
    int rc;

    if (!READ_ONCE(t->fifo))
        return -EOPNOTSUPP;
    rc = frame_share(d, gfn(array_gfn), &f);
    if (rc)
        return rc == -EROFS ? -EINVAL : rc;

    spin_lock(&d->evtchn_lock);
    if (!t->fifo)
        rc = -EOPNOTSUPP; /* reset meanwhile */
    else if (d->dying != DOMAIN_ALIVE)
        rc = -EINVAL;
    else if (t->fifo->nr_words == EVTCHN_FIFO_NR_CHANNELS)
        rc = -ENOSPC;
    if (!rc) {
        first = t->fifo->nr_words;
        t->fifo->pages[first / WORDS_PER_PAGE] = f;
        store_release(&t->fifo->nr_words, first + WORDS_PER_PAGE);
        smp_mb(); /* pairs with raise_early() */
        raise_earlier(d, first);
    }
    spin_unlock(&d->evtchn_lock);

    if (rc)
        frame_unshare(&f);
    return rc;
}
