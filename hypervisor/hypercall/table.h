/* SPDX-License-Identifier: GPL-2.0-only */
/* The hypercalls: numbers, handlers, arguments (docs are printed from it). */
#pragma once

#include "hypervisor/lib/util.h"

#define HYPERCALL_MAX_ARGS 6

struct hypercall {
    const char *name;
    long (*fn)(const uint64_t *args);
    uint8_t nr_args;
};

extern const struct hypercall hypercalls[];
extern const unsigned int nr_hypercalls; /* entries, some without fn */

/* Runs hypercall nr with these arguments for the current vCPU. -ENOSYS. */
long hypercall_dispatch(uint64_t nr, const uint64_t *args);
