/* SPDX-License-Identifier: GPL-2.0-only */
/* Arrays of bits. Bits past the size may have any value. */
#include "hypervisor/lib/bitmap.h"

void bitmap_set(uint64_t *map, size_t first, size_t n)
{
    for (size_t i = first; i < first + n; i++)
        map[i / 64] |= BIT(i % 64);
}

void bitmap_clear(uint64_t *map, size_t first, size_t n)
{
    for (size_t i = first; i < first + n; i++)
        map[i / 64] &= ~BIT(i % 64);
}

size_t bitmap_find_run(const uint64_t *map, size_t size, size_t from, size_t n)
{
    size_t run = 0;

    for (size_t i = from; i < size; i++) {
        if (!(i % 64) && map[i / 64] == ~0ull) {
            run = 0;
            i += 63; /* full words are the common case of a long search */
            continue;
        }
        run = bitmap_test(map, i) ? 0 : run + 1;
        if (run == n)
            return i + 1 - n;
    }
    return size;
}
