/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Boxed numbers: a machine frame, a guest frame and the addresses of both
 * cannot be mixed up, at no cost. Addresses of the machine are plain
 * uint64_t named maddr.
 */
#pragma once

#include "hypervisor/lib/util.h"

#define BOXED(name, repr)                                                   \
    typedef struct { repr raw; } name##_t;                                  \
    static inline name##_t name(repr raw) { return (name##_t){ raw }; }     \
    static inline name##_t name##_add(name##_t a, repr n)                   \
    { return (name##_t){ a.raw + n }; }                                     \
    static inline bool name##_eq(name##_t a, name##_t b)                    \
    { return a.raw == b.raw; }

BOXED(mfn, uint64_t)  /* machine frame number */
BOXED(gfn, uint64_t)  /* guest frame number */
BOXED(gpa, uint64_t)  /* guest physical address */
BOXED(gva, uint64_t)  /* guest linear address */

#define INVALID_MFN mfn(~0ull)
#define INVALID_GFN gfn(~0ull)

static inline bool mfn_is_invalid(mfn_t m) { return m.raw == ~0ull; }
static inline uint64_t mfn_to_maddr(mfn_t m) { return m.raw << PAGE_SHIFT; }
static inline mfn_t maddr_to_mfn(uint64_t a) { return mfn(a >> PAGE_SHIFT); }
static inline gfn_t gpa_to_gfn(gpa_t a) { return gfn(a.raw >> PAGE_SHIFT); }

typedef uint16_t domid_t;
