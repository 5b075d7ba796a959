/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stacks with room for the sanitizers' frames. They are parts of the stack of
 * one thread, far below what it uses itself, so that the sanitizers take them
 * for stack when control moves between them.
 */
#include "tests/unit/sim-stacks.h"

#include <pthread.h>
#include <stdlib.h>

#include "hypervisor/mm/map.h"
#include "tests/unit/fakes/fakes.h"

asm(".pushsection .text\n"
    ".include \"hypervisor/core/thread.S\"\n"
    ".popsection\n");

#define BIG_STACK (128 * 1024)
#define THREAD_STACK ((SIM_STACKS + 8) * (size_t)BIG_STACK)

static char *stacks, *next_stack, *free_stack;

void *stack_alloc(void)
{
    char *p = free_stack;

    if (!fake_may_alloc())
        return NULL;
    if (p) {
        free_stack = *(char **)p;
    } else {
        p = next_stack;
        next_stack += BIG_STACK;
        if (!p || next_stack > stacks + SIM_STACKS * (size_t)BIG_STACK)
            abort();
    }
    return p + BIG_STACK - STACK_SIZE;
}

void stack_free(void *stack)
{
    char *p = (char *)stack - (BIG_STACK - STACK_SIZE);

    *(char **)p = free_stack;
    free_stack = p;
}

void sim_thread(void *(*fn)(void *), void *arg)
{
    pthread_attr_t attr;
    pthread_t t;

    stacks = next_stack = aligned_alloc(4096, THREAD_STACK);
    if (!stacks || pthread_attr_init(&attr) ||
        pthread_attr_setstack(&attr, stacks, THREAD_STACK) ||
        pthread_create(&t, &attr, fn, arg) || pthread_join(t, NULL))
        abort();
    pthread_attr_destroy(&attr);
    free(stacks);
}
