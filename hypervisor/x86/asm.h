/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers that assembly and C share; each is asserted against its C
 * counterpart where there is one (desc.c).
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

#endif
