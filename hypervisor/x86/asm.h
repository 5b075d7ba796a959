/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers that assembly and C share; each is asserted against its C
 * counterpart where there is one (desc.c, smp.c).
 */
#ifndef LODGE_X86_ASM_H
#define LODGE_X86_ASM_H

#include "hypervisor/cpu/layout.h"

/* Selectors. BOOT_CS is also the final GDT's code segment. */
#define BOOT_CS 8
#define HOST_CS 8
#define HOST_DS 16
#define HOST_TR 24

#define STACK_BYTES 0x4000 /* STACK_SIZE of mm/map.h */

#define CR4_PAE_BIT 0x20
#define CR0_ON 0x80010033 /* PG, WP, NE, ET, MP, PE */

/* The trampoline's own GDT (trampoline.S). */
#define TRAMP_CS32 16
#define TRAMP_DS32 24

/* struct trampoline_args, at the end of the trampoline's page (smp.c). */
#define TRAMP_ARGS 0xfc0
#define TRAMP_CR3 0x00     /* boot_pml4, below 4 GiB */
#define TRAMP_ENTRY 0x08   /* ap_start64 */
#define TRAMP_GDTR 0x10    /* limit, 32-bit base */
#define TRAMP_JUMP32 0x18  /* far pointers: 32-bit offset, selector */
#define TRAMP_JUMP64 0x20

#endif
