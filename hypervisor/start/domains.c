/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a machine to a system: the scheduler on every CPU, then domain 0.
 */
#include "hypervisor/start/main.h"

#include "hvm/dom0/build.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/sched.h"
#include "hypervisor/debug/log.h"

void lodge_start(const struct boot_info *bi)
{
    int rc = dom0_create(bi);

    if (rc)
        panic("domain 0 cannot be started (error %d)", -rc);
}

/* Each CPU's last call: from here on it is its idle vCPU. */
void cpu_run(void)
{
    int rc = sched_init_cpu(cpu_id());

    if (rc)
        panic("CPU %u: no memory for its run queue", cpu_id());
    sched_idle();
}
