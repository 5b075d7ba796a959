/* SPDX-License-Identifier: GPL-2.0-only */
/* Fakes of what is particular to a CPU: per-CPU data, registers, time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hypervisor/abi/errno.h"
#include "hypervisor/core/timer.h"
#include "hypervisor/cpu/cr.h"
#include "hypervisor/cpu/io.h"
#include "hypervisor/cpu/msr.h"
#include "hypervisor/x86/traps.h"
#include "tests/unit/fakes/fakes.h"

/* Keeps the section from being empty, and aligns the copies. */
DEFINE_PERCPU(unsigned int, percpu_cpu_id) __aligned(64);
extern char __start_percpu[], __stop_percpu[];

unsigned long percpu_offsets[MAX_CPUS];
_Thread_local unsigned int fake_cpu;

uint64_t fake_now, fake_tsc;
uint64_t fake_cr[5], fake_xcr0, fake_dr6;
unsigned int fake_invlpgs, fake_nmis;
uint32_t (*fake_port_in)(uint16_t port, unsigned int bytes);
void (*fake_port_out)(uint16_t port, unsigned int bytes, uint32_t v);
uint64_t fake_deadline[MAX_CPUS];
unsigned int fake_deadline_sets;

/* The copies of the per-CPU section; kept reachable for the leak checker. */
static char *volatile percpu_copies;

/* A constructor: static initialisers are in the section, no code ran yet. */
__attribute__((constructor(101)))
__attribute__((no_sanitize("address")))
static void percpu_init(void)
{
    size_t size = ALIGN_UP((size_t)(__stop_percpu - __start_percpu), 64);

    percpu_copies = aligned_alloc(64, size * MAX_CPUS);
    if (!percpu_copies)
        abort();
    for (unsigned int cpu = 1; cpu < MAX_CPUS; cpu++) {
        char *copy = percpu_copies + cpu * size;

        /* Not memcpy(): red zones between the variables are poisoned. */
        for (ptrdiff_t i = 0; i < __stop_percpu - __start_percpu; i++)
            ((volatile char *)copy)[i] = __start_percpu[i];
        percpu_offsets[cpu] = (unsigned long)copy -
                              (unsigned long)__start_percpu;
        per_cpu(percpu_cpu_id, cpu) = cpu;
    }
}

void fake_set_cpu(unsigned int cpu)
{
    if (cpu >= MAX_CPUS)
        abort();
    fake_cpu = cpu;
}

void smp_call_poll(void);
FAKE void smp_call_poll(void)
{
}

FAKE uint64_t now_ns(void)
{
    return fake_now;
}

void deadline_set(uint64_t ns);
FAKE void deadline_set(uint64_t ns)
{
    fake_deadline[cpu_id()] = ns;
    fake_deadline_sets++;
}

void fake_write_dr6(uint64_t v)
{
    if (v >> 32) {
        fprintf(stderr, "write_dr6(%#llx)\n", (unsigned long long)v);
        abort();
    }
    fake_dr6 = v;
}

FAKE void host_nmi(void)
{
    fake_nmis++;
}

FAKE uint64_t rdtsc(void)
{
    return fake_tsc;
}

#define MAX_MSRS 512
static struct { uint32_t index; uint64_t v; } msrs[MAX_MSRS];
static unsigned int nr_msrs;

static uint64_t *msr_find(uint32_t index)
{
    for (unsigned int i = 0; i < nr_msrs; i++)
        if (msrs[i].index == index)
            return &msrs[i].v;
    return NULL;
}

void fake_msr_set(uint32_t index, uint64_t v)
{
    uint64_t *p = msr_find(index);

    if (!p) {
        if (nr_msrs == MAX_MSRS)
            abort();
        msrs[nr_msrs].index = index;
        p = &msrs[nr_msrs++].v;
    }
    *p = v;
}

bool fake_msr_get(uint32_t index, uint64_t *v)
{
    const uint64_t *p = msr_find(index);

    if (p)
        *v = *p;
    return p;
}

void fake_msr_clear(void)
{
    nr_msrs = 0;
}

FAKE uint64_t rdmsr(uint32_t index)
{
    const uint64_t *p = msr_find(index);

    if (!p) {
        fprintf(stderr, "rdmsr(%#x): the test has not set it\n", index);
        abort();
    }
    return *p;
}

FAKE void wrmsr(uint32_t index, uint64_t v)
{
    fake_msr_set(index, v);
}

FAKE int rdmsr_safe(uint32_t index, uint64_t *v)
{
    return fake_msr_get(index, v) ? 0 : -EFAULT;
}

#define MAX_LEAVES 256
static struct { uint32_t leaf, subleaf; struct cpuid_regs r; } leaves[MAX_LEAVES];
static unsigned int nr_leaves;

void fake_cpuid_set(uint32_t leaf, uint32_t subleaf, struct cpuid_regs r)
{
    unsigned int i = 0;

    while (i < nr_leaves &&
           (leaves[i].leaf != leaf || leaves[i].subleaf != subleaf))
        i++;
    if (i == MAX_LEAVES)
        abort();
    leaves[i].leaf = leaf;
    leaves[i].subleaf = subleaf;
    leaves[i].r = r;
    nr_leaves = MAX(nr_leaves, i + 1);
}

FAKE struct cpuid_regs cpuid(uint32_t leaf, uint32_t subleaf)
{
    for (unsigned int i = 0; i < nr_leaves; i++)
        if (leaves[i].leaf == leaf && leaves[i].subleaf == subleaf)
            return leaves[i].r;
    return (struct cpuid_regs){ 0 };
}
