/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MC146818A. Time is the domain's wall clock, converted when somebody looks;
 * flags of status C are computed then, too. The event timer runs only while
 * the guest wants an update-ended or alarm interrupt that is not flagged yet,
 * the tick only while it wants periodic ones.
 *
 * Each event makes a new edge on IRQ 8 whether or not the guest has read
 * status C since the last one: the firmware's WAET table says so.
 */
#include "hvm/dev/timers.h"
#include "hvm/dev/upcalls.h"

#define RTC_IRQ 8
#define NS_PER_SEC 1000000000ll
#define DAY_SECS 86400
/* The calendar, its weekdays too, repeats after 400 years, and nothing here
 * shows the century: so many are added where a time must not be negative. */
#define ERA_DAYS 146097ll
#define ERA_SECS (ERA_DAYS * DAY_SECS)
/* The update cycle takes the last 244 us of each second. */
#define UPDATE_NS 244000

enum {
    CMOS_SEC, CMOS_SEC_ALARM, CMOS_MIN, CMOS_MIN_ALARM, CMOS_HOUR,
    CMOS_HOUR_ALARM, CMOS_WDAY, CMOS_DAY, CMOS_MONTH, CMOS_YEAR,
    CMOS_A, CMOS_B, CMOS_C, CMOS_D,
};
/* The bytes of the time, bit per byte. */
#define TIME_BYTES 0x3d5u

#define A_UIP   0x80
#define B_SET   0x80
#define B_PIE   0x40 /* C_PF, C_AF and C_UF are their enable bits, too */
#define B_BIN   0x04
#define B_24H   0x02
#define C_IRQF  0x80
#define C_PF    0x40
#define C_AF    0x20
#define C_UF    0x10
#define D_VRT   0x80

static uint8_t reg_b(const struct rtc *s)
{
    return s->hw.cmos_data[CMOS_B];
}

/* The second that the wall clock shows and the nanoseconds into it. */
static int64_t wall(const struct rtc *s, uint64_t *ns)
{
    int64_t now = domain_wallclock_ns(s->tick.route->domain);
    int64_t sec = now / NS_PER_SEC - (now % NS_PER_SEC < 0);

    if (ns)
        *ns = (uint64_t)(now - sec * NS_PER_SEC);
    return sec;
}

/* 12-hour mode counts 12, 1, 2 ... 11 with bit 7 for the afternoon. */
static bool is_hour12(const struct rtc *s, unsigned int i)
{
    return (i == CMOS_HOUR || i == CMOS_HOUR_ALARM) && !(reg_b(s) & B_24H);
}

/* What a byte of the time or the alarm means, and the other way. */
static unsigned int get(const struct rtc *s, unsigned int i)
{
    bool hour12 = is_hour12(s, i);
    uint8_t byte = s->hw.cmos_data[i], v = hour12 ? byte & 0x7f : byte;
    unsigned int n = reg_b(s) & B_BIN ? v : (v >> 4) * 10u + (v & 15);

    return hour12 ? n % 12 + (byte & 0x80 ? 12 : 0) : n;
}

static void put(struct rtc *s, unsigned int i, unsigned int n)
{
    bool hour12 = is_hour12(s, i), pm = hour12 && n >= 12;
    unsigned int v = hour12 ? (n + 11) % 12 + 1 : n;

    v = reg_b(s) & B_BIN ? v : v / 10 << 4 | v % 10;
    s->hw.cmos_data[i] = (uint8_t)(v | (pm ? 0x80 : 0));
}

/* Time bytes from the wall clock. Days are counted from a 1st of March, which
 * is 719468 days before 1970. */
static void show_time(struct rtc *s)
{
    uint64_t sec = (uint64_t)(wall(s, NULL) + ERA_SECS);
    unsigned int of_day = sec % DAY_SECS;
    unsigned int days = (unsigned int)(sec / DAY_SECS);
    unsigned int of_era = (days + 719468) % ERA_DAYS;
    unsigned int y = (of_era - of_era / 1460 + of_era / 36524 -
                      of_era / 146096) / 365;
    unsigned int of_year = of_era - (365 * y + y / 4 - y / 100);
    unsigned int m = (5 * of_year + 2) / 153; /* March is 0 */

    put(s, CMOS_SEC, of_day % 60);
    put(s, CMOS_MIN, of_day / 60 % 60);
    put(s, CMOS_HOUR, of_day / 3600);
    put(s, CMOS_WDAY, (days + 4) % 7 + 1);
    put(s, CMOS_DAY, of_year - (153 * m + 2) / 5 + 1);
    put(s, CMOS_MONTH, m < 10 ? m + 3 : m - 9);
    put(s, CMOS_YEAR, (y + (m >= 10)) % 100);
}

/* The wall clock from the time bytes; the years are 2000 to 2099, whatever
 * the guest wrote, so that nanoseconds still fit 64 bits. */
static void take_time(struct rtc *s)
{
    unsigned int month = get(s, CMOS_MONTH);
    int64_t m = month < 1 || month > 12 ? 10 : (month + 9) % 12;
    int64_t y = 2000 + get(s, CMOS_YEAR) % 100 - (m >= 10);
    /* Years count from March, so that the leap day is the last. */
    int64_t days = y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 +
                   get(s, CMOS_DAY) - 1 - 719468;
    int64_t sec = days * DAY_SECS + get(s, CMOS_HOUR) * 3600 +
                  get(s, CMOS_MIN) * 60 + get(s, CMOS_SEC);
    int64_t now = wall(s, NULL);

    if (sec != now)
        domain_wallclock_shift(s->tick.route->domain, sec - now);
    s->seen_second = sec;
}

static bool alarm_byte(const struct rtc *s, unsigned int byte, unsigned int v)
{
    /* Both upper bits set: any will do. */
    return s->hw.cmos_data[byte] >= 0xc0 || get(s, byte) == v;
}

/* The first second after `after` at which the alarm matches; INT64_MAX: it
 * never does. At most 24 + 60 + 60 steps lead to a legal alarm. */
static int64_t next_alarm(const struct rtc *s, int64_t after)
{
    int64_t t = after + 1;

    for (unsigned int i = 0; i < 150; i++) {
        unsigned int of_day = (uint64_t)(t + ERA_SECS) % DAY_SECS;

        if (!alarm_byte(s, CMOS_HOUR_ALARM, of_day / 3600))
            t += 3600 - of_day % 3600;
        else if (!alarm_byte(s, CMOS_MIN_ALARM, of_day / 60 % 60))
            t += 60 - of_day % 60;
        else if (!alarm_byte(s, CMOS_SEC_ALARM, of_day % 60))
            t++;
        else
            return t;
    }
    return INT64_MAX;
}

/* Period of status A's rate, 0: none (data sheet, table "Periodic Interrupt
 * Rate"). */
static uint64_t period_ns(const struct rtc *s)
{
    uint8_t a = s->hw.cmos_data[CMOS_A];
    unsigned int rate = a & 15, divider = a >> 4 & 7;

    if (!rate || divider > 2)
        return 0;
    if (divider == 2 && rate <= 2)
        rate += 7;
    return ((1ull << (rate - 1)) * NS_PER_SEC + 16384) / 32768;
}

/* Brings the flags of status C up to date; returns those that are new. */
static uint8_t look(struct rtc *s)
{
    uint8_t old = s->hw.cmos_data[CMOS_C], c = old;
    int64_t sec = wall(s, NULL);
    uint64_t now = now_ns(), period = period_ns(s);

    if (period && !(reg_b(s) & B_PIE) &&
        (now - s->epoch) / period != (s->pf_since - s->epoch) / period)
        c |= C_PF;
    s->pf_since = now;
    if (!(reg_b(s) & B_SET) && sec > s->seen_second) {
        c |= C_UF;
        if (!(c & C_AF) && next_alarm(s, s->seen_second) <= sec)
            c |= C_AF;
    }
    s->seen_second = sec;
    s->hw.cmos_data[CMOS_C] = c;
    return c & ~old;
}

/* Raises the line for events that are new, or newly enabled. */
static void interrupt(struct rtc *s, uint8_t events)
{
    if (!(events & reg_b(s) & (C_PF | C_AF | C_UF)))
        return;
    s->hw.cmos_data[CMOS_C] |= C_IRQF;
    (void)route_isa_pulse(s->tick.route, RTC_IRQ);
}

/* Sets the tick by status A and PIE, the event timer for the next flag that
 * would interrupt. */
static void rearm(struct rtc *s)
{
    uint64_t ns, period = period_ns(s);
    uint8_t wanted = reg_b(s) & B_SET ? 0 : reg_b(s) & ~s->hw.cmos_data[CMOS_C];
    int64_t sec = wall(s, &ns);
    uint64_t now = now_ns(); /* not before: the event must not be early */
    int64_t at = wanted & C_UF ? sec + 1
                 : wanted & C_AF ? next_alarm(s, sec) : INT64_MAX;

    if (!period || !(reg_b(s) & B_PIE))
        tick_set(&s->tick, TIME_NEVER, 0);
    else if (s->tick.next == TIME_NEVER ||
             s->tick.period != MAX(period, TICK_MIN_PERIOD))
        tick_set(&s->tick, now + period - (now - s->epoch) % period, period);
    tick_set(&s->event, at == INT64_MAX ? TIME_NEVER
                        : now + (uint64_t)(at - sec) * NS_PER_SEC - ns, 0);
}

static enum irq_result fire_event(void *dev)
{
    struct rtc *s = dev;

    interrupt(s, look(s));
    rearm(s);
    return IRQ_DELIVERED;
}

static enum irq_result fire_periodic(void *dev)
{
    struct rtc *s = dev;

    s->hw.cmos_data[CMOS_C] |= C_PF | C_IRQF;
    return route_isa_pulse(s->tick.route, RTC_IRQ);
}

static void write_cmos(struct rtc *s, unsigned int i, uint8_t val)
{
    uint8_t old = reg_b(s);

    if (i == CMOS_C || i == CMOS_D)
        return; /* read-only */
    uint8_t fresh = look(s);
    /* What is not written, or when SET stops the clock. */
    if (!(old & B_SET))
        show_time(s);
    s->hw.cmos_data[i] = i == CMOS_A ? val & ~A_UIP : val;
    s->time_written |= TIME_BYTES >> i & 1;
    /* The bytes are in the new format if that changed as well. */
    if (s->time_written && !(reg_b(s) & B_SET)) {
        take_time(s);
        s->time_written = false;
    }
    /* Flags that were up count when they get enabled. */
    interrupt(s, fresh | (s->hw.cmos_data[CMOS_C] & reg_b(s) & ~old));
    rearm(s);
}

static uint8_t read_cmos(struct rtc *s, unsigned int i)
{
    bool set = reg_b(s) & B_SET;
    uint8_t *byte = &s->hw.cmos_data[i], c;
    uint64_t ns;

    if (i == CMOS_C) {
        (void)look(s);
        c = *byte;
        *byte = 0;
        if (c & C_IRQF)
            route_isa_set(s->tick.route, RTC_IRQ, false);
        rearm(s);
        return c;
    }
    if ((TIME_BYTES >> i & 1) && !set)
        show_time(s);
    if (i != CMOS_A || set)
        return *byte;
    (void)wall(s, &ns);
    return ns < NS_PER_SEC - UPDATE_NS ? *byte : *byte | A_UIP;
}

static enum bus_rc rtc_access(void *dev, uint64_t port, unsigned int size,
                              bool write, uint64_t *val)
{
    struct rtc *s = dev;
    bool data = port & 1;
    enum bus_rc rc = BUS_OK;

    if (size != 1 || (!data && !write))
        return BUS_OK;
    spin_lock(&s->tick.route->timer_lock);
    if (!data)
        s->hw.cmos_index = *val & 0x7f; /* bit 7 masks NMI */
    unsigned int i = (unsigned int)index_nospec(s->hw.cmos_index,
                                                RTC_CMOS_SIZE);
    if (s->hw.cmos_index >= RTC_CMOS_SIZE)
        rc = BUS_NONE;
    else if (data && write)
        write_cmos(s, i, (uint8_t)*val);
    else if (data)
        *val = read_cmos(s, i);
    spin_unlock(&s->tick.route->timer_lock);
    return rc;
}

int rtc_init(struct rtc *s, struct route *r)
{
    *s = (struct rtc){
        .epoch = now_ns(), .pf_since = now_ns(),
        .hw.cmos_data[CMOS_A] = 0x26, /* 32.768 kHz, 1024 per second */
        .hw.cmos_data[CMOS_B] = B_24H, .hw.cmos_data[CMOS_D] = D_VRT,
    };
    tick_init(&s->event, r, fire_event, s);
    tick_init(&s->tick, r, fire_periodic, s);
    s->seen_second = wall(s, NULL);
    rearm(s);
    return bus_add(r->bus, &(struct bus_range){ BUS_PORT, 0x70, 2, rtc_access },
                   1, s);
}

void rtc_time_changed(struct rtc *s)
{
    spin_lock(&s->tick.route->timer_lock);
    s->seen_second = wall(s, NULL);
    rearm(s);
    spin_unlock(&s->tick.route->timer_lock);
}

void rtc_save(struct rtc *s, struct hvm_hw_rtc *rec)
{
    spin_lock(&s->tick.route->timer_lock);
    (void)look(s);
    if (!(reg_b(s) & B_SET))
        show_time(s);
    *rec = s->hw;
    rec->pad0 = 0;
    rec->rtc_offset = domain_time_offset(s->tick.route->domain);
    spin_unlock(&s->tick.route->timer_lock);
}

int rtc_load(struct rtc *s, const struct hvm_hw_rtc *rec)
{
    /* More than 136 years would not fit the clock in nanoseconds. */
    if (rec->cmos_index > 0x7f || rec->rtc_offset > UINT32_MAX ||
        rec->rtc_offset < -(int64_t)UINT32_MAX)
        return -EINVAL;
    /* Not if the toolstack has set an offset already. */
    if (!domain_time_offset(s->tick.route->domain))
        domain_wallclock_shift(s->tick.route->domain, rec->rtc_offset);
    spin_lock(&s->tick.route->timer_lock);
    s->hw = *rec;
    s->hw.cmos_data[CMOS_A] &= (uint8_t)~A_UIP;
    s->hw.cmos_data[CMOS_C] &= C_IRQF | C_PF | C_AF | C_UF;
    s->hw.cmos_data[CMOS_D] = D_VRT;
    s->time_written = reg_b(s) & B_SET;
    s->seen_second = wall(s, NULL);
    s->epoch = s->pf_since = now_ns();
    tick_set(&s->tick, TIME_NEVER, 0);
    rearm(s);
    spin_unlock(&s->tick.route->timer_lock);
    return 0;
}
