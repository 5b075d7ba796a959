/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the processors can do, read once on the boot CPU; and the control
 * registers, which every CPU sets up in the same way.
 */
#pragma once

#include "hypervisor/lib/util.h"

enum cpu_vendor { VENDOR_OTHER, VENDOR_INTEL, VENDOR_AMD };

/*
 * The host's PAT (SDM vol. 3A 11.12): entries WB WC UC- UC, twice. So a page
 * table entry's PWT alone means write combining, PCD alone uncached unless
 * an MTRR says write combining, both uncached.
 */
#define HOST_PAT 0x0007010600070106ull

struct cpu_features {
    enum cpu_vendor vendor; /* Hygon counts as AMD */
    unsigned int family, model, stepping;
    char name[49];          /* brand string */
    unsigned int phys_bits;

    bool svm, vmx, x2apic, tsc_deadline, invariant_tsc, rdtscp, xsave;
    bool xsaves;            /* and with it IA32_XSS */
    uint64_t xcr0_max;      /* all components this CPU has */
    unsigned int xsave_size; /* bytes of the area with all of xcr0_max */

    char hypervisor[13];    /* CPUID 0x40000000, "" on hardware */
    bool emulator_tcg;      /* QEMU without acceleration */
    bool emulator_bochs;    /* Bochs as an AMD CPU */
};

extern struct cpu_features cpu_features;

/* Fills cpu_features; boot CPU, first of all. */
void features_read(void);
/* CR4, PAT, XCR0 of this CPU; CR0 and EFER are as boot.S set them. Boot CPU
 * after features_read(). */
void features_setup_cpu(void);
/* One log line with what matters. */
void features_report(void);
