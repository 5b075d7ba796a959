/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where other CPUs start: copied below 1 MiB, real mode, CS * 16 is the copy.
 * Goes to 32-bit protected mode and on as head.S does.
 */
    .text
    .code16
    .globl trampoline, trampoline_end, trampoline_stack
    .balign 16
trampoline:
    cli
    mov %cs, %ax
    mov %ax, %ds
    lgdtl gdt_ptr - trampoline
    mov %cr0, %eax
    or $1, %eax
    mov %eax, %cr0
    mov trampoline_stack - trampoline, %ebx
    ljmpl $0x18, $trampoline32
    .balign 8
gdt_ptr:
    .word 31
    .long head_gdt
trampoline_stack:
    .long 0
trampoline_end:

    .code32
trampoline32:
    mov $0x10, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov %ebx, %esp
    jmp head_enter_long

    .section .note.GNU-stack, "", @progbits
