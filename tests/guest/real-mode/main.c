/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * 16-bit code in real mode: segments, interrupts through the vector table,
 * exceptions, far calls, strings, ports, intercepted instructions, device
 * registers, data above 1 MiB by a segment loaded in protected mode; and the
 * ways in and out of it. The code is in code.S.
 *
 * SDM vol. 3A, "Real-Address Mode Operation", "Switching Modes".
 */
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/hypercall.h"
#include "tests/guest/lib/lib.h"
#include "tests/guest/lib/trap.h"

#define CODE 0x10000u
#define RESULTS 0x11000u

extern char real_code[], real_code_end[], real_int60[], real_div0[];
extern char real_gdt[];
void real_mode_run(void);

static volatile uint8_t *results = (uint8_t *)RESULTS;

static uint16_t word(unsigned int at)
{
    return *(volatile uint16_t *)(results + at);
}

static uint32_t dword(unsigned int at)
{
    return *(volatile uint32_t *)(results + at);
}

static void set_vector(unsigned int v, const char *handler)
{
    volatile uint16_t *ivt = (uint16_t *)(uintptr_t)(v * 4);

    asm volatile("" : "+r"(ivt));
    ivt[0] = (uint16_t)(handler - real_code);
    ivt[1] = CODE >> 4;
}

static void prepare(uint32_t *high)
{
    struct desc_ptr gdt;

    if (!is_ram(CODE, 0x2000))
        skip("no RAM at %#x", CODE);
    memcpy((void *)CODE, real_code, (size_t)(real_code_end - real_code));
    sgdt(&gdt);
    memcpy((char *)CODE + (real_gdt - real_code), &gdt, sizeof(gdt));
    memset((void *)RESULTS, 0, 0x1000);
    for (unsigned int i = 0; i < 16; i++)
        results[0x100 + i] = (uint8_t)(i * 3);
    *(volatile uint32_t *)(results + 60) = (uintptr_t)high;
    set_vector(0, real_div0);
    set_vector(0x60, real_int60);
    /* 16-bit code and data with a base below 1 MiB for the way there. */
    gdt_set(SEL_CODE16, 0x00009b000000ffffull | (uint64_t)CODE << 16);
}

static void check(const uint32_t *high)
{
    report_eq(word(0), CODE >> 4, "CS");
    report(!(word(2) & EFLAGS_IF), "flags %#x", word(2));
    report_eq(word(4), 35, "five INTs");
    report_eq(word(6), 1, "#DE");
    report_eq(word(8), 1, "far call");
    report_eq(dword(12), cpuid(0x40000000, 0).b, "CPUID");
    report_eq(dword(16), (uint32_t)rdmsr(MSR_APIC_BASE), "RDMSR");
    report_eq((int32_t)dword(20), -EPERM, "hypercall");
    report_eq(dword(24), 0xcafe, "read above 1 MiB");
    report_eq(*high, 0x12345678, "write above 1 MiB");
    report_eq(dword(28), apic_read(APIC_VERSION), "APIC version");
    report_eq(word(32), (uint16_t)apic_read(APIC_VERSION), "half of it");
    report_eq(dword(36), 0x5555aaab, "read-modify-write of a device");
    report(word(40) == 0 && !memcmp((void *)(RESULTS + 0x200),
                                    (void *)(RESULTS + 0x100), 16),
           "REP MOVS");
    report(word(42) == 0x304 && results[0x303] == 0xff &&
           results[0x304] == 0, "REP INS");
    report_eq(results[44], 0xff, "IN");
    report_eq(word(46), 0x108, "REP OUTS");
    report(!(word(48) & 1), "SMSW: %#x", word(48));
    report_eq(word(50) & 0x8d5, 0x8d5, "POPF");
    report_eq(word(52), 100, "a hundred exits");
}

TEST_MAIN()
{
    uint32_t *high = pages_alloc(1);

    apic_init();
    apic_write(APIC_LVT_TIMER, LVT_MASKED);
    for (unsigned int i = 0; i < 3; i++) {
        *high = 0xcafe;
        prepare(high);
        real_mode_run();
        check(high);
    }
}
