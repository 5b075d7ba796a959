/* SPDX-License-Identifier: GPL-2.0-only */
/* Host test fake: walks the tables in the fake machine's memory, and aborts
 * where the recursive mapping would fault. */
#pragma once

#include "hypervisor/cpu/layout.h"
#include "hypervisor/mm/pt-bits.h"

uint64_t *pt_entry(unsigned int level, uint64_t va);
