/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entry points of all 256 vectors, 16 bytes apart. Each saves everything in
 * a struct trap_frame on the current (or IST) stack and calls
 * trap_dispatch(frame) with interrupts off. GS base is always the CPU's own
 * in root mode, so there is nothing to swap.
 */
#include "hypervisor/x86/asm.h"

/* Exceptions that push an error code: 8, 10-14, 17, 21, 29, 30
 * (SDM vol. 3A 6.15, APM vol. 2 8.2). */
#define ERROR_VECTORS 0x60227d00

        .section .text, "ax"
        .code64
        .globl vector_stubs
        .align 16
vector_stubs:
        .set vector, 0
        .rept 256
        .align 16
        .if vector < 32
        .set has_error, (ERROR_VECTORS >> vector) & 1
        .else
        .set has_error, 0
        .endif
        .if !has_error
        push    $0
        .endif
        push    $vector
        jmp     trap_entry
        .set vector, vector + 1
        .endr

        .align 16
trap_entry:
        push    %rdi
        push    %rsi
        push    %rdx
        push    %rcx
        push    %rax
        push    %r8
        push    %r9
        push    %r10
        push    %r11
        push    %rbx
        push    %rbp
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        cld
        mov     %rsp, %rdi
        mov     %rsp, %rbx
        and     $-16, %rsp
        call    trap_dispatch
        mov     %rbx, %rsp
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %rbp
        pop     %rbx
        pop     %r11
        pop     %r10
        pop     %r9
        pop     %r8
        pop     %rax
        pop     %rcx
        pop     %rdx
        pop     %rsi
        pop     %rdi
        add     $16, %rsp
        iretq

/* void desc_reload(const void *gdtr, const void *idtr): loads both, HOST_CS,
 * HOST_DS in SS and null in the rest. FS and GS bases survive except on
 * processors that clear them with the selector, so neither is loaded. */
        .globl desc_reload
desc_reload:
        lgdt    (%rdi)
        lidt    (%rsi)
        mov     $HOST_DS, %eax
        mov     %eax, %ss
        xor     %eax, %eax
        mov     %eax, %ds
        mov     %eax, %es
        pop     %rdx
        push    $HOST_CS
        push    %rdx
        lretq

        .section .note.GNU-stack, "", @progbits
