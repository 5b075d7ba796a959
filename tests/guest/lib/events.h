/* SPDX-License-Identifier: GPL-2.0-only */
/* Event channels as the tests use them: one-line operations, two-level bits,
 * the upcall as a vector of the local APIC. */
#pragma once

#include "hypervisor/abi/event_channel.h"
#include "tests/guest/lib/clock.h"
#include "tests/guest/lib/hypercall.h"

/* The port, or -E*. */
long event_bind_virq(unsigned int virq, unsigned int vcpu);
long event_bind_ipi(unsigned int vcpu);
long event_alloc(domid_t remote);
long event_bind(domid_t remote, evtchn_port_t port);
long event_send(evtchn_port_t port);
long event_close(evtchn_port_t port);
long event_unmask(evtchn_port_t port);
long event_bind_vcpu(evtchn_port_t port, unsigned int vcpu);

/* Two-level bits. */
bool event_pending(evtchn_port_t port);
void event_clear(evtchn_port_t port);
void event_mask(evtchn_port_t port, bool masked);
/* Forgets this CPU's selectors and pending flag, as a handler does first. */
void event_upcall_seen(void);

/* The upcall of a CPU becomes a vector (HVMOP_set_evtchn_upcall_vector). */
long event_upcall_vector(unsigned int vcpu, uint8_t vector);
