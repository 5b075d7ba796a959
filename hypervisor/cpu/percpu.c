/* SPDX-License-Identifier: GPL-2.0-only */
/* The variables that find the per-CPU areas; set by boot.S and x86/smp.c. */
#include "hypervisor/cpu/percpu.h"

DEFINE_PERCPU(unsigned long, percpu_offset);
DEFINE_PERCPU(unsigned int, percpu_cpu_id);

unsigned long percpu_offsets[MAX_CPUS];
