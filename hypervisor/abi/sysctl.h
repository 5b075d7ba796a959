/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sysctl(arg): operations of the tool stack on the host. The caller passes a
 * struct xen_sysctl with interface_version set; anything but this version is
 * refused with -EACCES. Same layout for 32-bit callers.
 *
 * A null list handle in an "info" operation asks how many elements there are.
 */
#pragma once

#include "hypervisor/abi/xen.h"
#include "hypervisor/abi/domctl.h"

#define XEN_SYSCTL_INTERFACE_VERSION        0x00000015

#define XEN_SYSCTL_readconsole              1
#define XEN_SYSCTL_physinfo                 3
#define XEN_SYSCTL_sched_id                 4
#define XEN_SYSCTL_getdomaininfolist        6
#define XEN_SYSCTL_debug_keys               7
#define XEN_SYSCTL_getcpuinfo               8
#define XEN_SYSCTL_availheap                9
#define XEN_SYSCTL_cputopoinfo              16
#define XEN_SYSCTL_numainfo                 17
#define XEN_SYSCTL_cpupool_op               18
#define XEN_SYSCTL_scheduler_op             19
#define XEN_SYSCTL_pcitopoinfo              22
#define XEN_SYSCTL_get_cpu_levelling_caps   25
#define XEN_SYSCTL_get_cpu_featureset       26
#define XEN_SYSCTL_get_cpu_policy           29

struct xen_sysctl_readconsole {
    uint8_t clear;
    uint8_t incremental;            /* start at index */
    uint8_t pad0, pad1;
    uint32_t index;                 /* in/out */
    char_gptr_t buffer;
    uint32_t count;                 /* bytes; in/out */
};

struct xen_sysctl_physinfo {
    uint32_t threads_per_core;
    uint32_t cores_per_socket;
    uint32_t nr_cpus;               /* online */
    uint32_t max_cpu_id;
    uint32_t nr_nodes;
    uint32_t max_node_id;
    uint32_t cpu_khz;
    uint32_t capabilities;          /* XEN_SYSCTL_PHYSCAP_* */
    uint32_t arch_capabilities;
    uint32_t pad;
    uint64_t total_pages;
    uint64_t free_pages;
    uint64_t scrub_pages;
    uint64_t outstanding_pages;     /* claimed */
    uint64_t max_mfn;
    uint32_t hw_cap[8];             /* featureset words 0 to 7 */
};

#define XEN_SYSCTL_PHYSCAP_hvm              (1u << 0)
#define XEN_SYSCTL_PHYSCAP_hap              (1u << 3)
#define XEN_SYSCTL_PHYSCAP_gnttab_v1        (1u << 8)

struct xen_sysctl_sched_id {
    uint32_t sched_id;              /* out: XEN_SCHEDULER_* */
};

struct xen_sysctl_getdomaininfolist {
    domid_t first_domain;
    uint32_t max_domains;
    xen_domctl_getdomaininfo_gptr_t buffer;
    uint32_t num_domains;           /* out */
};

struct xen_sysctl_debug_keys {
    char_gptr_t keys;
    uint32_t nr_keys;
};

struct xen_sysctl_cpuinfo {
    uint64_t idletime;              /* ns */
};

DEFINE_GUEST_PTR(xen_sysctl_cpuinfo, struct xen_sysctl_cpuinfo);

struct xen_sysctl_getcpuinfo {
    uint32_t max_cpus;
    xen_sysctl_cpuinfo_gptr_t info;
    uint32_t nr_cpus;               /* out */
};

struct xen_sysctl_availheap {
    uint32_t min_bitwidth;          /* of the address, 0: any */
    uint32_t max_bitwidth;
    int32_t node;                   /* -1: all */
    uint64_t avail_bytes;           /* out */
};

struct xen_sysctl_cputopo {
    uint32_t core;
    uint32_t socket;
    uint32_t node;
};

DEFINE_GUEST_PTR(xen_sysctl_cputopo, struct xen_sysctl_cputopo);

struct xen_sysctl_cputopoinfo {
    uint32_t num_cpus;              /* in/out */
    xen_sysctl_cputopo_gptr_t cputopo;
};

struct xen_sysctl_meminfo {
    uint64_t memsize;               /* bytes */
    uint64_t memfree;               /* bytes */
};

DEFINE_GUEST_PTR(xen_sysctl_meminfo, struct xen_sysctl_meminfo);

struct xen_sysctl_numainfo {
    uint32_t num_nodes;             /* in/out */
    xen_sysctl_meminfo_gptr_t meminfo;
    uint32_gptr_t distance;         /* row * nodes returned + column */
};

struct xen_sysctl_pcitopoinfo {
    uint32_t num_devs;              /* in/out */
    uint64_t devs;                  /* a handle; never followed */
    uint32_gptr_t nodes;            /* out */
};

struct xen_sysctl_cpupool_op {
    uint32_t op;                    /* XEN_SYSCTL_CPUPOOL_OP_* */
    uint32_t cpupool_id;            /* in; out of create and info */
    uint32_t sched_id;              /* in of create; out of info */
    uint32_t domid;
    uint32_t cpu;
    uint32_t n_dom;                 /* out */
    struct xenctl_bitmap cpumap;    /* out of info and freeinfo */
};

#define XEN_SYSCTL_CPUPOOL_OP_INFO          3
#define XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN    6
#define XEN_SYSCTL_CPUPOOL_OP_FREEINFO      7

/* Scheduler parameters of a CPU pool. */
struct xen_sysctl_credit2_schedule {
    uint32_t ratelimit_us;
};

#define XEN_SYSCTL_SCHED_RATELIMIT_MAX      500000
#define XEN_SYSCTL_SCHED_RATELIMIT_MIN      100

struct xen_sysctl_scheduler_op {
    uint32_t cpupool_id;
    uint32_t sched_id;              /* XEN_SCHEDULER_* */
    uint32_t cmd;                   /* XEN_SYSCTL_SCHEDOP_* */
    union {
        struct xen_sysctl_credit2_schedule sched_credit2;
        uint64_t unread[2];
    } u;
};

#define XEN_SYSCTL_SCHEDOP_putinfo          0
#define XEN_SYSCTL_SCHEDOP_getinfo          1

/* What the CPU can hide of CPUID from PV guests. */
struct xen_sysctl_cpu_levelling_caps {
    uint32_t caps;                  /* out: XEN_SYSCTL_CPU_LEVELCAP_* */
};

struct xen_sysctl_cpu_featureset {
    uint32_t index;                 /* XEN_SYSCTL_cpu_featureset_* */
    uint32_t nr_features;           /* words; in/out */
    uint32_gptr_t features;
};

#define XEN_SYSCTL_cpu_featureset_raw       0
#define XEN_SYSCTL_cpu_featureset_host      1
#define XEN_SYSCTL_cpu_featureset_pv        2   /* -EOPNOTSUPP */
#define XEN_SYSCTL_cpu_featureset_hvm       3
#define XEN_SYSCTL_cpu_featureset_pv_max    4   /* -EOPNOTSUPP */
#define XEN_SYSCTL_cpu_featureset_hvm_max   5

struct xen_sysctl_cpu_policy {
    uint32_t index;                 /* XEN_SYSCTL_cpu_policy_* */
    uint32_t nr_leaves;             /* in/out */
    uint32_t nr_msrs;               /* in/out */
    uint32_t _rsvd;                 /* 0 */
    xen_cpuid_leaf_gptr_t leaves;
    xen_msr_entry_gptr_t msrs;
};

#define XEN_SYSCTL_cpu_policy_raw           0
#define XEN_SYSCTL_cpu_policy_host          1
#define XEN_SYSCTL_cpu_policy_pv_max        2   /* -EOPNOTSUPP */
#define XEN_SYSCTL_cpu_policy_hvm_max       3
#define XEN_SYSCTL_cpu_policy_pv_default    4   /* -EOPNOTSUPP */
#define XEN_SYSCTL_cpu_policy_hvm_default   5

struct xen_sysctl {
    uint32_t cmd;                   /* XEN_SYSCTL_readconsole.. */
    uint32_t interface_version;
    union {
        struct xen_sysctl_readconsole readconsole;
        struct xen_sysctl_physinfo physinfo;
        struct xen_sysctl_cputopoinfo cputopoinfo;
        struct xen_sysctl_pcitopoinfo pcitopoinfo;
        struct xen_sysctl_numainfo numainfo;
        struct xen_sysctl_sched_id sched_id;
        struct xen_sysctl_getdomaininfolist getdomaininfolist;
        struct xen_sysctl_debug_keys debug_keys;
        struct xen_sysctl_getcpuinfo getcpuinfo;
        struct xen_sysctl_availheap availheap;
        struct xen_sysctl_cpupool_op cpupool_op;
        struct xen_sysctl_scheduler_op scheduler_op;
        struct xen_sysctl_cpu_levelling_caps cpu_levelling_caps;
        struct xen_sysctl_cpu_featureset cpu_featureset;
        struct xen_sysctl_cpu_policy cpu_policy;
        uint8_t pad[128];
    } u;
};
