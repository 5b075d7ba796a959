/* SPDX-License-Identifier: GPL-2.0-only */
/* Sorting and bisection of arrays. Pure. */
#ifndef LODGE_LIB_SORT_H
#define LODGE_LIB_SORT_H

#include "hypervisor/lib/util.h"

/* Less than, equal to or greater than 0, as a is before, like, after b. */
typedef int compare_fn(const void *a, const void *b);

/* Sorts n elements in place, in O(n log n) always, without recursion. Equal
 * elements may change places. */
void sort(void *base, size_t n, size_t size, compare_fn *compare);

/* The index of the first element that is not before key, n if all are. */
size_t lower_bound(const void *key, const void *base, size_t n, size_t size,
                   compare_fn *compare);

#endif
