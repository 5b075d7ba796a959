/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What this machine's VT-x can do, from the capability MSRs (SDM vol. 3D
 * appendix A), and which controls Lodge sets: read once on the boot CPU;
 * other CPUs must offer the same.
 */
#pragma once

#include "hvm/vmx/vmcs.h"

/* Words of controls. */
enum vmx_word { WORD_PIN, WORD_PROC, WORD_PROC2, WORD_EXIT, WORD_ENTRY, WORDS };
extern const uint16_t vmcs_words[WORDS]; /* their fields (check.c) */

/* IA32_VMX_EPT_VPID_CAP. */
#define EPT_CAP_4_LEVELS BIT(6)
#define EPT_CAP_UC BIT(8)
#define EPT_CAP_WB BIT(14)
#define EPT_CAP_2M BIT(16)
#define EPT_CAP_1G BIT(17)
#define EPT_CAP_INVEPT BIT(20)
#define EPT_CAP_AD BIT(21)
#define EPT_CAP_INVEPT_SINGLE BIT(25)
#define EPT_CAP_INVEPT_ALL BIT(26)
#define EPT_CAP_INVVPID BIT(32)
#define EPT_CAP_INVVPID_ALL BIT(42)

struct vmx_caps {
    uint32_t revision;         /* of a VMXON region and a VMCS */
    uint32_t vmcs_bytes;       /* its size */
    uint32_t must[WORDS];      /* bits that must be one (allowed-0) */
    uint32_t may[WORDS];       /* bits that may be one (allowed-1) */
    uint32_t use[WORDS];       /* what Lodge sets in every VMCS */
    uint64_t ept;              /* EPT_CAP_* */
    uint64_t misc;             /* IA32_VMX_MISC */
    uint64_t cr0_fixed0, cr0_fixed1, cr4_fixed0, cr4_fixed1;
};

/*
 * A guest on one of Intel's CPUs can stop the machine by a machine check: when
 * it changes the size of a page that it executes, the CPU may find two
 * translations of it, a large one and a small one (CVE-2018-12207,
 * INTEL-SA-00210). The large one comes from our tables only if large leaves are
 * executable: must they not be here? ept= may say so, or the opposite.
 */
bool vmx_avoid_large_exec(void);
/* ept=: [no-]exec-sp, large leaves are executable. */
extern char opt_ept[32];

extern struct vmx_caps vmx_caps; /* (c) after the boot CPU's cpu_enable */
/* vmx=: features not to use, "no-NAME" each, separated by commas. */
extern char opt_vmx[128];

/* Does Lodge use this feature? */
static inline bool vmx_uses(enum vmx_word w, uint64_t bits)
{
    return (vmx_caps.use[w] & bits) == bits;
}
