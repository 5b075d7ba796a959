/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Start of the other CPUs: real mode to 64-bit. Copied to a page below 1 MiB,
 * where smp.c completes the words at the end. Runs at CS = page / 16 with DS
 * the same; boot_pml4 maps the page at its own address. No stack until C.
 */
#include "hypervisor/x86/asm.h"

#define OFFSET(label) (label - trampoline_start)
#define CS32 16
#define DS32 24

        .section .rodata, "a"
        .globl trampoline_start, trampoline_end
        .globl trampoline_gdt_base, trampoline_jump32, trampoline_jump64
        .globl trampoline_cr3
        .align 16
        .code16
trampoline_start:
        cli
        cld
        mov     %cs, %ax
        mov     %ax, %ds
        xor     %ebx, %ebx
        mov     %cs, %bx
        shl     $4, %ebx                /* the page's address */
        lgdtl   OFFSET(gdtr)
        mov     $0x11, %eax             /* PE, ET */
        mov     %eax, %cr0
        ljmpl   *OFFSET(trampoline_jump32)

        .code32
start32:
        mov     $DS32, %eax
        mov     %eax, %ds
        mov     $CR4_PAE_BIT, %eax
        mov     %eax, %cr4
        mov     OFFSET(trampoline_cr3)(%ebx), %eax
        mov     %eax, %cr3
        mov     $0xc0000080, %ecx       /* EFER: LME, NXE */
        rdmsr
        or      $0x900, %eax
        wrmsr
        mov     $CR0_ON, %eax
        mov     %eax, %cr0
        ljmpl   *OFFSET(trampoline_jump64)(%ebx)

        .code64
start64:
        mov     $ap_start64, %rax
        jmp     *%rax

        .align 8
gdt:
        .quad   0
        .quad   0x00af9b000000ffff      /* HOST_CS */
        .quad   0x00cf9b000000ffff      /* CS32 */
        .quad   0x00cf93000000ffff      /* DS32 */
gdtr:
        .word   gdtr - gdt - 1
trampoline_gdt_base:                    /* + the page's address */
        .long   OFFSET(gdt)
trampoline_jump32:                      /* + the page's address; selector */
        .long   OFFSET(start32)
        .word   CS32
trampoline_jump64:                      /* the same */
        .long   OFFSET(start64)
        .word   HOST_CS
trampoline_cr3:                         /* + boot_pml4's, below 4 GiB */
        .long   0
trampoline_end:

        .section .note.GNU-stack, "", @progbits
