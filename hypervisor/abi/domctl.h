/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * domctl(arg): operations of the tool stack on one domain. The caller passes a
 * struct xen_domctl with interface_version set; anything but this version is
 * refused with -EACCES. Same layout for 32-bit callers.
 *
 * Operations of other architectures, and those only PV has, have a number but
 * no structure. What cpu_policy carries is in cpu-policy.h.
 */
#ifndef ABI_DOMCTL_H
#define ABI_DOMCTL_H

#include "hypervisor/abi/xen.h"
#include "hypervisor/abi/arch-x86.h"
#include "hypervisor/abi/cpu-policy.h"
#include "hypervisor/abi/event_channel.h"
#include "hypervisor/abi/hvm-save.h"
#include "hypervisor/abi/memory.h"

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
#define XEN_DOMCTL_hypercall_init               22
#define XEN_DOMCTL_soft_reset_cont              23  /* internal */
#define XEN_DOMCTL_settimeoffset                24
#define XEN_DOMCTL_getvcpuaffinity              25
#define XEN_DOMCTL_real_mode_area               26
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
#define XEN_DOMCTL_set_ext_vcpucontext          42
#define XEN_DOMCTL_get_ext_vcpucontext          43
#define XEN_DOMCTL_set_opt_feature              44
#define XEN_DOMCTL_test_assign_device           45
#define XEN_DOMCTL_set_target                   46
#define XEN_DOMCTL_deassign_device              47
#define XEN_DOMCTL_unbind_pt_irq                48
#define XEN_DOMCTL_get_device_group             50
#define XEN_DOMCTL_debug_op                     54
#define XEN_DOMCTL_gethvmcontext_partial        55
#define XEN_DOMCTL_vm_event_op                  56
#define XEN_DOMCTL_mem_sharing_op               57
#define XEN_DOMCTL_gettscinfo                   59
#define XEN_DOMCTL_settscinfo                   60
#define XEN_DOMCTL_getpageframeinfo3            61
#define XEN_DOMCTL_setvcpuextstate              62
#define XEN_DOMCTL_getvcpuextstate              63
#define XEN_DOMCTL_set_access_required          64
#define XEN_DOMCTL_audit_p2m                    65
#define XEN_DOMCTL_set_virq_handler             66
#define XEN_DOMCTL_set_broken_page_p2m          67
#define XEN_DOMCTL_setnodeaffinity              68
#define XEN_DOMCTL_getnodeaffinity              69
#define XEN_DOMCTL_cacheflush                   71
#define XEN_DOMCTL_get_vcpu_msrs                72
#define XEN_DOMCTL_set_vcpu_msrs                73
#define XEN_DOMCTL_setvnumainfo                 74
#define XEN_DOMCTL_psr_cmt_op                   75
#define XEN_DOMCTL_monitor_op                   77
#define XEN_DOMCTL_psr_alloc                    78
#define XEN_DOMCTL_soft_reset                   79
#define XEN_DOMCTL_vuart_op                     81
#define XEN_DOMCTL_get_cpu_policy               82
#define XEN_DOMCTL_set_cpu_policy               83
#define XEN_DOMCTL_vmtrace_op                   84
#define XEN_DOMCTL_get_paging_mempool_size      85
#define XEN_DOMCTL_set_paging_mempool_size      86
#define XEN_DOMCTL_dt_overlay                   87
#define XEN_DOMCTL_gsi_permission               88
#define XEN_DOMCTL_set_llc_colors               89
#define XEN_DOMCTL_gdbsx_guestmemio             1000
#define XEN_DOMCTL_gdbsx_pausevcpu              1001
#define XEN_DOMCTL_gdbsx_unpausevcpu            1002
#define XEN_DOMCTL_gdbsx_domstatus              1003

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
#define XEN_DOMCTL_CDF_MAX              XEN_DOMCTL_CDF_vpmu

#define XEN_DOMCTL_IOMMU_no_sharept     (1u << 0)
#define XEN_DOMCTL_IOMMU_MAX            XEN_DOMCTL_IOMMU_no_sharept

#define XEN_DOMCTL_GRANT_version_mask   0xf
#define XEN_DOMCTL_GRANT_version(v)     ((v) & XEN_DOMCTL_GRANT_version_mask)

#define XEN_DOMCTL_ALTP2M_mixed         1u
#define XEN_DOMCTL_ALTP2M_external      2u
#define XEN_DOMCTL_ALTP2M_limited       3u
#define XEN_DOMCTL_ALTP2M_mode_mask     3u
#define XEN_DOMCTL_ALTP2M_mode(m)       ((m) & XEN_DOMCTL_ALTP2M_mode_mask)

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
#define XEN_DOMINF_shutdownmask         255
#define XEN_DOMINF_shutdownshift        16
#define XEN_INVALID_MAX_VCPU_ID         (~0u)

/* Each element: gfn in, XEN_DOMCTL_PFINFO_* out. */
struct xen_domctl_getpageframeinfo3 {
    uint64_t num;
    xen_pfn_gptr_t array;
};

#define XEN_DOMCTL_PFINFO_LTAB_SHIFT    28
#define XEN_DOMCTL_PFINFO_NOTAB         (0x0u << 28)
#define XEN_DOMCTL_PFINFO_L1TAB         (0x1u << 28)
#define XEN_DOMCTL_PFINFO_L2TAB         (0x2u << 28)
#define XEN_DOMCTL_PFINFO_L3TAB         (0x3u << 28)
#define XEN_DOMCTL_PFINFO_L4TAB         (0x4u << 28)
#define XEN_DOMCTL_PFINFO_LTABTYPE_MASK (0x7u << 28)
#define XEN_DOMCTL_PFINFO_LPINTAB       (0x1u << 31)
#define XEN_DOMCTL_PFINFO_XTAB          (0xfu << 28)    /* no page */
#define XEN_DOMCTL_PFINFO_XALLOC        (0xeu << 28)    /* no contents */
#define XEN_DOMCTL_PFINFO_BROKEN        (0xdu << 28)
#define XEN_DOMCTL_PFINFO_LTAB_MASK     (0xfu << 28)

/* Log-dirty mode, and the older way to size the paging pool. */
struct xen_domctl_shadow_op_stats {
    uint32_t fault_count;
    uint32_t dirty_count;
};

struct xen_domctl_shadow_op {
    uint32_t op;                    /* XEN_DOMCTL_SHADOW_OP_* */
    uint32_t mode;                  /* _ENABLE_* or _LOGDIRTY_* */
    uint32_t mb;                    /* MiB, get and set allocation */
    uint8_gptr_t dirty_bitmap;      /* out; null: statistics only */
    uint64_t pages;                 /* bits in the bitmap; in/out */
    struct xen_domctl_shadow_op_stats stats;
};

#define XEN_DOMCTL_SHADOW_OP_OFF                0
#define XEN_DOMCTL_SHADOW_OP_ENABLE_TEST        1
#define XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY    2
#define XEN_DOMCTL_SHADOW_OP_CLEAN              11  /* read and clear */
#define XEN_DOMCTL_SHADOW_OP_PEEK               12
#define XEN_DOMCTL_SHADOW_OP_GET_ALLOCATION     30
#define XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION     31
#define XEN_DOMCTL_SHADOW_OP_ENABLE             32
#define XEN_DOMCTL_SHADOW_ENABLE_REFCOUNT       (1 << 1)
#define XEN_DOMCTL_SHADOW_ENABLE_LOG_DIRTY      (1 << 2)
#define XEN_DOMCTL_SHADOW_ENABLE_TRANSLATE      (1 << 3)
#define XEN_DOMCTL_SHADOW_ENABLE_EXTERNAL       (1 << 4)
#define XEN_DOMCTL_SHADOW_LOGDIRTY_FINAL        (1 << 0)

struct xen_domctl_max_mem {
    uint64_t max_memkb;             /* KiB */
};

struct xen_domctl_vcpucontext {
    uint32_t vcpu;
    vcpu_guest_context_gptr_t ctxt;
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
#define XEN_VCPUAFFINITY_FORCE          (1u << 2)   /* undo pin override */

struct xen_domctl_max_vcpus {
    uint32_t max;
};

/* Scheduler parameters of a domain, or of its vCPUs. */
#define XEN_SCHEDULER_CREDIT            5
#define XEN_SCHEDULER_CREDIT2           6
#define XEN_SCHEDULER_ARINC653          7
#define XEN_SCHEDULER_RTDS              8
#define XEN_SCHEDULER_NULL              9

struct xen_domctl_sched_credit {
    uint16_t weight;
    uint16_t cap;                   /* per cent of one CPU, 0: none */
};

struct xen_domctl_sched_credit2 {
    uint16_t weight;
    uint16_t cap;
};

struct xen_domctl_sched_rtds {
    uint32_t period;                /* us */
    uint32_t budget;                /* us */
    uint32_t flags;                 /* XEN_DOMCTL_SCHEDRT_extra */
};

#define XEN_DOMCTL_SCHEDRT_extra        (1u << 0)

struct xen_domctl_schedparam_vcpu {
    union {
        struct xen_domctl_sched_credit credit;
        struct xen_domctl_sched_credit2 credit2;
        struct xen_domctl_sched_rtds rtds;
    } u;
    uint32_t vcpuid;
};

DEFINE_GUEST_PTR(xen_domctl_schedparam_vcpu,
                 struct xen_domctl_schedparam_vcpu);

struct xen_domctl_scheduler_op {
    uint32_t sched_id;              /* XEN_SCHEDULER_* */
    uint32_t cmd;                   /* XEN_DOMCTL_SCHEDOP_* */
    union {
        struct xen_domctl_sched_credit credit;
        struct xen_domctl_sched_credit2 credit2;
        struct xen_domctl_sched_rtds rtds;
        struct {
            xen_domctl_schedparam_vcpu_gptr_t vcpus;
            uint32_t nr_vcpus;      /* in/out */
            uint32_t padding;
        } v;
    } u;
};

#define XEN_DOMCTL_SCHEDOP_putinfo      0
#define XEN_DOMCTL_SCHEDOP_getinfo      1
#define XEN_DOMCTL_SCHEDOP_putvcpuinfo  2
#define XEN_DOMCTL_SCHEDOP_getvcpuinfo  3

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

struct xen_domctl_gsi_permission {
    uint32_t gsi;
    uint32_t flags;                 /* XEN_DOMCTL_GSI_* */
};

#define XEN_DOMCTL_GSI_REVOKE           0
#define XEN_DOMCTL_GSI_GRANT            1
#define XEN_DOMCTL_GSI_ACTION_MASK      1

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

struct xen_domctl_hypercall_init {
    uint64_t gmfn;
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
#define XEN_DOMCTL_SENDTRIGGER_RESET    1
#define XEN_DOMCTL_SENDTRIGGER_INIT     2
#define XEN_DOMCTL_SENDTRIGGER_POWER    3
#define XEN_DOMCTL_SENDTRIGGER_SLEEP    4

/* Passing a device through. */
struct xen_domctl_assign_device {
    uint32_t dev;                   /* XEN_DOMCTL_DEV_* */
    uint32_t flags;                 /* XEN_DOMCTL_DEV_RDM_RELAXED */
    union {
        struct {
            uint32_t machine_sbdf;
        } pci;
        struct {
            uint32_t size;
            char_gptr_t path;
        } dt;
    } u;
};

#define XEN_DOMCTL_DEV_PCI              0
#define XEN_DOMCTL_DEV_DT               1
#define XEN_DOMCTL_DEV_RDM_RELAXED      1

struct xen_domctl_get_device_group {
    uint32_t machine_sbdf;
    uint32_t max_sdevs;
    uint32_t num_sdevs;             /* out */
    uint32_gptr_t sdev_array;       /* out: sbdf each */
};

enum pt_irq_type {
    PT_IRQ_TYPE_PCI,
    PT_IRQ_TYPE_ISA,
    PT_IRQ_TYPE_MSI,
    PT_IRQ_TYPE_MSI_TRANSLATE,
    PT_IRQ_TYPE_SPI,
};

struct xen_domctl_bind_pt_irq {
    uint32_t machine_irq;           /* pirq of the guest */
    uint32_t irq_type;              /* enum pt_irq_type */
    union {
        struct {
            uint8_t isa_irq;
        } isa;
        struct {
            uint8_t bus;
            uint8_t device;
            uint8_t intx;
        } pci;
        struct {
            uint8_t gvec;
            uint32_t gflags;        /* XEN_DOMCTL_VMSI_X86_* */
            uint64_t gtable;        /* MSI-X table of the guest */
        } msi;
        struct {
            uint16_t spi;
        } spi;
    } u;
};

#define XEN_DOMCTL_VMSI_X86_DEST_ID_MASK    0x0000ff
#define XEN_DOMCTL_VMSI_X86_RH_MASK         0x000100
#define XEN_DOMCTL_VMSI_X86_DM_MASK         0x000200
#define XEN_DOMCTL_VMSI_X86_DELIV_MASK      0x007000
#define XEN_DOMCTL_VMSI_X86_TRIG_MASK       0x008000
#define XEN_DOMCTL_VMSI_X86_UNMASKED        0x010000

/* -E2BIG: too many at once; positive: that many done, go on. */
struct xen_domctl_memory_mapping {
    uint64_t first_gfn;
    uint64_t first_mfn;
    uint64_t nr_mfns;
    uint32_t add_mapping;           /* DPCI_* */
    uint32_t padding;
};

#define DPCI_REMOVE_MAPPING             0
#define DPCI_ADD_MAPPING                1

struct xen_domctl_ioport_mapping {
    uint32_t first_gport;
    uint32_t first_mport;
    uint32_t nr_ports;
    uint32_t add_mapping;           /* DPCI_* */
};

struct xen_domctl_ext_vcpucontext {
    uint32_t vcpu;
    uint32_t size;                  /* bytes of the structure */
    uint64_t syscall32_callback_eip;    /* PV, as the next five */
    uint64_t sysenter_callback_eip;
    uint16_t syscall32_callback_cs;
    uint16_t sysenter_callback_cs;
    uint8_t syscall32_disables_events;
    uint8_t sysenter_disables_events;
    union {
        uint64_t mcg_cap;
        struct hvm_vmce_vcpu vmce;
    };
};

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

#define XEN_CPUID_INPUT_UNUSED          0xffffffff

struct xen_domctl_subscribe {
    uint32_t port;                  /* told when the domain suspends */
};

struct xen_domctl_debug_op {
    uint32_t op;                    /* XEN_DOMCTL_DEBUG_OP_* */
    uint32_t vcpu;
};

#define XEN_DOMCTL_DEBUG_OP_SINGLE_STEP_OFF     0
#define XEN_DOMCTL_DEBUG_OP_SINGLE_STEP_ON      1

struct xen_domctl_tsc_info {
    uint32_t tsc_mode;              /* XEN_CPUID_TSC_MODE_* */
    uint32_t gtsc_khz;
    uint32_t incarnation;
    uint32_t pad;
    uint64_t elapsed_nsec;
};

/* gdbsx: a debugger in dom0. */
struct xen_domctl_gdbsx_memio {
    uint64_t pgd3val;               /* 0: use the guest's CR3 */
    uint64_t gva;
    uint64_t uva;                   /* caller's linear address */
    uint32_t len;                   /* bytes */
    uint8_t gwr;                    /* 1: write to the guest */
    uint32_t remain;                /* out: bytes not done */
};

struct xen_domctl_gdbsx_pauseunp_vcpu {
    uint32_t vcpu;
};

struct xen_domctl_gdbsx_domstatus {
    uint8_t paused;                 /* out, as all */
    uint32_t vcpu_id;
    uint32_t vcpu_ev;
};

struct xen_domctl_vm_event_op {
    uint32_t op;                    /* XEN_VM_EVENT_* */
    uint32_t mode;                  /* XEN_DOMCTL_VM_EVENT_OP_* */
    union {
        struct {
            uint32_t port;          /* out */
        } enable;
        uint32_t version;
    } u;
};

#define XEN_VM_EVENT_ENABLE                 0
#define XEN_VM_EVENT_DISABLE                1
#define XEN_VM_EVENT_RESUME                 2
#define XEN_VM_EVENT_GET_VERSION            3
#define XEN_DOMCTL_VM_EVENT_OP_PAGING       1
#define XEN_DOMCTL_VM_EVENT_OP_MONITOR      2
#define XEN_DOMCTL_VM_EVENT_OP_SHARING      3

struct xen_domctl_mem_sharing_op {
    uint8_t op;                     /* XEN_DOMCTL_MEM_SHARING_CONTROL */
    union {
        uint8_t enable;
    } u;
};

#define XEN_DOMCTL_MEM_SHARING_CONTROL      0

struct xen_domctl_audit_p2m {
    uint64_t orphans;
    uint64_t m2p_bad;
    uint64_t p2m_bad;
};

struct xen_domctl_set_virq_handler {
    uint32_t virq;                  /* VIRQ_* */
};

/* buffer: xcr0, xcr0_accum, then the XSAVE area, uncompacted. */
struct xen_domctl_vcpuextstate {
    uint32_t vcpu;
    uint64_t xfeature_mask;
    uint64_t size;                  /* bytes */
    uint64_gptr_t buffer;
};

struct xen_domctl_set_access_required {
    uint8_t access_required;
};

struct xen_domctl_set_broken_page_p2m {
    uint64_t pfn;
};

struct xen_domctl_cacheflush {
    xen_pfn_t start_pfn, nr_pfns;   /* Arm */
};

struct xen_domctl_paging_mempool {
    uint64_t size;                  /* bytes, whole pages */
};

struct xen_domctl_vcpu_msr {
    uint32_t index;
    uint32_t reserved;
    uint64_t value;
};

DEFINE_GUEST_PTR(xen_domctl_vcpu_msr, struct xen_domctl_vcpu_msr);

struct xen_domctl_vcpu_msrs {
    uint32_t vcpu;
    uint32_t msr_count;             /* in/out; -ENOBUFS: out is needed */
    xen_domctl_vcpu_msr_gptr_t msrs;    /* null: asks for the count */
};

struct xen_domctl_vnuma {
    uint32_t nr_vnodes;
    uint32_t nr_vmemranges;
    uint32_t nr_vcpus;
    uint32_t pad;
    uint_gptr_t vdistance;          /* nr_vnodes squared */
    uint_gptr_t vcpu_to_vnode;
    uint_gptr_t vnode_to_pnode;
    xen_vmemrange_gptr_t vmemrange;
};

struct xen_domctl_psr_cmt_op {
    uint32_t cmd;                   /* XEN_DOMCTL_PSR_CMT_OP_* */
    uint32_t data;
};

#define XEN_DOMCTL_PSR_CMT_OP_DETACH        0
#define XEN_DOMCTL_PSR_CMT_OP_ATTACH        1
#define XEN_DOMCTL_PSR_CMT_OP_QUERY_RMID    2

struct xen_domctl_monitor_op {
    uint32_t op;                    /* XEN_DOMCTL_MONITOR_OP_* */
    uint32_t event;                 /* XEN_DOMCTL_MONITOR_EVENT_* */
    union {
        struct {
            uint8_t index;
            uint8_t sync;
            uint8_t onchangeonly;
            uint8_t pad1;
            uint32_t pad2;
            uint64_t bitmask;
        } mov_to_cr;
        struct {
            uint32_t msr;
            uint8_t onchangeonly;
        } mov_to_msr;
        struct {
            uint8_t sync;
            uint8_t allow_userspace;
        } guest_request;
        struct {
            uint8_t sync;
        } debug_exception;
        struct {
            uint8_t sync;
        } vmexit;
    } u;
};

#define XEN_DOMCTL_MONITOR_OP_ENABLE                0
#define XEN_DOMCTL_MONITOR_OP_DISABLE               1
#define XEN_DOMCTL_MONITOR_OP_GET_CAPABILITIES      2
#define XEN_DOMCTL_MONITOR_OP_EMULATE_EACH_REP      3
#define XEN_DOMCTL_MONITOR_OP_CONTROL_REGISTERS     4
#define XEN_DOMCTL_MONITOR_EVENT_WRITE_CTRLREG      0
#define XEN_DOMCTL_MONITOR_EVENT_MOV_TO_MSR         1
#define XEN_DOMCTL_MONITOR_EVENT_SINGLESTEP         2
#define XEN_DOMCTL_MONITOR_EVENT_SOFTWARE_BREAKPOINT 3
#define XEN_DOMCTL_MONITOR_EVENT_GUEST_REQUEST      4
#define XEN_DOMCTL_MONITOR_EVENT_DEBUG_EXCEPTION    5
#define XEN_DOMCTL_MONITOR_EVENT_CPUID              6
#define XEN_DOMCTL_MONITOR_EVENT_PRIVILEGED_CALL    7
#define XEN_DOMCTL_MONITOR_EVENT_INTERRUPT          8
#define XEN_DOMCTL_MONITOR_EVENT_DESC_ACCESS        9
#define XEN_DOMCTL_MONITOR_EVENT_EMUL_UNIMPLEMENTED 10
#define XEN_DOMCTL_MONITOR_EVENT_INGUEST_PAGEFAULT  11
#define XEN_DOMCTL_MONITOR_EVENT_VMEXIT             12
#define XEN_DOMCTL_MONITOR_EVENT_IO                 13

struct xen_domctl_psr_alloc {
    uint32_t cmd;                   /* XEN_DOMCTL_PSR_* */
    uint32_t target;                /* socket */
    uint64_t data;
};

#define XEN_DOMCTL_PSR_SET_L3_CBM       0
#define XEN_DOMCTL_PSR_GET_L3_CBM       1
#define XEN_DOMCTL_PSR_SET_L3_CODE      2
#define XEN_DOMCTL_PSR_SET_L3_DATA      3
#define XEN_DOMCTL_PSR_GET_L3_CODE      4
#define XEN_DOMCTL_PSR_GET_L3_DATA      5
#define XEN_DOMCTL_PSR_SET_L2_CBM       6
#define XEN_DOMCTL_PSR_GET_L2_CBM       7
#define XEN_DOMCTL_PSR_SET_MBA_THRTL    8
#define XEN_DOMCTL_PSR_GET_MBA_THRTL    9

struct xen_domctl_vuart_op {
    uint32_t cmd;                   /* Arm */
    uint32_t type;
    uint64_t gfn;
    domid_t console_domid;
    uint8_t pad[2];
    evtchn_port_t evtchn;
};

struct xen_domctl_vmtrace_op {
    uint32_t cmd;                   /* XEN_DOMCTL_vmtrace_* */
    uint32_t vcpu;
    uint64_t key;
    uint64_t value;
};

#define XEN_DOMCTL_vmtrace_enable               1
#define XEN_DOMCTL_vmtrace_disable              2
#define XEN_DOMCTL_vmtrace_reset_and_enable     3
#define XEN_DOMCTL_vmtrace_output_position      4
#define XEN_DOMCTL_vmtrace_get_option           5
#define XEN_DOMCTL_vmtrace_set_option           6

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
        struct xen_domctl_vcpucontext vcpucontext;
        struct xen_domctl_getvcpuinfo getvcpuinfo;
        struct xen_domctl_max_vcpus max_vcpus;
        struct xen_domctl_scheduler_op scheduler_op;
        struct xen_domctl_setdomainhandle setdomainhandle;
        struct xen_domctl_setdebugging setdebugging;
        struct xen_domctl_irq_permission irq_permission;
        struct xen_domctl_gsi_permission gsi_permission;
        struct xen_domctl_iomem_permission iomem_permission;
        struct xen_domctl_ioport_permission ioport_permission;
        struct xen_domctl_hypercall_init hypercall_init;
        struct xen_domctl_settimeoffset settimeoffset;
        struct xen_domctl_tsc_info tsc_info;
        struct xen_domctl_hvmcontext hvmcontext;
        struct xen_domctl_hvmcontext_partial hvmcontext_partial;
        struct xen_domctl_address_size address_size;
        struct xen_domctl_sendtrigger sendtrigger;
        struct xen_domctl_get_device_group get_device_group;
        struct xen_domctl_assign_device assign_device;
        struct xen_domctl_bind_pt_irq bind_pt_irq;
        struct xen_domctl_memory_mapping memory_mapping;
        struct xen_domctl_ioport_mapping ioport_mapping;
        struct xen_domctl_ext_vcpucontext ext_vcpucontext;
        struct xen_domctl_set_target set_target;
        struct xen_domctl_subscribe subscribe;
        struct xen_domctl_debug_op debug_op;
        struct xen_domctl_vm_event_op vm_event_op;
        struct xen_domctl_mem_sharing_op mem_sharing_op;
        struct xen_domctl_cpu_policy cpu_policy;
        struct xen_domctl_vcpuextstate vcpuextstate;
        struct xen_domctl_vcpu_msrs vcpu_msrs;
        struct xen_domctl_set_access_required access_required;
        struct xen_domctl_audit_p2m audit_p2m;
        struct xen_domctl_set_virq_handler set_virq_handler;
        struct xen_domctl_gdbsx_memio gdbsx_guest_memio;
        struct xen_domctl_set_broken_page_p2m set_broken_page_p2m;
        struct xen_domctl_cacheflush cacheflush;
        struct xen_domctl_gdbsx_pauseunp_vcpu gdbsx_pauseunp_vcpu;
        struct xen_domctl_gdbsx_domstatus gdbsx_domstatus;
        struct xen_domctl_vnuma vnuma;
        struct xen_domctl_psr_cmt_op psr_cmt_op;
        struct xen_domctl_monitor_op monitor_op;
        struct xen_domctl_psr_alloc psr_alloc;
        struct xen_domctl_vuart_op vuart_op;
        struct xen_domctl_vmtrace_op vmtrace_op;
        struct xen_domctl_paging_mempool paging_mempool;
        struct xen_domctl_set_llc_colors set_llc_colors;
        uint8_t pad[128];
    } u;
};

DEFINE_GUEST_PTR(xen_domctl, struct xen_domctl);

#endif
