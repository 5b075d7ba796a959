/* SPDX-License-Identifier: GPL-2.0-only */
/* HVM parameters: who may set and read each, and what setting one does. */
#pragma once

#include "hypervisor/core/domain.h"

/* index below HVM_NR_PARAMS; caller may act on d (access.h). self: the
 * domain does it to itself. -EINVAL, -EPERM, -EEXIST. */
int hvm_param_set(struct domain *d, uint32_t index, uint64_t val, bool self);
int hvm_param_get(struct domain *d, uint32_t index, uint64_t *val, bool self);

/*
 * Called by what a kernel does first of all: places its hypercall page, asks
 * for upcalls. Its width then is the width of the layout of shared info, as
 * with Xen.
 */
void hvm_latch_layout(struct domain *d);
