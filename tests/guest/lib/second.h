/* SPDX-License-Identifier: GPL-2.0-only */
/* A second domain, which this one, the first, makes and runs. */
#pragma once

/* Where its code goes, in the page with the reset vector, which jumps there. */
#define SECOND_CODE 0xff000

#ifndef __ASSEMBLER__
#include "hypervisor/abi/domctl.h"

extern domid_t second; /* 0: there is none */

/* A call about it; op's command, version and domain are filled in. */
long second_domctl(uint32_t cmd, struct xen_domctl *op);
/* An HVM domain with one vCPU and a local APIC, and so much memory to come.
 * The test fails without it. */
void second_create(unsigned int max_kib);
/* Until all of it is gone. */
void second_destroy(void);
/* Maps a frame of it at a physical address of ours. The test fails if it
 * cannot. */
void *second_map(xen_pfn_t gfn, uint64_t at);
/* Copies code to SECOND_CODE, whose page is mapped at ours, and starts it. */
void second_start(void *page, const uint8_t *code, const uint8_t *code_end);
#endif
