/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dm_op(domid, nr_bufs, bufs): what a device model may do to its guest.
 *
 * bufs[0] holds op, pad and at least the operation's own member of the union
 * (-EFAULT if shorter), which is written back if it has results; bufs[1] and on
 * belong to the operation. Same layout for 32-bit callers, except struct
 * xen_dm_op_buf (compat.h).
 */
#pragma once

#include "hypervisor/abi/xen.h"
#include "hypervisor/abi/event_channel.h"

#define XEN_DMOP_create_ioreq_server                1
#define XEN_DMOP_get_ioreq_server_info              2
#define XEN_DMOP_map_io_range_to_ioreq_server       3
#define XEN_DMOP_unmap_io_range_from_ioreq_server   4
#define XEN_DMOP_set_ioreq_server_state             5
#define XEN_DMOP_destroy_ioreq_server               6
#define XEN_DMOP_track_dirty_vram                   7
#define XEN_DMOP_set_pci_intx_level                 8
#define XEN_DMOP_set_isa_irq_level                  9
#define XEN_DMOP_set_pci_link_route                 10
#define XEN_DMOP_modified_memory                    11
#define XEN_DMOP_set_mem_type                       12
#define XEN_DMOP_inject_event                       13
#define XEN_DMOP_inject_msi                         14
#define XEN_DMOP_map_mem_type_to_ioreq_server       15
#define XEN_DMOP_remote_shutdown                    16
#define XEN_DMOP_relocate_memory                    17
#define XEN_DMOP_pin_memory_cacheattr               18
#define XEN_DMOP_nr_vcpus                           20

typedef uint16_t ioservid_t;

struct xen_dm_op_create_ioreq_server {
    uint8_t handle_bufioreq;        /* HVM_IOREQSRV_BUFIOREQ_* */
    uint8_t pad[3];
    ioservid_t id;                  /* out */
};

struct xen_dm_op_get_ioreq_server_info {
    ioservid_t id;
    uint16_t flags;                 /* XEN_DMOP_no_gfns */
    evtchn_port_t bufioreq_port;    /* out */
    uint64_t ioreq_gfn;             /* out */
    uint64_t bufioreq_gfn;          /* out */
};

#define XEN_DMOP_no_gfns            (1u << 0)

struct xen_dm_op_ioreq_server_range {
    ioservid_t id;
    uint16_t pad;
    uint32_t type;                  /* XEN_DMOP_IO_RANGE_* */
    uint64_t start, end;            /* both included */
};

#define XEN_DMOP_IO_RANGE_PORT      0
#define XEN_DMOP_IO_RANGE_MEMORY    1
#define XEN_DMOP_IO_RANGE_PCI       2   /* sbdf */

struct xen_dm_op_set_ioreq_server_state {
    ioservid_t id;
    uint8_t enabled;
    uint8_t pad;
};

struct xen_dm_op_destroy_ioreq_server {
    ioservid_t id;
    uint16_t pad;
};

/* bufs[1] takes a bit per page dirtied since the last call. */
struct xen_dm_op_track_dirty_vram {
    uint32_t nr;                    /* pages, 0: stop */
    uint32_t pad;
    uint64_t first_pfn;
};

struct xen_dm_op_set_pci_intx_level {
    uint16_t domain;
    uint8_t bus, device, intx;
    uint8_t level;                  /* 0 or 1 */
};

struct xen_dm_op_set_isa_irq_level {
    uint8_t isa_irq;                /* 0 to 15 */
    uint8_t level;
};

struct xen_dm_op_set_pci_link_route {
    uint8_t link;                   /* 0 to 3 */
    uint8_t isa_irq;                /* 1 to 15, 0: off */
};

/* bufs[1] is an array of extents. */
struct xen_dm_op_modified_memory {
    uint32_t nr_extents;            /* out on error: the one, plus 1 */
    uint32_t opaque;                /* 0; progress of a restarted call */
};

struct xen_dm_op_modified_memory_extent {
    uint32_t nr;                    /* pages */
    uint32_t pad;
    uint64_t first_pfn;
};

struct xen_dm_op_set_mem_type {
    uint32_t nr;                    /* pages; what is left on return */
    uint16_t mem_type;              /* enum hvmmem_type */
    uint16_t pad;
    uint64_t first_pfn;
};

struct xen_dm_op_inject_event {     /* refused: nobody looks into it */
    uint64_t unread[3];
};

struct xen_dm_op_inject_msi {
    uint32_t data;
    uint32_t pad;
    uint64_t addr;
};

struct xen_dm_op_map_mem_type_to_ioreq_server {
    ioservid_t id;
    uint16_t type;                  /* HVMMEM_ioreq_server */
    uint32_t flags;                 /* 0: give the type back */
    uint64_t opaque;                /* 0; progress of a restarted call */
};

struct xen_dm_op_remote_shutdown {
    uint32_t reason;                /* SHUTDOWN_* */
};

struct xen_dm_op_relocate_memory {
    uint32_t size;                  /* pages */
    uint32_t pad;
    uint64_t src_gfn;
    uint64_t dst_gfn;
};

struct xen_dm_op_pin_memory_cacheattr {     /* accepted without a look */
    uint64_t unread[3];
};

struct xen_dm_op_nr_vcpus {
    uint32_t vcpus;                 /* out */
};

struct xen_dm_op {
    uint32_t op;                    /* XEN_DMOP_* */
    uint32_t pad;
    union {
        struct xen_dm_op_create_ioreq_server create_ioreq_server;
        struct xen_dm_op_get_ioreq_server_info get_ioreq_server_info;
        struct xen_dm_op_ioreq_server_range map_io_range_to_ioreq_server;
        struct xen_dm_op_ioreq_server_range unmap_io_range_from_ioreq_server;
        struct xen_dm_op_set_ioreq_server_state set_ioreq_server_state;
        struct xen_dm_op_destroy_ioreq_server destroy_ioreq_server;
        struct xen_dm_op_track_dirty_vram track_dirty_vram;
        struct xen_dm_op_set_pci_intx_level set_pci_intx_level;
        struct xen_dm_op_set_isa_irq_level set_isa_irq_level;
        struct xen_dm_op_set_pci_link_route set_pci_link_route;
        struct xen_dm_op_modified_memory modified_memory;
        struct xen_dm_op_set_mem_type set_mem_type;
        struct xen_dm_op_inject_event inject_event;
        struct xen_dm_op_inject_msi inject_msi;
        struct xen_dm_op_map_mem_type_to_ioreq_server
            map_mem_type_to_ioreq_server;
        struct xen_dm_op_remote_shutdown remote_shutdown;
        struct xen_dm_op_relocate_memory relocate_memory;
        struct xen_dm_op_pin_memory_cacheattr pin_memory_cacheattr;
        struct xen_dm_op_nr_vcpus nr_vcpus;
    } u;
};

struct xen_dm_op_buf {
    void_gptr_t h;
    xen_ulong_t size;               /* bytes */
};
