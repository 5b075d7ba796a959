/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Windows: page-table entries of each CPU through which it reaches a frame that
 * is mapped nowhere else, for a moment.
 *
 * A CPU has a few sets of them, each a page table, and shows one: what the
 * others map cannot be reached, and is there again when they are shown.
 */
#pragma once

#include "hypervisor/cpu/atomic.h"
#include "hypervisor/cpu/cr.h"
#include "hypervisor/cpu/layout.h"
#include "hypervisor/cpu/percpu.h"
#include "hypervisor/cpu/types.h"
#include "hypervisor/mm/pt-bits.h"

/* Of each set. */
enum window {
    WINDOW_DATA,  /* another domain's frame that is copied from or to */
    WINDOW_PEER,  /* the other one of a frame-to-frame copy */
    WINDOW_MM,    /* mm/'s own */
    WINDOW_PEEK = 4, /* the first of those of hvm/mem/peek.h */
    WINDOW_SLOTS = 248 /* up to here */
};

#define WINDOW_SETS 4

struct windows {
    char *base;      /* of the CPU's slots, pages */
    uint64_t *shown; /* the set's page table */
    uint64_t *sets;  /* all of them */
    uint64_t maddr;  /* the same */
};

DECLARE_PERCPU(struct windows, cpu_windows);

/* Page tables for the windows of a CPU that is to start; false: no memory. The
 * boot CPU's are there from mm_init() on. */
bool windows_start_cpu(unsigned int cpu);

/* Shows a set. Of the one shown up to now no slot before WINDOW_PEEK may be in
 * use. Costs a flush of the CPU's TLB. */
void window_show(unsigned int set);

/* Clears a slot of a set that is not shown. */
void window_clear(unsigned int set, unsigned int slot);

static inline void *window_va(unsigned int slot)
{
    return this_cpu(cpu_windows).base + slot * PAGE_SIZE;
}

/*
 * Maps a frame into window `slot` of the set shown, read-write, and returns its
 * address. No sleep until window_unmap(); a slot holds one frame at a time.
 * Takes no lock. Costs a page-table store, and window_unmap() a store and
 * INVLPG: the frame is not reachable any more, not even speculatively.
 */
static inline void *window_map(unsigned int slot, mfn_t m)
{
    uint64_t *entry = &this_cpu(cpu_windows).shown[slot];

    ASSERT(slot < WINDOW_SLOTS && !*entry);
    WRITE_ONCE(*entry, mfn_to_maddr(m) | MAP_RW);
    return window_va(slot);
}

/* What a slot in use maps. */
static inline mfn_t window_mfn(unsigned int slot)
{
    return maddr_to_mfn(this_cpu(cpu_windows).shown[slot] & PTE_ADDR);
}

static inline void window_unmap(unsigned int slot)
{
    uint64_t *entry = &this_cpu(cpu_windows).shown[slot];

    ASSERT(slot < WINDOW_SLOTS && *entry);
    WRITE_ONCE(*entry, 0);
    invlpg(window_va(slot));
}
