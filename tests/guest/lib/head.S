/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PVH entry: 32-bit protected mode, flat segments, no paging, no stack, EBX
 * points to the start information. Notes the registers for tests/guest/boot,
 * then goes to long mode (4 GiB mapped one to one by 2 MiB pages, supervisor
 * only) or stays where it is when built for 32 bits, and calls lib_main().
 */
#include "hypervisor/abi/elfnote.h"

    .section .note.Xen, "a", @note
    .balign 4
    .long 4, 4, XEN_ELFNOTE_PHYS32_ENTRY
    .asciz "Xen"
    .long start

#define SELECTORS 40        /* offsets in struct entry_state */

    .section .text.head, "ax"
    .code32
    .globl start
start:
    mov %eax, entry_state
    mov %ebx, entry_state + 4
    mov %ecx, entry_state + 8
    mov %edx, entry_state + 12
    mov %esi, entry_state + 16
    mov %edi, entry_state + 20
    mov %ebp, entry_state + 24
    mov %esp, entry_state + 28
    mov $cpu_areas + 0x8000, %esp
    pushf
    pop entry_state + 32
    mov %cr0, %eax
    mov %eax, entry_state + 36
    mov %cr3, %eax
    mov %eax, entry_cr3
    mov %cr4, %eax
    mov %eax, entry_cr4
    mov %cs, entry_state + SELECTORS
    mov %ds, entry_state + SELECTORS + 2
    mov %es, entry_state + SELECTORS + 4
    mov %ss, entry_state + SELECTORS + 6
    mov %fs, entry_state + SELECTORS + 8
    mov %gs, entry_state + SELECTORS + 10
    str entry_state + SELECTORS + 12
    sldt entry_state + SELECTORS + 14
    mov %ebx, start_info

    lgdt head_gdt_ptr
    ljmp $0x18, $1f
1:  mov $0x10, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    xor %eax, %eax
    mov %eax, %fs
    mov %eax, %gs

#ifdef __x86_64__
    /* Upper levels allow all, the leaves decide. */
    movl $head_pdpt + 7, head_pml4
    mov $head_pd + 7, %eax
    mov $head_pdpt, %edi
    mov $4, %ecx
1:  mov %eax, (%edi)
    add $4096, %eax
    add $8, %edi
    loop 1b
    mov $0xe3, %eax             /* present, writable, A, D, large */
    mov $head_pd, %edi
    mov $2048, %ecx
1:  mov %eax, (%edi)
    add $0x200000, %eax
    add $8, %edi
    loop 1b

    .globl head_enter_long
head_enter_long:                /* other CPUs come here, too (smp.S) */
    mov %cr4, %eax
    or $0x620, %eax             /* PAE, OSFXSR, OSXMMEXCPT */
    mov %eax, %cr4
    mov $head_pml4, %eax
    mov %eax, %cr3
    mov $0xc0000080, %ecx
    rdmsr
    or $0x901, %eax             /* NXE, LME, SCE */
    wrmsr
    mov %cr0, %eax
    and $~0x6000000c, %eax      /* CD, NW, TS, EM */
    or $0x80010032, %eax        /* PG, WP, NE, ET, MP */
    mov %eax, %cr0
    ljmp $0x08, $1f
    .code64
1:  xor %ebp, %ebp
    mov %esp, %esp
    jmp lib_entry
#else
    .globl head_enter_long
head_enter_long:
    mov %cr0, %eax
    and $~0x6000000c, %eax
    or $0x32, %eax
    mov %eax, %cr0
    mov %cr4, %eax
    or $0x600, %eax
    mov %eax, %cr4
    xor %ebp, %ebp
    jmp lib_entry
#endif

/* The stack says which CPU this is. */
lib_entry:
#ifdef __x86_64__
    mov %rsp, %rax
    sub $cpu_areas + 0x8000, %rax
#else
    mov %esp, %eax
    sub $cpu_areas + 0x8000, %eax
#endif
    jnz 1f
    call lib_main
1:  call smp_main
    hlt

/* The instruction alone, as the hypervisor's own stubs have it. */
    .globl hypercall_insn
hypercall_insn:
7:  vmmcall
    .pushsection .vmcalls, "a"
    .long 7b
    .popsection
    ret

    .section .rodata
    .balign 16
    .globl head_gdt, head_gdt_ptr
head_gdt:
    .quad 0
#ifdef __x86_64__
    .quad 0x00af9b000000ffff    /* 08 code, 64 bits */
#else
    .quad 0x00cf9b000000ffff    /* 08 code, 32 bits */
#endif
    .quad 0x00cf93000000ffff    /* 10 data */
    .quad 0x00cf9b000000ffff    /* 18 code, 32 bits */
head_gdt_end:
head_gdt_ptr:
    .word head_gdt_end - head_gdt - 1
    .long head_gdt
    .long 0

    .data
    .balign 8
    .globl start_info, entry_state, entry_cr3, entry_cr4
start_info:
    .quad 0
entry_state:
    .skip 64
entry_cr3:
    .long 0
entry_cr4:
    .long 0

    .section .bss.aligned, "aw", @nobits
    .balign 0x8000
    .globl cpu_areas
cpu_areas:
    .skip 8 * 0x8000
    .globl head_pml4
head_pml4:
    .skip 4096
head_pdpt:
    .skip 4096
head_pd:
    .skip 4 * 4096
    .globl hypercall_page
hypercall_page:
    .skip 4096

    .section .note.GNU-stack, "", @progbits
