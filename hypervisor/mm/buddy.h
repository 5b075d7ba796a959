/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Free frames as blocks of 2^order, merged with their buddies. There are two
 * sets of them: the machine's free memory, and the free part of what Lodge
 * has taken into its direct map. A block's frames all have the set's state
 * and no references; everything else about them is in struct page:
 *
 *   order  the block's, in its first frame; BUDDY_INSIDE in the others
 *   owner  BUDDY_DIRTY if the frame is not zeroed; in the first frame also
 *          the hint: 0, or 1 + the first scrub unit that may have dirt
 *   next, prev  in the first frame: neighbours on the free list
 *
 * No locking: the page allocator's lock covers both sets. A block that was
 * taken is the caller's and is merged with nothing, though its frames keep the
 * set's state: whoever marks them as its own changes `order` last, if at all.
 */
#pragma once

#include "hypervisor/mm/page.h"

#define BUDDY_ORDERS 19 /* up to 1 GiB */
#define BUDDY_ZONES 32u /* of frame numbers with the same highest bit */

#define BUDDY_INSIDE 0xff
#define BUDDY_DIRTY 0x8000
#define BUDDY_HINT 0x7fff

/* Frames are scrubbed 32 at a time: some 15 us of memory traffic. */
#define BUDDY_UNIT_ORDER 5u
#define BUDDY_CLEAN (~0ull) /* no frame of a block is dirty */

struct buddy {
    uint8_t state;     /* of its frames: enum page_state */
    bool dirty;        /* (a) a block may have dirt */
    uint64_t nr_free;  /* (a) frames on the lists */
    uint32_t orders[BUDDY_ZONES];             /* bit o: a list is not empty */
    uint32_t head[BUDDY_ZONES][BUDDY_ORDERS]; /* circular lists; 0: empty */
};

/*
 * Adds a block, aligned to its size, that has been in use: all of it is dirty.
 * Frame 0 can not be given.
 */
void buddy_free(struct buddy *b, uint64_t m, unsigned int order);
/* The same for a block that was taken and whose frames are still marked as
 * they were then. dirty: its first frame that may be, or BUDDY_CLEAN. */
void buddy_put_back(struct buddy *b, uint64_t m, unsigned int order,
                    uint64_t dirty);

/*
 * Takes a block with all frames below `below` (0: anywhere), from the highest
 * addresses that fit, clean rather than dirty. Returns its first frame, or 0.
 */
uint64_t buddy_take(struct buddy *b, unsigned int order, uint64_t below);
/* Takes the largest block of at most `limit` frames that starts with free
 * frame m. Returns its order. */
unsigned int buddy_take_at(struct buddy *b, uint64_t m, uint64_t limit);
/* Takes a block of at most one unit that may have dirt. Returns its first
 * frame and order, or 0. */
uint64_t buddy_take_dirty(struct buddy *b, unsigned int *order);
/* The first free block, in any order, of at least `order`: its first frame
 * (still on the list), or 0. after: 0, or the block that came before. */
uint64_t buddy_next(const struct buddy *b, unsigned int order, uint64_t after);
/* The free block that frame m is in: its first frame, or 0. */
uint64_t buddy_block_of(const struct buddy *b, uint64_t m);
