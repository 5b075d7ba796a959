/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of svm/ share; nothing outside includes this. */
#pragma once

#include "hvm/base/hvm.h"
#include "hvm/svm/vmcb.h"

struct svm_vcpu {
    struct vmcb *vmcb;      /* (c) */
    uint64_t vmcb_pa;       /* (c) */
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

#define OP(ret, fn, args) ret svm_##fn args;
HVM_OPS(OP)
#undef OP

/* exit.c: turns the control block into the neutral record. */
void svm_decode_exit(const struct vmcb *b, struct vmexit *e);

/* inject.c. After an exit, if the entry injected, waited for a window, or ended
 * while delivering: an event that was not delivered goes back into
 * v->hvm->event. */
void svm_collect_interrupted(struct vcpu *v);
/* After each exit while ->stepping: has the IRET been executed? */
void svm_step_end(struct vcpu *v, struct vmexit *e);

/* entry.S: runs the guest; interrupts off on entry and return. */
void svm_run(struct regs *r, uint64_t vmcb_pa, uint64_t host_pa);
