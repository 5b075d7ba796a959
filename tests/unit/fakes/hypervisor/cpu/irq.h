/* SPDX-License-Identifier: GPL-2.0-only */
/* Host test fake: functions that a test may define; nothing is pending. */
#ifndef FAKES_CPU_IRQ_H
#define FAKES_CPU_IRQ_H

void cpu_take_interrupts(void);
void cpu_idle_wait(void);

#endif
