/* SPDX-License-Identifier: GPL-2.0-only */
/* MSI and MSI-X registers. Holds no state. */
#include "hypervisor/io/msi.h"

#include "hypervisor/cpu/io.h"
#include "hypervisor/io/pci.h"

void msi_find(uint32_t sbdf, struct msi_cap *cap)
{
    unsigned int pos = pci_find_cap(sbdf, PCI_CAP_MSI);
    uint32_t ctrl;

    *cap = (struct msi_cap){ 0 };
    if (!pos)
        return;
    ctrl = pci_read(sbdf, pos + MSI_CONTROL, 2);
    cap->is_64bit = ctrl & MSI_CTRL_64BIT;
    cap->maskable = ctrl & MSI_CTRL_MASKABLE;
    if (pos + msi_cap_size(cap) <= PCI_CONFIG_SIZE)
        cap->pos = (uint8_t)pos;
}

void msix_find(uint32_t sbdf, struct msix_cap *cap)
{
    unsigned int pos = pci_find_cap(sbdf, PCI_CAP_MSIX), bars;
    uint32_t ctrl, table;

    *cap = (struct msix_cap){ 0 };
    if (!pos || pos + 12 > PCI_CONFIG_SIZE)
        return;
    ctrl = pci_read(sbdf, pos + MSI_CONTROL, 2);
    table = pci_read(sbdf, pos + MSIX_TABLE, 4);
    bars = pci_bar_count(pci_read(sbdf, PCI_HEADER_TYPE, 1));
    if ((table & MSIX_BIR) >= bars)
        return;
    cap->pos = (uint8_t)pos;
    cap->bar = (uint8_t)(table & MSIX_BIR);
    cap->offset = table & ~MSIX_BIR;
    cap->entries = (uint16_t)((ctrl & MSIX_CTRL_SIZE) + 1);
}

void msi_write_message(uint32_t sbdf, const struct msi_cap *c,
                       const struct msi_message *m)
{
    pci_write(sbdf, c->pos + 4u, 4, (uint32_t)m->address);
    if (c->is_64bit)
        pci_write(sbdf, c->pos + 8u, 4, (uint32_t)(m->address >> 32));
    pci_write(sbdf, c->pos + msi_data_offset(c), 2, m->data & 0xffff);
}

static volatile uint8_t *entry(volatile void *table, unsigned int n)
{
    return (volatile uint8_t *)table + (size_t)n * MSIX_ENTRY_SIZE;
}

void msix_mask_entry(volatile void *table, unsigned int n)
{
    volatile uint8_t *e = entry(table, n);

    mmio_write32(e + 12, mmio_read32(e + 12) | MSIX_ENTRY_MASKED);
    (void)mmio_read32(e + 12);
}

void msix_write_entry(volatile void *table, unsigned int n,
                      const struct msi_message *m)
{
    volatile uint8_t *e = entry(table, n);
    uint32_t ctrl = mmio_read32(e + 12);

    mmio_write32(e + 12, ctrl | MSIX_ENTRY_MASKED);
    mmio_write32(e, (uint32_t)m->address);
    mmio_write32(e + 4, (uint32_t)(m->address >> 32));
    mmio_write32(e + 8, m->data);
    mmio_write32(e + 12, ctrl & ~MSIX_ENTRY_MASKED);
    (void)mmio_read32(e + 12);
}
