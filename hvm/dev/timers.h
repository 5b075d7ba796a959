/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The timers of a PC, and how they interrupt. All of a domain's share one
 * lock, route->timer_lock (rank VDEV): taken inside of all functions here,
 * but for those whose name begins with tick_.
 */
#pragma once

#include "hvm/irq/route.h"

/* ---- Ticks --------------------------------------------------------------- */

/*
 * The interrupt of an emulated timer: once or with a period, and what
 * becomes of ticks that the guest could not take in time. No tick is held
 * back in Lodge's timer queue for a line that nobody listens to.
 */

#define TICK_MIN_PERIOD MICROSECS(100)

/* Raises the interrupt; lock held. */
typedef enum irq_result tick_fn(void *dev);

struct tick {
    struct timer timer;
    struct route *route;
    struct tick *sibling;
    tick_fn *fire;
    void *dev;
    uint64_t next;       /* ns of the next tick in rhythm; TIME_NEVER: off */
    uint64_t period;     /* ns; 0: once */
    uint64_t missed;     /* due, and not delivered yet */
    bool parked;         /* the line is masked: the timer is not running */
};

/* One more tick of a domain that is being created; no lock. The others: lock
 * held. */
void tick_init(struct tick *t, struct route *r, tick_fn *fire, void *dev);
/* First tick at `first` (ns since boot), then each `period` (0: only one);
 * TIME_NEVER: none. Periods under TICK_MIN_PERIOD are lengthened. fire() may
 * call it. */
void tick_set(struct tick *t, uint64_t first, uint64_t period);

/* vCPU 0 runs on this CPU now. */
void ticks_migrate(struct route *r);
/* Stops them for good; idempotent. No locks held. */
void ticks_exit(struct route *r);

/* Ticks per nanosecond of a clock, as a fraction of 2^64. */
#define HZ_FRAC(hz) ((uint64_t)(((unsigned __int128)(hz) << 64) / 1000000000))

/* a * b / 2^64 without overflow: frequencies as 64-bit fractions. */
static inline uint64_t mul_frac(uint64_t a, uint64_t frac)
{
    return (uint64_t)(((unsigned __int128)a * frac) >> 64);
}

/* ---- 8254 ---------------------------------------------------------------- */

/*
 * Three channels at 1.193182 MHz, ports 40h to 43h, and the speaker gate in
 * port 61h. Channel 0 is ISA IRQ 0. Modes 0 to 5, binary and BCD. Channel
 * state is kept as the save record has it.
 */
struct pit {
    struct hvm_hw_pit hw;
    uint64_t loaded[3];   /* ns when the count began */
    uint64_t stopped;     /* ns when the gate of channel 2 stopped its count */
    struct tick tick;     /* channel 0 */
    bool muted;           /* (a) the HPET has taken over IRQ 0 */
};

/* Power-up state, on the route's bus; errors of bus_add(). */
int pit_init(struct pit *p, struct route *r);

/* Record PIT; the domain is paused. load: -EINVAL. */
void pit_save(struct pit *p, struct hvm_hw_pit *rec);
int pit_load(struct pit *p, const struct hvm_hw_pit *rec);

/* ---- IA-PC HPET ---------------------------------------------------------- */

/*
 * A 64-bit main counter at 62.5 MHz (16 ns), three comparators with one-shot
 * and periodic mode, 32 or 64 bits, edge or level interrupts on GSI 20 to 23
 * or, by legacy replacement, IRQ 0 and 8. No FSB delivery. The counter is read
 * without the lock.
 */
#define HPET_BASE 0xfed00000ull

struct hpet_timer {
    struct hpet *hpet;
    typeof(((struct hvm_hw_hpet *)0)->timers[0]) *reg; /* in ->hpet->hw */
    uint64_t *period;   /* there, too: ticks between matches */
    unsigned int index;
    unsigned int line;  /* GSI that its last level interrupt went to */
    struct tick tick;
};

struct hpet {
    struct route *route;
    struct pit *pit;        /* muted by legacy replacement */
    bool enabled;           /* HVM_PARAM_HPET_ENABLED; if not: reads as ones */
    uint64_t offset;        /* counter - now in ticks, while running */
    /* The registers: mc64 is the main counter while halted, comparators have
     * all 64 bits in 32-bit mode too, fsb has no effect. */
    struct hvm_hw_hpet hw;
    struct hpet_timer timer[HPET_TIMER_NUM];
};

/* Reset state, on the route's bus; errors of bus_add(). */
int hpet_init(struct hpet *h, struct route *r, struct pit *pit);

/* Record HPET; the domain is paused. load: -EINVAL. */
void hpet_save(struct hpet *h, struct hvm_hw_hpet *rec);
int hpet_load(struct hpet *h, const struct hvm_hw_hpet *rec);

/* ---- MC146818 ------------------------------------------------------------ */

/*
 * Real-time clock: the first 14 bytes of CMOS (time, alarm, status A to D) and
 * ISA IRQ 8. The other CMOS bytes belong to the device model: for an index of
 * 14 and up the handlers answer BUS_NONE, for writes of port 70h and accesses
 * of port 71h alike. Time is computed when it is read; a host timer runs only
 * for interrupts that the guest enabled.
 */
struct rtc {
    struct hvm_hw_rtc hw;
    struct tick tick;        /* periodic interrupt, while PIE is set */
    uint64_t epoch;          /* ns: phase of the periodic divider */
    uint64_t pf_since;       /* ns up to which PF was looked at */
    int64_t seen_second;     /* second up to which UF and AF were */
    bool time_written;       /* time bytes are to be taken when SET is off */
    struct tick event;       /* next second or alarm, if enabled */
};

/* Power-up state, on the route's bus; errors of bus_add(). */
int rtc_init(struct rtc *s, struct route *r);
/* The domain's wall clock or time offset was changed from outside. */
void rtc_time_changed(struct rtc *s);

/* Record RTC; the domain is paused. load: -EINVAL. */
void rtc_save(struct rtc *s, struct hvm_hw_rtc *rec);
int rtc_load(struct rtc *s, const struct hvm_hw_rtc *rec);

/* ---- ACPI ---------------------------------------------------------------- */

/*
 * ACPI fixed hardware that is not the device model's: the 32-bit PM timer
 * (3.579545 MHz) and the PM1a event block with its SCI on ISA IRQ 9. The
 * PM1a control register between them belongs to the device model. Ports by
 * HVM_PARAM_ACPI_IOPORTS_LOCATION. The counter is read without the lock.
 */

/* PM1 status and enable bits (ACPI 6.4, 4.8.4.1). */
#define PM1_TMR     (1u << 0)
#define PM1_GBL     (1u << 5)
#define PM1_PWRBTN  (1u << 8)
#define PM1_SLPBTN  (1u << 9)

struct pmtimer {
    uint64_t offset;       /* counter - now in ticks; the guest sees 32 bits */
    uint64_t flips;        /* changes of bit 31 that TMR_STS knows of */
    uint16_t sts, en;      /* PM1a event registers */
    unsigned int location; /* 0 or 1: which ports */
    struct tick tick;      /* next change of bit 31, while TMR_EN is set */
};

/* Reset state, on the route's bus at location 0; errors of bus_add(). */
int pmtimer_init(struct pmtimer *p, struct route *r);
/* HVM_PARAM_ACPI_IOPORTS_LOCATION: 0 or 1. -EINVAL; errors of bus_move(). */
int pmtimer_move(struct pmtimer *p, uint64_t location);
/* A button of the toolstack (sendtrigger): PM1_PWRBTN or PM1_SLPBTN. */
void pmtimer_press(struct pmtimer *p, uint16_t button);

/* Record PMTIMER; the domain is paused. load: -EINVAL. */
void pmtimer_save(struct pmtimer *p, struct hvm_hw_pmtimer *rec);
int pmtimer_load(struct pmtimer *p, const struct hvm_hw_pmtimer *rec);
