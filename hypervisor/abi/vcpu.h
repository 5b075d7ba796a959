/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vcpu_op(cmd, vcpuid, arg): start and stop vCPUs, register the areas in which
 * a guest reads its run state, time and pending events.
 */
#pragma once

#include "hypervisor/abi/xen.h"

#define VCPUOP_initialise                       0   /* vcpu_hvm_context */
#define VCPUOP_up                               1
#define VCPUOP_down                             2
#define VCPUOP_is_up                            3
#define VCPUOP_get_runstate_info                4
#define VCPUOP_register_runstate_memory_area    5
#define VCPUOP_set_periodic_timer               6
#define VCPUOP_stop_periodic_timer              7
#define VCPUOP_set_singleshot_timer             8
#define VCPUOP_stop_singleshot_timer            9
#define VCPUOP_register_vcpu_info               10
#define VCPUOP_send_nmi                         11
#define VCPUOP_get_physid                       12
#define VCPUOP_register_vcpu_time_memory_area   13

#define RUNSTATE_running    0
#define RUNSTATE_runnable   1       /* waits for a CPU */
#define RUNSTATE_blocked    2       /* idle */
#define RUNSTATE_offline    3       /* down or paused */

/* The int and the words make this the one layout that compat.h repeats. */
struct vcpu_runstate_info {
    int state;                      /* RUNSTATE_* */
    uint64_t state_entry_time;      /* ns, | XEN_RUNSTATE_UPDATE */
    uint64_t time[4];               /* ns per RUNSTATE_* */
};

/* Set in state_entry_time while the guest's copy is being written. */
#define XEN_RUNSTATE_UPDATE     (1ull << 63)

/* The register operations of memory areas take a linear address. */

struct vcpu_set_periodic_timer {
    uint64_t period_ns;
};

struct vcpu_set_singleshot_timer {
    uint64_t timeout_abs_ns;        /* system time */
    uint32_t flags;                 /* VCPU_SSHOTTMR_* */
};

struct vcpu_register_vcpu_info {
    uint64_t mfn;                   /* the guest's frame number */
    uint32_t offset;                /* bytes into the frame */
    uint32_t rsvd;
};

struct vcpu_get_physid {
    uint64_t phys_id;               /* ACPI id << 32 | APIC id */
};
