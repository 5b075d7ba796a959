/* SPDX-License-Identifier: GPL-2.0-only */
/* The hardware half of a vCPU; what core needs of it is in core/upcalls.h. */
#ifndef HVM_VCPU_H
#define HVM_VCPU_H

#include "hypervisor/core/vcpu.h"

/* Registers as after RESET, executing at cs:rip in real mode. The vCPU itself
 * or while it is paused. */
void hvm_vcpu_reset(struct vcpu *v, uint16_t cs, uint64_t rip);
/* PENDING_WORK: what others asked of the vCPU itself. */
void hvm_vcpu_work(struct vcpu *v);

#endif
