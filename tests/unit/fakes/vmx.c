/* SPDX-License-Identifier: GPL-2.0-only */
/* Fakes of VMX instructions: see hvm/vmx/insn.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hvm/vmx/insn.h"
#include "tests/unit/fakes/fakes.h"

struct fake_vmx fake_vmx;

#define NO_VMCS (~0ull)
#define MAX_VMCS 8
static struct vmcs {
    uint64_t pa;
    uint64_t fields[0x7000]; /* by encoding */
} vmcss[MAX_VMCS];           /* the first has no address */
static unsigned int nr_vmcss = 1;

void fake_vmx_reset(void)
{
    memset(&fake_vmx, 0, sizeof(fake_vmx));
    memset(vmcss, 0, nr_vmcss * sizeof(*vmcss));
    nr_vmcss = 1;
}

static struct vmcs *vmcs_at(uint64_t pa)
{
    for (unsigned int i = 0; i < nr_vmcss; i++)
        if (vmcss[i].pa == pa)
            return &vmcss[i];
    if (nr_vmcss == MAX_VMCS)
        abort();
    vmcss[nr_vmcss].pa = pa;
    return &vmcss[nr_vmcss++];
}

static uint64_t *field_of(enum vmcs_field field)
{
    if (field >= ARRAY_SIZE(vmcss->fields)) {
        fprintf(stderr, "no VMCS field %#x\n", field);
        abort();
    }
    if (fake_vmx.loaded == NO_VMCS) {
        fprintf(stderr, "no VMCS is current\n");
        abort();
    }
    return &vmcs_at(fake_vmx.loaded)->fields[field];
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
    fake_vmx.vmwrites++;
    fake_vmcs_set(field, val);
}

#define VMX_INSN(insn, done)                                                \
    FAKE bool insn(uint64_t pa)                                             \
    {                                                                       \
        fake_vmx.insn++;                                                    \
        fake_vmx.insn##_pa = pa;                                            \
        if (fake_vmx.fail)                                                  \
            return true;                                                    \
        done;                                                               \
        return false;                                                       \
    }
VMX_INSN(vmxon, (void)0)
VMX_INSN(vmclear, if (fake_vmx.loaded == pa) fake_vmx.loaded = NO_VMCS)
VMX_INSN(vmptrld, fake_vmx.loaded = pa)

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
