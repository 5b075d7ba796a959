/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Configuration space accesses of domain 0: which pass, which are looked at,
 * which are answered here. Knows capabilities only by the files beside it.
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
#include "hypervisor/mm/heap.h"

static struct vpci_dev **slot_of(struct vpci *p, uint32_t sbdf)
{
    struct vpci_dev **at = &p->devs;

    while (*at && (*at)->sbdf != sbdf)
        at = &(*at)->next;
    return at;
}

static bool decodes_memory(uint32_t sbdf)
{
    return pci_read(sbdf, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY;
}

/* Where the MSI-X table is (decoding on) or is no more. */
static void follow_table(struct vpci_dev *dev, bool decoding)
{
    struct vpci_msix *m = dev->msix;
    uint64_t bar;

    if (!m)
        return;
    if (decoding && !pci_bar_address(dev->sbdf, m->cap.bar, &bar))
        vmsix_place(m, bar + m->cap.offset);
    else
        vmsix_unplace(m);
}

static void dev_free(struct vpci_dev *dev)
{
    vmsi_reset(dev);
    vmsix_destroy(dev);
    heap_free(dev);
}

/* Lock PCI. */
static int add(struct vpci *p, uint32_t sbdf)
{
    struct vpci_dev **at = slot_of(p, sbdf), *dev;
    int rc;

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
    rc = vmsix_create(dev);
    if (rc) {
        dev_free(dev);
        return rc;
    }
    *at = dev;
    follow_table(dev, decodes_memory(sbdf));
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
        dev_free(dev);
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
        vmsi_reset(dev);
        vmsix_reset(dev);
        follow_table(dev, decodes_memory(sbdf));
    }
    spin_unlock(&pci_lock);
    return dev ? 0 : -ENODEV;
}

/* The bytes of a dword that an access of `size` at reg is about. */
static uint32_t byte_mask(unsigned int reg, unsigned int size)
{
    return (size == 4 ? ~0u : (1u << size * 8) - 1) << (reg & 3) * 8;
}

uint32_t vpci_read(struct domain *d, uint32_t sbdf, unsigned int reg,
                   unsigned int size)
{
    unsigned int at = reg & ~3u;
    struct vpci_dev *dev;
    uint32_t val;

    spin_lock(&pci_lock);
    dev = *slot_of(d->hvm->vpci, sbdf);
    if (dev && vmsi_owns(dev, at)) {
        val = vmsi_read(dev, at);
    } else if (dev && dev->msix && at == dev->msix->cap.pos) {
        val = vmsix_read(dev);
    } else if (dev && dev->sriov && dev->sriov == at) {
        /* A capability of no kind, with the link to the next. */
        val = pci_read(sbdf, at, 4) & 0xfff00000;
    } else {
        val = pci_read(sbdf, reg, size);
        at = reg;
    }
    spin_unlock(&pci_lock);
    if (at != reg || size != 4)
        val = (val >> (reg - at) * 8) & byte_mask(0, size);
    return val;
}

/* A write to the dword with the command register. */
static void write_command(struct vpci_dev *dev, unsigned int reg,
                          unsigned int size, uint32_t val)
{
    uint32_t keep = ~byte_mask(reg, size);
    uint32_t old = pci_read(dev->sbdf, PCI_COMMAND, 2);
    uint32_t cmd = (old & keep) | val << (reg & 3) * 8;
    bool decoding = cmd & PCI_COMMAND_MEMORY;
    bool begins = decoding && !(old & PCI_COMMAND_MEMORY) && dev->msix;

    /* Watched before the guest could reach it, until it no longer can. */
    if (begins) {
        vmsix_hold(dev->msix);
        follow_table(dev, true);
    }
    pci_write(dev->sbdf, reg, size, val);
    if (!decoding)
        follow_table(dev, false);
    else if (begins)
        vmsix_release(dev->msix);
}

static void write_bar(struct vpci_dev *dev, unsigned int reg,
                      unsigned int size, uint32_t val)
{
    pci_write(dev->sbdf, reg, size, val);
    /* Moved while it decodes: half of a 64-bit address may be old, the
     * second write puts it right. */
    if (dev->msix && decodes_memory(dev->sbdf)) {
        follow_table(dev, true);
        vmsix_release(dev->msix);
    }
}

static void write_known(struct vpci_dev *dev, unsigned int reg,
                        unsigned int size, uint32_t val)
{
    unsigned int at = reg & ~3u;
    uint32_t keep = ~byte_mask(reg, size), dword = val << (reg & 3) * 8;

    if (vmsi_owns(dev, at))
        vmsi_write(dev, at, (vmsi_read(dev, at) & keep) | dword);
    else if (dev->msix && at == dev->msix->cap.pos)
        vmsix_control(dev, ((vmsix_read(dev) & keep) | dword) >> 16);
    else if (reg == PCI_COMMAND || reg == PCI_COMMAND + 1)
        write_command(dev, reg, size, val);
    else if (at >= PCI_BAR0 && at < PCI_BAR0 + dev->bars * 4u)
        write_bar(dev, reg, size, val);
    else if (!dev->sriov || at != dev->sriov)
        pci_write(dev->sbdf, reg, size, val);
}

void vpci_write(struct domain *d, uint32_t sbdf, unsigned int reg,
                unsigned int size, uint32_t val)
{
    struct vpci_dev *dev;

    if (size < 4)
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
    if (!vmsix_watches(d->hvm->vpci, g.raw, order))
        rc = p2m_map(d, g, mfn(g.raw), order, P2M_MMIO);
    spin_unlock(&pci_lock);
    return rc;
}
