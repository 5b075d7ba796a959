/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fans text out to the consoles and keeps the ring. Owns the CONSOLE lock.
 * After console_panic_begin() the lock is one CPU's for good.
 */
#include "hypervisor/debug/console.h"

#include "hypervisor/cpu/io.h"
#include "hypervisor/cpu/percpu.h"
#include "hypervisor/cpu/spinlock.h"
#include "hypervisor/debug/screen.h"
#include "hypervisor/debug/upcalls.h"
#include "hypervisor/lib/format.h"
#include "hypervisor/lib/string.h"

#define DEBUG_PORT 0xe9
#define SWITCH_CHAR 0x01 /* CTRL-a */
#define SWITCH_COUNT 3
#define NO_CPU (~0u)

char opt_console[64] = "";

static struct spinlock console_lock = SPINLOCK_INIT(CONSOLE);
static unsigned int panic_cpu = NO_CPU;
static enum { COM1 = 1, SCREEN = 2, PORT_E9 = 4 } targets; /* bits */

static char ring[CONSOLE_RING_SIZE];
static uint32_t ring_start, ring_end; /* positions; start is the oldest kept */

static bool input_ours;
static unsigned int switch_seen;

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
}

static void keep_char(char c)
{
    ring[ring_end++ & (CONSOLE_RING_SIZE - 1)] = c;
    if (ring_end - ring_start > CONSOLE_RING_SIZE)
        ring_start = ring_end - (uint32_t)CONSOLE_RING_SIZE;
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

void console_vprintf(const char *prefix, const char *fmt, va_list ap)
{
    char line[512];
    size_t n = strlen(prefix);

    memcpy(line, prefix, n);
    format_va(line + n, sizeof(line) - n, fmt, ap);
    console_enter();
    for (const char *s = line; *s; s++) {
        keep_char(*s);
        put_char(*s);
    }
    console_leave();
}

void console_printf(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    console_vprintf("", fmt, ap);
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
        if (++switch_seen == SWITCH_COUNT) {
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
