/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPUID describes one consistent machine: maxima, features that need others,
 * what the hypervisor keeps for itself, the bits that follow what the kernel
 * does, topology, and each offered instruction works.
 *
 * SDM vol. 2A, CPUID; APM vol. 3 appendix E; hypervisor/abi/cpuid.h.
 */
#include "hypervisor/abi/cpuid.h"
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/lib.h"
#include "tests/guest/lib/smp.h"
#include "tests/guest/lib/trap.h"

static bool feature(uint32_t leaf, char reg, unsigned int bit)
{
    struct cpuid r = { 0, 0, 0, 0 };

    if (leaf <= cpuid(leaf & 0x80000000, 0).a)
        r = cpuid(leaf, 0);
    return (reg == 'b' ? r.b : reg == 'c' ? r.c : r.d) >> bit & 1;
}

static void test_maxima(void)
{
    struct cpuid basic = cpuid(0, 0), ext = cpuid(0x80000000, 0), r;

    report(basic.a >= 1 && basic.a < 0x100, "last basic leaf %#x", basic.a);
    report(ext.a >= 0x80000008 && ext.a < 0x80000100,
           "last extended leaf %#x", ext.a);
    if (basic.b == 0x68747541) /* "Auth": AMD repeats itself */
        report(ext.b == basic.b && ext.c == basic.c && ext.d == basic.d,
               "vendor of the extended leaves");
    r = cpuid(ext.a + 1, 0);
    if (basic.b == 0x68747541)
        report(!(r.a | r.b | r.c | r.d), "leaf behind the last");
    r = cpuid(0x40000000 + 0xff00, 0);
    report(!(r.a | r.b | r.c | r.d), "nobody else's leaves");
}

static void test_hidden(void)
{
    struct cpuid r;

    report(feature(1, 'c', 31), "hypervisor bit");
    report(!feature(1, 'c', 5), "VMX");
    report(!feature(0x80000001, 'c', 2), "SVM");
    report(!feature(1, 'c', 3), "MONITOR");
    report(!feature(7, 'b', 2), "SGX");
    r = cpuid(0x80000008, 0);
    report((r.a & 0xff) >= 36 && (r.a & 0xff) <= 52 &&
           (r.a >> 8 & 0xff) == 48, "address widths %#x", r.a);
    if (cpuid(0x80000000, 0).a >= 0x8000000a) {
        r = cpuid(0x8000000a, 0);
        report(!(r.a | r.b | r.c | r.d), "SVM's leaf");
    }
    r = cpuid(5, 0);
    report(!(r.a | r.b | r.c | r.d), "MONITOR's leaf");
}

/* The second of each pair must be there if the first is. */
static const struct {
    uint32_t leaf;
    char reg;
    uint8_t bit;
    uint32_t leaf2;
    char reg2;
    uint8_t bit2;
    const char *what;
} needs[] = {
    { 1, 'd', 26, 1, 'd', 25, "SSE2 without SSE" },
    { 1, 'd', 25, 1, 'd', 24, "SSE without FXSR" },
    { 1, 'c', 0, 1, 'd', 26, "SSE3 without SSE2" },
    { 1, 'c', 20, 1, 'c', 19, "SSE4.2 without SSE4.1" },
    { 1, 'c', 28, 1, 'c', 26, "AVX without XSAVE" },
    { 1, 'c', 12, 1, 'c', 28, "FMA without AVX" },
    { 7, 'b', 5, 1, 'c', 28, "AVX2 without AVX" },
    { 7, 'b', 16, 7, 'b', 5, "AVX512F without AVX2" },
    { 1, 'c', 25, 1, 'd', 26, "AES without SSE2" },
    { 0x80000001, 'd', 29, 0x80000001, 'd', 20, "LM without NX" },
    { 0x80000001, 'd', 29, 1, 'd', 6, "LM without PAE" },
    { 1, 'c', 17, 0x80000001, 'd', 29, "PCID without LM" },
    { 7, 'c', 4, 7, 'c', 3, "OSPKE without PKU" },
};

static void test_dependencies(void)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(needs); i++)
        report(!feature(needs[i].leaf, needs[i].reg, needs[i].bit) ||
               feature(needs[i].leaf2, needs[i].reg2, needs[i].bit2),
               "%s", needs[i].what);
}

static void test_dynamic(void)
{
    unsigned long cr4 = read_cr4();
    uint64_t base;

    if (feature(1, 'c', 26)) {
        write_cr4(cr4 & ~CR4_OSXSAVE);
        report(!feature(1, 'c', 27), "OSXSAVE while CR4 is clear");
        write_cr4(cr4 | CR4_OSXSAVE);
        report(feature(1, 'c', 27), "no OSXSAVE while CR4 is set");
        write_cr4(cr4);
    }
    base = rdmsr(MSR_APIC_BASE);
    report(feature(1, 'd', 9), "there is a local APIC");
    wrmsr(MSR_APIC_BASE, base & ~APIC_BASE_ON);
    report(!feature(1, 'd', 9), "it is off");
    wrmsr(MSR_APIC_BASE, base);
    report(feature(1, 'd', 9), "it is on again");
}

static void test_topology(void)
{
    struct cpuid r = cpuid(1, 0), t;

    report_eq(r.b >> 24, smp_apic_id(0), "APIC id in leaf 1");
    report_eq(r.b >> 8 & 0xff, 8, "CLFLUSH lines of 64 bytes");
    report_eq(apic_read(APIC_ID) >> 24, smp_apic_id(0), "APIC id register");
    t = cpuid(4, 0);
    report(t.a >> 26 < (r.b >> 16 & 0xff), "%u cores, %u APIC ids",
           (t.a >> 26) + 1, r.b >> 16 & 0xff);
    if (cpuid(0, 0).a >= 0xb) {
        t = cpuid(0xb, 0);
        report_eq(t.d, smp_apic_id(0), "x2APIC id in leaf 0xb");
        report_eq(t.c & 0xff, 0, "subleaf 0 tells its number");
        report_eq(cpuid(0xb, 5).c & 0xff, 5, "subleaf 5 tells its number");
    }
}

static uint64_t xcr0_max;

static bool has_xsaves;

/*
 * What XSAVES writes is as long as leaf 0xd says, header and components
 * without gaps, and XRSTORS brings it back. This CPU has AVX.
 */
static void test_xsaves(uint32_t size)
{
    static uint8_t area[8192] __aligned(64);
    static uint32_t want[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, got[8];
    unsigned int n = sizeof(area);

    memset(area, 0xaa, sizeof(area));
    memset(area + 512, 0, 64);
    asm volatile("vmovups (%0), %%ymm3" : : "r"(want));
    asm volatile(TRY("xsaves (%0)") : : "r"(area), "a"(~0u), "d"(~0u)
                 : "memory");
    report_eq(fault_take(), NO_FAULT, "XSAVES");
    report_eq(*(uint64_t *)(area + 520), 1ull << 63 | xcr0_max,
              "components of the compacted form");
    while (n > 576 && area[n - 1] == 0xaa)
        n--;
    report(n <= size, "XSAVES has written %u bytes, leaf 0xd says %u", n,
           size);
    asm volatile("vxorps %ymm3, %ymm3, %ymm3");
    asm volatile(TRY("xrstors (%0)") : : "r"(area), "a"(~0u), "d"(~0u)
                 : "memory");
    report_eq(fault_take(), NO_FAULT, "XRSTORS");
    asm volatile("vmovups %%ymm3, (%0)" : : "r"(got) : "memory");
    report(!memcmp(got, want, sizeof(want)), "XRSTORS brings YMM3 back");
}

static void test_xsave(void)
{
    unsigned long cr4 = read_cr4();
    struct cpuid r = cpuid(0xd, 0), c;
    uint32_t size = 576, compacted = 576;

    if (!feature(1, 'c', 26)) {
        report(!(r.a | r.b | r.c | r.d), "leaf 0xd without XSAVE");
        return;
    }
    xcr0_max = r.a | (uint64_t)r.d << 32;
    report((xcr0_max & 3) == 3, "components %#llx",
           (unsigned long long)xcr0_max);
    report_eq(feature(1, 'c', 28), xcr0_max >> 2 & 1, "AVX and its state");
    for (unsigned int i = 2; i < 63; i++) {
        c = cpuid(0xd, i);
        if (!(xcr0_max >> i & 1)) {
            report(!(c.a | c.b), "component %u is not offered", i);
            continue;
        }
        report(c.a && c.b >= 576, "component %u: %u bytes at %u", i, c.a,
               c.b);
        if (c.a + c.b > size)
            size = c.a + c.b;
        if (c.c & BIT(1))
            compacted = (compacted + 63) / 64 * 64;
        compacted += c.a;
    }
    c = cpuid(0xd, 1);
    has_xsaves = c.a & BIT(3);
    report(!(c.c | c.d), "supervisor components %#x", c.c);
    report_eq(r.c, size, "largest XSAVE area");
    write_cr4(cr4 | CR4_OSXSAVE);
    asm volatile("xsetbv" : : "c"(0), "a"(3), "d"(0));
    report_eq(cpuid(0xd, 0).b, 576, "XSAVE area of x87 and SSE");
    asm volatile("xsetbv" : : "c"(0), "a"((uint32_t)xcr0_max), "d"(0));
    report_eq(cpuid(0xd, 0).b, size, "XSAVE area of all");
    /* Without XSAVEC and XSAVES nothing is compacted. */
    report_eq(cpuid(0xd, 1).b, c.a & (BIT(1) | BIT(3)) ? compacted : 0,
              "compacted area of all");
    if (has_xsaves && (xcr0_max & BIT(2)))
        test_xsaves(compacted);
    asm volatile("xsetbv" : : "c"(0), "a"(1), "d"(0));
    write_cr4(cr4);
}

/* An instruction is there if its bit is, and not otherwise. */
#define WORKS(bit, insn, ...)                                               \
    do {                                                                    \
        asm volatile(TRY(insn) : : __VA_ARGS__);                            \
        unsigned int v_ = fault_take();                                     \
        report((bit) ? v_ == NO_FAULT : v_ == VEC_UD,                       \
               "%s: bit %d, vector %u", insn, (bit), v_);                   \
    } while (0)

static void test_instructions(void)
{
    static char area[4096] __aligned(4096);
    unsigned long cr4 = read_cr4(), a = (unsigned long)area;

    asm volatile("" : : : "rax", "rbx", "rcx", "rdx");
    if (feature(0x80000001, 'd', 27))
        WORKS(1, "push %%rcx; rdtscp; pop %%rcx", "c"(0) : "rax", "rdx");
    WORKS(feature(1, 'c', 23), "popcnt %0, %%rax", "c"(a) : "rax");
    WORKS(feature(1, 'd', 19), "clflush (%0)", "r"(a) : "memory");
    if (feature(7, 'b', 0)) {
        write_cr4(cr4 | CR4_FSGSBASE);
        WORKS(1, "rdfsbase %%rax", "c"(a) : "rax");
        write_cr4(cr4);
        WORKS(0, "rdfsbase %%rax", "c"(a) : "rax");
    }
    if (feature(1, 'c', 26)) {
        write_cr4(cr4 | CR4_OSXSAVE);
        asm volatile("xsetbv" : : "c"(0), "a"((uint32_t)xcr0_max), "d"(0));
        WORKS(1, "xsave (%0)", "r"(a), "a"(7), "d"(0) : "memory");
        WORKS(1, "xrstor (%0)", "r"(a), "a"(7), "d"(0) : "memory");
        memset(area + 512, 0, 64);
        /* AMD-V cannot take them away from a guest. */
        if (has_xsaves || cpuid(0, 0).b == 0x756e6547) { /* "Genu" */
            WORKS(has_xsaves, "xsaves (%0)", "r"(a), "a"(7), "d"(0)
                  : "memory");
            WORKS(has_xsaves, "xrstors (%0)", "r"(a), "a"(7), "d"(0)
                  : "memory");
        }
        WORKS(feature(1, 'c', 28), "vxorps %%ymm0, %%ymm0, %%ymm0", "r"(a));
        asm volatile("xsetbv" : : "c"(0), "a"(1), "d"(0));
        write_cr4(cr4);
    }
    /* Never offered. */
    WORKS(0, "monitor", "a"(a), "c"(0), "d"(0));
    WORKS(0, "mwait", "a"(0), "c"(0));
    WORKS(0, "vmrun", "a"(a));
    WORKS(0, "stgi", "a"(a));
    WORKS(0, "clgi", "a"(a));
    WORKS(0, "vmload", "a"(a));
    WORKS(0, "vmsave", "a"(a));
    WORKS(0, "skinit", "a"(0));
    WORKS(0, "invlpga", "a"(a), "c"(0));
}

/* The forced emulation prefix must not reach the guest's own CPUID. */
static void test_xen_leaves(void)
{
    struct cpuid r = cpuid(xen_leaves + 3, 0), s;
    uint64_t khz;

    report(r.b <= XEN_CPUID_TSC_MODE_PVRDTSCP, "TSC mode %u", r.b);
    khz = r.c;
    s = cpuid(xen_leaves + 3, 1);
    report(s.c, "TSC multiplier");
    printf("TSC %llu kHz, flags %#x\n", (unsigned long long)khz, r.a);
    report(khz > 1000, "%llu kHz", (unsigned long long)khz);
    r = cpuid(xen_leaves + 4, 0);
    report(r.a & XEN_HVM_CPUID_VCPU_ID_PRESENT, "vCPU id");
    report(r.a & XEN_HVM_CPUID_DOMID_PRESENT, "domain id");
    report(r.c == 0 || !(start_info->flags & SIF_INITDOMAIN), "domain id 0");
}

TEST_MAIN()
{
    test_maxima();
    test_hidden();
    test_dependencies();
    test_dynamic();
    test_topology();
    test_xsave();
    test_instructions();
    test_xen_leaves();
}
