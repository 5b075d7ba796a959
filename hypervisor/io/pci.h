/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine's PCI configuration space (PCI Local Bus Specification 3.0,
 * 3.2.2.3; PCI Express Base Specification 7.2.2) and what is found in it.
 * A function is named by its "sbdf": segment << 16 | bus << 8 | devfn.
 */
#pragma once

#include "hypervisor/cpu/spinlock.h"

#define PCI_SBDF(seg, bus, devfn)                                           \
    ((uint32_t)(seg) << 16 | (uint32_t)(bus) << 8 | (uint32_t)(devfn))
/* For messages: "%04x:%02x:%02x.%u". */
#define PCI_FMT "%04x:%02x:%02x.%u"
#define PCI_ARGS(sbdf)                                                      \
    (sbdf) >> 16, (sbdf) >> 8 & 0xff, (sbdf) >> 3 & 0x1f, (sbdf) & 7

/* Registers of every header (PCI 3.0, 6.1). */
#define PCI_VENDOR_ID 0x00
#define PCI_COMMAND 0x04
#define PCI_COMMAND_MEMORY 0x0002
#define PCI_STATUS 0x06
#define PCI_STATUS_CAP_LIST 0x0010
#define PCI_HEADER_TYPE 0x0e
#define PCI_HEADER_TYPE_MASK 0x7f /* 0 device, 1 bridge */
#define PCI_HEADER_MULTI 0x80
#define PCI_BAR0 0x10
#define PCI_CAP_LIST 0x34

#define PCI_BAR_IO 0x1
#define PCI_BAR_TYPE_MASK 0x6
#define PCI_BAR_TYPE_64 0x4
#define PCI_BAR_MEM_MASK 0xfffffff0u

#define PCI_CAP_MSI 0x05
#define PCI_CAP_MSIX 0x11
#define PCI_EXT_CAP_SRIOV 0x10

#define PCI_CONFIG_SIZE 0x100u
#define PCI_EXT_CONFIG_SIZE 0x1000u

/* Port pair of configuration mechanism #1. */
#define PCI_CF8 0xcf8
#define PCI_CFC 0xcfc
#define PCI_CF8_ENABLE 0x80000000u

/* Rank PCI: orders configuration accesses and the state that goes with them;
 * held by the callers of all functions below except pci_init(). */
extern struct spinlock pci_lock;

/* Boot CPU, once: maps the memory-mapped configuration spaces that ACPI
 * lists. No lock held. */
void pci_init(void);

/*
 * One access of 1, 2 or 4 bytes, aligned to its size, reg below 4096. Where
 * nothing can be reached, reads give ones and writes are dropped.
 */
uint32_t pci_read(uint32_t sbdf, unsigned int reg, unsigned int size);
void pci_write(uint32_t sbdf, unsigned int reg, unsigned int size,
               uint32_t val);

static inline bool pci_present(uint32_t sbdf)
{
    return (pci_read(sbdf, PCI_VENDOR_ID, 4) & 0xffff) != 0xffff;
}

/* Position of a capability, or of one in extended space; 0: it has none of
 * this id. */
unsigned int pci_find_cap(uint32_t sbdf, unsigned int id, bool extended);

/*
 * Machine address in memory BAR n (0 to 5) as it is programmed now, upper
 * half included. 0: an I/O BAR or not assigned.
 */
uint64_t pci_bar_address(uint32_t sbdf, unsigned int n);

/* Calls fn for each function of each bus that answers. */
void pci_scan(void (*fn)(uint32_t sbdf));

/*
 * Message-signalled interrupts as devices have them: the MSI capability (PCI
 * 3.0, 6.8.1) and the MSI-X capability with its table (6.8.2).
 */
#define MSI_CONTROL 2 /* offset in the capability, MSI-X too */
#define MSI_CTRL_ENABLE 0x0001
#define MSI_CTRL_CAPABLE 0x000e /* log2 of messages the device could send */
#define MSI_CTRL_NR 0x0070      /* log2 of those it may send */
#define MSI_CTRL_64BIT 0x0080
#define MSI_CTRL_MASKABLE 0x0100

#define MSIX_CTRL_SIZE 0x07ff   /* entries minus one */
#define MSIX_CTRL_MASK_ALL 0x4000
#define MSIX_CTRL_ENABLE 0x8000
#define MSIX_TABLE 4
#define MSIX_BIR 0x7u
#define MSIX_ENTRY_SIZE 16u
#define MSIX_ENTRY_MASKED 1u
