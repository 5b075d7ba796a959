/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fakes of the memory layer on the C library's allocator: heap, frames,
 * mappings. Misuse (a double free, a window used twice, a mapping of a free
 * frame) aborts; overruns are ASan's to find.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hypervisor/cpu/atomic.h"
#include "hypervisor/mm/map.h"
#include "hypervisor/mm/upcalls.h"
#include "hypervisor/mm/window.h"
#include "tests/unit/fakes/fakes.h"
#include "tests/unit/fakes/machine.h"

#define FIRST_FRAME 0x100

/* What backs a frame, made on first use. A Lodge block of several pages is
 * one allocation, owned by its first frame. */
struct backing {
    char *mem;
    bool owns;
    unsigned int maps;
};

FAKE struct page *frame_table;
FAKE uint64_t pages_total;
FAKE uint64_t frame_table_size;
FAKE unsigned int fake_pages_freed, fake_tlb_flushes;

static struct page *volatile fake_table; /* keeps it when frame_table is another */
static struct backing *backings;
static uint64_t free_frames, next_frame = FIRST_FRAME;
static int fail_after = -1;
static unsigned int allocs, windows, shared_maps;
static struct {
    unsigned int shown; /* of the sets */
    struct { uint64_t frame; bool used; } slot[WINDOW_SETS][WINDOW_SLOTS];
} window[MAX_CPUS];

__noreturn static void misuse(const char *what, uint64_t frame)
{
    fprintf(stderr, "fake memory layer: %s (frame %#llx)\n", what,
            (unsigned long long)frame);
    abort();
}

__attribute__((constructor(102)))
static void frames_init(void)
{
    struct page *table = fake_table = calloc(FAKE_FRAMES, sizeof(*table));

    backings = calloc(FAKE_FRAMES, sizeof(*backings));
    if (!table || !backings)
        abort();
    if (frame_table || frame_table_size) /* the real mm/init.c */
        return;
    frame_table = table;
    frame_table_size = FAKE_FRAMES;
    pages_total = FAKE_FRAMES - FIRST_FRAME;
    for (uint64_t i = FIRST_FRAME; i < FAKE_FRAMES; i++)
        table[i].state = PAGE_FREE;
    free_frames = FAKE_FRAMES - FIRST_FRAME;
}

void fake_fail_after(int n)
{
    fail_after = n;
}

bool fake_may_alloc(void)
{
    if (fail_after < 0)
        return true;
    if (fail_after == 0)
        return false;
    fail_after--;
    return true;
}

unsigned int fake_allocs(void)
{
    return allocs;
}

/* Zeroed memory; the test dies when the host has none. */
static void *must_alloc(size_t align, size_t size)
{
    void *p = NULL;

    if (posix_memalign(&p, align, size))
        abort();
    return memset(p, 0, size);
}

FAKE void *heap_alloc(size_t size)
{
    if (!fake_may_alloc())
        return NULL;
    atomic_inc(&allocs);
    return must_alloc(size >= PAGE_SIZE ? PAGE_SIZE : 16, size);
}

FAKE void *heap_alloc_array(size_t n, size_t size)
{
    size_t bytes;

    return __builtin_mul_overflow(n, size, &bytes) ? NULL : heap_alloc(bytes);
}

FAKE void heap_free(void *p)
{
    if (p)
        atomic_dec(&allocs);
    free(p);
}

/* A run of free frames, searched onward from the last one found so that a
 * frame is not reused at once. */
static uint64_t frames_find(unsigned int order, uint64_t below)
{
    uint64_t size = 1ull << order, end = below ? below : FAKE_FRAMES;

    for (unsigned int round = 0; round < 2; round++) {
        uint64_t i = ALIGN_UP(round || next_frame >= end ? FIRST_FRAME
                                                         : next_frame, size);

        for (; i + size <= MIN(end, FAKE_FRAMES); i += size) {
            uint64_t n = 0;

            while (n < size && frame_table[i + n].state == PAGE_FREE)
                n++;
            if (n == size) {
                next_frame = i + size;
                return i;
            }
        }
    }
    return 0;
}

static uint64_t frames_take(unsigned int order, uint64_t below, uint8_t state,
                            domid_t owner)
{
    uint64_t m = fake_may_alloc() ? frames_find(order, below) : 0;

    for (uint64_t i = m; m && i < m + (1ull << order); i++)
        frame_table[i] = (struct page){ .count = 1, .owner = owner,
                                        .state = state };
    if (m) {
        free_frames -= 1ull << order;
        allocs++;
    }
    return m;
}

static void frame_release(uint64_t m)
{
    if (backings[m].maps)
        misuse("freed while mapped", m);
    if (backings[m].owns)
        free(backings[m].mem);
    backings[m] = (struct backing){ 0 };
    frame_table[m] = (struct page){ .state = PAGE_FREE };
    free_frames++;
}

FAKE struct page *page_alloc(domid_t owner, unsigned int order, uint64_t below)
{
    uint64_t m = frames_take(order, below, PAGE_GUEST, owner);

    if (m)
        allocs += (1u << order) - 1; /* freed one by one */
    return m ? &frame_table[m] : NULL;
}

FAKE void page_get(struct page *pg)
{
    if (atomic_fetch_add(&pg->count, 1) == 0)
        misuse("page_get() without a reference", pg - frame_table);
}

FAKE bool page_try_get(struct page *pg)
{
    if (pg->state != PAGE_GUEST || !pg->count)
        return false;
    page_get(pg);
    return true;
}

FAKE void page_put(struct page *pg)
{
    domid_t owner = pg->owner;

    if (pg->state != PAGE_GUEST || !pg->count)
        misuse("page_put() without a reference", pg - frame_table);
    if (!atomic_dec_and_test(&pg->count))
        return;
    frame_release(pg - frame_table);
    allocs--;
    page_freed(owner);
}

FAKE uint64_t pages_free(void)
{
    return free_frames;
}

FAKE int page_claim_range(mfn_t first, uint64_t nr, domid_t owner, bool zero)
{
    for (uint64_t i = first.raw; i < first.raw + nr; i++)
        if (i >= FAKE_FRAMES || frame_table[i].state != PAGE_FREE)
            return -16; /* EBUSY */
    for (uint64_t i = first.raw; i < first.raw + nr; i++)
        frame_table[i] = (struct page){ .count = 1, .owner = owner,
                                        .state = PAGE_GUEST };
    free_frames -= nr;
    allocs += (unsigned int)nr;
    return 0;
}

/* The frame of each page of Lodge's memory, by its address. */
#define LEAF_BITS 17
static uint32_t *frame_of[1 << (35 - LEAF_BITS)];

static uint32_t *frame_slot(const void *va)
{
    uint64_t page = (uintptr_t)va >> PAGE_SHIFT;
    uint32_t **leaf = &frame_of[page >> LEAF_BITS];

    if (!*leaf)
        *leaf = calloc(1 << LEAF_BITS, sizeof(**leaf));
    return &(*leaf)[page & ((1 << LEAF_BITS) - 1)];
}

FAKE void *lodge_pages_alloc(unsigned int order)
{
    uint64_t m = frames_take(order, 0, PAGE_LODGE, 0);
    size_t size = PAGE_SIZE << order;
    char *mem;

    if (!m)
        return NULL;
    mem = must_alloc(size, size);
    for (uint64_t i = 0; i < 1ull << order; i++) {
        backings[m + i] = (struct backing){ .mem = mem + i * PAGE_SIZE,
                                            .owns = i == 0 };
        *frame_slot(mem + i * PAGE_SIZE) = (uint32_t)(m + i);
    }
    return mem;
}

FAKE mfn_t va_to_mfn(const void *va)
{
    uint32_t m = *frame_slot(va);

    if (!m || frame_table[m].state != PAGE_LODGE ||
        (char *)((uintptr_t)va & PAGE_MASK) != backings[m].mem)
        misuse("va_to_mfn() of foreign memory", (uintptr_t)va);
    return mfn(m);
}

FAKE void lodge_pages_free(void *va, unsigned int order)
{
    uint64_t m;

    if (!va)
        return;
    m = va_to_mfn(va).raw;
    if (backings[m].mem != va || !backings[m].owns)
        misuse("lodge_pages_free() inside a block", m);
    for (uint64_t i = 1ull << order; i--; )
        frame_release(m + i);
    allocs--;
}

void *fake_frame(mfn_t m)
{
    struct backing *b;

    if (m.raw >= FAKE_FRAMES || (frame_table[m.raw].state != PAGE_GUEST &&
                                 frame_table[m.raw].state != PAGE_LODGE))
        misuse("reached a frame that is not allocated", m.raw);
    b = &backings[m.raw];
    if (!b->mem)
        *b = (struct backing){ .mem = must_alloc(PAGE_SIZE, PAGE_SIZE),
                               .owns = true };
    return b->mem;
}

FAKE void *mfn_to_va(mfn_t m)
{
    if (m.raw >= FAKE_FRAMES || frame_table[m.raw].state != PAGE_LODGE)
        misuse("mfn_to_va() of a frame that is not Lodge's", m.raw);
    return fake_frame(m);
}

FAKE void page_freed(domid_t owner)
{
    (void)owner;
    atomic_inc(&fake_pages_freed);
}

FAKE void host_tlb_flush(const void *va, size_t size)
{
    atomic_inc(&fake_tlb_flushes);
    if (machine_running())
        machine_flush(va, size);
}

FAKE void window_show(unsigned int set)
{
    if (set >= WINDOW_SETS || windows)
        misuse("a set of windows cannot be shown", set);
    window[cpu_id()].shown = set;
}

FAKE void window_clear(unsigned int set, unsigned int slot)
{
    if (set >= WINDOW_SETS || set == window[cpu_id()].shown ||
        !window[cpu_id()].slot[set][slot].used)
        misuse("window slot cannot be cleared", slot);
    window[cpu_id()].slot[set][slot].used = false;
}

/* Of the set that is shown; slot must be in use or not, as said. */
static uint64_t *window_of(unsigned int slot, bool used, bool then)
{
    unsigned int shown = window[cpu_id()].shown;

    if (slot >= WINDOW_SLOTS || window[cpu_id()].slot[shown][slot].used != used)
        misuse(used ? "window slot not in use" : "window slot in use", slot);
    window[cpu_id()].slot[shown][slot].used = then;
    return &window[cpu_id()].slot[shown][slot].frame;
}

FAKE void *window_va(unsigned int slot)
{
    return fake_frame(mfn(*window_of(slot, true, true)));
}

FAKE mfn_t window_mfn(unsigned int slot)
{
    return mfn(*window_of(slot, true, true));
}

FAKE void *window_map(unsigned int slot, mfn_t m)
{
    *window_of(slot, false, true) = m.raw;
    windows += slot < WINDOW_PEEK;
    return fake_frame(m);
}

FAKE void window_unmap(unsigned int slot)
{
    (void)window_of(slot, true, false);
    windows -= slot < WINDOW_PEEK;
}

unsigned int fake_windows(void)
{
    return windows;
}

FAKE void *shared_map(mfn_t m)
{
    void *va;

    if (!fake_may_alloc())
        return NULL;
    va = fake_frame(m);
    backings[m.raw].maps++;
    allocs++;
    shared_maps++;
    return va;
}

FAKE void shared_unmap(void *va)
{
    uint64_t m = FIRST_FRAME;

    if (!va)
        return;
    while (m < FAKE_FRAMES && backings[m].mem != (char *)va)
        m++;
    if (m == FAKE_FRAMES || !backings[m].maps)
        misuse("shared_unmap() of what is not mapped", m);
    backings[m].maps--;
    allocs--;
    shared_maps--;
}

unsigned int fake_shared_maps(void)
{
    return shared_maps;
}

#define MAX_PHYS 32
static struct { uint64_t maddr; char *mem; size_t size; } phys[MAX_PHYS];
static unsigned int nr_phys;

void fake_phys_add(uint64_t maddr, void *mem, size_t size)
{
    if (nr_phys == MAX_PHYS)
        abort();
    phys[nr_phys].maddr = maddr;
    phys[nr_phys].mem = mem;
    phys[nr_phys++].size = size;
}

static void *phys_find(uint64_t maddr, size_t size)
{
    for (unsigned int i = 0; i < nr_phys; i++)
        if (maddr >= phys[i].maddr && size <= phys[i].size &&
            maddr - phys[i].maddr <= phys[i].size - size)
            return phys[i].mem + (maddr - phys[i].maddr);
    return NULL;
}

FAKE void *device_map(uint64_t maddr, size_t size)
{
    return fake_may_alloc() ? phys_find(maddr, size) : NULL;
}

FAKE const void *boot_map(uint64_t maddr, size_t size)
{
    return fake_may_alloc() ? phys_find(maddr, size) : NULL;
}

FAKE void boot_unmap(const void *va, size_t size)
{
    (void)va;
    (void)size;
}

FAKE void *stack_alloc(void)
{
    if (!fake_may_alloc())
        return NULL;
    allocs++;
    return must_alloc(STACK_SIZE, STACK_SIZE);
}

FAKE void stack_free(void *stack)
{
    if (stack)
        allocs--;
    free(stack);
}
