/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The MSR rules. Sorted by index, disjoint: a test walks them. Numbers and
 * reserved bits: SDM vol. 4, APM vol. 2 appendix A.
 */
#include "hvm/policy/msr-table.h"

#include "hvm/base/hvm.h"
#include "hvm/policy/cpuid.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/cpu/msr.h"

#define STATE(field) offsetof(struct msr_state, field)

#define RULE(a, b, how_r, how_w, nm, ...) \
    { .first = a, .last = b, .read = how_r, .write = how_w, .name = nm, \
      __VA_ARGS__ }
#define ZERO(a, b, nm) RULE(a, b, MSR_CONST, MSR_CONST, nm)
#define STORED(a, b, field, nm, ...) \
    RULE(a, b, MSR_STATE, MSR_STATE, nm, .arg = STATE(field), __VA_ARGS__)
/* The guest's register of the same name. */
#define PASS(name, nm) \
    RULE(MSR_##name, MSR_##name, MSR_PASS, MSR_PASS, nm, .arg = REG_##name)
#define REG(name, nm, ...) \
    RULE(MSR_##name, MSR_##name, MSR_REG, MSR_REG, nm, .arg = REG_##name, \
         __VA_ARGS__)
#define CALL(nr, r, w, nm) \
    RULE(nr, nr, MSR_CALL, MSR_CALL, nm, .read_fn = r, .write_fn = w)
/* Reads as told, writes through a function. */
#define CHECKED(nr, how, at, w, nm, ...) \
    RULE(nr, nr, how, MSR_CALL, nm, .arg = at, .write_fn = w, __VA_ARGS__)
#define COMMAND(nr, w, nm) CHECKED(nr, MSR_FAULT, 0, w, nm)

const struct msr_rule msr_rules[] = {
    ZERO(0x0, 0x1, "P5_MC_ADDR, P5_MC_TYPE"),
    CALL(MSR_TSC, msr_tsc_read, msr_tsc_write, "TSC"),
    ZERO(0x17, 0x17, "IA32_PLATFORM_ID"),
    CALL(MSR_APIC_BASE, msr_apic_read, msr_apic_write, "IA32_APIC_BASE"),
    CHECKED(MSR_TSC_ADJUST, MSR_STATE, STATE(tsc_adjust), msr_tsc_adjust_write,
            "IA32_TSC_ADJUST"),
    CALL(MSR_SPEC_CTRL, msr_spec_ctrl_read, msr_spec_write, "IA32_SPEC_CTRL"),
    COMMAND(MSR_PRED_CMD, msr_spec_write, "IA32_PRED_CMD"),
    ZERO(MSR_UCODE_REV, MSR_UCODE_REV, "IA32_BIOS_SIGN_ID"),
    RULE(MSR_MTRRCAP, MSR_MTRRCAP, MSR_CONST, MSR_FAULT, "IA32_MTRRCAP",
         .arg = GUEST_MTRRCAP),
    RULE(MSR_ARCH_CAPABILITIES, MSR_ARCH_CAPABILITIES, MSR_CALL, MSR_FAULT,
         "IA32_ARCH_CAPABILITIES", .read_fn = msr_arch_caps_read,
         .feature = XEN_X86_FEATURE_ARCH_CAPS),
    COMMAND(MSR_FLUSH_CMD, msr_spec_write, "IA32_FLUSH_CMD"),
    REG(SYSENTER_CS, "IA32_SYSENTER_CS", .reserved = ~0xffffffffull),
    REG(SYSENTER_ESP, "IA32_SYSENTER_ESP", .canonical = true),
    REG(SYSENTER_EIP, "IA32_SYSENTER_EIP", .canonical = true),
    ZERO(MSR_MCG_CAP, MSR_MCG_CTL, "IA32_MCG_CAP, _STATUS, _CTL"),
    STORED(MSR_MISC_ENABLE, MSR_MISC_ENABLE, misc_enable, "IA32_MISC_ENABLE"),
    REG(DEBUGCTL, "IA32_DEBUGCTL", .reserved = ~0x3full),
    REG(LASTBRANCHFROM, "LastBranchFromIP"),
    REG(LASTBRANCHTO, "LastBranchToIP"),
    REG(LASTINTFROM, "LastIntFromIP"),
    REG(LASTINTTO, "LastIntToIP"),
    RULE(0x200, 0x20f, MSR_STATE, MSR_CALL, "IA32_MTRR_PHYS*",
         .arg = STATE(mtrr.msr_mtrr_var), .write_fn = msr_mtrr_write),
    STORED(0x250, 0x250, mtrr.msr_mtrr_fixed[0], "IA32_MTRR_FIX64K"),
    STORED(0x258, 0x259, mtrr.msr_mtrr_fixed[1], "IA32_MTRR_FIX16K"),
    STORED(0x268, 0x26f, mtrr.msr_mtrr_fixed[3], "IA32_MTRR_FIX4K"),
    CHECKED(MSR_PAT, MSR_REG, REG_PAT, msr_pat_write, "IA32_PAT"),
    STORED(MSR_MTRR_DEFTYPE, MSR_MTRR_DEFTYPE, mtrr.msr_mtrr_def_type,
           "IA32_MTRR_DEF_TYPE", .reserved = ~0xcffull),
    ZERO(MSR_MC0_CTL, MSR_MC0_CTL + 4 * 32 - 1, "IA32_MCi_*"),
    CALL(MSR_TSC_DEADLINE, msr_apic_read, msr_apic_write, "IA32_TSC_DEADLINE"),
    RULE(MSR_X2APIC_FIRST, MSR_X2APIC_LAST, MSR_CALL, MSR_CALL,
         "x2APIC registers", .read_fn = msr_x2apic_read,
         .write_fn = msr_x2apic_write),
    /* Lodge switches no supervisor state, so guests have none, and the register
     * is 0 in root mode and outside: nothing to save or load. */
    RULE(MSR_XSS, MSR_XSS, MSR_CONST, MSR_CONST, "IA32_XSS",
         .feature = XEN_X86_FEATURE_XSAVES, .reserved = ~0ull),
    CHECKED(0x40000000, MSR_CONST, 0, msr_hypercall_page_write,
            "hypercall page"),
    CHECKED(MSR_EFER, MSR_REG, REG_EFER, msr_efer_write, "EFER"),
    PASS(STAR, "STAR"),
    PASS(LSTAR, "LSTAR"),
    PASS(CSTAR, "CSTAR"),
    PASS(SFMASK, "SF_MASK"),
    PASS(FS_BASE, "FS.Base"),
    PASS(GS_BASE, "GS.Base"),
    PASS(KERNEL_GS_BASE, "KernelGSBase"),
    CHECKED(MSR_TSC_AUX, MSR_STATE, STATE(tsc_aux), msr_tsc_aux_write,
            "TSC_AUX", .reserved = ~0xffffffffull),
    /* What AMD kernels look at without asking CPUID. */
    ZERO(0xc0010000, 0xc0010007, "PerfEvtSel, PerfCtr"),
    RULE(MSR_SYSCFG, MSR_SYSCFG, MSR_CONST, MSR_FAULT, "SYSCFG"),
    STORED(MSR_HWCR, MSR_HWCR, hwcr, "HWCR"),
    ZERO(0xc001001a, 0xc001001a, "TOP_MEM"),
    ZERO(0xc001001d, 0xc001001d, "TOP_MEM2"),
    ZERO(0xc001001f, 0xc001001f, "NB_CFG"),
    ZERO(0xc0010055, 0xc0010055, "interrupt pending message"),
    ZERO(0xc0010058, 0xc0010058, "MMIO configuration base"),
    ZERO(0xc0010062, 0xc0010064, "P-state control"),
    RULE(MSR_VM_CR, MSR_VM_CR, MSR_CONST, MSR_CONST, "VM_CR",
         .arg = VM_CR_SVMDIS),
    ZERO(0xc0010140, 0xc0010141, "OSVW"),
    ZERO(0xc0011004, 0xc0011005, "CPUID feature override"),
    ZERO(0xc0011020, 0xc0011023, "LS_CFG, IC_CFG, DC_CFG, BU_CFG"),
    ZERO(0xc0011029, 0xc0011029, "DE_CFG"),
};
const unsigned int nr_msr_rules = ARRAY_SIZE(msr_rules);

void msr_rules_open(void (*open)(void *map, uint32_t index, bool read,
                                 bool write), void *map)
{
    for (unsigned int i = 0; i < nr_msr_rules; i++)
        if (msr_rules[i].read == MSR_PASS)
            open(map, msr_rules[i].first, true, true);
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

static bool exists(const struct vcpu *v, const struct msr_rule *r)
{
    return r && (!r->feature || cpuid_guest_has(v, r->feature));
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
    if (!exists(v, r))
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

    if (!exists(v, r) || (val & r->reserved) ||
        (r->canonical && !is_canonical(val)))
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
