/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MSI-X: the pages with the table are not in the guest's map; its accesses
 * come here. The device's table holds messages of Lodge's, and is masked
 * where the guest's is, or where there is no message yet. What else is on
 * those pages passes through.
 */
#include "hvm/pci/vpci-impl.h"

#include "hvm/base/hvm.h"
#include "hvm/io/upcalls.h"
#include "hvm/mem/p2m.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/cpu/io.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/mm/heap.h"
#include "hypervisor/mm/map.h"

/* Mappings of a table that moves are never undone: enough for any firmware
 * and driver, an end for a guest that moves BARs for fun. */
#define REMAPS_MAX 64u

static uint64_t table_size(const struct vpci_msix *m)
{
    return (uint64_t)m->cap.entries * MSIX_ENTRY_SIZE;
}

static volatile uint8_t *table_va(const struct vpci_msix *m)
{
    return m->va + (m->table - (m->first << PAGE_SHIFT));
}

/* The table can be reached. */
static bool is_placed(const struct vpci_msix *m)
{
    return !list_empty(&m->link) && m->va;
}

static bool is_enabled(const struct vpci_msix *m)
{
    return m->ctrl & MSIX_CTRL_ENABLE;
}

static bool is_masked(const struct vpci_msix_entry *e)
{
    return e->word[MSIX_CONTROL] & MSIX_ENTRY_MASKED;
}

/* All entries as after power-up. */
static void clear(struct vpci_msix *m)
{
    m->ctrl = 0;
    for (unsigned int i = 0; i < m->cap.entries; i++) {
        struct vpci_msix_entry *e = &m->entry[i];

        passthru_msi_unbind(&e->irq);
        memset(e->word, 0, sizeof(e->word));
        e->word[MSIX_CONTROL] = MSIX_ENTRY_MASKED;
    }
}

int vmsix_create(struct vpci_dev *dev)
{
    struct msix_cap cap;
    struct vpci_msix *m;

    msix_find(dev->sbdf, &cap);
    if (!cap.pos)
        return 0;
    m = heap_alloc(sizeof(*m) + cap.entries * sizeof(m->entry[0]));
    if (!m)
        return -ENOMEM;
    list_init(&m->link);
    m->dev = dev;
    m->cap = cap;
    clear(m);
    dev->msix = m;
    return 0;
}

void vmsix_destroy(struct vpci_dev *dev)
{
    if (!dev->msix)
        return;
    vmsix_unplace(dev->msix);
    clear(dev->msix);
    heap_free(dev->msix);
    dev->msix = NULL;
}

void vmsix_reset(struct vpci_dev *dev)
{
    if (dev->msix)
        clear(dev->msix);
}

/* Tells the device what the guest wants of one entry. */
static void sync_entry(struct vpci_msix *m, unsigned int i)
{
    struct vpci_msix_entry *e = &m->entry[i];
    struct msi_message host;
    bool changed;
    int rc;

    if (!is_enabled(m) || !is_placed(m))
        return;
    if (is_masked(e)) {
        msix_mask_entry(table_va(m), i);
        return;
    }
    rc = passthru_msi_bind(&e->irq, m->dev->vpci->domain,
                           e->word[MSIX_ADDRESS] |
                               (uint64_t)e->word[MSIX_ADDRESS_HIGH] << 32,
                           e->word[MSIX_DATA], true, &host, &changed);
    if (rc) {
        log_guest(LOG_WARN, "PCI " PCI_FMT ": no vector for MSI-X entry %u "
                  "(error %d)\n", PCI_ARGS(m->dev->sbdf), i, -rc);
        msix_mask_entry(table_va(m), i);
        return;
    }
    msix_write_entry(table_va(m), i, &host);
}

static void sync_all(struct vpci_msix *m)
{
    for (unsigned int i = 0; i < m->cap.entries; i++)
        sync_entry(m, i);
}

/*
 * The device's control word. While its table cannot be reached it holds
 * messages of nobody knows when: all are masked.
 */
static void write_control(struct vpci_msix *m, bool hold)
{
    uint16_t ctrl = m->ctrl;

    if (hold || !is_placed(m))
        ctrl |= MSIX_CTRL_MASK_ALL;
    pci_write(m->dev->sbdf, m->cap.pos + MSI_CONTROL, 2, ctrl);
}

uint32_t vmsix_read(struct vpci_dev *dev)
{
    const struct vpci_msix *m = dev->msix;
    const uint32_t ours = MSIX_CTRL_ENABLE | MSIX_CTRL_MASK_ALL;

    return (pci_read(dev->sbdf, m->cap.pos, 4) & ~(ours << 16)) |
           (uint32_t)m->ctrl << 16;
}

void vmsix_control(struct vpci_dev *dev, uint16_t val)
{
    struct vpci_msix *m = dev->msix;
    bool was = is_enabled(m);

    m->ctrl = val & (MSIX_CTRL_ENABLE | MSIX_CTRL_MASK_ALL);
    if (is_enabled(m) && !was)
        sync_all(m);
    write_control(m, false);
    if (!is_enabled(m) && was)
        for (unsigned int i = 0; i < m->cap.entries; i++)
            passthru_msi_unbind(&m->entry[i].irq);
}

void vmsix_hold(struct vpci_msix *m)
{
    if (is_enabled(m))
        write_control(m, true);
}

void vmsix_release(struct vpci_msix *m)
{
    if (!is_enabled(m))
        return;
    sync_all(m);
    write_control(m, false);
}

/* Takes the pages out of the guest's map, wherever they were touched. */
static void take_out(struct vpci_msix *m)
{
    struct domain *d = m->dev->vpci->domain;

    for (uint64_t g = m->first; g <= m->last; g++)
        if (p2m_lookup(d, gfn(g)).type == P2M_MMIO)
            (void)p2m_unmap(d, gfn(g), ORDER_4K, mfn(g));
}

void vmsix_place(struct vpci_msix *m, uint64_t maddr)
{
    uint64_t first = maddr >> PAGE_SHIFT;
    uint64_t last = (maddr + table_size(m) - 1) >> PAGE_SHIFT;

    if (!list_empty(&m->link) && m->table == maddr)
        return;
    vmsix_unplace(m);
    if (!m->va || m->mapped_first != first) {
        m->va = NULL;
        if (m->remaps++ < REMAPS_MAX)
            m->va = device_map(first << PAGE_SHIFT,
                               (last - first + 1) << PAGE_SHIFT);
        m->mapped_first = first;
    }
    m->table = maddr;
    m->first = first;
    m->last = last;
    /* Watched even if Lodge cannot reach it: the guest must not. */
    list_add(&m->dev->vpci->watched, &m->link);
    take_out(m);
    if (!m->va)
        log_guest(LOG_WARN, "PCI " PCI_FMT ": MSI-X table at %#lx cannot be "
                  "mapped; its interrupts will not work\n",
                  PCI_ARGS(m->dev->sbdf), maddr);
}

void vmsix_unplace(struct vpci_msix *m)
{
    list_del(&m->link);
}

bool vmsix_watches(struct vpci *p, uint64_t g, unsigned int order)
{
    struct vpci_msix *m;

    list_for_each (m, &p->watched, link)
        if (m->first < g + (1ull << order) && m->last >= g)
            return true;
    return false;
}

/* Words 4 or 8 bytes wide; anything else is undefined (PCI 3.0, 6.8.2). */
static void table_access(struct vpci_msix *m, uint64_t off, unsigned int size,
                         bool write, uint64_t *val)
{
    static const uint32_t writable[MSIX_WORDS] = { ~3u, ~0u, ~0u,
                                                   MSIX_ENTRY_MASKED };
    unsigned int i = (unsigned int)(off / MSIX_ENTRY_SIZE);
    unsigned int word = off % MSIX_ENTRY_SIZE / 4, end = word + size / 4;
    uint64_t written = *val;
    struct vpci_msix_entry *e;

    *val = ~0ull;
    if (size < 4 || off & (size - 1))
        return;
    e = &m->entry[index_nospec(i, m->cap.entries)];
    *val = e->word[word] | (size == 8 ? (uint64_t)e->word[word + 1] << 32 : 0);
    if (!write)
        return;
    for (; word < end; word++, written >>= 32)
        e->word[word] = (uint32_t)written & writable[word];
    if (end == MSIX_WORDS || !is_masked(e))
        sync_entry(m, i);
}

/* What shares a page with the table, the pending bits for instance: one
 * access of just this width. */
static void pass_access(volatile uint8_t *p, unsigned int size, bool write,
                        uint64_t *val)
{
    if (write && size == 1)
        mmio_write8(p, (uint8_t)*val);
    else if (write && size == 2)
        mmio_write16(p, (uint16_t)*val);
    else if (write && size == 4)
        mmio_write32(p, (uint32_t)*val);
    else if (write)
        mmio_write64(p, *val);
    else if (size == 1)
        *val = mmio_read8(p);
    else if (size == 2)
        *val = mmio_read16(p);
    else if (size == 4)
        *val = mmio_read32(p);
    else
        *val = mmio_read64(p);
}

static void watched_access(struct vpci_msix *m, uint64_t gpa,
                           unsigned int size, bool write, uint64_t *val)
{
    if (gpa >= m->table && gpa < m->table + table_size(m))
        table_access(m, gpa - m->table, size, write, val);
    else if (gpa & (size - 1) || !m->va)
        *val = ~0ull; /* might run into the table from below */
    else
        pass_access(m->va + (gpa - (m->first << PAGE_SHIFT)), size, write,
                    val);
}

bool vpci_mmio_access(struct vpci *p, uint64_t gpa, unsigned int size,
                      bool write, uint64_t *val)
{
    uint64_t frame = gpa >> PAGE_SHIFT;
    struct vpci_msix *m, *hit = NULL;

    spin_lock(&pci_lock);
    /* Two tables may share a page: the one that is meant goes first. */
    list_for_each (m, &p->watched, link)
        if (frame >= m->first && frame <= m->last &&
            (!hit || gpa - m->table < table_size(m)))
            hit = m;
    if (hit)
        watched_access(hit, gpa, size, write, val);
    spin_unlock(&pci_lock);
    return hit;
}
