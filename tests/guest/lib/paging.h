/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The page tables of long mode (tests of the other modes make their own). At
 * the start 4 GiB are mapped one to one, writable, executable, supervisor
 * only; pages of section .user are open to CPL 3.
 */
#pragma once

#include "tests/guest/lib/lib.h"

/* Opens section .user; nothing in 32 bits. By init.c. */
void paging_init(void);

#ifdef __x86_64__

extern uint64_t head_pml4[512];

/* The entry that maps va at a level (1: 4 KiB, 2: 2 MiB, 3: 1 GiB). Missing
 * tables are made, larger pages split. */
uint64_t *page_entry(const volatile void *va, unsigned int level);
/* One 4 KiB page; this CPU's translation is dropped. flags without PTE_P:
 * unmapped. */
void page_map(const volatile void *va, uint64_t pa, uint64_t flags);
/* An unused virtual address, 1 GiB aligned, with 1 GiB behind it. */
char *va_alloc(void);

#endif
