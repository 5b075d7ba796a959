/* SPDX-License-Identifier: GPL-2.0-only */
/* Bits of page-table entries, of Lodge and of guests (SDM vol. 3A 4.5.4). */
#pragma once

#include "hypervisor/lib/util.h"

#define PTE_P BIT(0)
#define PTE_RW BIT(1)
#define PTE_US BIT(2)
#define PTE_PWT BIT(3)
#define PTE_PCD BIT(4)
#define PTE_A BIT(5)
#define PTE_D BIT(6)
#define PTE_PS BIT(7) /* a large page */
#define PTE_NX BIT(63)
#define PTE_ADDR 0x000ffffffffff000ull

#define LARGE_SIZE MB(2)

/* Accessed and dirty are set at once, so that the CPU never has to. All data
 * is no-execute; nothing but the image's text is executable. */
#define MAP_RO (PTE_P | PTE_A | PTE_NX)
#define MAP_RW (PTE_P | PTE_RW | PTE_A | PTE_D | PTE_NX)
/* Uncached whatever the MTRRs say: entry 3 of the PAT as reset (SDM 11.12). */
#define MAP_DEVICE (MAP_RW | PTE_PCD | PTE_PWT)
/* A pointer to a table. */
#define MAP_TABLE (PTE_P | PTE_RW | PTE_A)
