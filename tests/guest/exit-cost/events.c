/* SPDX-License-Identifier: GPL-2.0-only */
/* Event channels: to this vCPU, and to another domain that answers. */
#include "tests/guest/exit-cost/cost.h"

#include "hypervisor/abi/cpuid.h"
#include "hypervisor/abi/hvm-params.h"
#include "tests/guest/lib/events.h"
#include "tests/guest/lib/trap.h"

#define V_EVENT 0x98
#define PORTS 16        /* more than a new domain has */

static evtchn_port_t own, peer, current;
static volatile uint64_t arrived;
static bool answers;

static void on_event(struct trap_frame *f)
{
    arrived = rdtsc();
    event_upcall_seen();
    event_clear(current);
    if (answers)
        event_send(current);
}

/* The upcall is a vector of the CPU, not of the local APIC: no EOI. */
static void upcall_by_vector(void)
{
    report_eq(hvm_param_set(HVM_PARAM_CALLBACK_IRQ,
                            (uint64_t)HVM_PARAM_CALLBACK_TYPE_VECTOR << 56 |
                            V_EVENT), 0, "callback vector");
    trap_handler(V_EVENT, on_event);
}

static void op_again(void) { (void)event_send(own); }

static void op_masked(void)
{
    event_clear(own);
    (void)event_send(own);
}

static void op_delivered(void)
{
    (void)event_send(own);
    sti();
    cli();
}

/* To a domain that is halted and halts again after its answer. */
static uint64_t ping(void)
{
    uint64_t start;

    arrived = 0;
    start = rdtsc();
    (void)event_send(peer);
    while (!arrived)
        sti_hlt_cli();
    return arrived - start;
}

static const struct operation masked_ops[] = {
    OP("event to self, masked", op_masked),
    OP("event to self, pending already", op_again),
}, delivered_ops[] = {
    OP("event to self, delivered", op_delivered),
}, peer_ops[] = {
    OP_ITSELF("event to a halted domain and back", ping),
};

/* The domain that was made just before this one, if it waits for us. */
static bool find_peer(void)
{
    struct cpuid id = cpuid(xen_leaves + 4, 0);

    if (!(id.a & XEN_HVM_CPUID_DOMID_PRESENT) || id.c < 2)
        return false;
    for (evtchn_port_t port = 1; port < PORTS; port++) {
        long rc = event_bind((domid_t)(id.c - 1), port);

        if (rc > 0) {
            peer = (evtchn_port_t)rc;
            return true;
        }
    }
    return false;
}

void cost_events(void)
{
    own = (evtchn_port_t)event_bind_ipi(0);
    event_mask(own, true);
    MEASURE(masked_ops);
    event_clear(own);
    event_upcall_seen();
    upcall_by_vector();
    event_mask(own, false);
    current = own;
    MEASURE(delivered_ops);
    if (!first_domain && find_peer()) {
        event_mask(peer, false);
        current = peer;
        MEASURE(peer_ops);
    }
}

void be_peer(void)
{
    struct cpuid id = cpuid(xen_leaves + 4, 0);

    current = (evtchn_port_t)event_alloc((domid_t)(id.c + 1));
    answers = true;
    upcall_by_vector();
    event_mask(current, false);
    be_idle();
}

void be_idle(void)
{
    for (;;)
        sti_hlt_cli();
}

void be_hog(void)
{
    for (;;)
        barrier();
}
