/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the boot loader to C on the boot CPU, and from real mode to C on the
 * others.
 *
 * The boot CPU is entered by a multiboot1 or multiboot2 loader (BIOS, or UEFI
 * after the loader left boot services) in 32-bit protected mode without paging,
 * EAX = magic, EBX = information, interrupts off, no stack. The image may have
 * been moved by a multiple of 2 MiB: until paging is on, everything is
 * addressed relative to EBP = where the image's byte 0 is.
 *
 * Another CPU starts in the trampoline's copy below 1 MiB, which leads it to
 * the same way into long mode.
 *
 * Leaves with host_pml4 live, which maps the image and nothing else (W^X in
 * 4 KiB pages after image_map(), the first that boot_main() calls); boot_pml4,
 * which also has an identity map of this code, serves only this file.
 */
#include "hypervisor/x86/asm.h"

#define PHYS(sym) (sym - IMAGE_BASE)(%ebp)
#define OFFSET(label) (label - trampoline)
#define CS32 16
#define DS32 24

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

        mov     %eax, PHYS(boot_magic)
        mov     %ebx, PHYS(boot_info_maddr)
        mov     %ebp, PHYS(image_phys_base)
        lea     PHYS(bss_start), %edi
        lea     PHYS(bss_end), %ecx
        sub     %edi, %ecx
        shr     $2, %ecx
        xor     %eax, %eax
        rep stosl

        /* Long mode and no-execute, or a message and halt. */
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

        /* Entries of tables and pointers are as if the image were not moved. */
        lea     PHYS(boot_tables), %edi
        mov     $(boot_tables_end - boot_tables) / 8, %ecx
1:      testb   $1, (%edi)
        jz      2f
        add     %ebp, (%edi)
2:      add     $8, %edi
        loop    1b
        add     %ebp, PHYS(gdtr + 2)
        add     %ebp, PHYS(far_start32)
        add     %ebp, PHYS(far_start64)
        lgdt    PHYS(gdtr)

        /* All CPUs. From here on only this page is sure to stay where it is:
         * what the jump needs lies in it. EBP addresses by SS. */
start32:
        mov     $DS32, %eax
        mov     %eax, %ss
        mov     %cr4, %eax
        or      $0x20, %eax             /* PAE */
        mov     %eax, %cr4
        lea     PHYS(boot_pml4), %eax
        mov     %eax, %cr3
        mov     $0xc0000080, %ecx       /* EFER: LME, NXE */
        rdmsr
        or      $0x900, %eax
        wrmsr
        mov     $0x80010033, %eax       /* PG, WP, NE, ET, MP, PE */
        mov     %eax, %cr0
        ljmp    *PHYS(far_start64)

        .code64
start64:
        mov     $high64, %rax
        jmp     *%rax

        .align 8
boot_gdt:
        .quad   0
        .quad   0x00af9b000000ffff      /* HOST_CS */
        .quad   0x00cf9b000000ffff      /* CS32 */
        .quad   0x00cf93000000ffff      /* DS32 */
boot_gdt_end:
far_start64:
        .long   start64 - IMAGE_BASE
        .word   HOST_CS

/* Real mode: copied by smp.c to a page below 1 MiB, runs at CS = page / 16,
 * without a stack, IF and DF clear (SDM vol. 3A 9.1.1). The boot CPU has completed the words at its end. */
        .code16
        .globl  trampoline, trampoline_end
trampoline:
        mov     %cs, %ax
        mov     %ax, %ds
        lgdtl   OFFSET(gdtr)
        mov     OFFSET(far_start32), %ebp
        sub     $(start32 - IMAGE_BASE), %ebp
        mov     $0x11, %eax             /* PE, ET */
        mov     %eax, %cr0
        ljmpl   *OFFSET(far_start32)
gdtr:
        .word   boot_gdt_end - boot_gdt - 1
        .long   boot_gdt - IMAGE_BASE
far_start32:
        .long   start32 - IMAGE_BASE
        .word   CS32
trampoline_end:

/* ESI: message, on the serial port and VGA text; then halt. */
        .code32
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

/* ---- in the image's own address space ---------------------------------- */
        .section .text, "ax"
        .code64

        /* The image's page tables (the identity map is gone), the GDT in the
         * image, null selectors. */
high64:
        mov     $host_pml4 - IMAGE_BASE, %eax
        add     image_phys_base(%rip), %rax
        mov     %rax, %cr3
        lgdt    high_gdtr(%rip)
        xor     %eax, %eax
        .irp    selector, ds, es, fs, gs, ss
        mov     %eax, %\selector
        .endr
        mov     start_stack_top(%rip), %rsp
        mov     boot_magic(%rip), %edi
        mov     boot_info_maddr(%rip), %esi
        xor     %ebp, %ebp
        call    *start_main(%rip)
        ud2

        .section .rodata, "a"
        .align 8
high_gdtr:
        .word   boot_gdt_end - boot_gdt - 1
        .quad   boot_gdt

msg_long_mode:
        .asciz  "Lodge: this machine's CPU has no 64-bit mode. Halted."
msg_nx:
        .asciz  "Lodge: no-execute is off; enable NX/XD in the firmware. Halted."

        .data
        .globl  start_main, start_stack_top, image_phys_base
        .align 8
/* Where a CPU goes: smp.c changes both for the others, one at a time. */
start_main: .quad boot_main
start_stack_top: .quad boot_stack + STACK_BYTES
image_phys_base: .quad 0
boot_magic: .long 0
boot_info_maddr: .long 0

        /* The page tables. The image's branch has 2 MiB pages with all rights:
         * image_map() makes it what it is to be. The identity map leads every
         * address to the image's first page, which has the code above, read
         * and execute. */
        .globl  host_pml4, image_pd
        .align 4096
boot_tables:
boot_pml4:
        .quad   boot_pdpt - IMAGE_BASE + 1
        .fill   510, 8, 0
        .quad   image_pdpt - IMAGE_BASE + 3
host_pml4:
        .fill   511, 8, 0
        .quad   image_pdpt - IMAGE_BASE + 3
boot_pdpt:
        .rept   512
        .quad   boot_pd - IMAGE_BASE + 1
        .endr
boot_pd: .fill 512, 8, 0x200081
image_pdpt:
        .fill   510, 8, 0
        .quad   image_pd - IMAGE_BASE + 3, early_pd - IMAGE_BASE + 3
image_pd:
        .set    entry, 0x83
        .rept   IMAGE_SIZE_MAX >> 21
        .quad   entry
        .set    entry, entry + 0x200000
        .endr
        .fill   512 - (IMAGE_SIZE_MAX >> 21), 8, 0
boot_tables_end:

        .bss
        .globl  early_pd, image_pt, boot_stack_guard
        .align 4096
early_pd: .skip 4096
image_pt: .skip (IMAGE_SIZE_MAX >> 9)
        .align STACK_BYTES
        .skip STACK_BYTES - 4096
boot_stack_guard: .skip 4096
boot_stack: .skip STACK_BYTES

        .section .note.GNU-stack, "", @progbits
