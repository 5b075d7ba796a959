/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a machine to a system: domain 0, and guests on every CPU.
 */
#include "hypervisor/start/main.h"

#include "hvm/dom0/build.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/sched.h"
#include "hypervisor/debug/log.h"

void lodge_start(const struct boot_info *bi)
{
    int rc = domain_init();

    if (!rc)
        rc = dom0_create(bi);
    if (rc)
        panic("domain 0 cannot be started (error %d)", -rc);
}

/* Each CPU's last call: from here on it is its idle vCPU. */
void cpu_run(void)
{
    sched_idle();
}
