/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entries of nested page tables. EPT and NPT agree on where the address is,
 * on bit 7 for a large page, and on bits that the CPU ignores, where the
 * type is kept; they differ only in flags, which are data of the vendor.
 * Sources: SDM vol. 3C 29.3.2, APM vol. 2 15.25.
 */
#pragma once

#include "hvm/mem/p2m.h"

#define PT_ADDR 0x000ffffffffff000ull
#define PT_LARGE BIT(7)
#define PT_TYPE_SHIFT 52
#define PT_TYPE_MASK 0xfull
#define PT_ENTRIES 512u

struct pt_format {
    uint64_t table;             /* flags of an entry that names a table */
    uint64_t leaf[P2M_TYPES];   /* flags of a leaf by type, without PT_LARGE */
    bool has_1g;                /* 1 GiB leaves */
    /*
     * The flag that the CPU sets in a leaf, noting its address in a log, when
     * the guest writes there; of all leaves only P2M_RAM_LOG's lack it then.
     * 0: there is no such log, and writes to P2M_RAM_LOG fault.
     */
    uint64_t dirty;
    /*
     * Flags of execution that large leaves do not get, as a CPU with a bug
     * must not fetch from them: p2m_allow_fetch() splits one. 0: none.
     */
    uint64_t exec;
};

/* Leaves of RAM by type, given the flags of one that guests may write to, and
 * of one that they may only read. */
#define PT_RAM_LEAVES(rw, ro)                                               \
    [P2M_RAM] = (rw), [P2M_FOREIGN] = (rw), [P2M_GRANT_RW] = (rw),          \
    [P2M_RAM_LOG] = (ro), [P2M_RAM_RO] = (ro), [P2M_GRANT_RO] = (ro),       \
    [P2M_IOREQ] = (ro)

extern struct pt_format pt_format; /* (c) the vendor's, set at boot */

/* Type of a leaf; P2M_NONE for a table or nothing. */
static inline enum p2m_type pt_type(uint64_t e)
{
    return (enum p2m_type)(e >> PT_TYPE_SHIFT & PT_TYPE_MASK);
}

static inline bool pt_is_table(uint64_t e)
{
    return e && pt_type(e) == P2M_NONE;
}

static inline mfn_t pt_mfn(uint64_t e)
{
    return maddr_to_mfn(e & PT_ADDR);
}

static inline uint64_t pt_leaf(mfn_t m, unsigned int order, enum p2m_type t)
{
    uint64_t flags = pt_format.leaf[t];

    if (order)
        flags = (flags & ~pt_format.exec) | PT_LARGE;
    return mfn_to_maddr(m) | flags | (uint64_t)t << PT_TYPE_SHIFT;
}

/* Index of g in its table of leaves of this order (or tables above it). */
static inline unsigned int pt_index(gfn_t g, unsigned int order)
{
    return (unsigned int)(g.raw >> order) & (PT_ENTRIES - 1);
}
