/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Event channels: which ports a domain has, what they are bound to, and
 * sending through them. How a pending event looks to the guest is in
 * evtchn-pending.c; who may do what was decided by the caller.
 *
 * A send takes one lock, that of the sender's channel: while it is held the
 * binding stays, so the other domain and its channel do too. Binding and
 * closing change a channel with the EVTCHN locks of both domains and the
 * locks of both channels. Entries of the table are never freed before the
 * domain.
 */
#include "hypervisor/core/evtchn-impl.h"

/*
 * Held while a binding between two domains is looked up to be broken: then
 * nobody else breaks it, and the other domain cannot have gone away when
 * both EVTCHN locks are taken in their order.
 */
static struct spinlock close_lock = SPINLOCK_INIT(EVTCHN_CLOSE);

/* An event for the other side of chn, which is bound. Lock of chn. */
static inline void deliver_to_peer(const struct evtchn *chn)
{
    struct domain *rd = chn->remote;
    struct evtchn *peer = port_channel(rd->evtchn, chn->remote_port);

    if (peer->consumer)
        vcpu_unpark(rd->vcpu[peer->vcpu]);
    else
        evtchn_deliver(rd, peer, chn->remote_port);
}

int evtchn_send(struct domain *d, uint32_t port, bool lodge)
{
    struct evtchn *chn = port_find(d, port);
    int rc = 0;

    if (unlikely(!chn))
        return -EINVAL;
    spin_lock(&chn->lock);
    if (unlikely(chn->consumer != lodge))
        rc = -EINVAL;
    else if (likely(chn->state == PORT_INTERDOMAIN))
        deliver_to_peer(chn);
    else if (chn->state == PORT_IPI)
        evtchn_deliver(d, chn, port);
    else if (chn->state != PORT_UNBOUND) /* that would be dropped */
        rc = -EINVAL;
    spin_unlock(&chn->lock);
    return rc;
}

bool evtchn_consumer_is_bound(struct domain *d, uint32_t port)
{
    struct evtchn *chn = port_find(d, port);

    return chn && READ_ONCE(chn->state) == PORT_INTERDOMAIN;
}

/* --- Allocation. Lock EVTCHN of d. --- */

static int bucket_add(struct evtchn_table *t)
{
    struct evtchn *b = heap_alloc_array(PORTS_PER_BUCKET, sizeof(*b));

    if (!b)
        return -ENOMEM;
    for (unsigned int i = 0; i < PORTS_PER_BUCKET; i++)
        spin_lock_init(&b[i].lock, LOCK_EVTCHN_PORT);
    t->bucket[t->nr_ports / PORTS_PER_BUCKET] = b;
    store_release(&t->nr_ports, t->nr_ports + PORTS_PER_BUCKET);
    return 0;
}

/*
 * The lowest port that can be bound; it stays free until port_bind(). A port
 * whose last event the guest has not unlinked yet is passed over: the word
 * would still be on a queue, perhaps another vCPU's.
 */
static int port_alloc(struct domain *d, uint32_t *port)
{
    struct evtchn_table *t = d->evtchn;
    uint32_t last = MIN(d->config.max_evtchn_port, evtchn_layout_ports(d) - 1);

    if (d->dying != DOMAIN_ALIVE)
        return -EINVAL;
    for (uint32_t p = t->first_free; p <= last; p++) {
        int rc = p < t->nr_ports ? 0 : bucket_add(t);

        if (rc)
            return rc;
        if (port_channel(t, p)->state != PORT_FREE) {
            t->first_free += p == t->first_free;
        } else if (!evtchn_is_linked(d, p)) {
            *port = p;
            return 0;
        }
    }
    return -ENOSPC;
}

/* A free port takes its new state; the lock of the channel is held too. */
static void port_bind(struct domain *d, struct evtchn *chn, uint8_t state,
                      unsigned int vcpu, bool consumer)
{
    d->evtchn->open += !consumer;
    chn->consumer = consumer;
    WRITE_ONCE(chn->vcpu, (uint16_t)vcpu);
    WRITE_ONCE(chn->priority, EVTCHN_FIFO_PRIORITY_DEFAULT);
    chn->state = state;
}

/* The vCPU with this number, or NULL. */
static struct vcpu *vcpu_find(const struct domain *d, unsigned int id)
{
    return id < d->max_vcpus ? d->vcpu[index_nospec(id, d->max_vcpus)] : NULL;
}

/* --- Binding. --- */

/* Binds a free port to something in d itself; `what` is the VIRQ (below
 * NR_VIRQS) or the domain it waits for. */
static int bind_local(struct domain *d, uint8_t state, unsigned int vcpu,
                      uint16_t what, bool consumer, uint32_t *port)
{
    struct vcpu *v = vcpu_find(d, vcpu);
    uint32_t *slot = v && state == PORT_VIRQ ? &v->virq_port[what] : NULL;

    if (!v && state != PORT_UNBOUND)
        return -ENOENT;
    spin_lock(&d->evtchn_lock);
    int rc = slot && *slot ? -EEXIST : port_alloc(d, port);
    if (!rc) {
        struct evtchn *chn = port_channel(d->evtchn, *port);

        spin_lock(&chn->lock);
        port_bind(d, chn, state, vcpu, consumer);
        chn->what = what;
        if (slot)
            WRITE_ONCE(*slot, *port);
        spin_unlock(&chn->lock);
    }
    spin_unlock(&d->evtchn_lock);
    return rc;
}

int evtchn_alloc_unbound(struct domain *d, domid_t remote,
                         struct vcpu *consumer, uint32_t *port)
{
    return bind_local(d, PORT_UNBOUND, consumer ? consumer->id : 0, remote,
                      consumer != NULL, port);
}

int evtchn_bind_interdomain(struct domain *d, struct domain *remote,
                            uint32_t remote_port, uint32_t *port)
{
    spin_lock_pair(&d->evtchn_lock, &remote->evtchn_lock);
    int rc = port_alloc(d, port);
    struct evtchn *peer = port_find(remote, remote_port);
    if (!rc && !(peer && peer->state == PORT_UNBOUND && peer->what == d->id))
        rc = -EINVAL;
    if (!rc) {
        struct evtchn *chn = port_channel(d->evtchn, *port);

        spin_lock_pair(&chn->lock, &peer->lock);
        port_bind(d, chn, PORT_INTERDOMAIN, 0, false);
        chn->remote = remote;
        chn->remote_port = remote_port;
        peer->remote = d;
        peer->remote_port = *port;
        peer->state = PORT_INTERDOMAIN;
        /* What the other side sent before it was bound went nowhere. */
        evtchn_deliver(d, chn, *port);
        spin_unlock_pair(&chn->lock, &peer->lock);
    }
    spin_unlock_pair(&d->evtchn_lock, &remote->evtchn_lock);
    return rc;
}

/* One per domain, on vCPU 0, rather than one per vCPU. */
static bool virq_is_global(unsigned int virq)
{
    return virq != VIRQ_TIMER && virq != VIRQ_DEBUG &&
           virq != VIRQ_XENOPROF && virq != VIRQ_XENPMU;
}

int evtchn_bind_virq(struct domain *d, uint32_t virq, unsigned int vcpu,
                     uint32_t *port)
{
    if (virq >= NR_VIRQS || (virq_is_global(virq) && vcpu != 0))
        return -EINVAL;
    virq = (uint32_t)index_nospec(virq, NR_VIRQS);
    return bind_local(d, PORT_VIRQ, vcpu, (uint16_t)virq, false, port);
}

int evtchn_bind_ipi(struct domain *d, unsigned int vcpu, uint32_t *port)
{
    return bind_local(d, PORT_IPI, vcpu, 0, false, port);
}

int evtchn_bind_vcpu(struct domain *d, uint32_t port, unsigned int vcpu)
{
    struct evtchn *chn = port_find(d, port);
    int rc = 0;

    if (!vcpu_find(d, vcpu))
        return -ENOENT;
    if (!chn)
        return -EINVAL;
    spin_lock(&d->evtchn_lock);
    if (!chn->consumer &&
        (chn->state == PORT_UNBOUND || chn->state == PORT_INTERDOMAIN ||
         (chn->state == PORT_VIRQ && virq_is_global(chn->what))))
        WRITE_ONCE(chn->vcpu, (uint16_t)vcpu);
    else
        rc = -EINVAL;
    spin_unlock(&d->evtchn_lock);
    return rc;
}

/* --- Closing. --- */

/*
 * Closes a port that is not bound to another domain, or is bound to rd;
 * -EAGAIN if it is bound to a domain but rd says otherwise. Locks: EVTCHN of
 * d and rd.
 */
static int close_locked(struct domain *d, struct domain *rd, uint32_t port)
{
    struct evtchn_table *t = d->evtchn;
    struct evtchn *chn = port_channel(t, port), *peer = chn;

    if (chn->state == PORT_INTERDOMAIN) {
        if (chn->remote != rd)
            return -EAGAIN;
        peer = port_channel(rd->evtchn, chn->remote_port);
    } else if (chn->state == PORT_VIRQ) {
        struct vcpu *v = d->vcpu[virq_is_global(chn->what) ? 0 : chn->vcpu];

        WRITE_ONCE(v->virq_port[chn->what], 0);
    }
    spin_lock_pair(&chn->lock, &peer->lock);
    t->first_free = MIN(t->first_free, port);
    t->open -= !chn->consumer;
    /* The port's next user is not to see an event of this one. */
    if (!chn->consumer)
        evtchn_clear_pending(d, chn, port);
    chn->consumer = false;
    WRITE_ONCE(chn->vcpu, 0);
    chn->state = PORT_FREE;
    if (peer != chn) {
        peer->state = PORT_UNBOUND;
        peer->what = d->id;
        /* Whoever waits for an answer of the other side looks again. */
        if (peer->consumer)
            vcpu_unpark(rd->vcpu[peer->vcpu]);
    }
    spin_unlock_pair(&chn->lock, &peer->lock);
    return 0;
}

int evtchn_close(struct domain *d, uint32_t port, bool lodge)
{
    struct evtchn *chn = port_find(d, port);
    struct domain *rd = d;
    int rc;

    if (!chn)
        return -EINVAL;
    spin_lock(&close_lock);
    /* Bindings are broken with close_lock only, but made without it: at most
     * the second turn finds the domain that the first one saw. */
    do {
        spin_lock_pair(&d->evtchn_lock, &rd->evtchn_lock);
        if (chn->state == PORT_FREE || (chn->consumer && !lodge))
            rc = -EINVAL;
        else
            rc = close_locked(d, rd, port);
        spin_unlock_pair(&d->evtchn_lock, &rd->evtchn_lock);
        if (rc == -EAGAIN)
            rd = chn->remote;
    } while (rc == -EAGAIN);
    spin_unlock(&close_lock);
    return rc;
}

/*
 * Closes all ports, those of Lodge's own only if `lodge`, from *next on, and
 * goes back to the 2-level layout. -ERESTART, with *next moved, to let others
 * run; -EAGAIN: ports were opened meanwhile.
 */
static int close_all(struct domain *d, bool lodge, uint32_t *next)
{
    struct evtchn_table *t = d->evtchn;
    int rc = 0;

    for (uint32_t port = READ_ONCE(*next); port < load_acquire(&t->nr_ports);
         port++) {
        if (READ_ONCE(port_channel(t, port)->state) != PORT_FREE)
            (void)evtchn_close(d, port, lodge);
        if (port % 64 == 63 && vcpu_preempt_wanted()) {
            WRITE_ONCE(*next, port + 1);
            return -ERESTART;
        }
    }
    WRITE_ONCE(*next, 0);
    spin_lock(&d->evtchn_lock);
    if (t->open && !lodge)
        rc = -EAGAIN;
    else
        evtchn_fifo_destroy(d);
    spin_unlock(&d->evtchn_lock);
    return rc;
}

int evtchn_reset(struct domain *d)
{
    return close_all(d, false, &d->evtchn->reset_next);
}

/* --- Asking and adjusting. --- */

int evtchn_status(struct domain *d, struct evtchn_status *st)
{
    struct evtchn *chn = port_find(d, st->port);

    if (!chn)
        return -EINVAL;
    spin_lock(&d->evtchn_lock);
    st->status = chn->state;
    st->vcpu = chn->vcpu;
    if (chn->state == PORT_UNBOUND) {
        st->u.unbound.dom = chn->what;
    } else if (chn->state == PORT_INTERDOMAIN) {
        st->u.interdomain.dom = chn->remote->id;
        st->u.interdomain.port = chn->remote_port;
    } else if (chn->state == PORT_VIRQ) {
        st->u.virq = chn->what;
    }
    spin_unlock(&d->evtchn_lock);
    return 0;
}

/* --- Virtual IRQs. --- */

void evtchn_raise_virq(struct vcpu *v, unsigned int virq)
{
    struct domain *d = v->domain;
    uint32_t port;

    if (virq_is_global(virq))
        v = d->vcpu[0];
    port = v ? READ_ONCE(v->virq_port[virq]) : 0;
    if (!port)
        return;
    struct evtchn *chn = port_channel(d->evtchn, port);
    spin_lock(&chn->lock);
    /* It may have been closed, and bound to something else, by now. */
    if (chn->state == PORT_VIRQ && chn->what == virq &&
        (virq_is_global(virq) || chn->vcpu == v->id))
        evtchn_deliver(d, chn, port);
    spin_unlock(&chn->lock);
}

/* Domains that asked for global VIRQs, until they die; NULL: domain 0. */
static struct domain *virq_handlers[NR_VIRQS];
static struct spinlock virq_lock = SPINLOCK_INIT(EVTCHN);

void send_global_virq(unsigned int virq)
{
    struct domain *d;

    spin_lock(&virq_lock);
    d = virq_handlers[virq] ? virq_handlers[virq] : hardware_domain;
    if (d && d->vcpu[0])
        evtchn_raise_virq(d->vcpu[0], virq);
    spin_unlock(&virq_lock);
}

int evtchn_set_virq_handler(struct domain *d, unsigned int virq)
{
    if (virq >= NR_VIRQS || !virq_is_global(virq))
        return -EINVAL;
    spin_lock(&virq_lock);
    /* One that is dying may have been forgotten already. */
    int rc = READ_ONCE(d->dying) == DOMAIN_ALIVE ? 0 : -EINVAL;
    if (!rc)
        virq_handlers[virq] = d;
    spin_unlock(&virq_lock);
    return rc;
}

/* --- Life and death. --- */

int evtchn_init(struct domain *d)
{
    uint32_t max = MIN(d->config.max_evtchn_port,
                       (uint32_t)EVTCHN_FIFO_NR_CHANNELS - 1);
    struct evtchn_table *t =
        heap_alloc(sizeof(*t) + DIV_ROUND_UP(max + 1, PORTS_PER_BUCKET) *
                                    sizeof(t->bucket[0]));

    if (!t)
        return -ENOMEM;
    d->evtchn = t;
    t->first_free = 1;
    return bucket_add(t);
}

int evtchn_relinquish(struct domain *d)
{
    int rc = close_all(d, true, &d->evtchn->relinquish_next);

    if (rc)
        return rc;
    spin_lock(&virq_lock);
    for (unsigned int i = 0; i < NR_VIRQS; i++)
        if (virq_handlers[i] == d)
            virq_handlers[i] = NULL;
    spin_unlock(&virq_lock);
    return 0;
}

void evtchn_exit(struct domain *d)
{
    struct evtchn_table *t = d->evtchn;

    if (!t)
        return;
    for (uint32_t i = 0; i < t->nr_ports / PORTS_PER_BUCKET; i++)
        heap_free(t->bucket[i]);
    heap_free(t);
    d->evtchn = NULL;
}
