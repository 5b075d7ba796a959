/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mappings that exist before mm/ does: the image, and 2 MiB pages in a 1 GiB
 * area of their own, never executable. These are for the loader's information,
 * ACPI tables, VGA and the framebuffer; everything else waits for mm/map.h.
 */
#pragma once

#include "hypervisor/mm/pt-bits.h"

/* Completes the tables that boot.S began: the image W^X in 4 KiB pages, the
 * recursive slot. Before anything else. */
void image_map(void);

/* Maps [maddr, maddr + size) or finds it mapped; NULL when the area is full
 * or the range absurd. attr: MAP_RO, MAP_RW, perhaps with PTE_PWT, which is
 * write combining (features.h). Boot CPU only, before others are started. */
void *early_map(uint64_t maddr, size_t size, uint64_t attr);
/* MAP_RO, for the parsers. */
const void *early_map_read(uint64_t maddr, size_t size);
/* Takes all MAP_RO mappings away: nothing that they gave may be used. */
void early_map_end(void);
