/* SPDX-License-Identifier: GPL-2.0-only */
/* The battery-backed clock; boot only, later it is domain 0's. */
#ifndef LODGE_X86_CMOS_H
#define LODGE_X86_CMOS_H

#include "hypervisor/lib/util.h"

/* Seconds since 1970, the clock taken as UTC; 0 when it makes no sense.
 * century: CMOS register with the century (FADT), 0: none. */
uint64_t cmos_read(uint8_t century);

/* Days from 1970-01-01 to a date of the Gregorian calendar. */
int64_t days_from_date(int64_t year, unsigned int month, unsigned int day);

#endif
