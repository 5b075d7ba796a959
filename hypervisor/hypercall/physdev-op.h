/* SPDX-License-Identifier: GPL-2.0-only */
/* HYPERVISOR_physdev_op: what domain 0 says of its PCI devices and GSIs. */
#ifndef LODGE_HYPERCALL_PHYSDEV_OP_H
#define LODGE_HYPERCALL_PHYSDEV_OP_H

#include "hypervisor/abi/guest-ptr.h"

/*
 * Calls for the current domain. 0, or Xen's errors for an HVM domain without
 * pirqs (-ENOSYS for all that needs them). No locks held.
 */
long do_physdev_op(int cmd, void_gptr_t arg);

#endif
