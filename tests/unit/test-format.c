/* sources: hypervisor/lib/format.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/* The formatter against the C library's, for all that both can do. */
#include <string.h>

#include "hypervisor/lib/format.h"
#include "tests/unit/test.h"

TEST_PROGRAM;

#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-extra-args"
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wformat-truncation"
#pragma GCC diagnostic ignored "-Wformat-overflow"
#endif

#define SAME(...)                                                           \
    do {                                                                    \
        for (size_t size = 0; size < 80; size = size < 4 ? size + 1         \
                                                         : size + 7) {      \
            char got[100], want[100];                                       \
            size_t n;                                                       \
                                                                            \
            memset(got, '~', sizeof(got));                                  \
            memset(want, '~', sizeof(want));                                \
            n = (size_t)snprintf(want, size, __VA_ARGS__);                  \
            CHECK_EQ(format(got, size, __VA_ARGS__), n);                    \
            CHECK(!memcmp(got, want, sizeof(got)));                         \
            if (memcmp(got, want, sizeof(got)))                             \
                fprintf(stderr, "  \"%.79s\" not \"%.79s\"\n", got, want);  \
        }                                                                   \
    } while (0)

#define IS(text, ...)                                                       \
    do {                                                                    \
        char got[100];                                                      \
                                                                            \
        CHECK_EQ(format(got, sizeof(got), __VA_ARGS__), strlen(text));      \
        CHECK(!strcmp(got, text));                                          \
    } while (0)

static const char *const flags[] = { "", "0", "#", "0#" };
static const char *const sizes[] = { "", "1", "7", "20" };
static const char *const lengths[] = { "", "l", "ll", "z" };
static const uint64_t values[] = {
    0, 1, 9, 10, 255, 0x7f, 0x80, 0x7fff, 0x8000, 0x7fffffff, 0x80000000,
    0xffffffff, 0x123456789abcdef, 0x7fffffffffffffff, 0x8000000000000000, ~0ull,
};

static void test_numbers(void)
{
    for (unsigned int f = 0; f < ARRAY_SIZE(flags); f++)
        for (unsigned int s = 0; s < ARRAY_SIZE(sizes); s++)
            for (unsigned int l = 0; l < ARRAY_SIZE(lengths); l++)
                for (const char *c = "dux"; *c; c++) {
                    char fmt[32];

                    if (*c != 'x' && strchr(flags[f], '#'))
                        continue;
                    snprintf(fmt, sizeof(fmt), "a%%%s%s%s%cz", flags[f],
                             sizes[s], lengths[l], *c);
                    for (unsigned int v = 0; v < ARRAY_SIZE(values); v++) {
                        char got[100], want[100];
                        size_t n = (size_t)snprintf(want, 100, fmt, values[v]);

                        CHECK_EQ(format(got, 100, fmt, values[v]), n);
                        CHECK(!strcmp(got, want));
                        if (strcmp(got, want))
                            fprintf(stderr, "  %s of %#llx: %s not %s\n", fmt,
                                    (unsigned long long)values[v], got, want);
                    }
                }
}

static void test_text(void)
{
    SAME("plain");
    SAME("%s and %10s|%.2s|%6.3s|", "one", "two", "three", "four");
    SAME("%c%5c|", 'a', 'b');
    SAME("100%% %d", 5);
    SAME("%.3s", (char[]){ 'a', 'b', 'c' }); /* no NUL behind it */
    SAME("d%d: vcpu %u, %#lx %#010x", 3, 4u, 0x123456789ul, 0xabcu);
    IS("(null)", "%s", (char *)NULL);
    IS("0000000000001234", "%p", (void *)0x1234);
    IS("ffff800000000000", "%p", (void *)0xffff800000000000);
    IS("%k 5", "%k %d", 5);
    IS("%", "%");
    IS("%5.2l", "%5.2l");
}

int main(void)
{
    test_numbers();
    test_text();
    return test_result();
}
