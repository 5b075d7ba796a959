/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What both vendors' entry.S have around the world switch: registers, and the
 * speculation controls SPEC_ENTRY and SPEC_EXIT. What a vCPU needs of these is
 * in struct spec_entry, right behind its struct regs (hvm/base/hvm.h); where
 * its flags are 0, on all CPUs that need nothing, each macro costs a test.
 */
#pragma once

#include "hypervisor/x86/asm.h"

/* From the beginning of struct regs; hvm/msr.c compares them. */
#define SPEC_OFF_FLAGS 144
#define SPEC_OFF_HOST 148
#define SPEC_OFF_GUEST 152

#ifdef __ASSEMBLY__

/* The registers that a C function keeps for its caller. */
.macro PUSH_KEPT
    .irp r, rbp, rbx, r12, r13, r14, r15
    push %\r
    .endr
.endm

.macro POP_KEPT
    .irp r, r15, r14, r13, r12, rbx, rbp
    pop %\r
    .endr
.endm

/* Where register n is in struct regs: enum gpr. */
#define GPR(n) ((n) * 8)

/* The guest's general registers but RAX and RSP, from struct regs at RDI. */
.macro LOAD_GPRS
    mov GPR(1)(%rdi), %rcx
    mov GPR(2)(%rdi), %rdx
    mov GPR(3)(%rdi), %rbx
    mov GPR(5)(%rdi), %rbp
    mov GPR(6)(%rdi), %rsi
    .irp n, 8, 9, 10, 11, 12, 13, 14, 15
    mov GPR(\n)(%rdi), %r\n
    .endr
    mov GPR(7)(%rdi), %rdi
.endm

/* The same but for RDI, to struct regs at \regs. */
.macro STORE_GPRS regs
    mov %rcx, GPR(1)(\regs)
    mov %rdx, GPR(2)(\regs)
    mov %rbx, GPR(3)(\regs)
    mov %rbp, GPR(5)(\regs)
    mov %rsi, GPR(6)(\regs)
    .irp n, 8, 9, 10, 11, 12, 13, 14, 15
    mov %r\n, GPR(\n)(\regs)
    .endr
.endm

/* Skips to `to` unless the flag is set. */
.macro SPEC_UNLESS flag, regs, to
    testl $\flag, SPEC_OFF_FLAGS(\regs)
    jz \to
.endm

/* A register of 32 bits; $1 is the only bit of a command. */
.macro SPEC_WRMSR msr, val
    mov $\msr, %ecx
    mov \val, %eax
    xor %edx, %edx
    wrmsr
.endm

/*
 * Before the entry, as late as possible: after it only what is the guest's
 * own may be loaded from memory, and no indirect branch or RET may come.
 * \regs: holds the address of struct regs; kept. Changes RAX, RCX, RDX and
 * flags. VERW with a memory operand is what clears the buffers.
 */
.macro SPEC_ENTRY regs
    cmpl $0, SPEC_OFF_FLAGS(\regs)
    jne .Lspec_entry\@
.Lspec_entered\@:
    .subsection 1
.Lspec_entry\@:
    SPEC_UNLESS SPEC_AT_CTRL, \regs, .Lspec_l1d\@
    SPEC_WRMSR ASM_MSR_SPEC_CTRL, SPEC_OFF_GUEST(\regs)
.Lspec_l1d\@:
    SPEC_UNLESS SPEC_AT_L1D, \regs, .Lspec_verw\@
    SPEC_WRMSR ASM_MSR_FLUSH_CMD, $1
.Lspec_verw\@:
    SPEC_UNLESS SPEC_AT_VERW, \regs, .Lspec_entered\@
    verw .Lspec_selector\@(%rip)
    jmp .Lspec_entered\@
.Lspec_selector\@:
    .word HOST_DS
    .subsection 0
.endm

/*
 * After the exit, once the guest's registers are stored and before the first
 * indirect branch or RET. \regs: holds the address of struct regs, not RCX or
 * RDX; lost. Changes RAX, RBX, RCX, RDX and flags, uses 256 bytes of stack.
 * The LFENCE is for a test that the CPU guessed wrong.
 *
 * The return stack gets 32 entries that lead to INT3. The branch history is
 * overwritten by the loop of Intel's "Branch History Injection and Intra-mode
 * Branch Target Injection", the variant for CPUs without BHI_DIS_S.
 */
.macro SPEC_EXIT regs
    cmpl $0, SPEC_OFF_FLAGS(\regs)
    jne .Lspec_exit\@
.Lspec_left\@:
    lfence
    .subsection 1
.Lspec_exit\@:
    mov \regs, %rbx
    SPEC_UNLESS SPEC_AT_CTRL, %rbx, .Lspec_ibpb\@
    SPEC_WRMSR ASM_MSR_SPEC_CTRL, SPEC_OFF_HOST(%rbx)
.Lspec_ibpb\@:
    SPEC_UNLESS SPEC_AT_IBPB, %rbx, .Lspec_rsb\@
    SPEC_WRMSR ASM_MSR_PRED_CMD, $1
.Lspec_rsb\@:
    SPEC_UNLESS SPEC_AT_RSB, %rbx, .Lspec_bhb\@
    mov $16, %ecx
1:  call 2f
    int3
2:  call 3f
    int3
3:  dec %ecx
    jnz 1b
    add $256, %rsp
.Lspec_bhb\@:
    SPEC_UNLESS SPEC_AT_BHB, %rbx, .Lspec_left\@
    mov $5, %ecx
    call 1f
    jmp .Lspec_left\@
    .balign 64
1:  call 2f
    ret
    .balign 64
2:  mov $5, %eax
3:  jmp 4f
    nop
4:  sub $1, %eax
    jnz 3b
    sub $1, %ecx
    jnz 1b
    ret
    .subsection 0
.endm

#endif
