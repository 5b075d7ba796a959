/* SPDX-License-Identifier: GPL-2.0-only */
/* The hardware half of a vCPU; what core needs of it is in core/upcalls.h. */
#pragma once

#include "hvm/base/hvm.h"

/* Registers as after RESET, executing at cs:rip in real mode. The vCPU itself
 * or while it is paused. */
void hvm_vcpu_reset(struct vcpu *v, uint16_t cs, uint64_t rip);
/* The FPU's registers, which are in the CPU while v runs, to v's save area and
 * back. Between the two nothing may use them. */
void hvm_fpu_save(struct vcpu *v);
void hvm_fpu_load(struct vcpu *v);
/* v has stopped itself or was stopped (it is not up any more). When no vCPU of
 * its domain is up, that is the domain's power-off, as with Xen. */
void hvm_vcpu_stopped(struct vcpu *v);
/* PENDING_WORK: what others asked of the vCPU itself. */
void hvm_vcpu_work(struct vcpu *v);
/* What v's next entries do about speculation, after its SPEC_CTRL changed. */
void hvm_spec_update(struct vcpu *v);
