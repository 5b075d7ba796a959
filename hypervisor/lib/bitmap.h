/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Arrays of bits in 64-bit words: runs of them. Not atomic; single bits that
 * others change are in cpu/atomic.h.
 */
#pragma once

#include "hypervisor/lib/util.h"

#define BITMAP_WORDS(bits) DIV_ROUND_UP(bits, 64)

/* Sets or clears n bits from `first`. */
void bitmap_set(uint64_t *map, size_t first, size_t n);
void bitmap_clear(uint64_t *map, size_t first, size_t n);

/* The first of n > 0 clear bits in a row at or after `from`; size when there
 * are not so many. */
size_t bitmap_find_run(const uint64_t *map, size_t size, size_t from, size_t n);

static inline bool bitmap_test(const uint64_t *map, size_t i)
{
    return map[i / 64] >> (i % 64) & 1;
}
