/* SPDX-License-Identifier: GPL-2.0-only */
/* The guest's next instruction: its bytes, its length. */
#pragma once

#include "hvm/base/hvm.h"
#include "hvm/emul/emul.h"
#include "hvm/mem/guest-copy.h"

/*
 * Length in bytes of the instruction that made exit `e`, where the CPU did
 * not say. 0: it could not be fetched or is not what the exit is about; a
 * fault may be queued; the guest runs it again.
 */
unsigned int hvm_insn_length(struct vcpu *v, const struct vmexit *e);

/* Fetches up to n bytes at linear address la without leaving its page, with
 * the rights of the next instruction. Returns their number; 0: fault queued
 * in *f. */
unsigned int hvm_fetch(struct vcpu *v, uint64_t la, void *buf, unsigned int n,
                       struct guest_fault *f);

/*
 * Fetches and decodes v's next instruction. False: it is unknown, or the fetch
 * faults, which is queued.
 */
bool hvm_decode(struct vcpu *v, struct insn *i);

/* Code size of mode m in bytes, as the decoder wants it. */
unsigned int hvm_code_bytes(enum hvm_mode m);
