/* SPDX-License-Identifier: GPL-2.0-only */
/* HYPERVISOR_platform_op: what domain 0 tells about the machine and asks. */
#ifndef LODGE_HYPERCALL_PLATFORM_OP_H
#define LODGE_HYPERCALL_PLATFORM_OP_H

#include "hypervisor/abi/guest-ptr.h"

/* Calls for the current domain: 0 or more (XENPF_get_dom0_console: bytes),
 * or Xen's errors. Domain 0 only, 64-bit. No locks held. */
long do_platform_op(void_gptr_t arg);

#endif
