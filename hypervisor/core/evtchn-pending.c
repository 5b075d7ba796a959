/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a pending event looks to the guest, in either layout, and how the guest
 * is told; polling.
 *
 * 2-level: a pending and a mask bit for each port in shared info, and in each
 * vCPU's info a selector with one bit for each word of pending bits. 64 words
 * of 64 bits, or 32 of 32 for a guest in 32-bit mode.
 *
 * FIFO: an array of event words, one per port, in pages that the guest
 * registered, and per vCPU a control block with the heads of 16 queues. An
 * event that becomes pending is linked to the tail of the queue of its
 * priority; the guest unlinks from the head.
 *
 * All of these pages belong to the guest, which may write anything at any
 * time. So Lodge reads only flags out of them, never a port number; tails
 * and the queue an event was put on last are in Lodge's own memory; and
 * every compare-and-exchange is tried a bounded number of times.
 */
#include "hypervisor/core/evtchn-impl.h"

#include "hypervisor/abi/compat.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/lib/string.h"

/* Shows v that something is pending: the flag in its info, and the callback
 * when the flag was clear. Its word or queue must have been marked before. */
static void show(struct vcpu *v)
{
    struct vcpu_info *info = READ_ONCE(v->info);

    /* The guest clears the flag before it looks at what was marked, and the
     * marking was a full barrier: if the flag is set now, it will look. */
    if (!READ_ONCE(info->evtchn_upcall_pending) &&
        !atomic_xchg(&info->evtchn_upcall_pending, 1))
        hvm_assert_upcall(v);
}

/* Wakes the vCPUs of d that wait for this port in SCHEDOP_poll. */
static void wake_pollers(struct domain *d, uint32_t port)
{
    for_vcpus (d, v) {
        uint32_t want = READ_ONCE(v->poll_port);

        if (want && (want == port || want == EVTCHN_POLL_ANY) &&
            atomic_cmpxchg(&v->poll_port, &want, 0))
            vcpu_unpark(v);
    }
}

/* --- 2-level. --- */

/*
 * Bit n of an array has the same place whatever the size of its words (x86
 * is little endian), so all are taken as arrays of 32-bit words. The pending
 * array starts at the same offset in both layouts; only the mask's place, the
 * selector's and the number of ports differ.
 */
typedef uint32_t __attribute__((may_alias)) word_t;

#define COMPAT_PORTS 1024u
BUILD_BUG_ON(offsetof(struct shared_info, evtchn_pending) !=
             offsetof(struct compat_shared_info, evtchn_pending));
BUILD_BUG_ON(offsetof(struct vcpu_info, evtchn_upcall_pending) !=
             offsetof(struct compat_vcpu_info, evtchn_upcall_pending));

static uint32_t ports_2l(const struct domain *d)
{
    return domain_is_compat(d) ? COMPAT_PORTS : EVTCHN_2L_NR_CHANNELS;
}

/* The words that the bit of a port is in; its number there is port % 32. */
static word_t *pending_word(const struct domain *d, uint32_t port)
{
    return (word_t *)d->shared_info->evtchn_pending + port / 32;
}

static word_t *mask_word(const struct domain *d, uint32_t port, bool compat)
{
    size_t at = compat ? offsetof(struct compat_shared_info, evtchn_mask)
                       : offsetof(struct shared_info, evtchn_mask);

    return (word_t *)((char *)d->shared_info + at) + port / 32;
}

static bool is_set(const word_t *word, uint32_t port)
{
    return READ_ONCE(*word) >> (port % 32) & 1;
}

/* Sets the bit of a port's word in v's selector; true if it was clear. */
static bool select_word(struct vcpu *v, uint32_t port, bool compat)
{
    size_t at = compat ? offsetof(struct compat_vcpu_info, evtchn_pending_sel)
                       : offsetof(struct vcpu_info, evtchn_pending_sel);
    word_t *sel = (word_t *)((char *)READ_ONCE(v->info) + at);
    uint32_t nr = compat ? port / 32 : port / 64;

    return !word_test_and_set(sel + nr / 32, nr % 32);
}

/*
 * Marks the event, makes it visible to v unless it is masked, and wakes who
 * polls for it if it was not pending before.
 *
 * The order is the contract with the guest, which clears the flag, then
 * takes the selector, then the pending words, and unmasks a port before it
 * looks whether it is pending: each step here is a full barrier.
 */
static void deliver_2l(struct domain *d, struct vcpu *v, uint32_t port)
{
    bool compat = domain_is_compat(d);

    /* A port from before the guest went to 32-bit mode. */
    if (unlikely(compat && port >= COMPAT_PORTS))
        return;
    if (word_test_and_set(pending_word(d, port), port % 32))
        return;
    if (!is_set(mask_word(d, port, compat), port) &&
        select_word(v, port, compat))
        show(v);
    const struct evtchn_table *t = d->evtchn;
    /* It changed to FIFO at this moment, and control_add() may not have seen
     * the bit that was set. */
    if (unlikely(READ_ONCE(t->fifo)))
        evtchn_deliver(d, port_channel(t, port), port);
    else if (unlikely(READ_ONCE(t->pollers)))
        wake_pollers(d, port);
}

static void unmask_2l(struct domain *d, struct vcpu *v, uint32_t port)
{
    bool compat = domain_is_compat(d);

    if (port >= ports_2l(d))
        return;
    if (word_test_and_clear(mask_word(d, port, compat), port % 32) &&
        is_set(pending_word(d, port), port) && select_word(v, port, compat))
        show(v);
}

void evtchn_info_moved(struct vcpu *v)
{
    bool compat = domain_is_compat(v->domain);

    for (uint32_t port = 0; port < ports_2l(v->domain);
         port += compat ? 32 : 64)
        (void)select_word(v, port, compat);
    show(v);
}

/* --- FIFO. --- */

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

/* NULL: the guest has not registered the page of this port's word yet. */
static event_word_t *word_of(const struct domain *d, uint32_t port)
{
    const struct evtchn_fifo *f = d->evtchn->fifo;
    uint32_t nr = load_acquire(&f->nr_words);

    if (unlikely(port >= nr))
        return NULL;
    size_t i = index_nospec(port, nr);
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

/*
 * Locks the queues of v, where an event goes to, and of the vCPU where it was
 * last, which is returned; NULL if the event was moved about all the time,
 * which takes a guest that changes its vCPU and unmasks it in parallel.
 */
static __attribute__((noinline)) struct vcpu *
lock_both(const struct domain *d, struct evtchn *chn, struct vcpu *v)
{
    for (unsigned int try = 0; try < 4; try++) {
        uint32_t last = READ_ONCE(chn->last_queue);
        struct vcpu *old = d->vcpu[last >> 8];

        spin_lock_pair(&v->fifo_lock, &old->fifo_lock);
        if (last >> 8 == READ_ONCE(chn->last_queue) >> 8)
            return old;
        spin_unlock_pair(&v->fifo_lock, &old->fifo_lock);
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
    struct evtchn_fifo_control_block *control = load_acquire(&v->fifo_control);
    uint32_t *tail = &v->fifo_tail[priority], *old_tail;
    struct vcpu *old = v;
    bool fresh, was_empty = false;

    if (unlikely(!control)) {
        log_guest(LOG_WARN, "d%uv%u has no FIFO control block: event lost\n",
                  d->id, v->id);
        return;
    }
    /* The queue is locked before PENDING shows, so that whoever sees it
     * pending on wake-up soon finds it on the queue. */
    spin_lock(&v->fifo_lock);
    if (unlikely(READ_ONCE(chn->last_queue) >> 8 != v->id)) {
        spin_unlock(&v->fifo_lock);
        old = lock_both(d, chn, v);
        if (!old)
            return;
    }
    fresh = !word_test_and_set(word, EVTCHN_FIFO_PENDING);
    if (!(READ_ONCE(*word) & MASKED) &&
        !word_test_and_set(word, EVTCHN_FIFO_LINKED)) {
        /* It was unlinked until now. As a tail it says that its old queue is
         * empty; left there, the next event would be linked behind it. */
        old_tail = &old->fifo_tail[chn->last_queue & 0xff];
        if (*old_tail == port)
            *old_tail = 0;
        WRITE_ONCE(chn->last_queue, v->id << 8 | priority);
        was_empty = !*tail || !link_tail(d, word_of(d, *tail), port);
        if (was_empty)
            WRITE_ONCE(control->head[priority], port);
        *tail = port;
    }
    spin_unlock_pair(&v->fifo_lock, &old->fifo_lock);

    if (was_empty && !word_test_and_set(&control->ready, priority))
        show(v);
    if (unlikely(READ_ONCE(d->evtchn->pollers)) && fresh)
        wake_pollers(d, port);
}

/* The same as deliver_2l(). */
static void deliver_fifo(struct domain *d, struct vcpu *v, struct evtchn *chn,
                         uint32_t port)
{
    event_word_t *word = word_of(d, port), w;

    if (unlikely(!word)) {
        /* Not registered yet: remember the event, unless the page came at
         * this moment; then it is raised after all. */
        WRITE_ONCE(chn->early, 1);
        smp_mb(); /* pairs with words_add(): words, then early */
        word = word_of(d, port);
        if (!word || !atomic_xchg(&chn->early, 0))
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

static void unmask_fifo(struct domain *d, struct vcpu *v, struct evtchn *chn,
                        uint32_t port)
{
    event_word_t *word = word_of(d, port);

    if (!word)
        return;
    (void)word_test_and_clear(word, EVTCHN_FIFO_MASKED);
    if (READ_ONCE(*word) & PENDING)
        deliver_fifo(d, v, chn, port);
}

/* --- Either layout. --- */

uint32_t evtchn_layout_ports(const struct domain *d)
{
    return d->evtchn->fifo ? EVTCHN_FIFO_NR_CHANNELS : ports_2l(d);
}

void evtchn_deliver(struct domain *d, struct evtchn *chn, uint32_t port)
{
    struct vcpu *v = d->vcpu[READ_ONCE(chn->vcpu)];

    if (unlikely(!v))
        return;
    if (load_acquire(&d->evtchn->fifo))
        deliver_fifo(d, v, chn, port);
    else
        deliver_2l(d, v, port);
}

/* The word with a port's pending bit, and the number of the bit; NULL if there
 * is none: not registered yet, or of before the guest went to 32-bit mode. */
static word_t *pending_bit(const struct domain *d, uint32_t port,
                           unsigned int *nr)
{
    if (READ_ONCE(d->evtchn->fifo)) {
        *nr = EVTCHN_FIFO_PENDING;
        return word_of(d, port);
    }
    *nr = port % 32;
    return port < ports_2l(d) ? pending_word(d, port) : NULL;
}

void evtchn_clear_pending(struct domain *d, struct evtchn *chn, uint32_t port)
{
    unsigned int nr;
    word_t *word = pending_bit(d, port, &nr);

    WRITE_ONCE(chn->early, 0);
    if (word)
        (void)word_test_and_clear(word, nr);
}

bool evtchn_is_linked(const struct domain *d, uint32_t port)
{
    const event_word_t *word = d->evtchn->fifo ? word_of(d, port) : NULL;

    return word && (READ_ONCE(*word) & LINKED);
}

int evtchn_unmask(struct domain *d, uint32_t port)
{
    struct evtchn *chn = port_find(d, port);

    if (!chn)
        return -EINVAL;
    spin_lock(&chn->lock);
    struct vcpu *v = d->vcpu[READ_ONCE(chn->vcpu)];
    if (port_is_usable(chn) && v) {
        if (d->evtchn->fifo)
            unmask_fifo(d, v, chn, port);
        else
            unmask_2l(d, v, port);
    }
    spin_unlock(&chn->lock);
    return 0;
}

int evtchn_set_priority(struct domain *d, uint32_t port, uint32_t priority)
{
    struct evtchn *chn = port_find(d, port);
    int rc = 0;

    if (!chn)
        return -EINVAL;
    spin_lock(&chn->lock);
    if (!d->evtchn->fifo)
        rc = -ENOSYS;
    else if (!port_is_usable(chn))
        rc = -EACCES;
    else if (priority > EVTCHN_FIFO_PRIORITY_MIN)
        rc = -EINVAL;
    else /* an event that is on a queue already stays there */
        WRITE_ONCE(chn->priority, (uint8_t)priority);
    spin_unlock(&chn->lock);
    return rc;
}

int evtchn_is_pending(struct domain *d, uint32_t port)
{
    struct evtchn *chn = port_find(d, port);
    unsigned int nr;

    if (!chn)
        return -EINVAL;
    spin_lock(&chn->lock);
    const word_t *word = port_is_usable(chn) ? pending_bit(d, port, &nr) : NULL;
    int pending = word && is_set(word, nr);
    spin_unlock(&chn->lock);
    return pending;
}

void evtchn_poll_start(struct vcpu *v, uint32_t port)
{
    WRITE_ONCE(v->poll_port, port);
    /* A full barrier: either we see the event, or its sender sees us. */
    atomic_inc(&v->domain->evtchn->pollers);
}

bool evtchn_poll_end(struct vcpu *v)
{
    atomic_dec(&v->domain->evtchn->pollers);
    return !atomic_xchg(&v->poll_port, 0);
}

/* --- The memory of the FIFO layout. --- */

void evtchn_fifo_destroy(struct domain *d)
{
    struct evtchn_fifo *f = d->evtchn->fifo;

    if (!f)
        return;
    d->evtchn->fifo = NULL;
    for_vcpus (d, v) {
        v->fifo_control = NULL;
        frame_unshare(&v->fifo_frame);
        memset(v->fifo_tail, 0, sizeof(v->fifo_tail));
    }
    for (unsigned int i = 0; i < f->nr_words / WORDS_PER_PAGE; i++)
        frame_unshare(&f->pages[i]);
    heap_free(f);
}

/*
 * The first one takes d from 2-level to FIFO, still without a word: events
 * that are pending wait for theirs. A sender that has just marked the old
 * layout sees t->fifo then (deliver_2l()) and marks the new. Lock EVTCHN.
 */
static int control_add(struct vcpu *v, uint32_t offset,
                       const struct shared_frame *f)
{
    struct domain *d = v->domain;
    struct evtchn_table *t = d->evtchn;
    uint32_t ports = t->fifo ? 0 : MIN(t->nr_ports, ports_2l(d));

    if (v->fifo_control)
        return -EINVAL;
    if (!t->fifo)
        (void)atomic_xchg(&t->fifo, heap_alloc(sizeof(*t->fifo)));
    if (!t->fifo)
        return -ENOMEM;
    for (uint32_t port = 1; port < ports; port++)
        if (is_set(pending_word(d, port), port))
            WRITE_ONCE(port_channel(t, port)->early, 1);
    v->fifo_frame = *f;
    store_release(&v->fifo_control,
                  (void *)((char *)f->va + index_nospec(offset, PAGE_SIZE)));
    return 0;
}

/* Adds a page of words, and raises what became pending before its word was
 * there. Lock EVTCHN. */
static int words_add(struct domain *d, const struct shared_frame *f)
{
    struct evtchn_table *t = d->evtchn;

    if (!t->fifo)
        return -EOPNOTSUPP; /* reset meanwhile */
    uint32_t port = t->fifo->nr_words;
    if (port == EVTCHN_FIFO_NR_CHANNELS)
        return -ENOSPC;
    t->fifo->pages[port / WORDS_PER_PAGE] = *f;
    store_release(&t->fifo->nr_words, port + WORDS_PER_PAGE);
    smp_mb(); /* pairs with deliver_fifo() */
    for (; port < MIN(t->nr_ports, t->fifo->nr_words); port++) {
        struct evtchn *chn = port_channel(t, port);

        if (chn->early && atomic_xchg(&chn->early, 0) && port_is_usable(chn))
            evtchn_deliver(d, chn, port);
    }
    return 0;
}

/* Takes over a guest's frame, with v's control block at byte `offset`, or (v
 * is NULL) with more words. */
static int frame_add(struct domain *d, struct vcpu *v, uint32_t offset,
                     uint64_t frame_gfn)
{
    struct shared_frame f;
    int rc = frame_share(d, gfn(frame_gfn), &f);

    if (rc)
        return rc == -EROFS ? -EINVAL : rc;
    spin_lock(&d->evtchn_lock);
    rc = d->dying != DOMAIN_ALIVE ? -EINVAL
         : v ? control_add(v, offset, &f) : words_add(d, &f);
    spin_unlock(&d->evtchn_lock);
    if (rc)
        frame_unshare(&f);
    return rc;
}

int evtchn_init_control(struct vcpu *v, uint64_t control_gfn, uint32_t offset,
                        uint8_t *link_bits)
{
    *link_bits = EVTCHN_FIFO_LINK_BITS;
    if (offset > PAGE_SIZE - sizeof(struct evtchn_fifo_control_block) ||
        !IS_ALIGNED(offset, 8))
        return -EINVAL;
    return frame_add(v->domain, v, offset, control_gfn);
}

int evtchn_expand_array(struct domain *d, uint64_t array_gfn)
{
    if (!READ_ONCE(d->evtchn->fifo))
        return -EOPNOTSUPP;
    return frame_add(d, NULL, 0, array_gfn);
}
