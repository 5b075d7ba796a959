/* sources: hvm/dev/rtc.c hvm/dev/tick.c hvm/irq/vlapic.c hvm/irq/apicbus.c hvm/irq/vioapic.c hvm/irq/vpic.c hvm/irq/route.c hvm/io/bus.c tests/unit/irq-fakes.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The RTC against the MC146818A data sheet. The C library's calendar is the
 * oracle for dates.
 */
#define _DEFAULT_SOURCE
#include <string.h>
#include <time.h>

#include "hvm/dev/timers.h"
#include "hypervisor/abi/errno.h"
#include "tests/unit/bus.h"
#include "tests/unit/irq-fakes.h"
#include "tests/unit/test.h"

TEST_PROGRAM;

/* The fakes' wall clock is 2024-02-29 12:00:00 (a Thursday) at boot. */
#define BOOT 1709208000ll
#define NOON 0ull

static struct domain *d;
static struct rtc rtc;
static struct vlapic *a;

static unsigned int get(unsigned int i)
{
    port_out(d, 0x70, (uint8_t)i);
    return port_in(d, 0x71);
}

static void put(unsigned int i, uint8_t v)
{
    port_out(d, 0x70, (uint8_t)i);
    port_out(d, 0x71, v);
}

static void begin(void)
{
    fake_now = NOON;
    d = fake_domain(1, true);
    a = fake_apic(d, 0);
    CHECK_EQ(rtc_init(&rtc, &d->route), 0);
    ioapic_set_rte(d, 8, 0x68);
}

static void end(void)
{
    ticks_exit(&d->route);
    ticks_exit(&d->route);
    fake_domain_free(d);
    CHECK_EQ(fake_timers_set(), 0);
}

static void check_time(const char *what)
{
    static const unsigned int reg[] = { 0, 2, 4, 6, 7, 8, 9 };
    char got[32] = "";

    for (unsigned int i = 0; i < ARRAY_SIZE(reg); i++)
        sprintf(got + strlen(got), "%02x ", get(reg[i]));
    if (strncmp(got, what, strlen(what))) {
        fprintf(stderr, "got %s, expected %s\n", got, what);
        CHECK(!"time");
    }
    CHECK_EQ(strlen(what), 20);
}

static void test_time(void)
{
    begin();
    check_time("00 00 12 05 29 02 24");
    fake_now = SECONDS(43199);
    check_time("59 59 23 05 29 02 24");
    fake_now = SECONDS(43200);
    check_time("00 00 00 06 01 03 24");
    put(0xb, 0x06); /* binary */
    fake_now = SECONDS(43200 + 86400 * 30 + 3600 * 23 + 59 * 60 + 59);
    check_time("3b 3b 17 01 1f 03 18");
    put(0xb, 0x00); /* BCD, 12 hours: 11 PM */
    check_time("59 59 91 01 31 03 24");
    fake_now += SECONDS(1);
    check_time("00 00 12 02 01 04 24"); /* 12 AM */
    fake_now += SECONDS(3600 * 12);
    check_time("00 00 92 02 01 04 24"); /* 12 PM */
    put(0xb, 0x04);
    fake_now += SECONDS(3600);
    check_time("00 00 81 02 01 04 18");
    end();
}

/* Days over 200 years, by the C library. */
static void test_calendar(void)
{
    begin();
    put(0xb, 0x06);
    for (int64_t day = -20000; day < 53000; day += 13) {
        time_t t = BOOT + day * 86400 + 12345;
        struct tm tm;

        gmtime_r(&t, &tm);
        d->time_offset = day * 86400 + 12345;
        CHECK_EQ(get(9), tm.tm_year % 100);
        CHECK_EQ(get(8), tm.tm_mon + 1);
        CHECK_EQ(get(7), tm.tm_mday);
        CHECK_EQ(get(6), tm.tm_wday + 1);
        CHECK_EQ(get(4), tm.tm_hour);
    }
    end();
}

static void test_set(void)
{
    struct tm tm = { .tm_year = 130, .tm_mon = 11, .tm_mday = 31,
                     .tm_hour = 23, .tm_min = 58, .tm_sec = 57 };

    begin();
    fake_now = MILLISECS(300);
    /* By SET: the bytes stand still, then count from what was written. */
    put(0xb, 0x82);
    fake_now = SECONDS(5);
    check_time("00 00 12 05 29 02 24");
    put(0, 0x57);
    put(2, 0x58);
    put(4, 0x23);
    put(7, 0x31);
    put(8, 0x12);
    put(9, 0x30);
    CHECK_EQ(d->shifts, 0);
    put(0xb, 0x02);
    CHECK_EQ(d->shifts, 1);
    CHECK_EQ(d->time_offset, timegm(&tm) - BOOT - 5);
    check_time("57 58 23 03 31 12 30");
    fake_now += SECONDS(63);
    check_time("00 00 00 04 01 01 31");
    /* SET without a write does not lose time. */
    put(0xb, 0x82);
    fake_now += SECONDS(10);
    put(0xb, 0x02);
    check_time("10 00 00 04 01 01 31");
    CHECK_EQ(d->shifts, 1);
    /* One byte while the clock runs. */
    put(2, 0x30);
    check_time("10 30 00 04 01 01 31");
    CHECK_EQ(d->shifts, 2);
    /* Nonsense is harmless. */
    for (unsigned int i = 0; i < 256; i++) {
        put(0xb, 0x80);
        for (unsigned int r = 0; r < 10; r++)
            put(r, (uint8_t)(i * (r + 1)));
        put(0xb, (uint8_t)(i & 7));
        (void)get(9);
    }
    end();
}

static void test_registers(void)
{
    begin();
    CHECK_EQ(get(0xa), 0x26);
    CHECK_EQ(get(0xb), 0x02);
    CHECK_EQ(get(0xc), 0);
    CHECK_EQ(get(0xd), 0x80);
    put(0xa, 0xff);
    CHECK_EQ(get(0xa), 0x7f);
    put(0xc, 0xff);
    put(0xd, 0);
    CHECK_EQ(get(0xd), 0x80);
    /* UIP in the last 244 us of a second. */
    fake_now = SECONDS(1) - 244001;
    CHECK_EQ(get(0xa) & 0x80, 0);
    fake_now = SECONDS(1) - 243999;
    CHECK_EQ(get(0xa) & 0x80, 0x80);
    put(0xb, 0x82);
    CHECK_EQ(get(0xa) & 0x80, 0);
    fake_now = SECONDS(1);
    put(0xb, 0x02);
    CHECK_EQ(get(0xa) & 0x80, 0);
    /* Bit 7 of the index masks NMI. */
    CHECK_EQ(get(0x8d), 0x80);
    CHECK_EQ(port_in(d, 0x70), 0xff);
    CHECK_EQ(bus_port_write(&d->bus, 0x70, 1, 0xd), BUS_OK);
    /* From 14 on: the device model's, the index as well. */
    for (unsigned int i = 14; i < 128; i += 57) {
        CHECK_EQ(bus_port_write(&d->bus, 0x70, 1, i), BUS_NONE);
        CHECK_EQ(port_in(d, 0x71), 0x100);
        CHECK_EQ(bus_port_write(&d->bus, 0x71, 1, 1), BUS_NONE);
    }
    CHECK_EQ(bus_port_write(&d->bus, 0x70, 2, 0x1234), BUS_OK);
    end();
}

/* Table of rates; 1 and 2 are as 8 and 9. */
static void test_periodic(void)
{
    begin();
    for (unsigned int rate = 1; rate < 16; rate++) {
        uint64_t hz = 32768 >> ((rate <= 2 ? rate + 7 : rate) - 1);
        unsigned int n = 0, want = (unsigned int)hz;

        put(0xa, (uint8_t)(0x20 | rate));
        put(0xb, 0x42);
        fake_drain(a);
        for (unsigned int us = 0; us < 1000000; us += 50) {
            fake_run_until(fake_now + MICROSECS(50));
            n += fake_drain(a); /* without ever reading status C */
        }
        CHECK(n + 1 >= want && n <= want + 1);
        CHECK_EQ(get(0xc), 0xd0);
        put(0xb, 0x02);
        CHECK_EQ(fake_timers_set(), 0);
    }
    /* Divider held, or no rate: nothing. */
    put(0xb, 0x42);
    put(0xa, 0x66);
    CHECK_EQ(fake_timers_set(), 0);
    put(0xa, 0x20);
    CHECK_EQ(fake_timers_set(), 0);
    /* Without PIE there is no timer, but the flag. */
    put(0xb, 0x02);
    put(0xa, 0x26);
    (void)get(0xc);
    fake_now += MICROSECS(500);
    (void)get(0xc);
    fake_now += MICROSECS(1000);
    CHECK_EQ(get(0xc) & 0xc0, 0x40);
    CHECK_EQ(get(0xc) & 0xc0, 0);
    CHECK_EQ(fake_timers_set(), 0);
    end();
}

/* 64 Hz, and the guest sleeps for two seconds: it gets all its ticks. */
static void test_catch_up(void)
{
    unsigned int n = 0;

    begin();
    put(0xa, 0x2a);
    put(0xb, 0x42);
    fake_run_until(SECONDS(2) + 1000);
    for (unsigned int ms = 0; ms < 4000; ms++) {
        fake_run_until(fake_now + MILLISECS(1));
        n += fake_drain(a);
    }
    CHECK(n >= 383 && n <= 385);
    end();
}

static void test_update(void)
{
    begin();
    fake_now = MILLISECS(500);
    put(0xb, 0x12);
    fake_run_until(SECONDS(1) - 1);
    CHECK_EQ(fake_drain(a), 0);
    fake_run_until(SECONDS(1));
    CHECK_EQ(fake_drain(a), 1);
    /* No more until status C is read. */
    fake_run_until(SECONDS(5));
    CHECK_EQ(fake_drain(a), 0);
    CHECK_EQ(fake_timers_set(), 0);
    CHECK_EQ(get(0xc) & 0x90, 0x90);
    CHECK_EQ(get(0xc), 0);
    for (unsigned int s = 6; s < 10; s++) {
        fake_run_until(SECONDS(s));
        CHECK_EQ(fake_drain(a), 1);
        CHECK_EQ(get(0xc) & 0xb0, 0x90);
    }
    /* Disabled: the flag comes all the same, and interrupts when enabled. */
    put(0xb, 0x02);
    CHECK_EQ(fake_timers_set(), 0);
    fake_run_until(SECONDS(12));
    put(0xa, 0x26); /* the flag comes up here */
    CHECK_EQ(fake_drain(a), 0);
    put(0xb, 0x12);
    CHECK_EQ(fake_drain(a), 1);
    CHECK_EQ(get(0xc) & 0x90, 0x90);
    /* SET stops updates. */
    put(0xb, 0x92);
    fake_run_until(SECONDS(20));
    CHECK_EQ(get(0xc) & 0x10, 0);
    end();
}

/* When the alarm comes, in seconds after 12:00:00. */
static void test_alarm(void)
{
    static const struct { uint8_t hour, min, sec; int64_t at[3]; } t[] = {
        { 0x12, 0x00, 0x05, { 5, 86405, 172805 } },
        { 0x12, 0x00, 0x00, { 86400, 172800, 259200 } },
        { 0x11, 0x59, 0x59, { 86399, 172799, 259199 } },
        { 0x00, 0x00, 0x00, { 43200, 129600, 216000 } },
        { 0x12, 0x01, 0xc0, { 60, 61, 62 } },
        { 0xff, 0x30, 0x10, { 1810, 5410, 9010 } },
        { 0xff, 0xff, 0x59, { 59, 119, 179 } },
        { 0xff, 0xff, 0xff, { 1, 2, 3 } },
        { 0x13, 0xff, 0x00, { 3600, 3660, 3720 } },
        { 0x12, 0xff, 0xff, { 1, 2, 3 } },
        { 0x25, 0x00, 0x00, { 0, 0, 0 } }, /* never */
        { 0xff, 0x75, 0x00, { 0, 0, 0 } },
        { 0xff, 0xff, 0x60, { 0, 0, 0 } },
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(t); i++)
        for (unsigned int lazy = 0; lazy < 2; lazy++) {
            begin();
            put(5, t[i].hour);
            put(3, t[i].min);
            put(1, t[i].sec);
            CHECK_EQ(get(5), t[i].hour);
            put(0xb, lazy ? 0x02 : 0x22);
            for (unsigned int n = 0; n < 3; n++) {
                if (!t[i].at[n]) {
                    fake_run_until(fake_now + SECONDS(100000));
                    CHECK_EQ(fake_drain(a), 0);
                    CHECK_EQ(get(0xc) & 0xa0, 0);
                    continue;
                }
                fake_run_until(SECONDS(t[i].at[n]) - 1);
                CHECK_EQ(fake_drain(a), 0);
                CHECK_EQ(get(0xc) & 0xa0, 0);
                fake_run_until(SECONDS(t[i].at[n]));
                CHECK_EQ(fake_drain(a), !lazy);
                CHECK_EQ(get(0xc) & 0xa0, lazy ? 0x20 : 0xa0);
            }
            end();
        }
    /* 12 hours mode: 1 PM. */
    begin();
    put(0xb, 0x20);
    put(5, 0x81);
    put(3, 0);
    put(1, 0);
    fake_run_until(SECONDS(3599));
    CHECK_EQ(fake_drain(a), 0);
    fake_run_until(SECONDS(3600));
    CHECK_EQ(fake_drain(a), 1);
    /* The clock is set from outside to just before the next one. */
    (void)get(0xc);
    d->time_offset += 86400 - 10;
    rtc_time_changed(&rtc);
    fake_run_until(SECONDS(3600 + 10));
    CHECK_EQ(fake_drain(a), 1);
    end();
}

static void test_save(void)
{
    struct hvm_hw_rtc rec, again;

    begin();
    d->time_offset = 86400;
    rtc_time_changed(&rtc);
    put(0xa, 0x2a);
    put(0xb, 0x62);
    put(5, 0x12);
    put(3, 0);
    put(1, 0x30);
    port_out(d, 0x70, 0x8c);
    fake_run_until(SECONDS(2) + MILLISECS(1));
    rtc_save(&rtc, &rec);
    CHECK(!memcmp(rec.cmos_data, "\x02\x30\0\0\x12\x12\x06\x01\x03\x24\x2a\x62\xd0\x80", 14));
    CHECK_EQ(rec.cmos_index, 0x0c);
    CHECK_EQ(rec.rtc_offset, 86400);
    fake_drain(a);
    d->time_offset = 0;
    put(0xb, 0x02);
    (void)get(0xc);
    CHECK_EQ(rtc_load(&rtc, &rec), 0);
    CHECK_EQ(d->time_offset, 86400);
    rtc_save(&rtc, &again);
    CHECK(!memcmp(&rec, &again, sizeof(rec)));
    CHECK_EQ(port_in(d, 0x71), 0xd0);
    fake_run_until(SECONDS(2) + MILLISECS(20));
    CHECK_EQ(fake_drain(a), 1);
    put(0xb, 0x22);
    fake_drain(a);
    fake_run_until(SECONDS(30));
    CHECK_EQ(fake_drain(a), 1);
    again = rec;
    again.cmos_index = 0x80;
    CHECK_EQ(rtc_load(&rtc, &again), -EINVAL);
    again = rec;
    again.rtc_offset = INT64_MIN;
    CHECK_EQ(rtc_load(&rtc, &again), -EINVAL);
    again.rtc_offset = INT64_MAX;
    CHECK_EQ(rtc_load(&rtc, &again), -EINVAL);
    memset(&again, 0xff, sizeof(again));
    again.cmos_index = 0x7f;
    again.rtc_offset = -1000;
    CHECK_EQ(rtc_load(&rtc, &again), 0);
    CHECK_EQ(get(0xa) & 0x80, 0);
    CHECK_EQ(get(0xd), 0x80);
    fake_run_until(fake_now + SECONDS(3));
    end();
}

static void alarm_meanwhile(void)
{
    rtc.event.timer.fn(rtc.event.timer.arg);
}

/* The clock's update comes due on another CPU while the domain goes: it starts
 * no timer that has been killed. */
static void test_end(void)
{
    begin();
    put(0xa, 0x26);
    put(0xb, 0x52); /* periodic, update-ended; 24 hours */
    CHECK(rtc.tick.next != TIME_NEVER && rtc.event.next != TIME_NEVER);
    fake_now += SECONDS(2);
    fake_at_kill = alarm_meanwhile;
    ticks_exit(&d->route);
    fake_at_kill = NULL;
    CHECK_EQ(fake_timers_set(), 0);
    end();
}

int main(void)
{
    test_end();
    test_time();
    test_calendar();
    test_set();
    test_registers();
    test_periodic();
    test_catch_up();
    test_update();
    test_alarm();
    test_save();
    return test_result();
}
