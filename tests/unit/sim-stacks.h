/* SPDX-License-Identifier: GPL-2.0-only */
/* Stacks for hypervisor threads in a host test, and the real thread_switch(). */
#pragma once

#define SIM_STACKS 96 /* at a time */

/*
 * Runs fn(arg) in a thread on whose stack there is room for all that
 * stack_alloc() gives; whatever switches stacks is called by it.
 */
void sim_thread(void *(*fn)(void *), void *arg);
