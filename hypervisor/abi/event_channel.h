/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * event_channel_op(cmd, arg), and the pages of the two layouts in which a
 * guest sees its pending events: two-level (in shared_info) and FIFO.
 *
 * All structures here have the same layout for 32-bit callers.
 */
#pragma once

#include "hypervisor/abi/xen.h"

#define EVTCHNOP_bind_interdomain   0
#define EVTCHNOP_bind_virq          1
#define EVTCHNOP_bind_pirq          2
#define EVTCHNOP_close              3
#define EVTCHNOP_send               4
#define EVTCHNOP_status             5
#define EVTCHNOP_alloc_unbound      6
#define EVTCHNOP_bind_ipi           7
#define EVTCHNOP_bind_vcpu          8
#define EVTCHNOP_unmask             9
#define EVTCHNOP_reset              10
#define EVTCHNOP_init_control       11
#define EVTCHNOP_expand_array       12
#define EVTCHNOP_set_priority       13

typedef uint32_t evtchn_port_t;

DEFINE_GUEST_PTR(evtchn_port, evtchn_port_t);

struct evtchn_alloc_unbound {
    domid_t dom, remote_dom;
    evtchn_port_t port;             /* out */
};

struct evtchn_bind_interdomain {
    domid_t remote_dom;
    evtchn_port_t remote_port;
    evtchn_port_t local_port;       /* out */
};

struct evtchn_bind_virq {
    uint32_t virq;                  /* VIRQ_* */
    uint32_t vcpu;
    evtchn_port_t port;             /* out */
};

struct evtchn_bind_pirq {
    uint32_t pirq;
    uint32_t flags;                 /* BIND_PIRQ__* */
    evtchn_port_t port;             /* out */
};

struct evtchn_bind_ipi {
    uint32_t vcpu;
    evtchn_port_t port;             /* out */
};

struct evtchn_close {
    evtchn_port_t port;
};

struct evtchn_send {
    evtchn_port_t port;
};

struct evtchn_status {
    domid_t dom;
    evtchn_port_t port;
    uint32_t status;                /* out: EVTCHNSTAT_* */
    uint32_t vcpu;                  /* out */
    union {
        struct {
            domid_t dom;
        } unbound;
        struct {
            domid_t dom;
            evtchn_port_t port;
        } interdomain;
        uint32_t pirq;
        uint32_t virq;
    } u;                            /* out */
};

#define EVTCHNSTAT_closed           0
#define EVTCHNSTAT_unbound          1
#define EVTCHNSTAT_interdomain      2
#define EVTCHNSTAT_virq             4
#define EVTCHNSTAT_ipi              5

struct evtchn_bind_vcpu {
    evtchn_port_t port;
    uint32_t vcpu;
};

struct evtchn_unmask {
    evtchn_port_t port;
};

struct evtchn_reset {
    domid_t dom;
};

struct evtchn_init_control {
    uint64_t control_gfn;
    uint32_t offset;                /* bytes into the frame */
    uint32_t vcpu;
    uint8_t link_bits;              /* out: EVTCHN_FIFO_LINK_BITS */
    uint8_t _pad[7];
};

struct evtchn_expand_array {
    uint64_t array_gfn;
};

struct evtchn_set_priority {
    evtchn_port_t port;
    uint32_t priority;
};

/* Two-level: 64 words of 64 bits, or 32 of 32 for a 32-bit domain. */
#define EVTCHN_2L_NR_CHANNELS       (sizeof(xen_ulong_t) * \
                                     sizeof(xen_ulong_t) * 64)

/* FIFO: an array of event words, and 16 queues per vCPU. 0 is highest. */
#define EVTCHN_FIFO_PRIORITY_MAX        0
#define EVTCHN_FIFO_PRIORITY_DEFAULT    7
#define EVTCHN_FIFO_PRIORITY_MIN        15
#define EVTCHN_FIFO_MAX_QUEUES          16

typedef uint32_t event_word_t;

/* Bits of an event word; the low 17 link to the next port of the queue. */
#define EVTCHN_FIFO_PENDING         31
#define EVTCHN_FIFO_MASKED          30
#define EVTCHN_FIFO_LINKED          29
#define EVTCHN_FIFO_BUSY            28
#define EVTCHN_FIFO_LINK_BITS       17
#define EVTCHN_FIFO_LINK_MASK       ((1 << EVTCHN_FIFO_LINK_BITS) - 1)
#define EVTCHN_FIFO_NR_CHANNELS     (1 << EVTCHN_FIFO_LINK_BITS)

struct evtchn_fifo_control_block {
    uint32_t ready;                 /* bitmap of queues with events */
    uint32_t _rsvd;
    uint32_t head[EVTCHN_FIFO_MAX_QUEUES];
};
