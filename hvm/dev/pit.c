/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * 8254: counts are computed from the time that passed since they were
 * loaded; only channel 0 has a host timer. Data sheet: Intel 231164 (82C54).
 */
#include "hvm/dev/timers.h"

#define PIT_HZ 1193182ull
#define PORT_GATE 0x61

/* How the bytes of a count go over the one port (rw_mode, read_state,
 * write_state, count_latched of the save record). */
enum { RW_NONE, RW_LOW, RW_HIGH, RW_WORD, RW_WORD_HIGH };

/* Four digits of base 10 and BCD, which is base 16, from one to the other. */
static uint32_t rebase(uint32_t v, uint32_t from, uint32_t to)
{
    return v % from + v / from % from * to + v / from / from % from * to * to +
           v / from / from / from % from * to * to * to;
}

/* The gate stops counting in modes 0, 2, 3 and 4 (table "Gate Pin
 * Operations Summary"). */
static bool gate_stops(const struct hvm_hw_pit_channel *c)
{
    return c->mode != 1 && c->mode != 5;
}

/* Clock ticks since the count was loaded. */
static uint64_t ticks_passed(const struct pit *p, unsigned int ch)
{
    const struct hvm_hw_pit_channel *c = &p->hw.channels[ch];
    uint64_t end = c->gate || !gate_stops(c) ? now_ns() : p->stopped;
    uint64_t from = p->loaded[ch];

    return end <= from ? 0 : mul_frac(end - from, HZ_FRAC(PIT_HZ));
}

/* The counting element as the CPU reads it. */
static uint16_t counter(const struct pit *p, unsigned int ch)
{
    const struct hvm_hw_pit_channel *c = &p->hw.channels[ch];
    uint64_t ticks = ticks_passed(p, ch);
    uint32_t pos = (uint32_t)(ticks % c->count), high = (c->count + 1) / 2;
    uint32_t modulo = c->bcd ? 10000 : 0x10000, v;

    if (c->mode == 2)
        v = c->count - pos;
    else if (c->mode == 3) /* two at a time, once for each half of the wave */
        v = (c->count & ~1u) - 2 * (pos >= high ? pos - high : pos);
    else /* goes on below zero */
        v = (c->count + modulo - (uint32_t)(ticks % modulo)) % modulo;
    return (uint16_t)(c->bcd ? rebase(v, 10, 16) : v);
}

/* Pin OUT. */
static bool output(const struct pit *p, unsigned int ch)
{
    const struct hvm_hw_pit_channel *c = &p->hw.channels[ch];
    uint64_t ticks = ticks_passed(p, ch);
    uint32_t high = c->mode == 2 ? c->count - 1 : (c->count + 1) / 2;

    if (c->mode == 2 || c->mode == 3)
        return !c->gate || ticks % c->count < high;
    return c->mode < 2 ? ticks >= c->count : ticks != c->count;
}

/* Channel 0's interrupts, from when its count began. Modes 1 and 5 wait for
 * an edge of the gate, which is tied high. */
static void start_ticks(struct pit *p)
{
    const struct hvm_hw_pit_channel *c = &p->hw.channels[0];
    uint64_t period = (c->count * 1000000000ull + PIT_HZ / 2) / PIT_HZ;
    bool repeats = c->mode == 2 || c->mode == 3;

    tick_set(&p->tick, gate_stops(c) ? p->loaded[0] + period : TIME_NEVER,
             repeats ? period : 0);
}

static void load_count(struct pit *p, unsigned int ch, uint32_t val)
{
    struct hvm_hw_pit_channel *c = &p->hw.channels[ch];

    if (c->bcd)
        val = rebase(val, 16, 10);
    c->count = val ? val : c->bcd ? 10000 : 0x10000;
    p->loaded[ch] = now_ns();
    if (ch == 0)
        start_ticks(p);
}

/* The gate of channel 2; those of the others are tied high. */
static void set_gate(struct pit *p, bool gate)
{
    struct hvm_hw_pit_channel *c = &p->hw.channels[2];
    uint64_t now = now_ns(), fell = MAX(p->stopped, p->loaded[2]);

    if (c->gate && !gate && gate_stops(c))
        p->stopped = now;
    if (!c->gate && gate) /* goes on, or starts over */
        p->loaded[2] = c->mode == 0 || c->mode == 4
                           ? p->loaded[2] + now - fell : now;
    c->gate = gate;
}

/* What is latched already stays. */
static void latch(struct pit *p, unsigned int ch, bool count, bool status)
{
    struct hvm_hw_pit_channel *c = &p->hw.channels[ch];

    if (count && !c->count_latched) {
        c->latched_count = counter(p, ch);
        c->count_latched = c->rw_mode;
    }
    if (status && !c->status_latched) {
        c->status = (uint8_t)(output(p, ch) << 7 | c->rw_mode << 4 |
                              c->mode << 1 | c->bcd);
        c->status_latched = 1;
    }
}

static void write_control(struct pit *p, uint8_t v)
{
    unsigned int ch = v >> 6, access = v >> 4 & 3;

    if (ch == 3) { /* read-back */
        for (ch = 0; ch < 3; ch++)
            if (v & 2u << ch)
                latch(p, ch, !(v & 0x20), !(v & 0x10));
        return;
    }
    if (!access) {
        latch(p, ch, true, false);
        return;
    }
    struct hvm_hw_pit_channel *c = &p->hw.channels[ch];
    c->rw_mode = c->read_state = c->write_state = (uint8_t)access;
    c->mode = v >> 1 & 7;
    if (c->mode > 5)
        c->mode -= 4; /* 6 and 7 are 2 and 3 */
    c->bcd = v & 1;
    c->count_latched = c->status_latched = 0;
    /* The channel is idle until it has a count. */
    if (ch == 0)
        tick_set(&p->tick, TIME_NEVER, 0);
}

static void write_count(struct pit *p, unsigned int ch, uint8_t v)
{
    struct hvm_hw_pit_channel *c = &p->hw.channels[ch];

    if (c->write_state == RW_WORD) {
        c->write_latch = v;
        c->write_state = RW_WORD_HIGH;
        /* Mode 0 stops at the first byte of a new count. */
        if (ch == 0 && c->mode == 0)
            tick_set(&p->tick, TIME_NEVER, 0);
    } else if (c->write_state == RW_WORD_HIGH) {
        c->write_state = RW_WORD;
        load_count(p, ch, (uint32_t)v << 8 | c->write_latch);
    } else {
        load_count(p, ch, c->write_state == RW_HIGH ? (uint32_t)v << 8 : v);
    }
}

static uint8_t read_count(struct pit *p, unsigned int ch)
{
    struct hvm_hw_pit_channel *c = &p->hw.channels[ch];
    uint16_t v;
    bool high;

    if (c->status_latched) {
        c->status_latched = 0;
        return c->status;
    }
    if (c->count_latched) {
        v = c->latched_count;
        high = c->count_latched == RW_HIGH;
        c->count_latched = c->count_latched == RW_WORD ? RW_HIGH : RW_NONE;
    } else {
        v = counter(p, ch);
        high = c->read_state == RW_HIGH || c->read_state == RW_WORD_HIGH;
        if (c->read_state >= RW_WORD)
            c->read_state = high ? RW_WORD : RW_WORD_HIGH;
    }
    return (uint8_t)(high ? v >> 8 : v);
}

/* Ports 40h to 43h, and 61h: gate and output of channel 2, speaker, and the
 * refresh clock that old software waits for (it toggles each 15 us or so). */
static enum bus_rc pit_access(void *dev, uint64_t port, unsigned int size,
                              bool write, uint64_t *val)
{
    struct pit *p = dev;
    unsigned int ch = port & 3;
    bool gate = port == PORT_GATE;

    if (size != 1 || (ch == 3 && !write))
        return BUS_OK;
    spin_lock(&p->tick.route->timer_lock);
    if (gate && write) {
        p->hw.speaker_data_on = *val >> 1 & 1;
        set_gate(p, *val & 1);
    } else if (gate) {
        *val = p->hw.channels[2].gate | (p->hw.speaker_data_on & 1) << 1 |
               (now_ns() >> 14 & 1) << 4 | (uint64_t)output(p, 2) << 5;
    } else if (!write) {
        *val = read_count(p, ch);
    } else if (ch == 3) {
        write_control(p, (uint8_t)*val);
    } else {
        write_count(p, ch, (uint8_t)*val);
    }
    spin_unlock(&p->tick.route->timer_lock);
    return BUS_OK;
}

static enum irq_result fire(void *dev)
{
    struct pit *p = dev;

    return READ_ONCE(p->muted) ? IRQ_IGNORED
                               : route_isa_pulse(p->tick.route, 0);
}

int pit_init(struct pit *p, struct route *r)
{
    static const struct bus_range ranges[] = {
        { BUS_PORT, 0x40, 4, pit_access },
        { BUS_PORT, PORT_GATE, 1, pit_access },
    };

    /* The chip powers up undefined. Mode 5 does nothing by itself. */
    *p = (struct pit){ .hw.channels[0 ... 2] = {
        .count = 0x10000, .rw_mode = RW_WORD, .read_state = RW_WORD,
        .write_state = RW_WORD, .mode = 5, .gate = 1 } };
    p->hw.channels[2].gate = 0;
    tick_init(&p->tick, r, fire, p);
    return bus_add(r->bus, ranges, ARRAY_SIZE(ranges), p);
}

/* Ticks change nothing here, and no vCPU runs. */
void pit_save(struct pit *p, struct hvm_hw_pit *rec)
{
    *rec = p->hw;
}

static bool channel_ok(const struct hvm_hw_pit_channel *c, unsigned int ch)
{
    return c->count <= 0x10000 && c->count_latched <= RW_WORD_HIGH &&
           c->read_state <= RW_WORD_HIGH && c->write_state <= RW_WORD_HIGH &&
           c->rw_mode <= RW_WORD && c->gate <= 1 && c->bcd <= 1 &&
           c->status_latched <= 1 && (ch == 2 || c->gate);
}

int pit_load(struct pit *p, const struct hvm_hw_pit *rec)
{
    if (rec->speaker_data_on > 1 || rec->pad0)
        return -EINVAL;
    for (unsigned int ch = 0; ch < 3; ch++)
        if (!channel_ok(&rec->channels[ch], ch))
            return -EINVAL;
    spin_lock(&p->tick.route->timer_lock);
    p->hw = *rec;
    for (unsigned int ch = 0; ch < 3; ch++) {
        struct hvm_hw_pit_channel *c = &p->hw.channels[ch];

        /* A channel that was never programmed is 7 or 0xff in streams of
         * Xen. */
        if (c->mode > 5)
            c->mode = 5;
        if (!c->count)
            c->count = 0x10000;
        p->loaded[ch] = now_ns();
    }
    start_ticks(p);
    spin_unlock(&p->tick.route->timer_lock);
    return 0;
}
