/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Domain 0's memory map: the machine's, but RAM that it did not get is
 * reserved, so that it puts nothing there.
 */
#include "hvm/dom0/dom0-impl.h"


struct hvm_memmap_table_entry dom0_memmap[DOM0_MEMMAP_MAX];
unsigned int dom0_memmap_count;

static struct mem_map in, out;

/* Firmware has types of its own, which only it understands. */
static uint32_t plain_type(uint32_t type)
{
    return type >= MEM_RAM && type <= MEM_UNUSABLE ? type : MEM_RESERVED;
}

/* More pieces than the kernel takes: gives up the smallest pieces of RAM. */
static void clip(void)
{
    while (out.n > DOM0_MEMMAP_MAX) {
        struct mem_region *end = out.r + out.n, *least = NULL;

        for (struct mem_region *r = out.r; r < end; r++)
            if (r->type == MEM_RAM &&
                (!least || r->end - r->start < least->end - least->start))
                least = r;
        if (!least) {
            out.n = DOM0_MEMMAP_MAX;
            return;
        }
        log_warn("domain 0: %#lx-%#lx is left out of its memory map, which "
                 "has too many pieces\n", least->start, least->end);
        for (out.n--; least + 1 < end; least++)
            *least = least[1];
    }
}

static void need(int rc)
{
    dom0_need(rc, "no room for ACPI tables or memory map");
}

/* Adds the machine's regions that are RAM, as reserved, or all others. */
static void add_machine(bool ram)
{
    for (unsigned int i = 0; i < machine_map.n; i++) {
        const struct mem_region *r = &machine_map.r[i];

        if ((r->type == MEM_RAM) == ram)
            need(e820_add(&in, r->start, r->end,
                          ram ? MEM_RESERVED : plain_type(r->type)));
    }
}

void dom0_make_memmap(const struct mem_region *acpi)
{
    const struct mem_region *mine = dom0_ram.r;

    in.n = 0;
    add_machine(true);
    for (unsigned int i = 0; i < dom0_ram.n; i++)
        need(e820_remove(&in, mine[i].start, mine[i].end));
    /* Frame 0 is there, though it is no ordinary one. */
    need(e820_remove(&in, 0, PAGE_SIZE));
    need(e820_add(&in, 0, PAGE_SIZE, MEM_RAM));
    for (unsigned int i = 0; i < dom0_ram.n; i++)
        need(e820_add(&in, mine[i].start, mine[i].end, MEM_RAM));
    add_machine(false);
    need(e820_add(&in, acpi->start, acpi->end, MEM_ACPI));
    need(e820_normalise(in.r, in.n, &out));
    clip();
    for (unsigned int i = 0; i < out.n; i++)
        dom0_memmap[i] = (struct hvm_memmap_table_entry){
            .addr = out.r[i].start, .size = out.r[i].end - out.r[i].start,
            .type = out.r[i].type };
    dom0_memmap_count = out.n;
}

const struct hvm_memmap_table_entry *dom0_memory_map(unsigned int i)
{
    return i < dom0_memmap_count
               ? &dom0_memmap[index_nospec(i, DOM0_MEMMAP_MAX)] : NULL;
}
