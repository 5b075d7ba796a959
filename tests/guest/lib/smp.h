/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The other CPUs: started once by INIT and start-up IPIs, they then wait for
 * work. Their numbers are vCPU ids; an APIC id is twice that.
 */
#pragma once

#include "tests/guest/lib/lib.h"

/* CPUs by the MADT, at most MAX_CPUS; without one, as in an HVM guest that has
 * no firmware, those that the hypervisor knows. */
unsigned int smp_count(void);
/* Starts CPU n; false if it does not report within a second. */
bool smp_start(unsigned int n);
/* Starts all; returns how many there are now, this one included. */
unsigned int smp_start_all(void);
/* Gives CPU n a function to call, interrupts off; does not wait. */
void smp_call(unsigned int n, void (*fn)(void *), void *arg);
/* Waits until CPU n has done what it was given; false: not in limit_us. */
bool smp_wait(unsigned int n, unsigned int limit_us);
/* APIC id of a CPU, as the MADT has it. */
uint32_t smp_apic_id(unsigned int n);
