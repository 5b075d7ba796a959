/* SPDX-License-Identifier: GPL-2.0-only */
/* A set of physical CPUs. Plain operations; callers that share one lock it. */
#pragma once

#include "hypervisor/cpu/atomic.h"
#include "hypervisor/cpu/percpu.h"

#define CPUMASK_WORDS (MAX_CPUS / 64)

struct cpumask {
    uint64_t bits[CPUMASK_WORDS];
};

static inline void cpumask_set(struct cpumask *m, unsigned int cpu)
{
    m->bits[cpu / 64] |= BIT(cpu % 64);
}

static inline bool cpumask_test(const struct cpumask *m, unsigned int cpu)
{
    return (m->bits[cpu / 64] >> (cpu % 64)) & 1;
}

/* Those that are in both, others changing them or not; false: none. */
static inline bool cpumask_and(struct cpumask *both, const struct cpumask *a,
                               const struct cpumask *b)
{
    uint64_t any = 0;

    for (unsigned int i = 0; i < CPUMASK_WORDS; i++) {
        both->bits[i] = READ_ONCE(a->bits[i]) & READ_ONCE(b->bits[i]);
        any |= both->bits[i];
    }
    return any;
}

/* The first member at or after cpu, or MAX_CPUS. */
static inline unsigned int cpumask_next(const struct cpumask *m,
                                        unsigned int cpu)
{
    for (; cpu < MAX_CPUS; cpu = (cpu | 63) + 1) {
        uint64_t rest = m->bits[cpu / 64] >> (cpu % 64);

        if (rest)
            return cpu + bit_lowest(rest);
    }
    return MAX_CPUS;
}

#define for_each_cpu(cpu, mask)                                             \
    for (cpu = cpumask_next((mask), 0); cpu < MAX_CPUS;                     \
         cpu = cpumask_next((mask), cpu + 1))

static inline unsigned int cpumask_count(const struct cpumask *m)
{
    unsigned int n = 0, cpu;

    for_each_cpu(cpu, m)
        n++;
    return n;
}
