/* SPDX-License-Identifier: GPL-2.0-only */
/* Host test fake: functions that a test may define; nothing is pending. */
#pragma once

void cpu_take_interrupts(void);
void cpu_idle_wait(void);
