/* SPDX-License-Identifier: GPL-2.0-only */
/* Local APIC in both modes. See apic.h. */
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/clock.h"
#include "tests/guest/lib/trap.h"

volatile unsigned int vector_counts[256];

bool x2apic_offered(void)
{
    return cpuid(1, 0).c & BIT(21);
}

bool apic_is_x2(void)
{
    return rdmsr(MSR_APIC_BASE) & APIC_BASE_X2;
}

static uintptr_t base(void)
{
    return (uintptr_t)(rdmsr(MSR_APIC_BASE) & ~0xfffull);
}

uint32_t apic_read(unsigned int reg)
{
    return apic_is_x2() ? (uint32_t)rdmsr(MSR_X2APIC + reg / 16)
                        : mmio_read(base() + reg);
}

void apic_write(unsigned int reg, uint32_t v)
{
    if (apic_is_x2())
        wrmsr(MSR_X2APIC + reg / 16, v);
    else
        mmio_write(base() + reg, v);
}

void apic_send(uint32_t dest, uint32_t command)
{
    if (apic_is_x2()) {
        wrmsr(MSR_X2APIC + APIC_ICR / 16, (uint64_t)dest << 32 | command);
        return;
    }
    mmio_write(base() + APIC_ICR2, dest << 24);
    mmio_write(base() + APIC_ICR, command);
    while (mmio_read(base() + APIC_ICR) & ICR_BUSY)
        cpu_pause();
}

void apic_eoi(void)
{
    apic_write(APIC_EOI, 0);
}

uint32_t apic_id(void)
{
    uint32_t id = apic_read(APIC_ID);

    return apic_is_x2() ? id : id >> 24;
}

void apic_init(void)
{
    apic_write(APIC_SPIV, SPIV_ON | 0xff);
    apic_write(APIC_TPR, 0);
}

void apic_to_x2(void)
{
    wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | APIC_BASE_X2);
    apic_init();
}

bool apic_bit(unsigned int reg, unsigned int vector)
{
    return apic_read(reg + vector / 32 * 16) >> vector % 32 & 1;
}

static void count(struct trap_frame *f)
{
    __atomic_fetch_add(&vector_counts[f->vector & 0xff], 1,
                       __ATOMIC_RELAXED);
    apic_eoi();
}

void vector_count(unsigned int vector)
{
    vector_counts[vector] = 0;
    trap_handler(vector, count);
}

bool vector_wait(unsigned int vector, unsigned int n, unsigned int limit_us)
{
    uint64_t end = now_ns() + limit_us * 1000ull;

    sti();
    while (vector_counts[vector] < n && now_ns() < end)
        cpu_pause();
    cli();
    return vector_counts[vector] >= n;
}
