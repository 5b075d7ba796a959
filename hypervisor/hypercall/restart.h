/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the handler of a hypercall may ask about the call that the current
 * vCPU makes, and how a long one records its progress.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The caller runs in 32-bit mode: its structures are those of abi/compat.h. */
bool hypercall_is_compat(void);

/*
 * Replaces argument `arg_index` (0 is the first, as the handler sees them) in
 * the guest's registers. A handler does so before it returns -ERESTART: the
 * guest then issues the hypercall again with these arguments.
 */
void hypercall_restart(unsigned int arg_index, uint64_t value);
