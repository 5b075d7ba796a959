/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The local APIC (SDM vol. 3A, "Advanced Programmable Interrupt Controller"),
 * in whichever mode it is: registers by their xAPIC offset, commands.
 */
#pragma once

#include "tests/guest/lib/lib.h"

#define APIC_DEFAULT_BASE 0xfee00000u

#define APIC_BASE_BSP BIT(8)
#define APIC_BASE_X2 BIT(10)
#define APIC_BASE_ON BIT(11)

#define APIC_ID 0x20
#define APIC_VERSION 0x30
#define APIC_TPR 0x80
#define APIC_PPR 0xa0
#define APIC_EOI 0xb0
#define APIC_LDR 0xd0
#define APIC_DFR 0xe0
#define APIC_SPIV 0xf0
#define APIC_ISR 0x100
#define APIC_TMR 0x180
#define APIC_IRR 0x200
#define APIC_ESR 0x280
#define APIC_ICR 0x300
#define APIC_ICR2 0x310
#define APIC_LVT_TIMER 0x320
#define APIC_LVT_THERMAL 0x330
#define APIC_LVT_PERF 0x340
#define APIC_LVT_LINT0 0x350
#define APIC_LVT_LINT1 0x360
#define APIC_LVT_ERROR 0x370
#define APIC_TMICT 0x380
#define APIC_TMCCT 0x390
#define APIC_TDCR 0x3e0
#define APIC_SELF_IPI 0x3f0

#define SPIV_ON 0x100u
#define LVT_MASKED BIT(16)
#define LVT_PERIODIC BIT(17)
#define LVT_DEADLINE BIT(18)
#define ICR_FIXED 0u
#define ICR_LOWEST 0x100u
#define ICR_NMI 0x400u
#define ICR_INIT 0x500u
#define ICR_STARTUP 0x600u
#define ICR_LOGICAL 0x800u
#define ICR_BUSY 0x1000u
#define ICR_ASSERT 0x4000u
#define ICR_LEVEL 0x8000u
#define ICR_SELF 0x40000u
#define ICR_ALL 0x80000u
#define ICR_OTHERS 0xc0000u
#define TDCR_1 0xbu
#define TDCR_16 3u

bool x2apic_offered(void);
bool apic_is_x2(void);
/* Software-enables the APIC (spurious vector 0xff), TPR 0. This CPU. */
void apic_init(void);
/* Goes to x2APIC mode. This CPU. */
void apic_to_x2(void);

uint32_t apic_read(unsigned int reg);
void apic_write(unsigned int reg, uint32_t v);
/* command: ICR_* | vector; dest: APIC id, or logical destination. Waits until
 * it is accepted. */
void apic_send(uint32_t dest, uint32_t command);
void apic_eoi(void);
/* The id of this CPU's APIC. */
uint32_t apic_id(void);

/* Is the vector's bit set in a register of 256 (APIC_IRR, ISR, TMR)? */
bool apic_bit(unsigned int reg, unsigned int vector);

/*
 * Counting handlers: vector_count() installs one that ends the interrupt and
 * counts it, on whatever CPU it arrives.
 */
extern volatile unsigned int vector_counts[256];
void vector_count(unsigned int vector);
/* Opens interrupts until the vector's count is at least n, or for at most so
 * many microseconds; has them closed afterwards. */
bool vector_wait(unsigned int vector, unsigned int n, unsigned int limit_us);
