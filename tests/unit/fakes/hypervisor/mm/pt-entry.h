/* SPDX-License-Identifier: GPL-2.0-only */
/* Host test fake: walks the tables in the fake machine's memory, and aborts
 * where the recursive mapping would fault. */
#ifndef LODGE_MM_PT_ENTRY_H
#define LODGE_MM_PT_ENTRY_H

#include "hypervisor/cpu/layout.h"
#include "hypervisor/mm/pt-bits.h"

uint64_t *pt_entry(unsigned int level, uint64_t va);

#endif
