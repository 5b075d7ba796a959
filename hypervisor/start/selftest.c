/* SPDX-License-Identifier: GPL-2.0-only */
/* One function per way to fail; none returns, except an unexpected NMI. */
#include "hypervisor/start/selftest.h"

#include "hypervisor/debug/log.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/lib/util.h"

static void page_fault(void)
{
    *(volatile uint64_t *)0x123456789000 = 1;
}

static void write_to_text(void)
{
    *(volatile uint8_t *)(uintptr_t)page_fault = 0;
}

static void run_data(void)
{
    static uint8_t code[1] = { 0xc3 };

    ((void (*)(void))(uintptr_t)code)();
}

static void general_protection(void)
{
    *(volatile uint64_t *)0x8000000000000000 = 1;
}

static void invalid_opcode(void)
{
    asm volatile("ud2");
}

/* Uses up the stack: the guard page makes it a double fault. */
static void __attribute__((noinline)) fill_stack(volatile uint64_t *up)
{
    volatile uint64_t here[32];

    here[0] = up ? *up + 1 : 0;
    if (here[0] < 1000000)
        fill_stack(here);
    here[1] = here[0];
}

static void stack_overflow(void)
{
    fill_stack(NULL);
}

static void call_panic(void)
{
    panic("selftest asked for it");
}

void selftest_crash(const char *name)
{
    static const struct {
        const char *name;
        void (*fn)(void);
    } tests[] = {
        { "pf", page_fault }, { "text", write_to_text }, { "nx", run_data },
        { "gp", general_protection }, { "ud", invalid_opcode },
        { "stack", stack_overflow }, { "panic", call_panic },
    };

    if (!name[0])
        return;
    for (unsigned int i = 0; i < ARRAY_SIZE(tests); i++)
        if (!strcmp(name, tests[i].name))
            tests[i].fn();
    log_warn("selftest=%s: there is no such test\n", name);
}
