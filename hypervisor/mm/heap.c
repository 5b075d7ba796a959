/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Small objects. A page of Lodge's memory holds objects of one power-of-two
 * size and nothing else; what must be known about it is in its struct page
 * and in its free objects:
 *
 *   order  HEAP_PAGE + the size class (pages of large objects: their order)
 *   owner  1 + number of the first free object; 0: all are in use
 *   next, prev  neighbours on the list of pages with free objects
 *
 * An empty page goes back at once, unless it is the last of its size.
 */
#include "hypervisor/mm/heap.h"

#include "hypervisor/lib/assert.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/mm/internal.h"

#define SHIFT_MIN 4 /* 16 bytes */
#define CLASSES (PAGE_SHIFT - SHIFT_MIN) /* up to half a page */
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
/* Pages with free objects, circular; the frame number of one, 0: none. */
static uint32_t partial[CLASSES];

static struct free_object *object(void *page, unsigned int class,
                                  unsigned int i)
{
    return (struct free_object *)((char *)page + ((size_t)i << (class + SHIFT_MIN)));
}

/* Makes all objects of a new page free. */
static void page_fill(void *page, unsigned int class)
{
    unsigned int n = 1u << (CLASSES - class);

    for (unsigned int i = 0; i < n; i++)
        *object(page, class, i) = (struct free_object){
            .next = (uint16_t)(i + 1 < n ? i + 2 : 0),
            .left = (uint16_t)(n - i),
            .mark = FREE_MARK,
        };
}

static void *small_alloc(unsigned int class)
{
    struct free_object *o;
    struct page *pg;
    void *page;

    spin_lock(&heap_lock);
    if (!partial[class]) {
        spin_unlock(&heap_lock);
        page = lodge_pages_alloc(0);
        if (!page)
            return NULL;
        page_fill(page, class);
        pg = mfn_to_page(va_to_mfn(page));
        pg->order = (uint8_t)(HEAP_PAGE + class);
        pg->owner = 1;
        spin_lock(&heap_lock);
        frame_list_add(&partial[class], page_to_mfn(pg).raw);
    }
    pg = &frame_table[partial[class]];
    o = object(mfn_to_va(page_to_mfn(pg)), class, pg->owner - 1u);
    ASSERT(o->mark == FREE_MARK);
    pg->owner = o->next;
    if (!pg->owner)
        frame_list_del(&partial[class], page_to_mfn(pg).raw);
    spin_unlock(&heap_lock);
    return o;
}

/* Returns the page if it is empty and another one has room: to be freed. */
static void *small_free(void *p, struct page *pg, unsigned int class)
{
    void *page = (void *)ALIGN_DOWN((uintptr_t)p, PAGE_SIZE);
    unsigned int n = 1u << (CLASSES - class);
    size_t offset = (uintptr_t)p % PAGE_SIZE;
    uint64_t m = page_to_mfn(pg).raw;
    struct free_object *o = p;

    ASSERT(offset % (16ul << class) == 0 && o->mark != FREE_MARK);
    spin_lock(&heap_lock);
    *o = (struct free_object){ .next = pg->owner, .left = 1, .mark = FREE_MARK };
    if (pg->owner)
        o->left += object(page, class, pg->owner - 1u)->left;
    else
        frame_list_add(&partial[class], m);
    pg->owner = (uint16_t)(1 + (offset >> (class + SHIFT_MIN)));
    if (o->left < n || pg->next == m)
        page = NULL;
    else
        frame_list_del(&partial[class], m);
    spin_unlock(&heap_lock);
    return page;
}

void *heap_alloc(size_t size)
{
    unsigned int bits = size <= 1u << SHIFT_MIN ? SHIFT_MIN
                                                : bit_highest(size - 1) + 1;
    void *p;

    if (bits >= PAGE_SHIFT)
        return lodge_pages_alloc(bits - PAGE_SHIFT);
    p = small_alloc(bits - SHIFT_MIN);
    return p ? memset(p, 0, 1ul << bits) : NULL;
}

void *heap_alloc_array(size_t n, size_t size)
{
    size_t bytes;

    return __builtin_mul_overflow(n, size, &bytes) ? NULL : heap_alloc(bytes);
}

void heap_free(void *p)
{
    unsigned int order;
    struct page *pg;

    if (!p)
        return;
    pg = mfn_to_page(va_to_mfn(p));
    ASSERT(pg->state == PAGE_LODGE);
    order = pg->order;
    if (order >= HEAP_PAGE) {
        p = small_free(p, pg, order - HEAP_PAGE);
        if (!p)
            return;
        order = pg->order = 0; /* as lodge_pages_alloc() left it */
    }
    lodge_pages_free(p, order);
}
