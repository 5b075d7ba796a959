/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every exception that can be raised in long mode arrives as on a bare CPU:
 * vector, error code, return address, CR2, DR6; also those that become a
 * double fault, those in the middle of a delivery, and single-stepping over
 * instructions that the hypervisor handles.
 *
 * SDM vol. 3A, "Interrupt and Exception Handling"; vol. 3B, "Debug".
 * QEMU has no #AC and no #XM, and #GP instead of #SS for addresses.
 */
#include "tests/guest/lib/hypercall.h"
#include "tests/guest/lib/lib.h"
#include "tests/guest/lib/paging.h"
#include "tests/guest/lib/trap.h"

static char *unmapped;

#define EXPECT(vec, err, what)                                              \
    do {                                                                    \
        report_eq(fault_take(), vec, what);                                 \
        report_eq(fault_error(), err, what " (error code)");                \
    } while (0)

static void test_plain(void)
{
    unsigned long lo = 1, hi = 0;

    asm volatile(TRY("div %2") : "+a"(lo), "+d"(hi) : "r"(0ul));
    EXPECT(VEC_DE, 0, "division by zero");
    asm volatile(TRY("ud2"));
    EXPECT(VEC_UD, 0, "UD2");
    asm volatile(TRY("mov (%0), %%al") : : "c"(1ul << 63) : "al");
    EXPECT(VEC_GP, 0, "non-canonical address");
    asm volatile("push %%rbp; mov %0, %%rbp;" TRY("mov (%%rbp), %%al")
                 "pop %%rbp" : : "r"(1ul << 63) : "al");
    report_eq(fault_take(), option("hardware") ? VEC_SS : VEC_GP,
              "non-canonical stack address");
    asm volatile(TRY("mov %w0, %%es") : : "r"(0x7fc8));
    EXPECT(VEC_GP, 0x7fc8, "selector behind the table");
    gdt_set(SEL_SPARE, gdt_get(SEL_DATA) & ~(1ull << 47));
    asm volatile(TRY("mov %w0, %%es") : : "r"(SEL_SPARE));
    EXPECT(VEC_NP, SEL_SPARE, "segment that is not present");
    asm volatile(TRY("mov %w0, %%ss") : : "r"(SEL_SPARE));
    EXPECT(VEC_SS, SEL_SPARE, "stack that is not present");
    asm volatile(TRY("int $0x7f"));
    report(fault_take() == NO_FAULT && stray_interrupts[0x7f] == 1, "INT n");
}

/* INT3, INT1 and INT 4 are traps: the return address is behind them. */
static volatile unsigned long seen_rip, seen_count, seen_dr6;

static void note(struct trap_frame *f)
{
    unsigned long dr6;

    asm volatile("mov %%dr6, %0" : "=r"(dr6));
    seen_rip = f->rip;
    seen_dr6 = dr6;
    seen_count++;
    if (f->vector == VEC_DB)
        asm volatile("mov %0, %%dr6" : : "r"(0xffff0ff0ul));
}

static void note_fault(struct trap_frame *f)
{
    note(f);
    f->rflags |= EFLAGS_RF;
}

#define SOFTWARE(insn, vec, what)                                           \
    do {                                                                    \
        unsigned long behind_;                                              \
        seen_count = 0;                                                     \
        trap_handler(vec, note);                                            \
        asm volatile("lea 1f(%%rip), %0; " insn "; 1:" : "=&r"(behind_)     \
                     : : "memory");                                         \
        trap_handler(vec, NULL);                                            \
        report_eq(seen_count, 1, what " (count)");                          \
        report_eq(seen_rip, behind_, what " (return address)");             \
    } while (0)

static void test_software(void)
{
    SOFTWARE("int3", VEC_BP, "INT3");
    SOFTWARE("int $3", VEC_BP, "INT 3");
    SOFTWARE("int $4", VEC_OF, "INT 4");
    SOFTWARE(".byte 0xf1", VEC_DB, "INT1");
}

#define STEP "pushf; orl $0x100, (%%rsp); popf; "
#define NO_STEP "pushf; andl $~0x100, (%%rsp); popf; "

/* One #DB behind each instruction, intercepted or not. */
#define STEPPED(insn, extra, what)                                          \
    do {                                                                    \
        unsigned long behind_;                                              \
        seen_count = 0;                                                     \
        trap_handler(VEC_DB, note_step);                                    \
        asm volatile("lea 1f(%%rip), %%rbx; mov %%rbx, %1;"                 \
                     "mov %%rbx, step_behind(%%rip);"                       \
                     STEP insn "; 1: nop;" NO_STEP                          \
                     : "=a"(behind_), "=m"(step_dummy)                      \
                     : "a"(0), "c"(extra)                                   \
                     : "rbx", "rdx", "memory", "cc");                       \
        trap_handler(VEC_DB, NULL);                                         \
        report_eq(step_hits, 1, what " (steps that end behind it)");        \
        report(seen_dr6 & BIT(14), what ": DR6 is %#lx", seen_dr6);         \
        step_hits = 0;                                                      \
    } while (0)

unsigned long step_behind;
static unsigned long step_dummy, step_hits;

static void note_step(struct trap_frame *f)
{
    if (f->rip == step_behind)
        step_hits++;
    note(f);
}

static void test_single_step(void)
{
    /* Bochs takes the trap behind an exit in the hypervisor, which dies. */
    if (option("bochs-amd"))
        return;
    STEPPED("nop", 0, "stepped NOP");
    STEPPED("cpuid", 0, "stepped CPUID");
    STEPPED("rdmsr", MSR_APIC_BASE, "stepped RDMSR");
    STEPPED("rdtsc", 0, "stepped RDTSC");
    STEPPED("mov $17, %%eax; xor %%edi, %%edi;" VMCALL, 0,
            "stepped hypercall");
    STEPPED("mov %%cr4, %%rax; mov %%rax, %%cr4", 0, "stepped CR4 write");
}

static volatile uint32_t watched[2];

static void test_breakpoints(void)
{
    /* Bochs does not set DR6 when the hypervisor intercepts #DB. */
    bool no_dr6 = option("bochs-amd");

    seen_count = 0;
    trap_handler(VEC_DB, note);
    asm volatile("mov %0, %%dr0; mov %1, %%dr7; "
                 : : "r"(&watched[0]), "r"(0x000d0402ul) : "memory");
    watched[0] = 1;
    report_eq(seen_count, 1, "write to a watched word");
    report(seen_dr6 & 1 || no_dr6, "DR6 is %#lx", seen_dr6);
    watched[1] = 1;
    report_eq(seen_count, 1, "write beside it");

    trap_handler(VEC_DB, note_fault);
    asm volatile("lea 1f(%%rip), %%rax; mov %%rax, %%dr1; mov %0, %%dr7;"
                 "1: nop" : : "r"(0x00000408ul) : "rax", "memory");
    report_eq(seen_count, 2, "execution of a watched address");
    report(seen_dr6 & 2 || no_dr6, "DR6 is %#lx", seen_dr6);
    asm volatile("mov %0, %%dr7" : : "r"(0x400ul));
    trap_handler(VEC_DB, NULL);
}

static void test_fpu(void)
{
    uint16_t fcw = 0x37b, fcw_old = 0x37f; /* zero divide unmasked */
    uint32_t mxcsr = 0x1d80, mxcsr_old = 0x1f80;
    unsigned int v;

    write_cr0(read_cr0() | CR0_TS);
    asm volatile(TRY("fnop"));
    EXPECT(VEC_NM, 0, "x87 with CR0.TS");
    asm volatile(TRY("movaps %xmm0, %xmm0"));
    EXPECT(VEC_NM, 0, "SSE with CR0.TS");
    asm volatile("clts");
    write_cr0((read_cr0() & ~CR0_MP) | CR0_EM);
    asm volatile(TRY("movaps %xmm0, %xmm0"));
    EXPECT(VEC_UD, 0, "SSE with CR0.EM");
    write_cr0((read_cr0() & ~CR0_EM) | CR0_MP);

    asm volatile("fninit; fldcw %0; fld1; fldz; fdivrp" : : "m"(fcw));
    asm volatile(TRY("fwait"));
    EXPECT(VEC_MF, 0, "x87 division by zero");
    asm volatile("fnclex; fldcw %0; fninit" : : "m"(fcw_old));

    asm volatile("ldmxcsr %0; xorps %%xmm0, %%xmm0; mov $1, %%eax; "
                 "cvtsi2ss %%eax, %%xmm1;" TRY("divss %%xmm0, %%xmm1")
                 "ldmxcsr %1" : : "m"(mxcsr), "m"(mxcsr_old) : "eax");
    v = fault_take();
    report(v == VEC_XM || (v == NO_FAULT && !option("hardware")),
           "SSE division by zero: %u", v);
}

static unsigned long __user unaligned(unsigned long arg)
{
    unsigned long v;

    asm volatile("pushf; orl $0x40000, (%%rsp); popf;"
                 TRY("mov 1(%%rsp), %0")
                 "pushf; andl $~0x40000, (%%rsp); popf" : "=r"(v));
    return 0;
}

static void test_alignment(void)
{
    unsigned int v;

    write_cr0(read_cr0() | CR0_AM);
    user_call(unaligned, 0);
    write_cr0(read_cr0() & ~CR0_AM);
    v = fault_take();
    report(v == VEC_AC || (v == NO_FAULT && !option("hardware")),
           "unaligned at CPL 3: %u", v);
}

static void test_page_faults(void)
{
    static const struct {
        uint64_t flags;
        bool write;
        unsigned int error;
        const char *what;
    } cases[] = {
        { 0, false, 0, "read of nothing" },
        { 0, true, PFEC_WRITE, "write to nothing" },
        { PTE_P, true, PFEC_PRESENT | PFEC_WRITE, "write to read-only" },
        { PTE_P | BIT(51), false, PFEC_PRESENT | PFEC_RSVD, "reserved bit" },
    };
    uint64_t pa = (uintptr_t)pages_alloc(1);
    unsigned int error;

    for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
        error = cases[i].error;
        /* QEMU forgets P when a bit is reserved. */
        if ((error & PFEC_RSVD) && !option("hardware"))
            error &= ~PFEC_PRESENT;
        page_map(unmapped, pa, cases[i].flags);
        if (cases[i].write)
            asm volatile(TRY("movb $1, 0x123(%0)") : : "r"(unmapped)
                         : "memory");
        else
            asm volatile(TRY("mov 0x123(%0), %%al") : : "r"(unmapped)
                         : "al", "memory");
        report_eq(fault_take(), VEC_PF, cases[i].what);
        report_eq(fault_error(), error, cases[i].what);
        report_eq(fault_address(), (uintptr_t)unmapped + 0x123, "CR2");
    }
    page_map(unmapped, 0, 0);
}

/* What is raised while another is being delivered. */
static volatile unsigned int double_faults;
static volatile unsigned long df_error;
static void *df_resume;

static void double_fault(struct trap_frame *f)
{
    double_faults++;
    df_error = f->error;
    f->rip = (uintptr_t)df_resume;
}

#define WITH_DOUBLE_FAULT(insn)                                             \
    asm volatile("lea 2f(%%rip), %%rax; mov %%rax, %0; mov %%rsp, %%rbx;"   \
                 TRY(insn) "mov %%rbx, %%rsp"                               \
                 : "=m"(df_resume) : "d"(unmapped)                          \
                 : "rax", "rbx", "rcx", "memory")

static void test_nested(void)
{
    idt_set_present(VEC_UD, false);
    asm volatile(TRY("ud2"));
    idt_set_present(VEC_UD, true);
    report_eq(fault_take(), VEC_NP, "#UD through an absent gate");
    report_eq(fault_error() & ~1ul, VEC_UD * 8 + 2, "its error code");

    trap_handler(VEC_DF, double_fault);
    idt_set_present(VEC_PF, false);
    WITH_DOUBLE_FAULT("mov (%%rdx), %%al");
    idt_set_present(VEC_PF, true);
    report_eq(double_faults, 1, "#PF, then #NP");
    report_eq(df_error, 0, "error code of #DF");

    idt_set_present(VEC_GP, false);
    WITH_DOUBLE_FAULT("mov $0x7fc8, %%eax; mov %%eax, %%es");
    idt_set_present(VEC_GP, true);
    report(double_faults == 1 || double_faults == 2, "#GP, then #NP");
    trap_handler(VEC_DF, NULL);
}

/*
 * The CPU pushes the frame to a page that has a gap of the physical address
 * space below it: domain 0 gets it as device memory only when it is touched,
 * by a nested page fault in the middle of the delivery.
 */
extern char on_new_stack[], back_from_it[];
unsigned long gap_rsp, gap_hits;
asm("on_new_stack: incq gap_hits(%rip); mov gap_rsp(%rip), %rsp;"
    "jmp back_from_it");

static void test_delivery_faults(void)
{
    struct tss64 *tss = &this_cpu()->tss;
    uint64_t old = tss->ist[1], gap = gap_alloc();
    struct {
        uint16_t low, sel, attr, mid;
        uint32_t high, zero;
    } *gate = (void *)(idt_pointer.base + VEC_UD * 16), saved = *gate;

    gate->low = (uint16_t)(uintptr_t)on_new_stack;
    gate->mid = (uint16_t)((uintptr_t)on_new_stack >> 16);
    idt_set_ist(VEC_UD, 2);
    tss->ist[1] = gap + PAGE_SIZE;
    asm volatile("mov %%rsp, gap_rsp(%%rip); ud2; back_from_it:"
                 : : : "memory");
    report_eq(gap_hits, 1, "delivery to a page that is not there yet");
    tss->ist[1] = gap + PAGE_SIZE;
    asm volatile("mov %%rsp, gap_rsp(%%rip); lea 1f(%%rip), %%rax;"
                 "jmp 2f; 1: ud2; 2:" : : : "rax", "memory");
    *gate = saved;
    tss->ist[1] = old;
}

static unsigned long __user int_kernel_gate(unsigned long arg)
{
    asm volatile(TRY("int $0x40"));
    asm volatile(TRY("hlt"));
    return arg;
}

static unsigned long __user privileged(unsigned long arg)
{
    asm volatile(TRY("cli"));
    return arg + 1;
}

static void test_user(void)
{
    report_eq(user_call(privileged, 41), 42, "CPL 3 code returns");
    EXPECT(VEC_GP, 0, "CLI at CPL 3");
    user_call(int_kernel_gate, 0);
    report_eq(fault_take(), VEC_GP, "HLT at CPL 3");
}

TEST_MAIN()
{
    unmapped = va_alloc();
    page_map(unmapped, 0, 0);
    test_plain();
    test_software();
    test_single_step();
    test_breakpoints();
    test_fpu();
    test_alignment();
    test_page_faults();
    test_nested();
    if (start_info->flags & SIF_INITDOMAIN)
        test_delivery_faults();
    test_user();
}
