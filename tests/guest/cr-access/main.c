/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Control, debug and extended control registers take what the CPU that CPUID
 * describes takes, and fault for the rest; EFER too. What is written is read
 * back.
 *
 * SDM vol. 3A, "Control Registers", "Extended Control Registers";
 * APM vol. 2 3.1. What is wrong in CR0 is not tried on QEMU, which takes it
 * and has VMRUN refuse it later: the domain would be gone. Nor are CR3 bits
 * above the physical width.
 */
#include "tests/guest/lib/lib.h"
#include "tests/guest/lib/trap.h"

#define TRY_CR(n)                                                           \
    static unsigned int try_cr##n(unsigned long v)                          \
    {                                                                       \
        asm volatile(TRY("mov %0, %%cr" #n) : : "r"(v) : "memory");         \
        return fault_take();                                                \
    }
TRY_CR(0)
TRY_CR(4)
TRY_CR(8)

static unsigned int try_msr(uint32_t index, uint64_t v)
{
    asm volatile(TRY("wrmsr") : : "c"(index), "a"((uint32_t)v),
                 "d"((uint32_t)(v >> 32)) : "memory");
    return fault_take();
}

static unsigned int try_xsetbv(uint32_t index, uint64_t v)
{
    asm volatile(TRY("xsetbv") : : "c"(index), "a"((uint32_t)v),
                 "d"((uint32_t)(v >> 32)) : "memory");
    return fault_take();
}

static void test_cr0(void)
{
    static const struct {
        uint64_t set, clear;
        unsigned int vector;
        const char *what;
    } cases[] = {
        { CR0_NW, CR0_CD, VEC_GP, "NW without CD" },
        { 0, CR0_PE, VEC_GP, "PG without PE" },
        { 0, CR0_PG, VEC_GP, "PG cleared in 64-bit code" },
        { BIT(32), 0, VEC_GP, "bit 32" },
        { BIT(63), 0, VEC_GP, "bit 63" },
        { CR0_CD, CR0_NW, NO_FAULT, "CD" },
        { CR0_CD | CR0_NW, 0, NO_FAULT, "CD and NW" },
        { CR0_AM | CR0_TS, 0, NO_FAULT, "AM and TS" },
        { 0, CR0_WP | CR0_NE | CR0_MP, NO_FAULT, "no WP, NE, MP" },
    };
    unsigned long old = read_cr0(), v;

    for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
        v = (old & ~cases[i].clear) | cases[i].set;
        if (cases[i].vector != NO_FAULT && !option("hardware"))
            continue;
        if (!(v & CR0_PE) && option("bochs-amd"))
            continue; /* would be paged real mode there, and the end */
        report_eq(try_cr0(v), cases[i].vector, cases[i].what);
        if (cases[i].vector == NO_FAULT)
            report_eq(read_cr0(), v, cases[i].what);
        write_cr0(old);
    }
    /* Reserved low bits are not kept, ET is always set. */
    report_eq(try_cr0(old & ~CR0_ET), NO_FAULT, "ET cleared");
    report(read_cr0() & CR0_ET, "ET is always set");
    write_cr0(old);
}

static void test_lmsw_clts(void)
{
    unsigned long old = read_cr0();
    uint16_t msw;

    write_cr0(old | CR0_TS);
    asm volatile("clts");
    report(!(read_cr0() & CR0_TS), "CLTS clears TS");
    asm volatile("lmsw %w0" : : "r"(CR0_TS));
    report((read_cr0() & (CR0_TS | CR0_PE)) == (CR0_TS | CR0_PE),
           "LMSW sets TS, leaves PE");
    asm volatile("smsw %0" : "=m"(msw));
    report_eq(msw, (uint16_t)read_cr0(), "SMSW");
    write_cr0(old);
}

/* Bits of CR4 and what offers them: leaf, register, bit. */
static const struct {
    unsigned int bit;
    uint32_t leaf;
    char reg;
    unsigned int feature;
} cr4_bits[] = {
    { 0, 1, 'd', 1 }, { 1, 1, 'd', 1 }, { 2, 1, 'd', 4 }, { 3, 1, 'd', 2 },
    { 4, 1, 'd', 3 }, { 5, 1, 'd', 6 }, { 6, 1, 'd', 7 }, { 7, 1, 'd', 13 },
    { 9, 1, 'd', 24 }, { 10, 1, 'd', 25 }, { 11, 7, 'c', 2 },
    { 13, 1, 'c', 5 }, { 14, 1, 'c', 6 }, { 16, 7, 'b', 0 },
    { 17, 1, 'c', 17 }, { 18, 1, 'c', 26 }, { 20, 7, 'b', 7 },
    { 21, 7, 'b', 20 }, { 22, 7, 'c', 3 },
};

static bool cr4_offered(unsigned int bit)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(cr4_bits); i++) {
        struct cpuid r;

        if (cr4_bits[i].bit != bit)
            continue;
        r = cpuid(cr4_bits[i].leaf, 0);
        return (cr4_bits[i].reg == 'b' ? r.b : cr4_bits[i].reg == 'c' ? r.c
                                                                      : r.d)
               >> cr4_bits[i].feature & 1;
    }
    return bit == 8; /* PCE */
}

static void test_cr4(void)
{
    unsigned long old = read_cr4();

    for (unsigned int bit = 0; bit < 64; bit++) {
        /* LA57 and PCIDE have rules of their own. */
        unsigned int vector = cr4_offered(bit) ? NO_FAULT : VEC_GP;
        unsigned int got;

        if (bit == 5 || bit == 12 || bit == 17)
            continue;
        got = try_cr4(old | BIT(bit));
        report(got == vector, "CR4 bit %u: %u, not %u", bit, got, vector);
        if (got == NO_FAULT)
            report_eq(read_cr4(), old | BIT(bit), "CR4 read back");
        write_cr4(old);
    }
    report_eq(try_cr4(old & ~CR4_PAE), VEC_GP, "PAE cleared in long mode");
    report_eq(read_cr4(), old, "CR4 is as it was");
}

static void test_other_crs(void)
{
    unsigned long v = 0;

    asm volatile(TRY(".byte 0x0f, 0x20, 0xc8") : "=a"(v));
    report_eq(fault_take(), VEC_UD, "CR1 read");
    asm volatile(TRY(".byte 0x0f, 0x22, 0xe8") : : "a"(0));
    report_eq(fault_take(), VEC_UD, "CR5 written");
    asm volatile(TRY(".byte 0x44, 0x0f, 0x22, 0xc8") : : "a"(0));
    report_eq(fault_take(), VEC_UD, "CR9 written");
    write_cr2(0x123456789abcull);
    report_eq(read_cr2(), 0x123456789abcull, "CR2 keeps its value");
}

static void test_cr8(void)
{
    for (unsigned long i = 0; i < 16; i++) {
        report_eq(try_cr8(i), NO_FAULT, "CR8 written");
        report_eq(read_cr8(), i, "CR8 read back");
    }
    if (option("hardware")) {
        report_eq(try_cr8(16), VEC_GP, "bit 4 of CR8");
        report_eq(try_cr8(1ul << 63), VEC_GP, "bit 63 of CR8");
    }
    write_cr8(0);
}

static void test_efer(void)
{
    uint64_t old = rdmsr(MSR_EFER);

    report(old & EFER_LMA, "EFER says no long mode: %#llx",
           (unsigned long long)old);
    report(!(old & EFER_SVME), "EFER.SVME is the hypervisor's");
    report_eq(try_msr(MSR_EFER, old | EFER_SVME), VEC_GP, "SVME set");
    report_eq(try_msr(MSR_EFER, old & ~EFER_LME), VEC_GP, "LME cleared");
    report_eq(try_msr(MSR_EFER, old | BIT(1)), VEC_GP, "bit 1");
    report_eq(try_msr(MSR_EFER, old | BIT(63)), VEC_GP, "bit 63");
    report_eq(try_msr(MSR_EFER, old & ~EFER_LMA), NO_FAULT, "LMA ignored");
    report_eq(rdmsr(MSR_EFER), old, "EFER after that");
    report_eq(try_msr(MSR_EFER, old & ~EFER_SCE), NO_FAULT, "SCE cleared");
    report_eq(rdmsr(MSR_EFER), old & ~EFER_SCE, "SCE read back");
    asm volatile(TRY("syscall") : : : "rcx", "r11", "memory");
    report_eq(fault_take(), VEC_UD, "SYSCALL without SCE");
    wrmsr(MSR_EFER, old);
}

static void test_xcr0(void)
{
    uint64_t all = cpuid(0xd, 0).a | (uint64_t)cpuid(0xd, 0).d << 32;
    unsigned long old = read_cr4();
    uint32_t lo, hi;

    if (!(cpuid(1, 0).c & BIT(26)))
        return;
    write_cr4(old & ~CR4_OSXSAVE);
    report_eq(try_xsetbv(0, 1), VEC_UD, "XSETBV without OSXSAVE");
    report(!(cpuid(1, 0).c & BIT(27)), "CPUID says OSXSAVE");
    write_cr4(old | CR4_OSXSAVE);
    report(cpuid(1, 0).c & BIT(27), "CPUID says no OSXSAVE");
    report_eq(try_xsetbv(0, all), NO_FAULT, "all that is offered");
    asm volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    report_eq(lo | (uint64_t)hi << 32, all, "XCR0 read back");
    report_eq(try_xsetbv(0, 0), VEC_GP, "XCR0 without x87");
    report_eq(try_xsetbv(0, 5), VEC_GP, "AVX without SSE");
    report_eq(try_xsetbv(0, BIT(63) | 1), VEC_GP, "bit 63 of XCR0");
    report_eq(try_xsetbv(0, all | BIT(62) | 1), VEC_GP, "bit 62 of XCR0");
    report_eq(try_xsetbv(1, 1), VEC_GP, "XCR1");
    report_eq(try_xsetbv(0, 1), NO_FAULT, "x87 only");
    write_cr4(old);
}

static void test_debug_registers(void)
{
    unsigned long old = read_cr4(), v;

    asm volatile("mov %0, %%dr2" : : "r"(0x123456789aul));
    asm volatile("mov %%dr2, %0" : "=r"(v));
    report_eq(v, 0x123456789aul, "DR2 read back");
    asm volatile(TRY("mov %0, %%dr7") : : "r"(1ul << 32));
    report_eq(fault_take(), VEC_GP, "bit 32 of DR7");
    asm volatile(TRY("mov %0, %%dr6") : : "r"(1ul << 32));
    report_eq(fault_take(), VEC_GP, "bit 32 of DR6");
    asm volatile("mov %0, %%dr7" : : "r"(0x400ul));
    asm volatile("mov %%dr7, %0" : "=r"(v));
    report_eq(v, 0x400, "DR7 read back");
    write_cr4(old | CR4_DE);
    asm volatile(TRY("mov %%dr4, %0") : "=r"(v));
    report_eq(fault_take(), VEC_UD, "DR4 with CR4.DE");
    write_cr4(old & ~CR4_DE);
    asm volatile(TRY("mov %%dr4, %0") : "=r"(v));
    report_eq(fault_take(), NO_FAULT, "DR4 is DR6 without CR4.DE");
    write_cr4(old);
}

static unsigned long __user from_user(unsigned long which)
{
    unsigned long v = 0;

    switch (which) {
    case 0: asm volatile(TRY("mov %%cr0, %0") : "=r"(v)); break;
    case 1: asm volatile(TRY("mov %0, %%cr4") : : "r"(v)); break;
    case 2: asm volatile(TRY("mov %%dr7, %0") : "=r"(v)); break;
    case 3: asm volatile(TRY("clts")); break;
    case 4: asm volatile(TRY("lmsw %w0") : : "r"(v)); break;
    case 5: asm volatile(TRY("xsetbv") : : "c"(0), "a"(1), "d"(0)); break;
    case 6: asm volatile(TRY("rdmsr") : : "c"(0x10) : "eax", "edx"); break;
    case 7: asm volatile(TRY("wrmsr") : : "c"(0x10), "a"(0), "d"(0)); break;
    case 8: asm volatile(TRY("invlpg (%0)") : : "r"(v)); break;
    case 9: asm volatile(TRY("wbinvd")); break;
    case 10: asm volatile(TRY("mov %0, %%cr8") : : "r"(v)); break;
    case 11: asm volatile(TRY("lgdt (%%rsp)") : : : "memory"); break;
    case 12: asm volatile(TRY("ltr %w0") : : "r"(v)); break;
    case 13: asm volatile(TRY("swapgs")); break;
    }
    return 0;
}

static void test_user(void)
{
    unsigned long old = read_cr4();

    if (cpuid(1, 0).c & BIT(26))
        write_cr4(old | CR4_OSXSAVE);
    for (unsigned int i = 0; i <= 13; i++) {
        unsigned int v;

        user_call(from_user, i);
        v = fault_take();
        if (i == 9 && !option("hardware"))
            continue; /* WBINVD: QEMU does not look at CPL */
        report(v == VEC_GP || (i == 5 && v == VEC_UD),
               "privileged instruction %u at CPL 3: %u", i, v);
    }
    write_cr4(old);
}

TEST_MAIN()
{
    test_cr0();
    test_lmsw_clts();
    test_cr4();
    test_other_crs();
    test_cr8();
    test_efer();
    test_xcr0();
    test_debug_registers();
    test_user();
}
