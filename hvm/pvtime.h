/* SPDX-License-Identifier: GPL-2.0-only */
/* The clock that guests read from shared memory (vcpu_time_info). */
#ifndef HVM_PVTIME_H
#define HVM_PVTIME_H

#include "hypervisor/core/domain.h"

/* Writes v's time record. By v itself, or while it is paused; cheap enough
 * for every time it gets a CPU. */
void pvtime_update(struct vcpu *v);
/* Writes the wall clock of all of d's shared info (after it was set). */
void pvtime_update_wallclock(struct domain *d);

#endif
