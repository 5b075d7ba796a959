/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest's TSC: the machine's, times the domain's ratio where the CPU scales
 * it, plus the vCPU's offset. RDTSC never exits, so a guest has another rate
 * than the machine's only where the CPU can do that.
 */
#pragma once

#include "hvm/base/hvm.h"

/* Ratios have 48 bits behind the point, whatever the CPU's have. */
#define TSC_RATIO_SHIFT 48
#define TSC_RATIO_ONE (1ull << TSC_RATIO_SHIFT)

/* Bits before and behind the point of this machine's ratios, 0: its CPUs do
 * not scale. Set by the vendor's cpu_enable. */
struct tsc_scaling {
    uint8_t integer, fraction;
};
extern struct tsc_scaling tsc_scaling; /* (c) */

/* What the CPU makes of ticks of the machine's TSC; ratio 0: the same. */
static inline uint64_t tsc_scaled(uint64_t ratio, uint64_t ticks)
{
    return ratio ? (uint64_t)((unsigned __int128)ticks * ratio >>
                              TSC_RATIO_SHIFT)
                 : ticks;
}

/* What v's TSC is (was, will be) when the machine's is `host`. */
static inline uint64_t hvm_guest_tsc(const struct vcpu *v, uint64_t host)
{
    return tsc_scaled(v->domain->hvm->tsc_ratio, host) + v->hvm->tsc_offset;
}

/* Sets v's TSC forward (or back). By v itself or while it is paused. */
static inline void hvm_tsc_shift(struct vcpu *v, uint64_t by)
{
    v->hvm->tsc_offset += by;
    hvm_ops.set_tsc(v, v->hvm->tsc_offset);
}

/* The largest ratio that s can express and that makes no more than khz of hz.
 * 0: there is none, or hz is too slow for it. */
uint64_t tsc_ratio_for(struct tsc_scaling s, uint64_t khz, uint64_t hz);

/* How many ns so many ticks of a TSC with this scale take, never less; in case
 * that is more than 2^62, at least that. */
uint64_t tsc_duration(struct tsc_scale s, uint64_t ticks);

/*
 * The rate of a domain's TSC, 0 or within 250 ppm of it: the machine's. The TSC
 * goes on from where it is. Takes lock DOMCTL. -EOPNOTSUPP: not with this CPU
 * (a line in the log says so); -EEXIST: the domain has run with another.
 */
int hvm_set_tsc_khz(struct domain *d, uint64_t khz);
