/* SPDX-License-Identifier: GPL-2.0-only */
/* A vCPU's registers to and from their save records. */
#include "hvm/save/vcpu-state.h"

#include "hvm/base/tsc.h"
#include "hvm/policy/cpuid.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/cpu/cpuid.h"
#include "hypervisor/cpu/cr.h"
#include "hypervisor/cpu/msr.h"
#include "hypervisor/lib/string.h"

/* Where each register is in the record. */
static const struct {
    enum hvm_reg reg;
    uint16_t offset;
    uint8_t size;
} reg_at[] = {
#define R(r, f) { r, offsetof(struct hvm_hw_cpu, f),                        \
                  sizeof(((struct hvm_hw_cpu *)0)->f) }
    R(REG_CR0, cr0), R(REG_CR2, cr2), R(REG_CR3, cr3), R(REG_CR4, cr4),
    R(REG_DR6, dr6), R(REG_DR7, dr7),
    R(REG_GDTR_BASE, gdtr_base), R(REG_GDTR_LIMIT, gdtr_limit),
    R(REG_IDTR_BASE, idtr_base), R(REG_IDTR_LIMIT, idtr_limit),
    R(REG_SYSENTER_CS, sysenter_cs), R(REG_SYSENTER_ESP, sysenter_esp),
    R(REG_SYSENTER_EIP, sysenter_eip), R(REG_KERNEL_GS_BASE, shadow_gs),
    R(REG_STAR, msr_star), R(REG_LSTAR, msr_lstar), R(REG_CSTAR, msr_cstar),
    R(REG_SFMASK, msr_syscall_mask),
    R(REG_EFER, msr_efer), /* after CR0: LMA follows it */
#undef R
};

/* Registers in the record's order. */
static const uint8_t gprs[] = {
    RAX, RBX, RCX, RDX, RBP, RSI, RDI, RSP, R8, R9, R10, R11, R12, R13, R14, R15
};
static const uint8_t segs[] = {
    SEG_CS, SEG_DS, SEG_ES, SEG_FS, SEG_GS, SEG_SS, SEG_TR, SEG_LDTR
};

/* Element i of an array of the record that begins at field. */
#define AT(c, type, field, i)                                               \
    (((type *)((char *)(c) + offsetof(struct hvm_hw_cpu, field)))[i])

void vcpu_state_save(struct vcpu *v, struct hvm_hw_cpu *c)
{
    struct hvm_vcpu *hv = v->hvm;
    const struct hvm_event *ev;
    struct segment s;

    for (unsigned int i = 0; i < ARRAY_SIZE(reg_at); i++) {
        uint64_t val = hvm_get_reg(v, reg_at[i].reg);

        memcpy((char *)c + reg_at[i].offset, &val, reg_at[i].size);
    }
    for (unsigned int i = 0; i < ARRAY_SIZE(gprs); i++)
        AT(c, uint64_t, rax, i) = hv->regs.gpr[gprs[i]];
    for (unsigned int i = 0; i < ARRAY_SIZE(segs); i++) {
        hvm_get_seg(v, segs[i], &s);
        AT(c, uint32_t, cs_sel, i) = s.sel;
        AT(c, uint32_t, cs_limit, i) = s.limit;
        AT(c, uint64_t, cs_base, i) = s.base;
        AT(c, uint32_t, cs_arbytes, i) = s.attr;
    }
    c->rip = hv->regs.rip;
    c->rflags = hv->regs.rflags;
    for (unsigned int i = 0; i < 4; i++)
        AT(c, uint64_t, dr0, i) = hv->dr[i];
    c->msr_tsc_aux = hv->msr.tsc_aux;
    c->tsc = hvm_guest_tsc(v, rdtsc());
    memcpy(c->fpu_regs, hv->xsave, sizeof(c->fpu_regs));
    c->flags = XEN_X86_FPU_INITIALISED;
    /* The record has room for one event: an interrupt that is in service
     * rather than the fault that put it off, which happens again. */
    ev = hv->displaced.valid ? &hv->displaced : &hv->event;
    if (ev->valid) {
        c->pending_valid = 1;
        c->pending_type = ev->type;
        c->pending_vector = ev->vector;
        c->pending_error_valid = ev->has_error;
        c->error_code = ev->error;
    }
}

/* Bits of MXCSR that a CPU does not have raise #GP when they are loaded, in
 * root mode. Those all CPUs with nested paging have: SDM vol. 1 10.2.3; bit
 * 17, misaligned SSE, is of some of AMD's. */
#define MXCSR_OFFSET 24
#define MXCSR_ALL 0xffffu
#define MXCSR_MM BIT(17)

bool vcpu_fpu_valid(const void *fxsave)
{
    uint32_t mxcsr;

    memcpy(&mxcsr, (const char *)fxsave + MXCSR_OFFSET, sizeof(mxcsr));
    if ((mxcsr & MXCSR_MM) && (cpuid(0x80000001, 0).c & BIT(7)))
        mxcsr &= ~(uint32_t)MXCSR_MM;
    return !(mxcsr & ~MXCSR_ALL);
}

/* Vectors and types that the CPU would refuse to inject end the entry. */
static bool event_valid(const struct hvm_hw_cpu *c)
{
    switch (c->pending_type) {
    case EVENT_INTR:
    case EVENT_SOFT_INT:
        return true;
    case EVENT_NMI:
        return c->pending_vector == VEC_NMI;
    case EVENT_EXCEPTION:
    case EVENT_PRIV_SOFT:
    case EVENT_SOFT_EXC:
        return c->pending_vector < 32;
    default:
        return false;
    }
}

static bool state_valid(const struct vcpu *v, const struct hvm_hw_cpu *c)
{
    if ((c->flags & XEN_X86_FPU_INITIALISED) && !vcpu_fpu_valid(c->fpu_regs))
        return false;
    if (c->pending_valid && !event_valid(c))
        return false;
    if (c->cr0 >> 32 || ((c->cr0 & CR0_PG) && !(c->cr0 & CR0_PE)))
        return false;
    if (c->msr_efer & ~(cpuid_guest_efer(v) | EFER_LMA))
        return false;
    /* LMA is LME with paging, and needs PAE (APM vol. 2 15.5.1). */
    if ((c->msr_efer & EFER_LME) && (c->cr0 & CR0_PG) && !(c->cr4 & CR4_PAE))
        return false;
    return !(c->cr4 & ~cpuid_guest_cr4(v)) && !(c->dr6 >> 32) && !(c->dr7 >> 32);
}

int vcpu_state_load(struct vcpu *v, const struct hvm_hw_cpu *c)
{
    struct hvm_vcpu *hv = v->hvm;

    if (!state_valid(v, c))
        return -EINVAL;
    for (unsigned int i = 0; i < ARRAY_SIZE(reg_at); i++) {
        uint64_t val = 0;

        memcpy(&val, (const char *)c + reg_at[i].offset, reg_at[i].size);
        hvm_set_reg(v, reg_at[i].reg, val);
    }
    for (unsigned int i = 0; i < ARRAY_SIZE(gprs); i++)
        hv->regs.gpr[gprs[i]] = AT(c, const uint64_t, rax, i);
    for (unsigned int i = 0; i < ARRAY_SIZE(segs); i++) {
        struct segment s = {
            .sel = (uint16_t)AT(c, const uint32_t, cs_sel, i),
            .attr = (uint16_t)AT(c, const uint32_t, cs_arbytes, i) & 0xfff,
            .limit = AT(c, const uint32_t, cs_limit, i),
            .base = AT(c, const uint64_t, cs_base, i),
        };

        hvm_set_seg(v, segs[i], &s);
    }
    hv->regs.rip = c->rip;
    hv->regs.rflags = c->rflags | RFLAGS_MBS;
    for (unsigned int i = 0; i < 4; i++)
        hv->dr[i] = AT(c, const uint64_t, dr0, i);
    hv->msr.tsc_aux = (uint32_t)c->msr_tsc_aux;
    if (c->tsc)
        hvm_tsc_shift(v, c->tsc - hvm_guest_tsc(v, rdtsc()));
    if (c->flags & XEN_X86_FPU_INITIALISED) {
        memcpy(hv->xsave, c->fpu_regs, sizeof(c->fpu_regs));
        /* The header's component bits say that x87 and SSE are there. */
        if (cpu_features.xsave)
            *(uint64_t *)((char *)hv->xsave + sizeof(c->fpu_regs)) |= 3;
    }
    hv->event = (struct hvm_event){
        .valid = c->pending_valid, .type = c->pending_type,
        .vector = c->pending_vector, .has_error = c->pending_error_valid,
        .error = c->error_code };
    hv->displaced.valid = false;
    hv->wait_sipi = false;
    hvm_ops.flush_guest(v);
    return 0;
}

void vcpu_mtrr_save(struct vcpu *v, struct hvm_hw_mtrr *m)
{
    *m = v->hvm->msr.mtrr;
    m->msr_pat_cr = hvm_get_reg(v, REG_PAT);
    m->msr_mtrr_cap = GUEST_MTRRCAP;
}

int vcpu_mtrr_load(struct vcpu *v, const struct hvm_hw_mtrr *m)
{
    if ((m->msr_mtrr_cap & 0xff) > MTRR_VCNT)
        return -EINVAL;
    hvm_set_reg(v, REG_PAT, m->msr_pat_cr);
    v->hvm->msr.mtrr = *m;
    v->hvm->msr.mtrr.msr_mtrr_def_type &= 0xcff;
    return 0;
}
