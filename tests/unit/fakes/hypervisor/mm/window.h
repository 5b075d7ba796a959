/* SPDX-License-Identifier: GPL-2.0-only */
/* Host test fake: windows are the fake frames themselves, and counted. */
#ifndef FAKES_MM_WINDOW_H
#define FAKES_MM_WINDOW_H

#include "hypervisor/cpu/percpu.h"
#include "hypervisor/cpu/types.h"
#include "hypervisor/mm/pt-bits.h"

#define WINDOWS_PER_CPU 4
#define WINDOW_SLOTS 8

extern uint64_t window_pt[MAX_CPUS][WINDOW_SLOTS];

void *window_map(unsigned int slot, mfn_t m);
void window_unmap(unsigned int slot);

#endif
