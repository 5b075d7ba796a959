/* SPDX-License-Identifier: GPL-2.0-only */
/* Bits of the hypervisor's page-table entries (SDM vol. 3A 4.5.4). */
#pragma once

#include "hypervisor/lib/util.h"

#define PTE_P BIT(0)
#define PTE_RW BIT(1)
#define PTE_PWT BIT(3)
#define PTE_PCD BIT(4)
#define PTE_A BIT(5)
#define PTE_D BIT(6)
#define PTE_PS BIT(7) /* level 2: a 2 MiB page */
#define PTE_NX BIT(63)
#define PTE_ADDR 0x000ffffffffff000ull

#define LARGE_SHIFT 21
#define LARGE_SIZE (1ull << LARGE_SHIFT)

/* Accessed and dirty are set at once, so that the CPU never has to. All data
 * is no-execute; nothing but the image's text is executable. */
#define MAP_RO (PTE_P | PTE_A | PTE_NX)
#define MAP_RW (PTE_P | PTE_RW | PTE_A | PTE_D | PTE_NX)
/* Uncached whatever the MTRRs say: entry 3 of the PAT as reset (SDM 11.12). */
#define MAP_DEVICE (MAP_RW | PTE_PCD | PTE_PWT)
/* A pointer to a table. */
#define MAP_TABLE (PTE_P | PTE_RW | PTE_A)
