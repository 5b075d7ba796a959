/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Several CPUs: started by INIT and start-up IPIs, stopped and started again,
 * also by VCPUOP; each knows who it is; atomic operations are atomic; IPIs
 * are not lost in a storm; a TLB flush on request reaches all.
 *
 * SDM vol. 3A, "Multiple-Processor Initialization"; hypervisor/abi/vcpu.h.
 */
#include "hypervisor/abi/arch-x86.h"
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/clock.h"
#include "tests/guest/lib/hypercall.h"
#include "tests/guest/lib/lib.h"
#include "tests/guest/lib/paging.h"
#include "tests/guest/lib/smp.h"
#include "tests/guest/lib/trap.h"

#define V_IPI 0x91
#define STORM 200u
#define LOOPS 100000u

static unsigned int nr;

static void identity(void *arg)
{
    unsigned int id = this_cpu()->id;

    report_eq(cpuid(1, 0).b >> 24, smp_apic_id(id), "APIC id by CPUID");
    report_eq(apic_id(), smp_apic_id(id), "APIC id by register");
    report_eq(cpuid(xen_leaves + 4, 0).b, id, "vCPU id");
    report(!(rdmsr(MSR_APIC_BASE) & APIC_BASE_BSP) == !!id,
           "boot CPU flag of CPU %u", id);
    report(now_ns() > 0, "clock of CPU %u", id);
}

static void on_all(void (*fn)(void *), void *arg, unsigned int limit_us)
{
    for (unsigned int i = 1; i < nr; i++)
        smp_call(i, fn, arg);
    fn(arg);
    for (unsigned int i = 1; i < nr; i++)
        report(smp_wait(i, limit_us), "CPU %u does not come to an end", i);
}

static volatile uint32_t counters[3];

static void count(void *arg)
{
    uint32_t two = 2;

    for (unsigned int i = 0; i < LOOPS; i++) {
        asm volatile("lock incl %0" : "+m"(counters[0]));
        asm volatile("lock xaddl %1, %0" : "+m"(counters[1]), "+r"(two));
        two = 2;
        if (i % 64 == 0)
            (void)cpuid(0, 0);  /* an exit now and then */
    }
}

static void test_atomic(void)
{
    on_all(count, NULL, 20000000);
    report_eq(counters[0], nr * LOOPS, "LOCK INC");
    report_eq(counters[1], nr * LOOPS * 2, "LOCK XADD");
}

/* Every CPU sends to the next and waits for what the one before sent. */
static volatile uint32_t received[MAX_CPUS];

static void ipi(struct trap_frame *f)
{
    received[this_cpu()->id]++;
    apic_eoi();
}

static void storm(void *arg)
{
    unsigned int me = this_cpu()->id, next = (me + 1) % nr;
    static volatile uint32_t sent[MAX_CPUS];
    uint64_t end = now_ns() + 20000000000ull;

    received[me] = 0;
    sent[me] = 0;
    sti();
    for (unsigned int i = 0; i < STORM; i++) {
        sent[me]++;
        apic_send(smp_apic_id(next), ICR_ASSERT | V_IPI);
        /* One at a time: IRR has one bit for a vector. */
        while (received[next] < sent[me] && now_ns() < end)
            cpu_pause();
    }
    while (received[me] < STORM && now_ns() < end)
        cpu_pause();
    cli();
    report_eq(received[me], STORM, "IPIs received");
}

static volatile uint32_t all_received;

static void ipi_all(struct trap_frame *f)
{
    __atomic_fetch_add(&all_received, 1, __ATOMIC_RELAXED);
    apic_eoi();
}

static void wait_for_flag(void *arg)
{
    sti();
    while (!*(volatile bool *)arg)
        cpu_pause();
    cli();
}

static void test_broadcast(void)
{
    volatile bool done = false;
    uint64_t end;

    trap_handler(V_IPI, ipi_all);
    for (unsigned int i = 1; i < nr; i++)
        smp_call(i, wait_for_flag, (void *)&done);
    delay_us(1000);
    sti();
    for (unsigned int i = 1; i <= 50; i++) {
        end = now_ns() + 1000000000;
        apic_send(0, ICR_OTHERS | ICR_ASSERT | V_IPI);
        while (all_received < i * (nr - 1) && now_ns() < end)
            cpu_pause();
    }
    cli();
    report_eq(all_received, 50 * (nr - 1), "broadcasts received");
    done = true;
    for (unsigned int i = 1; i < nr; i++)
        smp_wait(i, 1000000);
}

#ifdef __x86_64__
/* Another CPU has the old translation; the hypervisor drops it on request. */
static volatile uint32_t *shot;
static volatile uint32_t turn;

static void look(void *arg)
{
    for (uint32_t t = 1; t <= 100; t++) {
        while (turn != 2 * t - 1)
            cpu_pause();
        report_eq(*shot, t & 1, "before the flush");
        turn = 2 * t;
    }
}

static void test_flush(void)
{
    volatile uint32_t *pages[2] = { pages_alloc(1), pages_alloc(1) };

    shot = (uint32_t *)va_alloc();
    pages[1][0] = 1;
    smp_call(1, look, NULL);
    for (uint32_t t = 1; t <= 100; t++) {
        page_map(shot, (uintptr_t)pages[t & 1], PTE_P | PTE_W);
        report_eq(hvm_op(HVMOP_flush_tlbs, NULL), 0, "flush_tlbs");
        turn = 2 * t - 1;
        while (turn != 2 * t)
            cpu_pause();
    }
    report(smp_wait(1, 1000000), "the other CPU ends");
    report(hvm_op(HVMOP_flush_tlbs, (void *)pages[0]) < 0,
           "flush_tlbs of something");
}
#else
static void test_flush(void)
{
}
#endif

/* INIT stops a CPU wherever it is; it starts again from the beginning. */
static volatile bool spinning;

static void spin(void *arg)
{
    spinning = true;
    for (;;)
        cpu_pause();
}

static void restart(unsigned int n)
{
    struct cpu *c = cpu_of(n);

    c->started = false;
    c->work = NULL;
    spinning = false;
    report(smp_start(n), "CPU %u starts again", n);
    smp_call(n, identity, NULL);
    report(smp_wait(n, 1000000), "CPU %u works again", n);
}

static void test_init(void)
{
    for (unsigned int i = 0; i < 10; i++) {
        smp_call(1, spin, NULL);
        while (!spinning)
            cpu_pause();
        apic_send(smp_apic_id(1), ICR_INIT | ICR_ASSERT);
        apic_send(smp_apic_id(1), ICR_INIT | ICR_LEVEL);
        restart(1);
    }
}

static volatile unsigned long alive;

static void __attribute__((noreturn)) live(void)
{
    for (;;) {
        alive++;
        cpu_pause();
    }
}

static void test_vcpuop(void)
{
    unsigned long seen;
    struct vcpu_hvm_context ctx = { .mode = 99 };

    report_eq(vcpu_op(VCPUOP_is_up, 0, NULL), 1, "CPU 0 is up");
    report_eq(vcpu_op(VCPUOP_is_up, 1, NULL), 1, "CPU 1 is up");
    report_eq(vcpu_op(VCPUOP_is_up, nr + 50, NULL), -ENOENT, "no such CPU");
    report_eq(vcpu_op(VCPUOP_initialise, 1, &ctx), -EEXIST,
              "initialise a running CPU");
    smp_call(1, (void (*)(void *))live, NULL);
    seen = alive;
    while (alive == seen)
        cpu_pause();
    report_eq(vcpu_op(VCPUOP_down, 1, NULL), 0, "down");
    delay_us(1000);
    report_eq(vcpu_op(VCPUOP_is_up, 1, NULL), 0, "CPU 1 is down");
    seen = alive;
    delay_us(20000);
    report_eq(alive, seen, "it does not run");
    report_eq(vcpu_op(VCPUOP_up, 1, NULL), 0, "up");
    /* As long as it takes on a busy machine, two seconds at most. */
    for (unsigned int i = 0; i < 200 && alive == seen; i++)
        delay_us(10000);
    report(alive != seen, "it runs again");
    apic_send(smp_apic_id(1), ICR_INIT | ICR_ASSERT);
    restart(1);
}

TEST_MAIN()
{
    apic_init();
    shared();
    nr = smp_start_all();
    if (nr < 2)
        skip("one CPU only");
    report_eq(nr, smp_count(), "CPUs that started");
    on_all(identity, NULL, 1000000);
    test_atomic();
    trap_handler(V_IPI, ipi);
    on_all(storm, NULL, 20000000);
    test_broadcast();
    test_flush();
    test_init();
    test_vcpuop();
}
