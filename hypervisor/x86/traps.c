/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What happens on an exception in root mode. NMI and machine checks may come
 * at any time, so their handlers touch per-CPU data only, until they decide
 * that this is the end.
 *
 * Then comes the crash report: registers, code, stack, likely callers. Every
 * word is read through the exception table, so a broken stack pointer or a
 * guard page shortens the report and does no more.
 */
#include "hypervisor/x86/traps.h"

#include "hypervisor/cpu/cr.h"
#include "hypervisor/cpu/layout.h"
#include "hypervisor/cpu/msr.h"
#include "hypervisor/debug/console.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/debug/upcalls.h"
#include "hypervisor/mm/map.h"
#include "hypervisor/x86/irq.h"
#include "hypervisor/x86/smp.h"

extern const int32_t extable_start[], extable_end[];

#define MC_STATUS_VALID BIT(63)
#define MC_STATUS_ADDRESS BIT(58)
#define STACK_MAX 24 /* words, callers */
#define CODE_BEFORE 16
#define CODE_BYTES 32

/*
 * Names of functions. The table is made from a first link by debug/symbols.awk
 * and linked in by a second; code does not move, since it is first in the
 * image. Without the table, as in the first link, there are just no names.
 */
struct symbol {
    uint32_t at, name; /* from text_start, in symbol_names */
};
extern const struct symbol symbol_table[] __attribute__((weak));
extern const uint32_t symbol_count __attribute__((weak));
extern const char symbol_names[] __attribute__((weak));

static DEFINE_PERCPU(unsigned int, trap_depth);

static const char *const trap_names[TRAP_COUNT] = {
    [0] = "divide error", [1] = "debug", [2] = "NMI", [3] = "breakpoint",
    [4] = "overflow", [5] = "bound range", [6] = "invalid opcode",
    [7] = "device not available", [8] = "double fault",
    [10] = "invalid TSS", [11] = "segment not present",
    [12] = "stack fault", [13] = "general protection",
    [14] = "page fault", [16] = "x87 error", [17] = "alignment check",
    [18] = "machine check", [19] = "SIMD error",
    [20] = "virtualization exception", [21] = "control protection",
    [28] = "hypervisor injection", [29] = "VMM communication",
    [30] = "security exception",
};

/* ---- the report ---------------------------------------------------------- */

static bool in_text(uint64_t va)
{
    return va >= (uint64_t)text_start && va < (uint64_t)text_end;
}

/* Reads a word that may not be mapped. */
static bool read_word(uint64_t va, uint64_t *v)
{
    bool ok = false;

    asm volatile("1: mov (%[va]), %[v]\n"
                 "movb $1, %[ok]\n"
                 "2:\n"
                 EXTABLE(1b, 2b)
                 : [v] "=&r"(*v), [ok] "+q"(ok)
                 : [va] "r"(va)
                 : "memory");
    return ok;
}

/* A line: the address, and the function around it if that is known. */
static void print_symbol(const char *before, uint64_t va)
{
    const struct symbol *s = symbol_table;
    uint32_t at = (uint32_t)(va - (uint64_t)text_start);

    console_printf("%s%016lx", before, va);
    if (&symbol_count && in_text(va)) {
        while (s < symbol_table + symbol_count && s->at <= at)
            s++;
        if (s > symbol_table)
            console_printf(" %s+%#x", symbol_names + s[-1].name, at - s[-1].at);
    }
    console_printf("\n");
}

/* True if the bytes before va can be a call: E8 rel32, or FF /2 with a
 * one-byte to six-byte operand. */
static bool after_call(uint64_t va)
{
    const uint8_t *p = (const uint8_t *)va;

    if (!in_text(va) || va - (uint64_t)text_start < 8)
        return false;
    if (p[-5] == 0xe8)
        return true;
    for (int back = 2; back <= 7; back++)
        if (p[-back] == 0xff && (p[1 - back] & 0x38) == 0x10)
            return true;
    return false;
}

static void dump_code(uint64_t rip)
{
    const uint8_t *p = (const uint8_t *)rip - CODE_BEFORE;

    if (!in_text(rip - CODE_BEFORE) || !in_text(rip + CODE_BYTES))
        return;
    console_printf("code:");
    for (unsigned int i = 0; i < CODE_BYTES; i++)
        console_printf(i == CODE_BEFORE ? " <%02x>" : " %02x", p[i]);
    console_printf("\n");
}

static void dump_stack(uint64_t rsp)
{
    uint64_t start = ALIGN_DOWN(rsp, 8), v;
    unsigned int callers = 0, words = 0;

    /* A stack that ran over its end points into the guard page below it. */
    if (!read_word(start, &v)) {
        console_printf("the stack is full, or rsp is wrong\n");
        start = ALIGN_UP(start, PAGE_SIZE);
    }
    uint64_t end = ALIGN_DOWN(start, STACK_SIZE) + STACK_SIZE;
    for (uint64_t va = start;
         va < end && words < STACK_MAX && read_word(va, &v); va += 8) {
        console_printf("%s%016lx", words % 4 ? " " : words ? "\n       "
                                                           : "stack: ", v);
        words++;
    }
    console_printf("\ncalled, perhaps, from:\n");
    for (uint64_t va = start;
         va < end && callers < STACK_MAX && read_word(va, &v); va += 8) {
        if (!after_call(v))
            continue;
        print_symbol("  ", v);
        callers++;
    }
}

static void dump_frame(const struct trap_frame *f)
{
    console_printf("rip %016lx  cs %04lx  rflags %08lx  ss %04lx\n", f->rip,
                   f->cs, f->rflags, f->ss);
    print_symbol("at ", f->rip);
    console_printf("rax %016lx  rbx %016lx  rcx %016lx  rdx %016lx\n",
                   f->rax, f->rbx, f->rcx, f->rdx);
    console_printf("rsi %016lx  rdi %016lx  rbp %016lx  rsp %016lx\n",
                   f->rsi, f->rdi, f->rbp, f->rsp);
    console_printf("r8  %016lx  r9  %016lx  r10 %016lx  r11 %016lx\n", f->r8,
                   f->r9, f->r10, f->r11);
    console_printf("r12 %016lx  r13 %016lx  r14 %016lx  r15 %016lx\n",
                   f->r12, f->r13, f->r14, f->r15);
    console_printf("cr0 %08lx  cr2 %016lx  cr3 %09lx  cr4 %06lx\n",
                   read_cr0(), read_cr2(), read_cr3(), read_cr4());
    dump_code(f->rip);
    dump_stack(f->rsp);
}

/* ---- exceptions ---------------------------------------------------------- */

/* Where to go on after a fault at rip, 0: nowhere. */
static uint64_t extable_find(uint64_t rip)
{
    for (const int32_t *e = extable_start; e < extable_end; e += 2)
        if ((uint64_t)e + (int64_t)e[0] == rip)
            return (uint64_t)(e + 1) + (int64_t)e[1];
    return 0;
}

static void report_page_fault(const struct trap_frame *f)
{
    console_printf("page fault: %s of %016lx: %s%s\n",
                   f->error & 0x10 ? "execution"
                   : f->error & 2  ? "write" : "read",
                   read_cr2(),
                   f->error & 1 ? "not allowed by its page"
                                : "nothing is mapped there",
                   f->error & 8 ? " (reserved bit set)" : "");
}

static void report_machine_check(void)
{
    uint64_t v;

    if (!rdmsr_safe(MSR_MCG_STATUS, &v))
        console_printf("machine check: MCG_STATUS %lx\n", v);
    for (unsigned int i = 0; i < 32; i++) { /* some may not exist */
        if (rdmsr_safe(MSR_MC0_CTL + 4 * i + 1, &v) || !(v & MC_STATUS_VALID))
            continue;
        console_printf("bank %u: status %016lx", i, v);
        if ((v & MC_STATUS_ADDRESS) && !rdmsr_safe(MSR_MC0_CTL + 4 * i + 2, &v))
            console_printf(" address %016lx", v);
        console_printf("\n");
    }
}

static __noreturn void fatal_trap(struct trap_frame *f)
{
    const char *name = trap_names[f->vector] ?: "exception";
    unsigned int depth = ++this_cpu(trap_depth);

    if (depth > 2)
        smp_stop_here();
    console_panic_begin();
    console_printf("\n*** %s (vector %lu, error %lx) in root mode on CPU %u"
                   "%s\n", name, f->vector, f->error, cpu_id(),
                   depth > 1 ? ", while reporting another" : "");
    if (depth == 1) {
        if (f->vector == TRAP_PF)
            report_page_fault(f);
        if (f->vector == TRAP_MC)
            report_machine_check();
        dump_frame(f);
    } else {
        console_printf("rip %016lx rsp %016lx cr2 %016lx\n", f->rip, f->rsp,
                       read_cr2());
    }
    panic("%s at %016lx", name, f->rip);
}

void trap_dispatch(struct trap_frame *f)
{
    if (f->vector >= TRAP_COUNT) {
        irq_dispatch((unsigned int)f->vector);
    } else if (f->vector == TRAP_NMI) {
        if (READ_ONCE(smp_stopping))
            smp_stop_here();
    } else if (f->vector == TRAP_BP && READ_ONCE(smp_stopping)) {
        dump_frame(f); /* panic() wants it */
    } else {
        bool fatal = f->vector == TRAP_DF || f->vector == TRAP_MC;
        uint64_t fixup = fatal ? 0 : extable_find(f->rip);

        if (!fixup)
            fatal_trap(f);
        f->rip = fixup;
    }
}
