/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A set of 64-bit numbers as sorted, disjoint, not touching ranges, in an
 * array that never grows, so a guest cannot make it, and a lookup is a
 * bisection without pointers, but for the range that was found last. No
 * locking: whoever looks has it for itself, too.
 */
#pragma once

#include "hypervisor/lib/util.h"

struct range {
    uint64_t first, last; /* inclusive: the whole of 64 bits is one range */
};

#define RANGESET_MAX 256

/* All zero: empty. */
struct rangeset {
    unsigned int nr, recent;
    struct range ranges[RANGESET_MAX];
};

/*
 * Adds [first, last], first <= last, of which nothing may be in the set:
 * -EEXIST; or removes it, all of which must be: -ENOENT. -ENOSPC, with nothing
 * changed, when the set would have too many ranges.
 */
int __must_check rangeset_add(struct rangeset *s, uint64_t first,
                              uint64_t last);
int __must_check rangeset_remove(struct rangeset *s, uint64_t first,
                                 uint64_t last);

/* True if all of [first, last] is in the set; false if first > last. */
bool rangeset_contains(struct rangeset *s, uint64_t first, uint64_t last);
