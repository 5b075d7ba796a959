/* SPDX-License-Identifier: GPL-2.0-only */
/* Heap sort and bisection. */
#include "hypervisor/lib/sort.h"

static void swap(char *a, char *b, size_t size)
{
    while (size--) {
        char c = *a;

        *a++ = *b;
        *b++ = c;
    }
}

/* Moves element i down to where it is after its children. */
static void sift(char *base, size_t i, size_t n, size_t size,
                 compare_fn *compare)
{
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n &&
            compare(base + child * size, base + (child + 1) * size) < 0)
            child++;
        if (compare(base + i * size, base + child * size) >= 0)
            return;
        swap(base + i * size, base + child * size, size);
    }
}

void sort(void *base, size_t n, size_t size, compare_fn *compare)
{
    for (size_t i = n / 2; i--; )
        sift(base, i, n, size, compare);
    for (size_t i = n; i-- > 1; ) {
        swap(base, (char *)base + i * size, size);
        sift(base, 0, i, size, compare);
    }
}

size_t lower_bound(const void *key, const void *base, size_t n, size_t size,
                   compare_fn *compare)
{
    size_t low = 0;

    while (low < n) {
        size_t mid = low + (n - low) / 2;

        if (compare((const char *)base + mid * size, key) < 0)
            low = mid + 1;
        else
            n = mid;
    }
    return low;
}
