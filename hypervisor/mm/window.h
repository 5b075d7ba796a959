/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Windows: a few page-table entries of each CPU through which it reaches a
 * frame that is mapped nowhere else, for a moment.
 */
#pragma once

#include "hypervisor/cpu/atomic.h"
#include "hypervisor/cpu/cr.h"
#include "hypervisor/cpu/layout.h"
#include "hypervisor/cpu/percpu.h"
#include "hypervisor/cpu/types.h"
#include "hypervisor/mm/pt-bits.h"

/* Of each CPU. */
enum window {
    WINDOW_DATA,  /* another domain's frame that is copied from or to */
    WINDOW_PEER,  /* the other one of a frame-to-frame copy */
    WINDOW_MM,    /* mm/'s own */
    WINDOW_PEEK = 4, /* the first of those of hvm/mem/peek.h */
    WINDOW_SLOTS = 36 /* up to here */
};

/* One entry for each page from WINDOW_BASE on. */
extern uint64_t window_pt[MAX_CPUS][WINDOW_SLOTS];

static inline void *window_va(const uint64_t *entry)
{
    return (void *)(WINDOW_BASE + ((uintptr_t)entry - (uintptr_t)window_pt) *
                                      (PAGE_SIZE / sizeof(*entry)));
}

/*
 * Maps a frame into window `slot` of this CPU, read-write, and returns its
 * address. No sleep until window_unmap(); a slot holds one frame at a time.
 * Takes no lock. Costs a page-table store, and window_unmap() a store and
 * INVLPG: the frame is not reachable any more, not even speculatively.
 */
static inline void *window_map(unsigned int slot, mfn_t m)
{
    uint64_t *entry = &window_pt[cpu_id()][slot];

    ASSERT(slot < WINDOW_SLOTS && !*entry);
    WRITE_ONCE(*entry, mfn_to_maddr(m) | MAP_RW);
    return window_va(entry);
}

static inline void window_unmap(unsigned int slot)
{
    uint64_t *entry = &window_pt[cpu_id()][slot];

    ASSERT(slot < WINDOW_SLOTS && *entry);
    WRITE_ONCE(*entry, 0);
    invlpg(window_va(entry));
}
