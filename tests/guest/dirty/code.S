/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The domain whose memory is tracked: it goes to protected mode and then
 * writes where it is told, for ever. It is copied to SECOND_CODE and entered
 * there in real mode, with CS as after a reset.
 */
#include "tests/guest/dirty/dirty.h"
#include "tests/guest/lib/second.h"

    .section .rodata
    .globl code, code_end
    .code16
code:
    cli
    lgdtl %cs:gdtr - code + (SECOND_CODE & 0xffff)
    mov %cr0, %eax
    or $1, %al
    mov %eax, %cr0
    ljmpl $8, $(SECOND_CODE + protected - code)

    .code32
protected:
    mov $16, %eax
    mov %eax, %ds
1:  pause
    mov ORDERS + ORDER_COUNT, %ecx
    jecxz 1b
    mov ORDERS + ORDER_AT, %edi
    mov ORDERS + ORDER_STEP, %edx
2:  mov %ecx, (%edi)
    add %edx, %edi
    loop 2b
    mov %ecx, ORDERS + ORDER_COUNT
    jmp 1b

    .balign 8
gdt:
    .quad 0
    .quad 0x00cf9b000000ffff
    .quad 0x00cf93000000ffff
gdtr:
    .word gdtr - gdt - 1
    .long SECOND_CODE + gdt - code
code_end:
    .section .note.GNU-stack, "", @progbits
