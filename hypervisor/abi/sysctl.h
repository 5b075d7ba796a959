/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sysctl(arg): operations of the tool stack on the host. The caller passes a
 * struct xen_sysctl with interface_version set; anything but this version is
 * refused with -EACCES. Same layout for 32-bit callers, except page_offline.
 *
 * A null list handle in an "info" operation asks how many elements there are.
 */
#ifndef ABI_SYSCTL_H
#define ABI_SYSCTL_H

#include "hypervisor/abi/xen.h"
#include "hypervisor/abi/domctl.h"
#include "hypervisor/abi/physdev.h"

#define XEN_SYSCTL_INTERFACE_VERSION        0x00000015

#define XEN_SYSCTL_readconsole              1
#define XEN_SYSCTL_tbuf_op                  2
#define XEN_SYSCTL_physinfo                 3
#define XEN_SYSCTL_sched_id                 4
#define XEN_SYSCTL_perfc_op                 5
#define XEN_SYSCTL_getdomaininfolist        6
#define XEN_SYSCTL_debug_keys               7
#define XEN_SYSCTL_getcpuinfo               8
#define XEN_SYSCTL_availheap                9
#define XEN_SYSCTL_get_pmstat               10
#define XEN_SYSCTL_cpu_hotplug              11
#define XEN_SYSCTL_pm_op                    12
#define XEN_SYSCTL_page_offline_op          14
#define XEN_SYSCTL_lockprof_op              15
#define XEN_SYSCTL_cputopoinfo              16
#define XEN_SYSCTL_numainfo                 17
#define XEN_SYSCTL_cpupool_op               18
#define XEN_SYSCTL_scheduler_op             19
#define XEN_SYSCTL_coverage_op              20
#define XEN_SYSCTL_psr_cmt_op               21
#define XEN_SYSCTL_pcitopoinfo              22
#define XEN_SYSCTL_psr_alloc                23
#define XEN_SYSCTL_get_cpu_levelling_caps   25
#define XEN_SYSCTL_get_cpu_featureset       26
#define XEN_SYSCTL_livepatch_op             27
#define XEN_SYSCTL_get_cpu_policy           29
#define XEN_SYSCTL_dt_overlay               30

struct xen_sysctl_readconsole {
    uint8_t clear;
    uint8_t incremental;            /* start at index */
    uint8_t pad0, pad1;
    uint32_t index;                 /* in/out */
    char_gptr_t buffer;
    uint32_t count;                 /* bytes; in/out */
};

struct xen_sysctl_tbuf_op {
    uint32_t cmd;                   /* XEN_SYSCTL_TBUFOP_* */
    struct xenctl_bitmap cpu_mask;
    uint32_t evt_mask;
    uint64_t buffer_mfn;            /* out */
    uint32_t size;                  /* in/out */
};

#define XEN_SYSCTL_TBUFOP_get_info          0
#define XEN_SYSCTL_TBUFOP_set_cpu_mask      1
#define XEN_SYSCTL_TBUFOP_set_evt_mask      2
#define XEN_SYSCTL_TBUFOP_set_size          3
#define XEN_SYSCTL_TBUFOP_enable            4
#define XEN_SYSCTL_TBUFOP_disable           5

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
#define XEN_SYSCTL_PHYSCAP_pv               (1u << 1)
#define XEN_SYSCTL_PHYSCAP_directio         (1u << 2)
#define XEN_SYSCTL_PHYSCAP_hap              (1u << 3)
#define XEN_SYSCTL_PHYSCAP_shadow           (1u << 4)
#define XEN_SYSCTL_PHYSCAP_iommu_hap_pt_share   (1u << 5)
#define XEN_SYSCTL_PHYSCAP_vmtrace          (1u << 6)
#define XEN_SYSCTL_PHYSCAP_vpmu             (1u << 7)
#define XEN_SYSCTL_PHYSCAP_gnttab_v1        (1u << 8)
#define XEN_SYSCTL_PHYSCAP_gnttab_v2        (1u << 9)
#define XEN_SYSCTL_PHYSCAP_MAX              XEN_SYSCTL_PHYSCAP_gnttab_v2

struct xen_sysctl_sched_id {
    uint32_t sched_id;              /* out: XEN_SCHEDULER_* */
};

struct xen_sysctl_perfc_desc {
    char name[80];
    uint32_t nr_vals;
};

typedef uint32_t xen_sysctl_perfc_val_t;

DEFINE_GUEST_PTR(xen_sysctl_perfc_desc, struct xen_sysctl_perfc_desc);
DEFINE_GUEST_PTR(xen_sysctl_perfc_val, xen_sysctl_perfc_val_t);

struct xen_sysctl_perfc_op {
    uint32_t cmd;                   /* XEN_SYSCTL_PERFCOP_* */
    uint32_t nr_counters;           /* out */
    uint32_t nr_vals;               /* out */
    xen_sysctl_perfc_desc_gptr_t desc;
    xen_sysctl_perfc_val_gptr_t val;
};

#define XEN_SYSCTL_PERFCOP_reset            1
#define XEN_SYSCTL_PERFCOP_query            2

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

/* Power states. */
struct pm_px_val {
    uint64_t freq;                  /* MHz */
    uint64_t residency;             /* ns */
    uint64_t count;
};

DEFINE_GUEST_PTR(pm_px_val, struct pm_px_val);

struct pm_px_stat {
    uint8_t total;
    uint8_t usable;
    uint8_t last;
    uint8_t cur;
    uint64_gptr_t trans_pt;         /* total squared */
    pm_px_val_gptr_t pt;
};

struct pm_cx_stat {
    uint32_t nr;
    uint32_t last;
    uint64_t idle_time;             /* ns */
    uint64_gptr_t triggers;
    uint64_gptr_t residencies;
    uint32_t nr_pc;
    uint32_t nr_cc;
    uint64_gptr_t pc;
    uint64_gptr_t cc;
};

struct xen_sysctl_get_pmstat {
    uint32_t type;                  /* PMSTAT_get_*, PMSTAT_reset_* */
    uint32_t cpuid;
    union {
        struct pm_px_stat getpx;
        struct pm_cx_stat getcx;
    } u;
};

#define PMSTAT_CATEGORY_MASK        0xf0
#define PMSTAT_PX                   0x10
#define PMSTAT_CX                   0x20
#define PMSTAT_get_max_px           (PMSTAT_PX | 1)
#define PMSTAT_get_pxstat           (PMSTAT_PX | 2)
#define PMSTAT_reset_pxstat         (PMSTAT_PX | 3)
#define PMSTAT_get_max_cx           (PMSTAT_CX | 1)
#define PMSTAT_get_cxstat           (PMSTAT_CX | 2)
#define PMSTAT_reset_cxstat         (PMSTAT_CX | 3)

struct xen_sysctl_cpu_hotplug {
    uint32_t cpu;
    uint32_t op;                    /* XEN_SYSCTL_CPU_HOTPLUG_* */
};

#define XEN_SYSCTL_CPU_HOTPLUG_ONLINE       0
#define XEN_SYSCTL_CPU_HOTPLUG_OFFLINE      1
#define XEN_SYSCTL_CPU_HOTPLUG_SMT_ENABLE   2
#define XEN_SYSCTL_CPU_HOTPLUG_SMT_DISABLE  3

/* cpufreq and cpuidle parameters. */
#define CPUFREQ_NAME_LEN            16

struct xen_userspace {
    uint32_t scaling_setspeed;
};

struct xen_ondemand {
    uint32_t sampling_rate_max;
    uint32_t sampling_rate_min;
    uint32_t sampling_rate;
    uint32_t up_threshold;
};

struct xen_cppc_para {
    uint32_t features;              /* XEN_SYSCTL_CPPC_FEAT_* */
    uint32_t lowest;
    uint32_t lowest_nonlinear;
    uint32_t nominal;
    uint32_t highest;
    uint32_t minimum;
    uint32_t maximum;
    uint32_t desired;
    uint32_t energy_perf;
    uint32_t activity_window;
};

#define XEN_SYSCTL_CPPC_FEAT_ACT_WINDOW     (1 << 0)
#define XEN_CPPC_ACT_WINDOW_MANTISSA_MASK   0x07f
#define XEN_CPPC_ACT_WINDOW_EXPONENT_MASK   0x380

struct xen_set_cppc_para {
    uint32_t set_params;            /* XEN_SYSCTL_CPPC_SET_*; in/out */
    uint32_t minimum;
    uint32_t maximum;
    uint32_t desired;
    uint32_t energy_perf;
    uint32_t activity_window;
};

#define XEN_SYSCTL_CPPC_SET_MINIMUM             (1u << 0)
#define XEN_SYSCTL_CPPC_SET_MAXIMUM             (1u << 1)
#define XEN_SYSCTL_CPPC_SET_DESIRED             (1u << 2)
#define XEN_SYSCTL_CPPC_SET_ENERGY_PERF         (1u << 3)
#define XEN_SYSCTL_CPPC_SET_ACT_WINDOW          (1u << 4)
#define XEN_SYSCTL_CPPC_SET_PRESET_MASK         0xf0000000u
#define XEN_SYSCTL_CPPC_SET_PRESET_NONE         0x00000000u
#define XEN_SYSCTL_CPPC_SET_PRESET_BALANCE      0x10000000u
#define XEN_SYSCTL_CPPC_SET_PRESET_POWERSAVE    0x20000000u
#define XEN_SYSCTL_CPPC_SET_PRESET_PERFORMANCE  0x30000000u
#define XEN_SYSCTL_CPPC_SET_PARAM_MASK          0xf000001fu
#define XEN_SYSCTL_CPPC_ACT_WINDOW_MASK         0x3ff

struct xen_get_cpufreq_para {
    uint32_t cpu_num;               /* in/out, as the next two */
    uint32_t freq_num;
    uint32_t gov_num;
    uint32_gptr_t affected_cpus;
    uint32_gptr_t scaling_available_frequencies;
    char_gptr_t scaling_available_governors;
    char scaling_driver[CPUFREQ_NAME_LEN];
    uint32_t cpuinfo_cur_freq;
    uint32_t cpuinfo_max_freq;
    uint32_t cpuinfo_min_freq;
    union {
        struct {
            uint32_t scaling_cur_freq;
            char scaling_governor[CPUFREQ_NAME_LEN];
            uint32_t scaling_max_freq;
            uint32_t scaling_min_freq;
            union {
                struct xen_userspace userspace;
                struct xen_ondemand ondemand;
            } u;
        } s;
        struct xen_cppc_para cppc_para;
    } u;
    int32_t turbo_enabled;
};

struct xen_set_cpufreq_gov {
    char scaling_governor[CPUFREQ_NAME_LEN];
};

struct xen_set_cpufreq_para {
    uint32_t ctrl_type;             /* SCALING_MAX_FREQ.. */
    uint32_t ctrl_value;
};

#define SCALING_MAX_FREQ            1
#define SCALING_MIN_FREQ            2
#define SCALING_SETSPEED            3
#define SAMPLING_RATE               4
#define UP_THRESHOLD                5

struct xen_sysctl_pm_op {
    uint32_t cmd;                   /* GET_CPUFREQ_PARA.. */
    uint32_t cpuid;
    union {
        struct xen_get_cpufreq_para get_para;
        struct xen_set_cpufreq_gov set_gov;
        struct xen_set_cpufreq_para set_para;
        struct xen_set_cppc_para set_cppc;
        uint64_t get_avgfreq;
        uint32_t set_sched_opt_smt;
        uint32_t get_max_cstate;
        uint32_t set_max_cstate;
    } u;
};

#define PM_PARA_CATEGORY_MASK       0xf0
#define CPUFREQ_PARA                0x10
#define GET_CPUFREQ_PARA            (CPUFREQ_PARA | 1)
#define SET_CPUFREQ_GOV             (CPUFREQ_PARA | 2)
#define SET_CPUFREQ_PARA            (CPUFREQ_PARA | 3)
#define GET_CPUFREQ_AVGFREQ         (CPUFREQ_PARA | 4)
#define SET_CPUFREQ_CPPC            (CPUFREQ_PARA | 5)
#define XEN_SYSCTL_pm_op_set_sched_opt_smt          0x21
#define XEN_SYSCTL_pm_op_get_max_cstate             0x22
#define XEN_SYSCTL_pm_op_set_max_cstate             0x23
#define XEN_SYSCTL_pm_op_set_vcpu_migration_delay   0x24
#define XEN_SYSCTL_pm_op_get_vcpu_migration_delay   0x25
#define XEN_SYSCTL_pm_op_enable_turbo               0x26
#define XEN_SYSCTL_pm_op_disable_turbo              0x27
#define XEN_SYSCTL_CX_UNLIMITED                     0xffffffffu

struct xen_sysctl_page_offline_op {
    uint32_t cmd;                   /* sysctl_page_offline.. */
    uint32_t start;                 /* mfn */
    uint32_t end;                   /* mfn, included */
    uint32_gptr_t status;           /* out: PG_OFFLINE_*, owner << 16 */
};

#define sysctl_page_offline         1
#define sysctl_page_online          2
#define sysctl_query_page_offline   3
#define PG_OFFLINE_STATUS_MASK      0xfful
#define PG_OFFLINE_INVALID          (1ul << 0)
#define PG_OFFLINE_OFFLINED         (1ul << 1)
#define PG_OFFLINE_PENDING          (1ul << 2)
#define PG_OFFLINE_FAILED           (1ul << 3)
#define PG_OFFLINE_AGAIN            (1ul << 4)
#define PG_OFFLINE_OWNER_SHIFT      16

struct xen_sysctl_lockprof_data {
    char name[40];
    int32_t type;                   /* LOCKPROF_TYPE_* */
    int32_t idx;
    uint64_t lock_cnt;
    uint64_t block_cnt;
    uint64_t lock_time;             /* ns */
    uint64_t block_time;            /* ns */
};

DEFINE_GUEST_PTR(xen_sysctl_lockprof_data, struct xen_sysctl_lockprof_data);

struct xen_sysctl_lockprof_op {
    uint32_t cmd;                   /* XEN_SYSCTL_LOCKPROF_* */
    uint32_t max_elem;
    uint32_t nr_elem;               /* out */
    uint64_t time;                  /* out: ns */
    xen_sysctl_lockprof_data_gptr_t data;
};

#define XEN_SYSCTL_LOCKPROF_reset   1
#define XEN_SYSCTL_LOCKPROF_query   2
#define LOCKPROF_TYPE_GLOBAL        0
#define LOCKPROF_TYPE_PERDOM        1
#define LOCKPROF_TYPE_N             2

/* Topology. */
#define XEN_INVALID_CORE_ID         (~0u)
#define XEN_INVALID_SOCKET_ID       (~0u)
#define XEN_INVALID_NODE_ID         (~0u)
#define XEN_INVALID_MEM_SZ          (~0u)
#define XEN_INVALID_NODE_DIST       (~0u)
#define XEN_INVALID_DEV             (XEN_INVALID_NODE_ID - 1)

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
    physdev_pci_device_gptr_t devs;
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

#define XEN_SYSCTL_CPUPOOL_OP_CREATE        1
#define XEN_SYSCTL_CPUPOOL_OP_DESTROY       2
#define XEN_SYSCTL_CPUPOOL_OP_INFO          3
#define XEN_SYSCTL_CPUPOOL_OP_ADDCPU        4
#define XEN_SYSCTL_CPUPOOL_OP_RMCPU         5
#define XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN    6
#define XEN_SYSCTL_CPUPOOL_OP_FREEINFO      7
#define XEN_SYSCTL_CPUPOOL_PAR_ANY          0xffffffffu

/* Scheduler parameters of a CPU pool. */
#define ARINC653_MAX_DOMAINS_PER_SCHEDULE   64

struct xen_sysctl_arinc653_schedule {
    uint64_t major_frame;
    uint8_t num_sched_entries;
    struct {
        xen_domain_handle_t dom_handle;
        uint32_t vcpu_id;
        uint64_t runtime;
    } sched_entries[ARINC653_MAX_DOMAINS_PER_SCHEDULE];
};

DEFINE_GUEST_PTR(xen_sysctl_arinc653_schedule,
                 struct xen_sysctl_arinc653_schedule);

struct xen_sysctl_credit_schedule {
    uint32_t tslice_ms;
    uint32_t ratelimit_us;
    uint32_t vcpu_migr_delay_us;
};

struct xen_sysctl_credit2_schedule {
    uint32_t ratelimit_us;
};

#define XEN_SYSCTL_SCHED_RATELIMIT_MAX      500000
#define XEN_SYSCTL_SCHED_RATELIMIT_MIN      100
#define XEN_SYSCTL_CSCHED_TSLICE_MAX        1000
#define XEN_SYSCTL_CSCHED_TSLICE_MIN        1
#define XEN_SYSCTL_CSCHED_MGR_DLY_MAX_US    100000

struct xen_sysctl_sched_arinc653 {
    xen_sysctl_arinc653_schedule_gptr_t schedule;
};

struct xen_sysctl_scheduler_op {
    uint32_t cpupool_id;
    uint32_t sched_id;              /* XEN_SCHEDULER_* */
    uint32_t cmd;                   /* XEN_SYSCTL_SCHEDOP_* */
    union {
        struct xen_sysctl_sched_arinc653 sched_arinc653;
        struct xen_sysctl_credit_schedule sched_credit;
        struct xen_sysctl_credit2_schedule sched_credit2;
    } u;
};

#define XEN_SYSCTL_SCHEDOP_putinfo          0
#define XEN_SYSCTL_SCHEDOP_getinfo          1

struct xen_sysctl_coverage_op {
    uint32_t cmd;                   /* XEN_SYSCTL_COVERAGE_* */
    uint32_t size;                  /* bytes; in/out */
    char_gptr_t buffer;
};

#define XEN_SYSCTL_COVERAGE_get_size        0
#define XEN_SYSCTL_COVERAGE_read            1
#define XEN_SYSCTL_COVERAGE_reset           2
#define XEN_GCOV_FORMAT_MAGIC               0x58434f56

struct xen_sysctl_psr_cmt_op {
    uint32_t cmd;                   /* XEN_SYSCTL_PSR_CMT_* */
    uint32_t flags;
    union {
        uint64_t data;
        struct {
            uint32_t cpu;
            uint32_t rsvd;
        } l3_cache;
    } u;
};

#define XEN_SYSCTL_PSR_CMT_get_total_rmid           0
#define XEN_SYSCTL_PSR_CMT_get_l3_upscaling_factor  1
#define XEN_SYSCTL_PSR_CMT_get_l3_cache_size        2
#define XEN_SYSCTL_PSR_CMT_enabled                  3
#define XEN_SYSCTL_PSR_CMT_get_l3_event_mask        4

struct xen_sysctl_psr_alloc {
    uint32_t cmd;                   /* XEN_SYSCTL_PSR_get_* */
    uint32_t target;                /* socket */
    union {
        struct {
            uint32_t cbm_len;
            uint32_t cos_max;
            uint32_t flags;         /* XEN_SYSCTL_PSR_CAT_* */
        } cat_info;
        struct {
            uint32_t thrtl_max;
            uint32_t cos_max;
            uint32_t flags;         /* XEN_SYSCTL_PSR_MBA_* */
        } mba_info;
    } u;
};

#define XEN_SYSCTL_PSR_get_l3_info          0
#define XEN_SYSCTL_PSR_get_l2_info          1
#define XEN_SYSCTL_PSR_get_mba_info         2
#define XEN_SYSCTL_PSR_CAT_L3_CDP           (1u << 0)
#define XEN_SYSCTL_PSR_MBA_LINEAR           (1u << 0)

/* What the CPU can hide of CPUID from PV guests. */
struct xen_sysctl_cpu_levelling_caps {
    uint32_t caps;                  /* out: XEN_SYSCTL_CPU_LEVELCAP_* */
};

#define XEN_SYSCTL_CPU_LEVELCAP_faulting    (1ul << 0)
#define XEN_SYSCTL_CPU_LEVELCAP_ecx         (1ul << 1)
#define XEN_SYSCTL_CPU_LEVELCAP_edx         (1ul << 2)
#define XEN_SYSCTL_CPU_LEVELCAP_extd_ecx    (1ul << 3)
#define XEN_SYSCTL_CPU_LEVELCAP_extd_edx    (1ul << 4)
#define XEN_SYSCTL_CPU_LEVELCAP_xsave_eax   (1ul << 5)
#define XEN_SYSCTL_CPU_LEVELCAP_thermal_ecx (1ul << 6)
#define XEN_SYSCTL_CPU_LEVELCAP_l7s0_eax    (1ul << 7)
#define XEN_SYSCTL_CPU_LEVELCAP_l7s0_ebx    (1ul << 8)

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

/* Live patching is refused; only the frame is here. */
struct xen_sysctl_livepatch_op {
    uint32_t cmd;                   /* XEN_SYSCTL_LIVEPATCH_* */
    uint32_t flags;
    struct {
        uint64_t words[8];          /* arguments of the commands */
    } u;
};

#define XEN_SYSCTL_LIVEPATCH_UPLOAD         0
#define XEN_SYSCTL_LIVEPATCH_GET            1
#define XEN_SYSCTL_LIVEPATCH_LIST           2
#define XEN_SYSCTL_LIVEPATCH_ACTION         3

struct xen_sysctl {
    uint32_t cmd;                   /* XEN_SYSCTL_readconsole.. */
    uint32_t interface_version;
    union {
        struct xen_sysctl_readconsole readconsole;
        struct xen_sysctl_tbuf_op tbuf_op;
        struct xen_sysctl_physinfo physinfo;
        struct xen_sysctl_cputopoinfo cputopoinfo;
        struct xen_sysctl_pcitopoinfo pcitopoinfo;
        struct xen_sysctl_numainfo numainfo;
        struct xen_sysctl_sched_id sched_id;
        struct xen_sysctl_perfc_op perfc_op;
        struct xen_sysctl_getdomaininfolist getdomaininfolist;
        struct xen_sysctl_debug_keys debug_keys;
        struct xen_sysctl_getcpuinfo getcpuinfo;
        struct xen_sysctl_availheap availheap;
        struct xen_sysctl_get_pmstat get_pmstat;
        struct xen_sysctl_cpu_hotplug cpu_hotplug;
        struct xen_sysctl_pm_op pm_op;
        struct xen_sysctl_page_offline_op page_offline;
        struct xen_sysctl_lockprof_op lockprof_op;
        struct xen_sysctl_cpupool_op cpupool_op;
        struct xen_sysctl_scheduler_op scheduler_op;
        struct xen_sysctl_coverage_op coverage_op;
        struct xen_sysctl_psr_cmt_op psr_cmt_op;
        struct xen_sysctl_psr_alloc psr_alloc;
        struct xen_sysctl_cpu_levelling_caps cpu_levelling_caps;
        struct xen_sysctl_cpu_featureset cpu_featureset;
        struct xen_sysctl_livepatch_op livepatch;
        struct xen_sysctl_cpu_policy cpu_policy;
        uint8_t pad[128];
    } u;
};

DEFINE_GUEST_PTR(xen_sysctl, struct xen_sysctl);

#endif
