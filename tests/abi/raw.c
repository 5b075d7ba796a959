/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Facts of libxen-dev as a 32-bit guest sees them. Compiled with -m32 but
 * never linked (no 32-bit C library is needed): the section .facts is copied
 * out of the object and read by compare.c.
 *
 * With -DTABLE_COMPAT the list of compat.h, else all others. Constants do not
 * depend on the width and are left out as zeroes, bit-fields too.
 */
#include "tests/abi/facts.h"
#include "tests/abi/headers-xen.h"

#define SIZE(t)     { FACT_SIZE(t), 0 },
#define FIELD(t, f) { FACT_FIELD(t, f), FACT_WIDTH(t, f) },
#define FIELD64(t, f) { 0, 0 },
#define FLEX(t, f)  { FACT_FIELD(t, f), 0 },
#define BITS(t, f)  { sizeof(t), 0 },
#define CONST(x)    { 0, 0 },

__attribute__((section(".facts"), used))
static const struct raw_fact facts[] = {
#ifdef TABLE_COMPAT
#include "tests/abi/list/compat.h"
#else
#include "tests/abi/list/all.h"
#endif
};
