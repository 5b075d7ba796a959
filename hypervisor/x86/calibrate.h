/* SPDX-License-Identifier: GPL-2.0-only */
/* Measures the TSC and the local APIC's timer against a clock of known
 * frequency, once at boot. */
#ifndef LODGE_X86_CALIBRATE_H
#define LODGE_X86_CALIBRATE_H

#include "hypervisor/lib/util.h"

struct acpi_info;

struct calibration {
    uint64_t tsc_hz, apic_hz;
    uint64_t start_tsc;  /* TSC when the measurement began */
    const char *source;  /* the clock that was believed */
};

/* Always gives frequencies; warns when clocks disagree. Boot CPU, its APIC
 * on. Takes about 50 ms. */
void calibrate(const struct acpi_info *acpi, struct calibration *c);

#endif
