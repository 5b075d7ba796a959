/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The domctl operations by family. Each gets its domain (with a reference
 * and rights checked) and a private copy of the argument, and says whether
 * the copy goes back to the caller.
 */
#pragma once

#include "hypervisor/abi/domctl.h"
#include "hypervisor/core/domain.h"

typedef long domctl_fn(struct domain *d, struct xen_domctl *op);

/* domctl-vcpu.c */
domctl_fn domctl_max_vcpus, domctl_getvcpuinfo, domctl_setaffinity,
    domctl_getaffinity, domctl_sendtrigger, domctl_scheduler, domctl_sethvm,
    domctl_gethvm, domctl_gethvm_partial, domctl_vcpu_msrs, domctl_getnode;

/* domctl-context.c */
domctl_fn domctl_getcontext, domctl_setcontext;

/* The longest lists that a CPU policy turns into. */
struct policy_buffer {
    struct xen_cpuid_leaf leaves[CPUID_POLICY_MAX_LEAVES];
    struct xen_msr_entry msrs[MSR_POLICY_MAX_ENTRIES];
};

/*
 * Writes a policy into the lists whose handles are not null; *nr in: what the
 * caller has room for, out: entries. -ENOBUFS, -EFAULT, -ENOMEM.
 */
struct cpu_policy;
long policy_to_guest(const struct cpu_policy *p, uint32_t *nr_leaves,
                     xen_cpuid_leaf_gptr_t leaves, uint32_t *nr_msrs,
                     xen_msr_entry_gptr_t msrs);

/* Fills *info; d is not locked. Also for sysctl getdomaininfolist. */
void domctl_info(struct domain *d, struct xen_domctl_getdomaininfo *info);

/* A caller's bitmap to and from a set of CPUs. -EFAULT. */
struct cpumask;
int bitmap_to_cpumask(const struct xenctl_bitmap *map, struct cpumask *out);
int cpumask_to_bitmap(const struct cpumask *set, struct xenctl_bitmap *map,
                      unsigned int nr);
