/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The clock: TSC ticks scaled to nanoseconds without a lock; this CPU's
 * one-shot timer; the wall clock. Calibration is in calibrate.c, the CMOS
 * clock in cmos.c.
 */
#include "hypervisor/x86/time.h"

#include "hypervisor/cpu/atomic.h"
#include "hypervisor/cpu/msr.h"
#include "hypervisor/cpu/percpu.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/x86/acpi-tables.h"
#include "hypervisor/x86/apic.h"
#include "hypervisor/x86/calibrate.h"
#include "hypervisor/x86/cmos.h"
#include "hypervisor/x86/features.h"
#include "hypervisor/x86/irq.h"
#include "hypervisor/x86/smp.h"

#define NS_PER_S 1000000000ull

static uint64_t hz, apic_hz, boot_tsc;
static struct tsc_scale scale;
static bool reliable = true;
static bool tsc_deadline_mode;
static uint64_t wall_boot; /* (a) */

/* ns per tick as mul / 2^32 after a shift that keeps mul's top bit set. */
static struct tsc_scale scale_for(uint64_t freq)
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
    return tsc > boot_tsc ? tsc_scale_ns(scale, tsc - boot_tsc) : 0;
}

uint64_t now_ns(void)
{
    return tsc_to_ns(rdtsc_ordered());
}

uint64_t ns_to_tsc(uint64_t ns)
{
    /* The margin covers the rounding of mul: 2^-32 of ns, and the shift. */
    uint64_t margin = (ns >> 31) + 8;

    return boot_tsc + ns / NS_PER_S * hz + ns % NS_PER_S * hz / NS_PER_S +
           margin;
}

uint64_t tsc_hz(void)
{
    return hz;
}

struct tsc_scale tsc_scale(void)
{
    return scale;
}

uint64_t tsc_at_boot(void)
{
    return boot_tsc;
}

bool tsc_is_reliable(void)
{
    return reliable;
}

void tsc_mark_unreliable(const char *why)
{
    if (reliable)
        log_warn("TSC: not reliable (%s); time may jump\n", why);
    reliable = false;
}

void time_init(const struct acpi_info *acpi)
{
    struct calibration c;

    calibrate(acpi, &c);
    hz = c.tsc_hz;
    apic_hz = c.apic_hz;
    scale = scale_for(hz);
    boot_tsc = c.start_tsc;
    tsc_deadline_mode = cpu_features.tsc_deadline;
    log_info("TSC: %lu.%03lu MHz by %s%s; timer: %s\n", hz / 1000000,
             hz / 1000 % 1000, c.source,
             cpu_features.invariant_tsc ? ", invariant" : "",
             tsc_deadline_mode ? "TSC deadline" : "local APIC");
    if (!tsc_deadline_mode)
        log_info("APIC timer: %lu.%03lu MHz\n", apic_hz / 1000000,
                 apic_hz / 1000 % 1000);
    if (!cpu_features.invariant_tsc && !cpu_features.hypervisor[0])
        tsc_mark_unreliable("this CPU has no invariant TSC");
    time_init_cpu();
    wallclock_set(cmos_read() * NS_PER_S, now_ns());
}

void time_init_cpu(void)
{
    if (tsc_deadline_mode)
        apic_timer_tsc_mode();
    else
        apic_timer_one_shot_mode();
}

void deadline_set(uint64_t ns)
{
    uint64_t now, ticks;

    if (tsc_deadline_mode) {
        wrmsr(MSR_TSC_DEADLINE, ns == UINT64_MAX ? 0 : ns_to_tsc(ns));
        return;
    }
    if (ns == UINT64_MAX) {
        apic_timer_set_count(0);
        return;
    }
    now = now_ns();
    ticks = ns > now ? MIN(ns - now, 16 * NS_PER_S) * (apic_hz / 1000) /
                       1000000 + 1
                     : 1;
    apic_timer_set_count((uint32_t)MIN(ticks, 0xffffffffull));
}

void deadline_kick(unsigned int cpu)
{
    apic_send(cpu_apic_id[cpu], VECTOR_TIMER);
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
