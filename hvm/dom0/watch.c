/* SPDX-License-Identifier: GPL-2.0-only */
/* The machine ends as domain 0 does. */
#include "hypervisor/abi/sched.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/debug/console.h"
#include "hypervisor/debug/upcalls.h"
#include "hypervisor/x86/power.h"
#include "hypervisor/x86/time.h"

#define RESTART_SECONDS 5u

void hardware_domain_shutdown(int reason)
{
    static const char *const how[] = {
        [SHUTDOWN_poweroff] = " powered off: so does the machine",
        [SHUTDOWN_reboot] = " restarts: so does the machine",
        [SHUTDOWN_crash] = " crashed",
        [SHUTDOWN_watchdog] = "'s watchdog ran out",
    };

    if (reason == SHUTDOWN_suspend)
        return;
    if ((unsigned int)reason < ARRAY_SIZE(how))
        console_printf("Domain 0%s.\n", how[reason]);
    else
        console_printf("Domain 0 shut down for reason %d.\n", reason);

    if (reason == SHUTDOWN_poweroff)
        machine_power_off();
    if (opt_noreboot) {
        console_printf("noreboot: the machine halts; restart it by hand.\n");
        machine_halt();
    }
    if (reason != SHUTDOWN_reboot) {
        console_printf("The machine restarts in %u seconds.\n",
                       RESTART_SECONDS);
        delay_us(RESTART_SECONDS * 1000000);
    }
    machine_restart();
}
