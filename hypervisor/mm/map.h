/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hypervisor's view of frames that are not in its direct map, for longer
 * than a window (mm/window.h):
 *  - shared mappings: a guest's frame for as long as it is registered
 *    (shared info, vcpu info, ioreq pages, grant frames);
 *  - device memory: uncached, kept for ever;
 *  - stacks with a guard page.
 */
#pragma once

#include "hypervisor/cpu/types.h"

/* Maps a frame, read-write, for long; NULL without memory. The caller holds
 * a reference to it until shared_unmap() returns. va may be NULL. */
void *shared_map(mfn_t m);
void shared_unmap(void *va);

/* Maps device memory [maddr, maddr + size), any alignment, uncached and
 * read-write; NULL without memory. Never RAM, never undone. */
void *device_map(uint64_t maddr, size_t size);

/*
 * Maps memory that Lodge only reads, at boot (ACPI tables, modules, the
 * multiboot information), cached, read-only, any alignment; NULL without
 * memory. Its addresses are not used again: for boot only.
 */
const void *boot_map(uint64_t maddr, size_t size);
void boot_unmap(const void *va, size_t size);

/* A zeroed stack of STACK_SIZE bytes below which a page is never mapped;
 * returns its lowest address (aligned to STACK_SIZE), NULL without memory. */
#define STACK_SIZE (4 * PAGE_SIZE)
void *stack_alloc(void);
void stack_free(void *stack);
