/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HYPERVISOR_event_channel_op: finds the domains that a sub-operation names,
 * checks who may, calls core/evtchn.c. Keeps no state.
 *
 * All structures have one layout in 32- and 64-bit callers.
 */
#include "hypervisor/core/evtchn.h"
#include "hypervisor/hypercall/calls.h"

SUBOP_EXPR(alloc_unbound, IO, struct evtchn_alloc_unbound,
           evtchn_alloc_unbound(d, a->remote_dom == DOMID_SELF
                                       ? v->domain->id : a->remote_dom,
                                NULL, &a->port),
           OF(alloc_unbound, dom, EVTCHN_ALLOC))
SUBOP_EXPR(bind_interdomain, IO, struct evtchn_bind_interdomain,
           evtchn_bind_interdomain(v->domain, d, a->remote_port,
                                   &a->local_port),
           OF(bind_interdomain, remote_dom, EVTCHN_BIND))
SUBOP_EXPR(status, IO, struct evtchn_status, evtchn_status(d, a),
           OF(status, dom, EVTCHN_STATUS))
/* Another domain must not run meanwhile. */
SUBOP_EXPR(reset, IN, struct evtchn_reset,
           d == v->domain || d->paused_by_control ? evtchn_reset(d) : -EINVAL,
           OF(reset, dom, EVTCHN_RESET))

SUBOP_EXPR(init_control, IO, struct evtchn_init_control,
           evtchn_init_control(v, a->control_gfn, a->offset, &a->link_bits),
           VCPU(init_control, vcpu, ENOENT))

/* Interrupts of HVM domains come through their interrupt controllers:
 * XENFEAT_hvm_pirqs is not offered. */
SUBOP_EXPR(bind_pirq, IO, struct evtchn_bind_pirq, -EOPNOTSUPP)
SUBOP_EXPR(bind_virq, IO, struct evtchn_bind_virq,
           evtchn_bind_virq(d, a->virq, a->vcpu, &a->port))
SUBOP_EXPR(bind_ipi, IO, struct evtchn_bind_ipi,
           evtchn_bind_ipi(d, a->vcpu, &a->port))
SUBOP_EXPR(close, IN, struct evtchn_close, evtchn_close(d, a->port, false))
SUBOP_EXPR(bind_vcpu, IN, struct evtchn_bind_vcpu,
           evtchn_bind_vcpu(d, a->port, a->vcpu))
SUBOP_EXPR(unmask, IN, struct evtchn_unmask, evtchn_unmask(d, a->port))
SUBOP_EXPR(expand_array, IN, struct evtchn_expand_array,
           evtchn_expand_array(d, a->array_gfn))
SUBOP_EXPR(set_priority, IN, struct evtchn_set_priority,
           evtchn_set_priority(d, a->port, a->priority))

long do_event_channel_op(unsigned int cmd, void_gptr_t arg)
{
    static const struct subop *const ops[] = {
#define OP(name) [EVTCHNOP_##name] = &subop_##name
        OP(bind_interdomain), OP(bind_virq), OP(bind_pirq), OP(close),
        OP(status), OP(alloc_unbound), OP(bind_ipi), OP(bind_vcpu), OP(unmask),
        OP(reset), OP(init_control), OP(expand_array), OP(set_priority),
    };

    struct evtchn_send send;

    /* By far the most frequent one, so it is not in the table. */
    if (cmd != EVTCHNOP_send)
        return subop_call(ops, ARRAY_SIZE(ops), cmd, current, arg);
    if (read_arg(&send, arg))
        return -EFAULT;
    current->se.sending = true;
    long rc = evtchn_send(current->domain, send.port, false);
    current->se.sending = false;
    return rc;
}
