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

static uint32_t turn;       /* odd: the new CPU's */
static uint64_t answer;     /* its TSC */
static int64_t correction;  /* what it adds to its TSC after a pass */

static void wait_turn(uint32_t t)
{
    while (load_acquire(&turn) != t)
        cpu_relax();
}

/* How far the new CPU is ahead; 0 if that cannot be told from agreement. */
static int64_t measure(uint32_t *t)
{
    uint64_t best = ~0ull;
    int64_t ahead = 0;

    for (unsigned int i = 0; i < ROUNDS; i++) {
        uint64_t asked = rdtsc_ordered(), answered, trip;

        store_release(&turn, ++*t);
        wait_turn(++*t);
        answered = rdtsc_ordered();
        trip = answered - asked;
        if (trip < best) {
            best = trip;
            ahead = (int64_t)(answer - (asked + trip / 2));
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
    uint32_t t = turn;

    for (unsigned int pass = 0; pass < passes(); pass++) {
        int64_t ahead = measure(&t);

        if (ahead && pass == 0)
            log_warn("TSC of a CPU is %ld ticks off; corrected\n",
                     (long)ahead);
        else if (ahead)
            tsc_mark_unreliable("CPUs disagree");
        correction = pass == 0 ? -ahead : 0;
        store_release(&turn, ++t);
        wait_turn(++t);
    }
}

void tsc_sync_check(void)
{
    uint32_t t = turn & ~1u;

    for (unsigned int pass = 0; pass < passes(); pass++) {
        for (unsigned int i = 0; i < ROUNDS; i++) {
            wait_turn(++t);
            answer = rdtsc_ordered();
            store_release(&turn, ++t);
        }
        wait_turn(++t);
        if (correction)
            wrmsr(MSR_TSC, rdtsc() + (uint64_t)correction);
        store_release(&turn, ++t);
    }
}
