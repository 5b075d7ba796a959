/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Log lines: level, prefix, rate limit for what guests cause; and panic.
 * Lines below the level of loglvl= are not even kept.
 */
#include "hypervisor/debug/log.h"

#include "hypervisor/cpu/atomic.h"
#include "hypervisor/cpu/percpu.h"
#include "hypervisor/debug/console.h"
#include "hypervisor/debug/upcalls.h"
#include "hypervisor/lib/string.h"

#define PREFIX "(LODGE) "
#define GUEST_BURST 10
#define GUEST_NS_PER_LINE 200000000ull /* five a second after the burst */

char opt_loglvl[32] = "";
char opt_guest_loglvl[32] = "";

static enum log_level host_limit = LOG_INFO;
static enum log_level guest_limit = LOG_WARN;

static uint64_t guest_credit_ns; /* clock up to which lines were paid for */
static uint32_t guest_dropped;

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

void log_init(void)
{
    host_limit = level_of(opt_loglvl, host_limit);
    guest_limit = level_of(opt_guest_loglvl, guest_limit);
}

/*
 * A token bucket kept as a time: each line moves the credit clock by the
 * price of a line; it may lag behind the real clock by a burst at most.
 */
static bool guest_may_print(void)
{
    uint64_t now = now_ns(), old = READ_ONCE(guest_credit_ns), new;

    do {
        uint64_t floor = now > GUEST_BURST * GUEST_NS_PER_LINE
                             ? now - GUEST_BURST * GUEST_NS_PER_LINE : 0;

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
    va_list ap;

    if (level < LOG_GUEST ? level > host_limit
                          : level - LOG_GUEST > guest_limit ||
                                !guest_may_print())
        return;
    uint32_t dropped = level < LOG_GUEST ? 0 : atomic_xchg(&guest_dropped, 0);
    if (dropped)
        log_print(level - LOG_GUEST, "(%u lines about guests were dropped)\n",
                  dropped);
    va_start(ap, fmt);
    console_vprintf(PREFIX, fmt, ap);
    va_end(ap);
}

void cannot_start(const char *why, ...)
{
    va_list ap;

    console_panic_begin();
    va_start(ap, why);
    console_vprintf("\nLodge cannot start: ", why, ap);
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
    console_vprintf("", fmt, ap);
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
