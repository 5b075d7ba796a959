/* SPDX-License-Identifier: GPL-2.0-only */
/* The clock that guests read from shared memory (vcpu_time_info). */
#pragma once

#include "hypervisor/core/domain.h"

/* Writes v's time record. By v itself, or while it is paused. */
void pvtime_update(struct vcpu *v);
/* The same if it is not there as written last: the TSC has changed, or it was
 * cleared, as firmware does with the page. Each time v gets a CPU. */
void pvtime_refresh(struct vcpu *v);
/* Writes the wall clock of all of d's shared info (after it was set). */
void pvtime_update_wallclock(struct domain *d);
