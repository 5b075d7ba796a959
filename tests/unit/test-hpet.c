/* sources: hvm/dev/hpet.c hvm/dev/pit.c hvm/dev/tick.c hvm/irq/vlapic.c hvm/irq/apicbus.c hvm/irq/vioapic.c hvm/irq/vpic.c hvm/irq/route.c hvm/io/bus.c tests/unit/irq-fakes.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The HPET against the IA-PC HPET specification 1.0a.
 */
#include <string.h>

#include "hvm/dev/timers.h"
#include "hypervisor/abi/errno.h"
#include "tests/unit/bus.h"
#include "tests/unit/irq-fakes.h"
#include "tests/unit/test.h"

TEST_PROGRAM;

#define START (SECONDS(9) + 8)
#define ENABLE 1
#define LEGACY 2
#define T_LEVEL 0x002
#define T_ENABLE 0x004
#define T_PERIODIC 0x008
#define T_SETVAL 0x040
#define T_32BIT 0x100
#define ROUTE(gsi) ((gsi) << 9)
#define T_CAPS 0x00f0000000000030ull

static struct domain *d;
static struct pit pit;
static struct hpet hpet;
static struct vlapic *a;

static uint64_t get(unsigned int reg, unsigned int size)
{
    uint64_t v = 0;

    CHECK_EQ(bus_mmio_read(&d->bus, HPET_BASE + reg, size, &v), BUS_OK);
    return v;
}

static void put(unsigned int reg, unsigned int size, uint64_t v)
{
    CHECK_EQ(bus_mmio_write(&d->bus, HPET_BASE + reg, size, v), BUS_OK);
}

#define CONFIG(n) (0x100 + 0x20 * (n))
#define CMP(n) (0x108 + 0x20 * (n))

static void begin(void)
{
    fake_now = START;
    d = fake_domain(1, true);
    a = fake_apic(d, 0);
    CHECK_EQ(pit_init(&pit, &d->route), 0);
    CHECK_EQ(hpet_init(&hpet, &d->route, &pit), 0);
    for (unsigned int i = 0; i < 48; i++)
        ioapic_set_rte(d, i, 0x60 + i);
}

static void end(void)
{
    ticks_exit(&d->route);
    ticks_exit(&d->route);
    fake_domain_free(d);
    CHECK_EQ(fake_timers_set(), 0);
}

static void test_registers(void)
{
    begin();
    CHECK_EQ(get(0, 8), 0x00f424008086a201); /* 16 ns, 3 timers, 64 bits */
    CHECK_EQ(get(4, 4), 16000000);
    put(0, 8, ~0ull);
    CHECK_EQ(get(0, 8), 0x00f424008086a201);
    put(0x10, 8, ~0ull);
    CHECK_EQ(get(0x10, 8), 3);
    put(0x10, 8, 0);
    for (unsigned int n = 0; n < 3; n++) {
        CHECK_EQ(get(CONFIG(n), 8), T_CAPS);
        CHECK_EQ(get(CMP(n), 8), ~0ull);
        put(CONFIG(n), 8, ~0ull & ~ROUTE(31ull));
        CHECK_EQ(get(CONFIG(n), 8), T_CAPS | 0x14e | ROUTE(20));
        put(CONFIG(n), 8, T_ENABLE | ROUTE(23));
        CHECK_EQ(get(CONFIG(n), 8), T_CAPS | T_ENABLE | ROUTE(23));
        put(CONFIG(n), 4, T_ENABLE | ROUTE(24)); /* not one it can have */
        CHECK_EQ(get(CONFIG(n), 8), T_CAPS | T_ENABLE | ROUTE(20));
        put(0x110 + 0x20 * n, 8, 0x1122334455667788);
        CHECK_EQ(get(0x114 + 0x20 * n, 4), 0x11223344);
    }
    CHECK_EQ(get(0x160, 8), 0); /* a fourth timer is not there */
    put(0x160, 8, ~0ull);
    CHECK_EQ(get(0x168, 8), 0);
    CHECK_EQ(get(0xf1, 4), 0xffffffff); /* unaligned */
    put(0xf4, 8, 5);
    CHECK_EQ(get(0xf0, 8), 0);
    hpet.enabled = false;
    CHECK_EQ(get(0xf0, 8), ~0ull);
    put(0xf0, 8, 5);
    hpet.enabled = true;
    CHECK_EQ(get(0xf0, 8), 0);
    end();
}

static void test_counter(void)
{
    begin();
    CHECK_EQ(get(0xf0, 8), 0);
    fake_now += 1600;
    CHECK_EQ(get(0xf0, 8), 0); /* halted */
    put(0xf0, 8, 0x1fffffff0);
    put(0x10, 8, ENABLE);
    CHECK_EQ(get(0xf0, 8), 0x1fffffff0);
    fake_now += 1600;
    CHECK_EQ(get(0xf0, 8), 0x200000054);
    CHECK_EQ(get(0xf0, 4), 0x54);
    CHECK_EQ(get(0xf4, 4), 2);
    put(0x10, 8, 0);
    fake_now += 1600;
    CHECK_EQ(get(0xf0, 8), 0x200000054);
    put(0xf4, 4, 7);
    CHECK_EQ(get(0xf0, 8), 0x700000054);
    put(0x10, 8, ENABLE);
    fake_now += 16;
    CHECK_EQ(get(0xf0, 8), 0x700000055);
    end();
}

/* One-shot, on each route, 32 and 64 bits. */
static void test_once(void)
{
    for (unsigned int n = 0; n < 3; n++)
        for (unsigned int narrow = 0; narrow < 2; narrow++) {
            unsigned int gsi = 20 + n;
            uint64_t base = 0x7fffffff0;

            begin();
            put(0xf0, 8, base);
            put(0x10, 8, ENABLE);
            put(CONFIG(n), 8, ROUTE(gsi) | (narrow ? T_32BIT : 0));
            put(CMP(n), 8, base + 6250);
            CHECK_EQ(get(CMP(n), 8), narrow ? (uint32_t)(base + 6250)
                                            : base + 6250);
            put(CONFIG(n), 8, T_ENABLE | ROUTE(gsi) | (narrow ? T_32BIT : 0));
            fake_run_until(START + MICROSECS(100) - 32);
            CHECK_EQ(fake_drain(a), 0);
            fake_run_until(START + MICROSECS(100) + 16);
            CHECK_EQ(vlapic_pending(a), 0x60 + (int)gsi);
            CHECK_EQ(fake_drain(a), 1);
            fake_run_until(START + SECONDS(1));
            CHECK_EQ(fake_drain(a), 0);
            /* Just gone by: at once. */
            put(CMP(n), 8, get(0xf0, 8) - 10);
            fake_run_timers();
            CHECK_EQ(fake_drain(a), 1);
            /* 32 bits wrap after 68.7 s. */
            if (narrow) {
                put(CMP(n), 8, get(0xf0, 8) - 1000000);
                fake_run_until(fake_now + SECONDS(68));
                CHECK_EQ(fake_drain(a), 0);
                fake_run_until(fake_now + SECONDS(1));
                CHECK_EQ(fake_drain(a), 1);
            }
            /* Halted: nothing. */
            put(CMP(n), 8, get(0xf0, 8) + 6250);
            put(0x10, 8, 0);
            fake_run_until(fake_now + SECONDS(1));
            CHECK_EQ(fake_drain(a), 0);
            put(0x10, 8, ENABLE);
            fake_run_until(fake_now + MICROSECS(101));
            CHECK_EQ(fake_drain(a), 1);
            end();
        }
}

/* 2.3.9.2.2: SETVAL, then the period. */
static void test_periodic(void)
{
    for (unsigned int narrow = 0; narrow < 2; narrow++) {
        uint64_t base = 0x3fffff000;
        unsigned int n = 0;

        begin();
        put(0xf0, 8, base);
        put(0x10, 8, ENABLE);
        put(CONFIG(1), 8, T_ENABLE | T_PERIODIC | T_SETVAL | ROUTE(21) |
                          (narrow ? T_32BIT : 0));
        put(CMP(1), narrow ? 4 : 8, base + 31250); /* 500 us */
        CHECK_EQ(get(CONFIG(1), 4) & T_SETVAL, 0);
        put(CMP(1), narrow ? 4 : 8, 62500); /* 1 ms */
        for (unsigned int us = 100; us <= 100000; us += 100) {
            fake_run_until(START + MICROSECS(us) + 32);
            if (fake_drain(a)) {
                CHECK_EQ(us % 1000, 500);
                n++;
            }
        }
        CHECK_EQ(n, 100);
        n = (uint32_t)(base + 31250 + 100 * 62500);
        CHECK_EQ(get(CMP(1), 4), n);
        put(CONFIG(1), 8, ROUTE(21));
        CHECK_EQ(fake_timers_set(), 0);
        end();
    }
    /* A period of one tick is lengthened to 100 us. */
    begin();
    put(0x10, 8, ENABLE);
    put(CONFIG(0), 8, T_ENABLE | T_PERIODIC | ROUTE(20));
    put(CMP(0), 8, 1);
    CHECK_EQ(hpet.hw.period[0], 6250);
    end();
}

static void test_level(void)
{
    begin();
    ioapic_set_rte(d, 22, 0x8000 | 0x76);
    put(0x10, 8, ENABLE);
    put(CONFIG(0), 8, T_ENABLE | T_LEVEL | T_PERIODIC | T_SETVAL | ROUTE(22));
    put(CMP(0), 8, get(0xf0, 8) + 62500);
    put(CMP(0), 8, 62500);
    fake_run_until(START + MILLISECS(5));
    CHECK_EQ(get(0x20, 8), 1);
    CHECK(route_gsi_up(&d->route, 22));
    CHECK_EQ(vlapic_ack(a, vlapic_pending(a)), 0x76);
    vlapic_eoi(a);
    CHECK_EQ(vlapic_pending(a), 0x76); /* not acknowledged: still up */
    vlapic_ack(a, 0x76);
    /* The route changes while it is up: the old line falls. */
    put(CONFIG(0), 8, T_ENABLE | T_LEVEL | T_PERIODIC | ROUTE(23));
    put(0x20, 4, 1);
    CHECK_EQ(get(0x20, 8), 0);
    CHECK(!route_gsi_up(&d->route, 22));
    vlapic_eoi(a);
    CHECK(vlapic_quiet(a));
    fake_run_until(START + MILLISECS(6) + 100);
    CHECK(route_gsi_up(&d->route, 23));
    CHECK_EQ(get(0x20, 8), 1);
    put(0x20, 8, ~0ull);
    put(0x20, 8, ~0ull);
    CHECK(!route_gsi_up(&d->route, 23));
    end();
}

/* Legacy replacement: IRQ 0 and 8, the PIT is silent. */
static void test_legacy(void)
{
    begin();
    port_out(d, 0x43, 0x34);
    port_out(d, 0x40, 0xa9);
    port_out(d, 0x40, 0x04); /* 1 kHz */
    fake_run_until(START + MILLISECS(2) + MICROSECS(500));
    CHECK_EQ(vlapic_pending(a), 0x62);
    fake_drain(a);
    put(0x10, 8, ENABLE | LEGACY);
    CHECK(pit.muted);
    fake_run_until(START + MILLISECS(10));
    CHECK_EQ(fake_drain(a), 0);
    put(CONFIG(0), 8, T_ENABLE | ROUTE(23));
    put(CMP(0), 8, get(0xf0, 8) + 62500);
    put(CONFIG(1), 8, T_ENABLE);
    put(CMP(1), 8, get(0xf0, 8) + 125000);
    fake_run_until(START + MILLISECS(11) + 100);
    CHECK_EQ(vlapic_pending(a), 0x62);
    CHECK_EQ(fake_drain(a), 1);
    fake_run_until(START + MILLISECS(12) + 100);
    CHECK_EQ(vlapic_pending(a), 0x68);
    CHECK_EQ(fake_drain(a), 1);
    put(0x10, 8, ENABLE);
    CHECK(!pit.muted);
    fake_run_until(START + MILLISECS(14));
    CHECK_EQ(vlapic_pending(a), 0x62);
    put(0x10, 8, ENABLE | LEGACY);
    CHECK(pit.muted);
    put(0x10, 8, LEGACY);
    CHECK(!pit.muted);
    end();
}

static void test_save(void)
{
    struct hvm_hw_hpet rec = { 0 }, again = { 0 };

    begin();
    ioapic_set_rte(d, 22, 0x8000 | 0x76);
    put(0xf0, 8, 1000000000);
    put(0x10, 8, ENABLE | LEGACY);
    put(CONFIG(0), 8, T_ENABLE | T_PERIODIC | T_SETVAL);
    put(CMP(0), 8, 1000000000 + 62500);
    put(CMP(0), 8, 62500);
    put(CONFIG(2), 8, T_ENABLE | T_LEVEL | T_32BIT | ROUTE(22));
    put(CMP(2), 8, 1000000000 + 31250);
    fake_run_until(START + MILLISECS(5) + MICROSECS(250));
    CHECK_EQ(fake_drain(a), 1000); /* the level one does not end */
    hpet_save(&hpet, &rec);
    CHECK_EQ(rec.capability, 0x00f424008086a201);
    CHECK_EQ(rec.config, 3);
    CHECK_EQ(rec.isr, 4);
    CHECK_EQ(rec.mc64, 1000000000 + 328125);
    CHECK_EQ(rec.timers[0].cmp, 1000000000 + 6 * 62500);
    CHECK_EQ(rec.period[0], 62500);
    CHECK_EQ(rec.timers[2].config, T_CAPS | T_ENABLE | T_LEVEL | T_32BIT | ROUTE(22));
    put(0x10, 8, 0);
    put(0x20, 8, 4);
    CHECK(!route_gsi_up(&d->route, 22));
    fake_drain(a);
    /* Long after, the guest's time goes on where it was. */
    fake_now += SECONDS(1000);
    CHECK_EQ(hpet_load(&hpet, &rec), 0);
    CHECK(pit.muted);
    CHECK(route_gsi_up(&d->route, 22));
    hpet_save(&hpet, &again);
    again.timers[2].cmp = (uint32_t)again.timers[2].cmp;
    CHECK(!memcmp(&rec, &again, sizeof(rec)));
    put(0x20, 8, 4);
    fake_drain(a);
    fake_run_until(fake_now + MICROSECS(740));
    CHECK_EQ(fake_drain(a), 0);
    fake_run_until(fake_now + MICROSECS(20));
    CHECK_EQ(fake_drain(a), 1);
    again = rec;
    again.isr = 8;
    CHECK_EQ(hpet_load(&hpet, &again), -EINVAL);
    again = rec;
    again.config = 4;
    CHECK_EQ(hpet_load(&hpet, &again), -EINVAL);
    again = rec;
    again.capability = 0;
    CHECK_EQ(hpet_load(&hpet, &again), -EINVAL);
    end();
}

int main(void)
{
    test_registers();
    test_counter();
    test_once();
    test_periodic();
    test_level();
    test_legacy();
    test_save();
    return test_result();
}
