/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Domain 0's view of the machine's PCI configuration space: the machine's,
 * but for the registers by which a device is told where to send interrupts.
 * Those are kept here, and the device gets messages of Lodge's.
 */
#pragma once

#include "hypervisor/cpu/types.h"
#include "hypervisor/io/pci.h"

/* All functions that are there now become domain 0's, which exists. */
void vpci_create(void);

/* A function appeared. 0 also when it is known; -ENODEV: nothing answers
 * there; -ENOMEM. */
int vpci_add(uint32_t sbdf);
/* The function was reset: its message registers are as after power-up; or it
 * is gone. -ENODEV: it is not known. */
int vpci_reset(uint32_t sbdf, bool gone);

/* One access of domain 0 of 1, 2 or 4 bytes, aligned, reg below 4096. */
uint32_t vpci_read(uint32_t sbdf, unsigned int reg, unsigned int size);
void vpci_write(uint32_t sbdf, unsigned int reg, unsigned int size,
                uint32_t val);

/*
 * Maps device memory at g for domain 0, 1:1 and 2^order frames, unless a
 * watched page (an MSI-X table) lies in it: -EPERM. Errors of p2m_map().
 */
int vpci_map_mmio(gfn_t g, unsigned int order);
/*
 * An access of domain 0 to memory that is watched: 1, 2, 4 or 8 bytes inside
 * one page. False: nothing is watched there. No locks held.
 */
bool vpci_mmio_access(uint64_t gpa, unsigned int size, bool write,
                      uint64_t *val);
