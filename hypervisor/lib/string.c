/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory and string functions for the freestanding image. The compiler emits
 * calls to the first four by itself. Never linked into host tests.
 */
#include "hypervisor/lib/string.h"

#include <stdint.h>

void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
    size_t words = n / 8;
    void *d = dst;

    /* By words: microcode does as well by bytes, an emulator does not. */
    n %= 8;
    asm volatile("rep movsq; mov %[n], %%rcx; rep movsb"
                 : "+D"(d), "+S"(src), "+c"(words)
                 : [n] "r"(n) : "memory");
    return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
    uint8_t *d = dst;
    const uint8_t *s = src;

    if (d <= s || d >= s + n)
        return memcpy(dst, src, n);
    while (n--)
        d[n] = s[n];
    return dst;
}

void *memset(void *dst, int c, size_t n)
{
    size_t words = n / 8;
    void *d = dst;

    n %= 8;
    asm volatile("rep stosq; mov %[n], %%rcx; rep stosb"
                 : "+D"(d), "+c"(words)
                 : [n] "r"(n), "a"((uint8_t)c * 0x0101010101010101ull)
                 : "memory");
    return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const uint8_t *x = a, *y = b;

    for (; n; n--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}

size_t strnlen(const char *s, size_t max)
{
    size_t n = 0;

    while (n < max && s[n])
        n++;
    return n;
}

size_t strlen(const char *s)
{
    return strnlen(s, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t n)
{
    while (n && *a && *a == *b)
        a++, b++, n--;
    return n ? (uint8_t)*a - (uint8_t)*b : 0;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, SIZE_MAX);
}

char *strchr(const char *s, int c)
{
    while (*s != (char)c)
        if (!*s++)
            return NULL;
    return (char *)(uintptr_t)s;
}
