/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Descriptor tables: a GDT and a TSS of each CPU, one IDT for all. The
 * selectors (asm.h): HOST_CS, HOST_DS, HOST_TR.
 */
#ifndef LODGE_X86_DESC_H
#define LODGE_X86_DESC_H

#include "hypervisor/lib/util.h"
#include "hypervisor/x86/asm.h"

/* Makes and loads this CPU's tables; its per-CPU area must be in place. */
void desc_init_cpu(void);

/* Fills one gate of the IDT. ist: 0 for the current stack, or a slot. */
void idt_set_gate(unsigned int vector, uint64_t entry, unsigned int ist);

#endif
