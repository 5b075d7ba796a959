/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One table of facts. Compiled with one of
 *   -DTABLE_OURS     hypervisor/abi
 *   -DTABLE_XEN      libxen-dev
 *   -DTABLE_COMPAT   hypervisor/abi, layouts of 32-bit callers
 */
#include "tests/abi/facts.h"
#ifdef TABLE_XEN
#include "tests/abi/headers-xen.h"
#else
#include "tests/abi/headers-ours.h"
#endif

#define SIZE(t)     { "SIZE(" #t ")", #t, FACT_SIZE(t), 0, 0 },
#define FIELD(t, f) { "FIELD(" #t ", " #f ")", #t, FACT_FIELD(t, f), \
                      FACT_WIDTH(t, f), 0 },
#define FIELD64(t, f) FIELD(t, f)
#define FLEX(t, f)  { "FLEX(" #t ", " #f ")", #t, FACT_FIELD(t, f), 0, 0 },
#define BITS(t, f)  { "BITS(" #t ", " #f ")", #t, sizeof(t), 0, \
                      (const uint8_t *)&(const t){ .f = -1 } },
#define CONST(x)    { "CONST(" #x ")", "", FACT_VALUE(x), FACT_KIND(x), 0 },

#if defined(TABLE_OURS)
#define TABLE facts_ours
#define COUNT nr_facts_ours
#define FACTS "tests/abi/list/all.h"
#elif defined(TABLE_XEN)
#define TABLE facts_xen
#define COUNT nr_facts_xen
#define FACTS "tests/abi/list/all.h"
#else
#define TABLE facts_compat
#define COUNT nr_facts_compat
#define FACTS "tests/abi/list/compat.h"
#endif

const struct fact TABLE[] = {
#include FACTS
};

const size_t COUNT = sizeof(TABLE) / sizeof(TABLE[0]);
