/* SPDX-License-Identifier: GPL-2.0-only */
/* The guest's next instruction: its bytes, its length. */
#ifndef HVM_INSN_H
#define HVM_INSN_H

#include "hvm/base/hvm.h"
#include "hvm/emul/emul.h"
#include "hvm/mem/guest-copy.h"

/*
 * Length in bytes of the instruction that made exit `e`, where the CPU did
 * not say. 0: it could not be fetched or is not what the exit is about; a
 * fault may be queued; the guest runs it again.
 */
unsigned int hvm_insn_length(struct vcpu *v, const struct vmexit *e);

/*
 * Fetches and decodes v's next instruction. False: it is unknown, or the fetch
 * faults, which is queued.
 */
bool hvm_decode(struct vcpu *v, struct insn *i);

/* Fetches up to n bytes at linear address la without leaving its page, with
 * the rights of the next instruction. Returns their number; 0: fault queued
 * in *f. */
unsigned int hvm_fetch(struct vcpu *v, uint64_t la, void *buf, unsigned int n,
                       struct guest_fault *f);

/* Fills an emulation context from v's registers (ops and opaque are the
 * caller's) and stores back what emulation changed. */
void hvm_emul_begin(struct vcpu *v, struct emul_ctx *c);
void hvm_emul_end(struct vcpu *v, struct emul_ctx *c, enum emul_rc rc);

/* Segment s for the emulator; valid until the next call. */
const struct segment *hvm_emul_seg(struct vcpu *v, enum insn_seg s);

#endif
