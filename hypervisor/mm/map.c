/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mappings that live longer than a window: shared ones, stacks, and the rest
 * in areas of addresses of their own. Owns those areas. Addresses are reused
 * only after a flush.
 */
#include "hypervisor/mm/map.h"

#include "hypervisor/mm/internal.h"

/* Room for shared mappings and for stacks: far more than their users' limits
 * allow. */
#define SHARED_PAGES (1ul << 19)
#define STACKS (1ul << 15)

#define STACK_ORDER 2
_Static_assert(PAGE_SIZE << STACK_ORDER == STACK_SIZE, "stack order");

/* Places of one size, each after a guard that is never mapped. */
struct area {
    uint64_t base;
    size_t guard, size; /* bytes */
    unsigned int words;
    uint64_t *used;     /* a bit for each place */
};

static uint64_t shared_used[SHARED_PAGES / 64], stacks_used[STACKS / 64];

static struct area shared_area = {
    .base = SHARED_BASE, .size = PAGE_SIZE,
    .words = ARRAY_SIZE(shared_used), .used = shared_used,
};
static struct area stack_area = {
    .base = STACK_BASE, .guard = STACK_SIZE, .size = STACK_SIZE,
    .words = ARRAY_SIZE(stacks_used), .used = stacks_used,
};

/* Covers the areas and the address below. */
static struct spinlock area_lock = SPINLOCK_INIT(PAGING);
static uint64_t range_next = DEVICE_BASE;

static void area_unmap(const struct area *a, void *va)
{
    size_t i = ((uintptr_t)va - a->base) / (a->guard + a->size);

    paging_unmap(va, a->size);
    host_tlb_flush(va, a->size);
    spin_lock(&area_lock);
    ASSERT(i / 64 < a->words && (a->used[i / 64] & BIT(i % 64)));
    a->used[i / 64] &= ~BIT(i % 64);
    spin_unlock(&area_lock);
}

/* Maps frames from maddr on at a free place; NULL without one, or without
 * memory. */
static void *area_map(const struct area *a, uint64_t maddr)
{
    char *va = NULL;

    spin_lock(&area_lock);
    for (unsigned int i = 0; i < a->words && !va; i++)
        if (~a->used[i]) {
            unsigned int bit = bit_lowest(~a->used[i]);

            a->used[i] |= BIT(bit);
            va = (char *)a->base + a->guard +
                 (i * 64ul + bit) * (a->guard + a->size);
        }
    spin_unlock(&area_lock);
    if (va && paging_map(va, maddr, a->size, MAP_RW)) {
        area_unmap(a, va);
        return NULL;
    }
    return va;
}

void *shared_map(mfn_t m)
{
    return area_map(&shared_area, mfn_to_maddr(m));
}

void shared_unmap(void *va)
{
    if (va)
        area_unmap(&shared_area, va);
}

void *stack_alloc(void)
{
    uint64_t maddr = frames_alloc(STACK_ORDER);
    void *stack = maddr ? area_map(&stack_area, maddr) : NULL;

    if (!stack && maddr)
        frames_free(maddr, STACK_ORDER);
    return stack;
}

void stack_free(void *stack)
{
    if (!stack)
        return;
    uint64_t entry = READ_ONCE(*pt_entry(1, (uintptr_t)stack));
    area_unmap(&stack_area, stack);
    frames_free(entry & PTE_ADDR, STACK_ORDER);
}

/*
 * Maps a range of any alignment at the next addresses, which are never used
 * again; with the range's place in 2 MiB, for large pages. Leaves an unmapped
 * page between two ranges.
 */
static void *range_map(uint64_t maddr, size_t size, uint64_t attr)
{
    uint64_t first = ALIGN_DOWN(maddr, PAGE_SIZE), va, span;

    if (!size || maddr + size < maddr || maddr + size > PTE_ADDR)
        return NULL;
    span = ALIGN_UP(maddr + size, PAGE_SIZE) - first;

    spin_lock(&area_lock);
    va = ALIGN_DOWN(range_next + PAGE_SIZE + LARGE_SIZE - 1, LARGE_SIZE) +
         first % LARGE_SIZE;
    if (va - DEVICE_BASE > LAYOUT_AREA_SIZE ||
        span > LAYOUT_AREA_SIZE - (va - DEVICE_BASE))
        va = 0;
    else
        range_next = va + span;
    spin_unlock(&area_lock);

    if (!va || paging_map((void *)va, first, span, attr))
        return NULL;
    return (void *)(va + maddr % PAGE_SIZE);
}

void *device_map(uint64_t maddr, size_t size)
{
    return range_map(maddr, size, MAP_DEVICE);
}

const void *boot_map(uint64_t maddr, size_t size)
{
    return range_map(maddr, size, MAP_RO);
}

void boot_unmap(const void *va, size_t size)
{
    paging_unmap(va, size);
    host_tlb_flush(va, size);
}
