/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HYPERVISOR_sched_op: a vCPU yields, waits, or ends its domain. Each
 * argument is copied in once, by the table; keeps no state.
 */
#include "hypervisor/hypercall/sched-op.h"

#include "hvm/event.h"
#include "hvm/mem/guest-copy.h"
#include "hvm/run.h"
#include "hypervisor/abi/compat.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/abi/sched.h"
#include "hypervisor/core/access.h"
#include "hypervisor/core/evtchn.h"
#include "hypervisor/cpu/cr.h"
#include "hypervisor/hypercall/restart.h"

/* As many as Xen takes. */
#define MAX_POLL_PORTS 128

union sched_arg {
    struct sched_shutdown shutdown;
    struct sched_poll poll;
    struct compat_sched_poll poll32;
    struct sched_remote_shutdown remote;
    struct sched_watchdog watchdog;
    struct sched_pin_override pin;
};

static long op_yield(struct vcpu *v, union sched_arg *a)
{
    sched_give_way();
    return 0;
}

/* HLT with events enabled. */
static long op_block(struct vcpu *v, union sched_arg *a)
{
    WRITE_ONCE(v->info->evtchn_upcall_mask, 0);
    v->hvm->halted = true;
    hvm_wait_for_event(v);
    return 0;
}

static long op_shutdown(struct vcpu *v, union sched_arg *a)
{
    domain_shutdown(v->domain, (int)(a->shutdown.reason & 0xff));
    return 0;
}

static long op_shutdown_code(struct vcpu *v, union sched_arg *a)
{
    (void)domain_set_shutdown_code(v->domain, (int)a->shutdown.reason);
    return 0;
}

/* Would the guest be interrupted if it went on? */
static bool is_interrupted(struct vcpu *v)
{
    return READ_ONCE(v->hvm->nmi_pending) || v->hvm->event.valid ||
           ((vcpu_regs(v)->rflags & RFLAGS_IF) && hvm_has_event(v));
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
    if (!is_interrupted(v)) {
        if (timeout)
            timer_set(&v->poll_timer, timeout);
        vcpu_wait(~0ull);
        if (timeout)
            timer_stop(&v->poll_timer);
    }
    /* The bit stood for what is pending but masked, too. */
    atomic_set_bit(PENDING_IRQ, &v->pending);
}

static long op_poll(struct vcpu *v, union sched_arg *a)
{
    struct sched_poll p = a->poll;
    evtchn_port_t port = EVTCHN_POLL_ANY;
    int rc;

    if (hypercall_is_compat())
        p = (struct sched_poll){
            .ports = guest_ptr_make(evtchn_port, a->poll32.ports.addr),
            .nr_ports = a->poll32.nr_ports,
            .timeout = a->poll32.timeout,
        };
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

static long op_remote_shutdown(struct vcpu *v, union sched_arg *a)
{
    struct domain *d = domain_get(a->remote.domain_id);
    int rc;

    if (!d)
        return -ESRCH;
    rc = may(v->domain, ACCESS_SHUTDOWN, d);
    if (!rc)
        domain_shutdown(d, (int)(a->remote.reason & 0xff));
    domain_put(d);
    return rc;
}

static long op_watchdog(struct vcpu *v, union sched_arg *a)
{
    return domain_watchdog(v->domain, a->watchdog.id, a->watchdog.timeout);
}

/* Firmware calls of some machines work on CPU 0 only. */
static long op_pin_override(struct vcpu *v, union sched_arg *a)
{
    return a->pin.pcpu < 0 ? sched_unpin(v)
                           : sched_pin(v, (unsigned int)a->pin.pcpu);
}

/* Sub-operation: size of the argument for 64- and 32-bit callers. */
static const struct sched_call {
    long (*fn)(struct vcpu *v, union sched_arg *a);
    uint8_t size, size32;
} sched_calls[] = {
#define ARG(type) sizeof(struct type), sizeof(struct type)
    [SCHEDOP_yield] = { op_yield, 0, 0 },
    [SCHEDOP_block] = { op_block, 0, 0 },
    [SCHEDOP_shutdown] = { op_shutdown, ARG(sched_shutdown) },
    [SCHEDOP_poll] = { op_poll, sizeof(struct sched_poll),
                       sizeof(struct compat_sched_poll) },
    [SCHEDOP_remote_shutdown] = { op_remote_shutdown,
                                  ARG(sched_remote_shutdown) },
    [SCHEDOP_shutdown_code] = { op_shutdown_code, ARG(sched_shutdown) },
    [SCHEDOP_watchdog] = { op_watchdog, ARG(sched_watchdog) },
    [SCHEDOP_pin_override] = { op_pin_override, ARG(sched_pin_override) },
#undef ARG
};

long do_sched_op(int cmd, void_gptr_t arg)
{
    union sched_arg a = { 0 };
    const struct sched_call *call;
    size_t size;

    if (cmd < 0 || (unsigned int)cmd >= ARRAY_SIZE(sched_calls))
        return -ENOSYS;
    call = &sched_calls[index_nospec((size_t)cmd, ARRAY_SIZE(sched_calls))];
    size = hypercall_is_compat() ? call->size32 : call->size;
    /* Before the argument, as Xen does. */
    if (cmd == SCHEDOP_pin_override && current->domain != hardware_domain)
        return -EPERM;
    if (size && guest_read(&a, gva(arg.addr), size))
        return -EFAULT;
    return call->fn(current, &a);
}
