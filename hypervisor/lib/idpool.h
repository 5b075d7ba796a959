/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Small numbers to hand out: domain ids, ASIDs, vectors, slots. The next one
 * is looked for behind the last, so that a number is not used again at once.
 * In a bitmap of the caller's. No locking.
 */
#ifndef LODGE_LIB_IDPOOL_H
#define LODGE_LIB_IDPOOL_H

#include "hypervisor/lib/bitmap.h"

struct idpool {
    uint64_t *used;          /* BITMAP_WORDS(size) words, zeroed */
    unsigned int size, next; /* ids 0 .. size - 1; where to look first */
};

#define IDPOOL_NONE (~0u)

static inline void idpool_init(struct idpool *p, uint64_t *used,
                               unsigned int size)
{
    *p = (struct idpool){ .used = used, .size = size };
}

/* A free id, now in use, or IDPOOL_NONE. */
static inline unsigned int idpool_get(struct idpool *p)
{
    size_t id = bitmap_find_clear(p->used, p->size, p->next);

    if (id == p->size)
        id = bitmap_find_clear(p->used, p->size, 0);
    if (id == p->size)
        return IDPOOL_NONE;
    bitmap_set(p->used, id, 1);
    p->next = (unsigned int)id + 1;
    return (unsigned int)id;
}

/* Takes a certain id; false if it is in use or there is no such. */
static inline bool idpool_take(struct idpool *p, unsigned int id)
{
    if (id >= p->size || bitmap_test(p->used, id))
        return false;
    bitmap_set(p->used, id, 1);
    return true;
}

static inline void idpool_put(struct idpool *p, unsigned int id)
{
    bitmap_clear(p->used, id, 1);
}

#endif
