/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A domain may have a TSC of another rate than the machine's, where the CPU
 * scales it: RDTSC counts at that rate, what CPUID tells about it gives the
 * system time that everybody has, and both go on after the state was saved and
 * loaded. Elsewhere the toolstack is refused.
 *
 * SDM vol. 3C 25.6.5, 26.3; APM vol. 2 15.30.5; Xen's public/domctl.h, struct
 * xen_domctl_tsc_info.
 */
#include "tests/guest/tsc-scaling/told.h"

#include "hypervisor/abi/cpuid.h"
#include "hypervisor/abi/hvm-save.h"
#include "hypervisor/abi/memory.h"
#include "hypervisor/abi/sysctl.h"
#include "tests/guest/lib/clock.h"
#include "tests/guest/lib/hypercall.h"
#include "tests/guest/lib/lib.h"
#include "tests/guest/lib/second.h"

extern const uint8_t code[], code_end[];

static uint64_t host_khz;
static bool scaling; /* the CPU can */
static uint8_t context[32768];

static volatile struct {
    uint32_t seq, pad;
    uint64_t tsc, offset;
    uint32_t mul;
    int32_t shift;
    uint32_t khz;
} *told;

/* The hypervisor's log knows. */
static bool log_has(const char *text)
{
    static char log[16384];
    struct xen_sysctl op = {
        .cmd = XEN_SYSCTL_readconsole,
        .interface_version = XEN_SYSCTL_INTERFACE_VERSION,
        .u.readconsole = { .buffer = { addr(log) }, .count = sizeof(log) - 1 },
    };

    report_eq(hypercall(__HYPERVISOR_sysctl, addr(&op)), 0, "readconsole");
    for (const char *at = log; *at; at++)
        if (str_starts(at, text))
            return true;
    return false;
}

static void create(void)
{
    xen_pfn_t list[] = { TOLD >> 12, SECOND_CODE >> 12 };
    struct xen_memory_reservation r = {
        .extent_start = { addr(list) }, .nr_extents = ARRAY_SIZE(list),
    };

    second_create(64);
    r.domid = second;
    if (memory_op(XENMEM_populate_physmap, &r) != ARRAY_SIZE(list))
        fail("no memory for it");
}

/* False: it does not tell anything. */
static bool start(uint64_t gap)
{
    told = (void *)((char *)second_map(TOLD >> 12, gap + 4096) + TOLD);
    second_start(second_map(SECOND_CODE >> 12, gap), code, code_end);
    for (unsigned int i = 0; i < 20000 && told->seq < 2; i++)
        delay_us(100);
    return report(told->seq >= 2, "it does not run");
}

/* Its TSC; *now: our system time just then, or a little later. */
static uint64_t sample(uint64_t *now)
{
    uint32_t first = told->seq, seq;
    uint64_t tsc;

    do {
        cpu_pause();
        seq = told->seq;
        barrier();
        tsc = told->tsc;
        barrier();
        *now = now_ns();
    } while (seq & 1 || seq - first < 4 || seq != told->seq);
    return tsc;
}

static long set_khz(uint32_t mode, uint32_t khz)
{
    struct xen_domctl op = { .u.tsc_info = { .tsc_mode = mode,
                                             .gtsc_khz = khz } };

    return second_domctl(XEN_DOMCTL_settscinfo, &op);
}

static uint32_t get_khz(void)
{
    struct xen_domctl op = { 0 };

    report_eq(second_domctl(XEN_DOMCTL_gettscinfo, &op), 0, "gettscinfo");
    return op.u.tsc_info.gtsc_khz;
}

static bool near(uint64_t a, uint64_t b, uint64_t by)
{
    return a > b ? a - b <= by : b - a <= by;
}

/* What a TSC value is in system time, by what CPUID told the other domain. */
static uint64_t its_ns(uint64_t tsc)
{
    uint64_t ticks = tsc - told->offset;

    ticks = told->shift >= 0 ? ticks << told->shift : ticks >> -told->shift;
    return (ticks >> 32) * told->mul + ((ticks & ~0u) * told->mul >> 32);
}

#define MS 1000000ull

static void test_clock(uint64_t khz)
{
    uint64_t t0, t1, g0 = sample(&t0), g1, ticks;

    report(near(its_ns(g0), t0, 2 * MS), "%llu kHz: its time is %lld ns off",
           (unsigned long long)khz, (long long)(its_ns(g0) - t0));
    delay_us(100000);
    g1 = sample(&t1);
    report(near(its_ns(g1), t1, 2 * MS), "%llu kHz: its time is %lld ns off",
           (unsigned long long)khz, (long long)(its_ns(g1) - t1));
    ticks = (t1 - t0) * khz / MS;
    report(near(g1 - g0, ticks, ticks / 30), "%llu kHz: %llu ticks in %llu ns",
           (unsigned long long)khz, (unsigned long long)(g1 - g0),
           (unsigned long long)(t1 - t0));
}

static void test_saved(uint64_t khz)
{
    struct xen_domctl op = { 0 };
    struct hvm_save_header *h = (void *)(context +
                                         sizeof(struct hvm_save_descriptor));
    uint64_t saving, saved, loading, loaded, now, off;

    report_eq(second_domctl(XEN_DOMCTL_pausedomain, &op), 0, "pause");
    op = (struct xen_domctl){ .u.hvmcontext = {
        .size = sizeof(context), .buffer = { addr(context) } } };
    saving = now_ns();
    report_eq(second_domctl(XEN_DOMCTL_gethvmcontext, &op), 0,
              "get the context");
    saved = now_ns();
    report_eq(h->gtsc_khz, khz, "the saved rate");
    delay_us(50000); /* lost by the guest */
    loading = now_ns();
    report_eq(second_domctl(XEN_DOMCTL_sethvmcontext, &op), 0,
              "set the context");
    loaded = now_ns();
    op = (struct xen_domctl){ 0 };
    report_eq(second_domctl(XEN_DOMCTL_unpausedomain, &op), 0, "unpause");
    /* By the offset from before. */
    off = its_ns(sample(&now));
    off = now - off;
    report(off + 2 * MS > loading - saved && off < loaded - saving + 2 * MS,
           "%llu kHz: its clock is %lld ns late", (unsigned long long)khz,
           (long long)off);
    /* Loading another rate into a guest that has run is refused. */
    op = (struct xen_domctl){ 0 };
    report_eq(second_domctl(XEN_DOMCTL_pausedomain, &op), 0, "pause");
    h->gtsc_khz = (uint32_t)khz / 2;
    op = (struct xen_domctl){ .u.hvmcontext = {
        .size = sizeof(context), .buffer = { addr(context) } } };
    report(second_domctl(XEN_DOMCTL_sethvmcontext, &op) < 0,
           "it takes another rate");
}

/* A domain with a TSC of khz. */
static void test_rate(uint32_t khz, bool other)
{
    long rc;

    create();
    rc = set_khz(XEN_CPUID_TSC_MODE_DEFAULT, khz);
    report_eq(rc, other && !scaling ? -EOPNOTSUPP : 0, "settscinfo");
    if (!other || rc)
        khz = (uint32_t)host_khz;
    report_eq(get_khz(), khz, "gettscinfo");
    if (start(gap_alloc())) {
        report_eq(told->khz, khz, "CPUID's kHz");
        test_clock(khz);
        report_eq(set_khz(XEN_CPUID_TSC_MODE_DEFAULT, khz), 0, "the same again");
        rc = set_khz(XEN_CPUID_TSC_MODE_DEFAULT, khz / 2);
        report_eq(rc, scaling ? -EEXIST : -EOPNOTSUPP, "too late");
        report_eq(get_khz(), khz, "it has what it had");
        test_saved(khz);
    }
    second_destroy();
}

TEST_MAIN()
{
    shared();
    host_khz = cpuid(xen_leaves + 3, 2).a;
    scaling = log_has("TSC scaling\n");
    test_rate(0, false);
    test_rate((uint32_t)(host_khz + host_khz / 5000), false);
    test_rate((uint32_t)(host_khz / 2 * 3), true);
    test_rate((uint32_t)(host_khz / 3), true);
    test_rate((uint32_t)(host_khz + host_khz / 1000), true);

    create();
    report_eq(set_khz(XEN_CPUID_TSC_MODE_DEFAULT, 1), scaling ? 0 : -EOPNOTSUPP,
              "a kilohertz");
    report_eq(set_khz(XEN_CPUID_TSC_MODE_NEVER_EMULATE, 12345), 0, "native");
    report_eq(get_khz(), host_khz, "native is the machine's");
    report_eq(set_khz(XEN_CPUID_TSC_MODE_ALWAYS_EMULATE, 0), -EOPNOTSUPP,
              "emulated");
    report_eq(set_khz(XEN_CPUID_TSC_MODE_PVRDTSCP, 0), -EOPNOTSUPP, "PVRDTSCP");
    report_eq(set_khz(4, 0), -EINVAL, "mode 4");
    second_destroy();
    printf("with%s TSC scaling\n", scaling ? "" : "out");
}
