/* SPDX-License-Identifier: GPL-2.0-only */
/* The local APIC, by its page and by MSRs; its timer; interrupts between
 * vCPUs. */
#include "tests/guest/exit-cost/cost.h"

#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/clock.h"
#include "tests/guest/lib/smp.h"
#include "tests/guest/lib/trap.h"

#define V_PAGE 0x90
#define V_MSR 0x91
#define V_TIMER 0x93
#define V_PING 0x94
#define V_PONG 0x95

#define APIC_HZ 100000000u  /* of Xen's and of Lodge's, before the divider */
#define WAIT_US 2000u

/* Waits whose lengths have no common beat with anything: from 1 to 3 ms. */
#define WAITS 201u
#define WAIT_OF(i) (1000 + (i) * 617 % 2000)

#define PAGE_AT(reg) (APIC_DEFAULT_BASE + (reg))
#define MSR_OF(reg) (MSR_X2APIC + (reg) / 16)
static void page_read(void) { (void)mmio_read(PAGE_AT(APIC_LVT_ERROR)); }
static void page_tpr(void) { mmio_write(PAGE_AT(APIC_TPR), 0); }
static void page_eoi(void) { mmio_write(PAGE_AT(APIC_EOI), 0); }
static void page_timer(void) { mmio_write(PAGE_AT(APIC_TMICT), 1u << 30); }
static void page_self(void)
{
    mmio_write(PAGE_AT(APIC_ICR), ICR_SELF | ICR_ASSERT | V_PAGE);
    sti();
    cli();
}
static void page_ended(struct trap_frame *f) { page_eoi(); }
static void msr_read(void) { (void)rdmsr(MSR_OF(APIC_LVT_ERROR)); }
static void msr_tpr(void) { wrmsr(MSR_OF(APIC_TPR), 0); }
static void msr_eoi(void) { wrmsr(MSR_OF(APIC_EOI), 0); }
static void msr_timer(void) { wrmsr(MSR_OF(APIC_TMICT), 1u << 30); }
static void msr_self(void)
{
    wrmsr(MSR_OF(APIC_SELF_IPI), V_MSR);
    sti();
    cli();
}
static void msr_ended(struct trap_frame *f) { msr_eoi(); }

/* What the timer and the other vCPU's answer left. */
static volatile uint64_t arrived;
static uint64_t tsc_per_us;

static void on_arrival(struct trap_frame *f)
{
    arrived = rdtsc();
    page_eoi();
}

/* Ticks of the TSC from before the timer is armed to the first of its handler,
 * less the time that it was armed for. */
static uint64_t late_after(unsigned int us)
{
    uint64_t start;

    arrived = 0;
    start = rdtsc();
    mmio_write(PAGE_AT(APIC_TMICT), APIC_HZ / 1000000 * us);
    while (!arrived)
        sti_hlt_cli();
    return arrived - start - tsc_per_us * us;
}

static uint64_t late(void)
{
    return late_after(WAIT_US);
}

/* How late a vCPU that mostly waits runs, whatever else is there: the least of
 * many does not tell. */
static void lateness(void)
{
    static uint64_t sorted[WAITS];

    for (unsigned int i = 0; i < WAITS; i++) {
        uint64_t v = late_after(WAIT_OF(i));
        unsigned int at = i;

        for (; at && sorted[at - 1] > v; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = v;
    }
    keep_result("wake-up late by, median", sorted[WAITS / 2]);
    keep_result("wake-up late by, most", sorted[WAITS - 1]);
}

static volatile bool answering;

static void on_ping(struct trap_frame *f)
{
    page_eoi();
    mmio_write(PAGE_AT(APIC_ICR2), smp_apic_id(0) << 24);
    mmio_write(PAGE_AT(APIC_ICR), ICR_ASSERT | V_PONG);
}

static void answer(void *arg)
{
    answering = true;
    for (;;)
        sti_hlt_cli();
}

/* To a vCPU that is halted and halts again after its answer, and back to this
 * one, which is halted by then. */
static uint64_t ping(void)
{
    uint64_t start;

    arrived = 0;
    start = rdtsc();
    mmio_write(PAGE_AT(APIC_ICR2), smp_apic_id(1) << 24);
    mmio_write(PAGE_AT(APIC_ICR), ICR_ASSERT | V_PING);
    while (!arrived)
        sti_hlt_cli();
    return arrived - start;
}

static const struct operation page_ops[] = {
    OP("local APIC read", page_read),
    OP("local APIC write", page_tpr),
    OP("EOI", page_eoi),
    OP("APIC timer armed", page_timer),
    OP("self-IPI, delivered", page_self),
}, timer_ops[] = {
    OP_ITSELF("HLT, 2 ms APIC timer, late by", late),
}, smp_ops[] = {
    OP_ITSELF("IPI to a halted vCPU and back", ping),
}, msr_ops[] = {
    OP("x2APIC read", msr_read),
    OP("x2APIC write", msr_tpr),
    OP("x2APIC EOI", msr_eoi),
    OP("x2APIC timer armed", msr_timer),
    OP("x2APIC self-IPI, delivered", msr_self),
};

static void cost_timer(void)
{
    uint64_t tsc = rdtsc(), ns = now_ns();

    delay_us(10000);
    tsc = rdtsc() - tsc;
    ns = now_ns() - ns;
    tsc_per_us = (tsc * 1000 + ns / 2) / ns;
    trap_handler(V_TIMER, on_arrival);
    mmio_write(PAGE_AT(APIC_TDCR), TDCR_1);
    mmio_write(PAGE_AT(APIC_LVT_TIMER), V_TIMER);
    MEASURE(timer_ops);
    if (has_qemu)
        lateness();
    mmio_write(PAGE_AT(APIC_LVT_TIMER), (uint32_t)LVT_MASKED);
}

static void cost_smp(void)
{
    trap_handler(V_PING, on_ping);
    trap_handler(V_PONG, on_arrival);
    if (smp_count() < 2 || !smp_start(1))
        return;
    smp_call(1, answer, NULL);
    while (!answering)
        delay_us(1000);
    delay_us(1000);
    MEASURE(smp_ops);
}

void cost_apic(void)
{
    trap_handler(V_PAGE, page_ended);
    trap_handler(V_MSR, msr_ended);
    MEASURE(page_ops);
    apic_write(APIC_TMICT, 0);
    cost_timer();
    cost_smp();
    if (x2apic_offered()) {
        apic_to_x2();
        MEASURE(msr_ops);
        apic_write(APIC_TMICT, 0);
    }
}
