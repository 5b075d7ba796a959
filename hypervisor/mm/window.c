/* SPDX-License-Identifier: GPL-2.0-only */
/* The tables of the windows. Those of the boot CPU are part of the image, so
 * that windows exist before anything can be allocated. */
#include "hypervisor/mm/window.h"

#include "hypervisor/lib/string.h"
#include "hypervisor/mm/internal.h"

#define ENTRIES 512
#define SETS_ORDER 2
_Static_assert(1 << SETS_ORDER == WINDOW_SETS, "a page each");
_Static_assert(MAX_CPUS <= ENTRIES, "an entry of the directory each");

DEFINE_PERCPU(struct windows, cpu_windows);

static uint64_t boot_sets[WINDOW_SETS][ENTRIES] __aligned(4096);
static uint64_t window_pd[ENTRIES] __aligned(4096);
static uint64_t window_pdpt[ENTRIES] __aligned(4096);

static void set_up(unsigned int cpu, uint64_t *sets, uint64_t maddr)
{
    per_cpu(cpu_windows, cpu) = (struct windows){
        (char *)WINDOW_BASE + cpu * LARGE_SIZE, sets, sets, maddr };
    window_pd[cpu] = maddr | MAP_TABLE;
}

void windows_init(void)
{
    set_up(0, boot_sets[0], image_maddr(boot_sets));
    window_pdpt[0] = image_maddr(window_pd) | MAP_TABLE;
    host_pml4[(WINDOW_BASE >> 39) % ENTRIES] =
        image_maddr(window_pdpt) | MAP_TABLE;
}

bool windows_start_cpu(unsigned int cpu)
{
    uint64_t *sets = lodge_pages_alloc(SETS_ORDER);

    if (!sets)
        return false;
    set_up(cpu, sets, va_to_maddr(sets));
    return true;
}

void window_show(unsigned int set)
{
    struct windows *w = &this_cpu(cpu_windows);

    for (unsigned int slot = 0; slot < WINDOW_PEEK; slot++)
        ASSERT(!w->shown[slot]);
    w->shown = w->sets + set * ENTRIES;
    WRITE_ONCE(window_pd[cpu_id()], (w->maddr + set * PAGE_SIZE) | MAP_TABLE);
    /* What the last set mapped, and what is cached of the directory. An INVLPG
     * for each would be dearer, and would need to know them. */
    write_cr3(read_cr3());
}

void window_clear(unsigned int set, unsigned int slot)
{
    uint64_t *table = this_cpu(cpu_windows).sets + set * ENTRIES;

    ASSERT(slot < WINDOW_SLOTS && table != this_cpu(cpu_windows).shown);
    WRITE_ONCE(table[slot], 0);
}

/*
 * Most RAM is zero already when it is first asked for. Reading it is no slower
 * than writing, leaves no dirty cache lines, and where Lodge itself runs in a
 * virtual machine the host need not back the page.
 */
static bool page_is_clear(const void *va)
{
    const uint64_t *p = va, *end = p + PAGE_SIZE / 8;

    for (; p < end; p += 8)
        if (p[0] | p[1] | p[2] | p[3] | p[4] | p[5] | p[6] | p[7])
            return false;
    return true;
}

void page_clear(void *va)
{
    if (!page_is_clear(va))
        memset(va, 0, PAGE_SIZE);
}

void frame_zero(mfn_t m)
{
    page_clear(window_map(WINDOW_MM, m));
    window_unmap(WINDOW_MM);
}
