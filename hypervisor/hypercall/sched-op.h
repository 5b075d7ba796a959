/* SPDX-License-Identifier: GPL-2.0-only */
/* HYPERVISOR_sched_op. */
#ifndef LODGE_HYPERCALL_SCHED_OP_H
#define LODGE_HYPERCALL_SCHED_OP_H

#include "hypervisor/abi/guest-ptr.h"

/* For the current vCPU; 0, a watchdog's id, or a negative errno. */
long do_sched_op(int cmd, void_gptr_t arg);

#endif
