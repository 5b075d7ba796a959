/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HYPERVISOR_event_channel_op: copies the argument of each sub-operation in
 * once, finds the domains it names, checks who may, calls core/evtchn.c and
 * copies the answer out. Keeps no state.
 *
 * All structures have one layout in 32- and 64-bit callers.
 */
#include "hypervisor/hypercall/event-op.h"
#include "hvm/mem/guest-copy.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/abi/event_channel.h"
#include "hypervisor/core/access.h"
#include "hypervisor/core/evtchn.h"

union event_arg {
    struct evtchn_alloc_unbound alloc_unbound;
    struct evtchn_bind_interdomain bind_interdomain;
    struct evtchn_bind_virq bind_virq;
    struct evtchn_bind_pirq bind_pirq;
    struct evtchn_bind_ipi bind_ipi;
    struct evtchn_close close;
    struct evtchn_send send;
    struct evtchn_status status;
    struct evtchn_bind_vcpu bind_vcpu;
    struct evtchn_unmask unmask;
    struct evtchn_reset reset;
    struct evtchn_init_control init_control;
    struct evtchn_expand_array expand_array;
    struct evtchn_set_priority set_priority;
};

/* The domain with this id (DOMID_SELF: d), with a reference, if d may do that
 * to it: -ESRCH, -EPERM. */
static int target_get(struct domain *d, enum access_action action, domid_t id,
                      struct domain **target)
{
    int rc;

    *target = domain_get(id);
    if (!*target)
        return -ESRCH;
    rc = may(d, action, *target);
    if (rc)
        domain_put(*target);
    return rc;
}

static int op_alloc_unbound(struct domain *d, union event_arg *arg)
{
    struct evtchn_alloc_unbound *a = &arg->alloc_unbound;
    domid_t remote = a->remote_dom == DOMID_SELF ? d->id : a->remote_dom;
    struct domain *target;
    int rc = target_get(d, ACCESS_EVTCHN_ALLOC, a->dom, &target);

    if (rc)
        return rc;
    rc = evtchn_alloc_unbound(target, remote, &a->port);
    domain_put(target);
    return rc;
}

static int op_bind_interdomain(struct domain *d, union event_arg *arg)
{
    struct evtchn_bind_interdomain *a = &arg->bind_interdomain;
    struct domain *remote;
    int rc = target_get(d, ACCESS_EVTCHN_BIND, a->remote_dom, &remote);

    if (rc)
        return rc;
    rc = evtchn_bind_interdomain(d, remote, a->remote_port, &a->local_port);
    domain_put(remote);
    return rc;
}

static int op_bind_virq(struct domain *d, union event_arg *arg)
{
    struct evtchn_bind_virq *a = &arg->bind_virq;

    return evtchn_bind_virq(d, a->virq, a->vcpu, &a->port);
}

static int op_bind_pirq(struct domain *d, union event_arg *arg)
{
    /* Interrupts of HVM domains come through their interrupt controllers:
     * XENFEAT_hvm_pirqs is not offered. */
    return -EOPNOTSUPP;
}

static int op_bind_ipi(struct domain *d, union event_arg *arg)
{
    return evtchn_bind_ipi(d, arg->bind_ipi.vcpu, &arg->bind_ipi.port);
}

static int op_close(struct domain *d, union event_arg *arg)
{
    return evtchn_close(d, arg->close.port);
}

static int op_status(struct domain *d, union event_arg *arg)
{
    struct domain *target;
    int rc = target_get(d, ACCESS_EVTCHN_STATUS, arg->status.dom, &target);

    if (rc)
        return rc;
    rc = evtchn_status(target, &arg->status);
    domain_put(target);
    return rc;
}

static int op_bind_vcpu(struct domain *d, union event_arg *arg)
{
    return evtchn_bind_vcpu(d, arg->bind_vcpu.port, arg->bind_vcpu.vcpu);
}

static int op_unmask(struct domain *d, union event_arg *arg)
{
    return evtchn_unmask(d, arg->unmask.port);
}

static int op_reset(struct domain *d, union event_arg *arg)
{
    struct domain *target;
    int rc = target_get(d, ACCESS_EVTCHN_RESET, arg->reset.dom, &target);

    if (rc)
        return rc;
    /* Another domain must not run meanwhile. */
    rc = target == d || target->paused_by_control ? evtchn_reset(target)
                                                  : -EINVAL;
    domain_put(target);
    return rc;
}

static int op_init_control(struct domain *d, union event_arg *arg)
{
    struct evtchn_init_control *a = &arg->init_control;
    struct vcpu *v = NULL;

    if (a->vcpu < d->max_vcpus)
        v = d->vcpu[index_nospec(a->vcpu, d->max_vcpus)];
    return v ? evtchn_init_control(v, a->control_gfn, a->offset,
                                   &a->link_bits)
             : -ENOENT;
}

static int op_expand_array(struct domain *d, union event_arg *arg)
{
    return evtchn_expand_array(d, arg->expand_array.array_gfn);
}

static int op_set_priority(struct domain *d, union event_arg *arg)
{
    return evtchn_set_priority(d, arg->set_priority.port,
                               arg->set_priority.priority);
}

static const struct event_op {
    uint8_t size;   /* bytes copied in */
    bool answers;   /* and copied back when all went well */
    int (*perform)(struct domain *d, union event_arg *arg);
} event_ops[] = {
#define OP(name, answers)                                                   \
    [EVTCHNOP_##name] = { sizeof(struct evtchn_##name), answers, op_##name }
    OP(bind_interdomain, true),
    OP(bind_virq, true),
    OP(bind_pirq, true),
    OP(close, false),
    OP(status, true),
    OP(alloc_unbound, true),
    OP(bind_ipi, true),
    OP(bind_vcpu, false),
    OP(unmask, false),
    OP(reset, false),
    OP(init_control, true),
    OP(expand_array, false),
    OP(set_priority, false),
#undef OP
};

long do_event_channel_op(int cmd, void_gptr_t arg)
{
    const struct event_op *op;
    union event_arg a;
    int rc;

    /* By far the most frequent one, so it goes before the table. */
    if (cmd == EVTCHNOP_send)
        return guest_read(&a, gva(arg.addr), sizeof(a.send))
                   ? -EFAULT
                   : evtchn_send(current->domain, a.send.port);

    if (cmd < 0 || (size_t)cmd >= ARRAY_SIZE(event_ops))
        return -ENOSYS;
    op = &event_ops[index_nospec((size_t)cmd, ARRAY_SIZE(event_ops))];
    if (!op->perform)
        return -ENOSYS;
    if (guest_read(&a, gva(arg.addr), op->size))
        return -EFAULT;
    rc = op->perform(current->domain, &a);
    /* What was done stays done when the answer cannot be written. */
    if (!rc && op->answers && guest_write(gva(arg.addr), &a, op->size))
        rc = -EFAULT;
    return rc;
}
