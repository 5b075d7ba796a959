/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The crash report: registers, code, stack, likely callers. Every word is
 * read through the exception table, so a broken stack pointer or a guard
 * page shortens the report and does no more.
 */
#include "hypervisor/cpu/cr.h"
#include "hypervisor/cpu/extable.h"
#include "hypervisor/cpu/layout.h"
#include "hypervisor/debug/console.h"
#include "hypervisor/debug/symbols.h"
#include "hypervisor/mm/map.h"
#include "hypervisor/x86/traps.h"

#define STACK_WORDS 24
#define CALLERS_MAX 24
#define CODE_BEFORE 16
#define CODE_BYTES 32

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

static void print_symbol(uint64_t va)
{
    unsigned int offset;
    const char *name = symbol_find(va, &offset);

    if (name)
        console_printf("%016lx %s+%#x\n", va, name, offset);
    else
        console_printf("%016lx\n", va);
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

/* A stack that ran over its end points into the guard page below it. */
static uint64_t skip_guard(uint64_t rsp)
{
    uint64_t v;

    rsp = ALIGN_DOWN(rsp, 8);
    return read_word(rsp, &v) ? rsp : ALIGN_UP(rsp, PAGE_SIZE);
}

static void dump_stack(uint64_t rsp)
{
    uint64_t start = skip_guard(rsp);
    uint64_t end = ALIGN_DOWN(start, STACK_SIZE) + STACK_SIZE;
    unsigned int callers = 0, words = 0;
    uint64_t v;

    if (start != ALIGN_DOWN(rsp, 8))
        console_printf("the stack is full, or rsp is wrong\n");
    for (uint64_t va = start; va < end && words < STACK_WORDS; va += 8) {
        if (!read_word(va, &v))
            break;
        console_printf("%s%016lx", words % 4 ? " " : words ? "\n       "
                                                           : "stack: ", v);
        words++;
    }
    console_printf("\ncalled, perhaps, from:\n");
    for (uint64_t va = start; va < end && callers < CALLERS_MAX; va += 8) {
        if (!read_word(va, &v))
            break;
        if (after_call(v)) {
            console_printf("  ");
            print_symbol(v);
            callers++;
        }
    }
}

void dump_frame(const struct trap_frame *f)
{
    console_printf("rip %016lx  cs %04lx  rflags %08lx  ss %04lx\n", f->rip,
                   f->cs, f->rflags, f->ss);
    console_printf("at ");
    print_symbol(f->rip);
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

void dump_here(void)
{
    uint64_t rsp;

    asm volatile("mov %%rsp, %0" : "=r"(rsp));
    console_printf("rsp %016lx  cr0 %08lx  cr3 %09lx  cr4 %06lx\n", rsp,
                   read_cr0(), read_cr3(), read_cr4());
    dump_stack(rsp);
}
