/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Time: nanoseconds since boot from the TSC (now_ns() of core/timer.h is
 * defined here), the one-shot timer of each CPU, the wall clock.
 *
 * The conversion is the one guests use (pvclock): ns = (ticks shifted by
 * shift) * mul >> 32, so a guest with the same numbers computes the same ns.
 */
#pragma once

#include "hypervisor/lib/util.h"

uint64_t now_ns(void);

struct tsc_scale {
    uint32_t mul;
    int8_t shift;
};

/* Of the TSC, constant once time_init() and smp_start_all() are done. */
extern uint64_t tsc_hz;            /* 0 until the clock is calibrated */
extern struct tsc_scale tsc_scale; /* its own */
extern uint64_t tsc_at_boot;       /* TSC value of now_ns() == 0 */
/* False: rates may change or CPUs may disagree (a warning was logged). */
extern bool tsc_is_reliable;

/* The HPET's registers, counting; NULL: there is none. */
extern volatile uint8_t *hpet_regs;

/* Boot CPU: measures the TSC, reads the wall clock. After apic_init(). */
void time_init(void);

struct tsc_scale tsc_scale_for(uint64_t freq); /* of a TSC of freq Hz, not 0 */
uint64_t tsc_to_ns(uint64_t tsc);

/*
 * Compares a new CPU's TSC with the boot CPU's and corrects it when they
 * differ. Both sides run at the same time: reference on the boot CPU, check on
 * the new one.
 */
void tsc_sync_reference(void);
void tsc_sync_check(void);

/*
 * This CPU's next timer_interrupt(): at `ns` since boot (UINT64_MAX: none).
 * It may come early when ns is further away than the hardware counts.
 */
void deadline_set(uint64_t ns);

/* Busy wait; boot, hardware quirks and the end only. Works without a clock. */
void delay_us(unsigned int us);

/* (a) Wall clock, ns since 1970 UTC, when now_ns() was 0; and setting it:
 * `epoch_ns` was right at system time `at_ns` (XENPF_settime). */
extern uint64_t wallclock_boot;
void wallclock_set(uint64_t epoch_ns, uint64_t at_ns);
