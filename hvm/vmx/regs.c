/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest registers by number: in the VMCS, live in this CPU, or both with a
 * mask between what the guest sees and what runs.
 *
 * CR0 and CR4 bits under the masks are Lodge's: the guest reads them from
 * the shadow, and exits when it changes them. All others it changes freely.
 */
#include "hvm/mem/guest-copy.h"
#include "hvm/policy/cpuid.h"
#include "hvm/vmx/vmx.h"
#include "hypervisor/cpu/msr.h"
#include "hypervisor/lib/string.h"

/* VMXE is a must; without MCE a machine check would reset the machine. */
#define CR4_FORCED (CR4_VMXE | CR4_MCE)
/* What the CPU lets a guest have of IA32_DEBUGCTL: LBR, BTF. */
#define DEBUGCTL_BITS 3ull

/* Registers that are one field of the VMCS, or that are switched lazily: their
 * MSRs. DR6 has none. */
static const uint32_t places[NR_HVM_REGS] = {
    [REG_CR3] = VMCS_GUEST_CR3,
    [REG_EFER] = VMCS_GUEST_EFER,
    [REG_DR7] = VMCS_GUEST_DR7,
    [REG_GDTR_BASE] = VMCS_GUEST_GDTR_BASE,
    [REG_GDTR_LIMIT] = VMCS_GUEST_GDTR_LIMIT,
    [REG_IDTR_BASE] = VMCS_GUEST_IDTR_BASE,
    [REG_IDTR_LIMIT] = VMCS_GUEST_IDTR_LIMIT,
    [REG_FS_BASE] = VMCS_GUEST_FS_BASE,
    [REG_GS_BASE] = VMCS_GUEST_GS_BASE,
    [REG_SYSENTER_CS] = VMCS_GUEST_SYSENTER_CS,
    [REG_SYSENTER_ESP] = VMCS_GUEST_SYSENTER_ESP,
    [REG_SYSENTER_EIP] = VMCS_GUEST_SYSENTER_EIP,
    [REG_PAT] = VMCS_GUEST_PAT,
    [REG_DEBUGCTL] = VMCS_GUEST_DEBUGCTL,
    [REG_STAR] = MSR_STAR,
    [REG_LSTAR] = MSR_LSTAR,
    [REG_CSTAR] = MSR_CSTAR,
    [REG_SFMASK] = MSR_SFMASK,
    [REG_KERNEL_GS_BASE] = MSR_KERNEL_GS_BASE,
};

static bool is_lazy(enum hvm_reg r)
{
    return r >= LAZY_FIRST && r <= LAZY_LAST;
}

static uint64_t lazy_read(enum hvm_reg r)
{
    return r == REG_DR6 ? read_dr6() : rdmsr(places[r]);
}

static void lazy_write(enum hvm_reg r, uint64_t val)
{
    if (r == REG_DR6)
        write_dr6(val);
    else
        wrmsr(places[r], val);
}

void vmx_lazy_load(struct vmx_vcpu *s)
{
    for (enum hvm_reg r = LAZY_FIRST; r <= LAZY_LAST; r++)
        lazy_write(r, s->kept[r]);
}

void vmx_lazy_save(struct vmx_vcpu *s)
{
    for (enum hvm_reg r = LAZY_FIRST; r <= LAZY_LAST; r++)
        s->kept[r] = lazy_read(r);
}

static uint64_t get(struct vcpu *v, enum hvm_reg r)
{
    const struct vmx_vcpu *s = vmx_of(v);

    if (r == REG_CR0)
        return (vmread(VMCS_GUEST_CR0) & ~VMX_CR0_MASK) |
               (s->cr0_shadow & VMX_CR0_MASK);
    if (r == REG_CR4)
        return (vmread(VMCS_GUEST_CR4) & ~s->cr4_mask) |
               (s->cr4_shadow & s->cr4_mask);
    return places[r] ? vmread(places[r]) : 0;
}

uint64_t vmx_get_reg(struct vcpu *v, enum hvm_reg r)
{
    if (is_lazy(r) && vmx_is_loaded(v))
        return lazy_read(r);
    if (r == REG_CR2 || is_lazy(r))
        return vmx_of(v)->kept[r];
    vmx_borrow(v);
    uint64_t val = get(v, r);
    vmx_return(v);
    return val;
}

/* EFER.LMA follows LME and PG, and one of the entry's controls follows it. */
static void set_efer(uint64_t efer, uint64_t cr0)
{
    uint64_t ctls = vmx_caps.use[WORD_ENTRY];

    efer &= ~EFER_LMA;
    if ((efer & EFER_LME) && (cr0 & CR0_PG)) {
        efer |= EFER_LMA;
        ctls |= ENTRY_IA32E;
    }
    vmwrite(VMCS_GUEST_EFER, efer);
    vmwrite(VMCS_ENTRY_CTLS, ctls);
}

static void set_cr0(struct vmx_vcpu *s, uint64_t val)
{
    /* Paging and protection may be off in an unrestricted guest. */
    const uint64_t fixed = vmx_caps.cr0_fixed0 & ~(CR0_PG | CR0_PE);

    vmwrite(VMCS_GUEST_CR0, (val & ~(CR0_CD | CR0_NW) &
                             vmx_caps.cr0_fixed1) | fixed | CR0_NE);
    s->cr0_shadow = val;
    vmwrite(VMCS_CR0_SHADOW, val);
    set_efer(vmread(VMCS_GUEST_EFER), val);
}

static void set_cr4(struct vmx_vcpu *s, uint64_t val)
{
    vmwrite(VMCS_GUEST_CR4, (val & vmx_caps.cr4_fixed1) | CR4_FORCED |
                                vmx_caps.cr4_fixed0);
    s->cr4_shadow = val;
    vmwrite(VMCS_CR4_SHADOW, val);
}

void vmx_update_cr4_mask(struct vcpu *v)
{
    struct vmx_vcpu *s = vmx_of(v);
    uint64_t mask = ~cpuid_guest_cr4(v) | CR4_FORCED;

    if (mask != s->cr4_mask) {
        uint64_t cr4 = get(v, REG_CR4);

        s->cr4_mask = mask;
        vmwrite(VMCS_CR4_MASK, mask);
        set_cr4(s, cr4);
    }
}

void vmx_set_reg(struct vcpu *v, enum hvm_reg r, uint64_t val)
{
    struct vmx_vcpu *s = vmx_of(v);

    /* What no CPU would take, from a saved guest, must not fault in root
     * mode. */
    if (r == REG_DR6 || r == REG_SFMASK)
        val = (uint32_t)val;
    else if (r == REG_GDTR_LIMIT || r == REG_IDTR_LIMIT)
        val = (uint16_t)val;
    else if (r == REG_DEBUGCTL)
        val &= DEBUGCTL_BITS;
    else if (is_lazy(r) && r != REG_STAR) /* an address: canonical */
        val = (uint64_t)((int64_t)(val << 16) >> 16);
    if (is_lazy(r) && vmx_is_loaded(v)) {
        lazy_write(r, val);
        return;
    }
    if (r == REG_CR2 || is_lazy(r)) {
        s->kept[r] = val;
        return;
    }
    if (r <= REG_EFER)
        s->pdptes_stale = true;
    vmx_borrow(v);
    if (r == REG_CR0)
        set_cr0(s, val);
    else if (r == REG_CR4)
        set_cr4(s, val);
    else if (r == REG_EFER)
        set_efer(val, vmread(VMCS_GUEST_CR0));
    else if (places[r]) /* LastBranchFromIP and the like do not exist here */
        vmwrite(places[r], val);
    vmx_return(v);
}

void vmx_load_pdptes(struct vcpu *v)
{
    const uint64_t valid = (BIT(hvm_phys_bits()) - 1) & ~0x1e6ull;
    uint64_t pdpte[4] = { 0 };

    vmx_of(v)->pdptes_stale = false;
    if (!(vmread(VMCS_GUEST_CR0) & CR0_PG) ||
        !(vmread(VMCS_GUEST_CR4) & CR4_PAE) ||
        (vmread(VMCS_GUEST_EFER) & EFER_LMA))
        return;
    /* Where MOV to CR3 would have faulted, nothing is mapped. */
    if (guest_read_phys(v->domain, pdpte,
                        gpa(vmread(VMCS_GUEST_CR3) & 0xffffffe0),
                        sizeof(pdpte)))
        memset(pdpte, 0, sizeof(pdpte));
    for (unsigned int i = 0; i < 4; i++)
        vmwrite(VMCS_GUEST_PDPTE0 + 2 * i,
                pdpte[i] & 1 ? pdpte[i] & valid : 0);
}

void vmx_get_seg(struct vcpu *v, enum hvm_seg n, struct segment *seg)
{
    vmx_borrow(v);
    uint64_t ar = vmread(VMCS_SEG(VMCS_GUEST_ES_AR, n));
    seg->sel = (uint16_t)vmread(VMCS_SEG(VMCS_GUEST_ES_SEL, n));
    seg->limit = (uint32_t)vmread(VMCS_SEG(VMCS_GUEST_ES_LIMIT, n));
    seg->base = vmread(VMCS_SEG(VMCS_GUEST_ES_BASE, n));
    vmx_return(v);
    seg->attr = (uint16_t)((ar & 0xff) | (ar >> 4 & 0xf00));
    /* The privilege level is also that of an SS that is not usable. */
    if (ar & AR_UNUSABLE)
        seg->attr &= n == SEG_SS ? 3 << SEG_DPL_SHIFT : 0;
}

/*
 * Loading a segment makes some of its bits what the CPU demands here:
 * accessed, busy, a granularity that goes with the limit. A guest that is
 * restored or started by hand may lack them.
 */
void vmx_set_seg(struct vcpu *v, enum hvm_seg n, const struct segment *seg)
{
    uint64_t ar = (seg->attr & 0xff) | (uint64_t)(seg->attr & 0xf00) << 4;
    uint64_t pages = (uint64_t)SEG_GRAN << 4;
    uint32_t limit = seg->limit;

    if (!(ar & SEG_PRESENT) && n != SEG_CS && n != SEG_TR) {
        ar |= AR_UNUSABLE;
    } else {
        ar |= SEG_PRESENT | (ar & SEG_S ? 1 : n == SEG_TR ? 2 : 0);
        if (limit >> 20) {
            limit |= 0xfff;
            ar |= pages;
        } else if ((limit & 0xfff) != 0xfff) {
            ar &= ~pages;
        }
    }
    vmx_borrow(v);
    vmwrite(VMCS_SEG(VMCS_GUEST_ES_SEL, n), seg->sel);
    vmwrite(VMCS_SEG(VMCS_GUEST_ES_LIMIT, n), limit);
    vmwrite(VMCS_SEG(VMCS_GUEST_ES_BASE, n), seg->base);
    vmwrite(VMCS_SEG(VMCS_GUEST_ES_AR, n), ar);
    vmx_return(v);
}

void vmx_paging(struct vcpu *v, struct paging_regs *p)
{
    vmx_borrow(v);
    *p = (struct paging_regs){ .cr0 = get(v, REG_CR0), .cr3 = get(v, REG_CR3),
                               .cr4 = get(v, REG_CR4),
                               .efer = get(v, REG_EFER) };
    vmx_return(v);
}

unsigned int vmx_cpl(struct vcpu *v)
{
    return vmx_read(v, VMCS_GUEST_SS_AR) >> SEG_DPL_SHIFT & 3;
}

enum hvm_mode vmx_mode(struct vcpu *v)
{
    if (!(vmx_read(v, VMCS_GUEST_CR0) & CR0_PE))
        return MODE_REAL;
    if (vcpu_regs(v)->rflags & RFLAGS_VM)
        return MODE_V86;
    uint64_t code = vmx_read(v, VMCS_GUEST_CS_AR) >> 4;
    if ((code & SEG_LONG) && (vmx_read(v, VMCS_GUEST_EFER) & EFER_LMA))
        return MODE_64;
    return code & SEG_BIG ? MODE_32 : MODE_16;
}
