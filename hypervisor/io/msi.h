/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Message-signalled interrupts as devices have them: the MSI capability (PCI
 * 3.0, 6.8.1) and the MSI-X capability with its table (6.8.2). Only layout
 * and the way a message gets into the hardware; who the message is for is
 * the caller's. Lock PCI held where configuration space is touched.
 */
#pragma once

#include "hypervisor/lib/util.h"
#include "hypervisor/x86/irq.h"

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

struct msi_cap {
    uint8_t pos;          /* in configuration space, 0: no MSI */
    bool is_64bit, maskable;
};

struct msix_cap {
    uint8_t pos;          /* 0: no MSI-X */
    uint8_t bar;          /* where the table is */
    uint16_t entries;
    uint32_t offset;      /* of the table in the BAR */
};

/* What the device has; pos is 0 if it has none or it makes no sense. */
void msi_find(uint32_t sbdf, struct msi_cap *cap);
void msix_find(uint32_t sbdf, struct msix_cap *cap);

/* Offsets of the fields in the capability; mask: 0 if it has none. */
static inline unsigned int msi_data_offset(const struct msi_cap *c)
{
    return c->is_64bit ? 12 : 8;
}
static inline unsigned int msi_mask_offset(const struct msi_cap *c)
{
    return !c->maskable ? 0 : c->is_64bit ? 16 : 12;
}
/* Bytes of the capability. */
static inline unsigned int msi_cap_size(const struct msi_cap *c)
{
    return msi_data_offset(c) + (c->maskable ? 12 : 2);
}

/* Writes address and data; the device must not send while they change, or
 * the difference must be in one of the three words only. */
void msi_write_message(uint32_t sbdf, const struct msi_cap *c,
                       const struct msi_message *m);

/*
 * Entry n of a mapped table: masked, or masked, changed and unmasked. The
 * write has reached the device on return.
 */
void msix_mask_entry(volatile void *table, unsigned int n);
void msix_write_entry(volatile void *table, unsigned int n,
                      const struct msi_message *m);
