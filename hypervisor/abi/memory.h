/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * memory_op(cmd | extent << 6, arg): a domain's memory, its place in the guest
 * physical map and the maps that describe it.
 *
 * The low 6 bits of cmd are XENMEM_*; above them an interrupted operation on a
 * list keeps the number of extents done (MEMOP_EXTENT_SHIFT).
 */
#ifndef ABI_MEMORY_H
#define ABI_MEMORY_H

#include "hypervisor/abi/xen.h"
#include "hypervisor/abi/physdev.h"

#define XENMEM_increase_reservation         0
#define XENMEM_decrease_reservation         1
#define XENMEM_maximum_ram_page             2
#define XENMEM_current_reservation          3   /* struct xen_memory_domain */
#define XENMEM_maximum_reservation          4   /* struct xen_memory_domain */
#define XENMEM_machphys_mfn_list            5
#define XENMEM_populate_physmap             6
#define XENMEM_add_to_physmap               7
#define XENMEM_memory_map                   9
#define XENMEM_machine_memory_map           10
#define XENMEM_exchange                     11
#define XENMEM_machphys_mapping             12
#define XENMEM_set_memory_map               13
#define XENMEM_maximum_gpfn                 14  /* struct xen_memory_domain */
#define XENMEM_remove_from_physmap          15
#define XENMEM_set_pod_target               16
#define XENMEM_get_pod_target               17
#define XENMEM_get_sharing_freed_pages      18
#define XENMEM_get_sharing_shared_pages     19
#define XENMEM_paging_op                    20
#define XENMEM_access_op                    21
#define XENMEM_sharing_op                   22
#define XENMEM_add_to_physmap_batch         23
#define XENMEM_claim_pages                  24  /* xen_memory_reservation */
#define XENMEM_machphys_compat_mfn_list     25
#define XENMEM_get_vnumainfo                26
#define XENMEM_reserved_device_memory_map   27
#define XENMEM_acquire_resource             28

/* Where the command word keeps its progress. Not part of Xen's headers. */
#define MEMOP_CMD_MASK                      0x3f
#define MEMOP_EXTENT_SHIFT                  6

/* mem_flags: address width, node + 1, placement. */
#define XENMEMF_address_bits(x)             (x)
#define XENMEMF_get_address_bits(x)         ((x) & 0xffu)
#define XENMEMF_node(x)                     (((x) + 1) << 8)
#define XENMEMF_get_node(x)                 ((((x) >> 8) - 1) & 0xffu)
#define XENMEMF_populate_on_demand          (1 << 16)
#define XENMEMF_exact_node_request          (1 << 17)
#define XENMEMF_vnode                       (1 << 18)

struct xen_memory_reservation {
    xen_pfn_gptr_t extent_start;    /* first frame of each extent */
    xen_ulong_t nr_extents;
    unsigned int extent_order;      /* 2^order pages each, aligned so */
    unsigned int mem_flags;         /* XENMEMF_* */
    domid_t domid;
};

struct xen_memory_exchange {
    struct xen_memory_reservation in;
    struct xen_memory_reservation out;
    xen_ulong_t nr_exchanged;       /* in: 0 */
};

struct xen_memory_domain {
    domid_t domid;
};

struct xen_machphys_mfn_list {
    unsigned int max_extents;
    xen_pfn_gptr_t extent_start;
    unsigned int nr_extents;
};

struct xen_machphys_mapping {
    xen_ulong_t v_start, v_end;
    xen_ulong_t max_mfn;
};

/* What add_to_physmap puts into the map. */
#define XENMAPSPACE_shared_info     0
#define XENMAPSPACE_grant_table     1   /* idx | XENMAPIDX_* */
#define XENMAPSPACE_gmfn            2   /* moves a page */
#define XENMAPSPACE_gmfn_range      3   /* moves size pages */
#define XENMAPSPACE_gmfn_foreign    4   /* batch only */
#define XENMAPSPACE_dev_mmio        5   /* Arm */

#define XENMAPIDX_grant_table_status    0x80000000u

struct xen_add_to_physmap {
    domid_t domid;
    uint16_t size;                  /* pages, gmfn_range only; in/out */
    unsigned int space;             /* XENMAPSPACE_* */
    xen_ulong_t idx;                /* into the space; in/out */
    xen_pfn_t gpfn;                 /* where it shall appear; in/out */
};

struct xen_add_to_physmap_batch {
    domid_t domid;
    uint16_t space;                 /* XENMAPSPACE_* */
    uint16_t size;                  /* elements of each array */
    union xen_add_to_physmap_batch_extra {
        domid_t foreign_domid;      /* gmfn_foreign */
        uint16_t res0;              /* others: 0 */
    } u;
    xen_ulong_gptr_t idxs;
    xen_pfn_gptr_t gpfns;
    int_gptr_t errs;                /* out: 0 or -E* each */
};

struct xen_remove_from_physmap {
    domid_t domid;
    xen_pfn_t gpfn;
};

/* buffer holds entries as INT 15h AX=E820h gives them, 20 bytes each. */
struct xen_memory_map {
    unsigned int nr_entries;        /* in: room; out: stored */
    void_gptr_t buffer;
};

struct xen_foreign_memory_map {
    domid_t domid;
    struct xen_memory_map map;
};

struct xen_pod_target {
    uint64_t target_pages;
    uint64_t tot_pages;             /* out */
    uint64_t pod_cache_pages;       /* out */
    uint64_t pod_entries;           /* out */
    domid_t domid;
};

#define XENMEM_paging_op_nominate       0
#define XENMEM_paging_op_evict          1
#define XENMEM_paging_op_prep           2

struct xen_mem_paging_op {
    uint8_t op;                     /* XENMEM_paging_op_* */
    domid_t domain;
    uint8_gptr_t buffer;            /* in: one page */
    uint64_t gfn;
};

#define XENMEM_access_op_set_access         0
#define XENMEM_access_op_get_access         1
#define XENMEM_access_op_set_access_multi   4

enum xenmem_access {
    XENMEM_access_n,
    XENMEM_access_r,
    XENMEM_access_w,
    XENMEM_access_rw,
    XENMEM_access_x,
    XENMEM_access_rx,
    XENMEM_access_wx,
    XENMEM_access_rwx,
    XENMEM_access_rx2rw,            /* r-x until the first write */
    XENMEM_access_n2rwx,            /* none until the first access */
    XENMEM_access_r_pw,             /* r, page walks may write */
    XENMEM_access_default,
};

struct xen_mem_access_op {
    uint8_t op;                     /* XENMEM_access_op_* */
    uint8_t access;                 /* enum xenmem_access */
    domid_t domid;
    uint32_t nr;                    /* pages */
    uint64_t pfn;                   /* first; ~0: the default */
    uint64_gptr_t pfn_list;         /* in, multi only */
    uint8_gptr_t access_list;       /* in, multi only */
};

#define XENMEM_sharing_op_nominate_gfn      0
#define XENMEM_sharing_op_nominate_gref     1
#define XENMEM_sharing_op_share             2
#define XENMEM_sharing_op_debug_gfn         3
#define XENMEM_sharing_op_debug_mfn         4
#define XENMEM_sharing_op_debug_gref        5
#define XENMEM_sharing_op_add_physmap       6
#define XENMEM_sharing_op_audit             7
#define XENMEM_sharing_op_range_share       8
#define XENMEM_sharing_op_fork              9
#define XENMEM_sharing_op_fork_reset        10

#define XENMEM_SHARING_OP_S_HANDLE_INVALID  (-10)
#define XENMEM_SHARING_OP_C_HANDLE_INVALID  (-9)
#define XENMEM_SHARING_OP_FIELD_IS_GREF_FLAG    (1ull << 62)

struct mem_sharing_op_nominate {
    union {
        uint64_t gfn;
        uint32_t grant_ref;
    } u;
    uint64_t handle;                /* out */
};

struct mem_sharing_op_share {
    uint64_t source_gfn;
    uint64_t source_handle;
    uint64_t client_gfn;
    uint64_t client_handle;
    domid_t client_domain;
};

struct mem_sharing_op_range {
    uint64_t first_gfn;
    uint64_t last_gfn;
    uint64_t opaque;                /* 0 */
    domid_t client_domain;
    uint16_t _pad[3];               /* 0 */
};

struct mem_sharing_op_debug {
    union {
        uint64_t gfn;
        uint64_t mfn;
        uint32_t gref;
    } u;
};

struct mem_sharing_op_fork {
    domid_t parent_domain;
    uint16_t flags;                 /* XENMEM_FORK_* */
    uint32_t pad;                   /* 0 */
};

#define XENMEM_FORK_WITH_IOMMU_ALLOWED      (1u << 0)
#define XENMEM_FORK_BLOCK_INTERRUPTS        (1u << 1)
#define XENMEM_FORK_RESET_STATE             (1u << 2)
#define XENMEM_FORK_RESET_MEMORY            (1u << 3)

struct xen_mem_sharing_op {
    uint8_t op;                     /* XENMEM_sharing_op_* */
    domid_t domain;
    union {
        struct mem_sharing_op_nominate nominate;
        struct mem_sharing_op_share share;
        struct mem_sharing_op_range range;
        struct mem_sharing_op_debug debug;
        struct mem_sharing_op_fork fork;
    } u;
};

/* A range that devices reach untranslated (RMRR, IVMD). */
struct xen_reserved_device_memory {
    xen_pfn_t start_pfn;
    xen_ulong_t nr_pages;
};

DEFINE_GUEST_PTR(xen_reserved_device_memory,
                 struct xen_reserved_device_memory);

struct xen_reserved_device_memory_map {
    uint32_t flags;                 /* XENMEM_RDM_ALL, or only those of dev */
    unsigned int nr_entries;        /* in: room; out: needed, -ERANGE */
    xen_reserved_device_memory_gptr_t buffer;
    union {
        struct physdev_pci_device pci;
    } dev;
};

#define XENMEM_RDM_ALL              1

/* Maps frames that the hypervisor keeps for a domain into its keeper. */
struct xen_mem_acquire_resource {
    domid_t domid;
    uint16_t type;                  /* XENMEM_resource_* */
    uint32_t id;                    /* ioreq server, or grant_table_id_* */
    uint32_t nr_frames;             /* 0 and no list: asks for the size */
    uint32_t pad;                   /* 0 */
    uint64_t frame;                 /* first frame of the resource */
    xen_pfn_gptr_t frame_list;      /* HVM: gfns where they shall appear */
};

#define XENMEM_resource_ioreq_server                0
#define XENMEM_resource_grant_table                 1
#define XENMEM_resource_vmtrace_buf                 2
#define XENMEM_resource_grant_table_id_shared       0
#define XENMEM_resource_grant_table_id_status       1
#define XENMEM_resource_ioreq_server_frame_bufioreq 0
#define XENMEM_resource_ioreq_server_frame_ioreq(n) (1 + (n))

struct xen_vmemrange {
    uint64_t start, end;            /* bytes */
    unsigned int flags;
    unsigned int nid;
};

DEFINE_GUEST_PTR(xen_vmemrange, struct xen_vmemrange);

struct xen_vnuma_topology_info {
    domid_t domid;
    uint16_t pad;
    unsigned int nr_vnodes;         /* in: room; out: needed */
    unsigned int nr_vcpus;
    unsigned int nr_vmemranges;
    union {
        uint_gptr_t h;
        uint64_t pad;
    } vdistance;
    union {
        uint_gptr_t h;
        uint64_t pad;
    } vcpu_to_vnode;
    union {
        xen_vmemrange_gptr_t h;
        uint64_t pad;
    } vmemrange;
};

#endif
