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
#include "hypervisor/lib/string.h"

struct cpu_features cpu_features;

#define XSTATE_X87 BIT(0)
#define XSTATE_SSE BIT(1)

static void read_vendor(void)
{
    struct cpu_features *f = &cpu_features;
    struct cpuid_regs r = cpuid(0, 0);
    char vendor[12];

    f->max_leaf = r.a;
    memcpy(vendor, &r.b, 4);
    memcpy(vendor + 4, &r.d, 4);
    memcpy(vendor + 8, &r.c, 4);
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

    f->max_ext_leaf = cpuid(0x80000000, 0).a;
    if (f->max_ext_leaf >= 0x80000004)
        for (unsigned int i = 0; i < 3; i++) {
            r = cpuid(0x80000002 + i, 0);
            memcpy(f->name + 16 * i, &r, 16);
        }
}

static void read_basic(void)
{
    struct cpu_features *f = &cpu_features;
    struct cpuid_regs r = cpuid(1, 0);

    f->vmx = r.c & BIT(5);
    f->pcid = r.c & BIT(17);
    f->x2apic = r.c & BIT(21);
    f->tsc_deadline = r.c & BIT(24);
    f->xsave = r.c & BIT(26);
    f->mce = (r.d & BIT(7)) && (r.d & BIT(14));
    f->apic = r.d & BIT(9);
    f->pat = r.d & BIT(16);
    if (r.c & BIT(31)) {
        r = cpuid(0x40000000, 0);
        memcpy(f->hypervisor, &r.b, 4);
        memcpy(f->hypervisor + 4, &r.c, 4);
        memcpy(f->hypervisor + 8, &r.d, 4);
        f->emulator_tcg = !memcmp(f->hypervisor, "TCGTCGTCGTCG", 12);
    }
    if (f->max_leaf >= 6)
        f->arat = cpuid(6, 0).a & BIT(2);
    if (f->max_leaf >= 7) {
        r = cpuid(7, 0);
        f->fsgsbase = r.b & BIT(0);
        f->smep = r.b & BIT(7);
        f->invpcid = r.b & BIT(10);
        f->smap = r.b & BIT(20);
        f->umip = r.c & BIT(2);
        f->la57 = r.c & BIT(16);
    }
    if (f->xsave && f->max_leaf >= 0xd) {
        r = cpuid(0xd, 0);
        f->xcr0_max = r.a | (uint64_t)r.d << 32;
        f->xsave_size = r.c;
    }
}

static void read_extended(void)
{
    struct cpu_features *f = &cpu_features;
    struct cpuid_regs r;

    f->phys_bits = 36;
    f->virt_bits = 48;
    if (f->max_ext_leaf >= 0x80000001) {
        r = cpuid(0x80000001, 0);
        f->svm = r.c & BIT(2);
        f->nx = r.d & BIT(20);
        f->gb_pages = r.d & BIT(26);
        f->rdtscp = r.d & BIT(27);
    }
    if (f->max_ext_leaf >= 0x80000007)
        f->invariant_tsc = cpuid(0x80000007, 0).d & BIT(8);
    if (f->max_ext_leaf >= 0x80000008) {
        r = cpuid(0x80000008, 0);
        f->phys_bits = MIN(r.a & 0xff, 52u);
        f->virt_bits = (r.a >> 8) & 0xff;
    }
    if (f->svm && f->max_ext_leaf >= 0x8000000a) {
        r = cpuid(0x8000000a, 0);
        f->svm_features = r.d;
        f->nr_asids = r.b;
    }
}

void features_read(void)
{
    memset(&cpu_features, 0, sizeof(cpu_features));
    read_vendor();
    read_basic();
    read_extended();
}

void features_setup_cpu(void)
{
    const struct cpu_features *f = &cpu_features;
    uint64_t cr4 = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT;

    cr4 |= f->mce ? CR4_MCE : 0;
    cr4 |= f->smep ? CR4_SMEP : 0;
    cr4 |= f->smap ? CR4_SMAP : 0;
    cr4 |= f->umip ? CR4_UMIP : 0;
    cr4 |= f->xsave ? CR4_OSXSAVE : 0;
    cr4 |= f->fsgsbase ? CR4_FSGSBASE : 0;
    write_cr4(cr4);
    write_cr0(CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE);
    if (f->pat)
        wrmsr(MSR_PAT, HOST_PAT);
    if (f->xsave)
        xsetbv(0, f->xcr0_max | XSTATE_X87 | XSTATE_SSE);
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
    log_info("CPU:%s%s%s%s%s%s%s%s%s%s\n",
             f->svm ? " svm" : "", f->vmx ? " vmx" : "",
             f->x2apic ? " x2apic" : "",
             f->tsc_deadline ? " tsc-deadline" : "",
             f->invariant_tsc ? " invariant-tsc" : "",
             f->smep ? " smep" : "", f->smap ? " smap" : "",
             f->umip ? " umip" : "", f->xsave ? " xsave" : "",
             f->gb_pages ? " 1g-pages" : "");
    if (f->hypervisor[0])
        log_info("CPU: runs under a hypervisor, \"%s\"\n", f->hypervisor);
}
