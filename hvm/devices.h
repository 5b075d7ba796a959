/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The emulated devices of a domain and the local APIC of a vCPU: made,
 * freed, moved along; and the glue between them and the vCPU.
 */
#pragma once

#include "hypervisor/core/domain.h"

/* By config.arch.emulation_flags: which devices the domain has. -ENOMEM. */
int devices_init(struct domain *d);
void devices_exit(struct domain *d);  /* idempotent */
int devices_vcpu_init(struct vcpu *v);
void devices_vcpu_exit(struct vcpu *v);
/* v got a CPU: its timers go there. */
void devices_vcpu_moved(struct vcpu *v);
