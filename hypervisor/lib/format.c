/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text from values. Owns nothing, never allocates, never writes past the
 * buffer it was given.
 */
#include "hypervisor/lib/format.h"

#include "hypervisor/lib/string.h"

/* Where the text goes; len runs on when the buffer is full. */
struct sink {
    char *buf;
    size_t size, len;
};

/* One conversion. */
struct spec {
    bool left, zero, alt, plus, space, has_precision;
    size_t width, precision;
    unsigned int bytes; /* of the integer argument */
    char conversion;
};

/* Wider fields than this are a mistake in the format. */
#define WIDTH_MAX 1024

static void put(struct sink *s, char c)
{
    if (s->len < s->size)
        s->buf[s->len] = c;
    s->len++;
}

static void fill(struct sink *s, char c, size_t n)
{
    while (n--)
        put(s, c);
}

static void put_text(struct sink *s, const struct spec *sp, const char *text,
                     size_t n)
{
    size_t pad = sp->width > n ? sp->width - n : 0;

    if (!sp->left)
        fill(s, ' ', pad);
    for (size_t i = 0; i < n; i++)
        put(s, text[i]);
    if (sp->left)
        fill(s, ' ', pad);
}

/* Digits of v without sign or prefix, least significant first. */
static unsigned int digits(char *out, uint64_t v, unsigned int base, bool upper)
{
    const char *set = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    unsigned int n = 0;

    for (; v; v /= base)
        out[n++] = set[v % base];
    return n;
}

static void put_number(struct sink *s, const struct spec *sp, uint64_t v,
                       bool negative)
{
    unsigned int base = 10;
    char text[24], prefix[3];
    unsigned int n, nr_prefix = 0;
    size_t zeros, total;

    switch (sp->conversion) {
    case 'x':
    case 'X':
    case 'p':
        base = 16;
        break;
    case 'o':
        base = 8;
        break;
    default:
        if (negative)
            prefix[nr_prefix++] = '-';
        else if (sp->conversion != 'u' && (sp->plus || sp->space))
            prefix[nr_prefix++] = sp->plus ? '+' : ' ';
    }
    n = digits(text, v, base, sp->conversion == 'X');
    if (sp->alt && v && base != 10) {
        prefix[nr_prefix++] = '0';
        if (base == 16)
            prefix[nr_prefix++] = sp->conversion == 'X' ? 'X' : 'x';
    }

    zeros = sp->has_precision ? sp->precision : 1;
    zeros = zeros > n ? zeros - n : 0;
    total = nr_prefix + zeros + n;
    if (sp->zero && !sp->left && !sp->has_precision && sp->width > total) {
        zeros += sp->width - total;
        total = sp->width;
    }
    if (!sp->left && sp->width > total)
        fill(s, ' ', sp->width - total);
    for (unsigned int i = 0; i < nr_prefix; i++)
        put(s, prefix[i]);
    fill(s, '0', zeros);
    while (n)
        put(s, text[--n]);
    if (sp->left && sp->width > total)
        fill(s, ' ', sp->width - total);
}

static const char *parse_flags(const char *f, struct spec *sp)
{
    for (;; f++)
        switch (*f) {
        case '-':
            sp->left = true;
            break;
        case '0':
            sp->zero = true;
            break;
        case '#':
            sp->alt = true;
            break;
        case '+':
            sp->plus = true;
            break;
        case ' ':
            sp->space = true;
            break;
        default:
            return f;
        }
}

static const char *parse_size(const char *f, size_t *n)
{
    for (*n = 0; *f >= '0' && *f <= '9'; f++)
        *n = MIN(*n * 10 + (size_t)(*f - '0'), (size_t)WIDTH_MAX);
    return f;
}

static const char *parse_length(const char *f, struct spec *sp)
{
    sp->bytes = sizeof(int);
    if (f[0] == 'h') {
        sp->bytes = f[1] == 'h' ? 1 : 2;
        return f + (f[1] == 'h' ? 2 : 1);
    }
    if (*f == 'l' || *f == 'z' || *f == 'j' || *f == 't') {
        sp->bytes = 8;
        return f + (f[0] == 'l' && f[1] == 'l' ? 2 : 1);
    }
    return f;
}

/* A signed or unsigned value of sp->bytes, from the 64 bits that hold it. */
static uint64_t narrow(const struct spec *sp, uint64_t v, bool is_signed)
{
    unsigned int unused = 64 - 8 * sp->bytes;

    if (is_signed)
        return (uint64_t)((int64_t)(v << unused) >> unused);
    return v << unused >> unused;
}

size_t format_va(char *buf, size_t size, const char *fmt, va_list args)
{
    struct sink s = { .buf = buf, .size = size ? size - 1 : 0 };

    for (const char *f = fmt; *f; f++) {
        struct spec sp = { 0 };
        const char *start = f, *text;
        uint64_t v;
        int n;

        if (*f != '%') {
            put(&s, *f);
            continue;
        }
        f = parse_flags(f + 1, &sp);
        if (*f == '*') {
            n = va_arg(args, int);
            sp.left |= n < 0;
            sp.width = MIN((size_t)(n < 0 ? -(int64_t)n : n), (size_t)WIDTH_MAX);
            f++;
        } else {
            f = parse_size(f, &sp.width);
        }
        if (*f == '.') {
            sp.has_precision = true;
            if (f[1] == '*') {
                n = va_arg(args, int);
                sp.has_precision = n >= 0;
                sp.precision = n >= 0 ? MIN((size_t)n, (size_t)WIDTH_MAX) : 0;
                f += 2;
            } else {
                f = parse_size(f + 1, &sp.precision);
            }
        }
        f = parse_length(f, &sp);
        sp.conversion = *f;

        switch (*f) {
        case 'd':
        case 'i':
            v = sp.bytes == 8 ? va_arg(args, uint64_t)
                              : (uint64_t)va_arg(args, int);
            v = narrow(&sp, v, true);
            put_number(&s, &sp, (int64_t)v < 0 ? 0 - v : v, (int64_t)v < 0);
            break;
        case 'u':
        case 'x':
        case 'X':
        case 'o':
            v = sp.bytes == 8 ? va_arg(args, uint64_t)
                              : va_arg(args, unsigned int);
            put_number(&s, &sp, narrow(&sp, v, false), false);
            break;
        case 'p':
            sp.has_precision = true;
            sp.precision = 16;
            put_number(&s, &sp, (uintptr_t)va_arg(args, void *), false);
            break;
        case 'c':
            put_text(&s, &sp, &(char){ (char)va_arg(args, int) }, 1);
            break;
        case 's':
            text = va_arg(args, const char *);
            if (!text)
                text = "(null)";
            put_text(&s, &sp, text, sp.has_precision ? strnlen(text, sp.precision)
                                                     : strlen(text));
            break;
        case '%':
            put(&s, '%');
            break;
        default: /* not ours: show it, and end where the text ends */
            while (start < f)
                put(&s, *start++);
            if (!*f)
                f--;
            else
                put(&s, *f);
        }
    }
    if (size)
        buf[MIN(s.len, s.size)] = '\0';
    return s.len;
}

size_t format(char *buf, size_t size, const char *fmt, ...)
{
    va_list args;
    size_t n;

    va_start(args, fmt);
    n = format_va(buf, size, fmt, args);
    va_end(args);
    return n;
}

const char *parse_number(const char *s, uint32_t *v)
{
    uint32_t base = 10;

    if (s[0] == '0' && (s[1] | 0x20) == 'x') {
        base = 16;
        s += 2;
    }
    for (*v = 0;; s++) {
        unsigned int c = (unsigned char)*s | 0x20, digit = 99;

        if (c >= '0' && c <= '9')
            digit = c - '0';
        else if (c >= 'a' && c <= 'f')
            digit = c - 'a' + 10;
        if (digit >= base || *v >> 28)
            return s;
        *v = *v * base + digit;
    }
}
