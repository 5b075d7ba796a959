/* SPDX-License-Identifier: GPL-2.0-only */
/* Fakes of VMX instructions: see hvm/vmx/insn.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hvm/vmx/insn.h"
#include "tests/unit/fakes/fakes.h"

struct fake_vmx fake_vmx;
static uint64_t fields[0x7000]; /* by encoding */

void fake_vmx_reset(void)
{
    memset(&fake_vmx, 0, sizeof(fake_vmx));
    memset(fields, 0, sizeof(fields));
}

static uint64_t *field_of(enum vmcs_field field)
{
    if (field >= ARRAY_SIZE(fields)) {
        fprintf(stderr, "no VMCS field %#x\n", field);
        abort();
    }
    return &fields[field];
}

void fake_vmcs_set(enum vmcs_field field, uint64_t val)
{
    switch (field >> 13) {
    case 0:
        val = (uint16_t)val;
        break;
    case 2:
        val = (uint32_t)val;
        break;
    }
    *field_of(field) = val;
}

FAKE uint64_t vmread(enum vmcs_field field)
{
    return *field_of(field);
}

FAKE void vmwrite(enum vmcs_field field, uint64_t val)
{
    if ((field >> 10 & 3) == 1) {
        fprintf(stderr, "VMWRITE to read-only field %#x\n", field);
        abort();
    }
    fake_vmcs_set(field, val);
}

#define VMX_INSN(insn)                                                      \
    FAKE int insn(uint64_t pa)                                              \
    {                                                                       \
        fake_vmx.insn++;                                                    \
        fake_vmx.insn##_pa = pa;                                            \
        return fake_vmx.fail ? -EIO : 0;                                    \
    }
VMX_INSN(vmxon)
VMX_INSN(vmclear)
VMX_INSN(vmptrld)

FAKE void invept(uint64_t type, uint64_t eptp)
{
    fake_vmx.invept++;
    fake_vmx.invept_type = type;
    fake_vmx.invept_eptp = eptp;
}

FAKE void invvpid(uint64_t type, uint16_t vpid)
{
    fake_vmx.invvpid++;
    fake_vmx.invvpid_type = type;
    fake_vmx.invvpid_vpid = vpid;
}
