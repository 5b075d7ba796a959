/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fakes of the log, of panic() and of assertions. Log lines go to stderr only
 * when VERBOSE is set in the environment.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "hypervisor/debug/log.h"
#include "tests/unit/fakes/fakes.h"

jmp_buf *fake_panic_jump;
char fake_panic_text[256];
unsigned int fake_log_lines;
char fake_log_last[256];

static void log_line(const char *fmt, va_list args)
{
    fake_log_lines++;
    vsnprintf(fake_log_last, sizeof(fake_log_last), fmt, args);
    if (getenv("VERBOSE"))
        fputs(fake_log_last, stderr);
}

FAKE void log_print(enum log_level level, const char *fmt, ...)
{
    va_list args;

    (void)level;
    va_start(args, fmt);
    log_line(fmt, args);
    va_end(args);
}

/* What ends the machine: back to the test that expects it, or abort. */
static __attribute__((noreturn)) void ends(const char *fmt, va_list args)
{
    vsnprintf(fake_panic_text, sizeof(fake_panic_text), fmt, args);
    if (fake_panic_jump)
        longjmp(*fake_panic_jump, 1);
    fprintf(stderr, "the machine ends: %s\n", fake_panic_text);
    abort();
}

FAKE void panic(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    ends(fmt, args);
}

FAKE void cannot_start(const char *why, ...)
{
    va_list args;

    va_start(args, why);
    ends(why, args);
}

#ifdef LODGE_DEBUG
FAKE void assert_failed(const char *expr, const char *file, int line)
{
    fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, expr);
    abort();
}
#endif
