/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hvm_op(cmd, arg): what an HVM guest asks about itself and tools set for it.
 *
 * Numbers 2 to 8, 14 and 16 to 22 belonged to operations that are now in
 * dm-op.h; they return -ENOSYS. Same layout for 32-bit callers.
 */
#pragma once

#include "hypervisor/abi/xen.h"
#include "hypervisor/abi/hvm-params.h"

#define HVMOP_set_param                 0
#define HVMOP_get_param                 1
#define HVMOP_flush_tlbs                5   /* arg must be null */
#define HVMOP_get_time                  10
#define HVMOP_get_mem_type              15
#define HVMOP_set_evtchn_upcall_vector  23
#define HVMOP_guest_request_vm_event    24
#define HVMOP_altp2m                    25

struct xen_hvm_param {
    domid_t domid;
    uint16_t pad;
    uint32_t index;                 /* HVM_PARAM_* */
    uint64_t value;
};

/* Kinds of guest frame, as device models and guests know them. */
enum hvmmem_type {
    HVMMEM_ram_rw,
    HVMMEM_ram_ro,                  /* writes are discarded */
    HVMMEM_mmio_dm,
    HVMMEM_unused,                  /* cannot be set */
    HVMMEM_ioreq_server,            /* writes go to the claiming server */
};

struct xen_hvm_get_time {
    uint64_t now;                   /* out: ns since boot */
};

struct xen_hvm_get_mem_type {
    domid_t domid;
    uint16_t mem_type;              /* out: enum hvmmem_type */
    uint16_t pad[2];
    uint64_t pfn;
};

struct xen_hvm_evtchn_upcall_vector {
    uint32_t vcpu;
    uint8_t vector;
};

/* Values of create_ioreq_server.handle_bufioreq. */
#define HVM_IOREQSRV_BUFIOREQ_OFF       0
#define HVM_IOREQSRV_BUFIOREQ_ATOMIC    2   /* pointers read as a pair */
