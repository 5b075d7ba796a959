/* SPDX-License-Identifier: GPL-2.0-only */
/* What domain.c and domain-life.c share. For these two only. */
#ifndef LODGE_CORE_DOMAIN_IMPL_H
#define LODGE_CORE_DOMAIN_IMPL_H

#include "hypervisor/core/domain.h"

/* domain-life.c: timers and the like of a new domain. */
void domain_life_init(struct domain *d);
/* domain.c: gives the frame of shared info back; idempotent. Nobody uses it
 * any more. */
void domain_free_shared_info(struct domain *d);

#endif
