/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Host test fake: VMCSs of plain numbers, one for each address; the other
 * instructions count. A field keeps as many bits as it has. Until the first
 * VMPTRLD one without an address is current; after VMCLEAR of the current one
 * none is, and its fields are out of reach.
 */
#pragma once

#include "hvm/vmx/vmcs.h"

extern struct fake_vmx {
    unsigned int vmxon, vmclear, vmptrld, invept, invvpid; /* calls */
    unsigned int vmwrites;
    uint64_t loaded;   /* address of the current one, ~0: none */
    uint64_t vmxon_pa, vmclear_pa, vmptrld_pa; /* arguments of the last */
    uint64_t invept_type, invept_eptp, invvpid_type;
    uint16_t invvpid_vpid;
    bool fail;         /* VMXON, VMCLEAR and VMPTRLD fail */
} fake_vmx;

/* All fields and counters are 0. */
void fake_vmx_reset(void);
/* Sets a field, also one that is read-only for VMWRITE. */
void fake_vmcs_set(enum vmcs_field field, uint64_t val);

uint64_t vmread(enum vmcs_field field);
void vmwrite(enum vmcs_field field, uint64_t val);

bool __must_check vmxon(uint64_t pa);
bool __must_check vmclear(uint64_t pa);
bool __must_check vmptrld(uint64_t pa);

enum { INVALIDATE_ADDRESS, INVALIDATE_SINGLE, INVALIDATE_ALL };

void invept(uint64_t type, uint64_t eptp);
void invvpid(uint64_t type, uint16_t vpid);
