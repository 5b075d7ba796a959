/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The clock: TSC ticks scaled to nanoseconds without a lock; this CPU's
 * one-shot timer; how fast the TSC is, and whether all CPUs agree on it; the
 * wall clock.
 *
 * Calibration: all reference clocks run during one interval; each is sampled
 * at its start and end between two TSC reads, several times, and the sample
 * with the shortest read counts. Two clocks that agree are believed; a clock
 * alone must do.
 *
 * Comparison: the boot CPU asks, the new CPU answers with its TSC. The answer
 * lies between the question and its arrival, so half the round trip bounds the
 * error; the shortest of many rounds counts. A TSC outside that bound is
 * moved and measured again; if it is still outside, the clock is declared
 * unreliable.
 */
#include "hypervisor/x86/time.h"

#include "hypervisor/cpu/io.h"
#include "hypervisor/cpu/msr.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/mm/map.h"
#include "hypervisor/x86/acpi-tables.h"
#include "hypervisor/x86/features.h"
#include "hypervisor/x86/irq.h"
#include "hypervisor/x86/smp.h"

#define NS_PER_S 1000000000ull

uint64_t tsc_hz, tsc_at_boot;
struct tsc_scale tsc_scale;
bool tsc_is_reliable = true;
static uint64_t apic_hz; /* without tsc_deadline */
uint64_t wallclock_boot; /* (a) */

/* ns per tick as mul / 2^32 after a shift that keeps mul's top bit set. */
struct tsc_scale tsc_scale_for(uint64_t freq)
{
    struct tsc_scale s = { 0, 0 };

    for (; freq > 2 * NS_PER_S; s.shift--)
        freq >>= 1;
    for (; freq <= NS_PER_S; s.shift++)
        freq <<= 1;
    s.mul = (uint32_t)((NS_PER_S << 32) / freq);
    return s;
}

/* 0 until the clock is calibrated: so is the scale. */
uint64_t tsc_to_ns(uint64_t tsc)
{
    uint64_t ticks = tsc > tsc_at_boot ? tsc - tsc_at_boot : 0;
    int shift = tsc_scale.shift;

    ticks = shift >= 0 ? ticks << shift : ticks >> -shift;
    return (uint64_t)(((unsigned __int128)ticks * tsc_scale.mul) >> 32);
}

uint64_t now_ns(void)
{
    return tsc_to_ns(rdtsc_ordered());
}

/* Rounds up. */
static uint64_t ns_to_tsc(uint64_t ns)
{
    /* The margin covers the rounding of mul: 2^-32 of ns, and the shift. */
    uint64_t margin = (ns >> 31) + 8;

    return tsc_at_boot + ns / NS_PER_S * tsc_hz +
           ns % NS_PER_S * tsc_hz / NS_PER_S + margin;
}

void deadline_set(uint64_t ns)
{
    if (cpu_features.tsc_deadline) {
        wrmsr(MSR_TSC_DEADLINE, ns == UINT64_MAX ? 0 : ns_to_tsc(ns));
        return;
    }
    uint64_t now = now_ns(), ticks = 1;
    if (ns > now)
        ticks += MIN(ns - now, 16 * NS_PER_S) * (apic_hz / 1000) / 1000000;
    apic_timer_set_count(ns == UINT64_MAX
                             ? 0 : (uint32_t)MIN(ticks, 0xffffffffull));
}

void delay_us(unsigned int us)
{
    uint64_t end = now_ns() + us * 1000ull;

    if (!tsc_hz) { /* no clock runs: a port read is about a microsecond */
        while (us--)
            inb(0x80);
        return;
    }
    while (now_ns() < end)
        cpu_relax();
}

static void mark_unreliable(const char *why)
{
    if (tsc_is_reliable)
        log_warn("TSC: not reliable (%s); time may jump\n", why);
    tsc_is_reliable = false;
}

/* ---- calibration -------------------------------------------------------- */

#define INTERVAL_HZ 20 /* 50 ms */
#define AGREE_PPM 500
#define WAIT_SPINS 5000000 /* no clock advances */

/* PIT channel 2, gated by port 0x61 (82C54 data sheet). */
#define PIT_HZ 1193182
#define PIT_CHANNEL2 0x42
#define PIT_COMMAND 0x43
#define PIT_GATE 0x61

/* HPET (specification 1.0a, 2.3). */
#define HPET_PERIOD 0x004 /* of its capabilities */
#define HPET_CONFIG 0x010 /* bit 0: on */
#define HPET_COUNTER 0x0f0
#define HPET_PERIOD_MAX 100000000u /* femtoseconds */
#define FEMTOSECONDS 1000000000000000ull

struct sample {
    uint64_t tsc;   /* middle of the read */
    uint64_t width; /* ticks that the read took */
    uint64_t ref;
};

struct clock {
    const char *name;
    uint64_t hz;    /* 0: not there */
    uint64_t mask;  /* of the counter's bits */
    uint64_t (*read)(void);
    struct sample start;
    uint64_t tsc_hz; /* result */
};

volatile uint8_t *hpet_regs;

static uint64_t hpet_read(void)
{
    return mmio_read32(hpet_regs + HPET_COUNTER);
}

static uint64_t pm_read(void)
{
    return inl(acpi_info.pm_timer);
}

/* Counts down; latched so that both bytes belong together. */
static uint64_t pit_read(void)
{
    outb(PIT_COMMAND, 0x80);
    uint8_t lo = inb(PIT_CHANNEL2);
    return 0xffffu - (lo | (uint32_t)inb(PIT_CHANNEL2) << 8);
}

/* 0: there is none. */
static uint64_t hpet_hz(void)
{
    if (!acpi_info.hpet_maddr)
        return 0;
    hpet_regs = device_map(acpi_info.hpet_maddr, KB(1));
    if (!hpet_regs)
        panic("no memory to map the HPET");
    mmio_write32(hpet_regs + HPET_CONFIG,
                 mmio_read32(hpet_regs + HPET_CONFIG) | 1);
    uint32_t period = mmio_read32(hpet_regs + HPET_PERIOD);
    return period && period <= HPET_PERIOD_MAX ? FEMTOSECONDS / period : 0;
}

/* Channel 2, mode 0, from 65535: good for 54.9 ms. */
static void start_pit(void)
{
    outb(PIT_GATE, (uint8_t)((inb(PIT_GATE) & ~2) | 1));
    outb(PIT_COMMAND, 0xb0);
    outb(PIT_CHANNEL2, 0xff);
    outb(PIT_CHANNEL2, 0xff);
}

static struct sample take(const struct clock *c)
{
    struct sample best = { .width = ~0ull };

    for (unsigned int i = 0; i < 12; i++) {
        uint64_t before = rdtsc_ordered();
        uint64_t ref = c->read();
        uint64_t width = rdtsc_ordered() - before;

        if (width < best.width)
            best = (struct sample){ before + width / 2, width, ref };
    }
    return best;
}

/* By the first clock that is there: a wrong read of another, as old chipsets'
 * PM timers have them, must not end the interval. */
static void wait_interval(const struct clock *c)
{
    while (!c->hz)
        c++;
    for (unsigned int spins = 0; spins < WAIT_SPINS; spins++)
        if (((c->read() - c->start.ref) & c->mask) >= c->hz / INTERVAL_HZ)
            return;
    log_warn("calibration: the %s stands still\n", c->name);
}

static bool agree(uint64_t a, uint64_t b)
{
    return (MAX(a, b) - MIN(a, b)) * (1000000 / AGREE_PPM) <= a;
}

/* The first clock that another one confirms, else the first that advances. */
static const struct clock *choose(const struct clock *clocks, unsigned int n)
{
    for (unsigned int i = 0; i < n; i++)
        for (unsigned int j = i + 1; j < n && clocks[i].tsc_hz; j++)
            if (agree(clocks[i].tsc_hz, clocks[j].tsc_hz))
                return &clocks[i];
    for (unsigned int i = 0; i < n; i++)
        if (clocks[i].tsc_hz)
            return &clocks[i];
    cannot_start("no clock of this machine advances");
}

/* Measures the TSC and the local APIC's timer, if that counts, in about 50 ms.
 * Returns the name of the clock that was believed. */
static const char *calibrate(void)
{
    struct clock clocks[] = {
        { "HPET", hpet_hz(), 0xffffffff, .read = hpet_read },
        { "PM timer", acpi_info.pm_timer ? 3579545 : 0, /* ACPI 4.8.2.1 */
          acpi_info.pm_timer_32bit ? 0xffffffff : 0xffffff, .read = pm_read },
        { "PIT", PIT_HZ, 0xffff, .read = pit_read },
    };
    struct clock *c, *end = clocks + ARRAY_SIZE(clocks);

    start_pit();
    apic_timer_set_count(0xffffffff);
    for (c = clocks; c < end; c++)
        if (c->hz)
            c->start = take(c);
    uint64_t apic_start = apic_timer_count();
    tsc_at_boot = rdtsc_ordered();
    wait_interval(clocks);
    uint64_t tsc_ticks = rdtsc_ordered() - tsc_at_boot;
    uint64_t apic_ticks = apic_start - apic_timer_count();
    for (c = clocks; c < end; c++)
        if (c->hz) {
            struct sample now = take(c);
            uint64_t refs = (now.ref - c->start.ref) & c->mask;

            /* At most a second: ticks < 2^34, hz < 2^30. */
            if (refs)
                c->tsc_hz = (now.tsc - c->start.tsc) * c->hz / refs;
            log_debug("calibration: %lu Hz by %s, reads take %lu ticks\n",
                      c->tsc_hz, c->name, now.width);
        }
    apic_timer_set_count(0);

    const struct clock *best = choose(clocks, ARRAY_SIZE(clocks));
    tsc_hz = best->tsc_hz;
    apic_hz = apic_ticks * tsc_hz / tsc_ticks;
    return best->name;
}

/* ---- comparison --------------------------------------------------------- */

#define ROUNDS 64
#define PASSES 2

static bool asked;          /* (a) the boot CPU waits for the new one */
static uint64_t answer;     /* its TSC */
static int64_t correction;  /* what it adds to its TSC before */

void tsc_sync_reference(void)
{
    for (unsigned int pass = 0; pass < PASSES; pass++) {
        uint64_t best = ~0ull;
        int64_t ahead = 0; /* the new CPU, as the shortest trip saw it */

        for (unsigned int i = 0; i < ROUNDS; i++) {
            uint64_t start = rdtsc_ordered();

            store_release(&asked, true);
            while (load_acquire(&asked))
                cpu_relax();
            uint64_t trip = rdtsc_ordered() - start;
            if (trip < best) {
                best = trip;
                ahead = (int64_t)(answer - (start + trip / 2));
            }
            correction = 0; /* it is done */
        }
        if ((uint64_t)(ahead < 0 ? -ahead : ahead) <= best / 2 + 1)
            continue; /* that cannot be told from agreement */
        if (pass > 0) {
            mark_unreliable("CPUs disagree");
        } else {
            log_warn("TSC of a CPU is %ld ticks off; corrected\n", ahead);
            correction = -ahead;
        }
    }
}

void tsc_sync_check(void)
{
    for (unsigned int i = 0; i < PASSES * ROUNDS; i++) {
        while (!load_acquire(&asked))
            cpu_relax();
        if (correction)
            wrmsr(MSR_TSC, rdtsc() + (uint64_t)correction);
        answer = rdtsc_ordered();
        store_release(&asked, false);
    }
}

/* ---- the wall clock ----------------------------------------------------- */

/* Of status B. */
#define FORMAT_24H 0x02
#define FORMAT_BINARY 0x04
#define PM 0x80
#define DAYS_TO_1970 719468 /* from March 1st of year 0 */

struct reading {
    uint8_t second, minute, hour, day, month, year;
};

static uint8_t reg(uint8_t index)
{
    outb(0x70, index);
    return inb(0x71);
}

static struct reading read_once(void)
{
    /* Status A says whether an update is under way. */
    for (unsigned int spins = 100000; spins && (reg(0xa) & 0x80); spins--)
        cpu_relax();
    return (struct reading){ reg(0), reg(2), reg(4), reg(7), reg(8), reg(9) };
}

static unsigned int value(uint8_t raw, uint8_t status)
{
    return status & FORMAT_BINARY ? raw : (raw >> 4) * 10u + (raw & 15);
}

/* Reads the battery-backed MC146818 (data sheet) until two readings agree.
 * Seconds since 1970, the clock taken as UTC and of this century; 0 when it
 * makes no sense. Boot only, later it is domain 0's. */
static uint64_t cmos_read(void)
{
    struct reading r, again = read_once();
    uint8_t status = reg(0xb);
    unsigned int tries = 4;

    do {
        r = again;
        again = read_once();
    } while (memcmp(&r, &again, sizeof(r)) && --tries);
    unsigned int hour = value(r.hour & (uint8_t)~PM, status);
    if (!(status & FORMAT_24H))
        hour = hour % 12 + (r.hour & PM ? 12 : 0);
    unsigned int month = value(r.month, status), day = value(r.day, status);
    unsigned int year = 2000 + value(r.year, status);
    if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23)
        return 0;
    /* Years from March on: the leap day is a year's last. */
    month = (month + 9) % 12;
    year -= month >= 10;
    uint64_t days = 365 * year + year / 4 - year / 100 + year / 400 +
                    (153 * month + 2) / 5 + day - 1 - DAYS_TO_1970;
    return days * 86400 + hour * 3600 + value(r.minute, status) * 60 +
           value(r.second, status);
}

void wallclock_set(uint64_t epoch_ns, uint64_t at_ns)
{
    WRITE_ONCE(wallclock_boot, epoch_ns - at_ns);
}

/* ---- the start ---------------------------------------------------------- */

void time_init(void)
{
    bool deadline = cpu_features.tsc_deadline;
    const char *source = calibrate();

    tsc_scale = tsc_scale_for(tsc_hz);
    log_info("TSC: %lu.%03lu MHz by %s%s; timer: %s\n", tsc_hz / 1000000,
             tsc_hz / 1000 % 1000, source,
             cpu_features.invariant_tsc ? ", invariant" : "",
             deadline ? "TSC deadline" : "local APIC");
    if (!deadline)
        log_info("APIC timer: %lu.%03lu MHz\n", apic_hz / 1000000,
                 apic_hz / 1000 % 1000);
    if (!cpu_features.invariant_tsc && !cpu_features.hypervisor[0])
        mark_unreliable("this CPU has no invariant TSC");
    wallclock_set(cmos_read() * NS_PER_S, now_ns());
}
