/* SPDX-License-Identifier: GPL-2.0-only */
/* Exit handlers; the table, and most of them, are in exit.c. */
#pragma once

#include "hvm/base/exit.h"

/* Calls the handler for e and applies its verdict. */
void hvm_handle_exit(struct vcpu *v, const struct vmexit *e);

exit_fn exit_npf, exit_pio, exit_hypercall;
