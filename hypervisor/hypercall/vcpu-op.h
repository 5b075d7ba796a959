/* SPDX-License-Identifier: GPL-2.0-only */
/* HYPERVISOR_vcpu_op. */
#ifndef LODGE_HYPERCALL_VCPU_OP_H
#define LODGE_HYPERCALL_VCPU_OP_H

#include "hypervisor/abi/arch-x86.h"
#include "hypervisor/abi/guest-ptr.h"

struct vcpu;

/* On vCPU vcpuid of the caller's domain: 0 or more, -ENOENT (no such vCPU),
 * -ENOSYS, -EINVAL, -EFAULT, -EBUSY, -ERESTART... */
long do_vcpu_op(int cmd, unsigned int vcpuid, void_gptr_t arg);

/*
 * vcpu-context.c: gives a vCPU that is down these registers to start with.
 * -EINVAL: a context in which no CPU can be. Lock DOMCTL of its domain.
 */
int vcpu_context_set(struct vcpu *v, const struct vcpu_hvm_context *ctx);

#endif
