/* SPDX-License-Identifier: GPL-2.0-only */
/* The vCPU loop's helpers for exit handlers. */
#pragma once

#include "hvm/base/hvm.h"

/*
 * The guest idles (HLT, SCHEDOP_block): returns when something wakes it or
 * the loop has other work. v->hvm->halted stays set in the latter case and
 * the loop comes back.
 */
void hvm_wait_for_event(struct vcpu *v);
