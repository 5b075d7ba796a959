/* SPDX-License-Identifier: GPL-2.0-only */
#include "hvm/vmx/vmx.h"
#include "hypervisor/debug/log.h"

static const struct { const char *name; uint16_t f; } fields[] = {
#define F(name, code, text) { text, code },
    VMCS_CONTROL_FIELDS(F) VMCS_EXIT_FIELDS(F) VMCS_GUEST_FIELDS(F) VMCS_HOST_FIELDS(F)
#undef F
};
void vmx_dump(struct vcpu *v)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(fields); i++)
        log_err("%s = %lx%s", fields[i].name, vmread(fields[i].f), i % 4 == 3 ? "\n" : ", ");
    log_err("\n");
}
