/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What CPUID tells a guest: the domain's policy (a sorted list of leaves),
 * a few bits that follow the vCPU's state, and Xen's own leaves.
 */
#pragma once

#include "hypervisor/abi/domctl.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/cpu/cpuid.h"

/* Boot, after the vendor was chosen: host, HVM maximum and HVM default. */
void cpuid_init(void);
/* Before that: no guest gets this feature (XEN_X86_FEATURE_*), because the
 * vendor cannot or shall not switch it on for guests. */
void cpuid_hide(unsigned int feature);

/* The policy a new domain starts with, of the heap; NULL: no memory. */
struct cpu_policy *cpu_policy_create(void);

/* CPUID as v executes it now. */
void cpuid_guest(struct vcpu *v, uint32_t leaf, uint32_t subleaf,
                 struct cpuid_regs *r);

/* Bits that the guest may set, from its policy. */
uint64_t cpuid_guest_cr4(const struct vcpu *v);
uint64_t cpuid_guest_efer(const struct vcpu *v);
uint64_t cpuid_guest_xcr0(const struct vcpu *v);
/* Of SPEC_CTRL, PRED_CMD and FLUSH_CMD; 0: v has no such register. */
uint64_t cpuid_guest_msr_bits(const struct vcpu *v, uint32_t index);
/* False: v has no IA32_ARCH_CAPABILITIES. */
bool cpuid_guest_arch_caps(const struct vcpu *v, uint64_t *val);
/* May v have this XCR0? SDM vol. 1 13.3: x87 always, AVX needs SSE, AVX-512
 * its three together; all of it in the policy. */
bool cpuid_xcr0_valid(const struct vcpu *v, uint64_t val);
/* False: v has no XSAVES, and so no IA32_XSS. */
bool cpuid_guest_xsaves(const struct vcpu *v);
unsigned int cpuid_guest_phys_bits(const struct vcpu *v);

/* The policy XEN_SYSCTL_cpu_policy_*. -EINVAL: none has this number;
 * -EOPNOTSUPP: one of classic PV guests. */
int cpuid_system_policy(unsigned int index, const struct cpu_policy **p);
/* XEN_SYSCTL_get_cpu_featureset: index XEN_SYSCTL_cpu_featureset_*,
 * FEATURE_WORDS words; the same errors. */
int cpuid_featureset(unsigned int index, uint32_t *words);
/* A policy as lists, which have room for CPUID_POLICY_MAX_LEAVES and
 * MSR_POLICY_MAX_ENTRIES; returns the number of leaves. */
uint32_t cpuid_policy_write(const struct cpu_policy *p,
                            struct xen_cpuid_leaf *leaves,
                            struct xen_msr_entry *msrs);
/* Replaces a domain's policy by what the toolstack wants in o and these lists,
 * checked against the maximum. -ENOMEM; -EINVAL with the offender in o->err_*,
 * all ones where nothing is wrong. */
int cpuid_domain_set_policy(struct domain *d, struct xen_domctl_cpu_policy *o,
                            const struct xen_cpuid_leaf *leaves,
                            const struct xen_msr_entry *msrs);
