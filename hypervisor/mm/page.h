/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The frame table: one struct page for each machine frame of RAM; the page
 * allocator, and the heap. A frame belongs to nobody (free), to Lodge, or to a
 * domain. Whoever can reach a domain's frame - the p2m entry, a foreign or
 * grant mapping, a DMA mapping - holds a reference; the last page_put()
 * scrubs and frees it. Nothing else frees guest memory.
 */
#pragma once

#include "hypervisor/cpu/types.h"

struct mem_region;

enum page_state {
    PAGE_RESERVED, /* not RAM, or the firmware's: never allocated */
    PAGE_FREE,
    PAGE_LODGE, /* the hypervisor's own, in the direct map */
    PAGE_GUEST, /* a domain's */
    PAGE_POOL,  /* free, but Lodge's: in the direct map (mm/lodge-pages.c) */
};

/*
 * 16 bytes: 0.4 % of RAM. Locks: (h) heap lock, (a) atomic, (c) constant
 * while allocated. What owner, order and the union hold of a frame that is
 * free is in mm/buddy.h, and of Lodge's small objects in mm/heap.c.
 */
struct page {
    uint32_t count; /* (a) references; 0 when free or Lodge's */
    uint16_t owner; /* (c) domid, for PAGE_GUEST */
    uint8_t state;  /* (h) enum page_state */
    uint8_t order;  /* (h) of a free block's first page */
    union {
        struct {
            uint32_t next, prev; /* (h) free list, frame numbers */
        };
        uint64_t gfn; /* where the owner last mapped it; a hint only, ~0: not */
    };
};
_Static_assert(sizeof(struct page) == 16, "frame table entry");

extern struct page *frame_table; /* indexed by mfn */
/* Entries: highest RAM mfn + 1. Those of holes between RAM are there to be
 * read (PAGE_RESERVED, no references), not to be written. */
extern uint64_t frame_table_size;

static inline struct page *mfn_to_page(mfn_t m)
{
    return &frame_table[m.raw];
}

static inline mfn_t page_to_mfn(const struct page *pg)
{
    return mfn((uint64_t)(pg - frame_table));
}

/*
 * Allocates 2^order frames for the domain with id `owner`, aligned to their
 * size, zeroed, each with one reference. below: highest mfn allowed plus
 * one, or 0 for anywhere. NULL when there is none. Accounting against the
 * domain's limit is the caller's (core/domain.c).
 */
struct page *page_alloc(domid_t owner, unsigned int order, uint64_t below);

/* One more reference to a frame known to have one. */
void page_get(struct page *pg);
/*
 * A reference to a frame that may be going away: false if it is gone. It may
 * be another domain's by now: the caller looks again at what led to it.
 */
bool page_try_get(struct page *pg);
/* Drops a reference; the last one scrubs and frees the frame and tells
 * mm/upcalls.h page_freed(). Any lock of rank below HEAP may be held. */
void page_put(struct page *pg);

/* Frames: free now (for domains), RAM in all (constant after boot). */
uint64_t pages_free(void);
extern uint64_t pages_total;

/* For idle CPUs: zeroes a few dirty free frames (tens of microseconds); false
 * when there is nothing to do. No locks held. */
bool page_scrub_some(void);

/*
 * Lodge's own memory: 2^order pages, zeroed, in the direct map (so entering
 * and, with a flush before reuse, leaving it). NULL when there is none.
 */
void *lodge_pages_alloc(unsigned int order);
void lodge_pages_free(void *va, unsigned int order);
mfn_t va_to_mfn(const void *va);  /* of memory from lodge_pages_alloc() */
void *mfn_to_va(mfn_t m);         /* of a PAGE_LODGE frame */
static inline uint64_t va_to_maddr(const void *va)
{
    return mfn_to_maddr(va_to_mfn(va));
}

/*
 * Small objects (mm/heap.c): power-of-two size classes from 16 bytes to half a
 * page out of lodge_pages_alloc(), larger ones whole pages. Never called on an
 * exit's path.
 *
 * Zeroed memory, aligned to 16 bytes (to PAGE_SIZE from one page on); NULL
 * when there is none.
 */
void *heap_alloc(size_t size);
/* Zeroed array; NULL also when the product overflows. */
void *heap_alloc_array(size_t n, size_t size);
/* p may be NULL. */
void heap_free(void *p);

/* Boot only: gives RAM [start, end) (bytes, page aligned) to the allocator. */
void page_allocator_add(uint64_t start, uint64_t end);

/*
 * Takes a range of free RAM out of the allocator and makes every frame of it
 * a PAGE_GUEST frame of `owner` with one reference (domain 0's identity-mapped
 * memory). -EBUSY, with nothing claimed, if any frame of it is not free.
 * zero: as page_alloc(); false, with what is in them, only at boot: later the
 * frames may have been others'.
 */
int page_claim_range(mfn_t first, uint64_t nr, domid_t owner, bool zero);

/*
 * Boot only: the same for RAM that mm_init() was told to leave alone (modules,
 * the first MiB) and that nobody uses any more. Contents are kept. -EBUSY,
 * with nothing taken, if a frame of it is not PAGE_RESERVED.
 */
int page_adopt_range(mfn_t first, uint64_t nr, domid_t owner);

/*
 * Boot only: claims the first free frames at or above *first, as many as are
 * in one run but at most max, with what is in them. Returns how many, 0: there
 * are none; *first is the first of them.
 */
uint64_t page_claim_next(uint64_t *first, uint64_t max, domid_t owner);

/*
 * The memory layer's start: from the firmware's map to a page allocator, a
 * heap and mappings.
 *
 * What must be so before (x86/boot.S): host_pml4 is live, with the image in
 * slot 511 and itself in slot RECURSIVE_SLOT; image_phys_base is set; EFER.NXE
 * is on; cpu_id() works. Nothing else needs to be mapped. Nothing of mm/ works
 * before; the first thing that does are windows.
 *
 * Boot CPU only, once. map: the firmware's, n regions, in any order, may
 * overlap. reserved: nr ranges (types are ignored) of RAM that is in use: the
 * image, the loader's information and modules. The first MiB and memory above
 * 16 TiB are left alone as well. Panics when memory does not suffice.
 *
 * Afterwards machine_map is set, and all RAM that nobody uses is free. Ranges
 * of `reserved` that are no longer in use are given to the allocator with
 * page_allocator_add(), whole pages only.
 */
void mm_init(const struct mem_region *map, unsigned int n,
             const struct mem_region *reserved, unsigned int nr);
