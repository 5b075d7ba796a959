/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Owns early_pd, the page directory of EARLY_MAP_BASE. Slots are handed out
 * from the bottom; a range that is mapped already is found again, so tables
 * that lie close together share a slot. Never splits a 2 MiB page.
 */
#include "hypervisor/x86/early-map.h"

#include "hypervisor/cpu/cr.h"
#include "hypervisor/cpu/layout.h"

#define SLOT_SIZE MB(2)
#define PTE_PRESENT BIT(0)
#define PTE_WRITE BIT(1)
#define PTE_PWT BIT(3) /* PAT entry 1: write combining (features.c) */
#define PTE_ACCESSED_DIRTY (BIT(5) | BIT(6))
#define PTE_LARGE BIT(7)
#define PTE_NX BIT(63)
#define MADDR_MAX (1ull << 52)

extern uint64_t early_pd[512];

static const uint64_t kind_flags[] = {
    [EARLY_READ] = 0,
    [EARLY_WRITE] = PTE_WRITE,
    [EARLY_FRAMEBUFFER] = PTE_WRITE | PTE_PWT,
};

void *early_map(uint64_t maddr, size_t size, enum early_map_kind kind)
{
    uint64_t first = ALIGN_DOWN(maddr, SLOT_SIZE);
    uint64_t flags = PTE_PRESENT | PTE_LARGE | PTE_NX | kind_flags[kind];
    unsigned int nr, slot = 0, i = 0;

    if (maddr >= MADDR_MAX || size > (size_t)EARLY_MAP_SLOTS * SLOT_SIZE)
        return NULL;
    nr = (unsigned int)DIV_ROUND_UP(maddr + MAX(size, 1ul) - first, SLOT_SIZE);
    /* The first nr slots in a row that are free or have just this. */
    while (i < nr) {
        uint64_t pte = early_pd[slot + i] & ~PTE_ACCESSED_DIRTY;

        if (slot + nr > EARLY_MAP_SLOTS)
            return NULL;
        if (!pte || pte == ((first + i * SLOT_SIZE) | flags)) {
            i++;
        } else {
            slot++;
            i = 0;
        }
    }
    for (i = 0; i < nr; i++)
        early_pd[slot + i] = (first + i * SLOT_SIZE) | flags;
    return (char *)EARLY_MAP_BASE + slot * SLOT_SIZE + (maddr - first);
}

const void *early_map_read(uint64_t maddr, size_t size)
{
    return early_map(maddr, size, EARLY_READ);
}

void early_map_end(void)
{
    for (unsigned int slot = 0; slot < EARLY_MAP_SLOTS; slot++)
        if (early_pd[slot] && !(early_pd[slot] & PTE_WRITE))
            early_pd[slot] = 0;
    write_cr3(read_cr3());
}
