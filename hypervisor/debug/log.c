/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Log lines: level, prefix, rate limit for what guests cause; and panic.
 * Lines below the level of loglvl= are not even kept.
 */
#include "hypervisor/debug/log.h"

#include <stdarg.h>

#include "hypervisor/cpu/atomic.h"
#include "hypervisor/cpu/percpu.h"
#include "hypervisor/debug/console.h"
#include "hypervisor/debug/log-level.h"
#include "hypervisor/debug/upcalls.h"
#include "hypervisor/lib/assert.h"
#include "hypervisor/lib/format.h"
#include "hypervisor/lib/string.h"

#define PREFIX "(LODGE) "
#define LINE_MAX 512
#define GUEST_BURST 10
#define GUEST_NS_PER_LINE 200000000ull /* five a second once the burst is used */

char opt_loglvl[32] = "";
char opt_guest_loglvl[32] = "";

static enum log_level host_limit = LOG_INFO;
static enum log_level guest_limit = LOG_WARN;

static uint64_t guest_credit_ns; /* clock up to which lines were paid for */
static uint32_t guest_dropped;

/* "none", "error", "warning", "info", "debug", "all"; a part after "/" is
 * the rate-limited level of Xen's syntax and not used. */
int log_level_parse(const char *s, int *level)
{
    static const struct {
        const char *name;
        int level;
    } names[] = {
        { "none", -1 }, { "error", LOG_ERR }, { "warning", LOG_WARN },
        { "info", LOG_INFO }, { "debug", LOG_DEBUG }, { "all", LOG_DEBUG },
    };
    const char *slash = strchr(s, '/');
    size_t n = slash ? (size_t)(slash - s) : strlen(s);

    for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
        if (strlen(names[i].name) == n && !strncmp(s, names[i].name, n)) {
            *level = names[i].level;
            return 0;
        }
    return -1;
}

void log_init(void)
{
    int level;

    if (opt_loglvl[0] && !log_level_parse(opt_loglvl, &level))
        host_limit = (enum log_level)MAX(level, 0);
    if (opt_guest_loglvl[0] && !log_level_parse(opt_guest_loglvl, &level))
        guest_limit = (enum log_level)MAX(level, 0);
}

int log_limit_host(void)
{
    return host_limit;
}

int log_limit_guest(void)
{
    return guest_limit;
}

void log_set_limits(int host, int guest)
{
    host = MAX(host, (int)LOG_ERR);
    guest = MAX(guest, (int)LOG_ERR);
    host_limit = (enum log_level)MIN(host, (int)LOG_DEBUG);
    guest_limit = (enum log_level)MIN(guest, (int)LOG_DEBUG);
}

static void print_line(const char *fmt, va_list ap)
{
    char line[LINE_MAX];
    size_t n = sizeof(PREFIX) - 1;

    memcpy(line, PREFIX, n);
    format_va(line + n, sizeof(line) - n, fmt, ap);
    console_write_raw(line, strlen(line));
}

void log_print(enum log_level level, const char *fmt, ...)
{
    va_list ap;

    if (level > host_limit)
        return;
    va_start(ap, fmt);
    print_line(fmt, ap);
    va_end(ap);
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

void log_guest(enum log_level level, const char *fmt, ...)
{
    uint32_t dropped;
    va_list ap;

    if (level > guest_limit || !guest_may_print())
        return;
    dropped = atomic_xchg(&guest_dropped, 0);
    if (dropped)
        log_print(level, "(%u lines about guests were dropped)\n", dropped);
    va_start(ap, fmt);
    print_line(fmt, ap);
    va_end(ap);
}

void panic(const char *fmt, ...)
{
    bool first;
    char line[256];
    va_list ap;

    asm volatile("cli");
    first = console_panic_begin();
    va_start(ap, fmt);
    format_va(line, sizeof(line), fmt, ap);
    va_end(ap);
    if (first)
        dump_here();
    console_printf("\n****************************************\n"
                   "Panic on CPU %u:\n%s\n"
                   "****************************************\n\n",
                   cpu_id(), line);
    panic_end();
}

#ifdef LODGE_DEBUG
void assert_failed(const char *expr, const char *file, int line)
{
    panic("Assertion '%s' failed at %s:%d", expr, file, line);
}
#endif
