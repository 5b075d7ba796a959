/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the entries of the hypervisor's page tables are, and what is in them
 * (SDM vol. 3A 4.5, APM vol. 2 5.3). Unit tests replace this header by one
 * that walks tables in the host's memory.
 */
#pragma once

#include "hypervisor/cpu/layout.h"
#include "hypervisor/mm/pt-bits.h"

/*
 * The entry of `level` (1: 4 KiB, 2: 2 MiB, 3: 1 GiB, 4: top) that maps va.
 * The entries of the levels above must be present. Each pass through the
 * recursive slot stops the walk one level earlier.
 */
static inline uint64_t *pt_entry(unsigned int level, uint64_t va)
{
    while (level--)
        va = RECURSIVE_BASE + ((va & 0xffffffffffffull) >> 12) * 8;
    return (uint64_t *)va;
}
