/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The world switch: bool vmx_run(struct regs *rdi, bool launched esi). Called
 * with interrupts off, returns so: an exit clears IF, and an interrupt of
 * the machine that made the guest exit stays pending (SDM vol. 3C 28.5).
 *
 * RSP, RIP and RFLAGS of the guest travel in the VMCS; the other general
 * registers are loaded from and stored to struct regs.
 */
#include "hvm/base/spec-entry.h"

#define GPR(n) ((n) * 8)
#define VMCS_HOST_RSP 0x6c14

    .section .text
    .globl vmx_run
    .type vmx_run, @function
vmx_run:
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    push %rdi
    mov $VMCS_HOST_RSP, %eax
    vmwrite %rsp, %rax

    SPEC_ENTRY %rdi
    test %sil, %sil
    mov GPR(0)(%rdi), %rax
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
    jz 1f
    vmresume
    jmp 2f
1:  vmlaunch
2:  /* Here only if the instruction failed; guest registers are intact. */
    pop %rdi
    mov $1, %ebp
    jmp 3f

    .globl vmx_exit_point
vmx_exit_point:
    xchg %rdi, (%rsp)
    mov %rax, GPR(0)(%rdi)
    mov %rcx, GPR(1)(%rdi)
    mov %rdx, GPR(2)(%rdi)
    mov %rbx, GPR(3)(%rdi)
    mov %rbp, GPR(5)(%rdi)
    mov %rsi, GPR(6)(%rdi)
    popq GPR(7)(%rdi)
    mov %r8, GPR(8)(%rdi)
    mov %r9, GPR(9)(%rdi)
    mov %r10, GPR(10)(%rdi)
    mov %r11, GPR(11)(%rdi)
    mov %r12, GPR(12)(%rdi)
    mov %r13, GPR(13)(%rdi)
    mov %r14, GPR(14)(%rdi)
    mov %r15, GPR(15)(%rdi)
    xor %ebp, %ebp
3:  SPEC_EXIT %rdi
    mov %ebp, %eax
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    ret
    .size vmx_run, . - vmx_run
    .section .note.GNU-stack, "", @progbits
