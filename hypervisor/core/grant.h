/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Grant tables, version 1: a domain's list of frames that others may map or
 * copy. Decoding of arguments is hypercall/grant-op.c's; these take plain
 * structures and return what goes into their status field.
 *
 * The table is in frames that the domain writes, so an entry is read with
 * one access and marked as in use by a compare-and-exchange; what Lodge
 * relies on is in an array of its own. An entry that is in use holds one
 * reference to its frame, a mapping holds one to the granting domain.
 */
#pragma once

#include "hypervisor/abi/grant_table.h"
#include "hypervisor/core/domain.h"

#define GRANT_FRAMES_DEFAULT 64
#define MAPTRACK_FRAMES_DEFAULT 1024

/*
 * The limits of d's configuration are in frames of 512 entries and of 256
 * mappings: negative ones mean the default, no frames at all are refused
 * before. -ENOMEM: then grant_exit() is still to be called.
 */
int grant_init(struct domain *d);
/* Drops all mappings this (dying) domain made, in bounded steps: -ERESTART
 * or 0. Its p2m entries are the p2m's to drop, before or after. */
int grant_relinquish(struct domain *d);
/* Frees the table. Nobody has mapped what it grants: a mapping has a
 * reference to the domain. */
void grant_exit(struct domain *d);

/*
 * A batch of unmaps on its way: their handles and entries stay in use until no
 * TLB has the mapping any more. On the caller's stack; all zero to begin with.
 */
#define GRANT_UNMAP_BATCH 32
struct grant_unmaps {
    unsigned int nr;
    bool flush;
    grant_handle_t handles[GRANT_UNMAP_BATCH];
};

/* One element of each batch operation, for the caller's domain d, which is
 * current's; GNTST_*. No locks held. */
int grant_map(struct domain *d, struct gnttab_map_grant_ref *op);
int grant_unmap(struct domain *d, const struct gnttab_unmap_grant_ref *op,
                struct grant_unmaps *batch);
int grant_copy(struct domain *d, const struct gnttab_copy *op);
/* Closes a batch of unmaps: flushes what they left in TLBs, then lets go of
 * the frames. The batch is empty again. */
void grant_unmap_done(struct domain *d, struct grant_unmaps *batch);

/* Grows the table to nr frames if it has fewer: -EINVAL (beyond the limit),
 * -ENOMEM. */
int grant_grow(struct domain *d, unsigned int nr);
/* Frame i of the shared table (growing it): the page, without a reference of
 * its own (special page of d); -EINVAL, -ENOMEM. */
int grant_frame(struct domain *d, unsigned int i, struct page **pg);
unsigned int grant_frames(const struct domain *d);
unsigned int grant_max_frames(const struct domain *d);
/* Exchanges two entries that are not in use; GNTST_*. */
int grant_swap(struct domain *d, grant_ref_t a, grant_ref_t b);
