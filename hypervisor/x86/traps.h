/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exceptions and the one layout of saved registers (entry.S). An exception
 * of Lodge itself is either in the exception table or the end: it is
 * reported on every console and the machine stops.
 */
#pragma once

#include "hypervisor/cpu/percpu.h"

#define TRAP_NMI 2
#define TRAP_BP 3
#define TRAP_DF 8
#define TRAP_PF 14
#define TRAP_MC 18
#define TRAP_COUNT 32

/* As entry.S pushes it; rip to ss are the CPU's. */
struct trap_frame {
    uint64_t r15, r14, r13, r12, rbp, rbx;
    uint64_t r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
    uint64_t vector;
    uint64_t error; /* 0 where the CPU pushes none */
    uint64_t rip, cs, rflags, rsp, ss;
};
_Static_assert(sizeof(struct trap_frame) == 22 * 8, "entry.S");

/* The descriptor tables (desc.c), which VT-x reloads on exits. */
DECLARE_PERCPU(uint64_t, host_gdt)[5];
DECLARE_PERCPU(struct tss, host_tss);
extern uint64_t host_idt[256][2];

/* Takes an NMI that ended a guest (VT-x); on return NMIs may come again. */
static inline void host_nmi(void)
{
    asm volatile("int $2" : : : "memory");
}

/* From entry.S, interrupts off: exceptions here, the rest to irq.c. */
void trap_dispatch(struct trap_frame *f);

/* desc.c: a GDT and a TSS of each CPU, one IDT for all. Makes and loads this
 * CPU's tables; its per-CPU area must be in place. */
void desc_init_cpu(void);
/* The boot CPU: the IDT too. */
void desc_init(void);
