/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why the CPU refused to enter a guest: it says only that it did. Slow; after
 * a failed entry and in dumps only. The VMCS meant must be the current one.
 */
#pragma once

#include "hvm/vmx/vmcs.h"

struct vcpu;

/* Fields and their names in the manual; those of exits come first. */
struct vmcs_name {
    enum vmcs_field field;
    const char *name;
};
extern const struct vmcs_name vmcs_names[];
extern const unsigned int nr_vmcs_names;

struct vmx_fault {
    const char *field;
    const char *why; /* what is wrong with it */
    uint64_t value;
};

/* The first thing in the current VMCS that SDM vol. 3C 27.2 (controls) or
 * 27.3 (guest state) forbids; false: found none. */
bool vmx_find_fault(struct vmx_fault *f);

/* Name of VM-instruction error n (SDM vol. 3C 31.4, table). */
const char *vmx_insn_error_name(unsigned int n);

/* dump.c: the current VMCS, v's, to the log. */
void vmx_dump(struct vcpu *v);
