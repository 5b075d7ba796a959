/* SPDX-License-Identifier: GPL-2.0-only */
/* A set of numbers as sorted ranges. */
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

static bool is_in(const struct rangeset *s, unsigned int i, uint64_t first,
                  uint64_t last)
{
    return first <= last && i < s->nr && s->ranges[i].first <= first &&
           last <= s->ranges[i].last;
}

/* Replaces `old` ranges at i by the n ranges of with; -ENOSPC. */
static int replace(struct rangeset *s, unsigned int i, unsigned int old,
                   const struct range *with, unsigned int n)
{
    if (s->nr - old + n > RANGESET_MAX)
        return -ENOSPC;
    memmove(&s->ranges[i + n], &s->ranges[i + old],
            (s->nr - i - old) * sizeof(*s->ranges));
    memcpy(&s->ranges[i], with, n * sizeof(*with));
    s->nr = s->nr - old + n;
    return 0;
}

int rangeset_add(struct rangeset *s, uint64_t first, uint64_t last)
{
    unsigned int i = find(s, first), old = 0;
    struct range r = { first, last };

    if (i < s->nr && s->ranges[i].first <= last)
        return -EEXIST;
    /* What touches it becomes part of it. */
    if (i < s->nr && s->ranges[i].first == last + 1)
        r.last = s->ranges[i + old++].last;
    if (i && s->ranges[i - 1].last == first - 1) {
        r.first = s->ranges[--i].first;
        old++;
    }
    return replace(s, i, old, &r, 1);
}

int rangeset_remove(struct rangeset *s, uint64_t first, uint64_t last)
{
    unsigned int i = find(s, first), n = 0;
    struct range r, left[2];

    if (!is_in(s, i, first, last))
        return -ENOENT;
    r = s->ranges[i];
    if (r.first < first)
        left[n++] = (struct range){ r.first, first - 1 };
    if (r.last > last)
        left[n++] = (struct range){ last + 1, r.last };
    return replace(s, i, 1, left, n);
}

bool rangeset_contains(struct rangeset *s, uint64_t first, uint64_t last)
{
    if (likely(is_in(s, s->recent, first, last)))
        return true;
    s->recent = find(s, first);
    return is_in(s, s->recent, first, last);
}
