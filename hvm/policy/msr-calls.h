/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MSRs that need code; named by the rules in msr-table.c. They are defined
 * by the layer that owns the state (hvm/msr.c).
 */
#ifndef HVM_POLICY_MSR_CALLS_H
#define HVM_POLICY_MSR_CALLS_H

#include "hvm/base/regs.h"
#include "hvm/policy/msr-table.h"

msr_read_fn msr_tsc_read, msr_apic_base_read, msr_tsc_adjust_read,
    msr_mtrrcap_read, msr_mtrr_read, msr_pat_read, msr_deadline_read,
    msr_x2apic_read, msr_efer_read, msr_tsc_aux_read, msr_syscfg_read,
    msr_vm_cr_read;
msr_write_fn msr_tsc_write, msr_apic_base_write, msr_tsc_adjust_write,
    msr_mtrr_write, msr_pat_write, msr_deadline_write, msr_x2apic_write,
    msr_efer_write, msr_tsc_aux_write, msr_hypercall_page_write;

/* The register behind an MSR that guests access without an exit. */
enum hvm_reg msr_pass_reg(uint32_t index);

#endif
