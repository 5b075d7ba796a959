/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fake machine for the tests of mm/: RAM in a file, and an MMU. The areas of
 * the fake layout.h are empty addresses of the test program; the first access
 * to a page faults, and the handler walks the page tables under host_pml4 as
 * the hardware would and maps the page. That mapping is a TLB entry: it stays,
 * whatever happens to the tables, until it is flushed. An access that the
 * tables do not allow ends the program.
 */
#pragma once

#include "hypervisor/cpu/types.h"

/* Starts the machine, with RAM from machine address 0 on. */
void machine_start(uint64_t ram_size);
/* True after machine_start(). */
bool machine_running(void);

/* The memory at a machine address, whether or not anything maps it. */
void *machine_memory(uint64_t maddr);

/* Drops the TLB entries of [va, va + size). */
void machine_flush(const void *va, uint64_t size);
/* TLB entries: of this frame, and in all. */
unsigned int machine_tlb_of(mfn_t m);
unsigned int machine_tlb_size(void);

/* What the tables say of va: the entry that maps it, 0: nothing does. */
uint64_t machine_translate(uint64_t va, unsigned int *level);
