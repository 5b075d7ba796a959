/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * FPU state belongs to a vCPU: x87, SSE and AVX registers, XCR0, MXCSR and
 * the debug registers survive when two vCPUs share one CPU and are switched
 * all the time. Runs with maxcpus=1 and dom0_max_vcpus=2.
 *
 * SDM vol. 1, "Managing State Using the XSAVE Feature Set".
 */
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/clock.h"
#include "tests/guest/lib/hypercall.h"
#include "tests/guest/lib/lib.h"
#include "tests/guest/lib/smp.h"
#include "tests/guest/lib/trap.h"

static bool has_avx;
static volatile unsigned int rounds[2];

static void load(const uint32_t *v, uint32_t mxcsr, uint16_t fcw)
{
    asm volatile("ldmxcsr %0" : : "m"(mxcsr));
    asm volatile("fninit; fldcw %0; fildl %1; fildl %2"
                 : : "m"(fcw), "m"(v[0]), "m"(v[1]));
    if (has_avx)
        asm volatile("vmovups (%0), %%ymm0; vmovups 32(%0), %%ymm7;"
                     "vmovups 64(%0), %%ymm15" : : "r"(v));
    else
        asm volatile("movups (%0), %%xmm0; movups 32(%0), %%xmm7;"
                     "movups 64(%0), %%xmm15" : : "r"(v));
}

/* What load() put there must be there still. */
static bool same(const uint32_t *v, uint32_t mxcsr, uint16_t fcw)
{
    uint32_t got[24] = { 0 }, csr, st[2];
    uint16_t cw;
    bool ok = true;

    asm volatile("stmxcsr %0; fnstcw %1" : "=m"(csr), "=m"(cw));
    asm volatile("fistpl %0; fistpl %1" : "=m"(st[1]), "=m"(st[0]));
    if (has_avx)
        asm volatile("vmovups %%ymm0, (%0); vmovups %%ymm7, 32(%0);"
                     "vmovups %%ymm15, 64(%0)" : : "r"(got) : "memory");
    else
        asm volatile("movups %%xmm0, (%0); movups %%xmm7, 32(%0);"
                     "movups %%xmm15, 64(%0)" : : "r"(got) : "memory");
    for (unsigned int i = 0; i < 24; i++)
        ok = ok && (got[i] == v[i] || (!has_avx && i % 8 >= 4));
    return ok && csr == mxcsr && cw == fcw && st[0] == v[0] && st[1] == v[1];
}

static void enable(void)
{
    if (cpuid(1, 0).c & BIT(26))
        write_cr4(read_cr4() | CR4_OSXSAVE);
    if (has_avx)
        asm volatile("xsetbv" : : "c"(0), "a"(7), "d"(0));
}

static void work(void *arg)
{
    unsigned int me = this_cpu()->id, bad = 0, switches = 0, seen;
    uint32_t v[24], mxcsr = me ? 0x1f80 : 0x9fc0;
    uint16_t fcw = me ? 0x37f : 0x27f;
    unsigned long dr, my_dr = me ? 0x1111111 : 0x2222222;
    uint64_t end = now_ns() + 20000000000ull;

    enable();
    asm volatile("mov %0, %%dr3" : : "r"(my_dr));
    for (unsigned int i = 0; i < 24; i++)
        v[i] = i * 0x1234567 + me * 0x55555;
    while (rounds[me] < 300 && now_ns() < end) {
        load(v, mxcsr, fcw);
        seen = rounds[!me];
        sched_op(SCHEDOP_yield, NULL);
        for (unsigned int i = 0; i < 200; i++)
            cpu_pause();
        switches += rounds[!me] != seen;
        bad += !same(v, mxcsr, fcw);
        asm volatile("mov %%dr3, %0" : "=r"(dr));
        bad += dr != my_dr;
        v[rounds[me] % 24] += 3;
        rounds[me]++;
    }
    report_eq(rounds[me], 300, "rounds");
    report_eq(bad, 0, "rounds in which a register changed");
    report(switches > 10, "CPU %u: %u switches", me, switches);
}

TEST_MAIN()
{
    has_avx = cpuid(1, 0).c >> 28 & 1;
    apic_init();
    shared();
    if (smp_start_all() < 2)
        skip("one vCPU only");
    smp_call(1, work, NULL);
    work(NULL);
    report(smp_wait(1, 20000000), "the other vCPU ends");
    printf("with%s AVX\n", has_avx ? "" : "out");
}
