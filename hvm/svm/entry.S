/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The world switch: void svm_run(struct regs *rdi, u64 vmcb_pa rsi, u64
 * host_pa rdx). Called with interrupts off and GIF set, returns so.
 *
 * RAX, RSP, RIP and RFLAGS of the guest travel in the VMCB; the other
 * general registers are loaded from and stored to struct regs. VMLOAD and
 * VMSAVE switch FS, GS, TR, LDTR and the system-call MSRs; host_pa holds the
 * host's. With GIF clear nothing can interrupt; IF is set for VMRUN, so that
 * an interrupt of the machine makes the guest exit at once (APM vol. 2
 * 15.5.1, 15.21.1).
 */
#include "hvm/base/spec-entry.h"

    .section .text
    .globl svm_run
    .type svm_run, @function
svm_run:
    PUSH_KEPT
    push %rdx
    push %rdi

    clgi
    sti
    SPEC_ENTRY %rdi
    mov %rsi, %rax
    vmload %rax
    LOAD_GPRS

    vmrun %rax

    vmsave %rax
    mov (%rsp), %rax
    STORE_GPRS %rax
    mov %rdi, GPR(7)(%rax)
    SPEC_EXIT %rax
    mov 8(%rsp), %rax
    vmload %rax
    cli
    stgi

    add $16, %rsp
    POP_KEPT
    ret
    .size svm_run, . - svm_run
    .section .note.GNU-stack, "", @progbits
