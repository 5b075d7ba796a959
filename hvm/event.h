/* SPDX-License-Identifier: GPL-2.0-only */
/* Choosing what to inject; see event.c. hvm_raise() is in base/hvm.h. */
#pragma once

#include "hvm/base/hvm.h"

/*
 * Before an entry when something may be pending: injects one event, and asks
 * for a window where another one must wait. By the vCPU itself.
 */
void hvm_event_update(struct vcpu *v);
/* True if the guest would be interrupted now if its IF were set, or by an
 * NMI: ends HLT. By the vCPU itself. */
bool hvm_has_event(struct vcpu *v);
/* The guest can deliver no exception any more: shuts its domain down as
 * HVM_PARAM_TRIPLE_FAULT_REASON says. */
void hvm_triple_fault(struct vcpu *v);
