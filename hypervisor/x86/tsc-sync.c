/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The boot CPU asks, the new CPU answers with its TSC. The answer lies
 * between the question and its arrival, so half the round trip bounds the
 * error; the shortest of many rounds counts. A TSC outside that bound is
 * moved and measured again; if it is still outside, the clock is declared
 * unreliable.
 */
#include "hypervisor/x86/time.h"

#include "hypervisor/cpu/atomic.h"
#include "hypervisor/cpu/msr.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/x86/features.h"

#define ROUNDS 64

static bool asked;          /* (a) the boot CPU waits for the new one */
static uint64_t answer;     /* its TSC */
static int64_t correction;  /* what it adds to its TSC after a pass */

/* The boot CPU's half of a round. */
static void ask(void)
{
    store_release(&asked, true);
    while (load_acquire(&asked))
        cpu_relax();
}

/* The new CPU's, which ends when it takes `asked` back. */
static void wait_asked(void)
{
    while (!load_acquire(&asked))
        cpu_relax();
}

/* How far the new CPU is ahead; 0 if that cannot be told from agreement. */
static int64_t measure(void)
{
    uint64_t best = ~0ull;
    int64_t ahead = 0;

    for (unsigned int i = 0; i < ROUNDS; i++) {
        uint64_t start = rdtsc_ordered();

        ask();
        uint64_t trip = rdtsc_ordered() - start;
        if (trip < best) {
            best = trip;
            ahead = (int64_t)(answer - (start + trip / 2));
        }
    }
    if ((uint64_t)(ahead < 0 ? -ahead : ahead) <= best / 2 + 1)
        return 0;
    return ahead;
}

/* One TSC behind all CPUs: nothing to compare, and much to wait for, when
 * host threads take turns at every question. */
static unsigned int passes(void)
{
    return cpu_features.emulator_tcg ? 0 : 2;
}

void tsc_sync_reference(void)
{
    for (unsigned int pass = 0; pass < passes(); pass++) {
        int64_t ahead = measure();

        if (ahead && pass == 0)
            log_warn("TSC of a CPU is %ld ticks off; corrected\n",
                     (long)ahead);
        else if (ahead)
            tsc_mark_unreliable("CPUs disagree");
        correction = pass == 0 ? -ahead : 0;
        ask();
    }
}

void tsc_sync_check(void)
{
    for (unsigned int pass = 0; pass < passes(); pass++) {
        for (unsigned int i = 0; i < ROUNDS; i++) {
            wait_asked();
            answer = rdtsc_ordered();
            store_release(&asked, false);
        }
        wait_asked();
        if (correction)
            wrmsr(MSR_TSC, rdtsc() + (uint64_t)correction);
        store_release(&asked, false);
    }
}
