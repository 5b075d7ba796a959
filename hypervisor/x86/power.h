/* SPDX-License-Identifier: GPL-2.0-only */
/* The end: restart and power-off of the machine. */
#pragma once

#include "hypervisor/lib/util.h"

extern bool opt_noreboot;  /* noreboot: halt instead of restarting */

/* Maps what restart needs, once acpi_info is read. */
void power_init(void);

/* Stops all CPUs and restarts: ACPI reset register, then the keyboard
 * controller, port 0xcf9, a triple fault. */
__noreturn void machine_restart(void);
/* ACPI S5; halts if the firmware described none or it has no effect. */
__noreturn void machine_power_off(void);
