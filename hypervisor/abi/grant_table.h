/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Grant tables: the entries a domain writes to share its frames, and
 * grant_table_op(cmd, args, count) with which others use them. args is an
 * array of count structures of the command.
 *
 * Same layout for 32-bit callers, except setup_table, get_status_frames,
 * copy and transfer (compat.h).
 */
#ifndef ABI_GRANT_TABLE_H
#define ABI_GRANT_TABLE_H

#include "hypervisor/abi/xen.h"

#define GNTTABOP_map_grant_ref      0
#define GNTTABOP_unmap_grant_ref    1
#define GNTTABOP_setup_table        2
#define GNTTABOP_dump_table         3
#define GNTTABOP_transfer           4
#define GNTTABOP_copy               5
#define GNTTABOP_query_size         6
#define GNTTABOP_unmap_and_replace  7
#define GNTTABOP_set_version        8
#define GNTTABOP_get_status_frames  9
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
#define GNTST_no_device_space       (-7)
#define GNTST_permission_denied     (-8)
#define GNTST_bad_page              (-9)
#define GNTST_bad_copy_arg          (-10)
#define GNTST_address_too_big       (-11)
#define GNTST_eagain                (-12)
#define GNTST_no_space              (-13)

/* Version 1 entry: 512 to a frame; flags change with one cmpxchg. */
struct grant_entry_v1 {
    uint16_t flags;                 /* GTF_* */
    domid_t domid;                  /* who may use it */
    uint32_t frame;                 /* gfn */
};

struct grant_entry_header {
    uint16_t flags;
    domid_t domid;
};

/* Version 2 entry; its status word is in a table of its own. */
union grant_entry_v2 {
    struct grant_entry_header hdr;
    struct {
        struct grant_entry_header hdr;
        uint32_t pad0;
        uint64_t frame;
    } full_page;
    struct {
        struct grant_entry_header hdr;
        uint16_t page_off;
        uint16_t length;
        uint64_t frame;
    } sub_page;
    struct {
        struct grant_entry_header hdr;
        domid_t trans_domid;
        uint16_t pad0;
        grant_ref_t gref;
    } transitive;
    uint32_t __spacer[4];
};

typedef uint16_t grant_status_t;

/* Entries that survive a change of version and that tools fill in. */
#define GNTTAB_NR_RESERVED_ENTRIES  8
#define GNTTAB_RESERVED_CONSOLE     0
#define GNTTAB_RESERVED_XENSTORE    1

/* Entry flags: type, then what goes with it. */
#define GTF_invalid                 (0u << 0)
#define GTF_permit_access           (1u << 0)
#define GTF_accept_transfer         (2u << 0)
#define GTF_transitive              (3u << 0)
#define GTF_type_mask               (3u << 0)
#define GTF_readonly                (1u << 2)
#define GTF_reading                 (1u << 3)   /* set while in use */
#define GTF_writing                 (1u << 4)   /* set while in use */
#define GTF_PWT                     (1u << 5)
#define GTF_PCD                     (1u << 6)
#define GTF_PAT                     (1u << 7)
#define GTF_sub_page                (1u << 8)
#define GTF_transfer_committed      (1u << 2)
#define GTF_transfer_completed      (1u << 3)

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
#define GNTMAP_application_map      (1 << 3)
#define GNTMAP_contains_pte         (1 << 4)
#define GNTMAP_guest_avail_mask     0xffff0000u

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

struct gnttab_dump_table {
    domid_t dom;
    int16_t status;
};

struct gnttab_transfer {
    xen_pfn_t mfn;                  /* PV only */
    domid_t domid;
    grant_ref_t ref;
    int16_t status;
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

struct gnttab_unmap_and_replace {
    uint64_t host_addr;
    uint64_t new_addr;
    grant_handle_t handle;
    int16_t status;
};

struct gnttab_set_version {
    uint32_t version;               /* in: 1 or 2; out: the one in effect */
};

struct gnttab_get_status_frames {
    uint32_t nr_frames;
    domid_t dom;
    int16_t status;                 /* out */
    uint64_gptr_t frame_list;       /* out */
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

struct gnttab_cache_flush {
    union {
        uint64_t dev_bus_addr;
        grant_ref_t ref;
    } a;
    uint16_t offset;
    uint16_t length;
    uint32_t op;                    /* GNTTAB_CACHE_* */
};

#define GNTTAB_CACHE_CLEAN          (1u << 0)
#define GNTTAB_CACHE_INVAL          (1u << 1)
#define GNTTAB_CACHE_SOURCE_GREF    (1u << 31)

DEFINE_GUEST_PTR(gnttab_map_grant_ref, struct gnttab_map_grant_ref);
DEFINE_GUEST_PTR(gnttab_unmap_grant_ref, struct gnttab_unmap_grant_ref);
DEFINE_GUEST_PTR(gnttab_setup_table, struct gnttab_setup_table);
DEFINE_GUEST_PTR(gnttab_copy, struct gnttab_copy);
DEFINE_GUEST_PTR(gnttab_query_size, struct gnttab_query_size);
DEFINE_GUEST_PTR(gnttab_set_version, struct gnttab_set_version);
DEFINE_GUEST_PTR(gnttab_get_status_frames, struct gnttab_get_status_frames);
DEFINE_GUEST_PTR(gnttab_get_version, struct gnttab_get_version);
DEFINE_GUEST_PTR(gnttab_swap_grant_ref, struct gnttab_swap_grant_ref);
DEFINE_GUEST_PTR(gnttab_cache_flush, struct gnttab_cache_flush);

#endif
