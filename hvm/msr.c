/* SPDX-License-Identifier: GPL-2.0-only */
/* MSRs that need code: what the rules of hvm/policy/msr-table.c call. */
#include "hvm/policy/msr-table.h"

#include "hvm/base/spec-entry.h"
#include "hvm/irq/vlapic.h"
#include "hvm/mem/guest-copy.h"
#include "hvm/policy/cpuid.h"
#include "hvm/policy/spec-ctrl.h"
#include "hvm/vcpu.h"
#include "hypervisor/cpu/cr.h"
#include "hypervisor/lib/string.h"

int msr_tsc_read(struct vcpu *v, uint32_t index, uint64_t *val)
{
    *val = hvm_guest_tsc(v, rdtsc());
    return 0;
}

int msr_tsc_adjust_write(struct vcpu *v, uint32_t index, uint64_t val)
{
    hvm_tsc_shift(v, val - v->hvm->msr.tsc_adjust);
    v->hvm->msr.tsc_adjust = val;
    return 0;
}

/* The adjustment goes along with the TSC. */
int msr_tsc_write(struct vcpu *v, uint32_t index, uint64_t val)
{
    val += v->hvm->msr.tsc_adjust - hvm_guest_tsc(v, rdtsc());
    return msr_tsc_adjust_write(v, index, val);
}

/* IA32_APIC_BASE, IA32_TSC_DEADLINE. */
int msr_apic_read(struct vcpu *v, uint32_t index, uint64_t *val)
{
    const struct vlapic *a = v->hvm->lapic;

    *val = index == MSR_APIC_BASE ? a->base_msr : a->tsc_deadline;
    return 0;
}

int msr_apic_write(struct vcpu *v, uint32_t index, uint64_t val)
{
    if (index == MSR_APIC_BASE)
        return vlapic_base_write(v->hvm->lapic, val) ? -EINVAL : 0;
    vlapic_deadline_write(v->hvm->lapic, val);
    return 0;
}

int msr_x2apic_read(struct vcpu *v, uint32_t index, uint64_t *val)
{
    return vlapic_msr_read(v->hvm->lapic, index, val) ? -EINVAL : 0;
}

int msr_x2apic_write(struct vcpu *v, uint32_t index, uint64_t val)
{
    return vlapic_msr_write(v->hvm->lapic, index, val) ? -EINVAL : 0;
}

int msr_mtrr_write(struct vcpu *v, uint32_t index, uint64_t val)
{
    uint64_t reserved = index & 1 ? 0x7ff : 0xf00;

    if ((val & reserved) || val >> cpuid_guest_phys_bits(v))
        return -EINVAL;
    /* A base's type is one of the PAT's but for 7. */
    if (!(index & 1) && ((val & 0xff) == 7 || !pat_is_valid(val & 0xff)))
        return -EINVAL;
    v->hvm->msr.mtrr.msr_mtrr_var[index - 0x200] = val;
    return 0;
}

int msr_pat_write(struct vcpu *v, uint32_t index, uint64_t val)
{
    if (!pat_is_valid(val))
        return -EINVAL;
    hvm_set_reg(v, REG_PAT, val);
    return 0;
}

int msr_efer_write(struct vcpu *v, uint32_t index, uint64_t val)
{
    uint64_t old = hvm_get_reg(v, REG_EFER);

    /* LMA is the CPU's; LME cannot change under paging. */
    val = (val & ~EFER_LMA) | (old & EFER_LMA);
    if (val & ~(cpuid_guest_efer(v) | EFER_LMA))
        return -EINVAL;
    if (((val ^ old) & EFER_LME) && (hvm_get_reg(v, REG_CR0) & CR0_PG))
        return -EINVAL;
    hvm_set_reg(v, REG_EFER, val);
    if ((val ^ old) & EFER_NXE)
        tlb_tag_drop(&v->hvm->tlb_tag);
    return 0;
}

/* The register is live while the vCPU is on the CPU: see hvm_switch_to(). */
int msr_tsc_aux_write(struct vcpu *v, uint32_t index, uint64_t val)
{
    v->hvm->msr.tsc_aux = val;
    if (cpu_features.rdtscp)
        wrmsr(MSR_TSC_AUX, val);
    return 0;
}

void hvm_spec_update(struct vcpu *v)
{
    struct spec_entry *s = &v->hvm->spec;

    BUILD_BUG_ON(offsetof(struct hvm_vcpu, spec.flags) != SPEC_OFF_FLAGS);
    BUILD_BUG_ON(offsetof(struct hvm_vcpu, spec.host_ctrl) != SPEC_OFF_HOST);
    BUILD_BUG_ON(offsetof(struct hvm_vcpu, spec.guest_ctrl) != SPEC_OFF_GUEST);
    s->host_ctrl = spec.host_ctrl;
    s->guest_ctrl = spec.guest_ctrl | (uint32_t)v->hvm->msr.spec_ctrl;
    s->flags = spec.flags;
    /* Domain 0 is trusted, and most exits are its own. */
    if (v->domain->privileged)
        s->flags &= ~(uint32_t)SPEC_AT_IBPB;
    if (spec.rewrite || s->guest_ctrl != s->host_ctrl)
        s->flags |= SPEC_AT_CTRL;
}

/* SPEC_CTRL holds while the guest runs, see hvm_spec_update(); the others
 * are commands and cannot be read. */
int msr_spec_ctrl_read(struct vcpu *v, uint32_t index, uint64_t *val)
{
    *val = v->hvm->msr.spec_ctrl;
    return cpuid_guest_msr_bits(v, index) ? 0 : -EINVAL;
}

int msr_spec_write(struct vcpu *v, uint32_t index, uint64_t val)
{
    uint64_t bits = cpuid_guest_msr_bits(v, index);

    if (!bits || (val & ~bits))
        return -EINVAL;
    if (index == MSR_SPEC_CTRL) {
        v->hvm->msr.spec_ctrl = val;
        hvm_spec_update(v);
    } else if (val) {
        wrmsr(index, val);
    }
    return 0;
}

int msr_arch_caps_read(struct vcpu *v, uint32_t index, uint64_t *val)
{
    *val = v->domain->hvm->cpuid->arch_caps;
    return 0;
}

/*
 * Fills a page with calls: entry n, 32 bytes, is hypercall n (Xen's
 * arch-x86/cpuid.h), with the instruction that this machine's CPU has.
 */
int msr_hypercall_page_write(struct vcpu *v, uint32_t index, uint64_t val)
{
    uint8_t page[32];
    gpa_t at = gpa(val & PAGE_MASK);

    if (val & (PAGE_SIZE - 1))
        return -EINVAL;
    hvm_latch_layout(v->domain);
    for (unsigned int i = 0; i < PAGE_SIZE / sizeof(page); i++) {
        memset(page, 0xcc, sizeof(page));
        page[0] = 0xb8; /* mov $i, %eax */
        memcpy(page + 1, &i, sizeof(i));
        memcpy(page + 5, hvm_ops.hypercall_insn, 3);
        page[8] = 0xc3; /* ret */
        if (guest_write_phys(v->domain, gpa_add(at, i * sizeof(page)), page,
                             sizeof(page)))
            return -EINVAL;
    }
    return 0;
}
