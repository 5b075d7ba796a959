/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers that assembly and C share; each is asserted against its C
 * counterpart where there is one (desc.c).
 */
#pragma once

#include "hypervisor/cpu/layout.h"

/* Selectors. HOST_CS is the same in the GDT that boot.S starts with and in the
 * final one. */
#define HOST_CS 8
#define HOST_DS 16
#define HOST_TR 24

#define STACK_BYTES 0x4000 /* STACK_SIZE of mm/map.h */

/* What is done around an entry (CTRL, L1D, VERW) and an exit (CTRL and the
 * others): hvm/base/spec-entry.h. */
#define SPEC_AT_CTRL 1  /* SPEC_CTRL of the guest, of the host */
#define SPEC_AT_L1D 2   /* L1 data cache flushed */
#define SPEC_AT_VERW 4  /* buffers cleared */
#define SPEC_AT_IBPB 8  /* indirect branch predictions forgotten */
#define SPEC_AT_RSB 16  /* return stack overwritten */
#define SPEC_AT_BHB 32  /* branch history overwritten */
#define ASM_MSR_SPEC_CTRL 0x48
#define ASM_MSR_PRED_CMD 0x49
#define ASM_MSR_FLUSH_CMD 0x10b
