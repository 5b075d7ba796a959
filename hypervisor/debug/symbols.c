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
    const struct symbol *s = symbol_table;
    uint32_t at = (uint32_t)(va - (uint64_t)text_start);

    if (!&symbol_count || va < (uint64_t)text_start ||
        va >= (uint64_t)text_end)
        return NULL;
    while (s < symbol_table + symbol_count && s->at <= at)
        s++;
    if (s == symbol_table)
        return NULL;
    *offset = at - s[-1].at;
    return symbol_names + s[-1].name;
}
