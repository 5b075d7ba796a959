/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the event channels share: the channel, the table of a
 * domain, and the two layouts of the pending bits. For evtchn*.c only.
 *
 * Fields: (c) constant, (e) lock EVTCHN of the domain, (p) lock of the
 * channel, (e,p) written with both, read with either, (a) atomic.
 */
#pragma once

#include "hypervisor/core/evtchn.h"

/* With the numbers that evtchn_status() gives. */
enum evtchn_state {
    PORT_FREE = EVTCHNSTAT_closed, /* and port 0, which nobody gets */
    PORT_UNBOUND = EVTCHNSTAT_unbound, /* waits for domain `what` */
    PORT_INTERDOMAIN = EVTCHNSTAT_interdomain, /* to remote_port of remote */
    PORT_VIRQ = EVTCHNSTAT_virq,
    PORT_IPI = EVTCHNSTAT_ipi,
};

struct evtchn {
    struct spinlock lock;  /* rank EVTCHN_PORT */
    uint8_t state;         /* (e,p) enum evtchn_state */
    bool consumer;         /* (e,p) Lodge's, not the guest's */
    uint16_t vcpu;         /* (a) whom it notifies, written with (e) */
    uint8_t priority;      /* (a) FIFO queue for the next event */
    uint8_t early;         /* (a) FIFO: raised before its word was there */
    uint16_t what;         /* (e,p) the VIRQ; the domain that an unbound one
                            * is for */
    uint32_t last_queue;   /* (a) FIFO: vCPU << 8 | priority it was put on */
    uint32_t remote_port;  /* (e,p) */
    struct domain *remote; /* (e,p) lives as long as the binding */
};
BUILD_BUG_ON(sizeof(struct evtchn) > 64);

#define PORTS_PER_BUCKET 128

struct evtchn_table {
    uint32_t nr_ports;   /* (a) existing entries; only grows */
    uint32_t first_free; /* (e) no port below can be allocated */
    uint32_t open;       /* (e) bound ports but Lodge's own */
    uint32_t reset_next; /* (a) where evtchn_reset() goes on */
    uint32_t relinquish_next; /* (a) the same for evtchn_relinquish() */
    uint32_t pollers;    /* (a) vCPUs in SCHEDOP_poll */
    struct evtchn_fifo *fifo; /* (a) NULL: 2-level; written with (e) */
    struct evtchn *bucket[];  /* (c) once nr_ports covers it */
};

/* The channel of a port that is known to exist. */
static inline struct evtchn *port_channel(const struct evtchn_table *t,
                                          uint32_t port)
{
    return &t->bucket[port / PORTS_PER_BUCKET][port % PORTS_PER_BUCKET];
}

/* The channel of a port that a guest named, or NULL. */
static inline struct evtchn *port_find(const struct domain *d, uint32_t port)
{
    const struct evtchn_table *t = d->evtchn;
    uint32_t nr = load_acquire(&t->nr_ports);

    if (unlikely(port >= nr))
        return NULL;
    return port_channel(t, (uint32_t)index_nospec(port, nr));
}

/* Bound, and its events are the guest's: it has pending and mask bits. */
static inline bool port_is_usable(const struct evtchn *chn)
{
    return chn->state != PORT_FREE && !chn->consumer;
}

/* --- evtchn-pending.c: the two layouts. --- */

/* How many ports the layout in use has. */
uint32_t evtchn_layout_ports(const struct domain *d);
/*
 * Marks an event of this channel as pending, makes it visible to its vCPU
 * unless it is masked, and wakes who polls for it if it was not pending
 * before. Lock: some channel's or EVTCHN, so that neither the domain nor FIFO
 * can go away.
 */
void evtchn_deliver(struct domain *d, struct evtchn *chn, uint32_t port);
/* The event may stay linked (FIFO): the guest skips what is not pending. */
void evtchn_clear_pending(struct domain *d, struct evtchn *chn, uint32_t port);
/* FIFO: the guest has not yet taken a former event off its queue. */
bool evtchn_is_linked(const struct domain *d, uint32_t port);
/* Back to 2-level. Lock EVTCHN; no port with guest events is bound. */
void evtchn_fifo_destroy(struct domain *d);
