/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Physical interrupts that belong to a domain: GSIs that domain 0 unmasks in
 * its I/O APICs, and messages of devices whose MSI registers are emulated
 * (hvm/pci). Delivery goes through hvm/irq/route.h like any other source's.
 */
#pragma once

#include "hypervisor/x86/irq.h"

/*
 * One message of one device. Zeroed: not bound. The owner serialises all
 * calls (lock PCI); the interrupt itself only reads `message`.
 */
struct passthru_msi {
    unsigned int irq;  /* number of hypervisor/x86/irq.h, 0: not bound */
    uint64_t message;  /* (a) the guest's: address 31:0 in 63:32, data */
};

/*
 * The guest wrote address and data where the device was to send its
 * interrupt. Gives it a vector of the machine, near the vCPU that the message
 * names, or (movable) moves it there. *host is what the device must be told;
 * 1 if that is not what it was before, else 0. -ENOSPC: no vector.
 */
int passthru_msi_bind(struct passthru_msi *m, uint64_t address, uint32_t data,
                      bool movable, struct msi_message *host);
/* The device sends no more: gives the vector back. Idempotent. No lock of
 * rank HVM_IRQ or above. */
void passthru_msi_unbind(struct passthru_msi *m);
