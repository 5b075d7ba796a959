/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A CPU that halts is woken by what should wake it and by nothing else: timer,
 * IPI, an interrupt that is pending already, NMI when interrupts are off;
 * SCHEDOP_block likewise by an event. No wake-up is lost in thousands.
 *
 * SDM vol. 2A, HLT; vol. 2B, STI.
 */
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/clock.h"
#include "tests/guest/lib/events.h"
#include "tests/guest/lib/lib.h"
#include "tests/guest/lib/smp.h"
#include "tests/guest/lib/trap.h"

#define V_IPI 0x91
#define V_TIMER 0x92
#define V_UPCALL 0x93

static void arm(uint32_t count)
{
    apic_write(APIC_TDCR, TDCR_1);
    apic_write(APIC_LVT_TIMER, V_TIMER);
    apic_write(APIC_TMICT, count);
}

static void test_timer(void)
{
    uint64_t start = now_ns();

    vector_count(V_TIMER);
    arm(5000000);
    sti_hlt_cli();
    report_eq(vector_counts[V_TIMER], 1, "timer");
    report(now_ns() - start > 1000000, "woken after %llu ns",
           (unsigned long long)(now_ns() - start));
    for (unsigned int i = 0; i < 200; i++) {
        arm(1 + i * 97);
        sti_hlt_cli();
    }
    report_eq(vector_counts[V_TIMER], 201, "200 short timers");
}

static void test_pending(void)
{
    vector_count(V_IPI);
    for (unsigned int i = 0; i < 100; i++) {
        apic_send(0, ICR_SELF | ICR_ASSERT | V_IPI);
        sti_hlt_cli();
    }
    report_eq(vector_counts[V_IPI], 100, "pending before HLT");
}

/* HLT with IF clear: only NMI, INIT, SMI and reset end it. */
static volatile unsigned int nmis;

static void nmi(struct trap_frame *f)
{
    nmis++;
}

static void send_nmi(void *arg)
{
    delay_us(3000);
    apic_send(smp_apic_id(0), ICR_NMI | ICR_ASSERT);
}

static void test_nmi(void)
{
    uint64_t start = now_ns();

    trap_handler(VEC_NMI, nmi);
    vector_count(V_TIMER);
    arm(1000);
    smp_call(1, send_nmi, NULL);
    cli();
    asm volatile("hlt" : : : "memory");
    report_eq(nmis, 1, "NMI wakes");
    report_eq(vector_counts[V_TIMER], 0, "the timer did not");
    report(now_ns() - start > 2000000, "woken too early");
    report(vector_wait(V_TIMER, 1, 100000), "it comes afterwards");
    trap_handler(VEC_NMI, NULL);
}

static void answer(struct trap_frame *f)
{
    __atomic_fetch_add(&vector_counts[V_IPI], 1, __ATOMIC_RELAXED);
    apic_eoi();
    if (this_cpu()->id == 1)
        apic_send(smp_apic_id(0), ICR_ASSERT | V_IPI);
}

static volatile bool stop;

static void halt_until_stop(void *arg)
{
    while (!stop)
        sti_hlt_cli();
}

static void test_ping_pong(void)
{
    unsigned int n = 100;
    uint64_t start = now_ns();

    trap_handler(V_IPI, answer);
    vector_counts[V_IPI] = 0;
    smp_call(1, halt_until_stop, NULL);
    for (unsigned int i = 0; i < n; i++) {
        apic_send(smp_apic_id(1), ICR_ASSERT | V_IPI);
        while (vector_counts[V_IPI] < 2 * (i + 1))
            sti_hlt_cli();
    }
    report_eq(vector_counts[V_IPI], 2 * n, "halting ping-pong");
    printf("ping-pong between halted CPUs: %llu ns a round\n",
           (unsigned long long)(now_ns() - start) / n);
    stop = true;
    apic_send(smp_apic_id(1), ICR_ASSERT | V_IPI);
    report(smp_wait(1, 1000000), "the other CPU ends");
    sti();
    cli();
}

static void test_block(void)
{
    long port = event_bind_virq(VIRQ_TIMER, 0);
    struct vcpu_set_singleshot_timer t = { 0 };

    vector_count(V_UPCALL);
    apic_write(APIC_LVT_TIMER, LVT_PERIODIC | V_TIMER);
    apic_write(APIC_TMICT, 100000);
    event_upcall_vector(0, V_UPCALL);
    for (unsigned int i = 1; i <= 20; i++) {
        t.timeout_abs_ns = now_ns() + 200000;
        vcpu_op(VCPUOP_set_singleshot_timer, 0, &t);
        /* The event may come before we block: the periodic timer is for
         * that. */
        for (unsigned int k = 0; k < 50; k++) {
            sti();
            if (!event_pending((evtchn_port_t)port))
                sched_op(SCHEDOP_block, NULL);
            cli();
        }
        report(event_pending((evtchn_port_t)port), "its event came");
        event_upcall_seen();
        event_clear((evtchn_port_t)port);
    }
    report(vector_counts[V_UPCALL] >= 20, "upcalls: %u",
           vector_counts[V_UPCALL]);
    event_close((evtchn_port_t)port);
}

TEST_MAIN()
{
    apic_init();
    test_timer();
    test_pending();
    if (smp_start_all() > 1) {
        test_nmi();
        test_ping_pong();
    }
    test_block();
}
