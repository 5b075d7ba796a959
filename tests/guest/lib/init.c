/* SPDX-License-Identifier: GPL-2.0-only */
/* From entry to verdict: sets up, runs the test, counts its checks. */
#include "hypervisor/abi/cpuid.h"
#include "tests/guest/lib/hypercall.h"
#include "tests/guest/lib/lib.h"
#include "tests/guest/lib/paging.h"
#include "tests/guest/lib/trap.h"

uint32_t xen_leaves;

static unsigned int checks, failures; /* atomic */

/* Enough is enough: a broken loop must not print for minutes. */
#define FAILURES_SHOWN 25

void lib_main(void);

bool report_at(bool cond, const char *file, int line, const char *fmt, ...)
{
    char text[200];
    va_list ap;

    __atomic_fetch_add(&checks, 1, __ATOMIC_RELAXED);
    if (cond)
        return true;
    if (__atomic_fetch_add(&failures, 1, __ATOMIC_RELAXED) >= FAILURES_SHOWN)
        return false;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    printf("FAIL %s:%d: %s\n", file, line, text);
    return false;
}

bool report_eq_at(uint64_t got, uint64_t want, const char *file, int line,
                  const char *what)
{
    return report_at(got == want, file, line, "%s: %#llx, not %#llx", what,
                     (unsigned long long)got, (unsigned long long)want);
}

bool print_verdict(void)
{
    if (failures)
        printf("test %s: FAILED, %u of %u checks\n", test_name, failures,
               checks);
    else
        printf("test %s: %u checks ok\n", test_name, checks);
    return !failures;
}

static void __attribute__((noreturn)) end(void)
{
    for (;;) {
        shutdown(SHUTDOWN_poweroff);
        asm volatile("cli; hlt");
    }
}

void finish(void)
{
    print_verdict();
    end();
}

void skip(const char *fmt, ...)
{
    char text[200];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    printf("test %s: SKIPPED, %s\n", test_name, text);
    end();
}

void fail(const char *fmt, ...)
{
    char text[200];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    printf("\nFAIL %s\ntest %s: FAILED, stopped after %u checks\n", text,
           test_name, checks);
    end();
}

/* Before this there is nothing that could say what is wrong. The stubs show
 * which instruction this CPU has: all that are written out become it. */
void hypercall_init(void)
{
    extern uint32_t vmcalls_start[], vmcalls_end[];
    uint32_t leaf = XEN_CPUID_FIRST_LEAF;

    while (leaf < XEN_CPUID_FIRST_LEAF + 0x10000 &&
           cpuid(leaf, 0).b != XEN_CPUID_SIGNATURE_EBX)
        leaf += 0x100;
    xen_leaves = leaf;
    wrmsr(cpuid(leaf + 2, 0).b, (unsigned long)hypercall_page);
    for (const uint32_t *at = vmcalls_start; at < vmcalls_end; at++)
        memcpy((void *)(uintptr_t)*at, (char *)hypercall_page + 5, 3);
}

void lib_main(void)
{
    hypercall_init();
    trap_init();
    trap_init_cpu();
    memory_init();
    paging_init();
    test_main();
    finish();
}

void *memcpy(void *to, const void *from, size_t n)
{
    void *rc = to;

    asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
    return rc;
}

void *memset(void *to, int c, size_t n)
{
    void *rc = to;

    asm volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(c) : "memory");
    return rc;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const unsigned char *p = a, *q = b;

    for (; n; n--, p++, q++)
        if (*p != *q)
            return *p - *q;
    return 0;
}

size_t strlen(const char *s)
{
    size_t n = 0;

    while (s[n])
        n++;
    return n;
}

bool str_equal(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

bool str_starts(const char *s, const char *prefix)
{
    while (*prefix && *s == *prefix)
        s++, prefix++;
    return !*prefix;
}

bool option(const char *word)
{
    const char *p = (const char *)(uintptr_t)start_info->cmdline_paddr;
    size_t n = strlen(word);

    while (p && *p) {
        if (!memcmp(p, word, n) && (!p[n] || p[n] == ' '))
            return true;
        while (*p && *p++ != ' ')
            ;
    }
    return false;
}
