/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The local APIC of each CPU, in x2APIC mode where the machine has it
 * (x2apic=0 keeps it off), else by its register page (SDM vol. 3A 11).
 */
#pragma once

#include "hypervisor/lib/util.h"

extern bool opt_x2apic;  /* x2apic= */

/* Boot CPU: chooses the mode and switches its own APIC on. */
void apic_init(void);
/* The same mode on this CPU, its timer stopped. After features_setup_cpu(). */
void apic_init_cpu(void);
extern bool apic_x2apic; /* the mode */

/* This CPU's id. */
uint32_t apic_id(void);

void apic_eoi(void);
/* To one APIC id: a fixed interrupt (command is its vector), or one of these;
 * start-up with the page's number in the low bits. */
#define APIC_NMI 0x400
#define APIC_INIT 0x500
#define APIC_STARTUP 0x600
void apic_send(uint32_t dest, uint32_t command);

/*
 * The timer interrupts with VECTOR_TIMER. It is armed by MSR if the CPU has
 * tsc_deadline, and these have no effect and read 0; else it counts down from
 * `count` (0 stops), undivided.
 */
void apic_timer_set_count(uint32_t count);
uint32_t apic_timer_count(void);

/* Error interrupts counted and logged. */
void apic_error_interrupt(void);
