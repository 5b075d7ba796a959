/* SPDX-License-Identifier: GPL-2.0-only */
/* Host test fake: windows are the fake frames themselves; those
 * that must not stay open are counted. */
#pragma once

#define window_va real_window_va
#define window_mfn real_window_mfn
#define window_map real_window_map
#define window_unmap real_window_unmap
#include "../../../../../hypervisor/mm/window.h"
#undef window_va
#undef window_mfn
#undef window_map
#undef window_unmap

void *window_va(unsigned int slot);
mfn_t window_mfn(unsigned int slot);
void *window_map(unsigned int slot, mfn_t m);
void window_unmap(unsigned int slot);
