/* SPDX-License-Identifier: GPL-2.0-only */
/* The exit handlers, one family per file; the table is in exit.c. */
#pragma once

#include "hvm/base/exit.h"

/* Calls the handler for e and applies its verdict. */
void hvm_handle_exit(struct vcpu *v, const struct vmexit *e);

exit_fn exit_cpuid;
exit_fn exit_msr;
exit_fn exit_hlt;
exit_fn exit_npf;
exit_fn exit_pio;
exit_fn exit_cr_write;
exit_fn exit_xsetbv;
exit_fn exit_hypercall;
