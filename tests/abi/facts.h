/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What one compilation says about the ABI: for each line of tests/abi/list/ a
 * pair of numbers, and for a bit-field the bytes it occupies.
 *
 * The lists are written in these words:
 *   SIZE(type)          its size
 *   FIELD(type, path)   offset and size
 *   FIELD64(type, path) the same, where 32-bit callers have no such field
 *   FLEX(type, path)    offset of an array without a length
 *   BITS(type, path)    image of an object with that bit-field all ones
 *   CONST(expression)   value, size and signedness
 */
#pragma once

#include <stdint.h>
#include <stddef.h>
#include <stdbool.h>

struct fact {
    const char *text;               /* the line of the list */
    const char *type;               /* what it belongs to, "" for CONST */
    uint64_t a, b;
    const uint8_t *image;           /* BITS only: a bytes */
};

/* The same without pointers, for a table that is read from a file. */
struct raw_fact {
    uint64_t a, b;
};

extern const struct fact facts_ours[], facts_xen[], facts_compat[];
extern const size_t nr_facts_ours, nr_facts_xen, nr_facts_compat;

#define FACT_SIZE(t)        sizeof(t)
#define FACT_FIELD(t, f)    offsetof(t, f)
#define FACT_WIDTH(t, f)    sizeof(((t *)0)->f)
#define FACT_VALUE(x)       (uint64_t)(x)
#define FACT_KIND(x)        (sizeof(x) << 1 | ((__typeof__(x))-1 < 1))
