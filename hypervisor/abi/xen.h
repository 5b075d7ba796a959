/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The core of the Xen 4.20 ABI: hypercall numbers, domain ids, virtual IRQs,
 * the shared pages every guest may read, and the small types that the other
 * headers are made of.
 *
 * Layouts are those of 64-bit callers; compat.h has the 32-bit ones. Nothing
 * here says how an operation behaves, only how its arguments look.
 */
#pragma once

#include <stdint.h>
#include <stddef.h>
#include <stdbool.h>

#include "hypervisor/abi/guest-ptr.h"

/* Hypercall numbers. 11 and 43 to 47 were never assigned. */
#define __HYPERVISOR_set_trap_table             0
#define __HYPERVISOR_mmu_update                 1
#define __HYPERVISOR_set_gdt                    2
#define __HYPERVISOR_stack_switch               3
#define __HYPERVISOR_set_callbacks              4
#define __HYPERVISOR_fpu_taskswitch             5
#define __HYPERVISOR_platform_op                7
#define __HYPERVISOR_set_debugreg               8
#define __HYPERVISOR_update_descriptor          10
#define __HYPERVISOR_memory_op                  12
#define __HYPERVISOR_multicall                  13
#define __HYPERVISOR_update_va_mapping          14
#define __HYPERVISOR_set_timer_op               15
#define __HYPERVISOR_event_channel_op_compat    16
#define __HYPERVISOR_xen_version                17
#define __HYPERVISOR_console_io                 18
#define __HYPERVISOR_physdev_op_compat          19
#define __HYPERVISOR_grant_table_op             20
#define __HYPERVISOR_vm_assist                  21
#define __HYPERVISOR_iret                       23
#define __HYPERVISOR_vcpu_op                    24
#define __HYPERVISOR_set_segment_base           25
#define __HYPERVISOR_mmuext_op                  26
#define __HYPERVISOR_xsm_op                     27
#define __HYPERVISOR_nmi_op                     28
#define __HYPERVISOR_sched_op                   29
#define __HYPERVISOR_callback_op                30
#define __HYPERVISOR_event_channel_op           32
#define __HYPERVISOR_physdev_op                 33
#define __HYPERVISOR_hvm_op                     34
#define __HYPERVISOR_sysctl                     35
#define __HYPERVISOR_domctl                     36
#define __HYPERVISOR_kexec_op                   37
#define __HYPERVISOR_tmem_op                    38
#define __HYPERVISOR_argo_op                    39
#define __HYPERVISOR_xenpmu_op                  40
#define __HYPERVISOR_dm_op                      41
#define __HYPERVISOR_hypfs_op                   42
#define __HYPERVISOR_arch_0                     48
#define __HYPERVISOR_arch_1                     49
#define __HYPERVISOR_mca                        __HYPERVISOR_arch_0

/* Domain ids. Those from DOMID_FIRST_RESERVED up name no ordinary domain. */
typedef uint16_t domid_t;

#define DOMID_FIRST_RESERVED    0x7ff0u
#define DOMID_SELF              0x7ff0u     /* the caller */
#define DOMID_XEN               0x7ff2u     /* owner of hypervisor frames */
#define DOMID_IDLE              0x7fffu

/* Frame numbers and "long" of the ABI. A UUID is 16 bytes, as given. */
typedef uint64_t xen_pfn_t;
typedef uint64_t xen_ulong_t;
typedef uint8_t xen_domain_handle_t[16];

DEFINE_GUEST_PTR(xen_pfn, xen_pfn_t);
DEFINE_GUEST_PTR(xen_ulong, xen_ulong_t);

/* A bitmap in guest memory; nr_bits is in bits, the buffer in bytes. */
struct xenctl_bitmap {
    uint8_gptr_t bitmap;
    uint32_t nr_bits;
};

/* Virtual IRQs: V per vCPU, G one per system, delivered to its handler. */
#define VIRQ_TIMER          0       /* V singleshot or periodic timer */
#define VIRQ_DEBUG          1       /* V dump state, debug key 'q' */
#define VIRQ_CONSOLE        2       /* G input on the console */
#define VIRQ_DOM_EXC        3       /* G a domain shut down or died */
#define VIRQ_XENOPROF       7       /* V */
#define VIRQ_ENOMEM         12      /* G memory is low */
#define VIRQ_XENPMU         13      /* V */
#define NR_VIRQS            24

/* console_io(cmd, count, buffer). */
#define CONSOLEIO_write     0
#define CONSOLEIO_read      1

/* vm_assist(cmd, type). HVM guests may use runstate_update_flag only. */
#define VMASST_CMD_enable                   0
#define VMASST_CMD_disable                  1
#define VMASST_TYPE_runstate_update_flag    5

/* One call of multicall(list, count). result is written for each. */
struct multicall_entry {
    xen_ulong_t op, result;
    xen_ulong_t args[6];
};

/*
 * Time for one vCPU, a seqlock: version is odd while the rest changes.
 *   ns = system_time + (((tsc - tsc_timestamp) << tsc_shift)
 *                       * tsc_to_system_mul >> 32)
 * A negative shift shifts right.
 */
struct vcpu_time_info {
    uint32_t version;
    uint32_t pad0;
    uint64_t tsc_timestamp;
    uint64_t system_time;           /* ns since boot of the host */
    uint32_t tsc_to_system_mul;
    int8_t tsc_shift;
    uint8_t flags;                  /* XEN_PVCLOCK_* */
    uint8_t pad1[2];
};

#define XEN_PVCLOCK_TSC_STABLE_BIT  (1 << 0)    /* equal on all vCPUs */

struct arch_vcpu_info {
    uint64_t cr2;                   /* PV only */
    uint64_t pad;
};

/* 64 bytes; must not cross a page boundary. */
struct vcpu_info {
    uint8_t evtchn_upcall_pending;
    uint8_t evtchn_upcall_mask;
    xen_ulong_t evtchn_pending_sel; /* one bit per word of evtchn_pending */
    struct arch_vcpu_info arch;
    struct vcpu_time_info time;
};

struct arch_shared_info {
    uint64_t max_pfn;
    xen_pfn_t pfn_to_mfn_frame_list_list;
    uint64_t nmi_reason;            /* XEN_NMIREASON_* */
    uint64_t p2m_cr3;
    uint64_t p2m_vaddr;
    uint64_t p2m_generation;
};

/* vCPUs that have their vcpu_info in shared_info until they register one. */
#define XEN_LEGACY_MAX_VCPUS        32

struct shared_info {
    struct vcpu_info vcpu_info[XEN_LEGACY_MAX_VCPUS];
    xen_ulong_t evtchn_pending[64]; /* two-level ABI: 4096 channels */
    xen_ulong_t evtchn_mask[64];
    uint32_t wc_version;            /* seqlock for the wall clock at boot */
    uint32_t wc_sec;
    uint32_t wc_nsec;
    uint32_t wc_sec_hi;
    struct arch_shared_info arch;
};

/* hvm_start_info.flags (and start_info.flags of PV). */
#define SIF_PRIVILEGED              (1 << 0)
#define SIF_INITDOMAIN              (1 << 1)

/* The screen the boot loader left, for dom0 (XENPF_get_dom0_console). */
#define XEN_VGATYPE_TEXT_MODE_3     0x03
#define XEN_VGATYPE_VESA_LFB        0x23
#define XEN_VGATYPE_EFI_LFB         0x70

struct dom0_vga_console_info {
    uint8_t video_type;             /* XEN_VGATYPE_* */
    union {
        struct {
            uint16_t font_height;   /* pixels */
            uint16_t cursor_x, cursor_y;
            uint16_t rows, columns;
        } text_mode_3;
        struct {
            uint16_t width, height; /* pixels */
            uint16_t bytes_per_line;
            uint16_t bits_per_pixel;
            uint32_t lfb_base;
            uint32_t lfb_size;      /* units of 64 KiB */
            uint8_t red_pos, red_size;
            uint8_t green_pos, green_size;
            uint8_t blue_pos, blue_size;
            uint8_t rsvd_pos, rsvd_size;
            uint32_t gbl_caps;
            uint16_t mode_attrs;
            uint16_t pad;
            uint32_t ext_lfb_base;  /* high half of lfb_base */
        } vesa_lfb;
    } u;
};
