/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Layouts of 32-bit callers (PVHVM Linux on i686, the HVM firmware loader):
 * compat_x is struct x as i386 lays it out. "long", frame numbers and handles
 * are 4 bytes there, and a 64-bit number is aligned to 4.
 *
 * What is not here is either the same for both widths - all of event_channel.h,
 * start-info.h, hvm-op.h and ioreq.h, the file format hvm-save.h, and of the
 * others:
 *   xen.h           xenctl_bitmap (as tools see it), vcpu_time_info,
 *                   dom0_vga_console_info
 *   version.h       compile_info, feature_info, varbuf
 *   sched.h         shutdown, remote_shutdown, watchdog, pin_override
 *   vcpu.h          set_periodic_timer, register_vcpu_info, get_physid
 *   grant_table.h   the entries, map, unmap, query_size, set_version,
 *                   get_version, swap
 *   memory.h        memory_domain
 *   physdev.h       unmap_pirq, setup_gsi, pci_mmcfg_reserved, pci_device*,
 *                   dbgp_op
 *   arch-x86.h      vcpu_hvm_context
 *   dm-op.h, domctl.h, sysctl.h   the operations of the tools
 * - or not for 32-bit callers at all. tests/abi proves both.
 */
#pragma once

#include "hypervisor/abi/xen.h"
#include "hypervisor/abi/event_channel.h"
#include "hypervisor/abi/grant_table.h"
#include "hypervisor/abi/memory.h"
#include "hypervisor/abi/vcpu.h"

typedef uint32_t compat_pfn_t;
typedef uint32_t compat_ulong_t;
typedef uint64_t compat_u64_t __attribute__((aligned(4)));

DEFINE_COMPAT_PTR(compat_pfn, compat_pfn_t);
DEFINE_COMPAT_PTR(compat_ulong, compat_ulong_t);
DEFINE_COMPAT_PTR(evtchn_port, evtchn_port_t);

/* xen.h */

struct compat_multicall_entry {
    compat_ulong_t op, result;
    compat_ulong_t args[6];
};

struct compat_arch_vcpu_info {
    compat_ulong_t cr2;
    compat_ulong_t pad[5];
};

/* 64 bytes too, time at the same place. */
struct compat_vcpu_info {
    uint8_t evtchn_upcall_pending;
    uint8_t evtchn_upcall_mask;
    compat_ulong_t evtchn_pending_sel;
    struct compat_arch_vcpu_info arch;
    struct vcpu_time_info time;
};

struct compat_arch_shared_info {
    compat_ulong_t max_pfn;
    compat_pfn_t pfn_to_mfn_frame_list_list;
    compat_ulong_t nmi_reason;
    compat_ulong_t p2m_cr3;
    compat_ulong_t p2m_vaddr;
    compat_ulong_t p2m_generation;
    uint32_t wc_sec_hi;
};

/* Two-level events: 1024 channels. */
struct compat_shared_info {
    struct compat_vcpu_info vcpu_info[XEN_LEGACY_MAX_VCPUS];
    compat_ulong_t evtchn_pending[32];
    compat_ulong_t evtchn_mask[32];
    uint32_t wc_version;
    uint32_t wc_sec;
    uint32_t wc_nsec;
    struct compat_arch_shared_info arch;
};

/* sched.h */

struct compat_sched_poll {
    evtchn_port_cptr_t ports;
    unsigned int nr_ports;
    compat_u64_t timeout;
};

/* vcpu.h */

struct compat_vcpu_runstate_info {
    int state;
    compat_u64_t state_entry_time;
    compat_u64_t time[4];
};

struct compat_vcpu_set_singleshot_timer {
    compat_u64_t timeout_abs_ns;
    uint32_t flags;
};

/* grant_table.h */

struct compat_gnttab_setup_table {
    domid_t dom;
    uint32_t nr_frames;
    int16_t status;
    compat_pfn_cptr_t frame_list;
};

struct compat_gnttab_copy_ptr {
    union {
        grant_ref_t ref;
        compat_pfn_t gmfn;
    } u;
    domid_t domid;
    uint16_t offset;
};

struct compat_gnttab_copy {
    struct compat_gnttab_copy_ptr source, dest;
    uint16_t len;
    uint16_t flags;
    int16_t status;
};

/* memory.h */

struct compat_xen_memory_reservation {
    compat_pfn_cptr_t extent_start;
    compat_ulong_t nr_extents;
    unsigned int extent_order;
    unsigned int mem_flags;
    domid_t domid;
};

struct compat_xen_add_to_physmap {
    domid_t domid;
    uint16_t size;
    unsigned int space;
    compat_ulong_t idx;
    compat_pfn_t gpfn;
};

struct compat_xen_add_to_physmap_batch {
    domid_t domid;
    uint16_t space;
    uint16_t size;
    union xen_add_to_physmap_batch_extra u;
    compat_ulong_cptr_t idxs;
    compat_pfn_cptr_t gpfns;
    int_cptr_t errs;
};

struct compat_xen_remove_from_physmap {
    domid_t domid;
    compat_pfn_t gpfn;
};

struct compat_xen_memory_map {
    unsigned int nr_entries;
    void_cptr_t buffer;
};

struct compat_xen_reserved_device_memory_map {
    uint32_t flags;
    unsigned int nr_entries;
    compat_ulong_t buffer;
    uint8_t dev[4];
};

/* dm-op.h */

struct compat_xen_dm_op_buf {
    void_cptr_t h;
    compat_ulong_t size;
};
