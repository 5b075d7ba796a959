/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Host test fake: CPUID answers from a table (fakes.h: fake_cpuid_set), zeros
 * for leaves that were never set.
 */
#pragma once

#define cpuid real_cpuid
#include "../../../../../hypervisor/cpu/cpuid.h"
#undef cpuid

struct cpuid_regs cpuid(uint32_t leaf, uint32_t subleaf);
