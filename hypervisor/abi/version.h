/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * xen_version(cmd, arg): who the hypervisor says it is.
 *
 * version, pagesize and the varbuf commands return a value; the others return
 * 0 and fill the buffer at arg, whose size is fixed by the ABI.
 */
#pragma once

#include "hypervisor/abi/xen.h"

#define XENVER_version                  0   /* major << 16 | minor */
#define XENVER_extraversion             1   /* xen_extraversion_t */
#define XENVER_compile_info             2   /* struct xen_compile_info */
#define XENVER_capabilities             3   /* xen_capabilities_info_t */
#define XENVER_changeset                4   /* xen_changeset_info_t */
#define XENVER_platform_parameters      5
#define XENVER_get_features             6   /* struct xen_feature_info */
#define XENVER_pagesize                 7
#define XENVER_guest_handle             8   /* xen_domain_handle_t */
#define XENVER_commandline              9   /* xen_commandline_t */
/* The rest fill a struct xen_varbuf; a null arg asks for the size. */
#define XENVER_build_id                 10
#define XENVER_extraversion2            11
#define XENVER_capabilities2            12
#define XENVER_changeset2               13
#define XENVER_commandline2             14

typedef char xen_extraversion_t[16];
typedef char xen_capabilities_info_t[1024];
typedef char xen_changeset_info_t[64];
typedef char xen_commandline_t[1024];

struct xen_compile_info {
    char compiler[64];
    char compile_by[16];
    char compile_domain[32];
    char compile_date[32];
};

struct xen_feature_info {
    uint32_t submap_idx;            /* in */
    uint32_t submap;                /* out: bits XENFEAT_* */
};

/* Bit numbers of that map; a kernel's ELF notes may demand them. */
#define XENFEAT_writable_page_tables            0
#define XENFEAT_writable_descriptor_tables      1
#define XENFEAT_auto_translated_physmap         2
#define XENFEAT_supervisor_mode_kernel          3
#define XENFEAT_hvm_callback_vector             8
#define XENFEAT_hvm_safe_pvclock                9
#define XENFEAT_dom0                            11
#define XENFEAT_memory_op_vnode_supported       13
#define XENFEAT_not_direct_mapped               16
#define XENFEAT_direct_mapped                   17
#define XENFEAT_dm_msix_all_writes              20

#define XENFEAT_NR_SUBMAPS                      1

struct xen_varbuf {
    uint32_t len;                   /* in: bytes of buf */
    unsigned char buf[];            /* out: not terminated */
};
