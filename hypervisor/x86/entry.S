/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entry points of all 256 vectors, 16 bytes apart. Each saves everything in
 * a struct trap_frame on the current (or IST) stack and calls
 * trap_dispatch(frame) with interrupts off. GS base is always the CPU's own
 * in root mode, so there is nothing to swap.
 */

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
        .if !(vector < 32 && ((ERROR_VECTORS >> (vector & 31)) & 1))
        push    $0
        .endif
        push    $vector
        jmp     trap_entry
        .set vector, vector + 1
        .endr

        .align 16
trap_entry:
        .irp    reg, rdi, rsi, rdx, rcx, rax, r8, r9, r10, r11, rbx, rbp, \
                r12, r13, r14, r15
        push    %\reg
        .endr
        cld
        mov     %rsp, %rdi
        mov     %rsp, %rbx
        and     $-16, %rsp
        call    trap_dispatch
        mov     %rbx, %rsp
        .irp    reg, r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, \
                rcx, rdx, rsi, rdi
        pop     %\reg
        .endr
        add     $16, %rsp
        iretq

        .section .note.GNU-stack, "", @progbits
