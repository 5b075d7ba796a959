/* SPDX-License-Identifier: GPL-2.0-only */
/* Facts of hypervisor/abi/cpu-policy.h, compared by tests/abi. See facts.h. */
CONST(XEN_CPUID_NO_SUBLEAF)
SIZE(struct xen_cpuid_leaf)
FIELD(struct xen_cpuid_leaf, leaf)
FIELD(struct xen_cpuid_leaf, subleaf)
FIELD(struct xen_cpuid_leaf, a)
FIELD(struct xen_cpuid_leaf, b)
FIELD(struct xen_cpuid_leaf, c)
FIELD(struct xen_cpuid_leaf, d)
SIZE(struct xen_msr_entry)
FIELD(struct xen_msr_entry, idx)
FIELD(struct xen_msr_entry, flags)
FIELD(struct xen_msr_entry, val)
