/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exceptions and interrupts, CPU areas, descriptor tables, CPL 3.
 *
 * An instruction that may fault is written TRY("insn"): when it faults,
 * execution goes on behind it, and fault_take() tells which vector it was, or
 * NO_FAULT. A fault elsewhere ends the test. Each CPU has its own record.
 *
 *     asm volatile(TRY("mov %0, %%cr4") : : "r"(v) : "memory");
 *     report(fault_take() == VEC_GP, "reserved bit in CR4");
 */
#pragma once

#include "tests/guest/lib/lib.h"

/* Selectors. The first eight are there in both widths. */
#define SEL_CODE 0x08       /* of the kernel's own width */
#define SEL_DATA 0x10
#define SEL_CODE32 0x18
#define SEL_CODE16 0x20
#define SEL_DATA16 0x28
#define SEL_UCODE32 0x33
#define SEL_UDATA 0x3b
#define SEL_UCODE 0x43
#define SEL_SPARE 0x48      /* for tests, see gdt_set(); two slots in 64 bits */
#define SEL_TSS 0x58        /* two slots in 64 bits */

#define NO_FAULT 0xff
#define VEC_CALL_END 0x80   /* INT by which CPL 3 code returns */
#define VEC_FIRST_FREE 0x90 /* vectors for tests from here up */

struct trap_frame {
#ifdef __x86_64__
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
    uint64_t rdi, rsi, rbp, rbx, rdx, rcx, rax;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
#else
    uint32_t es, ds;
    uint32_t rdi, rsi, rbp, esp_ignored, rbx, rdx, rcx, rax;
    uint32_t vector, error;
    uint32_t rip, cs, rflags;
    uint32_t rsp, ss;               /* from CPL 3 and virtual-8086 mode */
    uint32_t v86_es, v86_ds, v86_fs, v86_gs;
#endif
};

struct fault {
    unsigned int vector;            /* or NO_FAULT */
    unsigned long error, address;   /* address: CR2 */
    unsigned long rip, rflags;
    unsigned int count;             /* since the last fault_take() */
};

struct tss64 {
    uint32_t pad0;
    uint64_t rsp[3], pad1, ist[7], pad2;
    uint16_t pad3, iomap;
} __packed;

struct tss32 {
    uint32_t link, esp0, ss0, pad[22];
    uint16_t trap, iomap;
    uint8_t redirect[32];
    uint8_t map_end[4];
} __packed;

/* At the low end of each CPU's area; its stack is above. */
struct cpu {
    unsigned int id, apic_id;
    struct fault fault;
    unsigned long user_return;      /* stack pointer that user_call() saved */
    uint64_t gdt[14] __aligned(16);
#ifdef __x86_64__
    struct tss64 tss;
#else
    struct tss32 tss;
#endif
    unsigned int line_used;
    char line[256];
    volatile bool started;
    void (*volatile work)(void *);  /* smp.c: what it is to do next */
    void *volatile work_arg;
    char ist_stack[3][4096] __aligned(16);
};

_Static_assert(sizeof(struct cpu) <= CPU_AREA / 2, "room for the stack");

extern char cpu_areas[MAX_CPUS][CPU_AREA];

static inline struct cpu *this_cpu(void)
{
    unsigned long sp;

    asm("mov %%" 
#ifdef __x86_64__
        "rsp"
#else
        "esp"
#endif
        ", %0" : "=r"(sp));
    return (struct cpu *)(sp & ~(CPU_AREA - 1ul));
}

static inline struct cpu *cpu_of(unsigned int id)
{
    return (struct cpu *)cpu_areas[id];
}

#define EXTABLE(from, to)                                                   \
    ".pushsection .extable, \"a\"\n"                                        \
    ".long " #from ", " #to "\n"                                            \
    ".popsection\n"

/* The hypercall instruction of this CPU, VMMCALL or VMCALL: see
 * hypercall_init(). */
#define VMCALL "7: vmmcall\n"                                               \
    ".pushsection .vmcalls, \"a\"\n.long 7b\n.popsection\n"

#define TRY(insn) "1: " insn "\n2:\n" EXTABLE(1b, 2b)

/* Vector of the fault since the last call, and no fault from now on. The
 * record stays readable in this_cpu()->fault, but for its vector. */
unsigned int fault_take(void);
/* Address that faulted last (CR2) and its error code. */
static inline unsigned long fault_address(void)
{
    return this_cpu()->fault.address;
}
static inline unsigned long fault_error(void)
{
    return this_cpu()->fault.error;
}

/*
 * fn is called for this vector, interrupts off, instead of what is usual. It
 * may change the frame. NULL: as before. Interrupts with no handler are
 * counted in stray_interrupts[]; all CPUs share the handlers.
 */
typedef void trap_fn(struct trap_frame *f);
void trap_handler(unsigned int vector, trap_fn *fn);
extern volatile unsigned int stray_interrupts[256];

/* Makes a gate's stack: 0 none, 1 to 3 those in struct cpu (64 bits only). */
void idt_set_ist(unsigned int vector, unsigned int ist);
/* Raw: present, privilege; tests of exceptions in delivery. */
void idt_set_present(unsigned int vector, bool present);
extern struct desc_ptr idt_pointer;

/* Descriptor at a selector of this CPU's table. */
void gdt_set(unsigned int selector, uint64_t descriptor);
uint64_t gdt_get(unsigned int selector);

/* Tables of this CPU; by init.c and smp.c. */
void trap_init(void);
void trap_init_cpu(void);

/* Code and data that CPL 3 may use (in 64 bits; see lib/paging.h). */
#define __user __attribute__((section(".user.text"), noinline))
#define __user_data __attribute__((section(".user.data")))

/*
 * Calls fn(arg) at CPL 3 with interrupts off and returns what it returns.
 * Faults of it are recorded as everywhere. It may use nothing but __user
 * code and data and must not be inlined.
 */
unsigned long user_call(unsigned long (*fn)(unsigned long),
                        unsigned long arg);
