/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest registers by number: where each lives in the control block. VMSAVE
 * runs at every exit, so all of them are there while root mode runs.
 */
#include "hvm/svm/svm.h"
#include "hypervisor/cpu/cr.h"
#include "hypervisor/cpu/msr.h"

#define AT(field) offsetof(struct vmcb, field)

/* Registers of 64 bits; EFER and the limits of 32 bits are handled apart. */
static const struct {
    uint16_t offset;
    uint8_t clean;
} places[NR_HVM_REGS] = {
    [REG_CR0] = { AT(cr0_), CLEAN_CR },
    [REG_CR2] = { AT(cr2_), CLEAN_CR2 },
    [REG_CR3] = { AT(cr3_), CLEAN_CR },
    [REG_CR4] = { AT(cr4_), CLEAN_CR },
    [REG_DR6] = { AT(dr6_), CLEAN_DR },
    [REG_DR7] = { AT(dr7_), CLEAN_DR },
    [REG_GDTR_BASE] = { AT(gdtr_.base), CLEAN_DT },
    [REG_IDTR_BASE] = { AT(idtr_.base), CLEAN_DT },
    [REG_FS_BASE] = { AT(seg_[SEG_FS].base), CLEAN_NONE },
    [REG_GS_BASE] = { AT(seg_[SEG_GS].base), CLEAN_NONE },
    [REG_KERNEL_GS_BASE] = { AT(kernel_gs_base_), CLEAN_NONE },
    [REG_STAR] = { AT(star_), CLEAN_NONE },
    [REG_LSTAR] = { AT(lstar_), CLEAN_NONE },
    [REG_CSTAR] = { AT(cstar_), CLEAN_NONE },
    [REG_SFMASK] = { AT(sfmask_), CLEAN_NONE },
    [REG_SYSENTER_CS] = { AT(sysenter_cs_), CLEAN_NONE },
    [REG_SYSENTER_ESP] = { AT(sysenter_esp_), CLEAN_NONE },
    [REG_SYSENTER_EIP] = { AT(sysenter_eip_), CLEAN_NONE },
    [REG_PAT] = { AT(pat_), CLEAN_NP },
    [REG_DEBUGCTL] = { AT(debugctl_), CLEAN_LBR },
    [REG_LASTBRANCHFROM] = { AT(br_from_), CLEAN_LBR },
    [REG_LASTBRANCHTO] = { AT(br_to_), CLEAN_LBR },
    [REG_LASTINTFROM] = { AT(lastexcpfrom_), CLEAN_LBR },
    [REG_LASTINTTO] = { AT(lastexcpto_), CLEAN_LBR },
};

uint64_t svm_get_reg(struct vcpu *v, enum hvm_reg r)
{
    const struct vmcb *b = vmcb_of(v);

    switch (r) {
    case REG_EFER: return b->efer_ & ~EFER_SVME;
    case REG_GDTR_LIMIT: return b->gdtr_.limit;
    case REG_IDTR_LIMIT: return b->idtr_.limit;
    default:
        return *(const uint64_t *)((const char *)b + places[r].offset);
    }
}

/* EFER as the CPU must see it: SVME is required, LMA follows LME and PG. */
static void set_efer(struct vmcb *b, uint64_t efer, uint64_t cr0)
{
    efer &= ~EFER_LMA;
    if ((efer & EFER_LME) && (cr0 & CR0_PG))
        efer |= EFER_LMA;
    b->efer_ = efer | EFER_SVME;
    vmcb_unclean(b, CLEAN_CR);
}

void svm_set_reg(struct vcpu *v, enum hvm_reg r, uint64_t val)
{
    struct vmcb *b = vmcb_of(v);

    switch (r) {
    case REG_EFER:
        set_efer(b, val, b->cr0_);
        return;
    case REG_GDTR_LIMIT:
        b->gdtr_.limit = (uint16_t)val;
        vmcb_unclean(b, CLEAN_DT);
        return;
    case REG_IDTR_LIMIT:
        b->idtr_.limit = (uint16_t)val;
        vmcb_unclean(b, CLEAN_DT);
        return;
    default:
        *(uint64_t *)((char *)b + places[r].offset) = val;
        vmcb_unclean(b, places[r].clean);
    }
    if (r == REG_CR0)
        set_efer(b, b->efer_, val);
}

void svm_get_seg(struct vcpu *v, enum hvm_seg s, struct segment *seg)
{
    *seg = *vmcb_seg(vmcb_of(v), s);
    if (s == SEG_TR)
        seg->attr |= 2; /* a loaded TSS is busy, whatever the CPU saved */
}

void svm_set_seg(struct vcpu *v, enum hvm_seg s, const struct segment *seg)
{
    struct vmcb *b = vmcb_of(v);

    *vmcb_seg(b, s) = *seg;
    if (s == SEG_SS)
        b->cpl_ = seg->attr >> SEG_DPL_SHIFT & 3;
    vmcb_unclean(b, CLEAN_SEG);
}

void svm_paging(struct vcpu *v, struct paging_regs *p)
{
    const struct vmcb *b = vmcb_of(v);

    *p = (struct paging_regs){ .cr0 = b->cr0_, .cr3 = b->cr3_, .cr4 = b->cr4_,
                               .efer = b->efer_ & ~EFER_SVME };
}

unsigned int svm_cpl(struct vcpu *v)
{
    return vmcb_of(v)->cpl_ & 3;
}

enum hvm_mode svm_mode(struct vcpu *v)
{
    const struct vmcb *b = vmcb_of(v);
    unsigned int code = b->seg_[SEG_CS].attr;

    if (!(b->cr0_ & CR0_PE))
        return MODE_REAL;
    if (vcpu_regs(v)->rflags & RFLAGS_VM)
        return MODE_V86;
    if ((code & SEG_LONG) && (b->efer_ & EFER_LMA))
        return MODE_64;
    return code & SEG_BIG ? MODE_32 : MODE_16;
}
