/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Configuration space accesses of domain 0: which pass, which are looked at,
 * which are answered here. MSI is here, MSI-X in the file beside it.
 *
 * A function that is not known yet (it was plugged in and not announced)
 * passes through for reads; the first write makes it known, so that no
 * message register is ever written behind Lodge's back.
 */
#include "hvm/pci/vpci-impl.h"

#include "hvm/base/hvm.h"
#include "hvm/mem/p2m.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/mm/heap.h"

static struct vpci_dev **slot_of(struct vpci *p, uint32_t sbdf)
{
    struct vpci_dev **at = &p->devs;

    while (*at && (*at)->sbdf != sbdf)
        at = &(*at)->next;
    return at;
}

/*
 * The MSI capability: the guest sees what it wrote, the device gets a
 * message of Lodge's. One message per function: the capability says so.
 */

static bool msi_owns(const struct msi_cap *c, unsigned int reg)
{
    return c->pos && reg >= c->pos &&
           reg < c->pos + ALIGN_UP(msi_cap_size(c), 4u);
}

static uint32_t msi_read(const struct vpci_dev *dev, unsigned int reg)
{
    const uint32_t ours = MSI_CTRL_ENABLE | MSI_CTRL_CAPABLE | MSI_CTRL_NR;
    const struct vpci_msi *m = &dev->msi;
    unsigned int off = reg - m->cap.pos;

    if (off == 0)
        return (pci_read(dev->sbdf, reg, 4) & ~(ours << 16)) | m->word[0];
    if (off <= msi_data_offset(&m->cap))
        return m->word[off / 4];
    return pci_read(dev->sbdf, reg, 4);
}

/* The device sends to where the guest's registers say. False: it cannot. */
static bool msi_program(struct vpci_dev *dev, bool always)
{
    struct vpci_msi *m = &dev->msi;
    uint64_t high = m->cap.is_64bit ? m->word[2] : 0;
    struct msi_message host;
    bool changed;
    int rc;

    /* Address and data cannot be changed together: it stays on its CPU. */
    rc = passthru_msi_bind(&m->irq, dev->vpci->domain, high << 32 | m->word[1],
                           m->word[msi_data_offset(&m->cap) / 4], false, &host,
                           &changed);
    if (rc) {
        log_guest(LOG_WARN, "PCI " PCI_FMT ": no vector for its MSI (error "
                  "%d)\n", PCI_ARGS(dev->sbdf), -rc);
        return false;
    }
    if (changed || always)
        msi_write_message(dev->sbdf, &m->cap, &host);
    return true;
}

/* val: the dword as it shall be. */
static void msi_write(struct vpci_dev *dev, unsigned int reg, uint32_t val)
{
    struct vpci_msi *m = &dev->msi;
    unsigned int off = reg - m->cap.pos, data = msi_data_offset(&m->cap);

    if (off == 0) {
        uint32_t hw = pci_read(dev->sbdf, reg + MSI_CONTROL, 2) &
                      ~(uint32_t)(MSI_CTRL_ENABLE | MSI_CTRL_NR);

        m->word[0] = val & (uint32_t)MSI_CTRL_ENABLE << 16;
        if (m->word[0] && msi_program(dev, true)) {
            pci_write(dev->sbdf, reg + MSI_CONTROL, 2, hw | MSI_CTRL_ENABLE);
        } else {
            pci_write(dev->sbdf, reg + MSI_CONTROL, 2, hw);
            passthru_msi_unbind(&m->irq);
        }
    } else if (off <= data) {
        m->word[off / 4] = off == 4 ? val & ~3u : off == data ? val & 0xffff
                                                              : val;
        if (m->word[0])
            (void)msi_program(dev, false);
    } else if (off == msi_mask_offset(&m->cap)) {
        /* Mask bits, which are the device's own. */
        pci_write(dev->sbdf, reg, 4, val);
    }
}

static void msi_reset(struct vpci_msi *m)
{
    passthru_msi_unbind(&m->irq);
    memset(m->word, 0, sizeof(m->word));
}

/* Lock PCI. */
static int add(struct vpci *p, uint32_t sbdf)
{
    struct vpci_dev **at = slot_of(p, sbdf), *dev;

    if (*at)
        return 0;
    if (!pci_present(sbdf))
        return -ENODEV;
    dev = heap_alloc(sizeof(*dev));
    if (!dev)
        return -ENOMEM;
    dev->vpci = p;
    dev->sbdf = sbdf;
    dev->bars = (uint8_t)pci_bar_count(pci_read(sbdf, PCI_HEADER_TYPE, 1));
    msi_find(sbdf, &dev->msi.cap);
    dev->sriov = (uint16_t)pci_find_ext_cap(sbdf, PCI_EXT_CAP_SRIOV);
    if (vmsix_create(dev)) {
        heap_free(dev);
        return -ENOMEM;
    }
    *at = dev;
    return 0;
}

static void add_found(uint32_t sbdf, void *arg)
{
    int rc = add(arg, sbdf);

    if (rc)
        log_warn("PCI " PCI_FMT ": not given to domain 0 (error %d)\n",
                 PCI_ARGS(sbdf), -rc);
}

int vpci_create(struct domain *d)
{
    struct vpci *p = heap_alloc(sizeof(*p));
    unsigned int n = 0, msix = 0;

    if (!p)
        return -ENOMEM;
    p->domain = d;
    list_init(&p->watched);
    spin_lock(&pci_lock);
    pci_scan(add_found, p);
    spin_unlock(&pci_lock);
    d->hvm->vpci = p;
    for (struct vpci_dev *dev = p->devs; dev; dev = dev->next) {
        n++;
        msix += dev->msix != NULL;
    }
    log_info("PCI: %u functions, %u with MSI-X\n", n, msix);
    return 0;
}

int vpci_add(struct domain *d, uint32_t sbdf)
{
    int rc;

    spin_lock(&pci_lock);
    rc = add(d->hvm->vpci, sbdf);
    spin_unlock(&pci_lock);
    return rc;
}

int vpci_remove(struct domain *d, uint32_t sbdf)
{
    struct vpci_dev **at, *dev;

    spin_lock(&pci_lock);
    at = slot_of(d->hvm->vpci, sbdf);
    dev = *at;
    if (dev) {
        *at = dev->next;
        msi_reset(&dev->msi);
        if (dev->msix)
            vmsix_destroy(dev->msix);
        heap_free(dev);
    }
    spin_unlock(&pci_lock);
    return dev ? 0 : -ENODEV;
}

int vpci_reset(struct domain *d, uint32_t sbdf)
{
    struct vpci_dev *dev;

    spin_lock(&pci_lock);
    dev = *slot_of(d->hvm->vpci, sbdf);
    if (dev) {
        msi_reset(&dev->msi);
        if (dev->msix)
            vmsix_reset(dev->msix);
    }
    spin_unlock(&pci_lock);
    return dev ? 0 : -ENODEV;
}

uint32_t vpci_read(struct domain *d, uint32_t sbdf, unsigned int reg,
                   unsigned int size)
{
    unsigned int at = reg & ~3u;
    struct vpci_dev *dev;
    uint32_t val;

    spin_lock(&pci_lock);
    dev = *slot_of(d->hvm->vpci, sbdf);
    if (dev && msi_owns(&dev->msi.cap, at)) {
        val = msi_read(dev, at);
    } else if (dev && dev->msix && at == dev->msix->cap.pos) {
        val = vmsix_read(dev->msix);
    } else if (dev && dev->sriov && dev->sriov == at) {
        /* A capability of no kind, with the link to the next. */
        val = pci_read(sbdf, at, 4) & 0xfff00000;
    } else {
        val = pci_read(sbdf, reg, size);
        at = reg;
    }
    spin_unlock(&pci_lock);
    return val >> (reg - at) * 8 & byte_mask(0, size);
}

static void write_known(struct vpci_dev *dev, unsigned int reg,
                        unsigned int size, uint32_t val)
{
    unsigned int at = reg & ~3u;
    uint32_t keep = ~byte_mask(reg, size), dword = val << (reg & 3) * 8;
    struct vpci_msix *m = dev->msix;

    if (msi_owns(&dev->msi.cap, at))
        msi_write(dev, at, (msi_read(dev, at) & keep) | dword);
    else if (m && at == m->cap.pos)
        vmsix_control(m, ((vmsix_read(m) & keep) | dword) >> 16);
    else if (m && (reg == PCI_COMMAND || reg == PCI_COMMAND + 1))
        vmsix_write_command(m, reg, size, val);
    else if (m && at >= PCI_BAR0 && at < PCI_BAR0 + dev->bars * 4u)
        vmsix_write_bar(m, reg, size, val);
    else if (!dev->sriov || at != dev->sriov)
        pci_write(dev->sbdf, reg, size, val);
}

void vpci_write(struct domain *d, uint32_t sbdf, unsigned int reg,
                unsigned int size, uint32_t val)
{
    struct vpci_dev *dev;

    val &= byte_mask(0, size);
    spin_lock(&pci_lock);
    dev = *slot_of(d->hvm->vpci, sbdf);
    if (!dev && !add(d->hvm->vpci, sbdf))
        dev = *slot_of(d->hvm->vpci, sbdf);
    if (dev)
        write_known(dev, reg, size, val);
    spin_unlock(&pci_lock);
}

int vpci_map_mmio(struct domain *d, gfn_t g, unsigned int order)
{
    int rc = -EPERM;

    spin_lock(&pci_lock);
    if (!vmsix_watches(d->hvm->vpci, g.raw, 1ull << order))
        rc = p2m_map(d, g, mfn(g.raw), order, P2M_MMIO);
    spin_unlock(&pci_lock);
    return rc;
}
