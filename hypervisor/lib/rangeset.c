/* SPDX-License-Identifier: GPL-2.0-only */
/* A set of numbers as sorted ranges. Owns no memory. */
#include "hypervisor/lib/rangeset.h"

#include "hypervisor/abi/errno.h"
#include "hypervisor/lib/string.h"

/* The first range that ends at or after x; nr if there is none. */
static unsigned int find(const struct rangeset *s, uint64_t x)
{
    unsigned int low = 0, high = s->nr;

    while (low < high) {
        unsigned int mid = low + (high - low) / 2;

        if (s->ranges[mid].last < x)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* Replaces `old` ranges at i by the n ranges of with; false: no room. */
static bool replace(struct rangeset *s, unsigned int i, unsigned int old,
                    const struct range *with, unsigned int n)
{
    if (s->nr - old + n > s->max)
        return false;
    memmove(&s->ranges[i + n], &s->ranges[i + old],
            (s->nr - i - old) * sizeof(*s->ranges));
    for (unsigned int k = 0; k < n; k++)
        s->ranges[i + k] = with[k];
    s->nr = s->nr - old + n;
    return true;
}

int rangeset_add(struct rangeset *s, uint64_t first, uint64_t last)
{
    struct range r = { first, last };
    unsigned int i, end;

    if (first > last)
        return -EINVAL;
    /* What overlaps or touches becomes part of it. */
    i = find(s, first ? first - 1 : 0);
    for (end = i; end < s->nr; end++) {
        if (last != ~0ull && s->ranges[end].first > last + 1)
            break;
        r.first = MIN(r.first, s->ranges[end].first);
        r.last = MAX(r.last, s->ranges[end].last);
    }
    return replace(s, i, end - i, &r, 1) ? 0 : -ENOSPC;
}

int rangeset_remove(struct rangeset *s, uint64_t first, uint64_t last)
{
    struct range left[2];
    unsigned int i, end, n = 0;

    if (first > last)
        return -EINVAL;
    i = find(s, first);
    for (end = i; end < s->nr && s->ranges[end].first <= last; end++) {
        struct range r = s->ranges[end];

        if (r.first < first)
            left[n++] = (struct range){ r.first, first - 1 };
        if (r.last > last)
            left[n++] = (struct range){ last + 1, r.last };
    }
    return replace(s, i, end - i, left, n) ? 0 : -ENOSPC;
}

bool rangeset_contains(const struct rangeset *s, uint64_t first, uint64_t last)
{
    unsigned int i = find(s, first);

    return first <= last && i < s->nr && s->ranges[i].first <= first &&
           last <= s->ranges[i].last;
}

bool rangeset_overlaps(const struct rangeset *s, uint64_t first, uint64_t last)
{
    unsigned int i = find(s, first);

    return first <= last && i < s->nr && s->ranges[i].first <= last;
}
