/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Circular doubly linked list with the link inside the element. No locking.
 */
#pragma once

#include "hypervisor/lib/util.h"

struct list {
    struct list *next, *prev;
};

static inline void list_init(struct list *l)
{
    l->next = l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
    return l->next == l;
}

/* Inserts e right after pos. */
static inline void list_add(struct list *pos, struct list *e)
{
    e->next = pos->next;
    e->prev = pos;
    pos->next->prev = e;
    pos->next = e;
}

/* Takes e out and leaves it an empty list, so that doing it twice is safe. */
static inline void list_del(struct list *e)
{
    e->prev->next = e->next;
    e->next->prev = e->prev;
    list_init(e);
}

#define list_entry(ptr, type, member) container_of(ptr, type, member)
#define list_first(head, type, member) list_entry((head)->next, type, member)

#define list_for_each(it, head, member)                                     \
    for (it = list_entry((head)->next, typeof(*it), member);                \
         &it->member != (head);                                             \
         it = list_entry(it->member.next, typeof(*it), member))
