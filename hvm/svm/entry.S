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

#define GPR(n) ((n) * 8)

    .section .text
    .globl svm_run
    .type svm_run, @function
svm_run:
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    push %rdx
    push %rdi

    clgi
    sti
    SPEC_ENTRY %rdi
    mov %rsi, %rax
    vmload %rax
    mov GPR(1)(%rdi), %rcx
    mov GPR(2)(%rdi), %rdx
    mov GPR(3)(%rdi), %rbx
    mov GPR(5)(%rdi), %rbp
    mov GPR(6)(%rdi), %rsi
    mov GPR(8)(%rdi), %r8
    mov GPR(9)(%rdi), %r9
    mov GPR(10)(%rdi), %r10
    mov GPR(11)(%rdi), %r11
    mov GPR(12)(%rdi), %r12
    mov GPR(13)(%rdi), %r13
    mov GPR(14)(%rdi), %r14
    mov GPR(15)(%rdi), %r15
    mov GPR(7)(%rdi), %rdi

    vmrun %rax

    vmsave %rax
    mov (%rsp), %rax
    mov %rcx, GPR(1)(%rax)
    mov %rdx, GPR(2)(%rax)
    mov %rbx, GPR(3)(%rax)
    mov %rbp, GPR(5)(%rax)
    mov %rsi, GPR(6)(%rax)
    mov %rdi, GPR(7)(%rax)
    mov %r8, GPR(8)(%rax)
    mov %r9, GPR(9)(%rax)
    mov %r10, GPR(10)(%rax)
    mov %r11, GPR(11)(%rax)
    mov %r12, GPR(12)(%rax)
    mov %r13, GPR(13)(%rax)
    mov %r14, GPR(14)(%rax)
    mov %r15, GPR(15)(%rax)
    SPEC_EXIT %rax
    mov 8(%rsp), %rax
    vmload %rax
    cli
    stgi

    add $16, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    ret
    .size svm_run, . - svm_run
    .section .note.GNU-stack, "", @progbits
