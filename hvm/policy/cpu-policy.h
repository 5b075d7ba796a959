/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A CPU policy: every CPUID leaf a guest can see, by index. Pure: no
 * hardware, no globals; the toolstack's lists are read and written here.
 */
#pragma once

#include <stdbool.h>

#include "hypervisor/abi/cpu-policy.h"
#include "hypervisor/cpu/cpuid.h"

struct cpu_policy {
    struct cpuid_regs basic[CPUID_POLICY_BASIC]; /* 4, 7, b, d: sub-leaves */
    struct cpuid_regs cache[CPUID_POLICY_CACHE];
    struct cpuid_regs feat[CPUID_POLICY_FEAT];
    struct cpuid_regs topo[CPUID_POLICY_TOPO];
    struct cpuid_regs xstate[CPUID_POLICY_XSTATE];
    struct cpuid_regs extended[CPUID_POLICY_EXTENDED];
    uint64_t arch_caps;           /* IA32_ARCH_CAPABILITIES */
    uint32_t hv_limit, hv2_limit; /* lower Xen's last leaves if not 0 */
};

/* The registers of a leaf, or NULL where a policy has none. */
struct cpuid_regs *cpu_policy_leaf(struct cpu_policy *p, uint32_t leaf,
                                   uint32_t subleaf);

/* Leaves 4, 7, b and d. */
bool cpu_policy_has_subleaves(uint32_t leaf);

/* One feature word. */
uint32_t cpu_policy_word(const struct cpu_policy *p, unsigned int i);
/* Features as a bitmap of FEATURE_WORDS words, and back. */
void cpu_policy_get_features(const struct cpu_policy *p, uint32_t *words);
void cpu_policy_set_features(struct cpu_policy *p, const uint32_t *words);

/* The list form (xen_cpuid_leaf), in order; at most CPUID_POLICY_MAX_LEAVES.
 * Returns the number of entries. */
unsigned int cpu_policy_write(const struct cpu_policy *p,
                              struct xen_cpuid_leaf *leaves);
/* Overwrites the leaves in the list. False at one that no policy has; *bad
 * is its index. */
bool cpu_policy_read(struct cpu_policy *p, const struct xen_cpuid_leaf *leaves,
                     unsigned int nr, unsigned int *bad);
