/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mca(arg), hypercall 48: machine check telemetry for dom0's mcelog driver.
 *
 * Linux asks for the physical CPUs when it starts and fetches records when
 * VIRQ_MCA fires. Injection is for tests only and refused.
 */
#ifndef ABI_MCA_H
#define ABI_MCA_H

#include "hypervisor/abi/xen.h"

#define XEN_MCA_INTERFACE_VERSION   0x01ecc003

#define XEN_MC_fetch                1
#define XEN_MC_notifydomain         2
#define XEN_MC_physcpuinfo          3
#define XEN_MC_msrinject            4
#define XEN_MC_mceinject            5
#define XEN_MC_inject_v2            6

/* xen_mc_fetch.flags: in, then out. */
#define XEN_MC_NONURGENT            0x0001
#define XEN_MC_URGENT               0x0002
#define XEN_MC_ACK                  0x0004
#define XEN_MC_OK                   0x0
#define XEN_MC_FETCHFAILED          0x1
#define XEN_MC_NODATA               0x2
#define XEN_MC_NOMATCH              0x4
#define XEN_MC_CANNOTHANDLE         0x8
#define XEN_MC_NOTDELIVERED         0x10
#define XEN_MC_VCPUID_INVALID       0xffff

/* Records in mc_info.mi_data, each with this header. */
#define MC_TYPE_GLOBAL              0
#define MC_TYPE_BANK                1
#define MC_TYPE_EXTENDED            2
#define MC_TYPE_RECOVERY            3

struct mcinfo_common {
    uint16_t type;                  /* MC_TYPE_* */
    uint16_t size;                  /* bytes of the record */
};

#define MC_FLAG_CORRECTABLE         (1 << 0)
#define MC_FLAG_UNCORRECTABLE       (1 << 1)
#define MC_FLAG_RECOVERABLE         (1 << 2)
#define MC_FLAG_POLLED              (1 << 3)
#define MC_FLAG_RESET               (1 << 4)
#define MC_FLAG_CMCI                (1 << 5)
#define MC_FLAG_MCE                 (1 << 6)

struct mcinfo_global {
    struct mcinfo_common common;
    uint16_t mc_domid;
    uint16_t mc_vcpuid;
    uint32_t mc_socketid;
    uint16_t mc_coreid;
    uint16_t mc_core_threadid;
    uint32_t mc_apicid;
    uint32_t mc_flags;              /* MC_FLAG_* */
    uint64_t mc_gstatus;            /* MCG_STATUS */
};

struct mcinfo_bank {
    struct mcinfo_common common;
    uint16_t mc_bank;
    uint16_t mc_domid;
    uint64_t mc_status;
    uint64_t mc_addr;
    uint64_t mc_misc;
    uint64_t mc_ctrl2;
    uint64_t mc_tsc;
};

struct mcinfo_msr {
    uint64_t reg;
    uint64_t value;
};

#define MCINFO_MAXSIZE              768

struct mc_info {
    uint32_t mi_nentries;
    uint32_t flags;                 /* MCINFO_FLAGS_UNCOMPLETE */
    uint64_t mi_data[(MCINFO_MAXSIZE - 1) / 8];
};

#define MCINFO_FLAGS_UNCOMPLETE     0x1

DEFINE_GUEST_PTR(mc_info, struct mc_info);

#define MC_NCAPS                    7
#define MC_CAPS_STD_EDX             0   /* CPUID 1 */
#define MC_CAPS_AMD_EDX             1   /* CPUID 80000001 */
#define MC_CAPS_TM                  2
#define MC_CAPS_LINUX               3
#define MC_CAPS_STD_ECX             4   /* CPUID 1 */
#define MC_CAPS_VIA                 5
#define MC_CAPS_AMD_ECX             6   /* CPUID 80000001 */

struct mcinfo_logical_cpu {
    uint32_t mc_cpunr;
    uint32_t mc_chipid;
    uint16_t mc_coreid;
    uint16_t mc_threadid;
    uint32_t mc_apicid;
    uint32_t mc_clusterid;
    uint32_t mc_ncores;
    uint32_t mc_ncores_active;
    uint32_t mc_nthreads;
    int32_t mc_cpuid_level;
    uint32_t mc_family;
    uint32_t mc_vendor;
    uint32_t mc_model;
    uint32_t mc_step;
    char mc_vendorid[16];
    char mc_brandid[64];
    uint32_t mc_cpu_caps[MC_NCAPS];
    uint32_t mc_cache_size;
    uint32_t mc_cache_alignment;
    int32_t mc_nmsrvals;
    struct mcinfo_msr mc_msrvalues[8];
};

DEFINE_GUEST_PTR(mcinfo_logical_cpu, struct mcinfo_logical_cpu);

struct xen_mc_fetch {
    uint32_t flags;                 /* in/out: XEN_MC_* */
    uint32_t _pad0;
    uint64_t fetch_id;              /* out, or the one to acknowledge */
    mc_info_gptr_t data;            /* out */
};

struct xen_mc_notifydomain {
    uint16_t mc_domid;
    uint16_t mc_vcpuid;
    uint32_t flags;
};

struct xen_mc_physcpuinfo {
    uint32_t ncpus;                 /* in: room; out: CPUs */
    uint32_t _pad0;
    mcinfo_logical_cpu_gptr_t info; /* out; null: count only */
};

struct xen_mc_msrinject {
    uint32_t mcinj_cpunr;
    uint32_t mcinj_flags;
    uint32_t mcinj_count;
    domid_t mcinj_domid;
    uint16_t _pad0;
    struct mcinfo_msr mcinj_msr[8];
};

struct xen_mc_mceinject {
    unsigned int mceinj_cpunr;
};

struct xen_mc_inject_v2 {
    uint32_t flags;
    struct xenctl_bitmap cpumap;
};

struct xen_mc {
    uint32_t cmd;                   /* XEN_MC_fetch.. */
    uint32_t interface_version;
    union {
        struct xen_mc_fetch mc_fetch;
        struct xen_mc_notifydomain mc_notifydomain;
        struct xen_mc_physcpuinfo mc_physcpuinfo;
        struct xen_mc_msrinject mc_msrinject;
        struct xen_mc_mceinject mc_mceinject;
        struct xen_mc_inject_v2 mc_inject_v2;
    } u;
};

#endif
