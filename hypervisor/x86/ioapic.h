/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * I/O APICs (82093AA data sheet; ICH9 13.5): redirection entries by GSI. The
 * caller (irq.c) serialises and knows what is in them: nothing is read back.
 * All entries are masked at boot.
 */
#pragma once

#include "hypervisor/x86/acpi-tables.h"

#define GSIS_MAX 1024 /* GSIs are below */

extern unsigned int gsis_end; /* one more than the highest GSI; constant */

/* Bits of an entry's low half; the lowest are the vector. */
#define IOAPIC_ACTIVE_LOW BIT(13)
#define IOAPIC_LEVEL BIT(15)
#define IOAPIC_MASKED BIT(16)

#define PIC_VECTOR 0x20 /* of 16, below VECTOR_FIRST, that are spurious */
/*
 * Quiets the PICs. Before apic_init(): what they have asserted must go away
 * while the local APIC still listens, or an emulated one keeps it for ever.
 */
void pic_init(void);
/* Maps and masks all that acpi_info lists, and keeps those that answer there;
 * the machine cannot start when there is none. */
void ioapic_init(void);
/* Whose pin it is; NULL for a GSI in a gap between I/O APICs. */
const struct ioapic *ioapic_of_gsi(unsigned int gsi);

/* The entry of a GSI that there is. dest: APIC id, at most 255. */
void ioapic_write_entry(unsigned int gsi, uint32_t low, uint32_t dest);
/* The low half alone, of which nothing but the mask changes: one index and
 * one data write. */
void ioapic_write_low(unsigned int gsi, uint32_t low);
