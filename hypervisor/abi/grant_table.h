/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Grant tables: the entries a domain writes to share its frames, and
 * grant_table_op(cmd, args, count) with which others use them. args is an
 * array of count structures of the command.
 *
 * Same layout for 32-bit callers, except setup_table and copy (compat.h).
 */
#pragma once

#include "hypervisor/abi/xen.h"

#define GNTTABOP_map_grant_ref      0
#define GNTTABOP_unmap_grant_ref    1
#define GNTTABOP_setup_table        2
#define GNTTABOP_transfer           4
#define GNTTABOP_copy               5
#define GNTTABOP_query_size         6
#define GNTTABOP_unmap_and_replace  7
#define GNTTABOP_set_version        8
#define GNTTABOP_get_version        10
#define GNTTABOP_swap_grant_ref     11
#define GNTTABOP_cache_flush        12

typedef uint32_t grant_ref_t;       /* index of an entry in a table */
typedef uint32_t grant_handle_t;    /* names a mapping until it is undone */

/* Status of one element of an operation. */
#define GNTST_okay                  0
#define GNTST_general_error         (-1)
#define GNTST_bad_domain            (-2)
#define GNTST_bad_gntref            (-3)
#define GNTST_bad_handle            (-4)
#define GNTST_bad_virt_addr         (-5)
#define GNTST_bad_dev_addr          (-6)
#define GNTST_permission_denied     (-8)
#define GNTST_bad_page              (-9)
#define GNTST_bad_copy_arg          (-10)
#define GNTST_eagain                (-12)
#define GNTST_no_space              (-13)

/* Version 1 entry: 512 to a frame; flags change with one cmpxchg. */
struct grant_entry_v1 {
    uint16_t flags;                 /* GTF_* */
    domid_t domid;                  /* who may use it */
    uint32_t frame;                 /* gfn */
};

/* Entry flags: type, then what goes with it. */
#define GTF_invalid                 (0u << 0)
#define GTF_permit_access           (1u << 0)
#define GTF_accept_transfer         (2u << 0)
#define GTF_transitive              (3u << 0)
#define GTF_type_mask               (3u << 0)
#define GTF_readonly                (1u << 2)
#define GTF_reading                 (1u << 3)   /* set while in use */
#define GTF_writing                 (1u << 4)   /* set while in use */
#define GTF_sub_page                (1u << 8)

struct gnttab_map_grant_ref {
    uint64_t host_addr;             /* HVM: guest physical address */
    uint32_t flags;                 /* GNTMAP_* */
    grant_ref_t ref;
    domid_t dom;                    /* the granter */
    int16_t status;                 /* out */
    grant_handle_t handle;          /* out */
    uint64_t dev_bus_addr;          /* out: machine address */
};

#define GNTMAP_device_map           (1 << 0)
#define GNTMAP_host_map             (1 << 1)
#define GNTMAP_readonly             (1 << 2)
#define GNTMAP_contains_pte         (1 << 4)

struct gnttab_unmap_grant_ref {
    uint64_t host_addr;             /* 0: leave that mapping */
    uint64_t dev_bus_addr;          /* 0: leave that mapping */
    grant_handle_t handle;
    int16_t status;                 /* out */
};

struct gnttab_setup_table {
    domid_t dom;
    uint32_t nr_frames;
    int16_t status;                 /* out */
    xen_pfn_gptr_t frame_list;      /* out: nr_frames gfns */
};

struct gnttab_copy_ptr {
    union {
        grant_ref_t ref;
        xen_pfn_t gmfn;
    } u;
    domid_t domid;
    uint16_t offset;                /* bytes into the frame */
};

struct gnttab_copy {
    struct gnttab_copy_ptr source, dest;
    uint16_t len;                   /* bytes */
    uint16_t flags;                 /* GNTCOPY_* */
    int16_t status;                 /* out */
};

#define GNTCOPY_source_gref         (1 << 0)
#define GNTCOPY_dest_gref           (1 << 1)

struct gnttab_query_size {
    domid_t dom;
    uint32_t nr_frames;             /* out */
    uint32_t max_nr_frames;         /* out */
    int16_t status;                 /* out */
};

struct gnttab_set_version {
    uint32_t version;               /* in: 1 or 2; out: the one in effect */
};

struct gnttab_get_version {
    domid_t dom;
    uint16_t pad;
    uint32_t version;               /* out */
};

struct gnttab_swap_grant_ref {
    grant_ref_t ref_a;
    grant_ref_t ref_b;
    int16_t status;
};
