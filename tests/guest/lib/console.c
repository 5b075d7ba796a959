/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Formatting, and lines to the hypervisor's console (console_io write: domain
 * 0's goes to the machine's console, others' to the hypervisor's log) or to an
 * emulated serial port. Every CPU may print; a line is put together in its
 * CPU's own buffer.
 */
#include "tests/guest/lib/hypercall.h"
#include "tests/guest/lib/lib.h"
#include "tests/guest/lib/trap.h"

struct out {
    char *buf;
    size_t size, used;
};

static void put(struct out *o, char c)
{
    if (o->used + 1 < o->size)
        o->buf[o->used] = c;
    o->used++;
}

/* *v /= base without the library call that 32-bit code would need. */
static unsigned int divide(uint64_t *v, unsigned int base)
{
    uint32_t hi = (uint32_t)(*v >> 32), lo = (uint32_t)*v;
    uint32_t top = hi / base, rest = hi % base;

    asm("divl %2" : "+a"(lo), "+d"(rest) : "rm"(base));
    *v = (uint64_t)top << 32 | lo;
    return rest;
}

struct spec {
    bool zero, alt, left;
    unsigned int width, longs;
};

static void put_number(struct out *o, const struct spec *s, uint64_t v,
                       unsigned int base, bool negative, bool upper)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    char text[24];
    unsigned int n = 0, length;

    if (s->alt && base == 16 && v == 0)
        base = 10;
    do
        text[n++] = digits[divide(&v, base)];
    while (v);
    length = n + negative + (s->alt && base == 16 ? 2 : 0);
    for (unsigned int i = length; i < s->width && !s->zero; i++)
        put(o, ' ');
    if (negative)
        put(o, '-');
    if (s->alt && base == 16) {
        put(o, '0');
        put(o, 'x');
    }
    for (unsigned int i = length; i < s->width && s->zero; i++)
        put(o, '0');
    while (n)
        put(o, text[--n]);
}

static void put_string(struct out *o, const struct spec *s, const char *text)
{
    size_t n = strlen(text);

    for (size_t i = n; i < s->width && !s->left; i++)
        put(o, ' ');
    for (size_t i = 0; i < n; i++)
        put(o, text[i]);
    for (size_t i = n; i < s->width && s->left; i++)
        put(o, ' ');
}

/* The union of what a number may be passed as. */
static uint64_t number(va_list *ap, unsigned int longs, bool is_signed)
{
    if (longs >= 2)
        return va_arg(*ap, unsigned long long);
    if (longs == 1)
        return is_signed ? (uint64_t)va_arg(*ap, long)
                         : va_arg(*ap, unsigned long);
    return is_signed ? (uint64_t)va_arg(*ap, int) : va_arg(*ap, unsigned int);
}

static void put_spec(struct out *o, const struct spec *s, char c, va_list *ap)
{
    uint64_t v;
    bool negative;

    switch (c) {
    case 's':
        put_string(o, s, va_arg(*ap, const char *));
        break;
    case 'c':
        put(o, (char)va_arg(*ap, int));
        break;
    case 'd':
        v = number(ap, s->longs, true);
        negative = (int64_t)v < 0;
        put_number(o, s, negative ? -v : v, 10, negative, false);
        break;
    case 'u':
        put_number(o, s, number(ap, s->longs, false), 10, false, false);
        break;
    case 'x':
    case 'X':
        put_number(o, s, number(ap, s->longs, false), 16, false, c == 'X');
        break;
    case 'p':
        put_number(o, s, (uintptr_t)va_arg(*ap, void *), 16, false, false);
        break;
    default:
        put(o, c);
        break;
    }
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
    struct out o = { buf, size, 0 };
    va_list args;

    va_copy(args, ap);
    for (; *fmt; fmt++) {
        struct spec s = { 0 };

        if (*fmt != '%') {
            put(&o, *fmt);
            continue;
        }
        for (fmt++; *fmt == '0' || *fmt == '#' || *fmt == '-'; fmt++) {
            s.zero |= *fmt == '0';
            s.alt |= *fmt == '#';
            s.left |= *fmt == '-';
        }
        for (; *fmt >= '0' && *fmt <= '9'; fmt++)
            s.width = s.width * 10 + (unsigned int)(*fmt - '0');
        for (; *fmt == 'l' || *fmt == 'z'; fmt++)
            s.longs++;
        put_spec(&o, &s, *fmt, &args);
    }
    va_end(args);
    if (size)
        buf[o.used < size ? o.used : size - 1] = '\0';
    return (int)o.used;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(buf, size, fmt, ap);
    va_end(ap);
    return n;
}

#define SERIAL 0x3f8
#define SERIAL_STATUS 0x3fd
#define SERIAL_EMPTY 0x20

static bool to_serial;

void console_to_serial(void)
{
    to_serial = true;
}

static void write_line(const char *text, unsigned int n)
{
    if (!to_serial) {
        hypercall(__HYPERVISOR_console_io, CONSOLEIO_write, n, addr(text));
        return;
    }
    for (; n; n--, text++) {
        while (!(inb(SERIAL_STATUS) & SERIAL_EMPTY))
            cpu_pause();
        outb(SERIAL, (uint8_t)*text);
    }
}

void printf(const char *fmt, ...)
{
    struct cpu *c = this_cpu();
    unsigned int n;
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(c->line + c->line_used, sizeof(c->line) - c->line_used, fmt,
              ap);
    va_end(ap);
    n = (unsigned int)strlen(c->line);
    if (n && (c->line[n - 1] == '\n' || n == sizeof(c->line) - 1)) {
        write_line(c->line, n);
        n = 0;
    }
    c->line_used = n;
}
