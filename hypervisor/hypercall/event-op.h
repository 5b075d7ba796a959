/* SPDX-License-Identifier: GPL-2.0-only */
/* HYPERVISOR_event_channel_op: decoding; core/evtchn.c performs. */
#ifndef LODGE_HYPERCALL_EVENT_OP_H
#define LODGE_HYPERCALL_EVENT_OP_H

#include "hypervisor/abi/guest-ptr.h"

/* Calls for the current domain. 0, Xen's errors, -ERESTART (EVTCHNOP_reset,
 * arguments unchanged). No locks held. */
long do_event_channel_op(int cmd, void_gptr_t arg);

#endif
