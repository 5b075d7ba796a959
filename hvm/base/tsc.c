/* SPDX-License-Identifier: GPL-2.0-only */
/* A guest's TSC. SDM vol. 3C 25.6.5, 26.3; APM vol. 2 15.30.5. */
#include "hvm/base/hvm.h"

#include "hypervisor/cpu/msr.h"
#include "hypervisor/debug/log.h"

/* As large a difference as clocks that are disciplined can have: such rates
 * are the same one, measured at different boots. */
#define TOLERANCE_PPM 250

struct tsc_scaling tsc_scaling;

uint64_t tsc_ratio_for(struct tsc_scaling s, uint64_t khz, uint64_t hz)
{
    unsigned __int128 want = (unsigned __int128)(khz * 1000) << s.fraction;
    uint64_t ratio = (uint64_t)want, high = (uint64_t)(want >> 64);

    if (!s.fraction || khz * 1000 / hz >> s.integer)
        return 0;
    /* It has no more bits than the CPU's ratios, which have 64 at most. */
    asm volatile("divq %2" : "+a"(ratio), "+d"(high) : "rm"(hz) : "cc");
    return ratio << (TSC_RATIO_SHIFT - s.fraction);
}

uint64_t tsc_duration(struct tsc_scale s, uint64_t ticks)
{
    unsigned __int128 ns = ticks;

    /* mul is rounded down to 2^-31 of itself, the shift loses bits. */
    ns = s.shift >= 0 ? ns << s.shift : (ns >> -s.shift) + 1;
    ns = ns * s.mul >> 32;
    ns += (ns >> 31) + 1;
    return ns >> 64 ? UINT64_MAX : (uint64_t)ns;
}

/* From now on, all at once. */
static void set_ratio(struct domain *d, uint64_t ratio, uint64_t khz)
{
    struct hvm_domain *h = d->hvm;
    uint64_t now = rdtsc();
    uint64_t by = tsc_scaled(h->tsc_ratio, now) - tsc_scaled(ratio, now);

    h->tsc_ratio = ratio;
    h->tsc_khz = khz;
    h->tsc_scale = ratio ? tsc_scale_for(khz * 1000) : tsc_scale;
    h->tsc_offset += by; /* of vCPUs that are yet to be made */
    for_vcpus (d, v)
        hvm_tsc_shift(v, by);
}

int hvm_set_tsc_khz(struct domain *d, uint64_t khz)
{
    uint64_t host = tsc_hz / 1000, ratio = 0;
    uint64_t off = khz > host ? khz - host : host - khz;
    int rc = 0;

    if (!khz || off <= host * TOLERANCE_PPM / 1000000)
        khz = host;
    else
        ratio = tsc_ratio_for(tsc_scaling, khz, tsc_hz);
    if (khz != host && !ratio) {
        log_guest(LOG_WARN, "d%u: a TSC of %lu kHz needs TSC scaling, which "
                  "this CPU of %lu kHz %s\n", d->id, khz, host,
                  tsc_scaling.fraction ? "has not that far" : "does not have");
        return -EOPNOTSUPP;
    }
    spin_lock(&d->lock);
    if (ratio != d->hvm->tsc_ratio && d->started)
        rc = -EEXIST; /* a guest that ran keeps what it has seen */
    else if (ratio != d->hvm->tsc_ratio)
        set_ratio(d, ratio, khz);
    spin_unlock(&d->lock);
    return rc;
}
