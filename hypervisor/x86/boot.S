/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the boot loader to C on the boot CPU.
 *
 * Entered by a multiboot1 or multiboot2 loader (BIOS, or UEFI after the
 * loader left boot services) in 32-bit protected mode without paging, EAX =
 * magic, EBX = information, interrupts off, no stack. The image may have been
 * moved by a multiple of 2 MiB: until paging is on, everything is addressed
 * relative to EBP = where the image's byte 0 is.
 *
 * Leaves with host_pml4 live, which maps the image and nothing else (W^X in
 * 4 KiB pages after image_map(), the first that boot_main() calls); boot_pml4,
 * which also has an identity map of this code, serves only this file and the
 * trampoline of the other CPUs.
 */
#include "hypervisor/x86/asm.h"

#define PHYS(sym) (sym - IMAGE_BASE)(%ebp)

#define MB1_MAGIC 0x1badb002
#define MB1_FLAGS 0x00000003 /* modules on pages, memory information */
#define MB2_MAGIC 0xe85250d6

        .section .multiboot, "a"
        .align 8
mb2:
        .long MB2_MAGIC, 0, mb2_end - mb2
        .long -(MB2_MAGIC + (mb2_end - mb2))
        .macro tag type, optional, size_and_values:vararg
        .align 8
        .word   \type, \optional
        .long   \size_and_values
        .endm
        tag     3, 0, 12, start - IMAGE_BASE    /* entry address */
        tag     4, 1, 12, 2             /* console: text is fine */
        tag     5, 1, 20, 0, 0, 32      /* framebuffer: what there is */
        tag     6, 0, 8                 /* modules on page boundaries */
        /* relocatable: below 4 GiB, in steps of 2 MiB, lowest */
        tag     10, 1, 24, 0x100000, 0xffffffff, 0x200000, 1
        tag     0, 0, 8
mb2_end:

        .align 4
        .long MB1_MAGIC, MB1_FLAGS, -(MB1_MAGIC + MB1_FLAGS)

        .section .boot.text, "ax"
        .code32
        .globl start
start:
        cli
        cld
        /* The word at 4(%ebx) is the only memory known to be ours to use. */
        mov     4(%ebx), %edx
        lea     8(%ebx), %esp
        call    1f
1:      pop     %ebp
        sub     $(1b - IMAGE_BASE), %ebp
        mov     %edx, 4(%ebx)

        mov     %eax, %esi              /* magic */
        lea     PHYS(bss_start), %edi
        lea     PHYS(bss_end), %ecx
        sub     %edi, %ecx
        shr     $2, %ecx
        xor     %eax, %eax
        rep stosl
        lea     PHYS(boot_stack + STACK_BYTES), %esp
        mov     %esi, PHYS(boot_magic)
        mov     %ebx, PHYS(boot_info_maddr)
        mov     %ebp, PHYS(image_phys_base)

        call    check_cpu
        call    build_tables

        /* From here on only this page is sure to stay where it is, so what
         * the jump needs lies in it and is filled in before. */
        lea     PHYS(boot_gdt), %eax
        mov     %eax, PHYS(low_gdtr + 2)
        lgdt    PHYS(low_gdtr)
        lea     PHYS(start64), %eax
        mov     %eax, PHYS(far_start64)

        mov     %cr4, %eax
        or      $CR4_PAE_BIT, %eax
        mov     %eax, %cr4
        lea     PHYS(boot_pml4), %eax
        mov     %eax, %cr3
        mov     $0xc0000080, %ecx       /* EFER: LME, NXE */
        rdmsr
        or      $0x900, %eax
        wrmsr
        mov     $CR0_ON, %eax
        mov     %eax, %cr0

        ljmp    *PHYS(far_start64)

        .code64
start64:
        mov     $high64, %rax
        jmp     *%rax

        .align 8
boot_gdt:                               /* null, 64-bit code at HOST_CS */
        .quad   0, 0x00af9b000000ffff
boot_gdt_end:
low_gdtr:
        .word   boot_gdt_end - boot_gdt - 1
        .long   0
        .align 4
far_start64:
        .long   0
        .word   HOST_CS

        /* ---- 32-bit helpers ------------------------------------------ */
        .code32

/* Long mode and no-execute, or a message and halt. */
check_cpu:
        lea     PHYS(msg_long_mode), %esi
        mov     $0x80000000, %eax
        cpuid
        cmp     $0x80000001, %eax
        jb      boot_fail
        mov     $0x80000001, %eax
        cpuid
        bt      $29, %edx
        jnc     boot_fail
        lea     PHYS(msg_nx), %esi
        bt      $20, %edx
        jnc     boot_fail
        ret

/* ESI: message, on the serial port and VGA text; then halt. */
boot_fail:
        mov     $0xb8000, %edi
1:      movzbl  (%esi), %ebx
        inc     %esi
        test    %ebx, %ebx
        jz      3f
        mov     %bl, (%edi)
        movb    $0x4f, 1(%edi)
        add     $2, %edi
        mov     $0x10000, %ecx
        mov     $0x3fd, %edx
2:      in      %dx, %al
        test    $0x20, %al
        loopz   2b
        mov     $0x3f8, %edx
        mov     %bl, %al
        out     %al, %dx
        jmp     1b
3:      hlt
        jmp     3b

/* EDI := address of a table, entry EAX of it := ECX (low), EDX (high). */
        .macro set_entry table
        lea     PHYS(\table), %edi
        mov     %ecx, (%edi, %eax, 8)
        mov     %edx, 4(%edi, %eax, 8)
        .endm

/* The page tables; they are all zero now. Clobbers all but EBP, ESP. */
build_tables:
        xor     %edx, %edx
        lea     0x200000(%ebp), %ebx    /* where the image starts */
        /* Identity map of the 2 MiB page there, which has this code, read and
         * execute. */
        lea     PHYS(boot_pdpt + 1), %ecx
        xor     %eax, %eax
        set_entry boot_pml4
        mov     %ebx, %eax
        shr     $30, %eax
        lea     PHYS(boot_pd + 1), %ecx
        set_entry boot_pdpt
        mov     %ebx, %eax
        shr     $21, %eax
        and     $511, %eax
        lea     0x81(%ebx), %ecx
        set_entry boot_pd

        /* The image's branch, in both top-level tables: 2 MiB pages with all
         * rights. image_map() makes it what it is to be. */
        lea     PHYS(image_pdpt + 3), %ecx
        mov     $511, %eax
        set_entry boot_pml4
        set_entry host_pml4
        lea     PHYS(image_pd + 3), %ecx
        mov     $510, %eax
        set_entry image_pdpt
        mov     $1, %eax
        lea     0x83(%ebx), %ecx
        lea     PHYS(image_end), %ebx
1:      set_entry image_pd
        add     $0x200000, %ecx
        inc     %eax
        cmp     %ebx, %ecx
        jb      1b
        ret

/* ---- in the image's own address space ---------------------------------- */
        .section .text, "ax"
        .code64

        /* The image's page tables (the identity map is gone), the GDT in the
         * image, null selectors. */
        .macro enter_image
        mov     $host_pml4 - IMAGE_BASE, %eax
        add     image_phys_base(%rip), %rax
        mov     %rax, %cr3
        lgdt    boot_gdtr(%rip)
        xor     %eax, %eax
        .irp    selector, ds, es, fs, gs, ss
        mov     %eax, %\selector
        .endr
        .endm

high64:
        enter_image
        mov     $boot_stack + STACK_BYTES, %rsp
        mov     boot_magic(%rip), %edi
        mov     boot_info_maddr(%rip), %esi
        xor     %ebp, %ebp
        call    boot_main
        ud2

/* Another CPU, from the trampoline: on boot_pml4, one at a time. */
        .globl ap_start64
ap_start64:
        enter_image
        mov     ap_stack_top(%rip), %rsp
        xor     %ebp, %ebp
        call    ap_entry
        ud2

        .section .rodata, "a"
        .align 8
boot_gdtr:
        .word   boot_gdt_end - boot_gdt - 1
        .quad   boot_gdt

msg_long_mode:
        .asciz  "Lodge: this machine's CPU has no 64-bit mode. Halted."
msg_nx:
        .asciz  "Lodge: no-execute is off; enable NX/XD in the firmware. Halted."

        .bss
        .align 4096
        .irp    table, host_pml4, boot_pml4, boot_pdpt, boot_pd, image_pdpt, \
                image_pd, early_pd
        .globl  \table
\table: .skip   4096
        .endr
        .globl image_pt, boot_stack_guard
image_pt: .skip (IMAGE_SIZE_MAX >> 9)
        .align STACK_BYTES
        .skip STACK_BYTES - 4096
boot_stack_guard: .skip 4096
        .globl boot_stack
boot_stack: .skip STACK_BYTES
        .globl image_phys_base
        .align 8
image_phys_base: .quad 0
boot_magic: .long 0
boot_info_maddr: .long 0

        .section .note.GNU-stack, "", @progbits
