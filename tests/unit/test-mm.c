/* sources: hypervisor/mm/e820.c hypervisor/mm/init.c
   hypervisor/mm/page.c hypervisor/mm/buddy.c hypervisor/mm/lodge-pages.c
   hypervisor/mm/paging.c hypervisor/mm/window.c hypervisor/mm/map.c
   hypervisor/mm/heap.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The whole memory layer on the fake machine, whose RAM is full of garbage:
 * boot, then random work with a model of who owns what. Checked all along:
 * memory comes zeroed and is nobody else's; a frame that a domain gets is in
 * no TLB and no page table; what is mapped is mapped to the right frame.
 */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hypervisor/abi/errno.h"
#include "hypervisor/cpu/layout.h"
#include "hypervisor/mm/internal.h"
#include "hypervisor/mm/map.h"
#include "hypervisor/mm/window.h"
#include "tests/unit/fakes/fakes.h"
#include "tests/unit/fakes/machine.h"
#include "tests/unit/test.h"

/* The real one, to compute with; the fake is linked. */
#define pt_entry real_pt_entry
#include "../../hypervisor/mm/pt-entry.h"
#undef pt_entry
/* The real ones, in place of the fakes. */
void *window_va(unsigned int slot)
{
    return real_window_va(slot);
}

void *window_map(unsigned int slot, mfn_t m)
{
    return real_window_map(slot, m);
}

void window_unmap(unsigned int slot)
{
    real_window_unmap(slot);
}

TEST_PROGRAM;

static uint64_t seed = 1;

static uint32_t rnd(uint32_t n)
{
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(seed >> 33) % n;
}

/* Only the tables' own pages and small numbers of TLB entries are walked. */
static bool is_zero(const void *mem, size_t n)
{
    const uint64_t *p = mem;

    for (size_t i = 0; i < n / 8; i++)
        if (p[i])
            return false;
    return true;
}

static void boot(const struct mem_region *map, unsigned int n,
                 const struct mem_region *reserved, unsigned int nr)
{
    uint64_t size = 0;

    for (unsigned int i = 0; i < n; i++)
        if (map[i].type == MEM_RAM)
            size = MAX(size, map[i].end);
    machine_start(size);
    for (unsigned int i = 0; i < n; i++)
        if (map[i].type == MEM_RAM)
            memset(machine_memory(map[i].start), 0xa5,
                   map[i].end - map[i].start);
    mm_init(map, n, reserved, nr);
}

static const struct mem_region small_map[] = {
    { 0, 0x9fc00, MEM_RAM },
    { 0x9fc00, 0xa0000, MEM_RESERVED },
    { 0xf0000, 0x100000, MEM_RESERVED },
    { 0x100000, 0x3fe0800, MEM_RAM },
    { 0x3fe0800, 0x4000000, MEM_ACPI },
};
static const struct mem_region small_reserved[] = {
    { 0x200000, 0x400000, 0 },
    { 0x1000800, 0x1234567, 0 },
};

static void boot_small(void)
{
    boot(small_map, ARRAY_SIZE(small_map), small_reserved,
         ARRAY_SIZE(small_reserved));
}

/* Nothing maps this frame: neither the direct map nor a TLB entry. */
static void check_unmapped(mfn_t m)
{
    unsigned int level;

    CHECK_EQ(machine_translate(DIRECT_BASE + mfn_to_maddr(m), &level), 0);
    CHECK_EQ(machine_tlb_of(m), 0);
}

static void check_all_free_unmapped(void)
{
    for (uint64_t m = 0; m < frame_table_size; m++)
        if (frame_table[m].state == PAGE_FREE)
            check_unmapped(mfn(m));
}

/* The recursive slot: what a walk that starts at the top table finds at the
 * address of an entry is the table that holds it. */
static void test_entry_addresses(void)
{
    const uint64_t va = 0xffff812345678000, slots[] = {
        va >> 12 & 511, va >> 21 & 511, va >> 30 & 511, va >> 39 & 511,
    };

    for (unsigned int level = 1; level <= 4; level++) {
        uint64_t entry = (uintptr_t)real_pt_entry(level, va);

        CHECK_EQ(entry >> 47, 0x1ffff);
        CHECK_EQ((entry & 0xfff) / 8, slots[level - 1]);
        for (unsigned int l = 1; l <= 4; l++) {
            unsigned int slot = entry >> (12 + 9 * (l - 1)) & 511;

            CHECK_EQ(slot, l + level > 4 ? RECURSIVE_SLOT
                                         : slots[l + level - 1]);
        }
    }
}

static uint64_t frames_dirty(void)
{
    uint64_t n = 0;

    for (uint64_t m = 0; m < frame_table_size; m++)
        n += frame_table[m].state == PAGE_FREE &&
             frame_table[m].owner & BUDDY_DIRTY;
    return n;
}

/* The first run of free frames at or above `from`. */
static uint64_t page_next_free(uint64_t from, uint64_t *end)
{
    uint64_t m = from;

    while (m < frame_table_size && frame_table[m].state != PAGE_FREE)
        m++;
    *end = m;
    while (*end < frame_table_size && frame_table[*end].state == PAGE_FREE)
        ++*end;
    return m;
}

static void test_boot(void)
{
    uint64_t free, end, first;

    boot_small();
    CHECK_EQ(machine_map.n, 5);
    CHECK_EQ(pages_total, 0x9f + 0x3fe0 - 0x100);
    CHECK_EQ(frame_table_size, 0x3fe0);
    free = pages_free();
    /* Image and module are kept; tables and frame table take under 1.2 %
     * of this small machine. */
    CHECK(free <= pages_total - 0x9f - 0x200 - 0x235);
    CHECK(free >= (pages_total - 0x9f - 0x200 - 0x235) * 988 / 1000);
    CHECK_EQ(frames_dirty(), free);

    first = page_next_free(0, &end);
    CHECK_EQ(first, 0x100);
    CHECK_EQ(end, 0x200);
    first = page_next_free(end, &end);
    CHECK_EQ(first, 0x400);
    CHECK_EQ(end, 0x1000);
    CHECK_EQ(page_next_free(0x1000, &end), 0x1235);
    CHECK_EQ(frame_table[0x300].state, PAGE_RESERVED);
    CHECK(!page_try_get(&frame_table[0x300]));

    /* The module is given back. */
    page_allocator_add(0x1001000, 0x1234000);
    CHECK_EQ(pages_free(), free + 0x233);
}

/* A frame table with holes: entries that may be read, none that costs. */
static void test_holes(void)
{
    const struct mem_region map[] = {
        { 0, MB(8), MEM_RAM },
        { GB(3), GB(3) + MB(6), MEM_RAM },
        { GB(600), GB(600) + MB(1), MEM_RAM },
    };
    unsigned int level;

    boot(map, 3, NULL, 0);
    CHECK_EQ(pages_total, 15 * 256);
    CHECK(pages_free() > 11 * 256);
    for (uint64_t m = 0; m < frame_table_size; m += m < 0x1000 ? 97 : 19997)
        if (frame_table[m].state != PAGE_FREE) {
            CHECK_EQ(frame_table[m].state, PAGE_RESERVED);
            CHECK(!page_try_get(&frame_table[m]));
        }
    CHECK(!(machine_translate((uintptr_t)&frame_table[GB(1) / PAGE_SIZE],
                              &level) & PTE_RW));
    CHECK_EQ(page_claim_range(mfn(GB(1) / PAGE_SIZE), 4, 0, false), -EBUSY);
    CHECK(page_alloc(1, 11, 0) == NULL);
    CHECK(page_alloc(1, 0, 0x100) == NULL); /* the first MiB is left alone */
    CHECK(page_to_mfn(page_alloc(1, 9, 0x800)).raw < 0x800);
}

static void test_claim(void)
{
    uint64_t free, end, taken;
    void *stack;

    boot_small();
    free = pages_free();
    CHECK_EQ(page_claim_range(mfn(0x1ff), 1, 7, false), 0);
    CHECK_EQ(page_claim_range(mfn(0x101), 0xff, 7, false), -EBUSY);
    CHECK_EQ(pages_free(), free - 1);
    CHECK_EQ(page_claim_range(mfn(0x401), 0xbfe, 7, false), 0);
    CHECK_EQ(page_claim_range(mfn(0x3ff), 1, 7, false), -EBUSY);
    CHECK_EQ(page_claim_range(mfn(frame_table_size - 1), 2, 7, false), -EBUSY);
    CHECK_EQ(pages_free(), free - 0xbff);
    CHECK_EQ(page_next_free(0x400, &end), 0x400);
    CHECK_EQ(end, 0x401);
    CHECK(page_try_get(&frame_table[0x555]));
    CHECK_EQ(frame_table[0x555].count, 2);
    page_put(&frame_table[0x555]);
    for (uint64_t m = 0x401; m < 0xfff; m++)
        page_put(&frame_table[m]);
    CHECK_EQ(fake_pages_freed, 0xbfe);

    /* What somebody is about to get is nobody else's, though still marked as
     * free; what was somebody's is zeroed. */
    spin_lock(&page_lock);
    taken = free_memory_take(3, 0x400);
    spin_unlock(&page_lock);
    CHECK_EQ(frame_table[taken].state, PAGE_FREE);
    CHECK_EQ(page_claim_range(mfn(taken + 7), 1, 7, true), -EBUSY);
    CHECK_EQ(page_claim_range(mfn(taken - 1), 2, 7, true), -EBUSY);
    frames_free(taken << PAGE_SHIFT, 3);
    memset(machine_memory(0x500000), 0x99, PAGE_SIZE);
    CHECK_EQ(page_claim_range(mfn(0x500), 1, 7, true), 0);
    CHECK(is_zero(machine_memory(0x500000), PAGE_SIZE));
    page_put(&frame_table[0x500]);
    CHECK_EQ(pages_free(), free - 1);

    /* The next ones that are free, from low addresses up. */
    taken = 0;
    CHECK_EQ(page_claim_next(&taken, 0x80, 7), 0x80);
    CHECK_EQ(taken, 0x100);
    taken += 0x80;
    CHECK_EQ(page_claim_next(&taken, 0x80, 7), 0x7f); /* 0x1ff is taken */
    CHECK_EQ(taken, 0x180);
    CHECK_EQ(pages_free(), free - 1 - 0xff);
    taken = frame_table_size;
    CHECK_EQ(page_claim_next(&taken, 1, 7), 0);
    for (uint64_t m = 0x100; m < 0x1ff; m++)
        page_put(&frame_table[m]);

    /* All of it is still usable. */
    stack = stack_alloc();
    CHECK(stack && is_zero(stack, STACK_SIZE));
    stack_free(stack);
}

/* What the random test owns. */
enum kind { GUEST, LODGE, HEAP, STACK, SHARED, KINDS };
struct thing {
    enum kind kind;
    unsigned int order;
    size_t size;        /* of HEAP */
    void *va;
    struct page *pg;    /* of GUEST, and the frame behind SHARED */
    uint64_t mark;
};
#define THINGS 600
static struct thing things[THINGS];
static unsigned int nr_things;
static uint64_t marks = 0x1111;

/* Its memory in 64-bit words, for a check of all of them. */
static size_t thing_size(const struct thing *t)
{
    switch (t->kind) {
    case GUEST:
        return PAGE_SIZE << t->order;
    case LODGE:
        return PAGE_SIZE << t->order;
    case HEAP:
        return t->size;
    case STACK:
        return STACK_SIZE;
    default:
        return PAGE_SIZE;
    }
}

/* A place in it, by the way that its owner would use. */
static void thing_access(const struct thing *t, size_t offset, uint64_t *value,
                         bool write)
{
    char *va = t->va;

    if (t->kind == GUEST)
        va = (char *)window_map(WINDOW_DATA, mfn_add(page_to_mfn(t->pg),
                                           offset >> PAGE_SHIFT)) -
             (offset & PAGE_MASK);
    if (write)
        memcpy(va + offset, value, 8);
    else
        memcpy(value, va + offset, 8);
    if (t->kind == GUEST)
        window_unmap(WINDOW_DATA);
}

static void thing_mark(const struct thing *t)
{
    size_t size = thing_size(t), step = size > 4096 ? 1016 : 8;
    uint64_t v;

    for (size_t o = 0; o + 8 <= size; o += step) {
        thing_access(t, o, &v, false);
        CHECK_EQ(v, 0);
        v = t->mark + o;
        thing_access(t, o, &v, true);
    }
}

static void thing_check(const struct thing *t)
{
    size_t size = thing_size(t), step = size > 4096 ? 1016 : 8;
    uint64_t v;

    for (size_t o = 0; o + 8 <= size; o += step) {
        thing_access(t, o, &v, false);
        CHECK_EQ(v, t->mark + o);
    }
}

static struct page *guest_pages(unsigned int order, uint64_t below)
{
    struct page *pg = page_alloc(5, order, below);

    for (uint64_t i = 0; pg && i < 1ull << order; i++) {
        mfn_t m = mfn_add(page_to_mfn(pg), i);

        check_unmapped(m);
        CHECK_EQ(pg[i].count, 1);
        CHECK_EQ(pg[i].owner, 5);
        if (order < 4 || i % 61 == 0)
            CHECK(is_zero(machine_memory(mfn_to_maddr(m)), PAGE_SIZE));
        if (below)
            CHECK(m.raw < below);
    }
    return pg;
}

static bool shared_make(struct thing *t)
{
    t->pg = guest_pages(0, 0);
    if (!t->pg)
        return false;
    t->va = shared_map(page_to_mfn(t->pg));
    if (!t->va)
        page_put(t->pg);
    return t->va;
}

static void thing_new(void)
{
    struct thing t = { .kind = rnd(KINDS), .mark = marks };
    bool ok;

    marks += 0x100000;
    if (nr_things == THINGS)
        return;
    switch (t.kind) {
    case GUEST:
        t.order = rnd(8) ? rnd(4) : rnd(11);
        t.pg = guest_pages(t.order, rnd(4) ? 0 : 0x400u + rnd(0x3000));
        ok = t.pg;
        break;
    case LODGE:
        t.order = rnd(10) ? rnd(4) : rnd(11);
        t.va = lodge_pages_alloc(t.order);
        ok = t.va;
        break;
    case HEAP:
        t.size = rnd(4) ? 8 + rnd(300) : rnd(20000);
        t.va = heap_alloc(t.size);
        ok = t.va;
        CHECK(IS_ALIGNED((uintptr_t)t.va, t.size >= PAGE_SIZE ? PAGE_SIZE : 16));
        break;
    case STACK:
        t.va = stack_alloc();
        ok = t.va;
        CHECK(IS_ALIGNED((uintptr_t)t.va, STACK_SIZE));
        if (ok) {
            unsigned int level;

            CHECK_EQ(machine_translate((uintptr_t)t.va - 1, &level), 0);
        }
        break;
    default:
        ok = shared_make(&t);
    }
    if (!ok)
        return;
    thing_mark(&t);
    things[nr_things++] = t;
}

static void thing_end(unsigned int i)
{
    struct thing t = things[i];

    thing_check(&t);
    switch (t.kind) {
    case GUEST:
        for (uint64_t k = 0; k < 1ull << t.order; k++)
            page_put(t.pg + k);
        break;
    case LODGE:
        lodge_pages_free(t.va, t.order);
        break;
    case HEAP:
        heap_free(t.va);
        break;
    case STACK:
        stack_free(t.va);
        break;
    default:
        shared_unmap(t.va);
        page_put(t.pg);
    }
    things[i] = things[--nr_things];
}

static void random_work(unsigned int rounds, unsigned int keep)
{
    for (unsigned int i = 0; i < rounds; i++) {
        fake_set_cpu(rnd(5));
        if (rnd(3) == 0)
            (void)page_scrub_some();
        if (nr_things < keep && rnd(5) < 3)
            thing_new();
        else if (nr_things)
            thing_end(rnd(nr_things));
        else
            thing_new();
        if (nr_things && rnd(10) == 0)
            thing_check(&things[rnd(nr_things)]);
    }
}

static void test_random(void)
{
    uint64_t free;

    boot_small();
    for (unsigned int cpu = 1; cpu < 5; cpu++)
        CHECK(windows_start_cpu(cpu));
    free = pages_free();
    random_work(1500, 300); /* often out of memory */
    while (nr_things)
        thing_end(nr_things - 1);
    /* What is not back: the pool's spare block, a heap page of each size,
     * page tables. */
    CHECK(pages_free() + 512 + 8 + 80 >= free);
    check_all_free_unmapped();
    while (page_scrub_some())
        ;
    CHECK_EQ(frames_dirty(), 0);
    for (uint64_t m = 0; m < frame_table_size; m++)
        if (frame_table[m].state == PAGE_FREE) {
            CHECK_EQ(frame_table[m].count, 0);
            CHECK(is_zero(machine_memory(m << PAGE_SHIFT), PAGE_SIZE));
        }
    CHECK_EQ(fake_locks_held(), 0);
}

/* Memory in single frames all over: Lodge must be able to live on it. */
static void test_fragmented(void)
{
    static struct page *pg[0x4000];
    static void *own[0x2000];
    unsigned int n = 0, nr_own = 0;
    uint64_t got;

    boot_small();
    while ((pg[n] = page_alloc(1, 0, 0)) != NULL)
        n++;
    CHECK_EQ(pages_free(), 0);
    for (unsigned int i = 0; i < n; i += 2)
        page_put(pg[i]);
    got = pages_free();
    CHECK(got >= n / 2);
    CHECK(lodge_pages_alloc(1) == NULL);
    while ((own[nr_own] = lodge_pages_alloc(0)) != NULL) {
        CHECK(is_zero(own[nr_own], PAGE_SIZE));
        memset(own[nr_own++], 0x77, PAGE_SIZE);
    }
    CHECK(nr_own > got * 99 / 100 - 40);

    /* Back, then the domain gets it all the same. */
    for (unsigned int i = 0; i < nr_own; i++)
        lodge_pages_free(own[i], 0);
    fake_tlb_flushes = 0;
    for (unsigned int i = 0; i < nr_own; i++) {
        struct page *p = guest_pages(0, 0);

        CHECK(p != NULL);
    }
    CHECK(fake_tlb_flushes <= 2);
    CHECK(page_alloc(1, 0, 0) == NULL);
}

/* Freed memory of Lodge's that fills whole blocks goes back by itself. */
static void test_pool_returns(void)
{
    static void *own[2000];
    uint64_t free;

    boot_small();
    lodge_pages_free(lodge_pages_alloc(0), 0); /* its tables stay, and a part */
    free = pages_free() + 512;
    for (unsigned int i = 0; i < 2000; i++)
        own[i] = lodge_pages_alloc(0);
    CHECK(pages_free() <= free - 2000);
    for (unsigned int i = 0; i < 2000; i++)
        lodge_pages_free(own[i], 0);
    CHECK_EQ(pages_free(), free - 512);
    CHECK(fake_tlb_flushes <= 4);
    check_all_free_unmapped();
    own[0] = lodge_pages_alloc(0);
    CHECK_EQ(pages_free(), free - 512);
}

static void test_maps(void)
{
    const volatile uint32_t *p;
    uint32_t *q;
    void *dev;
    unsigned int level;
    uint64_t entry;

    boot_small();
    q = machine_memory(0x9f123 & ~3u);
    *q = 0xdecade;
    p = boot_map(0x9f123 & ~3u, 4);
    CHECK_EQ(*p, 0xdecade);
    entry = machine_translate((uintptr_t)p, &level);
    CHECK(!(entry & PTE_RW) && (entry & PTE_NX));
    boot_unmap((const void *)p, 4);
    CHECK_EQ(machine_translate((uintptr_t)p, &level), 0);
    CHECK_EQ(machine_tlb_of(mfn(0x9f)), 0);

    /* An initrd's worth of it takes few tables. */
    p = boot_map(0x1000000, MB(30));
    CHECK_EQ((uintptr_t)p % LARGE_SIZE, 0);
    CHECK_EQ(machine_translate((uintptr_t)p + MB(29), &level) & PTE_ADDR,
             0x1000000 + MB(28));
    CHECK_EQ(level, 2);

    dev = device_map(0xfee00000 + 0x40, 0x1000);
    CHECK_EQ((uintptr_t)dev % PAGE_SIZE, 0x40);
    entry = machine_translate((uintptr_t)dev, &level);
    CHECK_EQ(entry & PTE_ADDR, 0xfee00000);
    CHECK_EQ(entry & (PTE_PCD | PTE_PWT), PTE_PCD | PTE_PWT);
    CHECK_EQ(machine_translate((uintptr_t)dev + PAGE_SIZE, &level) & PTE_ADDR,
             0xfee01000);
    CHECK_EQ(machine_translate((uintptr_t)dev + 2 * PAGE_SIZE, &level), 0);
    CHECK(device_map(0xe0000000, MB(256)) != NULL);
    CHECK(device_map(~0ull - 5, 20) == NULL);
    CHECK(device_map(0x1000, 0) == NULL);
    CHECK(device_map(0x1000, LAYOUT_AREA_SIZE) == NULL);
}

/* What a set of windows maps is there when it is shown, and only then. */
static void test_window_sets(void)
{
    const unsigned int slot = WINDOW_PEEK + 3;
    mfn_t frame[WINDOW_SETS];
    unsigned int level;

    boot_small();
    CHECK(windows_start_cpu(2));
    for (unsigned int cpu = 0; cpu <= 2; cpu += 2) {
        fake_set_cpu(cpu);
        for (unsigned int s = 0; s < WINDOW_SETS; s++) {
            frame[s] = page_to_mfn(page_alloc(0, 0, 0));
            window_show(s);
            CHECK_EQ(machine_translate((uintptr_t)real_window_va(slot), &level),
                     0);
            *(uint64_t *)window_map(slot, frame[s]) = s;
        }
        for (unsigned int s = 0; s < WINDOW_SETS; s++) {
            window_show(s);
            CHECK_EQ(*(uint64_t *)window_va(slot), s);
            CHECK_EQ(*(uint64_t *)machine_memory(mfn_to_maddr(frame[s])), s);
            for (unsigned int other = 0; other < WINDOW_SETS; other++)
                CHECK_EQ(machine_tlb_of(frame[other]), other == s);
        }
    }
    /* Each CPU has windows of its own. */
    fake_set_cpu(0);
    window_unmap(slot);
    fake_set_cpu(2);
    CHECK_EQ(*(uint64_t *)window_va(slot), WINDOW_SETS - 1);
    window_unmap(slot);
    CHECK_EQ(machine_tlb_of(frame[WINDOW_SETS - 1]), 0);
    fake_set_cpu(0);
}

/* Every allocation may fail: then nothing is lost. */
static void test_no_memory(void)
{
    struct page *pg, *list = NULL, *next;
    uint64_t free;
    void *p;

    boot_small();
    stack_free(stack_alloc());      /* their tables stay */
    pg = page_alloc(2, 0, 0);
    p = shared_map(page_to_mfn(pg));
    shared_unmap(p);
    heap_free(heap_alloc(3000000)); /* more than 2 MiB: on its own */
    for (free = 0; (next = page_alloc(1, 0, 0)) != NULL; free++) {
        next->gfn = list ? page_to_mfn(list).raw : 0;
        list = next;
    }
    CHECK(stack_alloc() == NULL);
    CHECK(heap_alloc(100) == NULL && heap_alloc(100000) == NULL);
    CHECK(heap_alloc_array(1ul << 40, 1ul << 40) == NULL);
    CHECK(heap_alloc(~0ul) == NULL);
    CHECK(page_alloc(1, 19, 0) == NULL && lodge_pages_alloc(19) == NULL);
    for (; free; free--) {
        next = list->gfn ? &frame_table[list->gfn] : NULL;
        page_put(list);
        list = next;
    }
    p = stack_alloc();
    CHECK(p != NULL);
    stack_free(p);
}

static void heap_sizes(void)
{
    static void *p[300];

    boot_small();
    for (size_t size = 0; size <= 9000; size += 1 + size / 9) {
        size_t pages = 0, room = size > 16 ? 2ul << bit_highest(size - 1) : 16;

        for (unsigned int i = 0; i < 300; i++) {
            p[i] = heap_alloc(size);
            CHECK(p[i] && is_zero(p[i], size));
            memset(p[i], 0xee, size);
            pages += IS_ALIGNED((uintptr_t)p[i], PAGE_SIZE);
        }
        CHECK(pages <= DIV_ROUND_UP(300 * room, PAGE_SIZE) + 1);
        for (unsigned int i = 0; i < 300; i++)
            heap_free(p[(i * 7) % 300]);
    }
    heap_free(NULL);
}

/* mm_init() runs once in a program. */
static void run(const char *name, void (*test)(void))
{
    int status;
    pid_t pid;

    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        test_failures = test_checks = 0;
        test();
        if (test_failures)
            fprintf(stderr, "%s: %u checks failed\n", name, test_failures);
        exit(test_failures || !test_checks);
    }
    if (waitpid(pid, &status, 0) != pid || status)
        fprintf(stderr, "%s: status %d\n", name, status);
    CHECK_EQ(status, 0);
}

int main(void)
{
    test_entry_addresses();
    run("boot", test_boot);
    run("holes", test_holes);
    run("claim", test_claim);
    run("heap sizes", heap_sizes);
    run("pool returns", test_pool_returns);
    run("fragmented", test_fragmented);
    run("maps", test_maps);
    run("window sets", test_window_sets);
    run("no memory", test_no_memory);
    for (seed = 1; seed <= 2; seed++)
        run("random", test_random);
    return test_result();
}
