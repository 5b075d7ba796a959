/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What CPUID tells a guest: the domain's policy, which is every leaf it can
 * see, by index; a few bits that follow the vCPU's state; and Xen's own leaves.
 */
#pragma once

#include "hypervisor/abi/domctl.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/cpu/cpuid.h"

struct cpu_policy {
    struct cpuid_regs basic[CPUID_POLICY_BASIC]; /* 4, 7, b, d: sub-leaves */
    struct cpuid_regs cache[CPUID_POLICY_CACHE];
    struct cpuid_regs feat[CPUID_POLICY_FEAT];
    struct cpuid_regs topo[CPUID_POLICY_TOPO];
    struct cpuid_regs xstate[CPUID_POLICY_XSTATE];
    struct cpuid_regs extended[CPUID_POLICY_EXTENDED];
    uint64_t arch_caps;           /* IA32_ARCH_CAPABILITIES */
    struct cpuid_regs xen[2]; /* .a: lowers Xen's last leaf if not 0 */
};

/* The registers of a leaf, or NULL where a policy has none; and one feature
 * word. They may be written if p may. */
struct cpuid_regs *cpu_policy_leaf(const struct cpu_policy *p, uint32_t leaf,
                                   uint32_t subleaf);
uint32_t *cpu_policy_word(const struct cpu_policy *p, unsigned int i);

/* Boot, after the vendor was chosen: host, HVM maximum and HVM default. */
void cpuid_init(void);
/* Before that: no guest gets this feature (XEN_X86_FEATURE_*), because the
 * vendor cannot or shall not switch it on for guests. */
void cpuid_hide(unsigned int feature);

/* Makes p, which lives as long as d->hvm, a new domain's policy. */
void cpuid_domain_init(struct domain *d, struct cpu_policy *p);

/* CPUID as v executes it now. */
void cpuid_guest(struct vcpu *v, uint32_t leaf, uint32_t subleaf,
                 struct cpuid_regs *r);

/* Bits that the guest may set, from its policy. */
uint64_t cpuid_guest_cr4(const struct vcpu *v);
uint64_t cpuid_guest_efer(const struct vcpu *v);
uint64_t cpuid_guest_xcr0(const struct vcpu *v);
/* Of SPEC_CTRL, PRED_CMD and FLUSH_CMD; 0: v has no such register. */
uint64_t cpuid_guest_msr_bits(const struct vcpu *v, uint32_t index);
/* May v have this XCR0? SDM vol. 1 13.3: x87 always, AVX needs SSE, AVX-512
 * its three together; all of it in the policy. */
bool cpuid_xcr0_valid(const struct vcpu *v, uint64_t val);
/* Does its policy have this feature (XEN_X86_FEATURE_*)? */
bool cpuid_guest_has(const struct vcpu *v, unsigned int feature);
unsigned int cpuid_guest_phys_bits(const struct vcpu *v);

/* The policy XEN_SYSCTL_cpu_policy_*. -EINVAL: none has this number;
 * -EOPNOTSUPP: one of classic PV guests. */
int cpuid_system_policy(unsigned int index, const struct cpu_policy **p);
/* XEN_SYSCTL_get_cpu_featureset: index XEN_SYSCTL_cpu_featureset_*,
 * FEATURE_WORDS words; the same errors. */
int cpuid_featureset(unsigned int index, uint32_t *words);
/* A policy as lists, in order, which have room for CPUID_POLICY_MAX_LEAVES and
 * MSR_POLICY_MAX_ENTRIES; returns the number of leaves. */
uint32_t cpu_policy_write(const struct cpu_policy *p,
                          struct xen_cpuid_leaf *leaves,
                          struct xen_msr_entry *msrs);
/* Overwrites the leaves that the list, of o->nr_leaves, has. -EINVAL at one
 * that no policy has, which is in o->err_* then. */
int cpu_policy_read(struct cpu_policy *p, const struct xen_cpuid_leaf *leaves,
                    struct xen_domctl_cpu_policy *o);
/* Replaces a domain's policy by what the toolstack wants in o and these lists,
 * checked against the maximum. -ENOMEM; -EINVAL with the offender in o->err_*,
 * all ones where nothing is wrong. */
int cpuid_domain_set_policy(struct domain *d, struct xen_domctl_cpu_policy *o,
                            const struct xen_cpuid_leaf *leaves,
                            const struct xen_msr_entry *msrs);
