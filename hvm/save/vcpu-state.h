/* SPDX-License-Identifier: GPL-2.0-only */
/* Records of one vCPU's registers, for records.c. */
#pragma once

#include "hypervisor/abi/hvm-save.h"
#include "hypervisor/core/vcpu.h"

/* v is paused; what is saved to is zeroed. Loads return -EINVAL for what no CPU accepts. */
void vcpu_state_save(struct vcpu *v, struct hvm_hw_cpu *c);
int vcpu_state_load(struct vcpu *v, const struct hvm_hw_cpu *c);
/* False for an FXSAVE image (512 bytes) that FXRSTOR would refuse. */
bool vcpu_fpu_valid(const void *fxsave);
void vcpu_mtrr_save(struct vcpu *v, struct hvm_hw_mtrr *m);
int vcpu_mtrr_load(struct vcpu *v, const struct hvm_hw_mtrr *m);
