/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The handlers that hypercall/table.c names. Each decodes the arguments of
 * the current vCPU's call, checks all of them and who asks, and returns what
 * the guest gets: 0 or more, a negative errno, -ERESTART to be called again.
 */
#ifndef LODGE_HYPERCALL_CALLS_H
#define LODGE_HYPERCALL_CALLS_H

#include "hypervisor/abi/guest-ptr.h"
#include "hypervisor/cpu/types.h"
#include "hypervisor/hypercall/event-op.h"
#include "hypervisor/hypercall/grant-op.h"
#include "hypervisor/hypercall/physdev-op.h"
#include "hypervisor/hypercall/platform-op.h"
#include "hypervisor/hypercall/sched-op.h"
#include "hypervisor/hypercall/vcpu-op.h"

long do_memory_op(unsigned int cmd, void_gptr_t arg);
long do_multicall(void_gptr_t list, unsigned int n);
long do_set_timer_op(int64_t timeout);
long do_xen_version(int cmd, void_gptr_t arg);
long do_console_io(int cmd, unsigned int n, void_gptr_t buf);
long do_vm_assist(unsigned int cmd, unsigned int type);
long do_hvm_op(uint64_t op, void_gptr_t arg);
long do_sysctl(void_gptr_t arg);
long do_domctl(void_gptr_t arg);
long do_dm_op(domid_t domid, unsigned int nr_bufs, void_gptr_t bufs);

#endif
