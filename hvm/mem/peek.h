/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vCPU's looks at its own domain's memory, of which each exit takes some:
 * instruction bytes, page tables, arguments. Without a reference to the frame,
 * and mapped once: the frames that it looked at last stay in windows of the
 * CPU, like entries of a TLB. A CPU keeps the windows of a few vCPUs, a set
 * each, for when these are back; it shows only those of the one that runs.
 *
 * A frame that leaves the p2m becomes somebody else's only after p2m_flush(),
 * which sets ->peek_stale of every vCPU of the domain and then waits until
 * each CPU that has one has served a call. So what was found stays the
 * domain's until this CPU takes interrupts or waits for a lock, and what was
 * found before is not used after it. No guest runs with windows that are stale,
 * nor with those of another vCPU. Frames that are lent to the domain come and
 * go by the thousand in domain 0: these are looked up each time, so that one
 * that goes makes nothing else stale, and their windows are gone before the
 * guest goes on after their flush.
 */
#pragma once

#include "hvm/base/hvm.h"
#include "hypervisor/cpu/percpu.h"
#include "hypervisor/mm/window.h"

/*
 * What for: a page table of level 1 (of leaves) to 4, data, or code. Each has
 * slots of its own, so that those of one access never displace each other.
 */
enum peek_use { PEEK_DATA = 0, PEEK_CODE = 5 };
#define PEEK_WAYS 240    /* slots for each use by frame number */
#define PEEK_DISPLACED 4 /* and for those whose slot another one got */
#define PEEK_WINDOWS (PEEK_WAYS + PEEK_DISPLACED)
#define PEEK_WORDS DIV_ROUND_UP(PEEK_WINDOWS, 64)
_Static_assert(WINDOW_PEEK + PEEK_WINDOWS == WINDOW_SLOTS, "slots for each");

static inline unsigned int peek_slot(unsigned int use, gfn_t g)
{
    static const struct {
        unsigned int first, nr;
    } slots[] = { { 0, 64 }, { 64, 64 }, { 128, 32 }, { 160, 32 }, { 192, 16 },
                  { 208, 32 } };

    return slots[use].first + (unsigned int)g.raw % slots[use].nr;
}

/* A set of the CPU's windows, and whose it is. */
struct peek_set {
    uint64_t token;            /* ->peek_token of the vCPU whose they are */
    bool any_lent;
    uint32_t displaced;        /* how many were */
    uint64_t used[PEEK_WORDS]; /* bits of slots that hold one, */
    uint64_t lent[PEEK_WORDS]; /* and of those that show a lent frame */
    struct {
        uint64_t key; /* 2 * (gfn + 1), plus 1: writable; 0: look again */
        char *va;
    } slot[PEEK_WINDOWS];
};

/* peek_page() for what is not in the cache, or must not be used from there. */
char *peek_fill(unsigned int slot, gfn_t g, bool write);

/* peek_page() and peek_word(); hv: current's. In place, because callers know
 * the use. */
static inline __attribute__((always_inline)) char *
peek_cached(const struct hvm_vcpu *hv, unsigned int use, gfn_t g, bool write,
            bool at_once)
{
    const struct peek_set *s = hv->peek;
    unsigned int slot = peek_slot(use, g);

    if (unlikely((s->slot[slot].key | !write) != (g.raw + 1) * 2 + 1) ||
        (!at_once && unlikely(READ_ONCE(hv->peek_stale))))
        return peek_fill(slot, g, write);
    if (!s->slot[slot].va)
        __builtin_unreachable();
    return s->slot[slot].va;
}

/*
 * The page at g of current's domain, mapped until this CPU takes interrupts,
 * waits for a lock, sleeps, or looks at another page. NULL where there is no
 * RAM, or write and the guest may not. Interrupts are off.
 */
static inline char *peek_page(unsigned int use, gfn_t g, bool write)
{
    return peek_cached(current->hvm, use, g, write, false);
}

/* Single loads, aligned or not. */
typedef uint64_t peek_u64 __attribute__((aligned(1), may_alias));
typedef uint32_t peek_u32 __attribute__((aligned(1), may_alias));

/* Reads 4 or 8 bytes inside one page, once; false where there is no RAM. hv is
 * current's; at_once: another look came just before, whose page may be used
 * still. */
static inline __attribute__((always_inline)) bool
peek_word(const struct hvm_vcpu *hv, unsigned int use, gpa_t a,
          unsigned int bytes, bool at_once, uint64_t *val)
{
    const char *p = peek_cached(hv, use, gpa_to_gfn(a), false, at_once);

    if (unlikely(!p))
        return false;
    p += a.raw & (PAGE_SIZE - 1);
    *val = bytes == 8 ? READ_ONCE(*(const peek_u64 *)p)
                      : READ_ONCE(*(const peek_u32 *)p);
    return true;
}

/* Shows the windows of v, which is current or comes onto this CPU, and ends
 * what it has found: all if that is stale, lent frames in any case. */
void peek_update(struct vcpu *v);
