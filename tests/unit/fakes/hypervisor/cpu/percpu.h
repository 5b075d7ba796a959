/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Host test fake of per-CPU variables. As in the image, the variables are in
 * a section of their own and each CPU but CPU 0 has a copy of it at a
 * distance; which CPU "runs" is chosen with fake_set_cpu(), per thread.
 */
#pragma once

#include "hypervisor/lib/util.h"

#define MAX_CPUS 256

#define DECLARE_PERCPU(type, name) extern __section("percpu") typeof(type) name
#define DEFINE_PERCPU(type, name) __section("percpu") typeof(type) name

extern unsigned long percpu_offsets[MAX_CPUS];
extern _Thread_local unsigned int fake_cpu;

#define per_cpu_ptr(name, off) ((typeof(&(name)))((unsigned long)&(name) + (off)))
#define per_cpu(name, cpu) (*per_cpu_ptr(name, percpu_offsets[cpu]))
#define this_cpu(name) per_cpu(name, fake_cpu)

static inline unsigned long percpu_this_offset(void)
{
    return percpu_offsets[fake_cpu];
}

static inline unsigned int cpu_id(void)
{
    return fake_cpu;
}
