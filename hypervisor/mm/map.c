/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mappings that live longer than a window: each kind in an area of addresses
 * of its own. Owns those areas. Addresses are reused only after a flush.
 */
#include "hypervisor/mm/map.h"

#include "hypervisor/cpu/layout.h"
#include "hypervisor/cpu/spinlock.h"
#include "hypervisor/lib/assert.h"
#include "hypervisor/lib/bitmap.h"
#include "hypervisor/mm/internal.h"
#include "hypervisor/mm/paging.h"
#include "hypervisor/mm/upcalls.h"

/* Room for shared mappings and for stacks: far more than their users' limits
 * allow. */
#define SHARED_PAGES (1ul << 19)
#define STACKS (1ul << 15)

/* A stack takes twice its size of addresses: the lower half is the guard. */
#define STACK_SPAN (2 * STACK_SIZE)
#define STACK_ORDER 2
_Static_assert(PAGE_SIZE << STACK_ORDER == STACK_SIZE, "stack order");

/* Addresses in units, a bit for each unit in use. */
struct area {
    uint64_t base;
    size_t unit; /* bytes */
    size_t size; /* units */
    uint64_t *used;
};

static uint64_t shared_used[BITMAP_WORDS(SHARED_PAGES)];
static uint64_t stacks_used[BITMAP_WORDS(STACKS)];

static struct area shared_area = {
    .base = SHARED_BASE, .unit = PAGE_SIZE, .size = SHARED_PAGES,
    .used = shared_used,
};
static struct area stack_area = {
    .base = STACK_BASE, .unit = STACK_SPAN, .size = STACKS,
    .used = stacks_used,
};

/* Covers the areas and the two addresses below. */
static struct spinlock area_lock = SPINLOCK_INIT(PAGING);
static uint64_t device_next = DEVICE_BASE, bootmap_next = BOOTMAP_BASE;

static void *area_take(struct area *a, size_t n)
{
    size_t i;

    if (!n || n > a->size)
        return NULL;
    spin_lock(&area_lock);
    i = bitmap_find_run(a->used, a->size, 0, n);
    if (i != a->size)
        bitmap_set(a->used, i, n);
    spin_unlock(&area_lock);
    return i == a->size ? NULL : (void *)(a->base + i * a->unit);
}

static void area_give(struct area *a, void *va, size_t n)
{
    size_t i = ((uintptr_t)va - a->base) / a->unit;

    spin_lock(&area_lock);
    ASSERT(i + n <= a->size && bitmap_test(a->used, i));
    bitmap_clear(a->used, i, n);
    spin_unlock(&area_lock);
}

void *shared_map(const mfn_t *frames, unsigned int nr)
{
    char *va = area_take(&shared_area, nr);

    for (unsigned int i = 0; va && i < nr; i++)
        if (paging_map(va + i * PAGE_SIZE, mfn_to_maddr(frames[i]), PAGE_SIZE,
                       MAP_RW)) {
            shared_unmap(va, nr);
            va = NULL;
        }
    return va;
}

void shared_unmap(void *va, unsigned int nr)
{
    if (!va)
        return;
    paging_unmap(va, nr * PAGE_SIZE);
    host_tlb_flush(va, nr * PAGE_SIZE);
    area_give(&shared_area, va, nr);
}

void *stack_alloc(void)
{
    char *span = area_take(&stack_area, 1);
    mfn_t m = span ? frames_alloc(STACK_ORDER) : INVALID_MFN;

    if (!mfn_is_invalid(m)) {
        if (!paging_map(span + STACK_SIZE, mfn_to_maddr(m), STACK_SIZE,
                        MAP_RW))
            return span + STACK_SIZE;
        host_tlb_flush(span + STACK_SIZE, STACK_SIZE);
        frames_free(m, STACK_ORDER);
    }
    if (span)
        area_give(&stack_area, span, 1);
    return NULL;
}

void stack_free(void *stack)
{
    mfn_t m;

    if (!stack)
        return;
    m = paging_lookup(stack);
    paging_unmap(stack, STACK_SIZE);
    host_tlb_flush(stack, STACK_SIZE);
    frames_free(m, STACK_ORDER);
    area_give(&stack_area, (char *)stack - STACK_SIZE, 1);
}

/*
 * Maps a range of any alignment at the next addresses of a kind that are
 * never used again; with the range's place in 2 MiB, for large pages. Leaves
 * an unmapped page between two ranges.
 */
static void *range_map(uint64_t *next, uint64_t base, uint64_t maddr,
                       size_t size, uint64_t attr)
{
    uint64_t first = ALIGN_DOWN(maddr, PAGE_SIZE), va, span;

    if (!size || maddr + size < maddr || maddr + size > PTE_ADDR)
        return NULL;
    span = ALIGN_UP(maddr + size, PAGE_SIZE) - first;

    spin_lock(&area_lock);
    va = ALIGN_DOWN(*next + PAGE_SIZE + LARGE_SIZE - 1, LARGE_SIZE) +
         first % LARGE_SIZE;
    if (va - base > LAYOUT_AREA_SIZE || span > LAYOUT_AREA_SIZE - (va - base))
        va = 0;
    else
        *next = va + span;
    spin_unlock(&area_lock);

    if (!va || paging_map((void *)va, first, span, attr))
        return NULL;
    return (void *)(va + maddr % PAGE_SIZE);
}

void *device_map(uint64_t maddr, size_t size)
{
    return range_map(&device_next, DEVICE_BASE, maddr, size, MAP_DEVICE);
}

const void *boot_map(uint64_t maddr, size_t size)
{
    return range_map(&bootmap_next, BOOTMAP_BASE, maddr, size, MAP_RO);
}

void boot_unmap(const void *va, size_t size)
{
    uint64_t first = ALIGN_DOWN((uintptr_t)va, PAGE_SIZE);
    uint64_t span = ALIGN_UP((uintptr_t)va + size, PAGE_SIZE) - first;

    if (!va)
        return;
    paging_unmap((void *)first, span);
    host_tlb_flush((void *)first, span);
}
