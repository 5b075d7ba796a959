/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between the files of hvm/pci/ only. Everything here is protected by lock
 * PCI (hypervisor/io/pci.h), which all functions below are called with.
 */
#pragma once

#include "hvm/irq/passthru.h"
#include "hvm/pci/vpci.h"
#include "hypervisor/io/msi.h"
#include "hypervisor/lib/list.h"

struct vpci {
    struct domain *domain;            /* (c) */
    struct vpci_dev *devs;
    struct list watched;              /* struct vpci_msix, mapped ones */
};

/* The guest's MSI registers. */
struct vpci_msi {
    struct msi_cap cap;
    uint16_t ctrl;                    /* enable bit only */
    uint64_t address;
    uint16_t data;
    struct passthru_msi irq;
};

/* One entry of the guest's table: address, its upper half, data, control. */
enum { MSIX_ADDRESS, MSIX_ADDRESS_HIGH, MSIX_DATA, MSIX_CONTROL, MSIX_WORDS };

struct vpci_msix_entry {
    uint32_t word[MSIX_WORDS];
    struct passthru_msi irq;
};

struct vpci_msix {
    struct list link;                 /* vpci->watched; empty: not there */
    struct vpci_dev *dev;
    struct msix_cap cap;
    uint16_t ctrl;                    /* the guest's two bits of control */
    uint64_t table;                   /* maddr, while watched */
    uint64_t first, last;             /* frames watched */
    volatile uint8_t *va;             /* of frame `first` */
    uint64_t mapped_first;            /* what va is a mapping of */
    unsigned int remaps;              /* mappings made so far */
    struct vpci_msix_entry entry[];   /* cap.entries of them */
};

struct vpci_dev {
    struct vpci_dev *next;
    struct vpci *vpci;
    uint32_t sbdf;
    uint8_t bars;                     /* number of BARs in the header */
    struct vpci_msi msi;
    struct vpci_msix *msix;           /* NULL: it has none */
    uint16_t sriov;                   /* extended capability to hide, or 0 */
};

/* vmsi.c. The register belongs to the capability. read: the dword at reg;
 * write: the dword as it shall be, of which `bytes` (a mask) were written. */
bool vmsi_owns(const struct vpci_dev *dev, unsigned int reg);
uint32_t vmsi_read(struct vpci_dev *dev, unsigned int reg);
void vmsi_write(struct vpci_dev *dev, unsigned int reg, uint32_t val);
void vmsi_reset(struct vpci_dev *dev);

/* vmsix.c. */
int vmsix_create(struct vpci_dev *dev);   /* 0, also if it has none; -ENOMEM */
void vmsix_destroy(struct vpci_dev *dev);
void vmsix_reset(struct vpci_dev *dev);
/* The capability's first dword; a write to its control word (all of it). */
uint32_t vmsix_read(struct vpci_dev *dev);
void vmsix_control(struct vpci_dev *dev, uint16_t val);
/* Memory decoding and BARs are (about to be) such that the table is at
 * maddr; or it is nowhere. */
void vmsix_place(struct vpci_msix *m, uint64_t maddr);
void vmsix_unplace(struct vpci_msix *m);
/* Memory decoding is about to be switched on, and is on: the device sends
 * nothing until its table is what the guest wants. */
void vmsix_hold(struct vpci_msix *m);
void vmsix_release(struct vpci_msix *m);
/* True if one of 2^order frames at g is watched. */
bool vmsix_watches(struct vpci *p, uint64_t g, unsigned int order);
