/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * platform_op(arg): what dom0's kernel tells the hypervisor about the machine
 * and asks of it: clock, firmware, CPUs, power states.
 *
 * Only the layout of 64-bit callers is here: the platform is dom0's, and dom0
 * is 64-bit.
 */
#pragma once

#include "hypervisor/abi/xen.h"

#define XENPF_INTERFACE_VERSION         0x03000001

#define XENPF_settime32                 17
#define XENPF_microcode_update          35
#define XENPF_platform_quirk            39
#define XENPF_get_cpu_version           48
#define XENPF_efi_runtime_call          49
#define XENPF_firmware_info             50
#define XENPF_enter_acpi_sleep          51
#define XENPF_getidletime               53
#define XENPF_set_processor_pminfo      54
#define XENPF_get_cpuinfo               55
#define XENPF_cpu_online                56
#define XENPF_cpu_offline               57
#define XENPF_core_parking              60
#define XENPF_resource_op               61
#define XENPF_settime64                 62
#define XENPF_get_dom0_console          64
#define XENPF_get_ucode_revision        65
#define XENPF_microcode_update2         66

/* The wall clock read secs, nsecs (UTC) at system time system_time. */
struct xenpf_settime32 {
    uint32_t secs;
    uint32_t nsecs;
    uint64_t system_time;           /* ns since boot */
};

struct xenpf_settime64 {
    uint64_t secs;
    uint32_t nsecs;
    uint32_t mbz;
    uint64_t system_time;
};

struct xenpf_ucode_revision {
    uint32_t cpu;
    uint32_t signature;             /* out: CPUID 1 eax */
    uint32_t pf;                    /* out: platform flags (Intel) */
    uint32_t revision;              /* out */
};

struct xenpf_platform_quirk {
    uint32_t quirk_id;              /* QUIRK_* */
};

#define QUIRK_NOIRQBALANCING            1
#define QUIRK_IOAPIC_BAD_REGSEL         2
#define QUIRK_IOAPIC_GOOD_REGSEL        3

struct xenpf_firmware_info {
    uint32_t type;                  /* XEN_FW_* */
    uint32_t index;                 /* which one; XEN_FW_EFI_* */
    union {
        uint8_t kbd_shift_flags;
        uint64_t unread[4];
    } u;
};

#define XEN_FW_DISK_INFO                1
#define XEN_FW_DISK_MBR_SIGNATURE       2
#define XEN_FW_VBEDDC_INFO              3
#define XEN_FW_EFI_INFO                 4
#define XEN_FW_KBD_SHIFT_FLAGS          5

struct xenpf_enter_acpi_sleep {
    uint16_t val_a;                 /* PM1a control, or sleep type a */
    uint16_t val_b;
    uint32_t sleep_state;           /* Sn */
    uint32_t flags;                 /* XENPF_ACPI_SLEEP_EXTENDED */
};

#define XENPF_ACPI_SLEEP_EXTENDED       0x00000001

/* What dom0's ACPI knows of C and P states; only the type is looked at. */
struct xenpf_set_processor_pminfo {
    uint32_t id;                    /* ACPI id */
    uint32_t type;                  /* XEN_PM_* */
    uint64_t unread[13];
};

#define XEN_PM_CX                       0
#define XEN_PM_PX                       1
#define XEN_PM_TX                       2
#define XEN_PM_PDC                      3

struct xenpf_pcpuinfo {
    uint32_t xen_cpuid;
    uint32_t max_present;           /* out */
    uint32_t flags;                 /* out: XEN_PCPU_FLAGS_* */
    uint32_t apic_id;               /* out */
    uint32_t acpi_id;               /* out */
};

#define XEN_PCPU_FLAGS_ONLINE           1
#define XEN_PCPU_FLAGS_INVALID          2

struct xenpf_pcpu_version {
    uint32_t xen_cpuid;
    uint32_t max_present;           /* out, as all that follow */
    char vendor_id[12];
    uint32_t family;
    uint32_t model;
    uint32_t stepping;
};

struct xenpf_cpu_ol {
    uint32_t cpuid;
};

struct xenpf_core_parking {
    uint32_t type;                  /* XEN_CORE_PARKING_* */
    uint32_t idle_nums;
};

#define XEN_CORE_PARKING_SET            1
#define XEN_CORE_PARKING_GET            2

struct xenpf_resource_entry {
    union {
        uint32_t cmd;               /* in: XEN_RESOURCE_OP_* */
        int32_t ret;                /* out: 0 or -E* */
    } u;
    uint32_t rsvd;                  /* 0 */
    uint64_t idx;                   /* MSR */
    uint64_t val;
};

DEFINE_GUEST_PTR(xenpf_resource_entry, struct xenpf_resource_entry);

struct xenpf_resource_op {
    uint32_t nr_entries;
    uint32_t cpu;
    xenpf_resource_entry_gptr_t entries;
};

#define XEN_RESOURCE_OP_MSR_WRITE       1

struct xen_platform_op {
    uint32_t cmd;                   /* XENPF_settime32.. */
    uint32_t interface_version;
    union {
        struct xenpf_settime32 settime32;
        struct xenpf_settime64 settime64;
        struct xenpf_platform_quirk platform_quirk;
        struct xenpf_firmware_info firmware_info;
        struct xenpf_enter_acpi_sleep enter_acpi_sleep;
        struct xenpf_set_processor_pminfo set_pminfo;
        struct xenpf_pcpuinfo pcpu_info;
        struct xenpf_pcpu_version pcpu_version;
        struct xenpf_cpu_ol cpu_ol;
        struct xenpf_core_parking core_parking;
        struct xenpf_resource_op resource_op;
        struct dom0_vga_console_info dom0_console;
        struct xenpf_ucode_revision ucode_revision;
        uint8_t pad[128];
    } u;
};
