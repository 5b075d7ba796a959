/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Small objects of the hypervisor: power-of-two size classes from 16 bytes
 * to half a page out of lodge_pages_alloc(), larger ones whole pages.
 * Never called on an exit's path.
 */
#pragma once

#include <stddef.h>

/* Zeroed memory, aligned to 16 bytes (to PAGE_SIZE from one page on); NULL
 * when there is none. */
void *heap_alloc(size_t size);
/* Zeroed array; NULL also when the product overflows. */
void *heap_alloc_array(size_t n, size_t size);
/* p may be NULL. */
void heap_free(void *p);
