/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory map, pages to take, and the page tables of long mode. */
#include "tests/guest/lib/lib.h"
#include "tests/guest/lib/paging.h"
#include "tests/guest/lib/trap.h"

#define MB(n) ((uint64_t)(n) << 20)
#define ALIGN_UP(v, a) (((v) + (a) - 1) & ~((uint64_t)(a) - 1))

static uint64_t next_page, next_gap;

const struct hvm_memmap_table_entry *memory_map(unsigned int i)
{
    const struct hvm_memmap_table_entry *map =
        (const void *)(uintptr_t)start_info->memmap_paddr;

    return i < start_info->memmap_entries ? &map[i] : NULL;
}

bool is_ram(uint64_t start, uint64_t size)
{
    const struct hvm_memmap_table_entry *e;

    for (unsigned int i = 0; (e = memory_map(i)) != NULL; i++)
        if (e->type == XEN_HVM_MEMMAP_TYPE_RAM && start >= e->addr &&
            start + size <= e->addr + e->size)
            return true;
    return false;
}

/* What the loader passed may lie behind the image: start above all of it. */
void memory_init(void)
{
    const uint64_t passed[] = {
        (uintptr_t)image_end, (uintptr_t)start_info,
        start_info->cmdline_paddr, start_info->modlist_paddr,
        start_info->memmap_paddr, start_info->rsdp_paddr,
    };
    const struct hvm_memmap_table_entry *e;

    for (unsigned int i = 0; i < ARRAY_SIZE(passed); i++)
        if (passed[i] + MB(1) > next_page &&
            passed[i] < (uintptr_t)image_end + MB(8))
            next_page = passed[i] + MB(1);
    next_page = ALIGN_UP(next_page, MB(2));
    for (unsigned int i = 0; (e = memory_map(i)) != NULL; i++)
        if (e->addr + e->size <= 0xb0000000 && e->addr + e->size > next_gap)
            next_gap = e->addr + e->size;
    next_gap = ALIGN_UP(next_gap, MB(2)) + MB(16);
}

void *pages_alloc(unsigned int n)
{
    uint64_t at = next_page;

    if (!is_ram(at, n * PAGE_SIZE))
        fail("no %u pages of RAM at %#llx", n, (unsigned long long)at);
    next_page += n * PAGE_SIZE;
    return memset((void *)(uintptr_t)at, 0, n * PAGE_SIZE);
}

uint64_t gap_alloc(void)
{
    uint64_t at = next_gap;

    next_gap += MB(2);
    return at;
}

#ifdef __x86_64__

extern char user_region_start[], user_region_end[];

static unsigned int index_at(const volatile void *va, unsigned int level)
{
    return (uintptr_t)va >> (12 + 9 * (level - 1)) & 511;
}

/* A table in place of a large page, or of nothing. */
static void make_table(uint64_t *entry, unsigned int level)
{
    uint64_t *table = pages_alloc(1), step = 1ull << (12 + 9 * (level - 2));

    if (*entry & PTE_P)
        for (unsigned int i = 0; i < 512; i++)
            table[i] = (*entry + i * step) & ~(level == 2 ? PTE_PS : 0);
    *entry = (uintptr_t)table | PTE_P | PTE_W | PTE_U;
}

uint64_t *page_entry(const volatile void *va, unsigned int level)
{
    uint64_t *table = head_pml4, *entry;

    for (unsigned int l = 4;; l--) {
        entry = &table[index_at(va, l)];
        if (l == level)
            return entry;
        if (!(*entry & PTE_P) || (l < 4 && (*entry & PTE_PS)))
            make_table(entry, l);
        table = (uint64_t *)(*entry & 0x000ffffffffff000ull);
    }
}

void page_map(const volatile void *va, uint64_t pa, uint64_t flags)
{
    *page_entry(va, 1) = pa | flags;
    invlpg(va);
}

char *va_alloc(void)
{
    static uint64_t next = 16ull << 39;

    next += 1ull << 30;
    return (char *)next;
}

void paging_init(void)
{
    for (char *p = user_region_start; p < user_region_end; p += PAGE_SIZE)
        page_map(p, (uintptr_t)p, PTE_P | PTE_W | PTE_U | PTE_A | PTE_D);
}

#else

void paging_init(void)
{
}

#endif
