/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * memory_op(cmd | extent << 6, arg): a domain's memory, its place in the guest
 * physical map and the maps that describe it.
 *
 * The low 6 bits of cmd are XENMEM_*; above them an interrupted operation on a
 * list keeps the number of extents done (MEMOP_EXTENT_SHIFT).
 */
#pragma once

#include "hypervisor/abi/xen.h"

#define XENMEM_increase_reservation         0
#define XENMEM_decrease_reservation         1
#define XENMEM_maximum_ram_page             2
#define XENMEM_current_reservation          3   /* struct xen_memory_domain */
#define XENMEM_maximum_reservation          4   /* struct xen_memory_domain */
#define XENMEM_populate_physmap             6
#define XENMEM_add_to_physmap               7
#define XENMEM_memory_map                   9
#define XENMEM_set_memory_map               13
#define XENMEM_maximum_gpfn                 14  /* struct xen_memory_domain */
#define XENMEM_remove_from_physmap          15
#define XENMEM_set_pod_target               16
#define XENMEM_get_pod_target               17
#define XENMEM_add_to_physmap_batch         23
#define XENMEM_claim_pages                  24  /* xen_memory_reservation */
#define XENMEM_get_vnumainfo                26
#define XENMEM_reserved_device_memory_map   27
#define XENMEM_acquire_resource             28

/* Where the command word keeps its progress. Not part of Xen's headers. */
#define MEMOP_CMD_MASK                      0x3f
#define MEMOP_EXTENT_SHIFT                  6

/* mem_flags: address width, node + 1, placement. */
#define XENMEMF_get_address_bits(x)         ((x) & 0xffu)
#define XENMEMF_populate_on_demand          (1 << 16)

struct xen_memory_reservation {
    xen_pfn_gptr_t extent_start;    /* first frame of each extent */
    xen_ulong_t nr_extents;
    unsigned int extent_order;      /* 2^order pages each, aligned so */
    unsigned int mem_flags;         /* XENMEMF_* */
    domid_t domid;
};

struct xen_memory_domain {
    domid_t domid;
};

/* What add_to_physmap puts into the map. */
#define XENMAPSPACE_shared_info     0
#define XENMAPSPACE_grant_table     1   /* idx | XENMAPIDX_* */
#define XENMAPSPACE_gmfn            2   /* moves a page */
#define XENMAPSPACE_gmfn_range      3   /* moves size pages */
#define XENMAPSPACE_gmfn_foreign    4   /* batch only */

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

/* Ranges that devices reach untranslated (RMRR, IVMD). */
struct xen_reserved_device_memory_map {
    uint32_t flags;
    unsigned int nr_entries;        /* in: room; out: needed, -ERANGE */
    uint64_t buffer;                /* a handle; never followed */
    uint8_t dev[4];
};

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
#define XENMEM_resource_grant_table_id_shared       0
#define XENMEM_resource_ioreq_server_frame_bufioreq 0
