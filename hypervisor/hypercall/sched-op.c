/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HYPERVISOR_sched_op: a vCPU yields, waits, or ends its domain. Keeps no
 * state.
 */
#include "hypervisor/abi/sched.h"

#include "hvm/vcpu.h"
#include "hypervisor/abi/compat.h"
#include "hypervisor/core/evtchn.h"
#include "hypervisor/cpu/cr.h"
#include "hypervisor/hypercall/calls.h"

/* As many as Xen takes. */
#define MAX_POLL_PORTS 128

static long op_yield(struct vcpu *v, void *arg)
{
    sched_give_way();
    return 0;
}

/* Until there is an event, whether interrupts are on or off. Coming back
 * early is allowed. */
static long op_block(struct vcpu *v, void *arg)
{
    WRITE_ONCE(v->info->evtchn_upcall_mask, 0);
    /* The bit first, then the question: what comes later sets the bit. */
    atomic_clear_bit(PENDING_IRQ, &v->pending);
    if (!hvm_has_event(v, true))
        vcpu_wait(~0ull);
    atomic_set_bit(PENDING_IRQ, &v->pending);
    return 0;
}

static long op_shutdown(struct vcpu *v, void *arg)
{
    struct sched_shutdown *a = arg;

    domain_shutdown(v->domain, (int)(a->reason & 0xff));
    return 0;
}

static long op_shutdown_code(struct vcpu *v, void *arg)
{
    struct sched_shutdown *a = arg;

    (void)domain_set_shutdown_code(v->domain, (int)a->reason);
    return 0;
}

/* Is one of the ports pending? Ports are read after evtchn_poll_start(), so
 * that an event of any of them is noticed from here on. */
static int any_pending(struct vcpu *v, const struct sched_poll *p)
{
    evtchn_port_t port;
    int rc = 0;

    for (unsigned int i = 0; i < p->nr_ports && !rc; i++) {
        if (copy_from_guest_at(&port, p->ports, i))
            return -EFAULT;
        rc = evtchn_is_pending(v->domain, port);
    }
    return rc;
}

/* Waits once; coming back early is allowed, and the guest asks again. */
static void poll_wait(struct vcpu *v, uint64_t timeout)
{
    /* The bit first, then the question: what comes later sets the bit. */
    atomic_clear_bit(PENDING_IRQ, &v->pending);
    if (!hvm_has_event(v, vcpu_regs(v)->rflags & RFLAGS_IF)) {
        if (timeout)
            timer_set(&v->poll_timer, timeout);
        vcpu_wait(~0ull);
        if (timeout)
            timer_stop(&v->poll_timer);
    }
    /* The bit stood for what is pending but masked, too. */
    atomic_set_bit(PENDING_IRQ, &v->pending);
}

static long op_poll(struct vcpu *v, void *arg)
{
    const struct compat_sched_poll *c = arg;
    struct sched_poll p;
    evtchn_port_t port = EVTCHN_POLL_ANY;
    int rc;

    if (hypercall_is_compat())
        p = (struct sched_poll){ { .addr = c->ports.addr }, c->nr_ports,
                                 c->timeout };
    else
        p = *(const struct sched_poll *)arg;
    if (p.nr_ports > MAX_POLL_PORTS)
        return -EINVAL;
    if (p.nr_ports == 1 && copy_from_guest(&port, p.ports))
        return -EFAULT;

    evtchn_poll_start(v, port);
    rc = p.nr_ports == 1 ? evtchn_is_pending(v->domain, port)
                         : any_pending(v, &p);
    if (!rc)
        poll_wait(v, p.timeout);
    (void)evtchn_poll_end(v);
    return rc < 0 ? rc : 0;
}

static long op_remote_shutdown(struct vcpu *v, void *arg)
{
    struct sched_remote_shutdown *a = arg;
    struct domain *d;
    int rc = target_get(a->domain_id, ACCESS_SHUTDOWN, &d);

    if (rc)
        return rc;
    domain_shutdown(d, (int)(a->reason & 0xff));
    domain_put(d);
    return 0;
}

SUBOP_EXPR(watchdog, sched_watchdog, domain_watchdog(d, a->id, a->timeout))
/* Firmware calls of some machines work on CPU 0 only. */
SUBOP_EXPR(pin_override, sched_pin_override,
           a->pcpu < 0 ? sched_unpin(v) : sched_pin(v, (unsigned int)a->pcpu))

long do_sched_op(unsigned int cmd, void_gptr_t arg)
{
    static const struct subop ops[] = {
#define OP(name, type)                                                      \
    [SCHEDOP_##name] = { op_##name, SUBOP_ARG(struct type), SUBOP_IN }
        [SCHEDOP_yield] = { op_yield, 0, 0, 0 },
        [SCHEDOP_block] = { op_block, 0, 0, 0 },
        [SCHEDOP_poll] = { op_poll, sizeof(struct sched_poll),
                           sizeof(struct compat_sched_poll), SUBOP_IN },
        OP(shutdown, sched_shutdown),
        OP(remote_shutdown, sched_remote_shutdown),
        OP(shutdown_code, sched_shutdown),
        OP(watchdog, sched_watchdog),
        OP(pin_override, sched_pin_override),
#undef OP
    };

    /* Before the argument, as Xen does. */
    if (cmd == SCHEDOP_pin_override && current->domain != hardware_domain)
        return -EPERM;
    return subop_call(ops, ARRAY_SIZE(ops), cmd, current, arg);
}
