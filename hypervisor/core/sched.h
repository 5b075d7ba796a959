/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The scheduler: one run queue per CPU ordered by weighted virtual run time,
 * work stealing by idle CPUs, caps per domain. A woken vCPU that has used
 * less than its share runs at once. Parameters speak Xen's credit2 sysctl.
 */
#pragma once

#include "hypervisor/core/vcpu.h"

#define SCHED_WEIGHT_DEFAULT 256
#define SCHED_WEIGHT_MAX 65535

/* No vCPU computes longer than this while another one waits that has had
 * less; one that wakes and has had less runs at once. */
#define SCHED_SLICE_MAX MILLISECS(10)

/* What the scheduler keeps of a domain. (p) lock CAP. */
struct sched_domain {
    uint16_t weight;      /* (a) 1 .. SCHED_WEIGHT_MAX, of each vCPU */
    uint16_t cap;         /* (a) percent of one CPU, all vCPUs; 0: none */
    struct spinlock lock;
    uint64_t budget_used; /* (p) ns in the current cap period */
    uint64_t period_end;  /* (p) ns since boot */
    uint64_t since;       /* (p) when the cap was set */
    struct timer refill;  /* lets the throttled vCPUs go on */
};

/* Boot: makes this CPU's run queue and turns the running code into its idle
 * vCPU. Once on each CPU, the boot CPU first. -ENOMEM. */
int sched_init_cpu(unsigned int cpu);
/* The idle loop of each CPU; never returns. */
__noreturn void sched_idle(void);

/* Default parameters; release() of core/domain.c kills the timer. */
void sched_domain_init(struct domain *d);

/* A new vCPU: all CPUs allowed, on no queue, its time offline; its stack, if
 * it has one, is made ready for its first turn. */
void sched_vcpu_init(struct vcpu *v);
/*
 * Something that decides whether v may run has changed (pause counts, down,
 * stopped, its domain's dying): queues it or takes it off its queue, or tells
 * its CPU to call schedule(). Any lock of rank below RUNQ may be held.
 */
void sched_vcpu_update(struct vcpu *v);
/* v's domain is dying, or v is about to be freed: true, and v is dead and on
 * no queue, if its thread never ran. Else the thread is let run whatever it
 * waited for, unless it ended. */
bool sched_vcpu_kill(struct vcpu *v);

/*
 * Gives the CPU to the vCPU that deserves it most; returns when the caller
 * is chosen again (perhaps on another CPU). Interrupts off, no locks.
 */
void schedule(void);
/* SCHEDOP_yield: lets those who wait for this CPU go first, once. (Not named
 * yield: the host tests link a C library that calls its own.) */
void sched_give_way(void);

/* True if this CPU should call schedule() soon. */
bool sched_wanted(void);

/* Sets the CPUs v may (hard) and should (soft) run on; -EINVAL if hard has
 * no online CPU. */
int sched_set_affinity(struct vcpu *v, const struct cpumask *hard,
                       const struct cpumask *soft);
/* Keeps v on one CPU for a while (SCHEDOP_pin_override), or (cpu < 0) gives it
 * its affinity back. -EINVAL: no such CPU, not pinned; -EBUSY: is pinned. */
int sched_pin(struct vcpu *v, int cpu);
/* All vCPUs of d; -EINVAL outside the limits. */
int sched_set_params(struct domain *d, unsigned int weight, unsigned int cap);

/* The shortest time that a vCPU keeps the CPU once it has it, in microseconds
 * (XEN_SYSCTL_SCHEDOP_putinfo of credit2); 0: none. -EINVAL as Xen. */
int sched_set_ratelimit(unsigned int us);
extern unsigned int sched_ratelimit; /* (a) */

/* ns that cpu was idle. */
uint64_t sched_idle_time(unsigned int cpu);
