/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The processors: starting them, calling functions on them, getting them out
 * of the guest, stopping them; the end of the machine (power.c).
 *
 * Calls are synchronous. A CPU serves the one that waits for it when it
 * takes the interrupt (idle, guest, preemption point) and while it spins on
 * a lock, so two CPUs can never wait for each other in vain. fn runs with
 * interrupts off, must not block, must not take a lock of rank below CALL
 * and must be short.
 */
#pragma once

#include "hypervisor/cpu/cpumask.h"

extern struct cpumask cpus_online;
extern unsigned int nr_cpus_online;  /* numbers 0 .. nr_cpus_online - 1 */
extern uint32_t cpu_apic_id[MAX_CPUS]; /* valid for online CPUs */
extern unsigned int opt_maxcpus;     /* maxcpus=; 0: no limit */

/*
 * Runs fn(arg) on every online CPU of mask, on the caller too if it is in
 * it, and returns when all have. fn may be NULL: then each has left its
 * guest and passed a point where it serves calls. Locks of rank below CALL
 * may be held.
 */
void smp_call(const struct cpumask *mask, void (*fn)(void *), void *arg);

/* Makes cpu leave its guest or its HLT, asynchronously; does nothing else.
 * Any lock may be held. */
void smp_kick(unsigned int cpu);

/* Boot CPU, number 0: its per-CPU area. Before anything that uses one. */
void smp_init_boot_cpu(void);
/* Starts all others that ACPI lists, one after the other.
 * After mm_init(), apic_init() and time_init(). */
void smp_start_all(void);

/* smp_stop_others() was called, for a panic, restart or power-off. */
extern bool smp_stopping;

extern bool opt_noreboot;  /* noreboot: halt instead of restarting */
/* Maps what restart needs, once acpi_info is read. */
void power_init(void);
/* Stops all CPUs and restarts: ACPI reset register, then the keyboard
 * controller, port 0xcf9, a triple fault. */
__noreturn void machine_restart(void);
/* ACPI S5; halts if the firmware described none or it has no effect. */
__noreturn void machine_power_off(void);
