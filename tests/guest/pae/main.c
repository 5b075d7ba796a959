/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PAE paging of 32-bit kernels: pages of 4 KiB and 2 MiB, NX, error codes,
 * the page-directory pointers that the CPU loads with CR3, hypercalls with
 * paging on, and back to no paging.
 *
 * SDM vol. 3A, "PAE Paging".
 */
#include "tests/guest/lib/hypercall.h"
#include "tests/guest/lib/lib.h"
#include "tests/guest/lib/trap.h"

#define PTE (PTE_P | PTE_W)
#define WINDOW 0xc0000000u  /* linear addresses for the tests */

static uint64_t *pdpt, *pds, *pt;

static void make_tables(void)
{
    pdpt = pages_alloc(1);
    pds = pages_alloc(4);
    pt = pages_alloc(1);
    for (unsigned int i = 0; i < 4; i++)
        pdpt[i] = (uintptr_t)(pds + i * 512) | PTE_P;
    for (uint64_t i = 0; i < 2048; i++)
        pds[i] = i << 21 | PTE | PTE_PS;
    pds[WINDOW >> 21] = (uintptr_t)pt | PTE | PTE_U;
}

static void flush(void)
{
    write_cr3(read_cr3());
}

static void test_pages(void)
{
    volatile uint32_t *page = pages_alloc(1), *v = (uint32_t *)WINDOW;

    pt[0] = (uintptr_t)page | PTE;
    pds[(WINDOW >> 21) + 1] = ((uintptr_t)page & ~0x1fffffu) | PTE | PTE_PS;
    flush();
    *v = 5;
    *(volatile uint32_t *)(WINDOW + 0x200000 +
                           ((uintptr_t)page & 0x1fffff)) += 2;
    report_eq(*page, 7, "both pages");
    report(pt[0] & PTE_D, "dirty");
    pt[0] = (uintptr_t)page | PTE_P;
    flush();
    asm volatile(TRY("movl $1, (%0)") : : "r"(v) : "memory");
    report_eq(fault_take(), VEC_PF, "read-only");
    report_eq(fault_error(), PFEC_PRESENT | PFEC_WRITE, "error code");
    report_eq(fault_address(), WINDOW, "CR2");
    pt[0] = 0;
    flush();
    asm volatile(TRY("movl (%0), %%eax") : : "r"(v) : "eax");
    report_eq(fault_take(), VEC_PF, "nothing");
    report_eq(fault_error(), 0, "error code");
}

static void fetch_fault(struct trap_frame *f)
{
    this_cpu()->fault.vector = VEC_PF;
    this_cpu()->fault.error = f->error;
    /* From CPL 0 no stack pointer was pushed: this is what CALL pushed. */
    f->rip = f->rsp;
}

static void test_nx(void)
{
    uint8_t *page = pages_alloc(1);

    if (!(cpuid(0x80000001, 0).d & BIT(20)))
        return;
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NXE);
    page[0] = 0xc3;
    pt[0] = (uintptr_t)page | PTE;
    flush();
    asm volatile("call *%0" : : "r"(WINDOW) : "memory");
    report_eq(fault_take(), NO_FAULT, "executable page");
    pt[0] |= PTE_NX;
    flush();
    /* The return address is on top of what the fault pushed. */
    trap_handler(VEC_PF, fetch_fault);
    asm volatile("mov %%esp, %%ebx; call *%0; mov %%ebx, %%esp"
                 : : "r"(WINDOW) : "ebx", "memory");
    trap_handler(VEC_PF, NULL);
    report_eq(fault_take(), VEC_PF, "NX page");
    report_eq(fault_error(), PFEC_PRESENT | PFEC_FETCH, "error code");
    pt[0] = 0;
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) & ~EFER_NXE);
}

/* They are checked when CR3 is loaded; memory is not looked at later. */
static void test_pdptes(void)
{
    uint64_t old = pdpt[3];

    pdpt[3] = 0;
    asm volatile(TRY("movl (%0), %%eax") : : "r"(WINDOW + 0x200000) : "eax");
    fault_take(); /* either way: hardware keeps what it loaded, or walks */
    flush();
    asm volatile(TRY("movl (%0), %%eax") : : "r"(WINDOW + 0x200000) : "eax");
    report_eq(fault_take(), VEC_PF, "absent directory");
    pdpt[3] = old;
    flush();
    asm volatile(TRY("movl (%0), %%eax") : : "r"(WINDOW + 0x200000) : "eax");
    report_eq(fault_take(), NO_FAULT, "directory again");
}

static void test_high_memory(void)
{
    volatile uint32_t *v = (uint32_t *)WINDOW;

    /* Nobody is there, 64 GiB up: a device's address, or nothing at all. */
    pt[0] = 1ull << 36 | PTE;
    flush();
    (void)*v;
    report(true, "a read beyond 4 GiB");
    pt[0] = 0;
    flush();
}

static void test_hypercalls(void)
{
    char text[16];

    report_eq(hypercall(__HYPERVISOR_xen_version, XENVER_version, 0),
              4 << 16 | 20, "version");
    report_eq(hypercall(__HYPERVISOR_xen_version, XENVER_extraversion,
                        addr(text)), 0, "extra version");
    report_eq(hypercall(__HYPERVISOR_xen_version, XENVER_extraversion,
                        WINDOW), -EFAULT, "into nothing");
}

TEST_MAIN()
{
    make_tables();
    write_cr4(read_cr4() | CR4_PAE);
    write_cr3((uintptr_t)pdpt);
    write_cr0(read_cr0() | CR0_PG | CR0_WP);
    report(read_cr0() & CR0_PG, "paging is on");
    test_pages();
    test_nx();
    test_pdptes();
    test_high_memory();
    test_hypercalls();
    write_cr0(read_cr0() & ~CR0_PG);
    write_cr4(read_cr4() & ~CR4_PAE);
    report_eq(hypercall(__HYPERVISOR_xen_version, XENVER_version, 0),
              4 << 16 | 20, "without paging again");
}
