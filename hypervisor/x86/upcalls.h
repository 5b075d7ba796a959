/* SPDX-License-Identifier: GPL-2.0-only */
/* What the machine layer expects from above. */
#pragma once

#include "hypervisor/lib/util.h"

/* start/main.c: the first C function, on the boot CPU's stack with
 * host_pml4, interrupts off; magic and information as the loader left them.
 */
__noreturn void boot_main(uint32_t magic, uint32_t info);

/* start/main.c: another CPU is ready: descriptor tables, control registers,
 * local APIC and clock are set up, it is in cpus_online. */
__noreturn void ap_main(void);

/* core/timer.c: this CPU's deadline_set() time has come, or a little before
 * it: whoever has timers left sets the next deadline. Interrupts off, no
 * locks. */
void timer_interrupt(void);

/* hvm/: prepares this CPU for guests. On every CPU, boot CPU first, when
 * mm/ is up. Negative: the machine is unusable, and a message says why. */
int hvm_cpu_init(void);
