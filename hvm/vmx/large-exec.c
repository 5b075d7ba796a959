/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest on one of Intel's CPUs can stop the machine by a machine check: when
 * it changes the size of a page that it executes, the CPU may find two
 * translations of it, a large one and a small one (CVE-2018-12207). The large
 * one comes from our tables only if large leaves are executable.
 */
#include "hvm/vmx/caps.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/cpu/msr.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/x86/features.h"

#define ARCH_CAPS_PSCHANGE_MC_NO BIT(6)

char opt_ept[32];

/* Atom and Xeon Phi models that are known to be sound and have no bit to say
 * so. A model that is not known is taken for a Core. */
static const uint8_t sound_models[] = {
    0x1c, 0x26, 0x27, 0x35, 0x36,             /* Bonnell, Saltwell */
    0x37, 0x4a, 0x4c, 0x4d, 0x5a, 0x5d, 0x75, /* Silvermont, Airmont */
    0x5c, 0x5f, 0x7a,                         /* Goldmont, Goldmont Plus */
    0x86,                                     /* Tremont D */
    0x57, 0x85,                               /* Knights Landing, Mill */
};

bool vmx_large_exec_bug(const struct cpu_features *f, uint64_t arch_caps)
{
    /* Another hypervisor's tables are what the CPU walks below that one. */
    if (f->vendor != VENDOR_INTEL || f->family != 6 || f->hypervisor[0] ||
        (arch_caps & ARCH_CAPS_PSCHANGE_MC_NO))
        return false;
    for (unsigned int i = 0; i < ARRAY_SIZE(sound_models); i++)
        if (f->model == sound_models[i])
            return false;
    return true;
}

bool vmx_avoid_large_exec(void)
{
    uint64_t arch_caps;
    bool avoid;

    if (rdmsr_safe(MSR_ARCH_CAPABILITIES, &arch_caps))
        arch_caps = 0;
    avoid = vmx_large_exec_bug(&cpu_features, arch_caps);
    if (!strcmp(opt_ept, "exec-sp"))
        avoid = false;
    else if (!strcmp(opt_ept, "no-exec-sp"))
        avoid = true;
    else if (opt_ept[0])
        log_warn("ept=%s is not understood\n", opt_ept);
    log_info("VT-x: large EPT pages are %sexecutable\n", avoid ? "not " : "");
    return avoid;
}
