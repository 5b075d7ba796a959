/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What grant.c (the table of the granter) and grant-map.c (the mappings of
 * the mapper) share. For these two files only.
 *
 * Fields: (c) constant, (g) ->lock, (m) ->maptrack_lock, (a) atomic. The two
 * locks have one rank and are never held together, nor two of one kind.
 */
#ifndef LODGE_CORE_GRANT_IMPL_H
#define LODGE_CORE_GRANT_IMPL_H

#include "hypervisor/core/grant.h"
#include "hypervisor/cpu/atomic.h"

#define ENTRIES_PER_FRAME (PAGE_SIZE / sizeof(struct grant_entry_v1))

/* An entry's use, where the guest cannot reach it. (g) */
struct grant_active {
    uint32_t mfn, gfn; /* while in use; the mfn with a reference */
    uint16_t readers, writers;
    domid_t user;      /* the one domain that uses it */
};
BUILD_BUG_ON(sizeof(struct grant_active) != 16);

struct grant_frame {
    struct grant_entry_v1 *entries; /* special page of the domain */
    struct page *pg;
    struct grant_active *active;    /* ENTRIES_PER_FRAME */
};

/* A mapping, known by its handle: its place in the array. */
struct grant_mapping {
    struct domain *granter; /* with a reference */
    gfn_t gfn;              /* where, if GNTMAP_host_map */
    grant_ref_t ref;        /* (m) when free: the next free handle */
    uint16_t flags;         /* (a) GNTMAP_*; 0: free or not ready */
};

struct grant_table {
    struct spinlock lock;          /* rank GRANT */
    struct spinlock maptrack_lock; /* rank GRANT */
    unsigned int max_frames;       /* (c) */
    unsigned int max_handles;      /* (c) */
    unsigned int nr_frames;        /* (g) written, (a) */
    unsigned int nr_handles;       /* (m) written, (a) */
    grant_handle_t free_handle;    /* (m) head of the list */
    grant_handle_t relinquish_next; /* where grant_relinquish() goes on */
    struct grant_frame *frames;    /* (c) the first nr_frames */
    struct grant_mapping **maptrack; /* (c) as far as nr_handles */
};

/*
 * Puts entry `ref` of d to use for domain `user`: checks it, marks it as
 * read or written in the guest's table, takes a reference to the frame.
 * GNTST_*; *m is the frame. mapping: rather than copying.
 */
int grant_pin(struct domain *d, grant_ref_t ref, domid_t user, bool readonly,
              bool mapping, mfn_t *m);
/* Ends one such use. */
void grant_unpin(struct domain *d, grant_ref_t ref, bool readonly);
/* The frame of an entry that the caller has pinned. */
mfn_t grant_pinned_mfn(const struct domain *d, grant_ref_t ref);

int maptrack_init(struct grant_table *t, unsigned int max_frames);
void maptrack_exit(struct grant_table *t);

#endif
