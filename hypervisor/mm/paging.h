/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hypervisor's own page tables: one set for all CPUs, reached through the
 * recursive slot. Tables, once made, stay. Whoever unmaps flushes
 * (mm/upcalls.h host_tlb_flush()) before frame or address are used again;
 * mapping where nothing was needs no flush.
 */
#pragma once

#include "hypervisor/cpu/types.h"
#include "hypervisor/mm/pt-bits.h"

/*
 * Maps [va, va + size) to maddr, all page aligned, where nothing is mapped,
 * with 2 MiB pages where everything is aligned for them. attr: MAP_*.
 * -ENOMEM (for tables): nothing stays mapped, but the caller must flush as
 * after paging_unmap(). No locks of rank HEAP or above.
 */
int __must_check paging_map(void *va, uint64_t maddr, size_t size,
                            uint64_t attr);
/* Unmaps what paging_map() mapped; ranges with holes are fine. Does not
 * flush. */
void paging_unmap(void *va, size_t size);
/* The frame that va, mapped by paging_map() in 4 KiB pages, stands for. */
mfn_t paging_lookup(const void *va);

/* Makes the tables down to the one that holds va's entry of `level`. */
int __must_check paging_make_tables(uint64_t va, unsigned int level);

/* True if the 2 MiB around va, in which something is mapped, have a table;
 * else they are one page. */
bool paging_has_table(const void *va);
