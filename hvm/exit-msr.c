/* SPDX-License-Identifier: GPL-2.0-only */
/* RDMSR and WRMSR: the policy table decides (hvm/policy/msr-table.h). */
#include "hvm/base/hvm.h"
#include "hvm/exit.h"
#include "hvm/policy/msr-table.h"

enum exit_verdict exit_msr(struct vcpu *v, const struct vmexit *e)
{
    uint64_t *gpr = vcpu_regs(v)->gpr, val;
    uint32_t index = (uint32_t)gpr[RCX];
    int rc;

    if (e->msr_write) {
        val = (uint32_t)gpr[RAX] | gpr[RDX] << 32;
        rc = msr_write(v, index, val);
    } else {
        rc = msr_read(v, index, &val);
        if (!rc) {
            gpr[RAX] = (uint32_t)val;
            gpr[RDX] = val >> 32;
        }
    }
    if (rc) {
        hvm_raise(v, VEC_GP, 0);
        return VERDICT_RESUME;
    }
    return VERDICT_ADVANCE;
}
