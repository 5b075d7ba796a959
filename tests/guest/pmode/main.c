/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * 32-bit protected mode: segment limits, bases, presence and privilege,
 * INTO and BOUND, paging with pages of 4 KiB and 4 MiB, CPL 3 without paging,
 * a virtual-8086 task.
 *
 * SDM vol. 3A, "Protection", "32-Bit Paging", "8086 Emulation".
 */
#include "tests/guest/lib/hypercall.h"
#include "tests/guest/lib/lib.h"
#include "tests/guest/lib/trap.h"

#define WINDOW 0xc0000000u

static uint32_t data[4] = { 0x11, 0x22, 0x33, 0x44 };

static uint64_t descriptor(uint32_t base, uint32_t limit, uint32_t access)
{
    return (limit & 0xffff) | (uint64_t)(base & 0xffffff) << 16 |
           (uint64_t)(access & 0xff) << 40 |
           (uint64_t)(limit >> 16 & 0xf) << 48 |
           (uint64_t)(access >> 8 & 0xf) << 52 |
           (uint64_t)(base >> 24) << 56;
}

static unsigned int load_fs(uint64_t d)
{
    gdt_set(SEL_SPARE, d);
    asm volatile(TRY("mov %w0, %%fs") : : "r"(SEL_SPARE));
    return fault_take();
}

static unsigned int read_fs(uint32_t offset, uint32_t *v)
{
    asm volatile(TRY("mov %%fs:(%1), %0") : "=r"(*v) : "r"(offset));
    return fault_take();
}

/* QEMU looks at neither limits nor types when memory is accessed. */
static void checked(unsigned int vector, const char *what)
{
    if (option("hardware"))
        report_eq(vector, VEC_GP, what);
}

static void test_segments(void)
{
    uint32_t base = (uint32_t)data, v = 0;

    report_eq(load_fs(descriptor(base, 7, 0x493)), NO_FAULT, "8 bytes");
    report(read_fs(4, &v) == NO_FAULT && v == 0x22, "inside: %#x", v);
    checked(read_fs(8, &v), "behind the limit");
    checked(read_fs(5, &v), "over the limit");
    checked(read_fs(~0u, &v), "wraps");
    report_eq(load_fs(descriptor(base, 7, 0x497)), NO_FAULT, "expand-down");
    checked(read_fs(4, &v), "below it");
    report(read_fs(8, &v) == NO_FAULT && v == 0x33, "above it: %#x", v);
    report_eq(load_fs(descriptor(base, 7, 0x413)), VEC_NP, "not present");
    report_eq(fault_error(), SEL_SPARE, "error code");
    report_eq(load_fs(descriptor(base, 7, 0x499)), VEC_GP, "execute-only");
    load_fs(descriptor(base, 7, 0x491));
    asm volatile(TRY("movl $1, %fs:0"));
    checked(fault_take(), "write to read-only");
    asm volatile("mov %w0, %%fs" : : "r"(0));
    checked(read_fs(0, &v), "null selector");
    asm volatile(TRY("mov %w0, %%ss") : : "r"(0));
    report_eq(fault_take(), VEC_GP, "null stack");
    asm volatile(TRY("mov %w0, %%ss") : : "r"(SEL_UDATA));
    report_eq(fault_take(), VEC_GP, "stack of CPL 3");
    /* Hypercalls take linear addresses, whatever DS is. */
    report_eq(hypercall(__HYPERVISOR_xen_version, XENVER_version, 0),
              4 << 16 | 20, "hypercall");
}

static void test_bound_into(void)
{
    static const int32_t range[2] = { 5, 9 };

    asm volatile(TRY("bound %0, %1") : : "r"(7), "m"(range));
    report_eq(fault_take(), NO_FAULT, "BOUND inside");
    asm volatile(TRY("bound %0, %1") : : "r"(10), "m"(range));
    report_eq(fault_take(), VEC_BR, "BOUND outside");
    asm volatile("movb $0x7f, %%al; addb $1, %%al; into; 1:\n"
                 ".pushsection .extable, \"a\"; .long 1b, 1b; .popsection"
                 : : : "eax", "cc");
    report_eq(fault_take(), VEC_OF, "INTO");
    asm volatile(TRY("ljmp $0x7f8, $0"));
    report_eq(fault_take(), VEC_GP, "far jump to nowhere");
    report_eq(fault_error(), 0x7f8, "error code");
}

static unsigned long user(unsigned long arg)
{
    asm volatile(TRY("cli"));
    return arg + 1;
}

static void test_user(void)
{
    report_eq(user_call(user, 41), 42, "CPL 3");
    report_eq(fault_take(), VEC_GP, "CLI there");
}

/* CPL 3 code cannot go on: leave it as its end would. */
static void user_fault(struct trap_frame *f)
{
    this_cpu()->fault.vector = (unsigned int)f->vector;
    asm volatile("jmp user_end");
}

static uint32_t *pd, *pt;

static void test_paging(void)
{
    volatile uint32_t *page = pages_alloc(1), *v = (uint32_t *)WINDOW;

    pd = pages_alloc(1);
    pt = pages_alloc(1);
    for (uint32_t i = 0; i < 1024; i++)
        pd[i] = i << 22 | PTE_P | PTE_W | PTE_PS;
    pd[WINDOW >> 22] = (uintptr_t)pt | PTE_P | PTE_W | PTE_U;
    pt[0] = (uintptr_t)page | PTE_P | PTE_W;
    write_cr4(read_cr4() | CR4_PSE);
    write_cr3((uintptr_t)pd);
    write_cr0(read_cr0() | CR0_PG | CR0_WP);
    *v = 5;
    report_eq(*page, 5, "4 KiB page");
    report((pd[(uintptr_t)page >> 22] & PTE_A) && (pt[0] & PTE_D),
           "accessed and dirty");
    pt[0] = (uintptr_t)page | PTE_P;
    write_cr3(read_cr3());
    asm volatile(TRY("movl $1, (%0)") : : "r"(v) : "memory");
    report_eq(fault_take(), VEC_PF, "read-only");
    report_eq(fault_error(), PFEC_PRESENT | PFEC_WRITE, "error code");
    trap_handler(VEC_PF, user_fault);
    user_call(user, 0);
    trap_handler(VEC_PF, NULL);
    report_eq(fault_take(), VEC_PF, "CPL 3 in a supervisor page");
    report_eq(hypercall(__HYPERVISOR_xen_version, XENVER_version, 0),
              4 << 16 | 20, "hypercall");
    report_eq(hypercall(__HYPERVISOR_xen_version, XENVER_extraversion,
                        WINDOW + 4096), -EFAULT, "into nothing");
}

/* A task in virtual-8086 mode: real-mode code at TRAMPOLINE, whatever it may
 * not do comes here as #GP. */
extern char v86_code[], v86_code_end[];
asm(".code16\n"
    "v86_code: mov $0x1234, %ax; mov %ax, 0x200; mov %cs, %ax;"
    "mov %ax, 0x202; pushf; popw 0x204; incw 0x206; int $0x21; hlt\n"
    "v86_code_end: .code32");

void v86_enter(const uint32_t *frame, unsigned long *save, void *esp0);
asm("v86_enter: mov 4(%esp), %eax; mov 8(%esp), %ecx; mov 12(%esp), %edx\n"
    "push %ebx; push %ebp; push %esi; push %edi\n"
    "mov %esp, (%ecx); mov %esp, (%edx)\n"
    "mov $9, %ecx; lea 32(%eax), %esi\n"
    "1: push (%esi); sub $4, %esi; loop 1b; iret");

static volatile unsigned int v86_gp;

static void v86_fault(struct trap_frame *f)
{
    if (f->rflags & EFLAGS_VM)
        v86_gp++;
    asm volatile("jmp user_end");
}

static void test_v86(void)
{
    const uint32_t seg = TRAMPOLINE >> 4;
    /* EIP, CS, EFLAGS, ESP, SS, ES, DS, FS, GS; IOPL 3 for PUSHF. */
    const uint32_t frame[9] = { 0, seg, (uint32_t)(EFLAGS_VM | 2), 0x800,
                                seg, seg, seg, seg, seg };
    volatile uint16_t *out = (uint16_t *)(TRAMPOLINE + 0x200);
    uint32_t with_iopl[9];
    struct cpu *c = this_cpu();

    memcpy((void *)TRAMPOLINE, v86_code,
           (size_t)(v86_code_end - v86_code));
    memset((void *)(TRAMPOLINE + 0x200), 0, 16);
    trap_handler(VEC_GP, v86_fault);
    v86_enter(frame, &c->user_return, &c->tss.esp0);
    report(out[0] == 0x1234 && out[1] == seg, "ran: %#x %#x", out[0],
           out[1]);
    report_eq(v86_gp, 1, "PUSHF with IOPL 0 faults");
    report_eq(out[3], 0, "not further");
    memcpy(with_iopl, frame, sizeof(frame));
    with_iopl[2] |= EFLAGS_IOPL;
    v86_enter(with_iopl, &c->user_return, &c->tss.esp0);
    report_eq(out[3], 1, "went on with IOPL 3");
    report((out[2] & 0x3002) == 0x3002, "flags %#x", out[2]);
    report_eq(v86_gp, 2, "INT 21h through a gate of DPL 0");
    trap_handler(VEC_GP, NULL);
}

TEST_MAIN()
{
    test_segments();
    test_bound_into();
    test_user();
    test_v86();
    test_paging();
}
