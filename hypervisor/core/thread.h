/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one place where stacks are changed (thread.S). Everything above sees
 * a function that returns later.
 */
#pragma once

#include "hypervisor/lib/util.h"

/*
 * Saves the callee-saved registers on the stack and its pointer in *save,
 * then takes over the stack `load`, which was left in the same way or made
 * by thread_prepare(). Returns when somebody switches back. Interrupts off.
 */
void thread_switch(uint64_t *save, uint64_t load);

/* thread.S: where a new stack's first switch returns to. */
void thread_start(void);
/* sched.c: the first C function on a new stack; never returns. */
void thread_main(void);

/* What thread_switch() takes off a stack (thread.S). */
struct thread_frame {
    uint64_t r15, r14, r13, r12, rbx, rbp;
    uint64_t rip;
    uint64_t end; /* of the chain of callers: 0 */
};

/* The stack pointer to switch to for a new thread on a stack that ends at
 * top, which is aligned to 16 bytes. */
static inline uint64_t thread_prepare(void *top)
{
    struct thread_frame *f = (struct thread_frame *)top - 1;

    *f = (struct thread_frame){ .rip = (uint64_t)(uintptr_t)thread_start };
    return (uint64_t)(uintptr_t)f;
}
