/* sources: hvm/irq/vlapic.c hvm/irq/apicbus.c hvm/irq/vioapic.c hvm/irq/vpic.c hvm/irq/route.c hvm/io/bus.c tests/unit/irq-fakes.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The local APIC's timer (SDM vol. 3A 11.5.4) and its save records.
 */
#include <string.h>

#include "hypervisor/abi/errno.h"
#include "tests/unit/irq-fakes.h"
#include "tests/unit/test.h"

TEST_PROGRAM;

#define START SECONDS(5)
#define ONCE 0x30u
#define REPEAT (0x20000u | 0x30)
#define TSC (0x40000u | 0x30)

static struct domain *d;
static struct vlapic *a;

static void begin(uint32_t lvt, unsigned int divide_code)
{
    fake_now = START;
    d = fake_domain(1, true);
    a = fake_apic(d, 0);
    apic_put(a, APIC_LVT_TIMER, lvt);
    apic_put(a, APIC_TDCR, divide_code);
}

static void end(void)
{
    fake_domain_free(d);
    CHECK_EQ(fake_timers_set(), 0);
}

/* Figure 11-10: the divider, and so when the interrupt comes. */
static void test_divide(void)
{
    static const uint8_t code[] = { 0, 1, 2, 3, 8, 9, 0xa, 0xb };
    static const uint8_t by[] = { 2, 4, 8, 16, 32, 64, 128, 1 };

    for (unsigned int i = 0; i < 8; i++) {
        uint64_t ns = 1000ull * APIC_BUS_CYCLE_NS * by[i];

        begin(ONCE, code[i]);
        apic_put(a, APIC_TMICT, 1000);
        CHECK_EQ(apic_get(a, APIC_TMCCT), 1000);
        fake_run_until(START + ns / 4);
        CHECK_EQ(apic_get(a, APIC_TMCCT), 750);
        CHECK_EQ(vlapic_pending(a), -1);
        fake_run_until(START + ns - 1);
        CHECK_EQ(apic_get(a, APIC_TMCCT), 1);
        CHECK_EQ(vlapic_pending(a), -1);
        fake_run_until(START + ns);
        CHECK(!vlapic_quiet(a));
        CHECK_EQ(vlapic_pending(a), 0x30);
        CHECK_EQ(apic_get(a, APIC_TMCCT), 0);
        CHECK_EQ(apic_get(a, APIC_TMICT), 1000);
        CHECK_EQ(fake_drain(a), 1);
        fake_run_until(START + 10 * ns);
        CHECK(vlapic_quiet(a));
        end();
    }
}

static void test_periodic(void)
{
    begin(REPEAT, 0xb);
    apic_put(a, APIC_TMICT, 100000); /* 1 ms */
    for (unsigned int i = 1; i <= 50; i++) {
        fake_run_until(START + MILLISECS(i) - 1);
        CHECK_EQ(fake_drain(a), 0);
        fake_run_until(START + MILLISECS(i) + 1);
        CHECK_EQ(fake_drain(a), 1);
    }
    /* Late by 7.5 periods: one interrupt, and the rhythm stays. */
    fake_run_until(START + MILLISECS(57) + MICROSECS(500));
    CHECK_EQ(apic_get(a, APIC_TMCCT), 50000);
    CHECK_EQ(fake_drain(a), 1);
    CHECK_EQ(apic_get(a, APIC_TMCCT), 50000);
    fake_run_until(START + MILLISECS(58) - 1);
    CHECK_EQ(fake_drain(a), 0);
    fake_run_until(START + MILLISECS(58));
    CHECK_EQ(fake_drain(a), 1);
    /* To one-shot on the way: this period ends, no other begins. */
    fake_run_until(START + MILLISECS(58) + MICROSECS(250));
    apic_put(a, APIC_LVT_TIMER, ONCE);
    CHECK_EQ(apic_get(a, APIC_TMCCT), 75000);
    fake_run_until(START + MILLISECS(70));
    CHECK_EQ(fake_drain(a), 1);
    CHECK_EQ(apic_get(a, APIC_TMCCT), 0);
    end();

    /* A period of 10 ns must not keep the machine busy, or loop. */
    begin(REPEAT, 0xb);
    apic_put(a, APIC_TMICT, 1);
    for (unsigned int i = 0; i < 100; i++) {
        fake_run_until(fake_now + MICROSECS(1));
        fake_drain(a);
    }
    CHECK(d->vcpu[0]->kicks < 30);
    CHECK(d->vcpu[0]->kicks > 4);
    apic_put(a, APIC_TMICT, 0);
    end();
}

static void test_changes(void)
{
    begin(ONCE, 0xb);
    /* Masked: counts, but does not interrupt. */
    apic_put(a, APIC_LVT_TIMER, APIC_LVT_MASKED | ONCE);
    apic_put(a, APIC_TMICT, 1000);
    fake_run_until(START + 5000);
    CHECK_EQ(apic_get(a, APIC_TMCCT), 500);
    fake_run_until(START + 10000);
    CHECK_EQ(fake_drain(a), 0);
    CHECK(vlapic_quiet(a));
    /* A new count before the old one is over. */
    apic_put(a, APIC_LVT_TIMER, ONCE);
    apic_put(a, APIC_TMICT, 1000);
    fake_run_until(START + 15000);
    apic_put(a, APIC_TMICT, 1000);
    fake_run_until(START + 24999);
    CHECK_EQ(fake_drain(a), 0);
    fake_run_until(START + 25000);
    CHECK_EQ(fake_drain(a), 1);
    /* The divider changes on the way: the count goes on, slower. */
    apic_put(a, APIC_TMICT, 1000);
    fake_run_until(START + 30000);
    apic_put(a, APIC_TDCR, 0);
    CHECK_EQ(apic_get(a, APIC_TMCCT), 500);
    fake_run_until(START + 39999);
    CHECK_EQ(fake_drain(a), 0);
    fake_run_until(START + 40000);
    CHECK_EQ(fake_drain(a), 1);
    /* Zero stops. */
    apic_put(a, APIC_TMICT, 1000);
    apic_put(a, APIC_TMICT, 0);
    CHECK_EQ(fake_timers_set(), 0);
    /* The expiry was noted when the guest stopped it: no interrupt. */
    apic_put(a, APIC_TMICT, 10);
    fake_run_until(fake_now + 1000);
    apic_put(a, APIC_TMICT, 0);
    CHECK_EQ(fake_drain(a), 0);
    /* ...or set it anew: at the new time only. */
    apic_put(a, APIC_TMICT, 10);
    fake_run_until(fake_now + 1000);
    apic_put(a, APIC_TMICT, 100);
    CHECK_EQ(fake_drain(a), 0);
    fake_run_until(fake_now + 2000);
    CHECK_EQ(fake_drain(a), 1);
    end();
}

/* 11.5.4.1. The fakes' guest TSC runs at 2 GHz. */
static void test_deadline(void)
{
    begin(ONCE, 0xb);
    vlapic_deadline_write(a, START * 2 + 2000);
    CHECK_EQ(a->tsc_deadline, 0); /* not in this mode */
    apic_put(a, APIC_TMICT, 1000);
    apic_put(a, APIC_LVT_TIMER, TSC);
    CHECK_EQ(fake_timers_set(), 0); /* the change disarmed */
    CHECK_EQ(apic_get(a, APIC_TMICT), 0);
    apic_put(a, APIC_TMICT, 1000);
    CHECK_EQ(apic_get(a, APIC_TMICT), 0); /* ignored in this mode */
    CHECK_EQ(apic_get(a, APIC_TMCCT), 0);

    vlapic_deadline_write(a, START * 2 + 2000);
    CHECK_EQ(a->tsc_deadline, START * 2 + 2000);
    fake_run_until(START + 999);
    CHECK_EQ(fake_drain(a), 0);
    fake_run_until(START + 1000);
    CHECK_EQ(fake_drain(a), 1);
    CHECK_EQ(a->tsc_deadline, 0);
    /* Past: at once. */
    vlapic_deadline_write(a, 1);
    CHECK_EQ(fake_drain(a), 1);
    CHECK_EQ(a->tsc_deadline, 0);
    /* Zero disarms; never is never. */
    vlapic_deadline_write(a, START * 2 + 4000);
    vlapic_deadline_write(a, 0);
    CHECK_EQ(fake_timers_set(), 0);
    vlapic_deadline_write(a, ~0ull);
    CHECK_EQ(a->tsc_deadline, ~0ull);
    CHECK_EQ(fake_timers_set(), 0);
    vlapic_deadline_write(a, START * 2 + 4000);
    apic_put(a, APIC_LVT_TIMER, ONCE);
    CHECK_EQ(fake_timers_set(), 0);
    CHECK_EQ(a->tsc_deadline, 0);
    /* The reserved mode counts nothing. */
    apic_put(a, APIC_LVT_TIMER, 0x60030);
    apic_put(a, APIC_TMICT, 1000);
    CHECK_EQ(fake_timers_set(), 0);
    /* INIT and "off" stop it. */
    apic_put(a, APIC_LVT_TIMER, REPEAT);
    apic_put(a, APIC_TMICT, 1000);
    vlapic_init_signal(a);
    CHECK_EQ(fake_timers_set(), 0);
    end();
}

static void copy(struct vlapic *to, struct vlapic *from)
{
    struct hvm_hw_lapic_regs regs;
    struct hvm_hw_lapic hidden = { 0 };

    vlapic_save_hidden(from, &hidden);
    vlapic_save_regs(from, &regs);
    CHECK_EQ(vlapic_load_hidden(to, &hidden), 0);
    CHECK_EQ(vlapic_load_regs(to, &regs), 0);
}

/* All that software sees is the same after a restore, timer included. */
static void test_save(void)
{
    for (unsigned int i = 0; i < 2; i++) {
        struct domain *d2;
        struct vlapic *b;

        begin(REPEAT, 0);
        if (i)
            vlapic_base_write(a, a->base_msr | APIC_BASE_MSR_X2APIC);
        apic_put(a, APIC_TPR, 0x10);
        apic_put(a, APIC_LVT_ERROR, 0x41);
        vlapic_post(a, 0xe5, true);
        vlapic_ack(a, vlapic_pending(a));
        vlapic_post(a, 0x95, false);
        vlapic_post(a, 3, false);
        CHECK_EQ(vlapic_highest_irr(a), 0x95);
        apic_put(a, APIC_TMICT, 1000);
        fake_run_until(START + 5000);
        d2 = fake_domain(1, false);
        b = fake_apic(d2, 0);
        copy(b, a);
        for (unsigned int reg = 0; reg < 0x400; reg += 16)
            if (vlapic_msr_read(a, 0x800 + reg / 16, &(uint64_t){ 0 }) == 0 ||
                a->mode == VLAPIC_XAPIC)
                CHECK_EQ(apic_get(b, reg), apic_get(a, reg));
        CHECK_EQ(b->mode, a->mode);
        CHECK_EQ(b->base_msr, a->base_msr);
        CHECK_EQ(vlapic_pending(b), -1);
        vlapic_eoi(a);
        vlapic_eoi(b);
        CHECK_EQ(vlapic_pending(b), 0x95);
        CHECK_EQ(vlapic_ack(b, 0x95), 0x95);
        vlapic_ack(a, 0x95);
        for (unsigned int n = 0; n < 10; n++) {
            fake_run_until(fake_now + 7777);
            CHECK_EQ(apic_get(b, APIC_TMCCT), apic_get(a, APIC_TMCCT));
            CHECK_EQ(fake_drain(b), fake_drain(a));
        }
        apic_put(a, APIC_ESR, 0);
        apic_put(b, APIC_ESR, 0);
        CHECK_EQ(apic_get(b, APIC_ESR), 0x40);
        fake_domain_free(d2);
        end();
    }
}

/* A deadline that is armed stays so. */
static void test_save_deadline(void)
{
    struct domain *d2;
    struct vlapic *b;

    begin(TSC, 0);
    vlapic_deadline_write(a, START * 2 + 2000);
    d2 = fake_domain(1, false);
    b = fake_apic(d2, 0);
    copy(b, a);
    CHECK_EQ(b->tsc_deadline, START * 2 + 2000);
    fake_run_until(START + 1000);
    CHECK_EQ(fake_drain(a), 1);
    CHECK_EQ(fake_drain(b), 1);
    fake_domain_free(d2);
    end();
}

/* Vectors below 16 cannot be in service or requested. */
static void test_low_vectors(void)
{
    struct hvm_hw_lapic_regs regs;
    struct hvm_hw_lapic hidden = { 0 };
    uint32_t low = 0x8001;

    begin(ONCE, 0);
    vlapic_save_hidden(a, &hidden);
    vlapic_save_regs(a, &regs);
    memcpy(&regs.data[APIC_ISR], &low, 4);
    memcpy(&regs.data[APIC_IRR], &low, 4);
    CHECK_EQ(vlapic_load_hidden(a, &hidden), 0);
    CHECK_EQ(vlapic_load_regs(a, &regs), 0);
    CHECK_EQ(a->isrv, 0);
    CHECK_EQ(apic_get(a, APIC_ISR), 0);
    CHECK_EQ(apic_get(a, APIC_IRR), 0);
    CHECK_EQ(vlapic_highest_irr(a), -1);
    end();
}

/* The records' bytes, as Xen 4.20 writes them. */
static void test_record(void)
{
    struct hvm_hw_lapic_regs regs;
    struct hvm_hw_lapic hidden = { 0 };
    uint32_t word;

    begin(TSC, 0xb);
    vlapic_deadline_write(a, START * 2 + 2000);
    vlapic_save_hidden(a, &hidden);
    CHECK_EQ(hidden.apic_base_msr, 0xfee00900);
    CHECK_EQ(hidden.disabled, 0);
    CHECK_EQ(hidden.timer_divisor, 1);
    CHECK_EQ(hidden.tdt_msr, START * 2 + 2000);
    vlapic_save_regs(a, &regs);
    memcpy(&word, &regs.data[0xf0], 4);
    CHECK_EQ(word, 0x1ff);
    apic_put(a, APIC_SPIV, 0xff);
    vlapic_save_hidden(a, &hidden);
    CHECK_EQ(hidden.disabled, 2);
    vlapic_base_write(a, APIC_BASE_DEFAULT);
    vlapic_save_hidden(a, &hidden);
    CHECK_EQ(hidden.disabled, 3);
    CHECK_EQ(hidden.timer_divisor, 2);
    CHECK_EQ(hidden.tdt_msr, 0);

    hidden.apic_base_msr = APIC_BASE_DEFAULT | APIC_BASE_MSR_X2APIC;
    CHECK_EQ(vlapic_load_hidden(a, &hidden), -EINVAL);
    hidden.apic_base_msr = APIC_BASE_DEFAULT;
    hidden.disabled = 4;
    CHECK_EQ(vlapic_load_hidden(a, &hidden), -EINVAL);
    end();
}

/* Ids are what the vCPU has, whatever a record says. */
static void test_ids(void)
{
    for (unsigned int x2 = 0; x2 < 2; x2++) {
        struct hvm_hw_lapic_regs regs;
        struct hvm_hw_lapic hidden = { 0 };

        fake_now = START;
        d = fake_domain(4, true);
        a = fake_apic(d, 3);
        apic_put(a, APIC_LDR, 0x40000000);
        if (x2)
            vlapic_base_write(a, a->base_msr | APIC_BASE_MSR_X2APIC);
        vlapic_save_hidden(a, &hidden);
        vlapic_save_regs(a, &regs);
        memset(&regs.data[APIC_ID], 0x5, 4);
        if (x2)
            memset(&regs.data[APIC_LDR], 0x1, 4);
        CHECK_EQ(vlapic_load_hidden(a, &hidden), 0);
        CHECK_EQ(vlapic_load_regs(a, &regs), 0);
        CHECK_EQ(apic_get(a, APIC_ID), x2 ? 6 : 6 << 24);
        CHECK_EQ(apic_get(a, APIC_LDR), x2 ? 1 << 6 : 0x40000000);
        end();
    }
}

/* Any bytes are harmless. */
static void test_garbage(void)
{
    srand(2);
    for (unsigned int i = 0; i < 2000; i++) {
        struct hvm_hw_lapic_regs regs;
        struct hvm_hw_lapic hidden = { 0 };

        begin(ONCE, 0);
        for (unsigned int n = 0; n < sizeof(regs); n++)
            regs.data[n] = (uint8_t)rand();
        for (unsigned int n = 0; n < sizeof(hidden); n++)
            ((uint8_t *)&hidden)[n] = (uint8_t)rand();
        if (i % 2) {
            hidden.disabled &= 3;
            hidden.apic_base_msr |= 0x800;
        }
        (void)vlapic_load_hidden(a, &hidden);
        CHECK_EQ(vlapic_load_regs(a, &regs), 0);
        CHECK(fake_drain(a) <= 256);
        fake_run_until(fake_now + SECONDS(1));
        fake_drain(a);
        CHECK(a->isrv == 0 || a->isrv >= 16);
        for (unsigned int n = 0; n < 256; n++)
            apic_put(a, APIC_EOI, 0);
        CHECK_EQ(a->isrv, 0);
        end();
    }
}

int main(void)
{
    test_divide();
    test_periodic();
    test_changes();
    test_deadline();
    test_save();
    test_save_deadline();
    test_low_vectors();
    test_record();
    test_ids();
    test_garbage();
    return test_result();
}
