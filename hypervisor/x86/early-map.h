/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mappings that exist before mm/ does: 2 MiB pages in a 1 GiB area of their
 * own, never executable. For the loader's information, ACPI tables, VGA and
 * the framebuffer; everything else waits for mm/map.h.
 */
#pragma once

#include "hypervisor/lib/util.h"

enum early_map_kind {
    EARLY_READ,        /* cached, read only */
    EARLY_WRITE,       /* cached (VGA: its MTRR says uncached) */
    EARLY_FRAMEBUFFER, /* write combining */
};

/* Maps [maddr, maddr + size) or finds it mapped; NULL when the area is full
 * or the range absurd. Boot CPU only, before others are started. */
void *early_map(uint64_t maddr, size_t size, enum early_map_kind kind);
/* The same as a callback of the parsers: EARLY_READ. */
const void *early_map_read(uint64_t maddr, size_t size);
/* Takes all EARLY_READ mappings away: nothing that they gave may be used. */
void early_map_end(void);
