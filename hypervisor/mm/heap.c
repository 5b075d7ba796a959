/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Small objects. A page of Lodge's memory holds objects of one power-of-two
 * size and nothing else; what must be known about it is in its struct page
 * and in its free objects:
 *
 *   order  HEAP_PAGE + log2 of the size (pages of large objects: their order)
 *   owner  1 + number of the first free object; 0: all are in use
 *   next, prev  neighbours on the list of pages with free objects
 *
 * An empty page goes back at once, unless it is the last of its size.
 */
#include "hypervisor/lib/string.h"
#include "hypervisor/mm/internal.h"

#define SHIFT_MIN 4    /* 16 bytes; the largest are half a page */
#define HEAP_PAGE 0x40 /* above any order of pages */

/* Written into freed objects, against use after free and double free. */
#define FREE_MARK 0xf4eef4eef4eef4eeull

struct free_object {
    uint16_t next; /* 1 + its number in the page; 0: the last */
    uint16_t left; /* free objects in the page, this one included */
    uint32_t unused;
    uint64_t mark; /* FREE_MARK */
};
_Static_assert(sizeof(struct free_object) <= 1u << SHIFT_MIN, "fits a hole");

static struct spinlock heap_lock = SPINLOCK_INIT(HEAP);
/* By log2 of the size: pages with free objects, circular; the frame number of
 * one, 0: none. */
static uint32_t partial[PAGE_SHIFT];

/* The first free object of a page that has one. */
static struct free_object *object_first(const struct page *pg)
{
    unsigned int shift = pg->order - HEAP_PAGE;

    return (void *)((char *)mfn_to_va(page_to_mfn(pg)) +
                    ((pg->owner - 1ul) << shift));
}

/* Makes an object of the page free; returns how many are. Lock heap_lock. */
static unsigned int object_put(struct page *pg, void *p)
{
    unsigned int shift = pg->order - HEAP_PAGE, left = 1;

    if (pg->owner)
        left += object_first(pg)->left;
    else
        frame_list_add(&partial[shift], page_to_mfn(pg).raw);
    *(struct free_object *)p = (struct free_object){
        .next = pg->owner, .left = (uint16_t)left, .mark = FREE_MARK };
    pg->owner = (uint16_t)(1 + ((uintptr_t)p % PAGE_SIZE >> shift));
    return left;
}

static void *small_alloc(unsigned int shift)
{
    struct page *pg;

    spin_lock(&heap_lock);
    if (!partial[shift]) {
        spin_unlock(&heap_lock);
        char *page = lodge_pages_alloc(0);
        if (!page)
            return NULL;
        pg = mfn_to_page(va_to_mfn(page));
        pg->order = (uint8_t)(HEAP_PAGE + shift);
        spin_lock(&heap_lock);
        for (size_t at = 0; at < PAGE_SIZE; at += 1ul << shift)
            (void)object_put(pg, page + at);
    }
    pg = &frame_table[partial[shift]];
    struct free_object *o = object_first(pg);
    ASSERT(o->mark == FREE_MARK);
    pg->owner = o->next;
    if (!pg->owner)
        frame_list_del(&partial[shift], page_to_mfn(pg).raw);
    spin_unlock(&heap_lock);
    return o;
}

void *heap_alloc(size_t size)
{
    unsigned int shift = bit_highest(MAX(size, 1ul << SHIFT_MIN) - 1) + 1;

    if (shift >= PAGE_SHIFT)
        return lodge_pages_alloc(shift - PAGE_SHIFT);
    void *p = small_alloc(shift);
    return p ? memset(p, 0, 1ul << shift) : NULL;
}

void *heap_alloc_array(size_t n, size_t size)
{
    size_t bytes;

    return __builtin_mul_overflow(n, size, &bytes) ? NULL : heap_alloc(bytes);
}

void heap_free(void *p)
{
    const struct free_object *o = p;

    if (!p)
        return;
    struct page *pg = mfn_to_page(va_to_mfn(p));
    ASSERT(pg->state == PAGE_LODGE);
    if (pg->order >= HEAP_PAGE) {
        unsigned int shift = pg->order - HEAP_PAGE;
        uint64_t m = page_to_mfn(pg).raw;

        ASSERT(IS_ALIGNED((uintptr_t)p, 1ul << shift) && o->mark != FREE_MARK);
        spin_lock(&heap_lock);
        bool leaves = object_put(pg, p) == PAGE_SIZE >> shift && pg->next != m;
        if (leaves)
            frame_list_del(&partial[shift], m);
        spin_unlock(&heap_lock);
        if (!leaves)
            return;
        p = (void *)ALIGN_DOWN((uintptr_t)p, PAGE_SIZE);
        pg->order = 0; /* as lodge_pages_alloc() left it */
    }
    lodge_pages_free(p, pg->order);
}
