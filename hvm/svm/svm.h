/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of svm/ share; nothing outside includes this. */
#pragma once

#include "hvm/base/hvm.h"
#include "hvm/svm/vmcb.h"

static inline struct vmcb *vmcb_of(struct vcpu *v)
{
    return v->hvm->vendor;
}

#define OP(ret, fn, args) ret svm_##fn args;
HVM_OPS(OP)
#undef OP

/* exit.c: enum exit_kind by exit code, EXIT_UNKNOWN where none is listed; and
 * is the guest always to exit with this code? */
#define ALWAYS 0x80
extern const uint8_t svm_kinds[SVM_EXIT_NPF + 1];
/* Turns the control block into the neutral record. */
void svm_decode_exit(const struct vmcb *b, struct vmexit *e);

/* inject.c. After an exit, if the entry injected, waited for a window, or ended
 * while delivering: an event that was not delivered goes back into
 * v->hvm->event. */
void svm_collect_interrupted(struct vcpu *v);
/* After each exit while ->stepping: has the IRET been executed? */
void svm_step_end(struct vcpu *v, struct vmexit *e);

/* entry.S: runs the guest; interrupts off on entry and return. */
void svm_run(struct regs *r, uint64_t vmcb_pa, uint64_t host_pa);
