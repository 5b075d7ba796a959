/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The vendor contract: all that svm/ and vmx/ provide, one list. The chosen
 * vendor's table is copied once at boot and read-only from then on; those that
 * are called most have names of their own, hvm_NAME(). A new verb needs an
 * argument that neither the exit record nor get_reg/set_reg can carry it.
 */
#pragma once

#include "hvm/base/exit.h"

struct domain;
struct vcpu;

/* What keeps an event out of the guest. */
#define SHADOW_STI_MOVSS 1u /* one-instruction interrupt shadow */
#define SHADOW_NMI 2u       /* an NMI is being handled */

/*
 * cpu_enable:   turns the vendor's mode on for this CPU; -ENODEV, -EPERM.
 * vcpu_init:    allocates the control block, everything set but registers.
 * vcpu_exit:    frees it, also half made; only if v->hvm->vendor is set.
 * vcpu_load:    the vCPU's state that is switched lazily is now this CPU's.
 * vcpu_save:    and no longer.
 * enter:        runs the guest until it exits; fills *e. v->hvm->regs in
 *               and out. GPRs other than RSP are handed over in memory.
 * get_reg/set_reg, get_seg/set_seg: see regs.h; only by the vCPU itself or
 *               while it is paused.
 * paging:       the registers of struct paging_regs, in one call: each
 *               argument of a hypercall wants them.
 * cpl, mode:    current privilege level, how the next instruction is decoded.
 * shadow/set_shadow: SHADOW_* bits.
 * inject:       delivers *ev with the next entry.
 * window:       asks for an exit as soon as an interrupt / NMI can be taken;
 *               when the guest lowers its CR8 (an interrupt waits for that).
 * set_tpr:      the guest's CR8 as kept by the CPU, 0-15.
 * get_tpr:      the same.
 * set_tsc:      offset, and the domain's ratio (hvm/base/hvm.h).
 * dump:         the control block, to the log.
 */
#define HVM_OPS(OP)                                                         \
    OP(int, cpu_enable, (void))                                             \
    OP(int, vcpu_init, (struct vcpu *v))                                    \
    OP(void, vcpu_exit, (struct vcpu *v))                                   \
    OP(void, vcpu_load, (struct vcpu *v))                                   \
    OP(void, vcpu_save, (struct vcpu *v))                                   \
    OP(void, enter, (struct vcpu *v, struct vmexit *e))                     \
    OP(uint64_t, get_reg, (struct vcpu *v, enum hvm_reg r))                 \
    OP(void, set_reg, (struct vcpu *v, enum hvm_reg r, uint64_t val))       \
    OP(void, get_seg, (struct vcpu *v, enum hvm_seg s, struct segment *seg)) \
    OP(void, set_seg,                                                       \
       (struct vcpu *v, enum hvm_seg s, const struct segment *seg))         \
    OP(void, paging, (struct vcpu *v, struct paging_regs *p))               \
    OP(unsigned int, cpl, (struct vcpu *v))                                 \
    OP(enum hvm_mode, mode, (struct vcpu *v))                               \
    OP(unsigned int, shadow, (struct vcpu *v))                              \
    OP(void, set_shadow, (struct vcpu *v, unsigned int bits))               \
    OP(void, inject, (struct vcpu *v, const struct hvm_event *ev))          \
    OP(void, window, (struct vcpu *v, bool irq, bool nmi, bool cr8))        \
    OP(void, set_tpr, (struct vcpu *v, unsigned int tpr))                   \
    OP(unsigned int, get_tpr, (struct vcpu *v))                             \
    OP(void, set_tsc, (struct vcpu *v, uint64_t offset))                    \
    OP(void, dump, (struct vcpu *v))

struct hvm_ops {
    const char *name;
    uint8_t hypercall_insn[3]; /* VMMCALL or VMCALL */
#define OP(ret, fn, args) ret (*fn) args;
    HVM_OPS(OP)
#undef OP
};

extern struct hvm_ops hvm_ops; /* (c) after hvm_init() */
extern const struct hvm_ops svm_ops, vmx_ops; /* one of them is copied there */

#define hvm_get_reg hvm_ops.get_reg
#define hvm_set_reg hvm_ops.set_reg
#define hvm_get_seg hvm_ops.get_seg
#define hvm_set_seg hvm_ops.set_seg
#define hvm_cpl hvm_ops.cpl
#define hvm_mode(v) hvm_ops.mode(v) /* enum hvm_mode is not meant */
