/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Event channels: ports of one domain bound to another domain's port, a
 * virtual IRQ, an IPI - or consumed by Lodge itself (ioreq). Two layouts of
 * the pending bits, 2-level and FIFO, behind one interface.
 *
 * Nothing here touches a guest's memory except the pages it registered, and
 * sending allocates nothing. Locks are taken in the order of lock-rank.h:
 * EVTCHN_CLOSE, EVTCHN (which ports exist and what they are bound to),
 * EVTCHN_PORT (one channel: all that a send needs), EVTCHN_QUEUE.
 */
#pragma once

#include "hypervisor/core/domain.h"

/* -ENOMEM: then evtchn_exit() is still to be called. */
int evtchn_init(struct domain *d);
/* Closes all ports of a dying domain, in bounded steps: -ERESTART or 0. */
int evtchn_relinquish(struct domain *d);
/* Frees all. No port was ever bound, or evtchn_relinquish() is done. */
void evtchn_exit(struct domain *d);

/*
 * The operations of HYPERVISOR_event_channel_op with checked structures; d is
 * the caller's domain (or, for alloc_unbound, the domain the port is for).
 * Domain ids are real ones, never DOMID_SELF; who may is the caller's
 * question. Ports and vCPU numbers are as the guest gave them. Errors are
 * Xen's. No locks held; the caller has references to the domains it passes.
 */
/*
 * -EINVAL (dying), -ENOSPC, -ENOMEM. With a consumer the port is Lodge's own,
 * for ioreq: the thread of that vCPU of d is unparked instead of a pending bit
 * being set. The other side binds to it as to any unbound port.
 */
int evtchn_alloc_unbound(struct domain *d, domid_t remote,
                         struct vcpu *consumer, uint32_t *port);
/* The same, and -EINVAL when the remote port is not unbound and for d. */
int evtchn_bind_interdomain(struct domain *d, struct domain *remote,
                            uint32_t remote_port, uint32_t *port);
/* -EINVAL (no such VIRQ, or global and not vCPU 0), -ENOENT (no such vCPU),
 * -EEXIST. */
int evtchn_bind_virq(struct domain *d, uint32_t virq, unsigned int vcpu,
                     uint32_t *port);
int evtchn_bind_ipi(struct domain *d, unsigned int vcpu, uint32_t *port);
/* -EINVAL: no such port, not bound, or Lodge's own, unless `lodge` asks. */
int evtchn_close(struct domain *d, uint32_t port, bool lodge);
/* The hot path, through a port of Lodge's own (lodge) or of the guest's.
 * -EINVAL: not a port of that kind that can be sent through. */
int evtchn_send(struct domain *d, uint32_t port, bool lodge);
/* Fills status, vcpu and u of *st for st->port. */
int evtchn_status(struct domain *d, struct evtchn_status *st);
int evtchn_bind_vcpu(struct domain *d, uint32_t port, unsigned int vcpu);
int evtchn_unmask(struct domain *d, uint32_t port);
/* Closes all ports but Lodge's own and goes back to the 2-level layout.
 * -ERESTART (call again), -EAGAIN (ports were opened meanwhile). */
int evtchn_reset(struct domain *d);
/* -ENOSYS in the 2-level layout, -EACCES for a port that is not bound. */
int evtchn_set_priority(struct domain *d, uint32_t port, uint32_t priority);
/* Registers v's control block at byte `offset` of the guest's frame; the
 * first one switches the domain to the FIFO layout. -EINVAL, -ENOMEM. */
int evtchn_init_control(struct vcpu *v, uint64_t control_gfn, uint32_t offset,
                        uint8_t *link_bits);
/* Adds a frame to the array of event words. -EOPNOTSUPP (2-level), -ENOSPC,
 * -EINVAL, -ENOMEM. */
int evtchn_expand_array(struct domain *d, uint64_t array_gfn);

/*
 * SCHEDOP_poll: the vCPU says what it waits for (one port, or any of them),
 * then asks evtchn_is_pending() for each of its ports, then parks. When an
 * event comes, poll_port becomes 0 and the vCPU is unparked. The end is to
 * be called on every way out; true if an event came.
 */
#define EVTCHN_POLL_ANY (~0u)
void evtchn_poll_start(struct vcpu *v, uint32_t port);
bool evtchn_poll_end(struct vcpu *v);
/* Is this port pending now? 1, 0, or -EINVAL: no such port. */
int evtchn_is_pending(struct domain *d, uint32_t port);

/* Raises a virtual IRQ of this vCPU (or of vCPU 0 for the global ones); no
 * lock of rank EVTCHN_PORT or above. */
void evtchn_raise_virq(struct vcpu *v, unsigned int virq);
/* This domain's vCPU 0 gets the global VIRQ from now on, until it dies
 * (XEN_DOMCTL_set_virq_handler). -EINVAL. No locks held. */
int evtchn_set_virq_handler(struct domain *d, unsigned int virq);

/* False while nobody is bound to a port of Lodge's own: never was, or is gone.
 * When the other side goes, the consumer is unparked once more. */
bool evtchn_consumer_is_bound(struct domain *d, uint32_t port);

/* v's info moved (VCPUOP_register_vcpu_info): all words are marked pending,
 * so that nothing is lost. v does not run meanwhile, or is current. */
void evtchn_info_moved(struct vcpu *v);
