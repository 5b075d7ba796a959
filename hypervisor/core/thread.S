/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Changing stacks: void thread_switch(u64 *rdi save, u64 rsi load). Only what
 * the ABI makes callee-saved is kept; the rest is dead at a call. Root mode
 * uses no other state that differs between threads. Order: struct
 * thread_frame.
 */
    .section .text
    .globl thread_switch
    .type thread_switch, @function
thread_switch:
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, (%rdi)
    mov %rsi, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    ret
    .size thread_switch, . - thread_switch

/* A new thread: the stack holds a zero where a return address would be. */
    .globl thread_start
    .type thread_start, @function
thread_start:
    push $0     /* aligns the stack for the call */
    call thread_main
    ud2
    .size thread_start, . - thread_start
    .section .note.GNU-stack, "", @progbits
