/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HYPERVISOR_sched_op: a vCPU yields, waits, or ends its domain. Keeps no
 * state.
 */
#include "hypervisor/abi/sched.h"

#include "hypervisor/core/evtchn.h"
#include "hypervisor/cpu/cr.h"
#include "hypervisor/hypercall/calls.h"

SUBOP_DO(yield, 0, void, sched_give_way())

SUBOP_DO(shutdown, IN, struct sched_shutdown,
         domain_shutdown(d, (int)(a->reason & 0xff)))

SUBOP_DO(remote_shutdown, IN, struct sched_remote_shutdown,
         domain_shutdown(d, (int)(a->reason & 0xff)),
         OF(remote_shutdown, domain_id, SHUTDOWN))

SUBOP_DO(shutdown_code, IN, struct sched_shutdown,
         (void)domain_set_shutdown_code(d, (int)a->reason))

/* Waits once, for an event that would interrupt the guest, with interrupts on
 * or off. Coming back early is allowed, and the guest asks again. */
static void wait_once(struct vcpu *v, bool interrupts, uint64_t timeout)
{
    /* The bit first, then the question: what comes later sets the bit. */
    atomic_clear_bit(PENDING_IRQ, &v->pending);
    if (!hvm_has_event(v, interrupts)) {
        if (timeout)
            timer_set(&v->poll_timer, timeout);
        vcpu_wait(~0ull);
        if (timeout)
            timer_stop(&v->poll_timer);
    }
    /* The bit stood for what is pending but masked, too. */
    atomic_set_bit(PENDING_IRQ, &v->pending);
}

/* Until there is an event, whether interrupts are on or off. */
SUBOP_DO(block, 0, void,
         WRITE_ONCE(v->info->evtchn_upcall_mask, 0);
         wait_once(v, true, 0))

SUBOP(poll, IN, struct sched_poll, COMPAT(sched_poll, "LIQ"))
{
    evtchn_port_t ports[128]; /* as many as Xen takes */
    int rc = 0;

    if (a->nr_ports > ARRAY_SIZE(ports))
        return -EINVAL;
    if (guest_read(ports, gva(a->ports.addr), a->nr_ports * sizeof(ports[0])))
        return -EFAULT;

    /* Asked after this, so that an event of any is noticed from here on. */
    evtchn_poll_start(v, a->nr_ports == 1 ? ports[0] : EVTCHN_POLL_ANY);
    for (unsigned int i = 0; i < a->nr_ports && !rc; i++)
        rc = evtchn_is_pending(d, ports[i]);
    if (!rc)
        wait_once(v, vcpu_regs(v)->rflags & RFLAGS_IF, a->timeout);
    (void)evtchn_poll_end(v);
    return rc < 0 ? rc : 0;
}

SUBOP_EXPR(watchdog, IN, struct sched_watchdog,
           domain_watchdog(d, a->id, a->timeout))
/* Firmware calls of some machines work on CPU 0 only. */
SUBOP_EXPR(pin_override, IN, struct sched_pin_override, sched_pin(v, a->pcpu))

long do_sched_op(unsigned int cmd, void_gptr_t arg)
{
    static const struct subop *const ops[] = {
#define OP(name) [SCHEDOP_##name] = &subop_##name
        OP(yield), OP(block), OP(poll), OP(shutdown), OP(remote_shutdown),
        OP(shutdown_code), OP(watchdog), OP(pin_override),
    };

    /* Before the argument, as Xen does. */
    if (cmd == SCHEDOP_pin_override && current->domain != hardware_domain)
        return -EPERM;
    return subop_call(ops, ARRAY_SIZE(ops), cmd, current, arg);
}
