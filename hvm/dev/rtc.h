/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MC146818 real-time clock: the first 14 bytes of CMOS (time, alarm, status
 * A to D) and ISA IRQ 8. The other CMOS bytes belong to the device model:
 * for an index of 14 and up the handlers answer BUS_NONE, for writes of port
 * 70h and accesses of port 71h alike. Time is computed when it is read; a
 * host timer runs only for interrupts that the guest enabled.
 *
 * Lock: ->lock, rank VDEV, taken inside.
 */
#pragma once

#include "hvm/dev/tick.h"

struct rtc {
    struct spinlock lock;
    struct route *route;
    struct hvm_hw_rtc hw;
    struct tick tick;        /* periodic interrupt, while PIE is set */
    uint64_t epoch;          /* ns: phase of the periodic divider */
    uint64_t period;         /* ns, 0: off */
    uint64_t pf_since;       /* ns up to which PF was looked at */
    int64_t seen_second;     /* second up to which UF and AF were */
    bool time_written;       /* time bytes changed while SET is on */
    struct tick event;       /* next second or alarm, if enabled */
};

/* Power-up state, on the route's bus; errors of bus_add(). */
int rtc_init(struct rtc *s, struct ticks *ticks, struct route *r);
/* The domain's wall clock or time offset was changed from outside. */
void rtc_time_changed(struct rtc *s);

/* Record RTC; the domain is paused. load: -EINVAL. */
void rtc_save(struct rtc *s, struct hvm_hw_rtc *rec);
int rtc_load(struct rtc *s, const struct hvm_hw_rtc *rec);
