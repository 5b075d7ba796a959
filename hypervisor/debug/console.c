/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fans text out to the consoles and keeps the ring; the log's lines with level,
 * prefix, and a rate limit for what guests cause; panic. Lines below the level
 * of loglvl= are not even kept. Owns the CONSOLE lock. After
 * console_panic_begin() the lock is one CPU's for good.
 */
#include "hypervisor/debug/console.h"

#include "hypervisor/cpu/io.h"
#include "hypervisor/cpu/percpu.h"
#include "hypervisor/cpu/spinlock.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/debug/screen.h"
#include "hypervisor/debug/upcalls.h"
#include "hypervisor/lib/format.h"
#include "hypervisor/lib/string.h"

#define DEBUG_PORT 0xe9
#define SWITCH_CHAR 0x01 /* CTRL-a */
#define NO_CPU (~0u)

#define GUEST_NS_PER_LINE 200000000ull /* five a second after the burst */

char opt_console[64], opt_loglvl[32], opt_guest_loglvl[32];

static struct spinlock console_lock = SPINLOCK_INIT(CONSOLE);
static unsigned int panic_cpu = NO_CPU;
static enum { COM1 = 1, SCREEN = 2, PORT_E9 = 4 } targets; /* bits */

static char ring[CONSOLE_RING_SIZE];
static uint32_t ring_start, ring_end; /* positions; start is the oldest kept */

static bool input_ours;
static unsigned int switch_seen;

static enum log_level limits[] = { LOG_INFO, LOG_WARN }; /* Lodge, guests */

static void console_enter(void)
{
    if (READ_ONCE(panic_cpu) != cpu_id())
        spin_lock(&console_lock);
}

static void console_leave(void)
{
    if (READ_ONCE(panic_cpu) != cpu_id())
        spin_unlock(&console_lock);
}

/* The level of an option's value, or what it is if that is no name. A part
 * after "/" is the rate-limited level of Xen's syntax and not used. */
static enum log_level level_of(const char *s, enum log_level level)
{
    static const struct {
        const char *name;
        enum log_level level;
    } names[] = {
        { "none", LOG_ERR }, { "error", LOG_ERR }, { "warning", LOG_WARN },
        { "info", LOG_INFO }, { "debug", LOG_DEBUG }, { "all", LOG_DEBUG },
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
        size_t n = strlen(names[i].name);

        if (!strncmp(s, names[i].name, n) && (!s[n] || s[n] == '/'))
            return names[i].level;
    }
    return level;
}

void console_init(void)
{
    bool all = !opt_console[0];

    targets = 0;
    if ((all || list_has(opt_console, "", "com1")) && uart_init())
        targets |= COM1;
    if (all || list_has(opt_console, "", "vga"))
        targets |= SCREEN;
    if (inb(DEBUG_PORT) == DEBUG_PORT)
        targets |= PORT_E9;
    limits[0] = level_of(opt_loglvl, limits[0]);
    limits[1] = level_of(opt_guest_loglvl, limits[1]);
}

static void put_char(char c)
{
    if (targets & COM1) {
        if (c == '\n')
            uart_put('\r');
        uart_put(c);
    }
    if (targets & SCREEN)
        screen_put(c);
    if (targets & PORT_E9)
        outb(DEBUG_PORT, (uint8_t)c);
}

void console_write_raw(const char *s, size_t n)
{
    console_enter();
    while (n--)
        put_char(*s++);
    console_leave();
}

static void print(const char *prefix, const char *fmt, va_list ap)
{
    char line[512];
    size_t n = strlen(prefix);

    memcpy(line, prefix, n);
    format_va(line + n, sizeof(line) - n, fmt, ap);
    console_enter();
    for (const char *s = line; *s; s++) {
        ring[ring_end++ & (CONSOLE_RING_SIZE - 1)] = *s;
        if (ring_end - ring_start > CONSOLE_RING_SIZE)
            ring_start = ring_end - (uint32_t)CONSOLE_RING_SIZE;
        put_char(*s);
    }
    console_leave();
}

void console_printf(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    print("", fmt, ap);
    va_end(ap);
}

bool console_panic_begin(void)
{
    unsigned int none = NO_CPU;

    if (READ_ONCE(panic_cpu) == cpu_id())
        return false;
    if (!atomic_cmpxchg(&panic_cpu, &none, cpu_id()))
        smp_stop_here(); /* another CPU is reporting */
    smp_stop_others();
    /* Nothing before the first console: make sure there is one. */
    if (!targets)
        console_init();
    return true;
}

size_t console_ring_read(char *buf, size_t n, uint32_t *index)
{
    size_t i;

    console_enter();
    if (ring_end - *index > ring_end - ring_start)
        *index = ring_start;
    for (i = 0; i < n && *index != ring_end; i++)
        buf[i] = ring[(*index)++ & (CONSOLE_RING_SIZE - 1)];
    console_leave();
    return i;
}

void console_ring_clear(uint32_t upto)
{
    console_enter();
    if (ring_end - upto < ring_end - ring_start)
        ring_start = upto;
    console_leave();
}

uint32_t console_ring_end(void)
{
    return READ_ONCE(ring_end);
}

void console_receive(char c)
{
    if (c == SWITCH_CHAR) {
        if (++switch_seen == 3) {
            switch_seen = 0;
            input_ours = !input_ours;
            console_printf("*** Serial input to %s (type 'CTRL-a' three "
                           "times to switch input)\n",
                           input_ours ? "Lodge" : "DOM0");
        }
        return;
    }
    void (*give)(char) = input_ours ? debug_key : console_input;
    /* They were meant for the reader after all. */
    for (; switch_seen; switch_seen--)
        give(SWITCH_CHAR);
    give(c);
}

/* ---- the log ------------------------------------------------------------- */

static uint64_t guest_credit_ns; /* clock up to which lines were paid for */
static uint32_t guest_dropped;

/*
 * A token bucket kept as a time: each line moves the credit clock by the
 * price of a line; it may lag behind the real clock by a burst of ten at most.
 */
static bool guest_may_print(void)
{
    uint64_t now = now_ns(), old = READ_ONCE(guest_credit_ns), new;

    do {
        uint64_t floor = now - MIN(now, 10 * GUEST_NS_PER_LINE);

        new = MAX(old, floor) + GUEST_NS_PER_LINE;
        if (new > now + GUEST_NS_PER_LINE) {
            atomic_inc(&guest_dropped);
            return false;
        }
    } while (!atomic_cmpxchg(&guest_credit_ns, &old, new));
    return true;
}

void log_print(enum log_level level, const char *fmt, ...)
{
    bool guest = level >= LOG_GUEST;
    va_list ap;

    level %= LOG_GUEST;
    if (level > limits[guest] || (guest && !guest_may_print()))
        return;
    uint32_t dropped = guest ? atomic_xchg(&guest_dropped, 0) : 0;
    if (dropped)
        log_print(level, "(%u lines about guests were dropped)\n", dropped);
    va_start(ap, fmt);
    print("(LODGE) ", fmt, ap);
    va_end(ap);
}

void cannot_start(const char *why, ...)
{
    va_list ap;

    console_panic_begin();
    va_start(ap, why);
    print("\nLodge cannot start: ", why, ap);
    va_end(ap);
    console_printf(".\nThe machine is halted.\n");
    smp_stop_here();
}

void panic(const char *fmt, ...)
{
    va_list ap;

    if (console_panic_begin())
        asm volatile("int3"); /* x86/traps.c prints what it finds */
    console_printf("\n****************************************\n"
                   "Panic on CPU %u:\n", cpu_id());
    va_start(ap, fmt);
    print("", fmt, ap);
    va_end(ap);
    console_printf("\n****************************************\n\n");
    machine_end(true);
}

#ifdef LODGE_DEBUG
void assert_failed(const char *expr, const char *file, int line)
{
    panic("Assertion '%s' failed at %s:%d", expr, file, line);
}
#endif
