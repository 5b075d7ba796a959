/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared info and paravirtual clock. See clock.h. */
#include "tests/guest/lib/clock.h"

#include "hypervisor/abi/memory.h"
#include "tests/guest/lib/hypercall.h"
#include "tests/guest/lib/trap.h"

static shared_info *volatile page;

shared_info *shared(void)
{
    if (!page) {
        uint64_t at = gap_alloc();
#ifdef __x86_64__
        struct xen_add_to_physmap a = {
#else
        struct compat_xen_add_to_physmap a = {
#endif
            .domid = DOMID_SELF, .space = XENMAPSPACE_shared_info,
            .gpfn = (unsigned long)(at >> 12),
        };
        long rc = memory_op(XENMEM_add_to_physmap, &a);

        if (rc)
            fail("shared info cannot be mapped: %ld", rc);
        page = (shared_info *)(uintptr_t)at;
    }
    return page;
}

vcpu_info *my_info(void)
{
    return &shared()->vcpu_info[this_cpu()->id];
}

/* v * mul >> 32 for 64-bit v, in 32-bit code, too. */
static uint64_t scale(uint64_t v, uint32_t mul)
{
    uint64_t low = (v & 0xffffffff) * mul, high = (v >> 32) * mul;

    return high + (low >> 32);
}

uint64_t tsc_to_ns(uint64_t tsc)
{
    const volatile struct vcpu_time_info *t = &my_info()->time;
    uint32_t version;
    uint64_t delta, ns;

    do {
        version = t->version & ~1u;
        barrier();
        delta = tsc - t->tsc_timestamp;
        if ((int64_t)delta < 0)
            delta = 0;
        delta = t->tsc_shift >= 0 ? delta << t->tsc_shift
                                  : delta >> -t->tsc_shift;
        ns = t->system_time + scale(delta, t->tsc_to_system_mul);
        barrier();
    } while (version != t->version);
    return ns;
}

uint64_t now_ns(void)
{
    return tsc_to_ns(rdtsc());
}

void delay_us(unsigned int us)
{
    uint64_t end = now_ns() + us * 1000ull;

    while (now_ns() < end)
        cpu_pause();
}
