/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What operations that leave the guest cost, in instructions: run under
 * `-icount shift=0`, where the TSC counts executed instructions, the guest's
 * own and the hypervisor's. As the first domain of Lodge two runs print the
 * same. As a guest (tests/perf/bench.py) this runs on Lodge and on Xen, beside
 * a domain 0 that now and then takes the CPU: what counts is the least of
 * several measurements. No verdict on the numbers.
 */
#include "tests/guest/exit-cost/cost.h"

#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/hypercall.h"

/* So few in a row that domain 0 leaves most rows alone. */
#define ROUNDS 20u
#define BATCHES 24u
#define MOST 80

static struct result {
    const char *name;
    uint64_t cost;
} results[MOST];
static unsigned int nr_results;

bool first_domain, has_qemu;

static uint64_t row(void (*fn)(void), void (*before)(void),
                    unsigned int rounds)
{
    uint64_t start;

    if (before)
        before();
    start = rdtsc();
    for (unsigned int i = 0; i < rounds; i++) {
        fn();
        barrier();
    }
    return rdtsc() - start;
}

static uint64_t least(const struct operation *o, unsigned int rounds)
{
    uint64_t min = ~0ull, v;

    for (unsigned int i = 0; i < BATCHES; i++) {
        v = o->value ? o->value() : row(o->fn, o->before, rounds);
        if (v < min)
            min = v;
    }
    return min;
}

static void empty(void) { }

static uint64_t cost(const struct operation *o)
{
    static const struct operation nothing = OP("", empty);
    unsigned int rounds = o->before || o->value ? 1 : ROUNDS;
    uint64_t all = least(o, rounds);

    if (o->value)
        return all;
    return (all - least(&nothing, rounds)) / rounds;
}

/* Is it the one that the command line wants to be done for ever, blanks
 * written as '_'? For tests/perf/profile.py. */
static bool chosen(const char *name)
{
    static const char word[] = "forever=";
    const char *p = (const char *)(uintptr_t)start_info->cmdline_paddr;

    while (p && *p && !str_starts(p, word))
        p++;
    if (!p || !*p)
        return false;
    for (p += sizeof(word) - 1; *p && *p != ' '; p++, name++)
        if (*p != (*name == ' ' ? '_' : *name))
            return false;
    return !*name;
}

void keep_result(const char *name, uint64_t value)
{
    if (nr_results == MOST)
        fail("no room for %s", name);
    results[nr_results].name = name;
    results[nr_results++].cost = value;
}

void measure(const struct operation *o, unsigned int n)
{
    for (; n; n--, o++) {
        if (chosen(o->name))
            printf("again and again: %s\n", o->name);
        while (chosen(o->name))
            least(o, ROUNDS);
        keep_result(o->name, cost(o));
    }
}

/* At the end, because each character may be an exit. */
static void print_results(void)
{
    printf("%-40s instructions\n", "operation");
    for (unsigned int i = 0; i < nr_results; i++) {
        printf("%-40s %llu\n", results[i].name,
               (unsigned long long)results[i].cost);
        report(results[i].cost < 100000000, "%s", results[i].name);
    }
}

#define HOST_BRIDGE 0x12378086  /* QEMU's, of the machine that guests get */

TEST_MAIN()
{
    if (option("idle"))
        be_idle();
    if (option("hog"))
        be_hog();
    apic_init();
    if (option("peer"))
        be_peer();
    first_domain = start_info->flags & SIF_INITDOMAIN;
    has_qemu = !first_domain && pci_read(0, 0, 0) == HOST_BRIDGE;
    if (has_qemu)
        console_to_serial();
    cost_cpu();
    cost_hypercalls();
    if (has_qemu) {
        cost_devices();
        cost_qemu();
    }
    cost_events();
    cost_apic();
    print_results();
}
