/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hypervisor's own page tables. The only writer of them, but for boot.S
 * and the windows (mm/window.c), whose entries each CPU owns. Never makes
 * memory executable. Tables are made by whoever comes first, without a lock;
 * an entry that maps memory is written by the owner of its addresses alone.
 */
#include "hypervisor/abi/errno.h"
#include "hypervisor/mm/internal.h"

static bool is_present(const uint64_t *entry)
{
    return READ_ONCE(*entry) & PTE_P;
}

int paging_make_tables(uint64_t va, unsigned int level)
{
    for (unsigned int l = 4; l > level; l--) {
        uint64_t *entry = pt_entry(l, va), none = 0;

        if (is_present(entry))
            continue;
        uint64_t table = frames_alloc(0);
        if (!table)
            return -ENOMEM;
        if (!atomic_cmpxchg(entry, &none, table | MAP_TABLE))
            frames_free(table, 0);
    }
    return 0;
}

int paging_map(void *va, uint64_t maddr, size_t size, uint64_t attr)
{
    uint64_t at = (uintptr_t)va, end = at + size, step;

    ASSERT(IS_ALIGNED(at | maddr | size, PAGE_SIZE));
    for (; at < end; at += step, maddr += step) {
        int rc = paging_make_tables(at, 2);
        /* A 2 MiB page fits here, and no table is in the way. */
        bool large = !rc && IS_ALIGNED(at | maddr, LARGE_SIZE) &&
                     end - at >= LARGE_SIZE && !is_present(pt_entry(2, at));

        if (!rc && !large)
            rc = paging_make_tables(at, 1);
        if (rc) {
            paging_unmap(va, at - (uintptr_t)va);
            return rc;
        }
        step = large ? LARGE_SIZE : PAGE_SIZE;
        uint64_t *entry = pt_entry(large ? 2 : 1, at);
        ASSERT(!is_present(entry));
        WRITE_ONCE(*entry, maddr | attr | (large ? PTE_PS : 0));
    }
    return 0;
}

void paging_unmap(const void *va, size_t size)
{
    uint64_t at = ALIGN_DOWN((uintptr_t)va, PAGE_SIZE), step;
    uint64_t end = ALIGN_UP((uintptr_t)va + size, PAGE_SIZE);

    for (; at < end; at += step) {
        step = LARGE_SIZE - (at & (LARGE_SIZE - 1));
        if (!is_present(pt_entry(4, at)) || !is_present(pt_entry(3, at)) ||
            !is_present(pt_entry(2, at)))
            continue;
        if (READ_ONCE(*pt_entry(2, at)) & PTE_PS) {
            ASSERT(step == LARGE_SIZE && end - at >= step);
            WRITE_ONCE(*pt_entry(2, at), 0);
            continue;
        }
        step = PAGE_SIZE;
        WRITE_ONCE(*pt_entry(1, at), 0);
    }
}
