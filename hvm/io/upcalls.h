/* SPDX-License-Identifier: GPL-2.0-only */
/* What the way of an access expects from the layers above it. */
#pragma once

#include "hypervisor/lib/util.h"

/*
 * An access of domain 0 to memory that hvm/pci watches: 1, 2, 4 or 8 bytes
 * inside one page. False: it watches nothing there. No locks held.
 */
bool vpci_mmio_access(uint64_t gpa, unsigned int size, bool write,
                      uint64_t *val);
