/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two places, besides guest entry, where root mode takes interrupts.
 * Handlers run on the current stack; the caller holds no locks.
 */
#pragma once

/* Takes what is pending. STI takes effect after the next instruction (SDM
 * vol. 2B, STI), so one must stand between it and CLI. */
static inline void cpu_take_interrupts(void)
{
    asm volatile("sti; nop; cli" : : : "memory");
}

/* Sleeps until an interrupt and takes it. One that became pending after the
 * caller looked for work ends the sleep at once: HLT is in STI's shadow. */
static inline void cpu_idle_wait(void)
{
    asm volatile("sti; hlt; cli" : : : "memory");
}
