/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Per-CPU variables. Each CPU has its own copy of the .percpu section; GS
 * base is the distance from the section in the image to the CPU's copy, so
 * this_cpu(x) is one instruction with a GS prefix.
 */
#pragma once

#include "hypervisor/lib/util.h"

#define MAX_CPUS 256

#define DECLARE_PERCPU(type, name) extern __section(".percpu") typeof(type) name
#define DEFINE_PERCPU(type, name) __section(".percpu") typeof(type) name

/* Defined and set by x86/smp.c when a CPU starts. */
DECLARE_PERCPU(unsigned long, percpu_offset); /* this CPU's own distance */
DECLARE_PERCPU(unsigned int, percpu_cpu_id);

extern unsigned long percpu_offsets[MAX_CPUS]; /* valid for started CPUs */

static inline unsigned long percpu_this_offset(void)
{
    unsigned long off;

    asm volatile("mov %%gs:%1, %0" : "=r"(off) : "m"(percpu_offset));
    return off;
}

#define per_cpu_ptr(name, off)                                              \
    ((typeof(&(name)))((unsigned long)&(name) + (off)))
#define this_cpu(name) (*per_cpu_ptr(name, percpu_this_offset()))
#define per_cpu(name, cpu) (*per_cpu_ptr(name, percpu_offsets[cpu]))

/* Number of the CPU that runs this, 0 .. cpus_online - 1. */
static inline unsigned int cpu_id(void)
{
    unsigned int id;

    asm volatile("movl %%gs:%1, %0" : "=r"(id) : "m"(percpu_cpu_id));
    return id;
}
