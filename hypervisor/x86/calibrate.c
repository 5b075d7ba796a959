/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All reference clocks run during one interval; each is sampled at its start
 * and end between two TSC reads, several times, and the sample with the
 * shortest read counts. Two clocks that agree are believed; a clock alone
 * must do.
 */
#include "hypervisor/x86/calibrate.h"

#include "hypervisor/cpu/atomic.h"
#include "hypervisor/cpu/cpuid.h"
#include "hypervisor/cpu/io.h"
#include "hypervisor/cpu/msr.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/mm/map.h"
#include "hypervisor/x86/acpi-tables.h"
#include "hypervisor/x86/apic.h"
#include "hypervisor/x86/features.h"
#include "hypervisor/x86/ioapic.h"
#include "hypervisor/x86/time.h"

#define INTERVAL_HZ 20 /* 50 ms */
#define SAMPLES 12
#define AGREE_PPM 500
#define WAIT_SPINS 200000000ull

/* PIT channel 2, gated by port 0x61 (82C54 data sheet). */
#define PIT_HZ 1193182
#define PIT_CHANNEL2 0x42
#define PIT_COMMAND 0x43
#define PIT_GATE 0x61

/* PM timer (ACPI 4.8.2.1). */
#define PM_TIMER_HZ 3579545

/* HPET (specification 1.0a, 2.3). */
#define HPET_CAPABILITIES 0x000
#define HPET_CONFIG 0x010
#define HPET_COUNTER 0x0f0
#define HPET_ENABLE BIT(0)
#define HPET_PERIOD_MAX 100000000u /* femtoseconds */
#define FEMTOSECONDS 1000000000000000ull

struct sample {
    uint64_t tsc;   /* middle of the read */
    uint64_t width; /* ticks that the read took */
    uint64_t ref;
};

struct clock {
    const char *name;
    uint64_t hz;    /* 0: absent */
    uint64_t mask;  /* of the counter's bits */
    uint64_t (*read)(void);
    struct sample start, end;
    uint64_t tsc_hz; /* result */
};

static volatile uint8_t *hpet;
static uint16_t pm_port;

static uint64_t hpet_read(void)
{
    return mmio_read32(hpet + HPET_COUNTER);
}

static uint64_t pm_read(void)
{
    return inl(pm_port);
}

/* Counts down; latched so that both bytes belong together. */
static uint64_t pit_read(void)
{
    uint8_t lo;

    outb(PIT_COMMAND, 0x80);
    lo = inb(PIT_CHANNEL2);
    return 0xffffu - (lo | (uint32_t)inb(PIT_CHANNEL2) << 8);
}

uint16_t pm_timer_port(void)
{
    return pm_port;
}

static void find_hpet(const struct acpi_info *acpi, struct clock *c)
{
    uint32_t period;

    if (!acpi->hpet_maddr)
        return;
    hpet = device_map(acpi->hpet_maddr, 1024);
    if (!hpet)
        return;
    period = mmio_read32(hpet + HPET_CAPABILITIES + 4);
    if (period == 0 || period > HPET_PERIOD_MAX)
        return;
    mmio_write32(hpet + HPET_CONFIG,
                 mmio_read32(hpet + HPET_CONFIG) | HPET_ENABLE);
    *c = (struct clock){ .name = "HPET", .hz = FEMTOSECONDS / period,
                         .mask = 0xffffffff, .read = hpet_read };
}

static void find_pm_timer(const struct acpi_info *acpi, struct clock *c)
{
    uint32_t first;

    if (acpi->pm_timer.space != 1 || !acpi->pm_timer.address ||
        acpi->pm_timer.address > 0xfffc)
        return;
    pm_port = (uint16_t)acpi->pm_timer.address;
    first = inl(pm_port);
    for (unsigned int i = 0; i < 10000; i++)
        if (inl(pm_port) != first) {
            *c = (struct clock){
                .name = "PM timer", .hz = PM_TIMER_HZ, .read = pm_read,
                .mask = acpi->pm_timer_32bit ? 0xffffffff : 0xffffff,
            };
            return;
        }
    pm_port = 0;
}

/* Channel 2, mode 0, from 65535: good for 54.9 ms. */
static void start_pit(struct clock *c)
{
    outb(PIT_GATE, (uint8_t)((inb(PIT_GATE) & ~2) | 1));
    outb(PIT_COMMAND, 0xb0);
    outb(PIT_CHANNEL2, 0xff);
    outb(PIT_CHANNEL2, 0xff);
    *c = (struct clock){ .name = "PIT", .hz = PIT_HZ, .mask = 0xffff,
                         .read = pit_read };
}

static uint64_t ordered_tsc(void)
{
    asm volatile("lfence" : : : "memory");
    return rdtsc();
}

static struct sample take(const struct clock *c)
{
    struct sample best = { .width = ~0ull };

    for (unsigned int i = 0; i < SAMPLES; i++) {
        uint64_t before = ordered_tsc();
        uint64_t ref = c->read();
        uint64_t width = ordered_tsc() - before;

        if (width < best.width)
            best = (struct sample){ before + width / 2, width, ref };
    }
    return best;
}

/* Waits the interval by the first clock that is there. */
static void wait_interval(const struct clock *c)
{
    uint64_t wanted = c->hz / INTERVAL_HZ;

    for (uint64_t spins = 0; spins < WAIT_SPINS; spins++) {
        if (((c->read() - c->start.ref) & c->mask) >= wanted)
            return;
        cpu_relax();
    }
    log_warn("calibration: the %s stands still\n", c->name);
}

static void evaluate(struct clock *c)
{
    uint64_t refs = (c->end.ref - c->start.ref) & c->mask;
    uint64_t ticks = c->end.tsc - c->start.tsc;

    /* At most a second: ticks < 2^34, hz < 2^30. */
    c->tsc_hz = refs ? ticks * c->hz / refs : 0;
}

/* True if a counter may have wrapped: by the clock `by`, more time passed
 * than its bits hold (the PIT's 54.9 ms, when an emulator was held up). */
static bool wrapped(const struct clock *c, const struct clock *by)
{
    uint64_t ticks = c->end.tsc - c->start.tsc;

    return by->tsc_hz && by != c && ticks * c->hz / by->tsc_hz >= c->mask;
}

static bool agree(uint64_t a, uint64_t b)
{
    uint64_t diff = a > b ? a - b : b - a;

    return diff * (1000000 / AGREE_PPM) <= a;
}

/* The first clock that another one confirms, else the first. */
static const struct clock *choose(const struct clock *clocks, unsigned int n)
{
    const struct clock *first = NULL;

    for (unsigned int i = 0; i < n; i++) {
        if (!clocks[i].tsc_hz)
            continue;
        if (!first)
            first = &clocks[i];
        for (unsigned int j = i + 1; j < n; j++)
            if (clocks[j].tsc_hz && agree(clocks[i].tsc_hz, clocks[j].tsc_hz))
                return &clocks[i];
    }
    return first;
}

/* TSC frequency as the CPU states it (SDM vol. 2A CPUID leaf 15H), or 0. */
static uint64_t stated_hz(void)
{
    struct cpuid_regs r;

    if (cpu_features.max_leaf < 0x15 || cpu_features.vendor != VENDOR_INTEL)
        return 0;
    r = cpuid(0x15, 0);
    if (!r.a || !r.b || !r.c)
        return 0;
    return (uint64_t)r.c * r.b / r.a;
}

void calibrate(const struct acpi_info *acpi, struct calibration *c)
{
    struct clock clocks[3] = { { 0 } };
    const struct clock *best;
    uint64_t stated = stated_hz(), apic_start, apic_end, tsc_start, tsc_end;
    unsigned int i;

    find_hpet(acpi, &clocks[0]);
    find_pm_timer(acpi, &clocks[1]);
    start_pit(&clocks[2]);

    apic_timer_one_shot_mode();
    apic_timer_set_count(0xffffffff);
    for (i = 0; i < ARRAY_SIZE(clocks); i++)
        if (clocks[i].hz)
            clocks[i].start = take(&clocks[i]);
    apic_start = apic_timer_count();
    tsc_start = ordered_tsc();
    for (i = 0; !clocks[i].hz; i++)
        ;
    wait_interval(&clocks[i]);
    tsc_end = ordered_tsc();
    apic_end = apic_timer_count();
    for (i = 0; i < ARRAY_SIZE(clocks); i++)
        if (clocks[i].hz) {
            clocks[i].end = take(&clocks[i]);
            evaluate(&clocks[i]);
            if (wrapped(&clocks[i], &clocks[0]))
                clocks[i].tsc_hz = 0;
            log_debug("calibration: %lu Hz by %s, reads take %lu ticks\n",
                      clocks[i].tsc_hz, clocks[i].name,
                      clocks[i].end.width);
        }
    apic_timer_set_count(0);

    best = choose(clocks, ARRAY_SIZE(clocks));
    c->tsc_hz = best ? best->tsc_hz : 0;
    c->source = best ? best->name : "nothing";
    if (stated && (!c->tsc_hz || agree(c->tsc_hz, stated))) {
        c->tsc_hz = stated;
        c->source = "CPUID";
    }
    if (!c->tsc_hz)
        panic("no clock of this machine advances");
    if (best && best == &clocks[2] && clocks[0].hz)
        log_warn("calibration: the clocks disagree\n");
    c->start_tsc = tsc_start;
    c->apic_hz = (apic_start - apic_end) * c->tsc_hz / (tsc_end - tsc_start);
}
