/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A simulated machine for tests of the scheduler. The sources under test are
 * the real ones, stacks are switched by the real thread.S; simulated are the
 * processors (they compute for a while, halt, take interrupts), the clock and
 * the guests. Root mode takes no time. One event after the other: a run is
 * the same each time.
 */
#pragma once

#include "hypervisor/core/sched-impl.h"
#include "tests/unit/sim-stacks.h"

#define SIM_CPUS 8
#define SIM_DOMAINS 16
#define SIM_VCPUS 64 /* in all */

/* From sending an IPI to its effect, ns. */
#define SIM_IPI_LATENCY 1500

/* What a vCPU's guest does, again and again: compute, then wait. */
struct sim_load {
    uint64_t work;       /* ns of computing; 0: for ever */
    uint64_t sleep;      /* ns until the wake-up after that */
    bool random;         /* both between 0 and twice that */
    bool yields;         /* sched_give_way() instead of waiting */
    bool handler;        /* waits with vcpu_park(), as for a device model */
    bool consumer;       /* nothing but a sender wakes it */
    struct sim_vcpu *sends_to; /* it sends an event to this one each time */
    uint64_t send_every; /* it has computed for so long, ns */
};

struct sim_vcpu {
    struct vcpu *v;
    struct sim_load load;
    uint64_t left;       /* ns to compute before it waits */
    uint64_t to_send;    /* and before it sends, if it does */
    uint64_t ran;        /* see sim_ran() */
    bool waiting;        /* for its wake-up */
    uint64_t wake_at;
    unsigned int wake_cpu; /* takes the interrupt that wakes it */
    /* Wake-ups: how many, and from the wake-up to computing. */
    uint64_t wakes, woken_at, wait_sum, wait_max;
    uint64_t lost_since; /* waits beside an idle CPU since then, 0: no */
};

struct sim {
    unsigned int cpus;
    struct domain *domain[SIM_DOMAINS];
    unsigned int nr_domains;
    struct sim_vcpu vcpu[SIM_VCPUS];
    unsigned int nr_vcpus;
    uint64_t kicks;      /* IPIs sent */
    uint64_t switches;   /* times a vCPU got a CPU */
    uint64_t idle_lost;  /* longest wait of one beside an idle CPU, ns */
    void (*hook)(void);  /* after each event, outside of the CPUs */
};

extern struct sim sim;

/* A machine with this many CPUs, by sim_thread(); one in the life of a
 * process. */
void sim_start(unsigned int cpus, uint64_t seed);
struct domain *sim_domain(unsigned int weight, unsigned int cap);
/* A vCPU, started; it may run on the CPUs of the mask. */
struct sim_vcpu *sim_vcpu(struct domain *d, struct sim_load load,
                          uint64_t cpus);
void sim_set_mask(struct sim_vcpu *s, uint64_t hard, uint64_t soft);
/* Runs for so many ns, checking the state of everything at each event. */
void sim_run(uint64_t ns);
/* A number below n, the same sequence for the same seed. */
uint64_t sim_random(uint64_t n);
/* The calling vCPU's CPU is busy in root mode for so long. */
void sim_spend(uint64_t ns);
/* One of the simulated vCPUs, or NULL for others. */
struct sim_vcpu *sim_find(const struct vcpu *v);
/* ns that it has computed until now. */
uint64_t sim_ran(const struct sim_vcpu *s);
/* ns that all vCPUs of d have computed. */
uint64_t sim_domain_ran(const struct domain *d);
