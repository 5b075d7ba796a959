/* SPDX-License-Identifier: GPL-2.0-only */
/* The machine ends as domain 0 does. */
#include "hypervisor/abi/sched.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/debug/console.h"
#include "hypervisor/x86/power.h"
#include "hypervisor/x86/time.h"

#define RESTART_SECONDS 5u

static __noreturn void restart(unsigned int wait_s)
{
    if (opt_noreboot) {
        console_printf("noreboot: the machine halts; restart it by hand.\n");
        machine_halt();
    }
    if (wait_s) {
        console_printf("The machine restarts in %u seconds.\n", wait_s);
        delay_us(wait_s * 1000000);
    }
    machine_restart();
}

void hardware_domain_shutdown(int reason)
{
    switch (reason) {
    case SHUTDOWN_poweroff:
        console_printf("Domain 0 powered off: so does the machine.\n");
        machine_power_off();
    case SHUTDOWN_reboot:
        console_printf("Domain 0 restarts: so does the machine.\n");
        restart(0);
    case SHUTDOWN_suspend:
        return;
    case SHUTDOWN_watchdog:
        console_printf("Domain 0's watchdog ran out.\n");
        restart(RESTART_SECONDS);
    case SHUTDOWN_crash:
        console_printf("Domain 0 crashed.\n");
        restart(RESTART_SECONDS);
    default:
        console_printf("Domain 0 shut down for reason %d.\n", reason);
        restart(RESTART_SECONDS);
    }
}
