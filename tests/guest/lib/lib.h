/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every test kernel uses: report() for one check, printf() to say
 * something on the side, the start information, memory to take.
 *
 * A test is one folder with a main.c that has TEST_MAIN(). It runs on the
 * boot vCPU, in long mode (or in 32-bit mode without paging when it was built
 * for 32 bits), CPL 0, memory below 4 GiB mapped one to one, interrupts off,
 * all exceptions caught. When it returns the verdict is printed and the
 * domain powers off.
 */
#pragma once

#include <stdarg.h>

#include "hypervisor/abi/start-info.h"
#include "hypervisor/abi/xen.h"
#include "tests/guest/lib/x86.h"

#define MAX_CPUS 8
#define CPU_AREA 0x8000     /* stack and data of one CPU */
#define TRAMPOLINE 0x8000   /* where other CPUs start, in real mode */

#define TEST_MAIN()                                                         \
    const char test_name[] = GUEST_TEST;                                    \
    void test_main(void)

extern const char test_name[];
void test_main(void);

/*
 * One check. Silent if cond holds; otherwise prints the text and where it
 * stands, and the test has failed. Returns cond. Any CPU; not from CPL 3.
 */
#define report(cond, ...)                                                   \
    report_at(cond, __FILE__, __LINE__, __VA_ARGS__)
bool report_at(bool cond, const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Are they the same number? Both are shown if not. */
#define report_eq(got, want, what)                                          \
    report_eq_at((uint64_t)(got), (uint64_t)(want), __FILE__, __LINE__, what)
bool report_eq_at(uint64_t got, uint64_t want, const char *file, int line,
                  const char *what);

/* The test cannot be done here: says why, ends the domain. */
void __attribute__((noreturn, format(printf, 1, 2)))
skip(const char *fmt, ...);
/* Something is so wrong that nothing more can be tested. */
void __attribute__((noreturn, format(printf, 1, 2)))
fail(const char *fmt, ...);
/* Prints the verdict of what was reported so far and powers off. */
void __attribute__((noreturn)) finish(void);
/* The verdict, for tests whose end is not a power-off. True: all is well. */
bool print_verdict(void);

/* Understands %s %c %d %u %x %X %p %%, 0 and width, #, l, ll. Each line in
 * one piece; a line without its end is printed with the next. */
void __attribute__((format(printf, 1, 2))) printf(const char *fmt, ...);
/* Lines go to the serial port at 0x3f8 from now on, not to the hypervisor,
 * which has its own idea of what a guest may say. */
void console_to_serial(void);
int __attribute__((format(printf, 3, 4)))
snprintf(char *buf, size_t size, const char *fmt, ...);
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);

void *memcpy(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
bool str_equal(const char *a, const char *b);
bool str_starts(const char *s, const char *prefix);

extern const struct hvm_start_info *start_info;
/*
 * Is this word on the command line? Words that tests.ini uses: `hardware`
 * says that the machine is none of the emulators whose omissions
 * the bench works around.
 */
bool option(const char *word);
/* Entry i of the memory map, NULL behind the last. */
const struct hvm_memmap_table_entry *memory_map(unsigned int i);
/* Is every byte RAM by the memory map? */
bool is_ram(uint64_t start, uint64_t size);
/* n zeroed pages of RAM that nobody gives back, page aligned, in [2 MiB,
 * 4 GiB) outside the image. fail()s when there are none. */
void *pages_alloc(unsigned int n);
/* A gap of the physical address space (no RAM), 2 MiB long: grants, shared
 * info and the like may be mapped there. */
uint64_t gap_alloc(void);

/* First Xen leaf: 0x40000000, or 0x40000100 beside Hyper-V's. */
extern uint32_t xen_leaves;

extern char image_start[], image_end[];

/* Set by lib/head.S before anything else: the registers at entry. */
struct entry_state {
    uint32_t eax, ebx, ecx, edx, esi, edi, ebp, esp;
    uint32_t eflags, cr0;
    uint16_t cs, ds, es, ss, fs, gs, tr, ldt;
};
extern struct entry_state entry_state;
extern uint32_t entry_cr3, entry_cr4;

/* Called by lib/init.c; in this order. */
void console_init(void);
void memory_init(void);
