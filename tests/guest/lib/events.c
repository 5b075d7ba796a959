/* SPDX-License-Identifier: GPL-2.0-only */
/* Event channels. See events.h. */
#include "tests/guest/lib/events.h"

#include "tests/guest/lib/trap.h"

#define WORD_BITS (8 * sizeof(unsigned long))

long event_bind_virq(unsigned int virq, unsigned int vcpu)
{
    struct evtchn_bind_virq a = { .virq = virq, .vcpu = vcpu };
    long rc = event_op(EVTCHNOP_bind_virq, &a);

    return rc ? rc : (long)a.port;
}

long event_bind_ipi(unsigned int vcpu)
{
    struct evtchn_bind_ipi a = { .vcpu = vcpu };
    long rc = event_op(EVTCHNOP_bind_ipi, &a);

    return rc ? rc : (long)a.port;
}

long event_alloc(domid_t remote)
{
    struct evtchn_alloc_unbound a = { .dom = DOMID_SELF,
                                      .remote_dom = remote };
    long rc = event_op(EVTCHNOP_alloc_unbound, &a);

    return rc ? rc : (long)a.port;
}

long event_bind(domid_t remote, evtchn_port_t port)
{
    struct evtchn_bind_interdomain a = { .remote_dom = remote,
                                         .remote_port = port };
    long rc = event_op(EVTCHNOP_bind_interdomain, &a);

    return rc ? rc : (long)a.local_port;
}

long event_send(evtchn_port_t port)
{
    struct evtchn_send a = { port };

    return event_op(EVTCHNOP_send, &a);
}

long event_close(evtchn_port_t port)
{
    struct evtchn_close a = { port };

    return event_op(EVTCHNOP_close, &a);
}

long event_unmask(evtchn_port_t port)
{
    struct evtchn_unmask a = { port };

    return event_op(EVTCHNOP_unmask, &a);
}

long event_bind_vcpu(evtchn_port_t port, unsigned int vcpu)
{
    struct evtchn_bind_vcpu a = { .port = port, .vcpu = vcpu };

    return event_op(EVTCHNOP_bind_vcpu, &a);
}

static unsigned long *word(void *array, evtchn_port_t port)
{
    return (unsigned long *)array + port / WORD_BITS;
}

bool event_pending(evtchn_port_t port)
{
    return READ_ONCE(*word(shared()->evtchn_pending, port)) >>
           port % WORD_BITS & 1;
}

void event_clear(evtchn_port_t port)
{
    __atomic_fetch_and(word(shared()->evtchn_pending, port),
                       ~(1ul << port % WORD_BITS), __ATOMIC_SEQ_CST);
}

void event_mask(evtchn_port_t port, bool masked)
{
    unsigned long bit = 1ul << port % WORD_BITS;

    if (masked)
        __atomic_fetch_or(word(shared()->evtchn_mask, port), bit,
                          __ATOMIC_SEQ_CST);
    else
        __atomic_fetch_and(word(shared()->evtchn_mask, port), ~bit,
                           __ATOMIC_SEQ_CST);
}

void event_upcall_seen(void)
{
    vcpu_info *v = my_info();

    WRITE_ONCE(v->evtchn_upcall_pending, 0);
    __atomic_exchange_n((unsigned long *)&v->evtchn_pending_sel, 0,
                        __ATOMIC_SEQ_CST);
}

long event_upcall_vector(unsigned int vcpu, uint8_t vector)
{
    struct xen_hvm_evtchn_upcall_vector a = { .vcpu = vcpu,
                                              .vector = vector };

    return hvm_op(HVMOP_set_evtchn_upcall_vector, &a);
}
