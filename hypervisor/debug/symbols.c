/* SPDX-License-Identifier: GPL-2.0-only */
/* Looks a code address up in the generated table (symbols.awk). */
#include "hypervisor/debug/symbols.h"

#include "hypervisor/cpu/layout.h"

/* Absent in the first link. */
extern const struct symbol symbol_table[] __attribute__((weak));
extern const uint32_t symbol_count __attribute__((weak));
extern const char symbol_names[] __attribute__((weak));

const char *symbol_find(uint64_t va, unsigned int *offset)
{
    uint32_t lo = 0, hi, at;

    if (!&symbol_count || va < (uint64_t)text_start ||
        va >= (uint64_t)text_end)
        return NULL;
    hi = symbol_count;
    at = (uint32_t)(va - (uint64_t)text_start);
    /* Finds the last entry not above at. */
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;

        if (symbol_table[mid].at <= at)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == 0)
        return NULL;
    *offset = at - symbol_table[lo - 1].at;
    return symbol_names + symbol_table[lo - 1].name;
}
