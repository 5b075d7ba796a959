/* SPDX-License-Identifier: GPL-2.0-only */
/* HYPERVISOR_grant_table_op: decoding; core/grant.c performs. */
#ifndef LODGE_HYPERCALL_GRANT_OP_H
#define LODGE_HYPERCALL_GRANT_OP_H

#include "hypervisor/abi/guest-ptr.h"

/*
 * Calls for the current domain on an array of `count` structures. 0 with the
 * outcome of each in its status, Xen's errors, or -ERESTART with uop and
 * count moved on to what is left. No locks held.
 */
long do_grant_table_op(unsigned int cmd, void_gptr_t uop, unsigned int count);

#endif
