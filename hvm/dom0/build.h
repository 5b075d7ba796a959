/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Domain 0: an unmodified kernel with a PVH entry point that owns the
 * machine's devices. Its RAM is identity mapped.
 */
#pragma once

#include "hypervisor/cpu/types.h"

struct boot_info;
struct domain;

/* Options (start/cmdline.c): dom0_mem= as given, dom0_max_vcpus=, 0: all. */
extern char opt_dom0_mem[64];
extern unsigned int opt_dom0_max_vcpus;

/*
 * Makes domain 0 of the loader's modules (kernel, initial RAM disk) and
 * starts it; the modules' memory is domain 0's or free afterwards. Boot CPU,
 * all others started, no locks. Once; bi stays valid for ever. What goes
 * wrong ends the boot (cannot_start()).
 */
void dom0_create(const struct boot_info *bi);

/*
 * RAM at g for domain 0, as its balloon asks for it (XENMEM_populate_physmap):
 * the machine's frames of the same number, since its devices know no other.
 * -ENOMEM if somebody has one of them. order: 0, 9, 18.
 */
int dom0_populate(struct domain *d, gfn_t g, unsigned int order);

/*
 * Domain 0 touched g, where nothing was mapped: what is neither RAM nor
 * Lodge's appears in its map, 1:1. 0: try again; -EPERM: not a device of its
 * own (the access is emulated, or reads as ones); errors of p2m_map(). No locks
 * held.
 */
int dom0_map_mmio(struct domain *d, gfn_t g);
