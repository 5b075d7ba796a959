/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest registers by number: where each lives in the control block. VMSAVE
 * runs at every exit, so all of them are there while root mode runs. And the
 * block in the log.
 */
#include "hvm/svm/svm.h"
#include "hypervisor/cpu/cr.h"
#include "hypervisor/cpu/msr.h"
#include "hypervisor/debug/log.h"

#define AT(field) offsetof(struct vmcb, field)

/* Registers have 64 bits but for the limits, which have 32. */
static const struct {
    uint16_t offset;
    uint8_t clean;
} places[NR_HVM_REGS] = {
    [REG_CR0] = { AT(cr0_), CLEAN_CR },
    [REG_CR2] = { AT(cr2_), CLEAN_CR2 },
    [REG_CR3] = { AT(cr3_), CLEAN_CR },
    [REG_CR4] = { AT(cr4_), CLEAN_CR },
    [REG_EFER] = { AT(efer_), CLEAN_CR },
    [REG_DR6] = { AT(dr6_), CLEAN_DR },
    [REG_DR7] = { AT(dr7_), CLEAN_DR },
    [REG_GDTR_BASE] = { AT(gdtr_.base), CLEAN_DT },
    [REG_GDTR_LIMIT] = { AT(gdtr_.limit), CLEAN_DT },
    [REG_IDTR_BASE] = { AT(idtr_.base), CLEAN_DT },
    [REG_IDTR_LIMIT] = { AT(idtr_.limit), CLEAN_DT },
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

static bool is_limit(enum hvm_reg r)
{
    return r == REG_GDTR_LIMIT || r == REG_IDTR_LIMIT;
}

uint64_t svm_get_reg(struct vcpu *v, enum hvm_reg r)
{
    const void *at = (const char *)vmcb_of(v) + places[r].offset;

    if (is_limit(r))
        return *(const uint32_t *)at;
    return *(const uint64_t *)at & ~(r == REG_EFER ? EFER_SVME : 0);
}

void svm_set_reg(struct vcpu *v, enum hvm_reg r, uint64_t val)
{
    struct vmcb *b = vmcb_of(v);
    void *at = (char *)b + places[r].offset;

    if (is_limit(r))
        *(uint32_t *)at = (uint16_t)val;
    else
        *(uint64_t *)at = val;
    vmcb_unclean(b, places[r].clean);
    /* EFER as the CPU must see it: SVME is required, LMA follows LME and PG. */
    if (r == REG_EFER || r == REG_CR0) {
        bool lma = (b->efer_ & EFER_LME) && (b->cr0_ & CR0_PG);

        b->efer_ = (b->efer_ & ~EFER_LMA) | EFER_SVME | (lma ? EFER_LMA : 0);
    }
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

/* What a crash message needs, by the manual's names. */
void svm_dump(struct vcpu *v)
{
    static const char *const seg_names[] = {
        "ES", "CS", "SS", "DS", "FS", "GS", "GDTR", "LDTR", "IDTR", "TR"
    };
    const struct vmcb *b = vmcb_of(v);
    const struct segment *seg = b->seg_;

    log_err("  EXITCODE %016lx  EXITINFO1 %016lx  EXITINFO2 %016lx\n",
            b->exitcode, b->exitinfo1, b->exitinfo2);
    log_err("  EXITINTINFO %016lx  EVENTINJ %016lx  V_INTR %016lx\n",
            b->exitintinfo, b->eventinj, b->vintr_);
    log_err("  SHADOW %016lx  RIP %016lx  RSP %016lx\n",
            b->shadow, b->rip, b->rsp);
    log_err("  RFLAGS %016lx  RAX %016lx  CR0 %016lx\n",
            b->rflags, b->rax, b->cr0_);
    log_err("  CR2 %016lx  CR3 %016lx  CR4 %016lx\n",
            b->cr2_, b->cr3_, b->cr4_);
    log_err("  EFER %016lx  DR6 %016lx  DR7 %016lx\n",
            b->efer_, b->dr6_, b->dr7_);
    log_err("  N_CR3 %016lx  G_PAT %016lx  TSC_OFFSET %016lx\n",
            b->ncr3_, b->pat_, b->tsc_offset_);
    log_err("  STAR %016lx  LSTAR %016lx  KERNEL_GS %016lx\n",
            b->star_, b->lstar_, b->kernel_gs_base_);
    for (unsigned int i = 0; i < ARRAY_SIZE(seg_names); i++)
        log_err("  %s sel %04x attr %03x limit %08x base %016lx\n",
                seg_names[i], seg[i].sel, seg[i].attr, seg[i].limit,
                seg[i].base);
    log_err("  ASID %u intercepts %08x %08x %08x %08x %08x\n", b->asid_,
            b->intercept_[0], b->intercept_[1], b->intercept_[2],
            b->intercept_[3], b->intercept_[4]);
}
