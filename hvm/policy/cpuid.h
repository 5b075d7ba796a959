/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What CPUID tells a guest: the domain's policy (a sorted list of leaves),
 * a few bits that follow the vCPU's state, and Xen's own leaves.
 */
#pragma once

#include "hypervisor/abi/cpu-policy.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/cpu/cpuid.h"

/* Boot, after the vendor was chosen: host, HVM maximum and HVM default. */
void cpuid_init(void);
/* Before that: no guest gets this feature (XEN_X86_FEATURE_*), because the
 * vendor cannot or shall not switch it on for guests. */
void cpuid_hide(unsigned int feature);

/* The policy a new domain starts with; NULL: no memory. */
struct cpu_policy *cpu_policy_create(struct domain *d);
void cpu_policy_free(struct cpu_policy *p);

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

/* XEN_SYSCTL_get_cpu_policy and XEN_DOMCTL_get/set_cpu_policy work on these
 * arrays, which have room for CPUID_POLICY_MAX_LEAVES and
 * MSR_POLICY_MAX_ENTRIES. index: XEN_SYSCTL_cpu_policy_*. *nr out: entries.
 * -EINVAL. */
int cpuid_system_policy(unsigned int index, struct xen_cpuid_leaf *leaves,
                        uint32_t *nr_leaves, struct xen_msr_entry *msrs,
                        uint32_t *nr_msrs);
int cpuid_domain_policy(const struct domain *d, struct xen_cpuid_leaf *leaves,
                        uint32_t *nr_leaves, struct xen_msr_entry *msrs,
                        uint32_t *nr_msrs);
/* Replaces a domain's policy by what the toolstack wants, checked against
 * the maximum. -EINVAL with the offender in *err_leaf, *err_subleaf,
 * *err_msr. */
int cpuid_domain_set_policy(struct domain *d, const struct xen_cpuid_leaf *leaves,
                            uint32_t nr_leaves, const struct xen_msr_entry *msrs,
                            uint32_t nr_msrs, uint32_t *err_leaf,
                            uint32_t *err_subleaf, uint32_t *err_msr);
/* XEN_SYSCTL_get_cpu_featureset: index XEN_SYSCTL_cpu_featureset_*; *nr in:
 * room in words, out: words. */
int cpuid_featureset(unsigned int index, uint32_t *words, uint32_t *nr);
