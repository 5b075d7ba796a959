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

#define VMCS_HOST_RSP 0x6c14

    .section .text
    .globl vmx_run
    .type vmx_run, @function
vmx_run:
    PUSH_KEPT
    push %rdi
    mov $VMCS_HOST_RSP, %eax
    vmwrite %rsp, %rax

    SPEC_ENTRY %rdi
    test %sil, %sil
    mov GPR(0)(%rdi), %rax
    LOAD_GPRS
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
    STORE_GPRS %rdi
    popq GPR(7)(%rdi)
    xor %ebp, %ebp
3:  SPEC_EXIT %rdi
    mov %ebp, %eax
    POP_KEPT
    ret
    .size vmx_run, . - vmx_run
    .section .note.GNU-stack, "", @progbits
