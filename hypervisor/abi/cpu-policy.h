/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPUID and MSR policies as tools exchange them with the hypervisor: lists of
 * leaves and MSRs, and the featureset, a bitmap of CPU features.
 *
 * Featureset words keep the order of their first appearance in Xen; new ones
 * are added at the end. Which bits there are is in cpuid-bits.h.
 */
#pragma once

#include "hypervisor/abi/guest-ptr.h"

#define XEN_CPUID_NO_SUBLEAF        0xffffffffu

struct xen_cpuid_leaf {
    uint32_t leaf, subleaf;
    uint32_t a, b, c, d;
};

struct xen_msr_entry {
    uint32_t idx;
    uint32_t flags;                 /* 0 */
    uint64_t val;
};

DEFINE_GUEST_PTR(xen_cpuid_leaf, struct xen_cpuid_leaf);
DEFINE_GUEST_PTR(xen_msr_entry, struct xen_msr_entry);

/* Featureset words. The names are ours, the numbers the ABI's. */
#define FEATURE_WORD_1_EDX          0
#define FEATURE_WORD_1_ECX          1
#define FEATURE_WORD_80000001_EDX   2
#define FEATURE_WORD_80000001_ECX   3
#define FEATURE_WORD_D_1_EAX        4
#define FEATURE_WORD_7_0_EBX        5
#define FEATURE_WORD_7_0_ECX        6
#define FEATURE_WORD_80000007_EDX   7
#define FEATURE_WORD_80000008_EBX   8
#define FEATURE_WORD_7_0_EDX        9
#define FEATURE_WORD_7_1_EAX        10
#define FEATURE_WORD_80000021_EAX   11
#define FEATURE_WORD_7_1_EBX        12
#define FEATURE_WORD_7_2_EDX        13
#define FEATURE_WORD_7_1_ECX        14
#define FEATURE_WORD_7_1_EDX        15
#define FEATURE_WORD_10A_LOW        16
#define FEATURE_WORD_10A_HIGH       17
#define FEATURE_WORD_80000021_ECX   18
#define FEATURE_WORDS               19

/* XEN_X86_FEATURE_name: word * 32 + bit. */
enum xen_x86_feature {
#define CPUID_BIT(name, word, bit, guest) \
    XEN_X86_FEATURE_##name = (word) * 32 + (bit),
#include "hypervisor/abi/cpuid-bits.h"
#undef CPUID_BIT
};

/* Values of cpuid-bits.h's last column. */
#define CPUID_NONE                  0
#define CPUID_DEF                   1
#define CPUID_OPT                   2
#define CPUID_ALWAYS                3

/* Leaves and sub-leaves a policy has, and the longest lists it turns into. */
#define CPUID_POLICY_BASIC          (0xd + 1)   /* 0 to d */
#define CPUID_POLICY_CACHE          (5 + 1)     /* 4.x */
#define CPUID_POLICY_FEAT           (2 + 1)     /* 7.x */
#define CPUID_POLICY_TOPO           (1 + 1)     /* b.x */
#define CPUID_POLICY_XSTATE         (62 + 1)    /* d.x */
#define CPUID_POLICY_EXTENDED       (0x21 + 1)
#define CPUID_POLICY_HYPERVISOR     2           /* 40000000, 40000100 */
#define CPUID_POLICY_MAX_LEAVES                                         \
    (CPUID_POLICY_BASIC + CPUID_POLICY_CACHE - 1 +                      \
     CPUID_POLICY_FEAT - 1 + CPUID_POLICY_TOPO - 1 +                    \
     CPUID_POLICY_XSTATE - 1 + CPUID_POLICY_EXTENDED +                  \
     CPUID_POLICY_HYPERVISOR)
#define MSR_POLICY_MAX_ENTRIES      2           /* ce, 10a */
