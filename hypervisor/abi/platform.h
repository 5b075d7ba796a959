/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * platform_op(arg): what dom0's kernel tells the hypervisor about the machine
 * and asks of it: clock, firmware, EFI run-time services, CPUs, power states,
 * microcode.
 *
 * Only the layout of 64-bit callers is here: the platform is dom0's, and dom0
 * is 64-bit.
 */
#ifndef ABI_PLATFORM_H
#define ABI_PLATFORM_H

#include "hypervisor/abi/xen.h"

#define XENPF_INTERFACE_VERSION         0x03000001

#define XENPF_settime32                 17
#define XENPF_add_memtype               31
#define XENPF_del_memtype               32
#define XENPF_read_memtype              33
#define XENPF_microcode_update          35
#define XENPF_platform_quirk            39
#define XENPF_get_cpu_version           48
#define XENPF_efi_runtime_call          49
#define XENPF_firmware_info             50
#define XENPF_enter_acpi_sleep          51
#define XENPF_change_freq               52
#define XENPF_getidletime               53
#define XENPF_set_processor_pminfo      54
#define XENPF_get_cpuinfo               55
#define XENPF_cpu_online                56
#define XENPF_cpu_offline               57
#define XENPF_cpu_hotadd                58
#define XENPF_mem_hotadd                59
#define XENPF_core_parking              60
#define XENPF_resource_op               61
#define XENPF_settime64                 62
#define XENPF_get_symbol                63
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

struct xenpf_add_memtype {
    xen_pfn_t mfn;
    uint64_t nr_mfns;
    uint32_t type;
    uint32_t handle;                /* out */
    uint32_t reg;                   /* out */
};

struct xenpf_del_memtype {
    uint32_t handle;
    uint32_t reg;
};

struct xenpf_read_memtype {
    uint32_t reg;
    xen_pfn_t mfn;
    uint64_t nr_mfns;
    uint32_t type;
};

struct xenpf_microcode_update {
    void_gptr_t data;
    uint32_t length;
};

struct xenpf_microcode_update2 {
    uint32_t flags;                 /* XENPF_UCODE_FORCE */
    uint32_t length;
    void_gptr_t data;
};

#define XENPF_UCODE_FORCE               1

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

/* EFI run-time services (UEFI 2.10, chapter 8). status is EFI's. */
struct xenpf_efi_time {
    uint16_t year;
    uint8_t month;
    uint8_t day;
    uint8_t hour;
    uint8_t min;
    uint8_t sec;
    uint32_t ns;
    int16_t tz;
    uint8_t daylight;
};

struct xenpf_efi_guid {
    uint32_t data1;
    uint16_t data2;
    uint16_t data3;
    uint8_t data4[8];
};

struct xenpf_efi_runtime_call {
    uint32_t function;              /* XEN_EFI_* */
    uint32_t misc;                  /* flags, or the monotonic count */
    xen_ulong_t status;             /* out */
    union {
        struct {
            struct xenpf_efi_time time;
            uint32_t resolution;
            uint32_t accuracy;
        } get_time;
        struct xenpf_efi_time set_time;
        struct xenpf_efi_time get_wakeup_time;
        struct xenpf_efi_time set_wakeup_time;
        struct {
            void_gptr_t name;       /* UTF-16 */
            xen_ulong_t size;
            void_gptr_t data;
            struct xenpf_efi_guid vendor_guid;
        } get_variable, set_variable;
        struct {
            xen_ulong_t size;
            void_gptr_t name;
            struct xenpf_efi_guid vendor_guid;
        } get_next_variable_name;
        struct {
            uint32_t attr;
            uint64_t max_store_size;
            uint64_t remain_store_size;
            uint64_t max_size;
        } query_variable_info;
        struct {
            void_gptr_t capsule_header_array;
            xen_ulong_t capsule_count;
            uint64_t max_capsule_size;
            uint32_t reset_type;
        } query_capsule_capabilities;
        struct {
            void_gptr_t capsule_header_array;
            xen_ulong_t capsule_count;
            uint64_t sg_list;
        } update_capsule;
    } u;
};

#define XEN_EFI_get_time                        1
#define XEN_EFI_set_time                        2
#define XEN_EFI_get_wakeup_time                 3
#define XEN_EFI_set_wakeup_time                 4
#define XEN_EFI_get_next_high_monotonic_count   5
#define XEN_EFI_get_variable                    6
#define XEN_EFI_set_variable                    7
#define XEN_EFI_get_next_variable_name          8
#define XEN_EFI_query_variable_info             9
#define XEN_EFI_query_capsule_capabilities      10
#define XEN_EFI_update_capsule                  11
#define XEN_EFI_GET_TIME_SET_CLEARS_NS          0x00000001
#define XEN_EFI_GET_WAKEUP_TIME_ENABLED         0x00000001
#define XEN_EFI_GET_WAKEUP_TIME_PENDING         0x00000002
#define XEN_EFI_SET_WAKEUP_TIME_ENABLE          0x00000001
#define XEN_EFI_SET_WAKEUP_TIME_ENABLE_ONLY     0x00000002
#define XEN_EFI_VARIABLE_NON_VOLATILE           0x00000001
#define XEN_EFI_VARIABLE_BOOTSERVICE_ACCESS     0x00000002
#define XEN_EFI_VARIABLE_RUNTIME_ACCESS         0x00000004
#define XEN_EFI_VARINFO_BOOT_SNAPSHOT           0x00000001

union xenpf_efi_info {
    uint32_t version;
    struct {
        uint64_t addr;              /* EFI_CONFIGURATION_TABLE */
        uint32_t nent;
    } cfg;
    struct {
        uint32_t revision;
        uint32_t bufsz;             /* bytes */
        void_gptr_t name;           /* UTF-16 */
    } vendor;
    struct {
        uint64_t addr;
        uint64_t size;
        uint64_t attr;
        uint32_t type;
    } mem;
    struct {
        uint16_t segment;
        uint8_t bus;
        uint8_t devfn;
        uint16_t vendor;
        uint16_t devid;
        uint64_t address;
        xen_ulong_t size;
    } pci_rom;
    struct {
        uint64_t address;
        xen_ulong_t size;
    } apple_properties;
};

struct xenpf_firmware_info {
    uint32_t type;                  /* XEN_FW_* */
    uint32_t index;                 /* which one; XEN_FW_EFI_* */
    union {
        struct {
            uint8_t device;
            uint8_t version;
            uint16_t interface_support;
            uint16_t legacy_max_cylinder;
            uint8_t legacy_max_head;
            uint8_t legacy_sectors_per_track;
            void_gptr_t edd_params; /* first word: its size */
        } disk_info;
        struct {
            uint8_t device;
            uint32_t mbr_signature;
        } disk_mbr_signature;
        struct {
            uint8_t capabilities;
            uint8_t edid_transfer_time;
            uint8_gptr_t edid;      /* 128 bytes */
        } vbeddc_info;
        union xenpf_efi_info efi_info;
        uint8_t kbd_shift_flags;
    } u;
};

#define XEN_FW_DISK_INFO                1
#define XEN_FW_DISK_MBR_SIGNATURE       2
#define XEN_FW_VBEDDC_INFO              3
#define XEN_FW_EFI_INFO                 4
#define XEN_FW_KBD_SHIFT_FLAGS          5
#define XEN_FW_EFI_VERSION              0
#define XEN_FW_EFI_CONFIG_TABLE         1
#define XEN_FW_EFI_VENDOR               2
#define XEN_FW_EFI_MEM_INFO             3
#define XEN_FW_EFI_RT_VERSION           4
#define XEN_FW_EFI_PCI_ROM              5
#define XEN_FW_EFI_APPLE_PROPERTIES     6

struct xenpf_enter_acpi_sleep {
    uint16_t val_a;                 /* PM1a control, or sleep type a */
    uint16_t val_b;
    uint32_t sleep_state;           /* Sn */
    uint32_t flags;                 /* XENPF_ACPI_SLEEP_EXTENDED */
};

#define XENPF_ACPI_SLEEP_EXTENDED       0x00000001

struct xenpf_change_freq {
    uint32_t flags;                 /* 0 */
    uint32_t cpu;
    uint64_t freq;                  /* Hz */
};

struct xenpf_getidletime {
    uint8_gptr_t cpumap_bitmap;     /* in/out */
    uint32_t cpumap_nr_cpus;
    uint64_gptr_t idletime;         /* out: ns each */
    uint64_t now;                   /* out: ns */
};

/* What dom0's ACPI knows of C and P states. */
struct xen_power_register {
    uint32_t space_id;
    uint32_t bit_width;
    uint32_t bit_offset;
    uint32_t access_size;
    uint64_t address;
};

struct xen_processor_csd {
    uint32_t domain;
    uint32_t coord_type;
    uint32_t num;
};

DEFINE_GUEST_PTR(xen_processor_csd, struct xen_processor_csd);

struct xen_processor_cx {
    struct xen_power_register reg;
    uint8_t type;                   /* Cn */
    uint32_t latency;               /* us */
    uint32_t power;                 /* mW */
    uint32_t dpcnt;
    xen_processor_csd_gptr_t dp;
};

DEFINE_GUEST_PTR(xen_processor_cx, struct xen_processor_cx);

struct xen_processor_flags {
    uint32_t bm_control : 1;
    uint32_t bm_check : 1;
    uint32_t has_cst : 1;
    uint32_t power_setup_done : 1;
    uint32_t bm_rld_set : 1;
};

struct xen_processor_power {
    uint32_t count;
    struct xen_processor_flags flags;
    xen_processor_cx_gptr_t states;
};

struct xen_pct_register {
    uint8_t descriptor;
    uint16_t length;
    uint8_t space_id;
    uint8_t bit_width;
    uint8_t bit_offset;
    uint8_t reserved;
    uint64_t address;
};

struct xen_processor_px {
    uint64_t core_frequency;        /* MHz */
    uint64_t power;                 /* mW */
    uint64_t transition_latency;    /* us */
    uint64_t bus_master_latency;    /* us */
    uint64_t control;
    uint64_t status;
};

DEFINE_GUEST_PTR(xen_processor_px, struct xen_processor_px);

struct xen_psd_package {
    uint64_t num_entries;
    uint64_t revision;
    uint64_t domain;
    uint64_t coord_type;
    uint64_t num_processors;
};

struct xen_processor_performance {
    uint32_t flags;                 /* XEN_PX_* */
    uint32_t platform_limit;
    struct xen_pct_register control_register;
    struct xen_pct_register status_register;
    uint32_t state_count;
    xen_processor_px_gptr_t states;
    struct xen_psd_package domain_info;
    uint32_t shared_type;           /* XEN_CPUPERF_SHARED_TYPE_* */
};

struct xenpf_set_processor_pminfo {
    uint32_t id;                    /* ACPI id */
    uint32_t type;                  /* XEN_PM_* */
    union {
        struct xen_processor_power power;
        struct xen_processor_performance perf;
        uint32_gptr_t pdc;
    } u;
};

#define XEN_PROCESSOR_PM_CX             1
#define XEN_PROCESSOR_PM_PX             2
#define XEN_PROCESSOR_PM_TX             4
#define XEN_PM_CX                       0
#define XEN_PM_PX                       1
#define XEN_PM_TX                       2
#define XEN_PM_PDC                      3
#define XEN_PX_PCT                      1
#define XEN_PX_PSS                      2
#define XEN_PX_PPC                      4
#define XEN_PX_PSD                      8
#define XEN_CPUPERF_SHARED_TYPE_HW      1
#define XEN_CPUPERF_SHARED_TYPE_ALL     2
#define XEN_CPUPERF_SHARED_TYPE_ANY     3

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

struct xenpf_cpu_hotadd {
    uint32_t apic_id;
    uint32_t acpi_id;
    uint32_t pxm;
};

struct xenpf_mem_hotadd {
    uint64_t spfn;
    uint64_t epfn;
    uint32_t pxm;
    uint32_t flags;
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

#define XEN_RESOURCE_OP_MSR_READ        0
#define XEN_RESOURCE_OP_MSR_WRITE       1

struct xenpf_symdata {
    uint32_t namelen;               /* in: room; out: length */
    uint32_t symnum;                /* in; out: the next, same: the end */
    char_gptr_t name;
    uint64_t address;
    char type;                      /* as nm prints it */
};

struct xen_platform_op {
    uint32_t cmd;                   /* XENPF_settime32.. */
    uint32_t interface_version;
    union {
        struct xenpf_settime64 settime;
        struct xenpf_settime32 settime32;
        struct xenpf_settime64 settime64;
        struct xenpf_add_memtype add_memtype;
        struct xenpf_del_memtype del_memtype;
        struct xenpf_read_memtype read_memtype;
        struct xenpf_microcode_update microcode;
        struct xenpf_platform_quirk platform_quirk;
        struct xenpf_efi_runtime_call efi_runtime_call;
        struct xenpf_firmware_info firmware_info;
        struct xenpf_enter_acpi_sleep enter_acpi_sleep;
        struct xenpf_change_freq change_freq;
        struct xenpf_getidletime getidletime;
        struct xenpf_set_processor_pminfo set_pminfo;
        struct xenpf_pcpuinfo pcpu_info;
        struct xenpf_pcpu_version pcpu_version;
        struct xenpf_cpu_ol cpu_ol;
        struct xenpf_cpu_hotadd cpu_add;
        struct xenpf_mem_hotadd mem_add;
        struct xenpf_core_parking core_parking;
        struct xenpf_resource_op resource_op;
        struct xenpf_symdata symdata;
        struct dom0_vga_console_info dom0_console;
        struct xenpf_ucode_revision ucode_revision;
        struct xenpf_microcode_update2 microcode2;
        uint8_t pad[128];
    } u;
};

DEFINE_GUEST_PTR(xen_platform_op, struct xen_platform_op);

#endif
