/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The clock: TSC ticks scaled to nanoseconds without a lock; this CPU's
 * one-shot timer; the wall clock. Calibration is in tsc.c.
 */
#include "hypervisor/x86/time.h"

#include "hypervisor/cpu/atomic.h"
#include "hypervisor/cpu/io.h"
#include "hypervisor/cpu/msr.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/x86/apic.h"
#include "hypervisor/x86/features.h"
#include "hypervisor/x86/irq.h"
#include "hypervisor/x86/smp.h"

#define NS_PER_S 1000000000ull

#define CMOS_INDEX 0x70
#define CMOS_DATA 0x71
#define REG_STATUS_A 0x0a
#define REG_STATUS_B 0x0b
#define UPDATING 0x80
#define FORMAT_24H 0x02
#define FORMAT_BINARY 0x04
#define PM 0x80
#define UPDATE_SPINS 100000
#define TRIES 4
#define DAYS_TO_1970 719468 /* from March 1st of year 0 */

uint64_t tsc_hz, tsc_at_boot;
struct tsc_scale tsc_scale;
bool tsc_is_reliable = true;
static uint64_t apic_hz;
static uint64_t wall_boot; /* (a) */

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

void tsc_mark_unreliable(const char *why)
{
    if (tsc_is_reliable)
        log_warn("TSC: not reliable (%s); time may jump\n", why);
    tsc_is_reliable = false;
}

struct reading {
    uint8_t second, minute, hour, day, month, year;
};

static uint8_t reg(uint8_t index)
{
    outb(CMOS_INDEX, index);
    return inb(CMOS_DATA);
}

static struct reading read_once(void)
{
    for (unsigned int i = 0; i < UPDATE_SPINS; i++)
        if (!(reg(REG_STATUS_A) & UPDATING))
            break;
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
    struct reading r = read_once(), again;
    uint8_t status = reg(REG_STATUS_B);

    for (unsigned int i = 0; i < TRIES; i++) {
        again = read_once();
        if (!memcmp(&r, &again, sizeof(r)))
            break;
        r = again;
    }
    unsigned int hour = value(r.hour & (uint8_t)~PM, status);
    if (!(status & FORMAT_24H))
        hour = hour % 12 + (r.hour & PM ? 12 : 0);
    unsigned int month = value(r.month, status), day = value(r.day, status);
    unsigned int year = 2000 + value(r.year, status);
    if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23)
        return 0;
    /* Years from March on: the leap day is a year's last. */
    if (month <= 2) {
        month += 12;
        year--;
    }
    uint64_t days = 365 * year + year / 4 - year / 100 + year / 400 +
                    (153 * (month - 3) + 2) / 5 + day - 1 - DAYS_TO_1970;
    return days * 86400 + hour * 3600 + value(r.minute, status) * 60 +
           value(r.second, status);
}

void time_init(void)
{
    bool deadline = cpu_features.tsc_deadline;
    const char *source = calibrate(&apic_hz);

    tsc_scale = tsc_scale_for(tsc_hz);
    log_info("TSC: %lu.%03lu MHz by %s%s; timer: %s\n", tsc_hz / 1000000,
             tsc_hz / 1000 % 1000, source,
             cpu_features.invariant_tsc ? ", invariant" : "",
             deadline ? "TSC deadline" : "local APIC");
    if (!deadline)
        log_info("APIC timer: %lu.%03lu MHz\n", apic_hz / 1000000,
                 apic_hz / 1000 % 1000);
    if (!cpu_features.invariant_tsc && !cpu_features.hypervisor[0])
        tsc_mark_unreliable("this CPU has no invariant TSC");
    apic_timer_mode(deadline);
    wallclock_set(cmos_read() * NS_PER_S, now_ns());
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

    while (now_ns() < end)
        cpu_relax();
}

uint64_t wallclock_boot(void)
{
    return READ_ONCE(wall_boot);
}

void wallclock_set(uint64_t epoch_ns, uint64_t at_ns)
{
    WRITE_ONCE(wall_boot, epoch_ns - at_ns);
}
