/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * I/O APICs (82093AA data sheet; ICH9 13.5): redirection entries by GSI. The
 * caller (irq.c) serialises. All entries are masked at boot.
 */
#ifndef LODGE_X86_IOAPIC_H
#define LODGE_X86_IOAPIC_H

#include "hypervisor/lib/util.h"

struct acpi_info;

struct ioapic_entry {
    uint8_t vector;
    bool level, active_low, masked;
    uint32_t dest;  /* APIC id, physical mode; at most 255 */
};

/*
 * Quiets the PICs. Before apic_init(): what they have asserted must go away
 * while the local APIC still listens, or an emulated one keeps it for ever.
 */
void pic_init(void);
/* Maps and masks all; panics when there is none. */
void ioapic_init(const struct acpi_info *acpi);
/* One more than the highest GSI. */
unsigned int ioapic_gsis(void);
/* False for a GSI in a gap between I/O APICs. */
bool ioapic_has_gsi(unsigned int gsi);

void ioapic_write_entry(unsigned int gsi, const struct ioapic_entry *e);
void ioapic_set_mask(unsigned int gsi, bool masked);

/* For domain 0's view of the machine. */
unsigned int ioapic_count(void);
void ioapic_describe(unsigned int i, uint8_t *id, uint64_t *maddr,
                     unsigned int *first_gsi, unsigned int *nr_gsis,
                     uint8_t *version);

#endif
