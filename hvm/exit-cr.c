/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes to control registers and XCR0. CR reads never exit. CR4 bits that
 * the guest's CPUID does not offer fault, as on a CPU without them; CR0 and
 * CR3 are the CPU's own business under nested paging.
 */
#include "hvm/base/hvm.h"
#include "hvm/exit.h"
#include "hvm/insn.h"
#include "hvm/irq/vlapic.h"
#include "hvm/policy/cpuid.h"
#include "hvm/run.h"
#include "hypervisor/cpu/cr.h"
#include "hypervisor/cpu/msr.h"
#include "hypervisor/x86/features.h"

/* False: #GP. SDM vol. 3A 2.5, APM vol. 2 3.1.3. */
static bool cr4_valid(struct vcpu *v, uint64_t val)
{
    uint64_t efer = hvm_get_reg(v, REG_EFER);
    uint64_t set = val & ~hvm_get_reg(v, REG_CR4);

    if (val & ~cpuid_guest_cr4(v))
        return false;
    if ((set & CR4_PCIDE) &&
        (!(efer & EFER_LMA) || (hvm_get_reg(v, REG_CR3) & 0xfff)))
        return false;
    /* Long mode cannot lose PAE. */
    return (val & CR4_PAE) || !(efer & EFER_LMA);
}

static bool cr0_valid(struct vcpu *v, uint64_t val)
{
    if (val >> 32)
        return false;
    if ((val & CR0_PG) && !(val & CR0_PE))
        return false;
    return !(val & CR0_NW) || (val & CR0_CD);
}

/* False: #GP. */
static bool write_cr(struct vcpu *v, unsigned int cr, uint64_t val)
{
    switch (cr) {
    case 0:
        if (!cr0_valid(v, val))
            return false;
        hvm_set_reg(v, REG_CR0, val | CR0_ET);
        break;
    case 4:
        if (!cr4_valid(v, val))
            return false;
        hvm_set_reg(v, REG_CR4, val);
        break;
    case 8:
        if (val >> 4)
            return false;
        hvm_ops.set_tpr(v, (unsigned int)val);
        vlapic_set_tpr(v->hvm->lapic, (uint8_t)(val << 4));
        vcpu_kick(v, PENDING_IRQ);
        return true;
    default:
        return false;
    }
    /* Mode changes and CR4.PGE, CR0.PG drop cached translations. */
    hvm_ops.flush_guest(v);
    return true;
}

/*
 * A MOV to a control register; the CPU has checked CPL and number. Where it
 * does not say which register is moved, the instruction does; if that has
 * changed meanwhile the guest runs it again.
 */
enum exit_verdict exit_cr_write(struct vcpu *v, const struct vmexit *e)
{
    struct vmexit known = *e;
    struct insn i;
    uint64_t val;

    if (!e->cr.gpr_valid || !e->insn_len) {
        if (!hvm_decode(v, &i) || i.map != INSN_MAP_0F || i.opcode != 0x22)
            return VERDICT_RESUME;
        known.cr.gpr = i.rm;
        known.insn_len = i.len;
    }
    val = vcpu_regs(v)->gpr[known.cr.gpr];
    if (hvm_mode(v) != MODE_64)
        val = (uint32_t)val;
    if (write_cr(v, e->cr.cr, val))
        hvm_advance(v, &known);
    else
        hvm_raise(v, VEC_GP, 0);
    return VERDICT_RESUME;
}

enum exit_verdict exit_xsetbv(struct vcpu *v, const struct vmexit *e)
{
    const uint64_t *gpr = vcpu_regs(v)->gpr;
    uint64_t val = (uint32_t)gpr[RAX] | gpr[RDX] << 32;

    if (!(hvm_get_reg(v, REG_CR4) & CR4_OSXSAVE)) {
        hvm_raise(v, VEC_UD, 0);
        return VERDICT_RESUME;
    }
    if (hvm_cpl(v) || (uint32_t)gpr[RCX] || !cpuid_xcr0_valid(v, val)) {
        hvm_raise(v, VEC_GP, 0);
        return VERDICT_RESUME;
    }
    v->hvm->xcr0 = val;
    xsetbv(0, val);
    return VERDICT_ADVANCE;
}
