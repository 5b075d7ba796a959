/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Paging and modes of 64-bit kernels: pages of 4 KiB, 2 MiB and 1 GiB, NX,
 * CR0.WP, SMEP, SMAP, UMIP, accessed and dirty bits, INVLPG, global pages;
 * SYSCALL and SYSRET; compatibility mode and hypercalls from there.
 *
 * SDM vol. 3A, "Paging"; APM vol. 2, "Long Mode".
 */
#include "tests/guest/lib/hypercall.h"
#include "tests/guest/lib/lib.h"
#include "tests/guest/lib/paging.h"
#include "tests/guest/lib/trap.h"

#define PTE (PTE_P | PTE_W)

static void test_sizes(void)
{
    volatile uint64_t *page = pages_alloc(1);
    uint64_t pa = (uintptr_t)page;
    char *v4k = va_alloc(), *v2m = va_alloc(), *v1g = va_alloc();

    *page = 1;
    page_map(v4k, pa, PTE);
    *page_entry(v2m, 2) = (pa & ~0x1fffffull) | PTE | PTE_PS;
    *(volatile uint64_t *)v4k += 1;
    *(volatile uint64_t *)(v2m + (pa & 0x1fffff)) += 1;
    report_eq(*page, 3, "4 KiB and 2 MiB page");
    if (cpuid(0x80000001, 0).d & BIT(26)) {
        *page_entry(v1g, 3) = (pa & ~0x3fffffffull) | PTE | PTE_PS;
        *(volatile uint64_t *)(v1g + (pa & 0x3fffffff)) += 1;
        report_eq(*page, 4, "1 GiB page");
        report(*page_entry(v1g, 3) & PTE_D, "1 GiB page is dirty");
    }
    report((*page_entry(v4k, 1) & (PTE_A | PTE_D)) == (PTE_A | PTE_D),
           "4 KiB page is dirty");
    report((*page_entry(v2m, 2) & (PTE_A | PTE_D)) == (PTE_A | PTE_D),
           "2 MiB page is dirty");
    page_map(v4k, pa, PTE);
    (void)*(volatile uint64_t *)v4k;
    report((*page_entry(v4k, 1) & (PTE_A | PTE_D)) == PTE_A,
           "accessed, not dirty");
}

static void test_invlpg(void)
{
    volatile uint32_t *a = pages_alloc(1), *b = pages_alloc(1);
    volatile uint32_t *v = (uint32_t *)va_alloc();

    *a = 1;
    *b = 2;
    page_map(v, (uintptr_t)a, PTE | PTE_G);
    report_eq(*v, 1, "first page");
    *page_entry(v, 1) = (uintptr_t)b | PTE | PTE_G;
    invlpg(v);
    report_eq(*v, 2, "after INVLPG");
    *page_entry(v, 1) = (uintptr_t)a | PTE;
    write_cr4(read_cr4() ^ CR4_PGE);
    write_cr4(read_cr4() ^ CR4_PGE);
    report_eq(*v, 1, "after CR4.PGE");
    *page_entry(v, 1) = (uintptr_t)b | PTE;
    write_cr3(read_cr3());
    report_eq(*v, 2, "after CR3");
}

static void test_wp(void)
{
    volatile char *v = va_alloc();

    page_map(v, (uintptr_t)pages_alloc(1), PTE_P);
    asm volatile(TRY("movb $1, (%0)") : : "r"(v) : "memory");
    report_eq(fault_take(), VEC_PF, "read-only with WP");
    /* Bochs's CPUs with CET take the write for one to a shadow stack: the
     * emulator ends. */
    if (option("arrow_lake") || option("sapphire_rapids"))
        return;
    write_cr0(read_cr0() & ~CR0_WP);
    asm volatile(TRY("movb $1, (%0)") : : "r"(v) : "memory");
    report_eq(fault_take(), NO_FAULT, "read-only without WP");
    write_cr0(read_cr0() | CR0_WP);
    report_eq(*v, 1, "it was written");
    asm volatile(TRY("movb $2, (%0)") : : "r"(v) : "memory");
    report_eq(fault_take(), VEC_PF, "read-only with WP again");
}

/* Calls a RET at va; a fault there comes back behind the call. */
static unsigned int execute(const char *va)
{
    asm volatile("lea 3f(%%rip), %%rax; push %%rax; mov %%rsp, %%rbx;"
                 "mov %0, %%rcx; jmp *%%rcx; 3:"
                 : : "r"(va) : "rax", "rbx", "rcx", "memory");
    return fault_take();
}

static void fetch_fault(struct trap_frame *f)
{
    this_cpu()->fault.vector = VEC_PF;
    this_cpu()->fault.error = f->error;
    f->rip = *(uint64_t *)f->rsp;
    f->rsp += 8;
}

static void test_nx(void)
{
    char *p = pages_alloc(1), *v = va_alloc();

    p[0] = (char)0xc3;
    trap_handler(VEC_PF, fetch_fault);
    page_map(v, (uintptr_t)p, PTE);
    report_eq(execute(v), NO_FAULT, "executable page");
    page_map(v, (uintptr_t)p, PTE | PTE_NX);
    report_eq(execute(v), VEC_PF, "NX page");
    report_eq(fault_error(), PFEC_PRESENT | PFEC_FETCH, "its error code");
    page_map(v, 0, 0);
    report_eq(execute(v), VEC_PF, "no page");
    report_eq(fault_error(), PFEC_FETCH, "its error code");
    if (cpuid(7, 0).b & BIT(7)) {
        page_map(v, (uintptr_t)p, PTE | PTE_U);
        report_eq(execute(v), NO_FAULT, "user page without SMEP");
        write_cr4(read_cr4() | CR4_SMEP);
        report_eq(execute(v), VEC_PF, "user page with SMEP");
        report_eq(fault_error(), PFEC_PRESENT | PFEC_FETCH, "error code");
        write_cr4(read_cr4() & ~CR4_SMEP);
    }
    trap_handler(VEC_PF, NULL);
}

static void test_smap(void)
{
    char *v = va_alloc();

    if (!(cpuid(7, 0).b & BIT(20)))
        return;
    page_map(v, (uintptr_t)pages_alloc(1), PTE | PTE_U);
    write_cr4(read_cr4() | CR4_SMAP);
    asm volatile(TRY("mov (%0), %%al") : : "r"(v) : "al", "memory");
    report_eq(fault_take(), VEC_PF, "user page with SMAP");
    report_eq(fault_error(), PFEC_PRESENT, "its error code");
    asm volatile("stac;" TRY("mov (%0), %%al") "clac"
                 : : "r"(v) : "al", "memory");
    report_eq(fault_take(), NO_FAULT, "with EFLAGS.AC");
    /* Hypercalls read the caller's memory by their own rules. */
    report(hypercall(__HYPERVISOR_xen_version, XENVER_extraversion,
                     addr(v)) <= 0, "hypercall with SMAP");
    write_cr4(read_cr4() & ~CR4_SMAP);
}

static unsigned long __user store_tables(unsigned long arg)
{
    struct desc_ptr p;

    asm volatile(TRY("sgdt %0") : "=m"(p));
    return arg;
}

static void test_umip(void)
{
    user_call(store_tables, 0);
    report_eq(fault_take(), NO_FAULT, "SGDT at CPL 3 without UMIP");
    if (!(cpuid(7, 0).c & BIT(2)))
        return;
    write_cr4(read_cr4() | CR4_UMIP);
    user_call(store_tables, 0);
    report_eq(fault_take(), VEC_GP, "SGDT at CPL 3 with UMIP");
    write_cr4(read_cr4() & ~CR4_UMIP);
}

static unsigned long __user touch(unsigned long at)
{
    asm volatile(TRY("mov (%0), %%al") : : "r"(at) : "al");
    return 0;
}

static void test_user_pages(void)
{
    char *v = va_alloc();

    page_map(v, (uintptr_t)pages_alloc(1), PTE);
    user_call(touch, (unsigned long)v);
    report_eq(fault_take(), VEC_PF, "supervisor page at CPL 3");
    report_eq(fault_error(), PFEC_PRESENT | PFEC_USER, "its error code");
    page_map(v, (uintptr_t)pages_alloc(1), PTE | PTE_U);
    user_call(touch, (unsigned long)v);
    report_eq(fault_take(), NO_FAULT, "user page at CPL 3");
}

/* SYSCALL lands here at CPL 0 on the user's stack; SYSRET goes back. */
extern char on_syscall[];
uint64_t syscall_hits;
asm("on_syscall: incq syscall_hits(%rip); mov %cs, %eax; sysretq");

static unsigned long __user do_syscall(unsigned long arg)
{
    unsigned long rc, cs;

    asm volatile("syscall" : "=a"(rc) : : "rcx", "r11", "memory");
    asm volatile("mov %%cs, %0" : "=r"(cs));
    return rc << 16 | cs;
}

static void test_syscall(void)
{
    unsigned long rc;

    /* SYSRET takes CS from the base + 16 and SS from the base + 8. */
    wrmsr(MSR_STAR, (uint64_t)(SEL_UCODE32 & ~3u) << 48 |
                    (uint64_t)SEL_CODE << 32);
    wrmsr(MSR_LSTAR, (uintptr_t)on_syscall);
    wrmsr(MSR_SFMASK, EFLAGS_IF);
    rc = user_call(do_syscall, 0);
    report_eq(syscall_hits, 1, "SYSCALL");
    report_eq(rc >> 16, SEL_CODE, "CS inside");
    report_eq(rc & 0xffff, SEL_UCODE, "CS after SYSRET");
}

/* 32-bit code under long mode; eax: version by a 32-bit hypercall. */
extern char compat_code[];
asm(".code32\n"
    "compat_code: mov $17, %eax; xor %ebx, %ebx; xor %ecx, %ecx;" VMCALL
    "mov %eax, %esi; xor %eax, %eax; dec %eax; inc %eax\n"
    "mov $0x40000000, %eax; cpuid; mov %ebx, %edi\n"
    "lret\n"
    ".code64");

static void test_compat(void)
{
    uint64_t version, signature;
    static struct {
        uint32_t to;
        uint16_t sel;
    } __packed far;

    far.to = (uint32_t)(uintptr_t)compat_code;
    far.sel = SEL_CODE32;

    asm volatile("push %%rbp; mov %%rsp, %%rbp; lcall *%2;"
                 "mov %%rbp, %%rsp; pop %%rbp"
                 : "=S"(version), "=D"(signature) : "m"(far)
                 : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11",
                   "memory");
    report_eq((uint32_t)version, 4 << 16 | 20,
              "hypercall from compatibility mode");
    report_eq(signature, cpuid(0x40000000, 0).b, "CPUID from there");
    asm volatile("mov %0, %%ss; mov %0, %%ds; mov %0, %%es"
                 : : "r"(SEL_DATA));
}

TEST_MAIN()
{
    test_sizes();
    test_invlpg();
    test_wp();
    test_nx();
    test_smap();
    test_umip();
    test_user_pages();
    test_syscall();
    test_compat();
}
