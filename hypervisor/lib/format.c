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
    bool zero, alt, is_long;
    uint32_t width, precision;
};

/* Wider fields than this are a mistake in the format. */
#define WIDTH_MAX 1024u

static void put(struct sink *s, char c)
{
    if (s->len < s->size)
        s->buf[s->len] = c;
    s->len++;
}

/* A prefix and n characters of text, with spaces before or zeros between the
 * two as the width needs. */
static void put_field(struct sink *s, const struct spec *sp,
                      const char *prefix, const char *text, size_t n)
{
    size_t all = strlen(prefix) + n;

    for (; !sp->zero && all < sp->width; all++)
        put(s, ' ');
    while (*prefix)
        put(s, *prefix++);
    for (; all < sp->width; all++)
        put(s, '0');
    while (n--)
        put(s, *text++);
}

static void put_number(struct sink *s, const struct spec *sp,
                       const char *prefix, uint64_t v, unsigned int base)
{
    char text[20];
    size_t n = 0;

    do {
        text[sizeof(text) - ++n] = "0123456789abcdef"[v % base];
        v /= base;
    } while (v);
    put_field(s, sp, prefix, text + sizeof(text) - n, n);
}

/* What is between the '%' and the letter of a conversion. */
static const char *parse_spec(const char *f, struct spec *sp)
{
    for (; *f == '0' || *f == '#'; f++) {
        sp->zero |= *f == '0';
        sp->alt |= *f == '#';
    }
    f = parse_number(f, &sp->width);
    sp->width = MIN(sp->width, WIDTH_MAX);
    if (*f == '.')
        f = parse_number(f + 1, &sp->precision);
    for (; *f == 'l' || *f == 'z'; f++)
        sp->is_long = true;
    return f;
}

size_t format_va(char *buf, size_t size, const char *fmt, va_list args)
{
    struct sink s = { .buf = buf, .size = size ? size - 1 : 0 };

    for (const char *f = fmt; *f; f++) {
        struct spec sp = { .precision = UINT32_MAX };
        const char *percent = f, *text;
        int64_t i;
        uint64_t v;

        if (*f != '%') {
            put(&s, *f);
            continue;
        }
        f = parse_spec(f + 1, &sp);
        switch (*f) {
        case 'd':
            i = sp.is_long ? va_arg(args, int64_t) : va_arg(args, int);
            v = i < 0 ? 0 - (uint64_t)i : (uint64_t)i;
            put_number(&s, &sp, i < 0 ? "-" : "", v, 10);
            break;
        case 'u':
        case 'x':
            v = sp.is_long ? va_arg(args, uint64_t)
                           : va_arg(args, unsigned int);
            put_number(&s, &sp, sp.alt && v ? "0x" : "", v,
                       *f == 'x' ? 16 : 10);
            break;
        case 'p':
            sp = (struct spec){ .zero = true, .width = 16 };
            put_number(&s, &sp, "", (uintptr_t)va_arg(args, void *), 16);
            break;
        case 'c':
            put_field(&s, &sp, "", &(char){ (char)va_arg(args, int) }, 1);
            break;
        case 's':
            text = va_arg(args, const char *) ?: "(null)";
            put_field(&s, &sp, "", text, strnlen(text, sp.precision));
            break;
        default: /* "%%", or not ours: it is shown as it stands */
            put(&s, '%');
            if (*f != '%')
                f = percent;
        }
    }
    if (size)
        buf[MIN(s.len, s.size)] = '\0';
    return s.len;
}

size_t format(char *buf, size_t size, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    size_t n = format_va(buf, size, fmt, args);
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

bool list_has(const char *list, const char *prefix, const char *word)
{
    size_t p = strlen(prefix), n = strlen(word);

    for (; list; list = strchr(list, ',')) {
        list += *list == ',';
        if (!strncmp(list, prefix, p) && !strncmp(list + p, word, n) &&
            (list[p + n] == ',' || !list[p + n]))
            return true;
    }
    return false;
}

int parse_bool(const char *s)
{
    if (strchr(s, ','))
        return -1;
    if (list_has("no,off,false,disable,0", "", s))
        return 0;
    return !*s || list_has("yes,on,true,enable,1", "", s) ? 1 : -1;
}
