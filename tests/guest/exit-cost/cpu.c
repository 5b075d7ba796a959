/* SPDX-License-Identifier: GPL-2.0-only */
/* Instructions that exit, and some that must not. */
#include "tests/guest/exit-cost/cost.h"

#include "tests/guest/lib/trap.h"

#define V_INT 0x92
#define MSR_NONE 0x12345        /* no CPU has it */

static unsigned long cr0, cr4;

static void op_cpuid(void) { (void)cpuid(0, 0); }
static void op_rdmsr(void) { (void)rdmsr(MSR_APIC_BASE); }
static void op_mtrr(void) { (void)rdmsr(0x200); }
static void op_wrmsr(void) { wrmsr(0x250, 0x0606060606060606); }
static void op_efer(void) { wrmsr(MSR_EFER, EFER_NXE | EFER_LME | EFER_SCE); }
static void op_cr0(void) { write_cr0(cr0); }
static void op_cr3(void) { write_cr3(read_cr3()); }
static void op_cr4(void) { write_cr4(cr4); }
static void op_cr8(void) { write_cr8(0); }
static void op_int(void) { asm volatile("int %0" : : "i"(V_INT)); }

static void op_fault(void)
{
    asm volatile(TRY("rdmsr") : : "c"(MSR_NONE) : "eax", "edx");
}

static void op_guest_fault(void)
{
    asm volatile(TRY("mov (%0), %%eax") : : "r"(1ull << 63) : "eax");
}

static void nothing(struct trap_frame *f) { }

static const struct operation ops[] = {
    OP("CPUID", op_cpuid),
    OP("MSR read", op_rdmsr),
    OP("MSR read, MTRR", op_mtrr),
    OP("MSR write, EFER", op_efer),
    OP("MSR write, MTRR", op_wrmsr),
    OP("MSR that faults", op_fault),
    OP("CR0 write", op_cr0),
    OP("CR4 write", op_cr4),
    OP("CR3 write", op_cr3),
    OP("CR8 write", op_cr8),
    OP("INT n (no exit)", op_int),
    OP("GP fault (no exit)", op_guest_fault),
};

void cost_cpu(void)
{
    trap_handler(V_INT, nothing);
    cr0 = read_cr0();
    cr4 = read_cr4();
    MEASURE(ops);
    fault_take();
}
