/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HYPERVISOR_event_channel_op: finds the domains that a sub-operation names,
 * checks who may, calls core/evtchn.c. Keeps no state.
 *
 * All structures have one layout in 32- and 64-bit callers.
 */
#include "hypervisor/abi/event_channel.h"
#include "hypervisor/core/evtchn.h"
#include "hypervisor/hypercall/calls.h"

static long op_alloc_unbound(struct vcpu *v, void *arg)
{
    struct evtchn_alloc_unbound *a = arg;
    domid_t remote = a->remote_dom == DOMID_SELF ? v->domain->id
                                                 : a->remote_dom;
    struct domain *target;
    int rc = target_get(a->dom, ACCESS_EVTCHN_ALLOC, &target);

    if (rc)
        return rc;
    rc = evtchn_alloc_unbound(target, remote, &a->port);
    domain_put(target);
    return rc;
}

static long op_bind_interdomain(struct vcpu *v, void *arg)
{
    struct evtchn_bind_interdomain *a = arg;
    struct domain *remote;
    int rc = target_get(a->remote_dom, ACCESS_EVTCHN_BIND, &remote);

    if (rc)
        return rc;
    rc = evtchn_bind_interdomain(v->domain, remote, a->remote_port,
                                 &a->local_port);
    domain_put(remote);
    return rc;
}

static long op_status(struct vcpu *v, void *arg)
{
    struct evtchn_status *a = arg;
    struct domain *target;
    int rc = target_get(a->dom, ACCESS_EVTCHN_STATUS, &target);

    if (rc)
        return rc;
    rc = evtchn_status(target, a);
    domain_put(target);
    return rc;
}

static long op_reset(struct vcpu *v, void *arg)
{
    struct evtchn_reset *a = arg;
    struct domain *target;
    int rc = target_get(a->dom, ACCESS_EVTCHN_RESET, &target);

    if (rc)
        return rc;
    /* Another domain must not run meanwhile. */
    rc = target == v->domain || target->paused_by_control
             ? evtchn_reset(target) : -EINVAL;
    domain_put(target);
    return rc;
}

static long op_init_control(struct vcpu *caller, void *arg)
{
    struct evtchn_init_control *a = arg;
    struct vcpu *v = vcpu_of(caller->domain, a->vcpu);

    return v ? evtchn_init_control(v, a->control_gfn, a->offset,
                                   &a->link_bits)
             : -ENOENT;
}

/* Interrupts of HVM domains come through their interrupt controllers:
 * XENFEAT_hvm_pirqs is not offered. */
static long op_bind_pirq(struct vcpu *v, void *arg)
{
    return -EOPNOTSUPP;
}

SUBOP_EXPR(bind_virq, evtchn_bind_virq,
           evtchn_bind_virq(d, a->virq, a->vcpu, &a->port))
SUBOP_EXPR(bind_ipi, evtchn_bind_ipi, evtchn_bind_ipi(d, a->vcpu, &a->port))
SUBOP_EXPR(close, evtchn_close, evtchn_close(d, a->port))
SUBOP_EXPR(bind_vcpu, evtchn_bind_vcpu, evtchn_bind_vcpu(d, a->port, a->vcpu))
SUBOP_EXPR(unmask, evtchn_unmask, evtchn_unmask(d, a->port))
SUBOP_EXPR(expand_array, evtchn_expand_array,
           evtchn_expand_array(d, a->array_gfn))
SUBOP_EXPR(set_priority, evtchn_set_priority,
           evtchn_set_priority(d, a->port, a->priority))

static long op_send(evtchn_port_t port)
{
    long rc;

    current->se.sending = true;
    rc = evtchn_send(current->domain, port);
    current->se.sending = false;
    return rc;
}

long do_event_channel_op(unsigned int cmd, void_gptr_t arg)
{
    static const struct subop ops[] = {
#define OP(name, flags)                                                     \
    [EVTCHNOP_##name] = { op_##name, SUBOP_ARG(struct evtchn_##name), flags }
        OP(bind_interdomain, SUBOP_IN | SUBOP_OUT),
        OP(bind_virq, SUBOP_IN | SUBOP_OUT),
        OP(bind_pirq, SUBOP_IN | SUBOP_OUT),
        OP(close, SUBOP_IN),
        OP(status, SUBOP_IN | SUBOP_OUT),
        OP(alloc_unbound, SUBOP_IN | SUBOP_OUT),
        OP(bind_ipi, SUBOP_IN | SUBOP_OUT),
        OP(bind_vcpu, SUBOP_IN),
        OP(unmask, SUBOP_IN),
        OP(reset, SUBOP_IN),
        OP(init_control, SUBOP_IN | SUBOP_OUT),
        OP(expand_array, SUBOP_IN),
        OP(set_priority, SUBOP_IN),
#undef OP
    };
    struct evtchn_send send;

    /* By far the most frequent one, so it goes before the table. */
    if (cmd == EVTCHNOP_send)
        return read_arg(&send, arg) ? -EFAULT : op_send(send.port);
    return subop_call(ops, ARRAY_SIZE(ops), cmd, current, arg);
}
