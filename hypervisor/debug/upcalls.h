/* SPDX-License-Identifier: GPL-2.0-only */
/* What the log and the consoles expect from above. */
#pragma once

#include "hypervisor/lib/util.h"

/* A character from the serial console for domain 0 (its hvc0). Called from
 * the serial interrupt or timer, without locks. */
void console_input(char c);
/* A character while the console's input goes to Lodge: a debug key. */
void debug_key(char c);

/* x86/time.c: nanoseconds since boot; 0 until the clock runs. */
uint64_t now_ns(void);
/* x86/smp.c: brings all other CPUs to a halt for good, by NMI; any state. */
void smp_stop_others(void);
/* x86/smp.c: halts this CPU for good. */
__noreturn void smp_stop_here(void);
/* x86/power.c: restarts the machine, after a while if somebody may want to read
 * why; or halts it, if noreboot= says so. */
__noreturn void machine_end(bool wait);
