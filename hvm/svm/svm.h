/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of svm/ share; nothing outside includes this. */
#pragma once

#include "hvm/base/hvm.h"
#include "hvm/base/tlb-tag.h"
#include "hvm/svm/vmcb.h"

struct svm_vcpu {
    struct vmcb *vmcb;      /* (c) */
    uint64_t vmcb_pa;       /* (c) */
    struct tlb_tag asid;    /* (v) */
    bool nmi_masked;        /* (v) an NMI handler runs in the guest */
    bool window_late;       /* (v) ask again after the next exit */
    bool stepping;          /* (v) TF is ours, for that IRET */
    bool step_tf;           /* (v) it was set anyway */
    uint64_t step_dr6;      /* (v) before it */
    uint64_t iret_rip;      /* (v) of the IRET that ends it, 0: none seen */
};

static inline struct svm_vcpu *svm_of(struct vcpu *v)
{
    return v->hvm->vendor;
}

static inline struct vmcb *vmcb_of(struct vcpu *v)
{
    return svm_of(v)->vmcb;
}

extern uint64_t svm_msrpm_pa; /* (c) MSR permission map of all guests */
extern uint64_t svm_iopm_pa;  /* (c) all ports exit */

/* Did the last entry inject, wait for a window, or end while delivering? */
static inline bool svm_was_interrupted(const struct svm_vcpu *s)
{
    const struct vmcb *b = s->vmcb;

    return ((b->eventinj_ | b->exitintinfo) & VMCB_EVENT_VALID) ||
           (vmcb_vintr(b) & VINTR_IRQ) || s->window_late;
}

/* exit.c: turns the control block into the neutral record. */
void svm_decode_exit(const struct vmcb *b, struct vmexit *e);

/* inject.c */
void svm_inject(struct vcpu *v, const struct hvm_event *ev);
void svm_collect_interrupted(struct vcpu *v);
void svm_window(struct vcpu *v, bool irq, bool nmi);
/* After each exit while ->stepping: has the IRET been executed? */
void svm_step_end(struct vcpu *v, struct vmexit *e);
unsigned int svm_shadow(struct vcpu *v);
void svm_set_shadow(struct vcpu *v, unsigned int bits);

/* regs.c */
uint64_t svm_get_reg(struct vcpu *v, enum hvm_reg r);
void svm_set_reg(struct vcpu *v, enum hvm_reg r, uint64_t val);
void svm_get_seg(struct vcpu *v, enum hvm_seg s, struct segment *seg);
void svm_set_seg(struct vcpu *v, enum hvm_seg s, const struct segment *seg);
void svm_paging(struct vcpu *v, struct paging_regs *p);
unsigned int svm_cpl(struct vcpu *v);
enum hvm_mode svm_mode(struct vcpu *v);

/* dump.c */
void svm_dump(struct vcpu *v);

/* entry.S: runs the guest; interrupts off on entry and return. */
void svm_run(struct regs *r, uint64_t vmcb_pa, uint64_t host_pa);
