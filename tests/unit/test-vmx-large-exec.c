/* sources: hvm/vmx/large-exec.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which CPUs must not execute from large EPT leaves: Intel's list, what the
 * CPU says of itself, what ept= says.
 */
#include <string.h>

#include "hvm/vmx/caps.h"
#include "hypervisor/cpu/msr.h"
#include "hypervisor/x86/features.h"
#include "tests/unit/fakes/fakes.h"
#include "tests/unit/test.h"

TEST_PROGRAM;

struct cpu_features cpu_features;

static const struct {
    struct cpu_features f;
    uint64_t arch_caps;
    bool bug;
} cpus[] = {
    { { .vendor = VENDOR_INTEL, .family = 6, .model = 0x1a }, 0, true },
    { { .vendor = VENDOR_INTEL, .family = 6, .model = 0x3a }, 0, true },
    { { .vendor = VENDOR_INTEL, .family = 6, .model = 0x3c }, 0, true },
    { { .vendor = VENDOR_INTEL, .family = 6, .model = 0x55 }, 0x2b, true },
    { { .vendor = VENDOR_INTEL, .family = 6, .model = 0x55 }, 0x6b, false },
    { { .vendor = VENDOR_INTEL, .family = 6, .model = 0x9e }, 0, true },
    { { .vendor = VENDOR_INTEL, .family = 6, .model = 0x37 }, 0, false },
    { { .vendor = VENDOR_INTEL, .family = 6, .model = 0x5f }, 0, false },
    { { .vendor = VENDOR_INTEL, .family = 6, .model = 0x85 }, 0, false },
    { { .vendor = VENDOR_INTEL, .family = 6, .model = 0x86 }, 0, false },
    /* Tremont of other kinds: believed when it says so itself. */
    { { .vendor = VENDOR_INTEL, .family = 6, .model = 0x96 }, 0, true },
    { { .vendor = VENDOR_INTEL, .family = 6, .model = 0x9c }, 0x40, false },
    { { .vendor = VENDOR_INTEL, .family = 6, .model = 0x97 }, 0x40, false },
    { { .vendor = VENDOR_INTEL, .family = 6, .model = 0x55,
        .hypervisor = "KVMKVMKVM" }, 0, false },
    { { .vendor = VENDOR_INTEL, .family = 15, .model = 0x06 }, 0, false },
    { { .vendor = VENDOR_OTHER, .family = 6, .model = 0x0f }, 0, false },
    { { .vendor = VENDOR_AMD, .family = 0x17, .model = 0x31 }, 0, false },
};

static bool avoided(const char *option)
{
    strcpy(opt_ept, option);
    return vmx_avoid_large_exec();
}

int main(void)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(cpus); i++) {
        CHECK_EQ(vmx_large_exec_bug(&cpus[i].f, cpus[i].arch_caps),
                 cpus[i].bug);
        cpu_features = cpus[i].f;
        fake_msr_clear();
        if (cpus[i].arch_caps) /* else there is no such register */
            fake_msr_set(MSR_ARCH_CAPABILITIES, cpus[i].arch_caps);
        CHECK_EQ(avoided(""), cpus[i].bug);
        CHECK(!avoided("exec-sp"));
        CHECK(avoided("no-exec-sp"));
        CHECK_EQ(avoided("exec"), cpus[i].bug);
    }
    return test_result();
}
