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

/* The guest's MSI registers: the capability's dwords up to the one with the
 * message's data. Of the first one only the enable bit is kept. */
struct vpci_msi {
    struct msi_cap cap;
    uint32_t word[4];
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
    volatile uint8_t *va;             /* of the table's first page */
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

/* The bytes of a dword that an access of `size` at reg is about. */
static inline uint32_t byte_mask(unsigned int reg, unsigned int size)
{
    return (uint32_t)size_mask(size) << (reg & 3) * 8;
}

/* vmsix.c. */
int vmsix_create(struct vpci_dev *dev);   /* 0, also if it has none; -ENOMEM */
void vmsix_destroy(struct vpci_msix *m);
/* As after power-up; where the table is is looked up again. */
void vmsix_reset(struct vpci_msix *m);
/* The capability's first dword; a write to its control word (all of it). */
uint32_t vmsix_read(const struct vpci_msix *m);
void vmsix_control(struct vpci_msix *m, uint16_t val);
/* Writes to the command register and to BARs, which move the table. */
void vmsix_write_command(struct vpci_msix *m, unsigned int reg,
                         unsigned int size, uint32_t val);
void vmsix_write_bar(struct vpci_msix *m, unsigned int reg, unsigned int size,
                     uint32_t val);
/* True if one of n frames at g is watched. */
bool vmsix_watches(const struct vpci *p, uint64_t g, uint64_t n);
