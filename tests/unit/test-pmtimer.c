/* sources: hvm/dev/pmtimer.c hvm/dev/tick.c hvm/irq/vlapic.c hvm/irq/apicbus.c hvm/irq/vioapic.c hvm/irq/vpic.c hvm/irq/route.c hvm/io/bus.c tests/unit/irq-fakes.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PM timer and PM1a events against ACPI 6.4, 4.8.2 and 4.8.3.
 */
#include <string.h>

#include "hvm/dev/timers.h"
#include "hypervisor/abi/errno.h"
#include "tests/unit/bus.h"
#include "tests/unit/irq-fakes.h"
#include "tests/unit/test.h"

TEST_PROGRAM;

#define START SECONDS(100)
#define TMR 0x1f48
#define EVT 0x1f40

static struct domain *d;
static struct pmtimer pm;

static uint64_t in(uint16_t port, unsigned int size)
{
    uint64_t v = 0;

    CHECK_EQ(bus_port_read(&d->bus, port, size, &v), BUS_OK);
    return v;
}

static void out(uint16_t port, unsigned int size, uint64_t v)
{
    CHECK_EQ(bus_port_write(&d->bus, port, size, v), BUS_OK);
}

static bool sci(void)
{
    return d->route.line[0] >> 9 & 1;
}

static void begin(void)
{
    fake_now = START;
    d = fake_domain(1, true);
    CHECK_EQ(pmtimer_init(&pm, &d->route), 0);
}

static void end(void)
{
    ticks_exit(&d->route);
    ticks_exit(&d->route);
    fake_domain_free(d);
    CHECK_EQ(fake_timers_set(), 0);
}

static void test_counter(void)
{
    begin();
    CHECK_EQ(in(TMR, 4), 0);
    fake_now += SECONDS(1);
    CHECK(in(TMR, 4) - 3579544 <= 1);
    fake_now += SECONDS(999);
    CHECK(in(TMR, 4) - 3579544999ull <= 1);
    fake_now = START + SECONDS(1200); /* past 2^32: wraps */
    CHECK(in(TMR, 4) - (1200 * 3579545ull - 1 - (1ull << 32)) <= 1);
    out(TMR, 4, 0);
    CHECK(in(TMR, 4) > 1000);
    CHECK_EQ(in(TMR + 1, 1), in(TMR, 4) >> 8 & 0xff);
    CHECK_EQ(in(TMR + 2, 2), in(TMR, 4) >> 16);
    end();
}

/* TMR_STS at each change of bit 31 (600 s); a timer only if enabled. */
static void test_overflow(void)
{
    begin();
    CHECK_EQ(in(EVT, 2), 0);
    fake_run_until(START + SECONDS(599));
    CHECK_EQ(in(EVT, 2), 0);
    fake_run_until(START + SECONDS(600));
    CHECK_EQ(in(EVT, 2), PM1_TMR);
    CHECK(!sci());
    out(EVT, 2, PM1_TMR);
    CHECK_EQ(in(EVT, 2), 0);
    CHECK_EQ(fake_timers_set(), 0);
    out(EVT + 2, 2, PM1_TMR);
    CHECK_EQ(fake_timers_set(), 1);
    fake_run_until(START + SECONDS(1199));
    CHECK(!sci());
    fake_run_until(START + SECONDS(1200));
    CHECK(sci());
    CHECK_EQ(fake_timers_set(), 0);
    out(EVT, 2, PM1_TMR);
    CHECK(!sci());
    CHECK_EQ(fake_timers_set(), 1);
    fake_run_until(START + SECONDS(1799));
    CHECK(!sci());
    fake_run_until(START + SECONDS(1800));
    CHECK(sci());
    out(EVT, 2, PM1_TMR);
    /* Two changes unseen are still a change. */
    out(EVT + 2, 2, 0);
    fake_run_until(fake_now + SECONDS(1200));
    CHECK_EQ(in(EVT, 2), PM1_TMR);
    end();
}

static void test_events(void)
{
    begin();
    pmtimer_press(&pm, PM1_PWRBTN);
    CHECK_EQ(in(EVT, 2), PM1_PWRBTN);
    CHECK(!sci());
    out(EVT + 3, 1, 3); /* PWRBTN_EN, SLPBTN_EN */
    CHECK_EQ(in(EVT, 4), 0x03000100);
    CHECK(sci());
    pmtimer_press(&pm, PM1_SLPBTN);
    CHECK_EQ(in(EVT + 1, 1), 3);
    out(EVT + 1, 1, 1);
    CHECK_EQ(in(EVT, 2), PM1_SLPBTN);
    CHECK(sci());
    out(EVT, 4, 0x03000200);
    CHECK_EQ(in(EVT, 4), 0x03000000);
    CHECK(!sci());
    out(EVT + 2, 1, 0x21);
    CHECK_EQ(in(EVT + 2, 2), 0x0321);
    out(EVT + 1, 2, 0x0100); /* status high, enable low */
    CHECK_EQ(in(EVT + 2, 2), 0x0301);
    pmtimer_press(&pm, PM1_PWRBTN);
    CHECK(sci());
    end();
}

static void test_move(void)
{
    uint64_t v;

    begin();
    CHECK_EQ(pmtimer_move(&pm, 2), -EINVAL);
    CHECK_EQ(pmtimer_move(&pm, 0), 0);
    CHECK_EQ(pmtimer_move(&pm, 1), 0);
    CHECK_EQ(bus_port_read(&d->bus, TMR, 4, &v), BUS_NONE);
    CHECK_EQ(bus_port_read(&d->bus, 0xb004, 2, &v), BUS_NONE);
    fake_now += SECONDS(1);
    CHECK(in(0xb008, 4) - 3579544 <= 1);
    out(0xb002, 2, 0x100);
    CHECK_EQ(in(0xb000, 4), 0x01000000);
    CHECK_EQ(pmtimer_move(&pm, 0), 0);
    CHECK_EQ(in(EVT, 4), 0x01000000);
    end();
}

static void test_save(void)
{
    struct hvm_hw_pmtimer rec;

    begin();
    out(EVT + 2, 2, 0x101);
    pmtimer_press(&pm, PM1_PWRBTN);
    fake_run_until(START + SECONDS(599));
    pmtimer_save(&pm, &rec);
    CHECK_EQ(rec.pm1a_sts, 0x100);
    CHECK_EQ(rec.pm1a_en, 0x101);
    CHECK_EQ(rec.tmr_val, in(TMR, 4));
    out(EVT, 4, 0xffff);
    CHECK(!sci());
    fake_now += SECONDS(5000);
    CHECK_EQ(pmtimer_load(&pm, &rec), 0);
    CHECK_EQ(in(TMR, 4), rec.tmr_val);
    CHECK_EQ(in(EVT, 4), 0x01010100);
    CHECK(sci());
    fake_run_until(fake_now + SECONDS(1));
    CHECK_EQ(in(EVT, 4), 0x01010101);
    end();
}

int main(void)
{
    test_counter();
    test_overflow();
    test_events();
    test_move();
    test_save();
    return test_result();
}
