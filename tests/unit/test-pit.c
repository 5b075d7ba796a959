/* sources: hvm/dev/pit.c hvm/dev/tick.c hvm/irq/vlapic.c hvm/irq/apicbus.c hvm/irq/vioapic.c hvm/irq/vpic.c hvm/irq/route.c hvm/io/bus.c tests/unit/irq-fakes.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The 8254 against its data sheet (231164), its interrupts on IRQ 0, and the
 * policies for ticks that come late.
 */
#include <string.h>

#include "hvm/dev/timers.h"
#include "hypervisor/abi/errno.h"
#include "tests/unit/bus.h"
#include "tests/unit/irq-fakes.h"
#include "tests/unit/test.h"

TEST_PROGRAM;

#define START SECONDS(7)
#define VECTOR 0x62

static struct domain *d;
static struct pit pit;
static struct vlapic *a;

static void begin(void)
{
    fake_now = START;
    d = fake_domain(1, true);
    a = fake_apic(d, 0);
    CHECK_EQ(pit_init(&pit, &d->route), 0);
    ioapic_set_rte(d, 2, VECTOR);
}

static void end(void)
{
    ticks_exit(&d->route);
    ticks_exit(&d->route);
    fake_domain_free(d);
    CHECK_EQ(fake_timers_set(), 0);
}

/* Nanoseconds of n clock ticks, rounded up. */
static uint64_t ticks(uint64_t n)
{
    return (n * 1000000000 + 1193181) / 1193182;
}

static void program(unsigned int ch, unsigned int mode, uint16_t count)
{
    port_out(d, 0x43, (uint8_t)(ch << 6 | 0x30 | mode << 1));
    port_out(d, 0x40 + ch, (uint8_t)count);
    port_out(d, 0x40 + ch, (uint8_t)(count >> 8));
}

static unsigned int latch(unsigned int ch)
{
    unsigned int low;

    port_out(d, 0x43, (uint8_t)(ch << 6));
    low = port_in(d, 0x40 + ch);
    return low | port_in(d, 0x40 + ch) << 8;
}

static unsigned int out_pin(unsigned int ch)
{
    port_out(d, 0x43, (uint8_t)(0xe0 | 2u << ch));
    return port_in(d, 0x40 + ch) >> 7;
}

/* Counter and OUT of channel 2 after n ticks (mode diagrams). */
static void test_modes(void)
{
    static const struct { uint8_t mode; uint16_t count, after; uint32_t want; uint8_t out; } t[] = {
        { 0, 100, 0, 100, 0 }, { 0, 100, 99, 1, 0 }, { 0, 100, 100, 0, 1 },
        { 0, 100, 101, 0xffff, 1 }, { 0, 0, 1, 0xffff, 0 },
        { 2, 100, 0, 100, 1 }, { 2, 100, 98, 2, 1 }, { 2, 100, 99, 1, 0 },
        { 2, 100, 100, 100, 1 }, { 2, 100, 1050, 50, 1 }, { 2, 0, 1, 0xffff, 1 },
        { 3, 100, 0, 100, 1 }, { 3, 100, 49, 2, 1 }, { 3, 100, 50, 100, 0 },
        { 3, 100, 99, 2, 0 }, { 3, 100, 100, 100, 1 },
        { 3, 5, 0, 4, 1 }, { 3, 5, 2, 0, 1 }, { 3, 5, 3, 4, 0 }, { 3, 5, 4, 2, 0 },
        { 6, 100, 99, 1, 0 }, { 7, 100, 50, 100, 0 }, /* are 2 and 3 */
        { 4, 100, 99, 1, 1 }, { 4, 100, 100, 0, 0 }, { 4, 100, 101, 0xffff, 1 },
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
        begin();
        port_out(d, 0x61, 1);
        program(2, t[i].mode, t[i].count);
        fake_now = START + ticks(t[i].after);
        CHECK_EQ(latch(2), t[i].want);
        CHECK_EQ(out_pin(2), t[i].out);
        CHECK_EQ(port_in(d, 0x61) >> 5 & 1, t[i].out);
        end();
    }
}

/* Read-back and latch commands, byte modes. */
static void test_reading(void)
{
    begin();
    port_out(d, 0x61, 1);
    program(2, 2, 0x1234);
    CHECK_EQ(port_in(d, 0x42), 0x34);
    CHECK_EQ(port_in(d, 0x42), 0x12);
    port_out(d, 0x43, 0x80);
    fake_now += ticks(0x34);
    port_out(d, 0x43, 0x80); /* the first latch holds */
    CHECK_EQ(port_in(d, 0x42), 0x34);
    CHECK_EQ(port_in(d, 0x42), 0x12);
    CHECK_EQ(port_in(d, 0x42), 0x00);
    CHECK_EQ(port_in(d, 0x42), 0x12);
    /* Status first, then the count; channel 0 is left alone. */
    port_out(d, 0x43, 0xc8);
    CHECK_EQ(port_in(d, 0x42), 0xb4); /* OUT, low and high, mode 2 */
    CHECK_EQ(port_in(d, 0x42), 0x00);
    CHECK_EQ(port_in(d, 0x42), 0x12);
    CHECK_EQ(pit.hw.channels[0].status_latched, 0);
    port_out(d, 0x43, 0xee); /* status of all three */
    CHECK_EQ(pit.hw.channels[0].status_latched, 1);
    CHECK_EQ(pit.hw.channels[1].status_latched, 1);
    CHECK_EQ(port_in(d, 0x42), 0xb4);
    /* High byte only. */
    port_out(d, 0x43, 0xa4);
    port_out(d, 0x42, 0x20);
    CHECK_EQ(pit.hw.channels[2].count, 0x2000);
    CHECK_EQ(port_in(d, 0x42), 0x20);
    CHECK_EQ(port_in(d, 0x42), 0x20);
    /* Low byte only. */
    port_out(d, 0x43, 0x94);
    port_out(d, 0x42, 0x20);
    CHECK_EQ(pit.hw.channels[2].count, 0x20);
    CHECK_EQ(port_in(d, 0x42), 0x20);
    /* BCD. */
    port_out(d, 0x43, 0xb5);
    port_out(d, 0x42, 0x00);
    port_out(d, 0x42, 0x10);
    CHECK_EQ(pit.hw.channels[2].count, 1000);
    fake_now += ticks(1);
    CHECK_EQ(latch(2), 0x0999);
    /* The control port does not read; words are not for this chip. */
    CHECK_EQ(port_in(d, 0x43), 0xff);
    CHECK_EQ(bus_port_write(&d->bus, 0x42, 2, 0x7777), BUS_OK);
    CHECK_EQ(pit.hw.channels[2].count, 1000);
    end();
}

static void test_gate(void)
{
    unsigned int before;

    begin();
    CHECK_EQ(port_in(d, 0x61) & 3, 0);
    program(2, 0, 1000); /* the gate is low: waits */
    fake_now += ticks(500);
    CHECK_EQ(latch(2), 1000);
    port_out(d, 0x61, 3);
    CHECK_EQ(port_in(d, 0x61) & 3, 3);
    fake_now += ticks(400);
    CHECK_EQ(latch(2), 600);
    port_out(d, 0x61, 0);
    fake_now += ticks(5000);
    CHECK_EQ(latch(2), 600);
    port_out(d, 0x61, 1);
    fake_now += ticks(600);
    CHECK_EQ(port_in(d, 0x61) & 0x21, 0x21);
    /* Mode 3: a rising gate starts over. */
    program(2, 3, 1000);
    fake_now += ticks(100);
    port_out(d, 0x61, 0);
    CHECK_EQ(out_pin(2), 1);
    port_out(d, 0x61, 1);
    CHECK_EQ(latch(2), 1000);
    /* The refresh clock toggles. */
    before = port_in(d, 0x61);
    fake_now += 1 << 14;
    CHECK_EQ(port_in(d, 0x61) ^ before, 0x10);
    end();
}

static void test_interrupts(void)
{
    unsigned int n = 0;

    begin();
    program(0, 2, 11932); /* 100 Hz */
    for (unsigned int ms = 1; ms <= 1000; ms++) {
        fake_run_until(START + MILLISECS(ms));
        n += fake_drain(a);
    }
    CHECK(n >= 99 && n <= 100);
    /* The count reads in step with the ticks. */
    fake_run_until(START + ticks(11932 * 120ull) + ticks(100));
    CHECK_EQ(fake_drain(a), 1);
    n = latch(0);
    CHECK(n >= 11932 - 102 && n <= 11932 - 98);
    /* A control word stops it until there is a count. */
    port_out(d, 0x43, 0x30);
    CHECK_EQ(fake_timers_set(), 0);
    /* One-shots: 0 and 4 once, 1 and 5 wait for a gate that never comes. */
    for (unsigned int mode = 0; mode < 6; mode++) {
        if (mode == 2 || mode == 3)
            continue;
        fake_now = START;
        program(0, mode, 1000);
        fake_run_until(START + ticks(1000) - 100);
        CHECK_EQ(fake_drain(a), 0);
        fake_run_until(START + ticks(1000) + 1000);
        CHECK_EQ(fake_drain(a), mode == 0 || mode == 4);
        fake_run_until(START + SECONDS(1));
        CHECK_EQ(fake_drain(a), 0);
        CHECK_EQ(fake_timers_set(), 0);
    }
    /* The other channels never interrupt. */
    program(1, 2, 1000);
    program(2, 3, 1000);
    CHECK_EQ(fake_timers_set(), 0);
    end();
}

/* The guest takes nothing for 50 ms of 1 ms ticks. */
static void test_late(void)
{
    for (unsigned int policy = 0; policy < 2; policy++) {
        unsigned int n = 0, ms;

        begin();
        d->route.coalesce_ticks = policy;
        program(0, 2, 1193);
        fake_run_until(START + MILLISECS(50) + MICROSECS(500));
        CHECK_EQ(fake_drain(a), 1);
        for (ms = 51; ms <= 200; ms++) {
            for (unsigned int us = 0; us < 1000; us += 100) {
                fake_run_until(START + MILLISECS(ms) + us * 1000);
                n += fake_drain(a);
            }
        }
        if (policy == 0)
            CHECK(n >= 198 && n <= 200); /* all of them */
        else
            CHECK(n >= 149 && n <= 151); /* in rhythm, none made up */
        CHECK_EQ(pit.tick.missed, 0);
        end();
    }

    /* The same through the 8259. */
    begin();
    ioapic_set_rte(d, 2, 0x10000);
    for (unsigned int i = 0; i < 4; i++)
        port_out(d, i ? 0x21 : 0x20, (const uint8_t[]){ 0x11, 8, 4, 1 }[i]);
    apic_put(a, APIC_LVT_LINT0, 0x700);
    program(0, 2, 1193);
    fake_run_until(START + MILLISECS(10) + MICROSECS(500));
    CHECK_EQ(pit.tick.missed, 9);
    CHECK_EQ(fake_drain(a), 1);
    end();

    /* Lodge itself comes late by 10 ticks. */
    begin();
    program(0, 2, 1193);
    fake_now = START + MILLISECS(10) + MICROSECS(500);
    fake_run_timers();
    CHECK_EQ(fake_drain(a), 1);
    CHECK_EQ(pit.tick.missed, 9);
    d->route.coalesce_ticks = true;
    fake_run_until(START + MILLISECS(11) + MICROSECS(500));
    CHECK_EQ(pit.tick.missed, 0);
    end();
}

/* Nobody listens: no timer at the guest's rate; back in rhythm after. */
static void test_masked(void)
{
    begin();
    ioapic_set_rte(d, 2, 0x10000 | VECTOR);
    program(0, 2, 1193);
    fake_run_until(START + MILLISECS(1) + MICROSECS(100));
    CHECK(pit.tick.parked);
    fake_run_until(START + SECONDS(1));
    CHECK(vlapic_quiet(a));
    CHECK(pit.tick.parked);
    ioapic_set_rte(d, 2, VECTOR);
    CHECK(!pit.tick.parked);
    fake_run_until(START + SECONDS(1) + MILLISECS(2));
    CHECK_EQ(fake_drain(a), 1);
    CHECK_EQ(pit.tick.missed, 1);
    /* Muted by the HPET and back. */
    pit.muted = true;
    fake_run_until(START + SECONDS(2));
    CHECK_EQ(fake_drain(a), 0);
    pit.muted = false;
    ticks_resume(&d->route);
    fake_run_until(START + SECONDS(2) + MILLISECS(2));
    CHECK_EQ(fake_drain(a), 1);
    /* Unmasked where nobody says so: found out in a while. */
    apic_put(a, APIC_SPIV, 0xff);
    fake_run_until(START + SECONDS(3));
    CHECK(pit.tick.parked);
    d->route.ticks = NULL;
    apic_put(a, APIC_SPIV, 0x1ff);
    d->route.ticks = &pit.tick;
    fake_run_until(START + SECONDS(4));
    CHECK(!pit.tick.parked);
    CHECK_EQ(fake_drain(a), 1);
    end();
}

static void test_save(void)
{
    struct hvm_hw_pit rec, bad;

    begin();
    port_out(d, 0x61, 3);
    program(0, 2, 11932);
    program(2, 3, 1000);
    port_out(d, 0x43, 0x80);
    (void)port_in(d, 0x42);
    pit_save(&pit, &rec);
    CHECK_EQ(rec.channels[0].count, 11932);
    CHECK_EQ(rec.channels[0].mode, 2);
    CHECK_EQ(rec.channels[0].rw_mode, 3);
    CHECK_EQ(rec.channels[1].count, 65536);
    CHECK_EQ(rec.channels[2].count_latched, 2);
    CHECK_EQ(rec.channels[2].latched_count, 1000);
    CHECK_EQ(rec.channels[2].gate, 1);
    CHECK_EQ(rec.speaker_data_on, 1);
    port_out(d, 0x43, 0x30);
    program(2, 0, 1);
    CHECK_EQ(fake_timers_set(), 0);
    CHECK_EQ(pit_load(&pit, &rec), 0);
    pit_save(&pit, &bad);
    CHECK(!memcmp(&rec, &bad, sizeof(rec)));
    CHECK_EQ(port_in(d, 0x42), 1000 >> 8);
    fake_run_until(fake_now + MILLISECS(11));
    CHECK_EQ(fake_drain(a), 1);
    end();
}

static void test_bad_records(void)
{
    static const struct { uint8_t offset, value; } t[] = {
        { offsetof(struct hvm_hw_pit, channels[0].count) + 2, 2 },
        { offsetof(struct hvm_hw_pit, channels[1].count) + 3, 1 },
        { offsetof(struct hvm_hw_pit, channels[2].count_latched), 5 },
        { offsetof(struct hvm_hw_pit, channels[2].status_latched), 2 },
        { offsetof(struct hvm_hw_pit, channels[2].read_state), 5 },
        { offsetof(struct hvm_hw_pit, channels[2].write_state), 5 },
        { offsetof(struct hvm_hw_pit, channels[2].rw_mode), 4 },
        { offsetof(struct hvm_hw_pit, channels[2].bcd), 2 },
        { offsetof(struct hvm_hw_pit, channels[2].gate), 2 },
        { offsetof(struct hvm_hw_pit, channels[0].gate), 0 },
        { offsetof(struct hvm_hw_pit, channels[1].gate), 0 },
        { offsetof(struct hvm_hw_pit, speaker_data_on), 2 },
        { offsetof(struct hvm_hw_pit, pad0), 1 },
    };
    struct hvm_hw_pit good, rec;

    begin();
    program(0, 2, 11932);
    pit_save(&pit, &good);
    for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
        rec = good;
        ((uint8_t *)&rec)[t[i].offset] = t[i].value;
        CHECK_EQ(pit_load(&pit, &rec), -EINVAL);
        pit_save(&pit, &rec);
        CHECK(!memcmp(&rec, &good, sizeof(rec)));
    }
    /* Channels that nobody programmed, by Xen; a count of zero. */
    rec = good;
    rec.channels[0].mode = 0xff;
    rec.channels[1].mode = 7;
    rec.channels[2].count = 0;
    CHECK_EQ(pit_load(&pit, &rec), 0);
    CHECK_EQ(fake_timers_set(), 0);
    CHECK_EQ(pit.hw.channels[2].count, 0x10000);
    end();
}

int main(void)
{
    test_modes();
    test_reading();
    test_gate();
    test_interrupts();
    test_late();
    test_masked();
    test_save();
    test_bad_records();
    return test_result();
}
