/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HPET (IA-PC HPET specification 1.0a). The main counter is the host's time
 * in units of 16 ns plus an offset; comparators are brought up to date when
 * somebody looks. A comparator that is set to a time just gone by interrupts
 * at once: a guest that is stopped between reading the counter and writing
 * the comparator would otherwise wait for the counter to wrap.
 */
#include "hvm/dev/timers.h"

/* The record's layout up to res5 is that of the registers. */
#define HPET_SIZE 0x400
#define HPET_TICK_NS 16

#define REG(name) offsetof(struct hvm_hw_hpet, name)
#define TIMER_REG(name) (REG(timers[0].name) - REG(timers))
#define TIMER_SIZE (REG(timers[1]) - REG(timers))

#define CONFIG_ENABLE 1ull
#define CONFIG_LEGACY 2ull
#define CONFIG_BITS   3ull

#define T_LEVEL     0x0002ull
#define T_ENABLE    0x0004ull
#define T_PERIODIC  0x0008ull
#define T_SETVAL    0x0040ull
#define T_32BIT     0x0100ull
#define T_ROUTE     0x3e00ull
#define T_WRITABLE  (T_LEVEL | T_ENABLE | T_PERIODIC | T_SETVAL | T_32BIT | \
                     T_ROUTE)
/* Periodic and 64-bit capable; GSI 20 to 23. */
#define T_CAPS      (0x30ull | 0x00f00000ull << 32)
#define FIRST_GSI   20

/* 16 ns per tick, legacy replacement, 64 bits, three timers, revision 1. */
#define CAPS (16000000ull << 32 | 0x8086a000ull | (HPET_TIMER_NUM - 1) << 8 | 1)

#define MIN_PERIOD (TICK_MIN_PERIOD / HPET_TICK_NS)
/* A 32-bit comparator this far behind is late, further: a whole turn away. */
#define LATE_TICKS (1000000000ull / 1024 / HPET_TICK_NS)

static bool running(const struct hpet *h)
{
    return READ_ONCE(h->hw.config) & CONFIG_ENABLE;
}

static uint64_t counter(const struct hpet *h)
{
    return running(h) ? now_ns() / HPET_TICK_NS + READ_ONCE(h->offset)
                      : READ_ONCE(h->hw.mc64);
}

/* Timers 0 and 1 by legacy replacement: IRQ 0 and 8. */
static bool is_legacy(const struct hpet_timer *t)
{
    return (t->hpet->hw.config & CONFIG_LEGACY) && t->index < 2;
}

/* Legacy interrupts are always edges. */
static bool is_level(const struct hpet_timer *t)
{
    return (t->reg->config & T_LEVEL) && !is_legacy(t);
}

static unsigned int gsi_of(const struct hpet_timer *t)
{
    return (unsigned int)((t->reg->config & T_ROUTE) >> 9);
}

/* A periodic comparator goes on by itself: moves it beyond the counter. */
static uint64_t comparator(struct hpet_timer *t)
{
    uint64_t now = counter(t->hpet);

    if (running(t->hpet) && (t->reg->config & T_PERIODIC) && *t->period &&
        now >= t->reg->cmp)
        t->reg->cmp += ((now - t->reg->cmp) / *t->period + 1) * *t->period;
    return t->reg->config & T_32BIT ? (uint32_t)t->reg->cmp : t->reg->cmp;
}

/* Brings registers that change by themselves up to date. */
static void catch_up(struct hpet *h)
{
    for (unsigned int i = 0; i < HPET_TIMER_NUM; i++)
        (void)comparator(&h->timer[i]);
    h->hw.mc64 = counter(h);
}

/* Ticks from `now` until a counter of 32 bits matches; 0: match or late. */
static uint32_t left32(uint32_t cmp, uint32_t now)
{
    return now - cmp < LATE_TICKS ? 0 : cmp - now;
}

/* A comparator of 32 bits means the next time that the counter gets there. */
static void set_cmp(struct hpet_timer *t, uint64_t val)
{
    uint64_t now = counter(t->hpet);

    if (t->reg->config & T_32BIT)
        val = now - (uint32_t)((uint32_t)now - (uint32_t)val) +
              (left32((uint32_t)val, (uint32_t)now) ? 1ull << 32 : 0);
    t->reg->cmp = val;
}

static uint64_t clamp_period(const struct hpet_timer *t, uint64_t period)
{
    if (t->reg->config & T_32BIT)
        period = MIN((uint32_t)period, (uint32_t)INT32_MAX);
    return MAX(MIN_PERIOD, MIN(period, (uint64_t)INT64_MAX));
}

static void start(struct hpet_timer *t)
{
    struct hpet *h = t->hpet;
    uint64_t now = now_ns() / HPET_TICK_NS, count = now + h->offset;
    uint64_t config = t->reg->config, cmp = comparator(t), left;
    uint64_t first = TIME_NEVER, period = 0;

    left = config & T_32BIT ? left32((uint32_t)cmp, (uint32_t)count)
           : cmp > count ? cmp - count : 0;
    /* A level interrupt must be acknowledged before the next. */
    if (running(h) && (config & T_ENABLE) && left < 1ull << 56 /* years */ &&
        !(is_level(t) && (h->hw.isr & BIT(t->index))))
        first = (now + left) * HPET_TICK_NS;
    if ((config & T_PERIODIC) && !is_level(t))
        period = *t->period * HPET_TICK_NS;
    tick_set(&t->tick, first, period);
}

static enum irq_result fire(void *dev)
{
    struct hpet_timer *t = dev;
    struct hpet *h = t->hpet;

    if (is_legacy(t))
        return route_isa_pulse(h->route, t->index ? 8 : 0);
    if (!is_level(t))
        return route_gsi_pulse(h->route, gsi_of(t));
    h->hw.isr |= BIT(t->index);
    t->line = gsi_of(t);
    route_gsi_set(h->route, t->line, true);
    return IRQ_DELIVERED;
}

/* Writes of 1 to the status register: a line is up while a timer that has
 * raised it is not acknowledged. */
static void clear_isr(struct hpet *h, uint64_t bits)
{
    bits &= h->hw.isr;
    h->hw.isr &= ~bits;
    for (; bits; bits &= bits - 1) {
        struct hpet_timer *t = &h->timer[bit_lowest(bits)];
        bool up = false;

        for (unsigned int i = 0; i < HPET_TIMER_NUM; i++)
            up |= (h->hw.isr & BIT(i)) && h->timer[i].line == t->line;
        route_gsi_set(h->route, t->line, up);
        if (t->reg->config & T_PERIODIC)
            start(t);
    }
}

/* A route that the timer cannot have becomes the first one it can. */
static void fix_route(struct hpet_timer *t)
{
    if (is_legacy(t) || (T_CAPS >> 32 >> gsi_of(t) & 1))
        return;
    t->reg->config &= ~T_ROUTE;
    if (t->reg->config & T_ENABLE)
        t->reg->config |= FIRST_GSI << 9;
}

static void write_config(struct hpet *h, uint64_t val)
{
    bool toggled = (h->hw.config ^ val) & CONFIG_ENABLE;

    if (toggled && running(h))
        catch_up(h);
    else if (toggled)
        h->offset = h->hw.mc64 - now_ns() / HPET_TICK_NS;
    WRITE_ONCE(h->hw.config, val & CONFIG_BITS);
    /* Legacy replacement takes IRQ 0 from the PIT. */
    WRITE_ONCE(h->pit->muted, h->hw.config == CONFIG_BITS);
    for (unsigned int i = 0; i < HPET_TIMER_NUM; i++) {
        fix_route(&h->timer[i]);
        if (toggled)
            start(&h->timer[i]);
    }
}

static void write_counter(struct hpet *h, uint64_t val)
{
    h->hw.mc64 = val;
    if (!running(h))
        return; /* as software should do it */
    WRITE_ONCE(h->offset, val - now_ns() / HPET_TICK_NS);
    for (unsigned int i = 0; i < HPET_TIMER_NUM; i++)
        start(&h->timer[i]);
}

static void write_timer_config(struct hpet_timer *t, uint64_t val)
{
    uint64_t old = t->reg->config, changed;

    t->reg->config = (val & T_WRITABLE) | T_CAPS;
    fix_route(t);
    changed = old ^ t->reg->config;
    if (t->reg->config & changed & T_32BIT) {
        set_cmp(t, t->reg->cmp);
        if (*t->period)
            *t->period = clamp_period(t, *t->period);
    }
    if (changed & (T_ENABLE | T_PERIODIC | T_32BIT | T_LEVEL))
        start(t);
}

/* In periodic mode the first write after SETVAL sets the comparator, others
 * the period (specification, 2.3.9.2.2). */
static void write_comparator(struct hpet_timer *t, uint64_t val)
{
    if ((t->reg->config & T_PERIODIC) && !(t->reg->config & T_SETVAL)) {
        *t->period = clamp_period(t, val);
    } else {
        t->reg->config &= ~T_SETVAL;
        set_cmp(t, val);
    }
    start(t);
}

/* The timer that a register belongs to; NULL: to none. */
static struct hpet_timer *timer_at(struct hpet *h, unsigned int reg)
{
    size_t n = (reg - REG(timers)) / TIMER_SIZE;

    return n < HPET_TIMER_NUM ? &h->timer[index_nospec(n, HPET_TIMER_NUM)]
                              : NULL;
}

static uint64_t read64(struct hpet *h, unsigned int reg)
{
    struct hpet_timer *t = timer_at(h, reg);

    if (reg == REG(mc64))
        return counter(h);
    if (t && reg % TIMER_SIZE == TIMER_REG(cmp))
        return comparator(t);
    return ((const uint64_t *)&h->hw)[reg / 8];
}

static void write64(struct hpet *h, unsigned int reg, uint64_t val)
{
    struct hpet_timer *t = timer_at(h, reg);

    if (t && reg % TIMER_SIZE == TIMER_REG(config))
        write_timer_config(t, val);
    else if (t && reg % TIMER_SIZE == TIMER_REG(cmp))
        write_comparator(t, val);
    else if (t && reg % TIMER_SIZE == TIMER_REG(fsb))
        t->reg->fsb = val;
    else if (reg == REG(isr))
        clear_isr(h, val);
    else if (reg == REG(config))
        write_config(h, val);
    else if (reg == REG(mc64))
        write_counter(h, val);
}

static enum bus_rc hpet_access(void *dev, uint64_t gpa, unsigned int size,
                               bool write, uint64_t *val)
{
    struct hpet *h = dev;
    unsigned int offset = gpa & (HPET_SIZE - 1), reg = offset & ~7u;
    unsigned int shift = (offset & 7) * 8;
    /* A write of the status register clears, so the rest is written as 0. */
    uint64_t keep = reg == REG(isr) ? 0 : ~(size_mask(size) << shift);

    if (!h->enabled || (offset & (size - 1)))
        return BUS_OK;
    if (!write && reg == REG(mc64)) {
        *val = counter(h) >> shift; /* no lock: read very often */
        return BUS_OK;
    }
    spin_lock(&h->route->timer_lock);
    if (write)
        write64(h, reg, *val << shift | (read64(h, reg) & keep));
    else
        *val = read64(h, reg) >> shift;
    spin_unlock(&h->route->timer_lock);
    if (write && reg == REG(config))
        ticks_resume(h->route);
    return BUS_OK;
}

int hpet_init(struct hpet *h, struct route *r, struct pit *pit)
{
    BUILD_BUG_ON(offsetof(struct hvm_hw_hpet, period) != HPET_SIZE);
    *h = (struct hpet){ .route = r, .pit = pit, .enabled = true,
                        .hw.capability = CAPS };
    for (unsigned int i = 0; i < HPET_TIMER_NUM; i++) {
        struct hpet_timer *t = &h->timer[i];

        *t = (struct hpet_timer){ .hpet = h, .index = i,
                                  .reg = &h->hw.timers[i],
                                  .period = &h->hw.period[i] };
        t->reg->config = T_CAPS;
        t->reg->cmp = ~0ull;
        tick_init(&t->tick, r, fire, t);
    }
    return bus_add(r->bus, &(struct bus_range){ BUS_MMIO, HPET_BASE, HPET_SIZE,
                                                hpet_access }, 1, h);
}

void hpet_save(struct hpet *h, struct hvm_hw_hpet *rec)
{
    spin_lock(&h->route->timer_lock);
    catch_up(h);
    *rec = h->hw;
    spin_unlock(&h->route->timer_lock);
}

int hpet_load(struct hpet *h, const struct hvm_hw_hpet *rec)
{
    if (rec->capability >> 32 != CAPS >> 32 ||
        (rec->config & ~CONFIG_BITS) || rec->isr >= BIT(HPET_TIMER_NUM))
        return -EINVAL;
    spin_lock(&h->route->timer_lock);
    write_config(h, rec->config & CONFIG_LEGACY); /* halted meanwhile */
    clear_isr(h, ~0ull);
    h->hw.mc64 = rec->mc64;
    for (unsigned int i = 0; i < HPET_TIMER_NUM; i++) {
        struct hpet_timer *t = &h->timer[i];

        /* As software could have left it. */
        t->reg->config = (rec->timers[i].config & T_WRITABLE) | T_CAPS;
        t->reg->cmp = rec->timers[i].cmp;
        if (t->reg->cmp <= UINT32_MAX)
            set_cmp(t, t->reg->cmp);
        t->reg->fsb = rec->timers[i].fsb;
        *t->period = rec->period[i] ? clamp_period(t, rec->period[i]) : 0;
        fix_route(t);
        if ((rec->isr & BIT(i)) && is_level(t))
            (void)fire(t);
    }
    write_config(h, rec->config);
    spin_unlock(&h->route->timer_lock);
    ticks_resume(h->route);
    return 0;
}
