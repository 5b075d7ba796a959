/* SPDX-License-Identifier: GPL-2.0-only */
/* Host test fake: windows are the fake frames themselves; those
 * that must not stay open are counted. */
#pragma once

#include "hypervisor/cpu/percpu.h"
#include "hypervisor/cpu/types.h"
#include "hypervisor/mm/pt-bits.h"

enum window {
    WINDOW_DATA, WINDOW_PEER, WINDOW_MM, WINDOW_PEEK = 4,
    WINDOW_SLOTS = 36
};

extern uint64_t window_pt[MAX_CPUS][WINDOW_SLOTS];

void *window_map(unsigned int slot, mfn_t m);
void window_unmap(unsigned int slot);
