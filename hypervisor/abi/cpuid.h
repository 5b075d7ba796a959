/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPUID leaves by which a guest recognises Xen: from 0x40000000, or from
 * 0x40000100 when the first block speaks Hyper-V's language.
 *
 *  +0  eax: last leaf; ebx, ecx, edx: "XenVMMXenVMM"
 *  +1  eax: version, major << 16 | minor
 *  +2  eax: pages of hypercall code (1); ebx: index of the MSR that places
 *      it; ecx, edx: feature bits
 *  +3  sub-leaf 0: eax: TSC bits, ebx: TSC mode, ecx: kHz, edx: incarnation
 *      sub-leaf 1: eax, ebx: TSC offset, ecx: multiplier, edx: shift
 *      sub-leaf 2: eax: host kHz
 *  +4  eax: XEN_HVM_CPUID_*; ebx: vCPU id; ecx: domain id
 *  +5  PV only
 *
 * The MSR that +2 names (0x40000000, or 0x40000200 beside Hyper-V's) takes a
 * guest physical address in bits 12 up and, in bits 0 to 11, which of the
 * pages to write there; the page of hypercall stubs is then filled in. It
 * reads as 0. Stub n is at offset n * 32: mov eax, n; vmcall or vmmcall; ret.
 */
#pragma once

#define XEN_CPUID_FIRST_LEAF            0x40000000
#define XEN_CPUID_LEAF(i)               (XEN_CPUID_FIRST_LEAF + (i))

#define XEN_CPUID_SIGNATURE_EBX         0x566e6558
#define XEN_CPUID_SIGNATURE_ECX         0x65584d4d
#define XEN_CPUID_SIGNATURE_EDX         0x4d4d566e

/* +3, sub-leaf 0 */
#define XEN_CPUID_HOST_TSC_RELIABLE     (1u << 1)
#define XEN_CPUID_RDTSCP_INSTR_AVAIL    (1u << 2)
#define XEN_CPUID_TSC_MODE_DEFAULT          0
#define XEN_CPUID_TSC_MODE_ALWAYS_EMULATE   1u
#define XEN_CPUID_TSC_MODE_NEVER_EMULATE    2u
#define XEN_CPUID_TSC_MODE_PVRDTSCP         3u

/* +4 */
#define XEN_HVM_CPUID_X2APIC_VIRT       (1u << 1)
#define XEN_HVM_CPUID_IOMMU_MAPPINGS    (1u << 2)
#define XEN_HVM_CPUID_VCPU_ID_PRESENT   (1u << 3)
#define XEN_HVM_CPUID_DOMID_PRESENT     (1u << 4)

/* Not in Xen's headers. */
#define XEN_MSR_HYPERCALL_PAGE          0x40000000
