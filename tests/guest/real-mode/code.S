/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What runs in real mode, and the way there and back. The code is copied to
 * 0x10000 (CS 0x1000); results go to 0x11000, which is DS 0x1100.
 */
#define CODE 0x10000
#define RESULTS 0x1100

    .text
    .code32
/* real_mode_run(): from 32-bit protected mode without paging and back. */
    .globl real_mode_run
real_mode_run:
    pusha
    mov %esp, saved_esp
    sidt saved_idt
    lidt real_idt
    /* A data segment of 4 GiB stays in FS: "big real mode". */
    mov $0x10, %eax
    mov %eax, %fs
    mov $0x28, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov $0x7000, %esp
    ljmp $0x20, $0              /* its base is set by main.c */

back32:
    mov $0x10, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov %eax, %fs
    mov saved_esp, %esp
    lidt saved_idt
    popa
    ret

    .code16
    .globl real_code, real_code_end
real_code:
    mov %cr0, %eax
    and $~1, %eax
    mov %eax, %cr0
    ljmp $(CODE >> 4), $(1f - real_code)
1:  mov $RESULTS, %ax
    mov %ax, %ds
    mov %ax, %es
    xor %ax, %ax
    mov %ax, %ss
    mov $0x7000, %sp

    /* 0: where we are */
    mov %cs, 0
    pushfw
    popw 2

    /* 4: INT through the IVT; its handler adds to the word */
    movw $0, 4
    mov $5, %cx
1:  int $0x60
    loop 1b

    /* 6: #DE comes to vector 0, which skips the DIV (2 bytes) */
    movw $0, 6
    xor %dx, %dx
    mov $1, %ax
    xor %bx, %bx
    div %bx

    /* 8: far call and return */
    movw $0, 8
    lcall $(CODE >> 4), $(far_function - real_code)

    /* 10: CPUID, 12: RDMSR, 14: a hypercall is refused */
    mov $0x40000000, %eax
    cpuid
    mov %ebx, 12
    mov $0x1b, %ecx
    rdmsr
    mov %eax, 16
    mov $17, %eax
    xor %ebx, %ebx
    xor %ecx, %ecx
7:  vmmcall
    .pushsection .vmcalls, "a"
    .long 7b
    .popsection
    mov %eax, 20

    /* 24: big real mode, a word above 1 MiB (main.c's) */
    mov $0x12345678, %eax
    mov 60, %edi
    mov %fs:(%edi), %ebx
    mov %ebx, 24
    mov %eax, %fs:(%edi)

    /* 28: the local APIC by its page, twice: 16- and 32-bit operands */
    mov $0xfee00030, %edi
    mov %fs:(%edi), %eax
    mov %eax, 28
    mov %fs:(%edi), %ax
    mov %ax, 32
    mov $0xfee00380, %edi
    movl $0x5555aaaa, %fs:(%edi)
    addw $1, %fs:(%edi)
    mov %fs:(%edi), %eax
    mov %eax, 36

    /* 40: strings: 16 bytes moved, then ports */
    mov $0x100, %si
    mov $0x200, %di
    mov $16, %cx
    cld
    rep movsb
    mov %cx, 40
    mov $0x300, %di
    mov $4, %cx
    mov $0x40, %dx
    rep insb
    mov %di, 42
    in $0x40, %al
    mov %al, 44
    mov $0x100, %si
    mov $8, %cx
    rep outsb
    mov %si, 46

    /* 48: SMSW, STI's shadow, POPF */
    smsw %ax
    mov %ax, 48
    sti
    cli
    pushw $0x08d7
    popfw
    pushfw
    popw 50
    pushw $2
    popfw

    /* 52: a hundred exits in a loop */
    movw $0, 52
    mov $100, %cx
1:  push %cx
    xor %eax, %eax
    cpuid
    incw 52
    pop %cx
    loop 1b

    lgdtl %cs:(real_gdt - real_code)
    mov %cr0, %eax
    or $1, %eax
    mov %eax, %cr0
    ljmpl $0x08, $back32

far_function:
    incw 8
    lret

    .globl real_int60, real_div0
real_int60:
    addw $7, %ds:4
    iret
real_div0:
    push %bp
    mov %sp, %bp
    addw $2, 2(%bp)
    pop %bp
    incw 6
    iret
    .balign 8
    .globl real_gdt
real_gdt:
    .word 0
    .long 0
real_code_end:

    .data
    .balign 8
saved_esp:
    .long 0
saved_idt:
    .word 0
    .long 0
    .balign 8
real_idt:
    .word 0x3ff
    .long 0

    .section .note.GNU-stack, "", @progbits
