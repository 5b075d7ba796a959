/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Device memory of domain 0: what it touches and what is neither RAM nor
 * Lodge's appears in its map, 1:1; the devices that Lodge watches are on its
 * bus.
 */
#pragma once

#include "hypervisor/cpu/types.h"

struct domain;

/*
 * Domain 0 touched g, where nothing was mapped. 0: try again; -EPERM: not a
 * device of its own (the access is emulated, or reads as ones); errors of
 * p2m_map(). No locks held.
 */
int dom0_map_mmio(struct domain *d, gfn_t g);
