/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Domain 0's memory map: the machine's, but RAM that it did not get is
 * reserved, so that it puts nothing there.
 */
#include "hvm/dom0/dom0-impl.h"

#include "hvm/dom0/build.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/debug/log.h"

struct hvm_memmap_table_entry dom0_memmap[DOM0_MEMMAP_MAX];
unsigned int dom0_memmap_count;

static struct mem_region in[MEM_REGIONS_MAX], out[MEM_REGIONS_MAX];

static bool append(struct mem_region *to, unsigned int *n,
                   struct mem_region r, uint32_t type)
{
    if (*n == MEM_REGIONS_MAX)
        return false;
    r.type = type;
    to[(*n)++] = r;
    return true;
}

/* The machine's RAM that is not domain 0's, reserved. -E2BIG. */
static int others_ram(unsigned int *n)
{
    int left;

    for (unsigned int i = 0; i < machine_map_count; i++)
        if (machine_map[i].type == MEM_RAM &&
            !append(in, n, machine_map[i], MEM_RESERVED))
            return -E2BIG;
    for (unsigned int i = 0; i < dom0_ram_count; i++) {
        left = e820_remove(in, *n, MEM_REGIONS_MAX, dom0_ram[i].start,
                           dom0_ram[i].end);
        if (left < 0)
            return left;
        *n = (unsigned int)left;
    }
    /* Frame 0 is there, though it is no ordinary one. */
    left = e820_remove(in, *n, MEM_REGIONS_MAX, 0, PAGE_SIZE);
    if (left < 0)
        return left;
    *n = (unsigned int)left;
    return append(in, n, (struct mem_region){ 0, PAGE_SIZE, 0 }, MEM_RAM)
               ? 0 : -E2BIG;
}

/* Firmware has types of its own, which only it understands. */
static uint32_t plain_type(uint32_t type)
{
    return type >= MEM_RAM && type <= MEM_UNUSABLE ? type : MEM_RESERVED;
}

/* More pieces than the kernel takes: gives up the smallest pieces of RAM. */
static unsigned int clip(unsigned int n)
{
    while (n > DOM0_MEMMAP_MAX) {
        unsigned int least = n;

        for (unsigned int i = 0; i < n; i++)
            if (out[i].type == MEM_RAM &&
                (least == n || out[i].end - out[i].start <
                                   out[least].end - out[least].start))
                least = i;
        if (least == n)
            return DOM0_MEMMAP_MAX;
        log_warn("domain 0: %#lx-%#lx is left out of its memory map, which "
                 "has too many pieces\n", out[least].start, out[least].end);
        n--;
        for (unsigned int i = least; i < n; i++)
            out[i] = out[i + 1];
    }
    return n;
}

int dom0_make_memmap(const struct mem_region *acpi)
{
    unsigned int n = 0;
    int count = others_ram(&n);

    if (count < 0)
        return count;
    for (unsigned int i = 0; i < machine_map_count; i++)
        if (machine_map[i].type != MEM_RAM &&
            !append(in, &n, machine_map[i], plain_type(machine_map[i].type)))
            return -E2BIG;
    for (unsigned int i = 0; i < dom0_ram_count; i++)
        if (!append(in, &n, dom0_ram[i], MEM_RAM))
            return -E2BIG;
    if (!append(in, &n, *acpi, MEM_ACPI))
        return -E2BIG;
    count = e820_normalise(in, n, out, MEM_REGIONS_MAX);
    if (count < 0)
        return count;
    n = clip((unsigned int)count);
    for (unsigned int i = 0; i < n; i++)
        dom0_memmap[i] = (struct hvm_memmap_table_entry){
            .addr = out[i].start, .size = out[i].end - out[i].start,
            .type = out[i].type };
    dom0_memmap_count = n;
    return 0;
}

const struct hvm_memmap_table_entry *dom0_memory_map(unsigned int i)
{
    return i < dom0_memmap_count
               ? &dom0_memmap[index_nospec(i, DOM0_MEMMAP_MAX)] : NULL;
}
