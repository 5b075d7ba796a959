/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sched_op(cmd, arg): a vCPU yields, waits for events or shuts its domain
 * down.
 */
#pragma once

#include "hypervisor/abi/xen.h"
#include "hypervisor/abi/event_channel.h"

#define SCHEDOP_yield               0
#define SCHEDOP_block               1
#define SCHEDOP_shutdown            2   /* struct sched_shutdown */
#define SCHEDOP_poll                3   /* struct sched_poll */
#define SCHEDOP_remote_shutdown     4   /* struct sched_remote_shutdown */
#define SCHEDOP_shutdown_code       5   /* struct sched_shutdown */
#define SCHEDOP_watchdog            6   /* struct sched_watchdog */
#define SCHEDOP_pin_override        7   /* struct sched_pin_override */

/* Why a domain shut down. */
#define SHUTDOWN_poweroff           0
#define SHUTDOWN_reboot             1
#define SHUTDOWN_suspend            2
#define SHUTDOWN_crash              3
#define SHUTDOWN_watchdog           4
#define SHUTDOWN_MAX                5

struct sched_shutdown {
    unsigned int reason;            /* SHUTDOWN_* */
};

struct sched_poll {
    evtchn_port_gptr_t ports;
    unsigned int nr_ports;
    uint64_t timeout;               /* absolute ns, 0: none */
};

struct sched_remote_shutdown {
    domid_t domain_id;
    unsigned int reason;            /* SHUTDOWN_* */
};

struct sched_watchdog {
    uint32_t id;                    /* 0: a new one */
    uint32_t timeout;               /* seconds, 0: stop */
};

struct sched_pin_override {
    int32_t pcpu;                   /* negative: undo */
};
