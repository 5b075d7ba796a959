/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memory layer's start: from the firmware's map to a page allocator, a
 * heap and mappings.
 *
 * What must be so before (x86/boot.S): host_pml4 is live, with the image in
 * slot 511 and itself in slot RECURSIVE_SLOT; image_phys_base is set; EFER.NXE
 * is on; cpu_id() works. Nothing else needs to be mapped. Nothing of mm/ works
 * before; the first thing that does are windows.
 */
#pragma once

#include "hypervisor/mm/e820.h"

/*
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
