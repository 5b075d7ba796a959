/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the timer devices expect from the layers above (files of hvm/ define
 * these; unit tests supply fakes).
 */
#pragma once

#include "hypervisor/lib/util.h"

struct domain;

/* The time of day that the domain's RTC shows: nanoseconds since 1970, the
 * domain's time offset included. May be negative or before 1970. */
int64_t domain_wallclock_ns(struct domain *d);
/* The guest set its RTC: the domain's time offset changes by `seconds`. Lock
 * VDEV may be held: note it and return. */
void domain_wallclock_shift(struct domain *d, int64_t seconds);
/* The domain's time offset in seconds. */
int64_t domain_time_offset(struct domain *d);
