/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Model-specific registers: those that a guest has keep what it writes and
 * refuse what the manuals forbid; every other index faults or reads as
 * something harmless, never more. The sweep goes through all that the
 * hardware's permission map covers and beyond.
 *
 * SDM vol. 4; APM vol. 2 appendix A. Policy: hvm/policy/msr-table.c.
 */
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/lib.h"
#include "tests/guest/lib/trap.h"

static unsigned int try_read(uint32_t index, uint64_t *v)
{
    uint32_t lo = 0, hi = 0;

    asm volatile(TRY("rdmsr") : "+a"(lo), "+d"(hi) : "c"(index));
    *v = lo | (uint64_t)hi << 32;
    return fault_take();
}

static unsigned int try_write(uint32_t index, uint64_t v)
{
    asm volatile(TRY("wrmsr") : : "c"(index), "a"((uint32_t)v),
                 "d"((uint32_t)(v >> 32)) : "memory");
    return fault_take();
}

/* Kept as written; restored afterwards. */
static const struct {
    uint32_t index;
    uint64_t value;
} kept[] = {
    { MSR_SYSENTER_CS, 0x1234 }, { MSR_SYSENTER_ESP, 0xffff800012345678 },
    { 0x176, 0x7fff12345678 }, { MSR_PAT, 0x0605040106050401 },
    { MSR_STAR, 0x0123456700000000 }, { MSR_LSTAR, 0xffff812345678000 },
    { 0xc0000083, 0x7f1234567000 }, { MSR_SFMASK, 0x47700 },
    { MSR_FS_BASE, 0x7f0012345000 }, { MSR_GS_BASE, 0xffff888812345000 },
    { MSR_KERNEL_GS_BASE, 0xffffc00012345000 }, { 0x200, 0xc0000006 },
    { 0x201, 0xf0000800 }, { 0x250, 0x0606060606060606 }, { 0x2ff, 0xc06 },
};

/* Values that must fault. The CPU's own check is missing in QEMU, where
 * these registers are open to the guest. */
static const struct {
    uint32_t index;
    uint64_t value;
    bool by_cpu;
} refused[] = {
    { MSR_SYSENTER_ESP, 1ull << 62, false },
    { MSR_PAT, 0x0202020202020202, false }, { MSR_PAT, 8, false },
    { MSR_LSTAR, 0x8000000000000, true }, { MSR_FS_BASE, 1ull << 63, true },
    { MSR_GS_BASE, 1ull << 47, true },
    { MSR_KERNEL_GS_BASE, 1ull << 50, true }, { 0x200, 0x2, false },
    { 0x200, 1ull << 60, false }, { 0x2ff, 1ull << 32, false },
    { MSR_MTRRCAP, 0, false }, { MSR_APIC_BASE, 1ull << 60, false },
    { MSR_APIC_BASE, 0xfee00400, false }, { MSR_TSC_AUX, 1ull << 32, false },
    { MSR_EFER, 1ull << 20, false },
};

/* Nothing there: neither read nor written. */
static const uint32_t absent[] = {
    0x2, 0x3a /* VMX, SMX control */, 0x480 /* VMX */, 0xc0000200, 0xc0000fff,
    0xc0010117 /* VM_HSAVE_PA */, 0xc001f000, 0x40000001, 0x40000070,
    0x4b564d00 /* another hypervisor's */, 0x80000000, 0xffffffff,
};

/* There if CPUID has one of their bits: IBRS, STIBP, SSBD as either vendor
 * spells them; ARCH_CAPABILITIES. XSS goes with XSAVES and has no bit. */
static void test_offered(void)
{
    bool spec_ctrl = (cpuid(7, 0).d & (BIT(26) | BIT(27) | BIT(31))) ||
                     (cpuid(0x80000008, 0).b & (BIT(14) | BIT(15) | BIT(24)));
    bool arch_caps = cpuid(7, 0).d & BIT(29);
    bool xss = (cpuid(1, 0).c & BIT(26)) && (cpuid(0xd, 1).a & BIT(3));
    uint64_t v = 0;

    report_eq(try_read(0x48, &v), spec_ctrl ? NO_FAULT : VEC_GP, "SPEC_CTRL");
    report_eq(try_read(0x10a, &v), arch_caps ? NO_FAULT : VEC_GP,
              "ARCH_CAPABILITIES");
    v = 1;
    report_eq(try_read(0xda0, &v), xss ? NO_FAULT : VEC_GP, "XSS");
    report(!xss || !v, "XSS is %#llx", (unsigned long long)v);
    report_eq(try_write(0xda0, 0), xss ? NO_FAULT : VEC_GP, "XSS := 0");
    for (unsigned int i = 0; i < 64; i++)
        report(try_write(0xda0, 1ull << i) == VEC_GP, "XSS takes bit %u", i);
}

static void test_kept(void)
{
    uint64_t old = 0, v = 0;

    for (unsigned int i = 0; i < ARRAY_SIZE(kept); i++) {
        uint32_t m = kept[i].index;
        bool ok = try_read(m, &old) == NO_FAULT &&
                  try_write(m, kept[i].value) == NO_FAULT &&
                  try_read(m, &v) == NO_FAULT;

        report(ok, "MSR %#x faults", m);
        report(v == kept[i].value, "MSR %#x: %#llx, not %#llx", m,
               (unsigned long long)v, (unsigned long long)kept[i].value);
        report_eq(try_write(m, old), NO_FAULT, "old value");
    }
}

static void test_refused(void)
{
    uint64_t old = 0, v = 0;

    for (unsigned int i = 0; i < ARRAY_SIZE(refused); i++) {
        if (refused[i].by_cpu && !option("hardware"))
            continue;
        try_read(refused[i].index, &old);
        report(try_write(refused[i].index, refused[i].value) == VEC_GP,
               "MSR %#x takes %#llx", refused[i].index,
               (unsigned long long)refused[i].value);
        try_read(refused[i].index, &v);
        report(v == old, "MSR %#x changed all the same", refused[i].index);
    }
    for (unsigned int i = 0; i < ARRAY_SIZE(absent); i++) {
        report(try_read(absent[i], &v) == VEC_GP, "MSR %#x is readable",
               absent[i]);
        report(try_write(absent[i], 0) == VEC_GP, "MSR %#x is writable",
               absent[i]);
    }
}

/* Linux copies and clears without REP if fast strings are off. */
static void test_misc_enable(void)
{
    report_eq(rdmsr(MSR_MISC_ENABLE), 0x1801, "IA32_MISC_ENABLE: fast strings, "
              "no BTS, no PEBS");
}

static void test_tsc(void)
{
    uint64_t before = rdtsc(), v = 0, adjust = 0;

    report(try_read(MSR_TSC, &v) == NO_FAULT && v >= before &&
           v < before + (1ull << 36), "TSC by MSR");
    report_eq(try_read(MSR_TSC_ADJUST, &adjust), NO_FAULT, "TSC_ADJUST");
    wrmsr(MSR_TSC_ADJUST, adjust + (1ull << 40));
    v = rdtsc();
    report(v > before + (1ull << 40), "TSC_ADJUST moves the TSC");
    wrmsr(MSR_TSC_ADJUST, adjust);
    v = rdtsc();
    report(v > before && v < before + (1ull << 40), "and back");
    wrmsr(MSR_TSC, before + (1ull << 41));
    report(rdtsc() > before + (1ull << 41), "TSC written");
    report(rdmsr(MSR_TSC_ADJUST) != adjust, "is seen in TSC_ADJUST");
    wrmsr(MSR_TSC_ADJUST, adjust);
    report(rdtsc() < before + (1ull << 40), "TSC is back");
}

static void test_tsc_aux(void)
{
    uint32_t a, d, c;

    if (!(cpuid(0x80000001, 0).d & BIT(27)))
        return;
    report_eq(try_write(MSR_TSC_AUX, 0x12345678), NO_FAULT, "TSC_AUX");
    report_eq(rdmsr(MSR_TSC_AUX), 0x12345678, "TSC_AUX read back");
    asm volatile("rdtscp" : "=a"(a), "=d"(d), "=c"(c));
    report_eq(c, 0x12345678, "RDTSCP tells TSC_AUX");
    wrmsr(MSR_TSC_AUX, 0);
}

/* What must not be written to in passing. */
static bool is_delicate(uint32_t index)
{
    return index == MSR_TSC || index == MSR_TSC_ADJUST ||
           index == 0x40000000 /* would place a hypercall page */ ||
           index == MSR_TSC_DEADLINE;
}

static unsigned int sweep(uint32_t first, uint32_t count, uint32_t step)
{
    unsigned int readable = 0, vector;
    uint64_t v = 0, w = 0;

    for (uint32_t i = 0; i < count; i += step) {
        uint32_t m = first + i;

        vector = try_read(m, &v);
        if (vector != NO_FAULT) {
            report(vector == VEC_GP, "MSR %#x: vector %u", m, vector);
            continue;
        }
        readable++;
        if (is_delicate(m))
            continue;
        vector = try_write(m, v);
        report(vector == VEC_GP || vector == NO_FAULT, "MSR %#x: vector %u",
               m, vector);
        vector = try_write(m, v ^ BIT(47));
        report(vector == VEC_GP || vector == NO_FAULT, "MSR %#x: vector %u",
               m, vector);
        if (vector == NO_FAULT)
            try_write(m, v);
        report(try_read(m, &w) == NO_FAULT && w == v,
               "MSR %#x: %#llx became %#llx", m, (unsigned long long)v,
               (unsigned long long)w);
    }
    return readable;
}

TEST_MAIN()
{
    unsigned int n[6];

    test_kept();
    test_offered();
    test_refused();
    test_misc_enable();
    test_tsc();
    test_tsc_aux();
    n[0] = sweep(0, 0x2000, 1);
    n[1] = sweep(0xc0000000, 0x2000, 1);
    n[2] = sweep(0xc0010000, 0x2000, 1);
    n[3] = sweep(0x40000000, 0x300, 1);
    n[4] = sweep(0x2000, 0x40000000, 0x7654321);
    n[5] = sweep(0xc0012000, 0x3ffee000, 0x1234567);
    printf("readable: %u low, %u at c0000000, %u at c0010000, %u Xen's, %u "
           "others\n", n[0], n[1], n[2], n[3], n[4] + n[5]);
    report(!n[4] && !n[5], "MSRs where there are none");
    apic_init();
}
