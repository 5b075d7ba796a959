/* SPDX-License-Identifier: GPL-2.0-only */
/* Fakes of the points where root mode takes interrupts. */
#include <stdio.h>
#include <stdlib.h>

#include "hypervisor/cpu/irq.h"
#include "tests/unit/fakes/fakes.h"

FAKE void cpu_take_interrupts(void)
{
}

FAKE void cpu_idle_wait(void)
{
    fprintf(stderr, "cpu_idle_wait(): the test has no interrupts\n");
    abort();
}
