/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Places and tables by which the domain builder, the firmware loader and the
 * emulated ACPI hardware of an HVM guest know each other. All in guest
 * physical memory or ports; the hypervisor itself only uses the ports.
 */
#ifndef ABI_HVM_INFO_H
#define ABI_HVM_INFO_H

#include <stdint.h>

#define HVM_MAX_VCPUS               128

/* The builder's table, at HVM_INFO_PADDR. Bytes sum up to 0. */
#define HVM_INFO_PFN                0x09f
#define HVM_INFO_OFFSET             0x800
#define HVM_INFO_PADDR              0x9f800

struct hvm_info_table {
    char signature[8];              /* "HVM INFO" */
    uint32_t length;
    uint8_t checksum;
    uint8_t apic_mode;
    uint32_t nr_vcpus;
    uint32_t low_mem_pgend;         /* RAM below 4 GiB: 0 to here, pages */
    uint32_t reserved_mem_pgstart;  /* special pages: from here to 4 GiB */
    uint32_t high_mem_pgend;        /* RAM from 4 GiB to here, 0: none */
    uint8_t vcpu_online[(HVM_MAX_VCPUS + 7) / 8];
};

/* E820 table in the loader's memory: count, entries of 20 bytes. */
#define HVM_E820_PAGE               0x00090000
#define HVM_E820_NR_OFFSET          0x000001e8
#define HVM_E820_OFFSET             0x000002d0

#define HVM_BELOW_4G_RAM_END        0xf0000000
#define HVM_BELOW_4G_MMIO_START     HVM_BELOW_4G_RAM_END
#define HVM_BELOW_4G_MMIO_LENGTH    0x10000000ull

/* Ports with a bit per online vCPU, and the GPE that says they changed. */
#define XEN_ACPI_CPU_MAP            0xaf00
#define XEN_ACPI_CPU_MAP_LEN        ((HVM_MAX_VCPUS + 7) / 8)
#define XEN_ACPI_GPE0_CPUHP_BIT     2

#endif
