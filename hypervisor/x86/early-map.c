/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Owns the image's page tables, and early_pd, the page directory of
 * EARLY_MAP_BASE. Its slots are handed out from the bottom; a range that is
 * mapped already is found again, so tables that lie close together share a
 * slot. Never splits a 2 MiB page.
 */
#include "hypervisor/x86/early-map.h"

#include "hypervisor/cpu/cr.h"
#include "hypervisor/cpu/layout.h"

extern uint64_t early_pd[512], image_pd[512];
extern uint64_t image_pt[IMAGE_SIZE_MAX / PAGE_SIZE];
extern char boot_stack_guard[];

static void map_part(const char *start, const char *end, uint64_t attr)
{
    for (; start < end; start += PAGE_SIZE)
        image_pt[((uintptr_t)start - IMAGE_BASE) / PAGE_SIZE] =
            image_maddr(start) | attr;
}

void image_map(void)
{
    map_part(text_start, text_end, PTE_P | PTE_A);
    map_part(rodata_start, rodata_end, MAP_RO);
    map_part(data_start, boot_stack_guard, MAP_RW);
    map_part(boot_stack_guard + PAGE_SIZE, data_end, MAP_RW);
    for (unsigned int i = 0; i < IMAGE_SIZE_MAX / LARGE_SIZE; i++)
        image_pd[i] = image_maddr(&image_pt[i * 512]) | MAP_TABLE;
    host_pml4[RECURSIVE_SLOT] = image_maddr(host_pml4) | MAP_TABLE | PTE_NX;
    write_cr3(read_cr3());
}

void *early_map(uint64_t maddr, size_t size, uint64_t attr)
{
    uint64_t first = ALIGN_DOWN(maddr, LARGE_SIZE), pte = first | attr | PTE_PS;
    size_t slot = 0, i = 0;

    if (maddr >= BIT(52) || size > (size_t)EARLY_MAP_SLOTS * LARGE_SIZE)
        return NULL;
    size_t nr = DIV_ROUND_UP(maddr + MAX(size, 1ul) - first, LARGE_SIZE);
    /* The first nr slots in a row that are free or have just this. */
    while (i < nr) {
        uint64_t there = early_pd[slot + i];

        if (slot + nr > EARLY_MAP_SLOTS)
            return NULL;
        if (!there || there == pte + i * LARGE_SIZE) {
            i++;
        } else {
            slot++;
            i = 0;
        }
    }
    for (i = 0; i < nr; i++)
        early_pd[slot + i] = pte + i * LARGE_SIZE;
    return (char *)EARLY_MAP_BASE + slot * LARGE_SIZE + (maddr - first);
}

const void *early_map_read(uint64_t maddr, size_t size)
{
    return early_map(maddr, size, MAP_RO);
}

void early_map_end(void)
{
    for (unsigned int slot = 0; slot < EARLY_MAP_SLOTS; slot++)
        if (!(early_pd[slot] & PTE_RW))
            early_pd[slot] = 0;
    write_cr3(read_cr3());
}
