/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Model-specific registers: numbers and bits as the manuals name them (SDM
 * vol. 4, APM vol. 2 appendix A; those that follow each other in one list),
 * access, the TSC.
 */
#pragma once

#include "hypervisor/abi/errno.h"
#include "hypervisor/cpu/extable.h"
#include "hypervisor/lib/util.h"

#define MSR_TSC 0x10
#define MSR_APIC_BASE 0x1b
#define APIC_BASE_EXTD BIT(10)
#define APIC_BASE_ENABLE BIT(11)
#define MSR_FEATURE_CONTROL 0x3a
#define FEATURE_CONTROL_LOCKED BIT(0)
#define FEATURE_CONTROL_VMXON BIT(2)
#define MSR_TSC_ADJUST 0x3b
#define MSR_SPEC_CTRL 0x48
#define SPEC_CTRL_IBRS (1u << 0)
#define SPEC_CTRL_STIBP (1u << 1)
#define SPEC_CTRL_SSBD (1u << 2)
#define SPEC_CTRL_IPRED_DIS (3u << 3) /* of user, of supervisor mode */
#define SPEC_CTRL_RRSBA_DIS (3u << 5)
#define SPEC_CTRL_PSFD (1u << 7)
#define SPEC_CTRL_BHI_DIS_S (1u << 10)
#define MSR_PRED_CMD 0x49
#define PRED_CMD_IBPB BIT(0)
#define PRED_CMD_SBPB BIT(7)
#define MSR_UCODE_REV 0x8b
#define MSR_MTRRCAP 0xfe
#define MSR_ARCH_CAPABILITIES 0x10a
#define MSR_FLUSH_CMD 0x10b
#define FLUSH_CMD_L1D BIT(0)
enum { MSR_SYSENTER_CS = 0x174, MSR_SYSENTER_ESP, MSR_SYSENTER_EIP };
enum { MSR_MCG_CAP = 0x179, MSR_MCG_STATUS, MSR_MCG_CTL };
#define MSR_MISC_ENABLE 0x1a0
#define MISC_ENABLE_FAST_STRINGS BIT(0)
#define MISC_ENABLE_NO_BTS BIT(11)
#define MISC_ENABLE_NO_PEBS BIT(12)
#define MSR_DEBUGCTL 0x1d9
enum {
    MSR_LASTBRANCHFROM = 0x1db, MSR_LASTBRANCHTO, MSR_LASTINTFROM,
    MSR_LASTINTTO,
};
#define MSR_PAT 0x277
#define MSR_MTRR_DEFTYPE 0x2ff
#define MSR_MC0_CTL 0x400
enum {
    MSR_VMX_BASIC = 0x480, MSR_VMX_PIN, MSR_VMX_PROC, MSR_VMX_EXIT,
    MSR_VMX_ENTRY, MSR_VMX_MISC, MSR_VMX_CR0_FIXED0, MSR_VMX_CR0_FIXED1,
    MSR_VMX_CR4_FIXED0, MSR_VMX_CR4_FIXED1, MSR_VMX_VMCS_ENUM, MSR_VMX_PROC2,
    MSR_VMX_EPT_VPID_CAP, MSR_VMX_TRUE_PIN, MSR_VMX_TRUE_PROC,
    MSR_VMX_TRUE_EXIT, MSR_VMX_TRUE_ENTRY,
};
#define MSR_TSC_DEADLINE 0x6e0
#define MSR_X2APIC_FIRST 0x800
#define MSR_X2APIC_LAST 0x8ff
#define MSR_XSS 0xda0
#define MSR_EFER 0xc0000080
#define EFER_SCE BIT(0)
#define EFER_LME BIT(8)
#define EFER_LMA BIT(10)
#define EFER_NXE BIT(11)
#define EFER_SVME BIT(12)
#define EFER_FFXSE BIT(14)
#define EFER_AIBRSE BIT(21) /* automatic IBRS */
enum { MSR_STAR = 0xc0000081, MSR_LSTAR, MSR_CSTAR, MSR_SFMASK };
enum {
    MSR_FS_BASE = 0xc0000100, MSR_GS_BASE, MSR_KERNEL_GS_BASE, MSR_TSC_AUX,
    MSR_TSC_RATIO,
};
#define MSR_SYSCFG 0xc0010010
#define MSR_HWCR 0xc0010015
#define MSR_VM_CR 0xc0010114
#define VM_CR_SVMDIS BIT(4)
#define MSR_VM_HSAVE_PA 0xc0010117
#define MSR_DE_CFG 0xc0011029
#define MSR_BP_CFG 0xc001102e

static inline uint64_t rdmsr(uint32_t index)
{
    uint32_t lo, hi;

    asm volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(index));
    return lo | (uint64_t)hi << 32;
}

static inline void wrmsr(uint32_t index, uint64_t v)
{
    asm volatile("wrmsr" : : "c"(index), "a"((uint32_t)v),
                 "d"((uint32_t)(v >> 32)) : "memory");
}

/* rdmsr() where the register may not exist: -EFAULT on #GP (by the exception
 * table of x86/), else 0. */
static inline int __must_check rdmsr_safe(uint32_t index, uint64_t *v)
{
    uint32_t lo = 0, hi = 0;
    int rc = -EFAULT;

    asm volatile("1: rdmsr\n"
                 "xor %[rc], %[rc]\n"
                 "2:\n"
                 EXTABLE(1b, 2b)
                 : "+a"(lo), "+d"(hi), [rc] "+r"(rc)
                 : "c"(index));
    *v = lo | (uint64_t)hi << 32;
    return rc;
}

static inline uint64_t rdtsc(void)
{
    uint32_t lo, hi;

    asm volatile("rdtsc" : "=a"(lo), "=d"(hi));
    return lo | (uint64_t)hi << 32;
}

/* Not before what precedes it is done. */
static inline uint64_t rdtsc_ordered(void)
{
    asm volatile("lfence" : : : "memory");
    return rdtsc();
}
