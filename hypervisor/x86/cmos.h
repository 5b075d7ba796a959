/* SPDX-License-Identifier: GPL-2.0-only */
/* The battery-backed clock; boot only, later it is domain 0's. */
#ifndef LODGE_X86_CMOS_H
#define LODGE_X86_CMOS_H

#include "hypervisor/lib/util.h"

/* Seconds since 1970, the clock taken as UTC and of this century; 0 when it
 * makes no sense. */
uint64_t cmos_read(void);

#endif
