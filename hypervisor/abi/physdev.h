/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * physdev_op(cmd, arg): physical interrupts and PCI devices. A PVH dom0
 * reports its PCI devices here. Same layout for 32-bit callers.
 */
#pragma once

#include "hypervisor/abi/xen.h"

#define PHYSDEVOP_map_pirq              13
#define PHYSDEVOP_unmap_pirq            14
#define PHYSDEVOP_setup_gsi             21
#define PHYSDEVOP_pci_mmcfg_reserved    24
#define PHYSDEVOP_pci_device_add        25
#define PHYSDEVOP_pci_device_remove     26
#define PHYSDEVOP_dbgp_op               29
#define PHYSDEVOP_pci_device_reset      32

struct physdev_map_pirq {
    domid_t domid;
    int type;                       /* MAP_PIRQ_TYPE_* */
    int index;                      /* GSI, or -1 for a new MSI */
    int pirq;                       /* in/out; negative: choose one */
    int bus;                        /* segment << 16 | bus */
    int devfn;
    int entry_nr;                   /* MSI-X entry, or number of MSIs */
    uint64_t table_base;            /* MSI-X table, 0 for MSI */
};

struct physdev_unmap_pirq {
    domid_t domid;
    int pirq;
};

struct physdev_setup_gsi {
    int gsi;
    uint8_t triggering;             /* 0 edge, 1 level */
    uint8_t polarity;               /* 0 high, 1 low */
};

struct physdev_pci_mmcfg_reserved {
    uint64_t address;
    uint16_t segment;
    uint8_t start_bus;
    uint8_t end_bus;
    uint32_t flags;                 /* XEN_PCI_MMCFG_* */
};

struct physdev_pci_device_add {
    uint16_t seg;
    uint8_t bus;
    uint8_t devfn;
    uint32_t flags;                 /* XEN_PCI_DEV_* */
    uint8_t physfn[2];
};

struct physdev_pci_device {
    uint16_t seg;
    uint8_t bus;
    uint8_t devfn;
};

struct pci_device_reset {
    struct physdev_pci_device dev;
    uint32_t flags;                 /* PCI_DEVICE_RESET_* */
};

#define PCI_DEVICE_RESET_FLR            3
#define PCI_DEVICE_RESET_MASK           3

struct physdev_dbgp_op {
    uint8_t op;                     /* PHYSDEVOP_DBGP_RESET_* */
    uint8_t bus;
    uint8_t u[4];
};

#define PHYSDEVOP_DBGP_RESET_PREPARE    1
#define PHYSDEVOP_DBGP_RESET_DONE       2
