/* SPDX-License-Identifier: GPL-2.0-only */
/* What the memory layer expects from above. */
#pragma once

#include "hypervisor/mm/page.h"

/* core/domain.c: one frame of this domain was freed; called without locks
 * of rank HEAP or above. */
void page_freed(domid_t owner);

/* x86/smp.c: every CPU drops its cached host translations of [va, va+size)
 * before this returns. */
void host_tlb_flush(const void *va, size_t size);
