/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hypervisor's virtual address space: one set of page tables for all
 * CPUs. Included by C and by assembly. Nothing else knows these numbers.
 *
 *   0xffff800000000000  slots 256-383  sparse direct map: DIRECT_BASE + maddr
 *   0xffffc00000000000  slot 384       frame table
 *   0xffffd00000000000  slot 416       windows, 2 MiB for each CPU
 *   0xffffd10000000000  slot 418       shared maps
 *   0xffffd20000000000  slot 420       stacks with guard pages
 *   0xffffd30000000000  slot 422       device memory, boot maps
 *   0xfffffe8000000000  slot 509       the page tables themselves (recursive)
 *   0xffffffff80000000  slot 511       the image, then early maps
 */
#pragma once

#define DIRECT_BASE 0xffff800000000000
#define DIRECT_SIZE 0x0000400000000000ul /* 64 TiB */
#define FRAME_TABLE_BASE 0xffffc00000000000
#define WINDOW_BASE 0xffffd00000000000
#define SHARED_BASE 0xffffd10000000000
#define STACK_BASE 0xffffd20000000000
#define DEVICE_BASE 0xffffd30000000000
#define LAYOUT_AREA_SIZE 0x0000010000000000ul /* of each above: 1 TiB */

/*
 * Slot RECURSIVE_SLOT of the top table is the top table: the entry that maps
 * va at level 1 is at RECURSIVE_BASE + ((va & 0xffffffffffff) >> 12) * 8.
 * The tables are edited by mm/paging.c alone, except the image's and the early
 * maps' (boot.S, x86/early-map.c).
 */
#define RECURSIVE_SLOT 509
#define RECURSIVE_BASE 0xfffffe8000000000

/*
 * The image: linked 2 MiB above IMAGE_BASE and loaded at physical 2 MiB, or
 * moved by a multiple of that below 4 GiB.
 */
#define IMAGE_BASE 0xffffffff80000000
#define IMAGE_SIZE_MAX 0x1000000 /* from IMAGE_BASE: 16 MiB, in 4 KiB pages */

/* 1 GiB for 2 MiB pages that exist before mm/ does: loader information, ACPI
 * tables, the framebuffer. */
#define EARLY_MAP_BASE 0xffffffffc0000000
#define EARLY_MAP_SLOTS 511 /* the last 2 MiB stay unmapped */

#ifndef __ASSEMBLER__
#include <stdint.h>

/* Physical address of the image's byte 0 minus IMAGE_BASE's (boot.S). */
extern uint64_t image_phys_base;
/* Bounds of the image, page aligned: everything; code; constants; data. */
extern char image_start[], image_end[];
extern char text_start[], text_end[];
extern char rodata_start[], rodata_end[];
extern char data_start[], data_end[];
/* The one top-level page table, an image address. */
extern uint64_t host_pml4[512];

/* Machine address of something in the image (not of a direct-map address). */
static inline uint64_t image_maddr(const void *va)
{
    return (uint64_t)(uintptr_t)va - IMAGE_BASE + image_phys_base;
}
#endif
