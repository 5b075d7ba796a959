/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What operations that leave the guest cost, in instructions: run under
 * `-icount shift=0`, where the TSC counts executed instructions, the guest's
 * own and the hypervisor's, and two runs print the same. No verdict on the
 * numbers; the loop around an operation is taken off.
 */
#include "hypervisor/abi/event_channel.h"
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/events.h"
#include "tests/guest/lib/hypercall.h"
#include "tests/guest/lib/lib.h"
#include "tests/guest/lib/trap.h"

#define ROUNDS 200u
#define V_PAGE 0x90
#define V_MSR 0x91

static void empty(void) { }
static void op_cpuid(void) { (void)cpuid(0, 0); }
static void op_version(void)
{
    (void)hypercall(__HYPERVISOR_xen_version, XENVER_version, 0);
}
static struct xen_feature_info features;
static void op_features(void)
{
    (void)hypercall(__HYPERVISOR_xen_version, XENVER_get_features,
                    addr(&features));
}
static evtchn_port_t ipi_port;
static void op_send(void) { (void)event_send(ipi_port); }
static void op_yield(void) { (void)sched_op(SCHEDOP_yield, NULL); }
static void op_rdmsr(void) { (void)rdmsr(MSR_APIC_BASE); }
static void op_mtrr(void) { (void)rdmsr(0x200); }
static void op_wrmsr(void) { wrmsr(0x250, 0x0606060606060606); }
static void op_efer(void) { wrmsr(MSR_EFER, EFER_NXE | EFER_LME | EFER_SCE); }
static void op_cr4(void) { write_cr4(read_cr4()); }
static void op_cr3(void) { write_cr3(read_cr3()); }
static void op_cr8(void) { write_cr8(0); }
static void op_port(void) { (void)inb(0x40); }
static void op_pci(void) { outl(0xcf8, 0x80000000); }
static void op_open_port(void) { (void)inb(0x80); }
static void op_int(void) { asm volatile("int $0x92"); }

/* Registers of the local APIC, by its page and by MSRs. */
#define PAGE_AT(reg) (APIC_DEFAULT_BASE + (reg))
#define MSR_OF(reg) (MSR_X2APIC + (reg) / 16)
static void page_read(void) { (void)mmio_read(PAGE_AT(APIC_LVT_ERROR)); }
static void page_tpr(void) { mmio_write(PAGE_AT(APIC_TPR), 0); }
static void page_eoi(void) { mmio_write(PAGE_AT(APIC_EOI), 0); }
static void page_timer(void) { mmio_write(PAGE_AT(APIC_TMICT), 1u << 30); }
static void page_self(void)
{
    mmio_write(PAGE_AT(APIC_ICR), ICR_SELF | ICR_ASSERT | V_PAGE);
    sti();
    cli();
}
static void page_ended(struct trap_frame *f) { page_eoi(); }
static void msr_read(void) { (void)rdmsr(MSR_OF(APIC_LVT_ERROR)); }
static void msr_tpr(void) { wrmsr(MSR_OF(APIC_TPR), 0); }
static void msr_eoi(void) { wrmsr(MSR_OF(APIC_EOI), 0); }
static void msr_timer(void) { wrmsr(MSR_OF(APIC_TMICT), 1u << 30); }
static void msr_self(void)
{
    wrmsr(MSR_OF(APIC_SELF_IPI), V_MSR);
    sti();
    cli();
}
static void msr_ended(struct trap_frame *f) { msr_eoi(); }
static void nothing(struct trap_frame *f) { }

struct operation {
    const char *name;
    void (*fn)(void);
};

static const struct operation ops[] = {
    { "CPUID", op_cpuid },
    { "hypercall xen_version(version)", op_version },
    { "hypercall xen_version(features)", op_features },
    { "hypercall evtchn send, pending", op_send },
    { "hypercall yield", op_yield },
    { "RDMSR APIC_BASE", op_rdmsr },
    { "RDMSR MTRR", op_mtrr },
    { "WRMSR MTRR fixed", op_wrmsr },
    { "WRMSR EFER, unchanged", op_efer },
    { "CR4 write, unchanged", op_cr4 },
    { "CR3 write (no exit)", op_cr3 },
    { "CR8 write (no exit)", op_cr8 },
    { "unclaimed port read", op_port },
    { "PCI address port write", op_pci },
    { "machine's port read (no exit)", op_open_port },
    { "INT n (no exit)", op_int },
};

static const struct operation page_ops[] = {
    { "xAPIC read", page_read },
    { "xAPIC write TPR", page_tpr },
    { "xAPIC EOI, nothing in service", page_eoi },
    { "xAPIC timer one-shot armed", page_timer },
    { "xAPIC self-IPI, taken and ended", page_self },
}, msr_ops[] = {
    { "x2APIC read", msr_read },
    { "x2APIC write TPR", msr_tpr },
    { "x2APIC EOI, nothing in service", msr_eoi },
    { "x2APIC timer one-shot armed", msr_timer },
    { "x2APIC self-IPI, taken and ended", msr_self },
};

static uint64_t run(void (*fn)(void))
{
    uint64_t start;

    for (unsigned int i = 0; i < 10; i++)
        fn();
    start = rdtsc();
    for (unsigned int i = 0; i < ROUNDS; i++) {
        fn();
        barrier();
    }
    return rdtsc() - start;
}

static uint64_t overhead;

static void show(const struct operation *o, unsigned int n)
{
    for (; n; n--, o++) {
        uint64_t cost = run(o->fn);

        cost = cost > overhead ? (cost - overhead) / ROUNDS : 0;
        printf("%-40s %llu\n", o->name, (unsigned long long)cost);
        report(cost < 1000000, "%s", o->name);
    }
}

TEST_MAIN()
{
    apic_init();
    trap_handler(V_PAGE, page_ended);
    trap_handler(V_MSR, msr_ended);
    trap_handler(0x92, nothing);
    overhead = run(empty);
    ipi_port = (evtchn_port_t)event_bind_ipi(0);
    event_send(ipi_port);
    printf("%-40s instructions\n", "operation");
    show(ops, ARRAY_SIZE(ops));
    show(page_ops, ARRAY_SIZE(page_ops));
    apic_write(APIC_TMICT, 0);
    if (x2apic_offered()) {
        apic_to_x2();
        show(msr_ops, ARRAY_SIZE(msr_ops));
        apic_write(APIC_TMICT, 0);
    }
}
