/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Start of the other CPUs: real mode to 64-bit. Copied to a page below 1 MiB
 * whose end holds the arguments (asm.h). Runs at CS = page / 16 with DS the
 * same; boot_pml4 maps the page at its own address. No stack until C.
 */
#include "hypervisor/x86/asm.h"

        .section .rodata, "a"
        .globl trampoline_start, trampoline32, trampoline64, trampoline_gdt
        .globl trampoline_end
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
        lgdtl   TRAMP_ARGS + TRAMP_GDTR
        mov     $0x11, %eax             /* PE, ET */
        mov     %eax, %cr0
        ljmpl   *(TRAMP_ARGS + TRAMP_JUMP32)

        .code32
trampoline32:
        mov     $TRAMP_DS32, %eax
        mov     %eax, %ds
        mov     $CR4_PAE_BIT, %eax
        mov     %eax, %cr4
        mov     TRAMP_ARGS + TRAMP_CR3(%ebx), %eax
        mov     %eax, %cr3
        mov     $0xc0000080, %ecx       /* EFER: LME, NXE */
        rdmsr
        or      $0x900, %eax
        wrmsr
        mov     $CR0_ON, %eax
        mov     %eax, %cr0
        ljmpl   *(TRAMP_ARGS + TRAMP_JUMP64)(%ebx)

        .code64
trampoline64:
        mov     %ebx, %ebx
        jmp     *(TRAMP_ARGS + TRAMP_ENTRY)(%rbx)

        .align 8
trampoline_gdt:
        .quad   0
        .quad   0x00af9b000000ffff      /* BOOT_CS */
        .quad   0x00cf9b000000ffff      /* TRAMP_CS32 */
        .quad   0x00cf93000000ffff      /* TRAMP_DS32 */
trampoline_end:

        .section .note.GNU-stack, "", @progbits
