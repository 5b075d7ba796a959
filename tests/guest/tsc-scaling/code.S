/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The domain with a TSC of its own: it reads it for ever, in real mode. It is
 * copied to SECOND_CODE and entered there with CS as after a reset.
 */
#include "tests/guest/tsc-scaling/told.h"

    .section .rodata
    .globl code, code_end
    .code16
code:
    cli
    xor %ax, %ax
    mov %ax, %ds
    mov $0x40000003, %eax
    xor %ecx, %ecx
    cpuid
    mov %ecx, TOLD + TOLD_KHZ
    mov $0x40000003, %eax
    mov $1, %ecx
    cpuid
    mov %eax, TOLD + TOLD_OFFSET
    mov %ebx, TOLD + TOLD_OFFSET + 4
    mov %ecx, TOLD + TOLD_MUL
    mov %edx, TOLD + TOLD_SHIFT
1:  incl TOLD + TOLD_SEQ
    rdtsc
    mov %eax, TOLD + TOLD_TSC
    mov %edx, TOLD + TOLD_TSC + 4
    incl TOLD + TOLD_SEQ
    /* Long enough for the reader between two changes. */
    mov $500, %cx
2:  loop 2b
    pause
    jmp 1b
code_end:
    .section .note.GNU-stack, "", @progbits
