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

#include "hypervisor/cpu/spinlock.h"
#include "hypervisor/lib/assert.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/mm/page.h"

#define SHIFT_MIN 4 /* 16 bytes */
#define CLASSES (PAGE_SHIFT - SHIFT_MIN) /* up to half a page */
#define HEAP_PAGE 0x40 /* above any order of pages */

#define ORDER_MAX 18

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

static void partial_add(struct page *pg, unsigned int class)
{
    uint32_t m = (uint32_t)page_to_mfn(pg).raw, *head = &partial[class];

    if (!*head) {
        pg->next = pg->prev = *head = m;
        return;
    }
    pg->next = *head;
    pg->prev = frame_table[*head].prev;
    frame_table[pg->prev].next = m;
    frame_table[pg->next].prev = m;
}

static void partial_del(struct page *pg, unsigned int class)
{
    uint32_t m = (uint32_t)page_to_mfn(pg).raw, *head = &partial[class];

    if (pg->next == m) {
        *head = 0;
        return;
    }
    frame_table[pg->next].prev = pg->prev;
    frame_table[pg->prev].next = pg->next;
    if (*head == m)
        *head = pg->next;
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

static unsigned int class_of(size_t size)
{
    return size <= 1u << SHIFT_MIN ? 0 : bit_highest(size - 1) + 1 - SHIFT_MIN;
}

/* Takes an object of a page on the partial list. Lock heap_lock. */
static void *object_take(struct page *pg, unsigned int class)
{
    struct free_object *o = object(mfn_to_va(page_to_mfn(pg)), class,
                                   pg->owner - 1u);

    ASSERT(o->mark == FREE_MARK);
    pg->owner = o->next;
    if (!pg->owner)
        partial_del(pg, class);
    return o;
}

static void *small_alloc(unsigned int class)
{
    void *o = NULL, *page;
    struct page *pg;

    spin_lock(&heap_lock);
    if (partial[class])
        o = object_take(&frame_table[partial[class]], class);
    spin_unlock(&heap_lock);
    if (o)
        return o;

    page = lodge_pages_alloc(0);
    if (!page)
        return NULL;
    page_fill(page, class);
    pg = mfn_to_page(va_to_mfn(page));
    pg->order = (uint8_t)(HEAP_PAGE + class);
    pg->owner = 1;
    spin_lock(&heap_lock);
    partial_add(pg, class);
    o = object_take(pg, class);
    spin_unlock(&heap_lock);
    return o;
}

/* Returns the page if it is empty and another one has room: to be freed. */
static void *small_free(void *p, struct page *pg, unsigned int class)
{
    void *page = (void *)ALIGN_DOWN((uintptr_t)p, PAGE_SIZE);
    unsigned int n = 1u << (CLASSES - class);
    size_t offset = (uintptr_t)p % PAGE_SIZE;
    struct free_object *o = p;

    ASSERT(offset % (16ul << class) == 0 && o->mark != FREE_MARK);
    spin_lock(&heap_lock);
    *o = (struct free_object){ .next = pg->owner, .left = 1, .mark = FREE_MARK };
    if (pg->owner)
        o->left += object(page, class, pg->owner - 1u)->left;
    else
        partial_add(pg, class);
    pg->owner = (uint16_t)(1 + (offset >> (class + SHIFT_MIN)));
    if (o->left < n || pg->next == page_to_mfn(pg).raw)
        page = NULL;
    else
        partial_del(pg, class);
    spin_unlock(&heap_lock);
    return page;
}

void *heap_alloc(size_t size)
{
    void *p;

    if (size > PAGE_SIZE / 2) {
        unsigned int order = size > PAGE_SIZE
                                 ? bit_highest(size - 1) + 1 - PAGE_SHIFT : 0;

        return order > ORDER_MAX ? NULL : lodge_pages_alloc(order);
    }
    p = small_alloc(class_of(size));
    return p ? memset(p, 0, 16ul << class_of(size)) : NULL;
}

void *heap_alloc_array(size_t n, size_t size)
{
    size_t bytes;

    return __builtin_mul_overflow(n, size, &bytes) ? NULL : heap_alloc(bytes);
}

void heap_free(void *p)
{
    struct page *pg;
    unsigned int order;

    if (!p)
        return;
    pg = mfn_to_page(va_to_mfn(p));
    order = pg->order;
    ASSERT(pg->state == PAGE_LODGE);
    if (order < HEAP_PAGE) {
        lodge_pages_free(p, order);
        return;
    }
    order -= HEAP_PAGE;
    p = small_free(p, pg, order);
    if (p) {
        pg->order = 0; /* as lodge_pages_alloc() left it */
        lodge_pages_free(p, 0);
    }
}
