/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * domctl(arg): operations of the tool stack on one domain. The caller passes a
 * struct xen_domctl with interface_version set; anything but this version is
 * refused with -EACCES. Same layout for 32-bit callers.
 *
 * Only the operations that Lodge knows are here, and a structure only of those
 * that look into it. What cpu_policy carries is in cpu-policy.h.
 */
#pragma once

#include "hypervisor/abi/xen.h"
#include "hypervisor/abi/arch-x86.h"
#include "hypervisor/abi/cpu-policy.h"

#define XEN_DOMCTL_INTERFACE_VERSION            0x00000017

#define XEN_DOMCTL_createdomain                 1
#define XEN_DOMCTL_destroydomain                2
#define XEN_DOMCTL_pausedomain                  3
#define XEN_DOMCTL_unpausedomain                4
#define XEN_DOMCTL_getdomaininfo                5
#define XEN_DOMCTL_setvcpuaffinity              9
#define XEN_DOMCTL_shadow_op                    10
#define XEN_DOMCTL_max_mem                      11
#define XEN_DOMCTL_setvcpucontext               12
#define XEN_DOMCTL_getvcpucontext               13
#define XEN_DOMCTL_getvcpuinfo                  14
#define XEN_DOMCTL_max_vcpus                    15
#define XEN_DOMCTL_scheduler_op                 16
#define XEN_DOMCTL_setdomainhandle              17
#define XEN_DOMCTL_setdebugging                 18
#define XEN_DOMCTL_irq_permission               19
#define XEN_DOMCTL_iomem_permission             20
#define XEN_DOMCTL_ioport_permission            21
#define XEN_DOMCTL_settimeoffset                24
#define XEN_DOMCTL_getvcpuaffinity              25
#define XEN_DOMCTL_resumedomain                 27
#define XEN_DOMCTL_sendtrigger                  28
#define XEN_DOMCTL_subscribe                    29
#define XEN_DOMCTL_gethvmcontext                33
#define XEN_DOMCTL_sethvmcontext                34
#define XEN_DOMCTL_set_address_size             35
#define XEN_DOMCTL_get_address_size             36
#define XEN_DOMCTL_assign_device                37
#define XEN_DOMCTL_bind_pt_irq                  38
#define XEN_DOMCTL_memory_mapping               39
#define XEN_DOMCTL_ioport_mapping               40
#define XEN_DOMCTL_test_assign_device           45
#define XEN_DOMCTL_set_target                   46
#define XEN_DOMCTL_deassign_device              47
#define XEN_DOMCTL_unbind_pt_irq                48
#define XEN_DOMCTL_gethvmcontext_partial        55
#define XEN_DOMCTL_gettscinfo                   59
#define XEN_DOMCTL_settscinfo                   60
#define XEN_DOMCTL_getpageframeinfo3            61
#define XEN_DOMCTL_set_access_required          64
#define XEN_DOMCTL_set_virq_handler             66
#define XEN_DOMCTL_setnodeaffinity              68
#define XEN_DOMCTL_getnodeaffinity              69
#define XEN_DOMCTL_get_vcpu_msrs                72
#define XEN_DOMCTL_setvnumainfo                 74
#define XEN_DOMCTL_get_cpu_policy               82
#define XEN_DOMCTL_set_cpu_policy               83
#define XEN_DOMCTL_get_paging_mempool_size      85
#define XEN_DOMCTL_set_paging_mempool_size      86
#define XEN_DOMCTL_set_llc_colors               89

/* createdomain: xen_domctl.domain is the id wanted, and returns the id. */
struct xen_domctl_createdomain {
    uint32_t ssidref;
    xen_domain_handle_t handle;
    uint32_t flags;                 /* XEN_DOMCTL_CDF_* */
    uint32_t iommu_opts;            /* XEN_DOMCTL_IOMMU_* */
    uint32_t max_vcpus;
    uint32_t max_evtchn_port;
    int32_t max_grant_frames;       /* negative: the default */
    int32_t max_maptrack_frames;    /* negative: the default */
    uint32_t grant_opts;            /* XEN_DOMCTL_GRANT_version() */
    uint32_t altp2m_opts;           /* XEN_DOMCTL_ALTP2M_* */
    uint32_t vmtrace_size;          /* bytes per vCPU */
    uint32_t cpupool_id;
    struct xen_arch_domainconfig arch;
};

#define XEN_DOMCTL_CDF_hvm              (1u << 0)
#define XEN_DOMCTL_CDF_hap              (1u << 1)
#define XEN_DOMCTL_CDF_s3_integrity     (1u << 2)
#define XEN_DOMCTL_CDF_oos_off          (1u << 3)
#define XEN_DOMCTL_CDF_xs_domain        (1u << 4)
#define XEN_DOMCTL_CDF_iommu            (1u << 5)
#define XEN_DOMCTL_CDF_nested_virt      (1u << 6)
#define XEN_DOMCTL_CDF_vpmu             (1u << 7)

#define XEN_DOMCTL_GRANT_version_mask   0xf
#define XEN_DOMCTL_GRANT_version(v)     ((v) & XEN_DOMCTL_GRANT_version_mask)

struct xen_domctl_getdomaininfo {
    domid_t domain;
    uint16_t pad1;
    uint32_t flags;                 /* XEN_DOMINF_*, shutdown code */
    uint64_t tot_pages;
    uint64_t max_pages;
    uint64_t outstanding_pages;     /* claimed, not yet allocated */
    uint64_t shr_pages;
    uint64_t paged_pages;
    uint64_t shared_info_frame;     /* gfn, ~0: not mapped */
    uint64_t cpu_time;              /* ns, all vCPUs */
    uint32_t nr_online_vcpus;
    uint32_t max_vcpu_id;
    uint32_t ssidref;
    xen_domain_handle_t handle;
    uint32_t cpupool;
    uint8_t gpaddr_bits;
    uint8_t pad2[7];
    struct xen_arch_domainconfig arch_config;
};

DEFINE_GUEST_PTR(xen_domctl_getdomaininfo, struct xen_domctl_getdomaininfo);

#define XEN_DOMINF_dying                (1u << 0)
#define XEN_DOMINF_hvm_guest            (1u << 1)
#define XEN_DOMINF_shutdown             (1u << 2)
#define XEN_DOMINF_paused               (1u << 3)
#define XEN_DOMINF_blocked              (1u << 4)
#define XEN_DOMINF_running              (1u << 5)
#define XEN_DOMINF_debugged             (1u << 6)
#define XEN_DOMINF_xs_domain            (1u << 7)
#define XEN_DOMINF_hap                  (1u << 8)
#define XEN_DOMINF_shutdownshift        16
#define XEN_INVALID_MAX_VCPU_ID         (~0u)

/* Each element: gfn in, XEN_DOMCTL_PFINFO_* out. */
struct xen_domctl_getpageframeinfo3 {
    uint64_t num;
    xen_pfn_gptr_t array;
};

#define XEN_DOMCTL_PFINFO_NOTAB         (0x0u << 28)
#define XEN_DOMCTL_PFINFO_XTAB          (0xfu << 28)    /* no page */

/* The older way to size the paging pool; log-dirty mode is not offered. */
struct xen_domctl_shadow_op {
    uint32_t op;                    /* XEN_DOMCTL_SHADOW_OP_* */
    uint32_t mode;
    uint32_t mb;                    /* MiB, get and set allocation */
    uint64_t unread[3];
};

#define XEN_DOMCTL_SHADOW_OP_OFF                0
#define XEN_DOMCTL_SHADOW_OP_GET_ALLOCATION     30
#define XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION     31

struct xen_domctl_max_mem {
    uint64_t max_memkb;             /* KiB */
};

struct xen_domctl_getvcpuinfo {
    uint32_t vcpu;
    uint8_t online;                 /* out, as all that follow */
    uint8_t blocked;
    uint8_t running;
    uint64_t cpu_time;              /* ns */
    uint32_t cpu;
};

struct xen_domctl_nodeaffinity {
    struct xenctl_bitmap nodemap;
};

struct xen_domctl_vcpuaffinity {
    uint32_t vcpu;
    uint32_t flags;                 /* XEN_VCPUAFFINITY_* */
    struct xenctl_bitmap cpumap_hard;   /* set: out is the effective map */
    struct xenctl_bitmap cpumap_soft;
};

#define XEN_VCPUAFFINITY_HARD           (1u << 0)
#define XEN_VCPUAFFINITY_SOFT           (1u << 1)

struct xen_domctl_max_vcpus {
    uint32_t max;
};

/* Scheduler parameters of a domain. */
#define XEN_SCHEDULER_CREDIT2           6

struct xen_domctl_sched_credit2 {
    uint16_t weight;
    uint16_t cap;
};

struct xen_domctl_scheduler_op {
    uint32_t sched_id;              /* XEN_SCHEDULER_* */
    uint32_t cmd;                   /* XEN_DOMCTL_SCHEDOP_* */
    union {
        struct xen_domctl_sched_credit2 credit2;
        uint64_t unread[2];
    } u;
};

#define XEN_DOMCTL_SCHEDOP_putinfo      0
#define XEN_DOMCTL_SCHEDOP_getinfo      1

struct xen_domctl_setdomainhandle {
    xen_domain_handle_t handle;
};

struct xen_domctl_setdebugging {
    uint8_t enable;
};

struct xen_domctl_irq_permission {
    uint32_t pirq;
    uint8_t allow_access;
    uint8_t pad[3];
};

struct xen_domctl_iomem_permission {
    uint64_t first_mfn;
    uint64_t nr_mfns;
    uint8_t allow_access;
};

struct xen_domctl_ioport_permission {
    uint32_t first_port;
    uint32_t nr_ports;
    uint8_t allow_access;
};

struct xen_domctl_settimeoffset {
    int64_t time_offset_seconds;
};

struct xen_domctl_hvmcontext {
    uint32_t size;                  /* bytes; in/out */
    uint8_gptr_t buffer;            /* null: asks for the size */
};

struct xen_domctl_hvmcontext_partial {
    uint32_t type;                  /* HVM_SAVE_CODE_* */
    uint32_t instance;
    uint64_t bufsz;                 /* bytes; in/out */
    uint8_gptr_t buffer;
};

struct xen_domctl_address_size {
    uint32_t size;
};

struct xen_domctl_sendtrigger {
    uint32_t trigger;               /* XEN_DOMCTL_SENDTRIGGER_* */
    uint32_t vcpu;
};

#define XEN_DOMCTL_SENDTRIGGER_NMI      0
#define XEN_DOMCTL_SENDTRIGGER_POWER    3
#define XEN_DOMCTL_SENDTRIGGER_SLEEP    4

struct xen_domctl_set_target {
    domid_t target;
};

struct xen_domctl_cpu_policy {
    uint32_t nr_leaves;             /* in/out */
    uint32_t nr_msrs;               /* in/out */
    xen_cpuid_leaf_gptr_t leaves;
    xen_msr_entry_gptr_t msrs;
    uint32_t err_leaf, err_subleaf, err_msr;    /* out: what was refused */
};

struct xen_domctl_subscribe {
    uint32_t port;                  /* told when the domain suspends */
};

struct xen_domctl_tsc_info {
    uint32_t tsc_mode;              /* XEN_CPUID_TSC_MODE_* */
    uint32_t gtsc_khz;
    uint32_t incarnation;
    uint32_t pad;
    uint64_t elapsed_nsec;
};

struct xen_domctl_set_virq_handler {
    uint32_t virq;                  /* VIRQ_* */
};

struct xen_domctl_paging_mempool {
    uint64_t size;                  /* bytes, whole pages */
};

struct xen_domctl_vcpucontext {
    uint32_t vcpu;
    vcpu_guest_context_gptr_t ctxt;
};

struct xen_domctl_vcpu_msrs {
    uint32_t vcpu;
    uint32_t msr_count;             /* in/out */
    uint64_t msrs;                  /* a handle; never followed */
};

struct xen_domctl_set_llc_colors {
    uint32_t num_llc_colors;
    uint32_t pad;
    uint32_gptr_t llc_colors;
};

struct xen_domctl {
    uint32_t cmd;                   /* XEN_DOMCTL_createdomain.. */
    uint32_t interface_version;
    domid_t domain;
    uint16_t _pad[3];
    union {
        struct xen_domctl_createdomain createdomain;
        struct xen_domctl_getdomaininfo getdomaininfo;
        struct xen_domctl_getpageframeinfo3 getpageframeinfo3;
        struct xen_domctl_nodeaffinity nodeaffinity;
        struct xen_domctl_vcpuaffinity vcpuaffinity;
        struct xen_domctl_shadow_op shadow_op;
        struct xen_domctl_max_mem max_mem;
        struct xen_domctl_getvcpuinfo getvcpuinfo;
        struct xen_domctl_vcpucontext vcpucontext;
        struct xen_domctl_max_vcpus max_vcpus;
        struct xen_domctl_scheduler_op scheduler_op;
        struct xen_domctl_setdomainhandle setdomainhandle;
        struct xen_domctl_setdebugging setdebugging;
        struct xen_domctl_irq_permission irq_permission;
        struct xen_domctl_iomem_permission iomem_permission;
        struct xen_domctl_ioport_permission ioport_permission;
        struct xen_domctl_settimeoffset settimeoffset;
        struct xen_domctl_tsc_info tsc_info;
        struct xen_domctl_hvmcontext hvmcontext;
        struct xen_domctl_hvmcontext_partial hvmcontext_partial;
        struct xen_domctl_address_size address_size;
        struct xen_domctl_sendtrigger sendtrigger;
        struct xen_domctl_set_target set_target;
        struct xen_domctl_subscribe subscribe;
        struct xen_domctl_cpu_policy cpu_policy;
        struct xen_domctl_vcpu_msrs vcpu_msrs;
        struct xen_domctl_set_virq_handler set_virq_handler;
        struct xen_domctl_paging_mempool paging_mempool;
        struct xen_domctl_set_llc_colors set_llc_colors;
        uint8_t pad[128];
    } u;
};
