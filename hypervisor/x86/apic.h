/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The local APIC of each CPU, in x2APIC mode where the machine has it
 * (x2apic=0 keeps it off), else by its register page (SDM vol. 3A 11).
 */
#ifndef LODGE_X86_APIC_H
#define LODGE_X86_APIC_H

#include "hypervisor/lib/util.h"

extern bool opt_x2apic;  /* x2apic= */

/* Boot CPU: chooses the mode and switches its own APIC on. Panics when
 * there is none. lapic_maddr: from the MADT. */
void apic_init(uint64_t lapic_maddr);
/* The same mode on this CPU. */
void apic_init_cpu(void);
bool apic_is_x2apic(void);

/* This CPU's id. */
uint32_t apic_id(void);

void apic_eoi(void);
/* A fixed interrupt, NMI, INIT or start-up to one APIC id. */
void apic_send_ipi(uint32_t dest, unsigned int vector);
void apic_send_nmi(uint32_t dest);
void apic_send_init(uint32_t dest);
void apic_send_startup(uint32_t dest, unsigned int page);

/*
 * The timer. one_shot: counts down from `count` (0 stops), divided by one;
 * tsc: TSC-deadline mode, armed by MSR. Both interrupt with VECTOR_TIMER.
 */
void apic_timer_one_shot_mode(void);
void apic_timer_tsc_mode(void);
void apic_timer_set_count(uint32_t count);
uint32_t apic_timer_count(void);

/* True if this CPU's APIC has `vector` requested and not yet taken. */
bool apic_irr(unsigned int vector);

/* Error interrupts counted and logged. */
void apic_error_interrupt(void);

#endif
