/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pvclock: system time is Lodge's own, so that all domains agree; the guest
 * computes it from its TSC with that one's scale. A version that is odd
 * while the record changes lets readers notice (Xen's xen.h).
 */
#include "hvm/vcpu.h"

#include "hvm/dev/upcalls.h"
#include "hypervisor/abi/compat.h"

void pvtime_update(struct vcpu *v)
{
    struct vcpu_time_info *t = &v->info->time;
    struct tsc_scale s = v->domain->hvm->tsc_scale;
    uint32_t version = v->hvm->time_version | 1;

    /* Anchored at boot: nothing changes unless the guest's TSC does. */
    WRITE_ONCE(t->version, version);
    smp_wmb();
    t->tsc_timestamp = hvm_guest_tsc(v, tsc_at_boot);
    t->system_time = 0;
    t->tsc_to_system_mul = s.mul;
    t->tsc_shift = s.shift;
    t->flags = tsc_is_reliable ? XEN_PVCLOCK_TSC_STABLE_BIT : 0;
    smp_wmb();
    v->hvm->time_version = version + 1;
    WRITE_ONCE(t->version, version + 1);
}

void pvtime_refresh(struct vcpu *v)
{
    uint32_t there = READ_ONCE(v->info->time.version);

    if (unlikely(!there || there != v->hvm->time_version))
        pvtime_update(v);
}

/* The record, three words in a row, and its high part are elsewhere in a 32-bit
 * guest's layout. */
enum { WC_VERSION, WC_SEC, WC_NSEC };

BUILD_BUG_ON(offsetof(struct shared_info, wc_nsec) !=
             offsetof(struct shared_info, wc_version) + 4 * WC_NSEC);
BUILD_BUG_ON(offsetof(struct compat_shared_info, wc_nsec) !=
             offsetof(struct compat_shared_info, wc_version) + 4 * WC_NSEC);

void pvtime_update_wallclock(struct domain *d)
{
    struct shared_info *s = READ_ONCE(d->shared_info);
    struct compat_shared_info *c = (void *)s;
    bool compat = d->hvm->compat;
    int64_t ns = (int64_t)READ_ONCE(wallclock_boot) +
                 d->time_offset * (int64_t)SECONDS(1);
    uint64_t secs = (uint64_t)ns / SECONDS(1);
    uint32_t version, *high, *w;

    if (!s) /* the domain is dead */
        return;
    w = compat ? &c->wc_version : &s->wc_version;
    high = compat ? &c->arch.wc_sec_hi : &s->wc_sec_hi;
    version = w[WC_VERSION] | 1;
    WRITE_ONCE(w[WC_VERSION], version);
    smp_wmb();
    w[WC_SEC] = (uint32_t)secs;
    w[WC_NSEC] = (uint32_t)((uint64_t)ns % SECONDS(1));
    *high = (uint32_t)(secs >> 32);
    smp_wmb();
    WRITE_ONCE(w[WC_VERSION], version + 1);
}

int64_t domain_wallclock_ns(struct domain *d)
{
    return (int64_t)(READ_ONCE(wallclock_boot) + now_ns()) +
           d->time_offset * (int64_t)SECONDS(1);
}

void domain_wallclock_shift(struct domain *d, int64_t seconds)
{
    d->time_offset += seconds;
}

int64_t domain_time_offset(struct domain *d)
{
    return d->time_offset;
}
