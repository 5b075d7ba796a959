/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The local APIC, in xAPIC mode or (`x2apic` on the command line) in x2APIC
 * mode: reset state, registers, interrupts to oneself, priorities, timer,
 * errors, NMI, mode changes.
 *
 * SDM vol. 3A, "Advanced Programmable Interrupt Controller (APIC)".
 */
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/clock.h"
#include "tests/guest/lib/lib.h"
#include "tests/guest/lib/smp.h"
#include "tests/guest/lib/trap.h"

#define V1 0x91
#define V2 0xa1
#define V3 0xb1
#define V_TIMER 0xc1
#define V_ERROR 0xd1

static bool x2;

static void test_reset_state(void)
{
    uint64_t base = rdmsr(MSR_APIC_BASE);
    uint32_t version = apic_read(APIC_VERSION);

    report_eq(base & ~0xfffull, APIC_DEFAULT_BASE, "base");
    report((base & (APIC_BASE_ON | APIC_BASE_BSP)) ==
           (APIC_BASE_ON | APIC_BASE_BSP), "APIC_BASE is %#llx",
           (unsigned long long)base);
    report((version & 0xff) >= 0x10 && (version & 0xff) <= 0x15,
           "version %#x", version);
    report((version >> 16 & 0xff) >= 3 && (version >> 16 & 0xff) <= 6,
           "%u LVT entries", (version >> 16 & 0xff) + 1);
    report_eq(apic_read(APIC_SPIV), 0xff, "spurious vector register");
    for (unsigned int r = APIC_LVT_TIMER; r <= APIC_LVT_ERROR; r += 16)
        report_eq(apic_read(r), LVT_MASKED, "LVT entry");
    report_eq(apic_read(APIC_TPR), 0, "TPR");
    report_eq(apic_read(APIC_PPR), 0, "PPR");
    report_eq(apic_read(APIC_TMCCT), 0, "current count");
    for (unsigned int i = 0; i < 8; i++)
        report(!apic_read(APIC_IRR + i * 16) &&
               !apic_read(APIC_ISR + i * 16) &&
               !apic_read(APIC_TMR + i * 16), "vectors in word %u", i);
    if (!x2)
        report_eq(apic_read(APIC_DFR), ~0u, "DFR");
}

static void test_registers(void)
{
    uint32_t id = apic_id();

    apic_init();
    report_eq(id, smp_apic_id(0), "id");
    if (x2) {
        report_eq(apic_read(APIC_LDR), id >> 4 << 16 | 1u << (id & 15),
                  "logical id follows from the id");
    } else {
        apic_write(APIC_LDR, 0xff123456);
        report_eq(apic_read(APIC_LDR), 0xff000000, "LDR");
        apic_write(APIC_LDR, 0x01000000);
        apic_write(APIC_DFR, 0);
        report_eq(apic_read(APIC_DFR), 0x0fffffff, "DFR");
        apic_write(APIC_DFR, ~0u);
        apic_write(APIC_ICR2, ~0u);
        report_eq(apic_read(APIC_ICR2), 0xff000000, "ICR2");
        apic_write(APIC_VERSION, 0);
        report(apic_read(APIC_VERSION), "version is read-only");
    }
    for (unsigned int v = 0; v < 256; v += 0x11) {
        apic_write(APIC_TPR, v);
        report_eq(apic_read(APIC_TPR), v, "TPR");
        report_eq(apic_read(APIC_PPR), v, "PPR follows TPR");
#ifdef __x86_64__
        report_eq(read_cr8(), v >> 4, "CR8 follows TPR");
        write_cr8(v >> 4);
        /* An unchanged CR8 cannot be told from one that was not written. */
        report_eq(apic_read(APIC_TPR) & 0xf0, v & 0xf0, "TPR keeps");
        write_cr8(v >> 4 ^ 1);
        report_eq(apic_read(APIC_TPR), (v & 0xf0) ^ 0x10, "TPR follows CR8");
#endif
    }
    apic_write(APIC_TPR, 0);
    apic_write(APIC_LVT_TIMER, LVT_MASKED | 0x42);
    report_eq(apic_read(APIC_LVT_TIMER), LVT_MASKED | 0x42, "LVT timer");
    apic_write(APIC_LVT_TIMER, LVT_MASKED);
    apic_write(APIC_TDCR, TDCR_16);
    report_eq(apic_read(APIC_TDCR), TDCR_16, "divide configuration");
}

static unsigned int try_rdmsr(uint32_t m)
{
    asm volatile(TRY("rdmsr") : : "c"(m) : "eax", "edx");
    return fault_take();
}

static unsigned int try_wrmsr(uint32_t m, uint64_t v)
{
    asm volatile(TRY("wrmsr") : : "c"(m), "a"((uint32_t)v),
                 "d"((uint32_t)(v >> 32)) : "memory");
    return fault_take();
}

/* x2APIC mode faults where xAPIC mode ignores. */
static void test_x2_faults(void)
{
    static const uint16_t unreadable[] = { 0x80b, 0x83f, 0x801, 0x80e, 0x831,
                                           0x83a, 0x840, 0x8ff };
    static const uint16_t unwritable[] = { 0x802, 0x803, 0x80a, 0x80d, 0x810,
                                           0x820, 0x827, 0x831, 0x839, 0x8ff };

    for (unsigned int i = 0; i < ARRAY_SIZE(unreadable); i++)
        report(try_rdmsr(unreadable[i]) == VEC_GP, "MSR %#x is readable",
               unreadable[i]);
    for (unsigned int i = 0; i < ARRAY_SIZE(unwritable); i++)
        report(try_wrmsr(unwritable[i], 0) == VEC_GP, "MSR %#x is writable",
               unwritable[i]);
    report_eq(try_wrmsr(0x80b, 1), VEC_GP, "EOI of 1");
    report_eq(try_wrmsr(0x828, 1), VEC_GP, "ESR of 1");
    report_eq(try_wrmsr(0x808, 0x100), VEC_GP, "reserved bit of TPR");
    report_eq(try_wrmsr(0x808, 1ull << 32), VEC_GP, "high half of TPR");
    report_eq(try_wrmsr(0x80f, 1ull << 16), VEC_GP, "reserved bit of SPIV");
    report_eq(try_wrmsr(0x83f, 0x100), VEC_GP, "reserved bit of SELF IPI");
}

static void test_self(void)
{
    vector_count(V1);
    apic_send(0, ICR_SELF | ICR_ASSERT | V1);
    report(vector_wait(V1, 1, 100000), "IPI by shorthand self");
    apic_send(apic_id(), ICR_ASSERT | V1);
    report(vector_wait(V1, 2, 100000), "IPI by own id");
    apic_send(0, ICR_ALL | ICR_ASSERT | V1);
    report(vector_wait(V1, 3, 100000), "IPI to all");
    apic_send(apic_id(), ICR_ASSERT | ICR_LOWEST | V1);
    report(vector_wait(V1, 4, 100000), "lowest priority");
    apic_send(x2 ? apic_read(APIC_LDR) : 1, ICR_ASSERT | ICR_LOGICAL | V1);
    report(vector_wait(V1, 5, 100000), "logical destination");
    if (x2) {
        wrmsr(MSR_X2APIC + APIC_SELF_IPI / 16, V1);
        report(vector_wait(V1, 6, 100000), "SELF IPI register");
    }
    apic_send(0x55, ICR_ASSERT | V1);
    report(!vector_wait(V1, 7, 1000), "IPI to nobody");
    apic_send(0, ICR_OTHERS | ICR_ASSERT | V1);
    report(!vector_wait(V1, 7, 1000), "IPI to the others");
}

/* Records where in the order a vector came, and what the APIC says then. */
static volatile uint8_t order[8];
static volatile unsigned int nr_order;
static volatile bool in_service, requested;
static volatile uint32_t ppr_inside;

static void note_order(struct trap_frame *f)
{
    unsigned int v = (unsigned int)f->vector;

    order[nr_order++ & 7] = (uint8_t)v;
    in_service = apic_bit(APIC_ISR, v);
    requested = apic_bit(APIC_IRR, v);
    ppr_inside = apic_read(APIC_PPR);
    apic_eoi();
}

/* Lets others in before it ends. */
static void nest(struct trap_frame *f)
{
    order[nr_order++ & 7] = (uint8_t)f->vector;
    apic_send(0, ICR_SELF | ICR_ASSERT | V1);
    apic_send(0, ICR_SELF | ICR_ASSERT | V3);
    sti();
    cli();
    order[nr_order++ & 7] = (uint8_t)f->vector;
    apic_eoi();
}

static void test_priorities(void)
{
    trap_handler(V1, note_order);
    trap_handler(V2, note_order);
    trap_handler(V3, note_order);
    nr_order = 0;
    apic_send(0, ICR_SELF | ICR_ASSERT | V1);
    apic_send(0, ICR_SELF | ICR_ASSERT | V3);
    apic_send(0, ICR_SELF | ICR_ASSERT | V2);
    apic_send(0, ICR_SELF | ICR_ASSERT | V2);
    report(apic_bit(APIC_IRR, V1) && apic_bit(APIC_IRR, V2) &&
           apic_bit(APIC_IRR, V3), "requests are seen in IRR");
    report(nr_order == 0, "interrupts come while IF is clear");
    sti();
    cli();
    report(nr_order == 3 && order[0] == V3 && order[1] == V2 &&
           order[2] == V1, "order %x %x %x (%u)", order[0], order[1],
           order[2], nr_order);
    report(in_service && !requested, "ISR and IRR inside");
    report_eq(ppr_inside, V1 & 0xf0, "PPR inside");
    report_eq(apic_read(APIC_PPR), 0, "PPR afterwards");

    nr_order = 0;
    trap_handler(V2, nest);
    apic_send(0, ICR_SELF | ICR_ASSERT | V2);
    sti();
    cli();
    report(nr_order == 4 && order[0] == V2 && order[1] == V3 &&
           order[2] == V2 && order[3] == V1, "nested %x %x %x %x (%u)",
           order[0], order[1], order[2], order[3], nr_order);
    trap_handler(V2, note_order);

    nr_order = 0;
    apic_write(APIC_TPR, V2);
    sti();
    apic_send(0, ICR_SELF | ICR_ASSERT | V1);
    apic_send(0, ICR_SELF | ICR_ASSERT | V3);
    report(nr_order == 1 && order[0] == V3, "TPR lets the higher one in");
    report(apic_bit(APIC_IRR, V1), "and holds the lower one");
    apic_write(APIC_TPR, 0x8f);
    report(nr_order == 2 && order[1] == V1, "lower TPR: it comes");
#ifdef __x86_64__
    nr_order = 0;
    write_cr8(15);
    apic_send(0, ICR_SELF | ICR_ASSERT | V3);
    delay_us(100);
    report(nr_order == 0, "CR8 holds all");
    write_cr8(V3 >> 4);
    report(nr_order == 0, "equal priority is held");
    write_cr8((V3 >> 4) - 1);
    report(nr_order == 1, "lower CR8: it comes");
    write_cr8(0);
#endif
    cli();
    apic_write(APIC_TPR, 0);
}

static uint32_t ticks_in_ms(uint32_t divide)
{
    uint64_t start;
    uint32_t from, to;

    apic_write(APIC_TDCR, divide);
    apic_write(APIC_TMICT, ~0u);
    start = now_ns();
    from = apic_read(APIC_TMCCT);
    delay_us(2000);
    to = apic_read(APIC_TMCCT);
    return (uint32_t)((from - to) * 1000000ull / (now_ns() - start));
}

static void test_timer(void)
{
    uint32_t a, b;
    unsigned int n;

    vector_count(V_TIMER);
    apic_write(APIC_TDCR, TDCR_1);
    apic_write(APIC_LVT_TIMER, V_TIMER);
    /* Seconds: an emulator on a busy machine stands still for milliseconds. */
    apic_write(APIC_TMICT, 1u << 31);
    a = apic_read(APIC_TMCCT);
    b = apic_read(APIC_TMCCT);
    report(a <= 1u << 31 && b < a, "the count falls: %u, %u", a, b);
    apic_write(APIC_TMICT, 1000000);
    report(vector_wait(V_TIMER, 1, 1000000), "one-shot");
    report_eq(apic_read(APIC_TMCCT), 0, "count afterwards");
    report(!vector_wait(V_TIMER, 2, 20000), "one-shot fires once");

    apic_write(APIC_LVT_TIMER, LVT_MASKED | V_TIMER);
    apic_write(APIC_TMICT, 1000);
    report(!vector_wait(V_TIMER, 2, 2000), "masked timer");
    apic_write(APIC_LVT_TIMER, V_TIMER);
    apic_write(APIC_TMICT, 1u << 31);
    apic_write(APIC_TMICT, 0);
    report(!vector_wait(V_TIMER, 2, 2000), "stopped timer");

    vector_counts[V_TIMER] = 0;
    apic_write(APIC_LVT_TIMER, LVT_PERIODIC | V_TIMER);
    apic_write(APIC_TMICT, 2000000);
    report(vector_wait(V_TIMER, 5, 2000000), "periodic");
    apic_write(APIC_TMICT, 0);
    n = vector_counts[V_TIMER];
    vector_wait(V_TIMER, n + 2, 5000);
    report(vector_counts[V_TIMER] <= n + 1, "periodic timer is stopped");

    /* The count falls a sixteenth as fast. */
    apic_write(APIC_LVT_TIMER, LVT_MASKED | V_TIMER);
    a = ticks_in_ms(TDCR_1);
    b = ticks_in_ms(TDCR_16);
    report(a / 16 > b / 2 && a / 16 < b * 2,
           "ticks in a millisecond: divided by 1 %u, by 16 %u", a, b);
    apic_write(APIC_TMICT, 0);
}

static void test_deadline(void)
{
    uint64_t tsc_khz = cpuid(xen_leaves + 3, 0).c;

    if (!(cpuid(1, 0).c & BIT(24)))
        return;
    vector_count(V_TIMER);
    wrmsr(MSR_TSC_DEADLINE, rdtsc() + 1000);
    report_eq(rdmsr(MSR_TSC_DEADLINE), 0, "deadline in another mode");
    apic_write(APIC_LVT_TIMER, LVT_DEADLINE | V_TIMER);
    asm volatile("mfence" : : : "memory");
    /* Far enough for a machine that is busy with something else. */
    wrmsr(MSR_TSC_DEADLINE, rdtsc() + 200 * tsc_khz);
    report(rdmsr(MSR_TSC_DEADLINE), "deadline is set");
    report(vector_wait(V_TIMER, 1, 1000000), "deadline");
    report_eq(rdmsr(MSR_TSC_DEADLINE), 0, "deadline afterwards");
    wrmsr(MSR_TSC_DEADLINE, 1);
    report(vector_wait(V_TIMER, 2, 100000), "deadline in the past");
    wrmsr(MSR_TSC_DEADLINE, rdtsc() + 1000 * tsc_khz);
    wrmsr(MSR_TSC_DEADLINE, 0);
    report(!vector_wait(V_TIMER, 3, 5000), "disarmed");
    report_eq(apic_read(APIC_TMCCT), 0, "no count in deadline mode");
    apic_write(APIC_LVT_TIMER, LVT_MASKED);
}

static void test_errors(void)
{
    vector_count(V_ERROR);
    apic_write(APIC_LVT_ERROR, V_ERROR);
    apic_write(APIC_ESR, 0);
    apic_send(0, ICR_SELF | ICR_ASSERT | 5);
    report(vector_wait(V_ERROR, 1, 100000), "error interrupt");
    apic_write(APIC_ESR, 0);
    report(apic_read(APIC_ESR) & 0x60, "ESR is %#x", apic_read(APIC_ESR));
    apic_write(APIC_ESR, 0);
    report_eq(apic_read(APIC_ESR), 0, "ESR after it was read");
    apic_write(APIC_LVT_ERROR, LVT_MASKED);
}

/* NMI comes whatever IF says, and not again before IRET. */
static volatile unsigned int nmis, nmis_inside;

static void nmi(struct trap_frame *f)
{
    nmis++;
    if (nmis == 1) {
        apic_send(apic_id(), ICR_NMI | ICR_ASSERT);
        delay_us(50);
        nmis_inside = nmis;
    }
}

static void test_nmi(void)
{
    trap_handler(VEC_NMI, nmi);
    apic_send(apic_id(), ICR_NMI | ICR_ASSERT);
    delay_us(100);
    report_eq(nmis_inside, 1, "NMIs before the first one's IRET");
    report_eq(nmis, 2, "NMIs");
    trap_handler(VEC_NMI, NULL);
}

static void test_off(void)
{
    vector_count(V1);
    apic_write(APIC_LVT_TIMER, V_TIMER);
    apic_write(APIC_SPIV, 0xff);
    report(apic_read(APIC_LVT_TIMER) & LVT_MASKED, "LVT is masked when off");
    apic_write(APIC_LVT_TIMER, V_TIMER);
    report(apic_read(APIC_LVT_TIMER) & LVT_MASKED, "and stays so");
    apic_send(0, ICR_SELF | ICR_ASSERT | V1);
    report(!vector_wait(V1, 1, 1000), "IPI to an APIC that is off");
    apic_write(APIC_SPIV, SPIV_ON | 0xff);
    apic_send(0, ICR_SELF | ICR_ASSERT | V1);
    report(vector_wait(V1, 1, 100000), "and on again");
}

/* SDM: x2APIC mode is left only through off; xAPIC mode freely. */
static void test_modes(void)
{
    uint64_t base = rdmsr(MSR_APIC_BASE);

    report_eq(try_wrmsr(MSR_APIC_BASE, base & ~APIC_BASE_ON & ~APIC_BASE_X2),
              NO_FAULT, "off");
    if (x2)
        report_eq(try_wrmsr(MSR_APIC_BASE, base), VEC_GP,
                  "from off to x2APIC at once");
    report_eq(try_wrmsr(MSR_APIC_BASE,
                        (base & ~APIC_BASE_X2) | APIC_BASE_ON), NO_FAULT,
              "xAPIC mode");
    report_eq(apic_read(APIC_SPIV), 0xff, "reset by that");
    report_eq(try_wrmsr(MSR_APIC_BASE, (base & ~APIC_BASE_ON) |
                        APIC_BASE_X2), VEC_GP, "x2APIC without enable");
    if (x2) {
        report_eq(try_rdmsr(0x802), VEC_GP, "x2APIC register in xAPIC mode");
        report_eq(try_wrmsr(MSR_APIC_BASE, base), NO_FAULT, "x2APIC mode");
        report_eq(try_wrmsr(MSR_APIC_BASE, base & ~APIC_BASE_X2), VEC_GP,
                  "x2APIC to xAPIC at once");
    }
    apic_init();
    vector_count(V1);
    apic_send(0, ICR_SELF | ICR_ASSERT | V1);
    report(vector_wait(V1, 1, 100000), "works after all that");
}

TEST_MAIN()
{
    x2 = option("x2apic");
    if (x2 && !x2apic_offered())
        skip("no x2APIC mode");
    if (x2)
        wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | APIC_BASE_X2);
    test_reset_state();
    test_registers();
    if (x2)
        test_x2_faults();
    test_self();
    test_priorities();
    test_timer();
    test_deadline();
    test_errors();
    test_nmi();
    test_off();
    test_modes();
}
