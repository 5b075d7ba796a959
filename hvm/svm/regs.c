/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest registers by number: where each lives in the control block. VMSAVE
 * runs at every exit, so all of them are there while root mode runs.
 */
#include "hvm/svm/svm.h"
#include "hypervisor/cpu/cr.h"
#include "hypervisor/cpu/msr.h"

uint64_t svm_get_reg(struct vcpu *v, enum hvm_reg r)
{
    const struct vmcb *b = vmcb_of(v);

    switch (r) {
    case REG_CR0: return vmcb_cr0(b);
    case REG_CR2: return vmcb_cr2(b);
    case REG_CR3: return vmcb_cr3(b);
    case REG_CR4: return vmcb_cr4(b);
    case REG_EFER: return vmcb_efer(b) & ~EFER_SVME;
    case REG_DR6: return vmcb_dr6(b);
    case REG_DR7: return vmcb_dr7(b);
    case REG_GDTR_BASE: return b->gdtr_.base;
    case REG_GDTR_LIMIT: return b->gdtr_.limit;
    case REG_IDTR_BASE: return b->idtr_.base;
    case REG_IDTR_LIMIT: return b->idtr_.limit;
    case REG_FS_BASE: return b->seg_[SEG_FS].base;
    case REG_GS_BASE: return b->seg_[SEG_GS].base;
    case REG_KERNEL_GS_BASE: return vmcb_kernel_gs_base(b);
    case REG_STAR: return vmcb_star(b);
    case REG_LSTAR: return vmcb_lstar(b);
    case REG_CSTAR: return vmcb_cstar(b);
    case REG_SFMASK: return vmcb_sfmask(b);
    case REG_SYSENTER_CS: return vmcb_sysenter_cs(b);
    case REG_SYSENTER_ESP: return vmcb_sysenter_esp(b);
    case REG_SYSENTER_EIP: return vmcb_sysenter_eip(b);
    case REG_PAT: return vmcb_pat(b);
    case REG_DEBUGCTL: return vmcb_debugctl(b);
    case REG_LASTBRANCHFROM: return vmcb_br_from(b);
    case REG_LASTBRANCHTO: return vmcb_br_to(b);
    case REG_LASTINTFROM: return vmcb_lastexcpfrom(b);
    case REG_LASTINTTO: return vmcb_lastexcpto(b);
    default: return 0;
    }
}

/* EFER as the CPU must see it: SVME is required, LMA follows LME and PG. */
static void set_efer(struct vmcb *b, uint64_t efer, uint64_t cr0)
{
    efer &= ~EFER_LMA;
    if ((efer & EFER_LME) && (cr0 & CR0_PG))
        efer |= EFER_LMA;
    vmcb_set_efer(b, efer | EFER_SVME);
}

void svm_set_reg(struct vcpu *v, enum hvm_reg r, uint64_t val)
{
    struct vmcb *b = vmcb_of(v);
    struct segment t;

    switch (r) {
    case REG_CR0:
        vmcb_set_cr0(b, val);
        set_efer(b, vmcb_efer(b), val);
        break;
    case REG_CR2: vmcb_set_cr2(b, val); break;
    case REG_CR3: vmcb_set_cr3(b, val); break;
    case REG_CR4: vmcb_set_cr4(b, val); break;
    case REG_EFER: set_efer(b, val, vmcb_cr0(b)); break;
    case REG_DR6: vmcb_set_dr6(b, val); break;
    case REG_DR7: vmcb_set_dr7(b, val); break;
    case REG_GDTR_BASE:
        t = vmcb_gdtr(b), t.base = val, vmcb_set_gdtr(b, t);
        break;
    case REG_GDTR_LIMIT:
        t = vmcb_gdtr(b), t.limit = (uint16_t)val, vmcb_set_gdtr(b, t);
        break;
    case REG_IDTR_BASE:
        t = vmcb_idtr(b), t.base = val, vmcb_set_idtr(b, t);
        break;
    case REG_IDTR_LIMIT:
        t = vmcb_idtr(b), t.limit = (uint16_t)val, vmcb_set_idtr(b, t);
        break;
    case REG_FS_BASE: b->seg_[SEG_FS].base = val; break;
    case REG_GS_BASE: b->seg_[SEG_GS].base = val; break;
    case REG_KERNEL_GS_BASE: vmcb_set_kernel_gs_base(b, val); break;
    case REG_STAR: vmcb_set_star(b, val); break;
    case REG_LSTAR: vmcb_set_lstar(b, val); break;
    case REG_CSTAR: vmcb_set_cstar(b, val); break;
    case REG_SFMASK: vmcb_set_sfmask(b, val); break;
    case REG_SYSENTER_CS: vmcb_set_sysenter_cs(b, val); break;
    case REG_SYSENTER_ESP: vmcb_set_sysenter_esp(b, val); break;
    case REG_SYSENTER_EIP: vmcb_set_sysenter_eip(b, val); break;
    case REG_PAT: vmcb_set_pat(b, val); break;
    case REG_DEBUGCTL: vmcb_set_debugctl(b, val); break;
    case REG_LASTBRANCHFROM: vmcb_set_br_from(b, val); break;
    case REG_LASTBRANCHTO: vmcb_set_br_to(b, val); break;
    case REG_LASTINTFROM: vmcb_set_lastexcpfrom(b, val); break;
    case REG_LASTINTTO: vmcb_set_lastexcpto(b, val); break;
    default: break;
    }
}

void svm_get_seg(struct vcpu *v, enum hvm_seg s, struct segment *seg)
{
    *seg = *vmcb_seg(vmcb_of(v), s);
    /* Attributes of an unusable segment are undefined but for P. */
    if (s == SEG_TR)
        seg->attr |= 2; /* a loaded TSS is busy, whatever the CPU saved */
}

void svm_set_seg(struct vcpu *v, enum hvm_seg s, const struct segment *seg)
{
    struct vmcb *b = vmcb_of(v);

    vmcb_set_seg(b, s, seg);
    if (s == SEG_SS)
        vmcb_set_cpl(b, seg->attr >> SEG_DPL_SHIFT & 3);
}

unsigned int svm_cpl(struct vcpu *v)
{
    return vmcb_cpl(vmcb_of(v)) & 3;
}
