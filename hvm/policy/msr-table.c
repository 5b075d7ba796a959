/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The MSR rules. Sorted by index, disjoint: a test walks them. Numbers and
 * writable bits: SDM vol. 4, APM vol. 2 appendix A.
 */
#include "hvm/policy/msr-table.h"

#include "hvm/base/hvm.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/cpu/msr.h"

#define STATE(field) offsetof(struct msr_state, field)
#define ALL (~0ull)

#define RULE(a, b, how_r, how_w, nm, ...) \
    { .first = a, .last = b, .read = how_r, .write = how_w, .name = nm, \
      __VA_ARGS__ }
#define PASS(nr, r, nm) \
    RULE(nr, nr, MSR_PASS, MSR_PASS, nm, .arg = r, .writable = ALL)
#define REG(nr, r, bits, canon, nm) \
    RULE(nr, nr, MSR_REG, MSR_REG, nm, .arg = r, .writable = bits, \
         .canonical = canon)
#define STORED(a, b, field, bits, nm) \
    RULE(a, b, MSR_STATE, MSR_STATE, nm, .arg = STATE(field), .writable = bits)
#define CALL(a, b, r, w, nm) \
    RULE(a, b, MSR_CALL, MSR_CALL, nm, .read_fn = r, .write_fn = w, \
         .writable = ALL)
#define ZERO(a, b, nm) \
    RULE(a, b, MSR_CONST, MSR_CONST, nm, .writable = ALL)
#define COMMAND(nr, w, nm) \
    RULE(nr, nr, MSR_FAULT, MSR_CALL, nm, .write_fn = w, .writable = ALL)
/* Reads as told, writes through a function. */
#define CHECKED(a, b, how, at, bits, w, nm) \
    RULE(a, b, how, MSR_CALL, nm, .arg = at, .writable = bits, .write_fn = w)

const struct msr_rule msr_rules[] = {
    ZERO(0x0, 0x1, "P5_MC_ADDR, P5_MC_TYPE"),
    CALL(MSR_TSC, MSR_TSC, msr_tsc_read, msr_tsc_write, "TSC"),
    ZERO(0x17, 0x17, "IA32_PLATFORM_ID"),
    CALL(MSR_APIC_BASE, MSR_APIC_BASE, msr_apic_read, msr_apic_write,
         "IA32_APIC_BASE"),
    CHECKED(MSR_TSC_ADJUST, MSR_TSC_ADJUST, MSR_STATE, STATE(tsc_adjust), ALL,
            msr_tsc_adjust_write, "IA32_TSC_ADJUST"),
    CALL(MSR_SPEC_CTRL, MSR_SPEC_CTRL, msr_spec_ctrl_read, msr_spec_write,
         "IA32_SPEC_CTRL"),
    COMMAND(MSR_PRED_CMD, msr_spec_write, "IA32_PRED_CMD"),
    ZERO(MSR_UCODE_REV, MSR_UCODE_REV, "IA32_BIOS_SIGN_ID"),
    RULE(MSR_MTRRCAP, MSR_MTRRCAP, MSR_CONST, MSR_FAULT, "IA32_MTRRCAP",
         .arg = GUEST_MTRRCAP),
    RULE(MSR_ARCH_CAPABILITIES, MSR_ARCH_CAPABILITIES, MSR_CALL, MSR_FAULT,
         "IA32_ARCH_CAPABILITIES", .read_fn = msr_arch_caps_read),
    COMMAND(MSR_FLUSH_CMD, msr_spec_write, "IA32_FLUSH_CMD"),
    REG(MSR_SYSENTER_CS, REG_SYSENTER_CS, 0xffffffff, false,
        "IA32_SYSENTER_CS"),
    REG(MSR_SYSENTER_ESP, REG_SYSENTER_ESP, ALL, true, "IA32_SYSENTER_ESP"),
    REG(MSR_SYSENTER_EIP, REG_SYSENTER_EIP, ALL, true, "IA32_SYSENTER_EIP"),
    ZERO(MSR_MCG_CAP, MSR_MCG_CTL, "IA32_MCG_CAP, _STATUS, _CTL"),
    STORED(MSR_MISC_ENABLE, MSR_MISC_ENABLE, misc_enable, ALL,
           "IA32_MISC_ENABLE"),
    REG(MSR_DEBUGCTL, REG_DEBUGCTL, 0x3f, false, "IA32_DEBUGCTL"),
    REG(MSR_LASTBRANCHFROM, REG_LASTBRANCHFROM, ALL, false, "LastBranchFromIP"),
    REG(MSR_LASTBRANCHTO, REG_LASTBRANCHTO, ALL, false, "LastBranchToIP"),
    REG(MSR_LASTINTFROM, REG_LASTINTFROM, ALL, false, "LastIntFromIP"),
    REG(MSR_LASTINTTO, REG_LASTINTTO, ALL, false, "LastIntToIP"),
    CHECKED(0x200, 0x20f, MSR_STATE, STATE(mtrr.msr_mtrr_var), ALL,
            msr_mtrr_write, "IA32_MTRR_PHYS*"),
    STORED(0x250, 0x250, mtrr.msr_mtrr_fixed[0], ALL, "IA32_MTRR_FIX64K"),
    STORED(0x258, 0x259, mtrr.msr_mtrr_fixed[1], ALL, "IA32_MTRR_FIX16K"),
    STORED(0x268, 0x26f, mtrr.msr_mtrr_fixed[3], ALL, "IA32_MTRR_FIX4K"),
    CHECKED(MSR_PAT, MSR_PAT, MSR_REG, REG_PAT, ALL, msr_pat_write,
            "IA32_PAT"),
    STORED(MSR_MTRR_DEFTYPE, MSR_MTRR_DEFTYPE, mtrr.msr_mtrr_def_type, 0xcff,
           "IA32_MTRR_DEF_TYPE"),
    ZERO(MSR_MC0_CTL, MSR_MC0_CTL + 4 * 32 - 1, "IA32_MCi_*"),
    CALL(MSR_TSC_DEADLINE, MSR_TSC_DEADLINE, msr_apic_read, msr_apic_write,
         "IA32_TSC_DEADLINE"),
    CALL(MSR_X2APIC_FIRST, MSR_X2APIC_LAST, msr_x2apic_read,
         msr_x2apic_write, "x2APIC registers"),
    RULE(MSR_XSS, MSR_XSS, MSR_CALL, MSR_CALL, "IA32_XSS",
         .read_fn = msr_xss_read, .write_fn = msr_xss_write),
    RULE(0x40000000, 0x40000000, MSR_CONST, MSR_CALL, "hypercall page",
         .write_fn = msr_hypercall_page_write, .writable = ALL),
    CHECKED(MSR_EFER, MSR_EFER, MSR_REG, REG_EFER, ALL, msr_efer_write,
            "EFER"),
    PASS(MSR_STAR, REG_STAR, "STAR"),
    PASS(MSR_LSTAR, REG_LSTAR, "LSTAR"),
    PASS(MSR_CSTAR, REG_CSTAR, "CSTAR"),
    PASS(MSR_SFMASK, REG_SFMASK, "SF_MASK"),
    PASS(MSR_FS_BASE, REG_FS_BASE, "FS.Base"),
    PASS(MSR_GS_BASE, REG_GS_BASE, "GS.Base"),
    PASS(MSR_KERNEL_GS_BASE, REG_KERNEL_GS_BASE, "KernelGSBase"),
    CHECKED(MSR_TSC_AUX, MSR_TSC_AUX, MSR_STATE, STATE(tsc_aux), 0xffffffff,
            msr_tsc_aux_write, "TSC_AUX"),
    /* What AMD kernels look at without asking CPUID. */
    ZERO(0xc0010000, 0xc0010007, "PerfEvtSel, PerfCtr"),
    RULE(MSR_SYSCFG, MSR_SYSCFG, MSR_CONST, MSR_FAULT, "SYSCFG"),
    STORED(MSR_HWCR, MSR_HWCR, hwcr, ALL, "HWCR"),
    ZERO(0xc001001a, 0xc001001a, "TOP_MEM"),
    ZERO(0xc001001d, 0xc001001d, "TOP_MEM2"),
    ZERO(0xc001001f, 0xc001001f, "NB_CFG"),
    ZERO(0xc0010055, 0xc0010055, "interrupt pending message"),
    ZERO(0xc0010058, 0xc0010058, "MMIO configuration base"),
    ZERO(0xc0010062, 0xc0010064, "P-state control"),
    RULE(MSR_VM_CR, MSR_VM_CR, MSR_CONST, MSR_CONST, "VM_CR",
         .arg = VM_CR_SVMDIS, .writable = ALL),
    ZERO(0xc0010140, 0xc0010141, "OSVW"),
    ZERO(0xc0011004, 0xc0011005, "CPUID feature override"),
    ZERO(0xc0011020, 0xc0011023, "LS_CFG, IC_CFG, DC_CFG, BU_CFG"),
    ZERO(0xc0011029, 0xc0011029, "DE_CFG"),
};
const unsigned int nr_msr_rules = ARRAY_SIZE(msr_rules);

void msr_rules_open(void (*open)(void *map, uint32_t index, bool read,
                                 bool write), void *map)
{
    for (unsigned int i = 0; i < nr_msr_rules; i++) {
        const struct msr_rule *r = &msr_rules[i];

        if (r->read == MSR_PASS || r->write == MSR_PASS)
            for (uint32_t n = r->first; n <= r->last; n++)
                open(map, n, r->read == MSR_PASS, r->write == MSR_PASS);
    }
}

const struct msr_rule *msr_rule_find(uint32_t index)
{
    unsigned int lo = 0, hi = nr_msr_rules, mid = MSR_RULE_X2APIC;

    for (; lo < hi; mid = (lo + hi) / 2) {
        if (index < msr_rules[mid].first)
            hi = mid;
        else if (index > msr_rules[mid].last)
            lo = mid + 1;
        else
            return &msr_rules[mid];
    }
    return NULL;
}

static uint64_t *state_field(struct vcpu *v, const struct msr_rule *r,
                             uint32_t index)
{
    return (uint64_t *)((char *)&v->hvm->msr + r->arg) + (index - r->first);
}

int msr_read(struct vcpu *v, uint32_t index, uint64_t *val)
{
    const struct msr_rule *r = msr_rule_find(index);

    *val = 0;
    if (!r)
        return -EINVAL;
    switch (r->read) {
    case MSR_CONST:
        *val = r->arg;
        return 0;
    case MSR_STATE:
        *val = *state_field(v, r, index);
        return 0;
    case MSR_PASS:
    case MSR_REG:
        *val = hvm_get_reg(v, r->arg);
        return 0;
    case MSR_CALL:
        return r->read_fn(v, index, val);
    default:
        return -EINVAL;
    }
}

int msr_write(struct vcpu *v, uint32_t index, uint64_t val)
{
    const struct msr_rule *r = msr_rule_find(index);

    if (!r || (val & ~r->writable) || (r->canonical && !is_canonical(val)))
        return -EINVAL;
    switch (r->write) {
    case MSR_CONST:
        return 0;
    case MSR_STATE:
        *state_field(v, r, index) = val;
        return 0;
    case MSR_PASS:
    case MSR_REG:
        hvm_set_reg(v, r->arg, val);
        return 0;
    case MSR_CALL:
        return r->write_fn(v, index, val);
    default:
        return -EINVAL;
    }
}
