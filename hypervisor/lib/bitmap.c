/* SPDX-License-Identifier: GPL-2.0-only */
/* Arrays of bits. Bits past the size may have any value. */
#include "hypervisor/lib/bitmap.h"

/* Bits first % 64 .. 63 of a word, and of these at most n. */
static uint64_t word_mask(size_t first, size_t n)
{
    size_t offset = first % 64;

    return (n < 64 - offset ? BIT(n) - 1 : ~0ull >> offset) << offset;
}

void bitmap_set(uint64_t *map, size_t first, size_t n)
{
    for (size_t step; n; first += step, n -= step) {
        step = MIN(64 - first % 64, n);
        map[first / 64] |= word_mask(first, n);
    }
}

void bitmap_clear(uint64_t *map, size_t first, size_t n)
{
    for (size_t step; n; first += step, n -= step) {
        step = MIN(64 - first % 64, n);
        map[first / 64] &= ~word_mask(first, n);
    }
}

/* invert: ~0 to look for clear bits, 0 for set ones. */
static size_t find(const uint64_t *map, size_t size, size_t from,
                   uint64_t invert)
{
    while (from < size) {
        uint64_t word = (map[from / 64] ^ invert) >> (from % 64);

        if (word)
            return MIN(from + bit_lowest(word), size);
        from = (from / 64 + 1) * 64;
    }
    return size;
}

size_t bitmap_find_set(const uint64_t *map, size_t size, size_t from)
{
    return find(map, size, from, 0);
}

size_t bitmap_find_clear(const uint64_t *map, size_t size, size_t from)
{
    return find(map, size, from, ~0ull);
}

size_t bitmap_find_run(const uint64_t *map, size_t size, size_t from, size_t n)
{
    while (from < size) {
        size_t start = bitmap_find_clear(map, size, from);

        if (n > size - start)
            break;
        from = bitmap_find_set(map, start + n, start);
        if (from == start + n)
            return start;
    }
    return size;
}

/* Set bits of a word, summed in pairs, then fours, then bytes: without the
 * POPCNT instruction the compiler would call its library. */
static unsigned int word_count(uint64_t w)
{
    w -= w >> 1 & 0x5555555555555555;
    w = (w & 0x3333333333333333) + (w >> 2 & 0x3333333333333333);
    w = (w + (w >> 4)) & 0x0f0f0f0f0f0f0f0f;
    return w * 0x0101010101010101 >> 56;
}

size_t bitmap_count(const uint64_t *map, size_t size)
{
    size_t n = 0, i = 0;

    for (; i + 64 <= size; i += 64)
        n += word_count(map[i / 64]);
    if (i < size)
        n += word_count(map[i / 64] & (BIT(size - i) - 1));
    return n;
}
