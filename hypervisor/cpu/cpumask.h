/* SPDX-License-Identifier: GPL-2.0-only */
/* A set of physical CPUs. Plain operations; callers that share one lock it. */
#ifndef LODGE_CPU_CPUMASK_H
#define LODGE_CPU_CPUMASK_H

#include "hypervisor/cpu/percpu.h"

#define CPUMASK_WORDS (MAX_CPUS / 64)

struct cpumask {
    uint64_t bits[CPUMASK_WORDS];
};

static inline void cpumask_clear_all(struct cpumask *m)
{
    *m = (struct cpumask){ { 0 } };
}

static inline void cpumask_set(struct cpumask *m, unsigned int cpu)
{
    m->bits[cpu / 64] |= BIT(cpu % 64);
}

static inline void cpumask_clear(struct cpumask *m, unsigned int cpu)
{
    m->bits[cpu / 64] &= ~BIT(cpu % 64);
}

static inline bool cpumask_test(const struct cpumask *m, unsigned int cpu)
{
    return (m->bits[cpu / 64] >> (cpu % 64)) & 1;
}

static inline bool cpumask_empty(const struct cpumask *m)
{
    for (unsigned int i = 0; i < CPUMASK_WORDS; i++)
        if (m->bits[i])
            return false;
    return true;
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

static inline unsigned int cpumask_count(const struct cpumask *m)
{
    unsigned int n = 0;

    for (unsigned int cpu = cpumask_next(m, 0); cpu < MAX_CPUS;
         cpu = cpumask_next(m, cpu + 1))
        n++;
    return n;
}

#define for_each_cpu(cpu, mask)                                             \
    for (cpu = cpumask_next((mask), 0); cpu < MAX_CPUS;                     \
         cpu = cpumask_next((mask), cpu + 1))

#endif
