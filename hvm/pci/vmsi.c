/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The MSI capability: the guest sees what it wrote, the device gets a
 * message of Lodge's. One message per function: the capability says so.
 */
#include "hvm/pci/vpci-impl.h"

#include "hypervisor/debug/log.h"

bool vmsi_owns(const struct vpci_dev *dev, unsigned int reg)
{
    const struct msi_cap *c = &dev->msi.cap;

    return c->pos && reg >= c->pos &&
           reg < c->pos + ALIGN_UP(msi_cap_size(c), 4u);
}

uint32_t vmsi_read(struct vpci_dev *dev, unsigned int reg)
{
    const struct vpci_msi *m = &dev->msi;
    unsigned int off = reg - m->cap.pos;
    uint32_t hw = pci_read(dev->sbdf, reg, 4);

    if (off == 0)
        return (hw & ~((uint32_t)(MSI_CTRL_ENABLE | MSI_CTRL_CAPABLE |
                                  MSI_CTRL_NR) << 16)) |
               (uint32_t)m->ctrl << 16;
    if (off == 4)
        return (uint32_t)m->address;
    if (off == 8 && m->cap.is_64bit)
        return (uint32_t)(m->address >> 32);
    if (off == msi_data_offset(&m->cap))
        return m->data;
    return hw;
}

/* The device sends to where the guest's registers say. False: it cannot. */
static bool program(struct vpci_dev *dev, bool always)
{
    struct vpci_msi *m = &dev->msi;
    struct msi_message host;
    bool changed;
    int rc;

    /* Address and data cannot be changed together: it stays on its CPU. */
    rc = passthru_msi_bind(&m->irq, dev->vpci->domain, m->address, m->data,
                           false, &host, &changed);
    if (rc) {
        log_guest(LOG_WARN, "PCI " PCI_FMT ": no vector for its MSI (error "
                  "%d)\n", PCI_ARGS(dev->sbdf), -rc);
        return false;
    }
    if (changed || always)
        msi_write_message(dev->sbdf, &m->cap, &host);
    return true;
}

static void write_control(struct vpci_dev *dev, uint16_t ctrl)
{
    struct vpci_msi *m = &dev->msi;
    unsigned int reg = m->cap.pos + MSI_CONTROL;
    uint32_t hw = pci_read(dev->sbdf, reg, 2) &
                  ~(uint32_t)(MSI_CTRL_ENABLE | MSI_CTRL_NR);

    m->ctrl = ctrl & MSI_CTRL_ENABLE;
    if (m->ctrl && program(dev, true)) {
        pci_write(dev->sbdf, reg, 2, hw | MSI_CTRL_ENABLE);
        return;
    }
    pci_write(dev->sbdf, reg, 2, hw);
    passthru_msi_unbind(&m->irq);
}

void vmsi_write(struct vpci_dev *dev, unsigned int reg, uint32_t val)
{
    struct vpci_msi *m = &dev->msi;
    unsigned int off = reg - m->cap.pos;

    if (off == 0) {
        write_control(dev, (uint16_t)(val >> 16));
        return;
    }
    if (off == 4) {
        m->address = (m->address & ~0xffffffffull) | (val & ~3u);
    } else if (off == 8 && m->cap.is_64bit) {
        m->address = (uint32_t)m->address | (uint64_t)val << 32;
    } else if (off == msi_data_offset(&m->cap)) {
        m->data = (uint16_t)val;
    } else {
        /* Mask bits, which are the device's own. */
        if (off == msi_mask_offset(&m->cap))
            pci_write(dev->sbdf, reg, 4, val);
        return;
    }
    if (m->ctrl & MSI_CTRL_ENABLE)
        (void)program(dev, false);
}

void vmsi_reset(struct vpci_dev *dev)
{
    struct vpci_msi *m = &dev->msi;

    passthru_msi_unbind(&m->irq);
    m->ctrl = 0;
    m->address = 0;
    m->data = 0;
}
