/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel starts in the state that the PVH protocol promises: registers,
 * start information, memory map, ACPI root; and finds the hypervisor by
 * CPUID and its page of hypercalls.
 *
 * Xen's documentation, "x86/HVM direct boot ABI"; hypervisor/abi/start-info.h
 * and cpuid.h. Selectors are undefined there, so only what hidden parts of
 * segments must allow is tested, by having come this far.
 */
#include "hypervisor/abi/cpuid.h"
#include "tests/guest/lib/hypercall.h"
#include "tests/guest/lib/lib.h"
#include "tests/guest/lib/trap.h"

static void test_registers(void)
{
    const struct entry_state *e = &entry_state;

    report(e->cr0 & CR0_PE, "CR0.PE is clear: %#x", e->cr0);
    report(!(e->cr0 & ~(uint32_t)(CR0_PE | CR0_ET)), "CR0 is %#x", e->cr0);
    report_eq(entry_cr4, 0, "CR4");
    report(!(e->eflags & (EFLAGS_IF | EFLAGS_VM | EFLAGS_TF)),
           "EFLAGS is %#x", e->eflags);
    report_eq(e->ebx, (uintptr_t)start_info, "EBX");
#ifndef __x86_64__
    report_eq(rdmsr(MSR_EFER), 0, "EFER");
#endif
}

static void test_start_info(void)
{
    const struct hvm_start_info *s = start_info;
    const struct hvm_modlist_entry *m =
        (const void *)(uintptr_t)s->modlist_paddr;

    report_eq(s->magic, XEN_HVM_START_MAGIC_VALUE, "magic");
    report(s->version >= 1, "version %u", s->version);
    report_eq(s->reserved, 0, "reserved");
    report(s->memmap_entries && s->memmap_paddr, "there is a memory map");
    report(!(s->flags & ~(uint32_t)(SIF_INITDOMAIN | SIF_PRIVILEGED)),
           "flags %#x", s->flags);
    report(!s->nr_modules == !s->modlist_paddr || !s->nr_modules,
           "modules without a list");
    for (unsigned int i = 0; i < s->nr_modules; i++)
        report(m[i].size && is_ram(m[i].paddr, m[i].size),
               "module %u at %#llx is not in RAM", i,
               (unsigned long long)m[i].paddr);
    if (s->cmdline_paddr) {
        const char *c = (const char *)(uintptr_t)s->cmdline_paddr;

        report(strlen(c) < 2048, "command line has an end");
        printf("command line: %s\n", c);
    }
}

static void test_memory_map(void)
{
    const struct hvm_memmap_table_entry *e, *f;
    uint64_t ram = 0;

    for (unsigned int i = 0; (e = memory_map(i)) != NULL; i++) {
        uint64_t end = e->addr + e->size;

        report(e->size && end > e->addr, "entry %u is empty", i);
        report(e->type >= 1 && e->type <= XEN_HVM_MEMMAP_TYPE_PMEM,
               "entry %u has type %u", i, e->type);
        report_eq(e->reserved, 0, "reserved");
        if (e->type == XEN_HVM_MEMMAP_TYPE_RAM)
            ram += e->size;
        for (unsigned int k = 0; k < i && (f = memory_map(k)) != NULL; k++)
            report(end <= f->addr || e->addr >= f->addr + f->size,
                   "entries %u and %u overlap", i, k);
    }
    report(ram >= 16 << 20, "%llu MiB of RAM",
           (unsigned long long)ram >> 20);
    report(is_ram((uintptr_t)image_start,
                  (uintptr_t)(image_end - image_start)),
           "this kernel is in RAM");
    report(is_ram(TRAMPOLINE, PAGE_SIZE), "RAM below 1 MiB");
    report(!is_ram(0xfee00000, PAGE_SIZE), "local APIC is no RAM");
}

/* Every page that is said to be RAM can be read; the ends, written. */
static void test_memory(void)
{
    const struct hvm_memmap_table_entry *e;
    volatile uint8_t *p;

    for (unsigned int i = 0; (e = memory_map(i)) != NULL; i++) {
        if (e->type != XEN_HVM_MEMMAP_TYPE_RAM ||
            e->addr + e->size > 0xb0000000ull)
            continue;
        for (uint64_t at = e->addr; at < e->addr + e->size; at += PAGE_SIZE)
            (void)*(volatile uint8_t *)(uintptr_t)at;
        p = (volatile uint8_t *)(uintptr_t)(e->addr + e->size - 1);
        *p = (uint8_t)~*p;
        *p = (uint8_t)~*p;
    }
    report(true, "all RAM is there");
}

static void test_rsdp(void)
{
    const uint8_t *p = (const uint8_t *)(uintptr_t)start_info->rsdp_paddr;
    uint8_t sum = 0, ext = 0;

    if (!report(p != NULL, "there is an ACPI root"))
        return;
    report(!memcmp(p, "RSD PTR ", 8), "signature of the ACPI root");
    report(p[15] >= 2, "revision %u", p[15]);
    for (unsigned int i = 0; i < 36; i++) {
        sum = (uint8_t)(sum + (i < 20 ? p[i] : 0));
        ext = (uint8_t)(ext + p[i]);
    }
    report_eq(sum, 0, "checksum");
    report_eq(ext, 0, "extended checksum");
}

static void test_cpuid(void)
{
    struct cpuid r = cpuid(xen_leaves, 0);

    report_eq(r.b, XEN_CPUID_SIGNATURE_EBX, "signature 1");
    report_eq(r.c, XEN_CPUID_SIGNATURE_ECX, "signature 2");
    report_eq(r.d, XEN_CPUID_SIGNATURE_EDX, "signature 3");
    report(r.a >= xen_leaves + 4 && r.a <= xen_leaves + 0xff,
           "last leaf %#x", r.a);
    report_eq(cpuid(xen_leaves + 1, 0).a, 0x40014, "version 4.20");
    r = cpuid(xen_leaves + 2, 0);
    report_eq(r.a, 1, "pages of hypercalls");
    report(cpuid(1, 0).c >> 31, "CPUID.1.ECX says no hypervisor");
    r = cpuid(xen_leaves + 4, 0);
    report(r.a & XEN_HVM_CPUID_VCPU_ID_PRESENT, "vCPU id is told");
    report_eq(r.b, 0, "vCPU id");
}

static void test_hypercalls(void)
{
    char text[sizeof(xen_capabilities_info_t)];
    struct xen_feature_info f = { 0 };

    for (unsigned int i = 0; i < 16; i++) {
        const uint8_t *stub = (uint8_t *)hypercall_page + i * 32;

        report(stub[0] == 0xb8 && stub[1] == i && stub[5] == 0x0f &&
               stub[6] == 0x01 && stub[8] == 0xc3, "stub %u", i);
    }
    report_eq(rdmsr(cpuid(xen_leaves + 2, 0).b), 0, "MSR of the page");
    report_eq(hypercall(__HYPERVISOR_xen_version, XENVER_version, 0),
              4 << 16 | 20, "version");
    report_eq(hypercall(__HYPERVISOR_xen_version, XENVER_get_features,
                        addr(&f)), 0, "features");
    report(f.submap >> XENFEAT_auto_translated_physmap & 1 &&
           f.submap >> XENFEAT_hvm_callback_vector & 1,
           "features %#x", f.submap);
    report_eq(!!(f.submap >> XENFEAT_dom0 & 1),
              !!(start_info->flags & SIF_INITDOMAIN), "domain 0");
    report_eq(hypercall(__HYPERVISOR_xen_version, XENVER_capabilities,
                        addr(text)), 0, "capabilities");
    report(str_starts(text, "hvm-3.0-x86_32 "), "capabilities: %s", text);
}

TEST_MAIN()
{
    test_registers();
    test_start_info();
    test_memory_map();
    test_memory();
    test_rsdp();
    test_cpuid();
    test_hypercalls();
}
