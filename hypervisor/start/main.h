/* SPDX-License-Identifier: GPL-2.0-only */
/* The hooks of the boot order (main.c has weak ones that do nothing). */
#ifndef LODGE_START_MAIN_H
#define LODGE_START_MAIN_H

#include "hypervisor/lib/util.h"

struct boot_info;

/* Boot CPU, all CPUs online, before its own cpu_run(): makes the units and
 * domain 0. Returns. */
void lodge_start(const struct boot_info *bi);
/* What every CPU does from then on: the idle loop. */
__noreturn void cpu_run(void);

#endif
