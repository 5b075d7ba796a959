/* SPDX-License-Identifier: GPL-2.0-only */
/* No way to fail returns. */
#include "hypervisor/start/start.h"

#include "hypervisor/debug/log.h"
#include "hypervisor/lib/string.h"

char opt_selftest[16];

/* Uses up the stack: the guard page makes it a double fault. */
static void __attribute__((noinline)) fill_stack(volatile uint64_t *up)
{
    volatile uint64_t here[32];

    here[0] = up ? *up + 1 : 0;
    if (here[0] < 1000000)
        fill_stack(here);
    here[1] = here[0];
}

void selftest_crash(void)
{
    static uint8_t code[1] = { 0xc3 };
    const char *name = opt_selftest;

    if (!strcmp(name, "pf"))
        *(volatile uint64_t *)0x123456789000 = 1;
    else if (!strcmp(name, "text"))
        *(volatile uint8_t *)(uintptr_t)selftest_crash = 0;
    else if (!strcmp(name, "nx"))
        ((void (*)(void))(uintptr_t)code)();
    else if (!strcmp(name, "gp"))
        *(volatile uint64_t *)0x8000000000000000 = 1;
    else if (!strcmp(name, "ud"))
        asm volatile("ud2");
    else if (!strcmp(name, "stack"))
        fill_stack(NULL);
    else if (!strcmp(name, "panic"))
        panic("selftest asked for it");
    else if (name[0])
        log_warn("selftest=%s: there is no such test\n", name);
}
