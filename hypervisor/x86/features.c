/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPUID into struct cpu_features (SDM vol. 2A CPUID; APM vol. 3 appendix E),
 * and the control registers that follow from it. A CR4 bit is only ever set
 * after CPUID said that it exists.
 */
#include "hypervisor/x86/features.h"

#include "hypervisor/cpu/cpuid.h"
#include "hypervisor/cpu/cr.h"
#include "hypervisor/cpu/msr.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/lib/format.h"
#include "hypervisor/lib/string.h"

struct cpu_features cpu_features;

/* Single bits of CPUID, subleaf 0, and what follows from one that is set. */
enum { EAX, EBX, ECX, EDX };
static const struct {
    uint32_t leaf;
    uint8_t reg, bit;
    const char *name; /* in the report */
    bool *flag;       /* becomes true; or NULL */
    uint64_t cr4;     /* is switched on */
} bits[] = {
    { 0x80000001, ECX, 2, " svm", &cpu_features.svm, 0 },
    { 1, ECX, 5, " vmx", &cpu_features.vmx, 0 },
    { 1, ECX, 21, " x2apic", &cpu_features.x2apic, 0 },
    { 1, ECX, 24, " tsc-deadline", &cpu_features.tsc_deadline, 0 },
    { 0x80000007, EDX, 8, " invariant-tsc", &cpu_features.invariant_tsc, 0 },
    { 0x80000001, EDX, 27, " rdtscp", &cpu_features.rdtscp, 0 },
    { 1, EDX, 7, " mce", NULL, CR4_MCE },
    { 7, EBX, 0, " fsgsbase", NULL, CR4_FSGSBASE },
    { 7, EBX, 7, " smep", NULL, CR4_SMEP },
    { 7, EBX, 20, " smap", NULL, CR4_SMAP },
    { 7, ECX, 2, " umip", NULL, CR4_UMIP },
    { 1, ECX, 26, " xsave", &cpu_features.xsave, CR4_OSXSAVE },
};

/* What CR4 is to be; the names of the bits that are there. */
static uint64_t host_cr4 = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT;
static char names[128]; /* longer than all together */

void features_read(void)
{
    struct cpu_features *f = &cpu_features;
    struct cpuid_regs r = cpuid(0, 0);
    const uint32_t vendor[3] = { r.b, r.d, r.c };
    const uint32_t max_leaf = r.a;
    size_t n = 0;

    if (!memcmp(vendor, "GenuineIntel", 12))
        f->vendor = VENDOR_INTEL;
    else if (!memcmp(vendor, "AuthenticAMD", 12) ||
             !memcmp(vendor, "HygonGenuine", 12))
        f->vendor = VENDOR_AMD;

    r = cpuid(1, 0);
    f->stepping = r.a & 15;
    f->model = ((r.a >> 4) & 15) | ((r.a >> 12) & 0xf0);
    f->family = (r.a >> 8) & 15;
    if (f->family == 15)
        f->family += (r.a >> 20) & 0xff;

    uint32_t max_ext = cpuid(0x80000000, 0).a;
    if (max_ext >= 0x80000004)
        for (unsigned int i = 0; i < 3; i++) {
            r = cpuid(0x80000002 + i, 0);
            memcpy(f->name + 16 * i, &r, 16);
        }
    f->phys_bits = max_ext >= 0x80000008
                       ? MIN(cpuid(0x80000008, 0).a & 0xff, 52u) : 36;

    if (cpuid(1, 0).c & BIT(31)) {
        r = cpuid(0x40000000, 0);
        memcpy(f->hypervisor, &r.b, 12);
        f->emulator_tcg = !memcmp(f->hypervisor, "TCGTCGTCGTCG", 12);
    } else if (f->vendor == VENDOR_AMD && f->family >= 0x17 &&
               max_ext >= 0x8000000a) {
        /* Bochs gives no name, but every real Zen has decode assists. */
        r = cpuid(0x8000000a, 0);
        f->emulator_bochs = r.d && !(r.d & BIT(7));
    }
    for (unsigned int i = 0; i < ARRAY_SIZE(bits); i++) {
        if (bits[i].leaf > (bits[i].leaf >> 31 ? max_ext : max_leaf))
            continue;
        r = cpuid(bits[i].leaf, 0);
        if (!(((const uint32_t *)&r)[bits[i].reg] >> bits[i].bit & 1))
            continue;
        if (bits[i].flag)
            *bits[i].flag = true;
        host_cr4 |= bits[i].cr4;
        n += format(names + n, sizeof(names) - n, "%s", bits[i].name);
    }
    if (f->xsave && max_leaf >= 0xd) {
        r = cpuid(0xd, 0);
        f->xcr0_max = r.a | (uint64_t)r.d << 32;
        f->xsave_size = r.c;
        f->xsaves = cpuid(0xd, 1).a & BIT(3);
    }
}

void features_setup_cpu(void)
{
    const struct cpu_features *f = &cpu_features;

    write_cr4(host_cr4);
    wrmsr(MSR_PAT, HOST_PAT);
    if (f->xsave) /* x87 and SSE are always on */
        xsetbv(0, f->xcr0_max | BIT(0) | BIT(1));
    if (f->xsaves) /* whatever the firmware did: guests' XSAVES obeys it */
        wrmsr(MSR_XSS, 0);
}

void features_report(void)
{
    const struct cpu_features *f = &cpu_features;
    const char *name = f->name;

    while (*name == ' ')
        name++;
    log_info("CPU: %s (family %#x model %#x stepping %u), %u-bit physical"
             " addresses\n", name, f->family, f->model, f->stepping,
             f->phys_bits);
    log_info("CPU:%s\n", names);
    if (f->hypervisor[0])
        log_info("CPU: runs under a hypervisor, \"%s\"\n", f->hypervisor);
}
