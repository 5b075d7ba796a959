/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VCPUOP_initialise: a flat description of registers becomes a vCPU's state.
 * Everything is checked before anything is set.
 */
#include "hvm/base/hvm.h"
#include "hvm/vcpu.h"
#include "hypervisor/cpu/cr.h"
#include "hypervisor/cpu/msr.h"
#include "hypervisor/hypercall/calls.h"

/* ABI attributes (descriptor bits 40-47, 52-55) are those of struct segment. */
#define ATTR_VALID 0xfff
#define TYPE_TSS_BUSY 0xb
#define TYPE_BUSY_OR_ACCESSED(seg) ((seg) == SEG_TR ? 2u : 1u)

/* The bits of CR4 and EFER that some guest may have at all. */
#define CR4_KNOWN (CR4_VME | CR4_PVI | CR4_TSD | CR4_DE | CR4_PSE | CR4_PAE | \
                   CR4_MCE | CR4_PGE | CR4_PCE | CR4_OSFXSR |                 \
                   CR4_OSXMMEXCPT | CR4_UMIP | CR4_FSGSBASE | CR4_PCIDE |     \
                   CR4_OSXSAVE | CR4_SMEP | CR4_SMAP | CR4_PKE)
#define EFER_KNOWN (BIT(0) | BIT(8) | BIT(10) | BIT(11)) /* SCE LME LMA NXE */
#define EFER_LONG BIT(8)
#define EFER_ACTIVE BIT(10)

struct context {
    uint64_t gpr[8]; /* RAX ... RDI in encoding order */
    uint64_t rip, rflags, cr0, cr3, cr4, efer;
    struct segment cs, ds, ss, es, tr;
};

static unsigned int dpl(const struct segment *s)
{
    return (s->attr >> SEG_DPL_SHIFT) & 3;
}

/* The ABI's limit is in bytes here, as the granularity bit says there. */
static int segment_check(struct segment *s, enum hvm_seg seg)
{
    if (s->attr & ~ATTR_VALID)
        return -EINVAL;
    if (!s->attr)
        return seg == SEG_DS || seg == SEG_ES ? 0 : -EINVAL;
    if (s->attr & SEG_PRESENT)
        s->attr = (uint16_t)(s->attr | TYPE_BUSY_OR_ACCESSED(seg));
    if (seg == SEG_TR)
        return !(s->attr & SEG_S) && (s->attr & SEG_TYPE) == TYPE_TSS_BUSY
                   ? 0 : -EINVAL;
    if (!(s->attr & SEG_S) || !(s->attr & SEG_PRESENT))
        return -EINVAL;
    /* Types 8 and up are code; bit 1: writable data, readable code. */
    if (seg == SEG_CS)
        return s->attr & 8 ? 0 : -EINVAL;
    if (seg == SEG_SS)
        return !(s->attr & 8) && (s->attr & 2) ? 0 : -EINVAL;
    return !(s->attr & 8) || (s->attr & 2) ? 0 : -EINVAL;
}

static struct segment segment(uint32_t base, uint32_t limit, uint16_t attr)
{
    if (attr & SEG_GRAN)
        limit = limit << 12 | 0xfff;
    return (struct segment){ .base = base, .limit = limit, .attr = attr };
}

static int from_32(const struct vcpu_hvm_x86_32 *r, struct context *c)
{
    if (r->pad1 || r->pad2[0] || r->pad2[1] || r->pad2[2])
        return -EINVAL;
    *c = (struct context){
        .gpr = { r->eax, r->ecx, r->edx, r->ebx, r->esp, r->ebp, r->esi,
                 r->edi },
        .rip = r->eip, .rflags = r->eflags,
        .cr0 = r->cr0, .cr3 = r->cr3, .cr4 = r->cr4, .efer = r->efer,
        .cs = segment(r->cs_base, r->cs_limit, r->cs_ar),
        .ds = segment(r->ds_base, r->ds_limit, r->ds_ar),
        .ss = segment(r->ss_base, r->ss_limit, r->ss_ar),
        .es = segment(r->es_base, r->es_limit, r->es_ar),
        .tr = segment(r->tr_base, r->tr_limit, r->tr_ar),
    };
    if (segment_check(&c->cs, SEG_CS) || segment_check(&c->ds, SEG_DS) ||
        segment_check(&c->ss, SEG_SS) || segment_check(&c->es, SEG_ES) ||
        segment_check(&c->tr, SEG_TR))
        return -EINVAL;
    if (c->rip > c->cs.limit || dpl(&c->ss) != dpl(&c->cs) ||
        ((c->ds.attr & SEG_PRESENT) && dpl(&c->ds) > dpl(&c->cs)) ||
        ((c->es.attr & SEG_PRESENT) && dpl(&c->es) > dpl(&c->cs)))
        return -EINVAL;
    return (c->efer & EFER_ACTIVE) && !(c->efer & EFER_LONG) ? -EINVAL : 0;
}

static int from_64(const struct vcpu_hvm_x86_64 *r, struct context *c)
{
    const struct segment data = { .attr = 0xc93, .limit = ~0u };

    *c = (struct context){
        .gpr = { r->rax, r->rcx, r->rdx, r->rbx, r->rsp, r->rbp, r->rsi,
                 r->rdi },
        .rip = r->rip, .rflags = r->rflags,
        .cr0 = r->cr0, .cr3 = r->cr3, .cr4 = r->cr4, .efer = r->efer,
        .cs = { .attr = 0xa9b, .limit = ~0u },
        .ds = data, .ss = data, .es = data,
        .tr = { .attr = 0x8b, .limit = 0x67 },
    };
    if ((uint64_t)((int64_t)(c->rip << 16) >> 16) != c->rip ||
        !(c->cr0 & CR0_PG) || !(c->cr4 & CR4_PAE) || !(c->efer & EFER_LONG))
        return -EINVAL;
    return 0;
}

int vcpu_context_set(struct vcpu *v, const struct vcpu_hvm_context *ctx)
{
    struct context c;
    int rc = -EINVAL;

    if (!ctx->pad && ctx->mode == VCPU_HVM_MODE_32B)
        rc = from_32(&ctx->cpu_regs.x86_32, &c);
    else if (!ctx->pad && ctx->mode == VCPU_HVM_MODE_64B)
        rc = from_64(&ctx->cpu_regs.x86_64, &c);
    if (rc)
        return rc;
    /* Combinations with which VMRUN or VM entry would fail (APM vol. 2
     * 15.5.1, SDM vol. 3C 27.3.1.1). */
    if ((c.cr4 & ~CR4_KNOWN) || (c.efer & ~EFER_KNOWN) || c.cr0 >> 32 ||
        ((c.cr0 & CR0_PG) && !(c.cr0 & CR0_PE)) ||
        ((c.cr0 & CR0_NW) && !(c.cr0 & CR0_CD)))
        return -EINVAL;
    c.efer &= ~EFER_ACTIVE;
    if ((c.efer & EFER_LONG) && (c.cr0 & CR0_PG)) {
        if (!(c.cr4 & CR4_PAE))
            return -EINVAL;
        c.efer |= EFER_ACTIVE;
    }

    hvm_vcpu_reset(v, 0, 0);
    for (unsigned int i = 0; i < ARRAY_SIZE(c.gpr); i++)
        vcpu_regs(v)->gpr[i] = c.gpr[i];
    vcpu_regs(v)->rip = c.rip;
    vcpu_regs(v)->rflags = (c.rflags & RFLAGS_ALL) | RFLAGS_MBS;
    hvm_set_reg(v, REG_EFER, c.efer);
    hvm_set_reg(v, REG_CR4, c.cr4);
    hvm_set_reg(v, REG_CR3, c.cr3);
    hvm_set_reg(v, REG_CR0, c.cr0 | CR0_ET);
    hvm_set_seg(v, SEG_CS, &c.cs);
    hvm_set_seg(v, SEG_DS, &c.ds);
    hvm_set_seg(v, SEG_SS, &c.ss);
    hvm_set_seg(v, SEG_ES, &c.es);
    hvm_set_seg(v, SEG_TR, &c.tr);
    return 0;
}
