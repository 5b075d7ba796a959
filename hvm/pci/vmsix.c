/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MSI-X: the pages with the table are not in the guest's map; its accesses
 * come here. The device's table holds messages of Lodge's, and is masked
 * where the guest's is, or where there is no message yet. What else is on
 * those pages passes through.
 */
#include "hvm/pci/vpci-impl.h"

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
    return m->va + (m->table & (PAGE_SIZE - 1));
}

/* The frames with the table. */
static uint64_t first_frame(const struct vpci_msix *m)
{
    return m->table >> PAGE_SHIFT;
}

static uint64_t end_frame(const struct vpci_msix *m)
{
    return ((m->table + table_size(m) - 1) >> PAGE_SHIFT) + 1;
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

uint32_t vmsix_read(const struct vpci_msix *m)
{
    const uint32_t ours = MSIX_CTRL_ENABLE | MSIX_CTRL_MASK_ALL;

    return (pci_read(m->dev->sbdf, m->cap.pos, 4) & ~(ours << 16)) |
           (uint32_t)m->ctrl << 16;
}

void vmsix_control(struct vpci_msix *m, uint16_t val)
{
    bool was = is_enabled(m);

    m->ctrl = val & (MSIX_CTRL_ENABLE | MSIX_CTRL_MASK_ALL);
    if (is_enabled(m) && !was)
        sync_all(m);
    write_control(m, false);
    if (!is_enabled(m) && was)
        for (unsigned int i = 0; i < m->cap.entries; i++)
            passthru_msi_unbind(&m->entry[i].irq);
}

/* The table is where it shall be, and what the guest wants goes into it. */
static void release(struct vpci_msix *m)
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

    for (uint64_t g = first_frame(m); g < end_frame(m); g++)
        if (p2m_lookup(d, gfn(g)).type == P2M_MMIO)
            (void)p2m_unmap(d, gfn(g), ORDER_4K, mfn(g));
}

/* Memory decoding and BARs are (about to be) such that the table is at
 * maddr. */
static void place(struct vpci_msix *m, uint64_t maddr)
{
    uint64_t old = first_frame(m);

    if (!list_empty(&m->link) && m->table == maddr)
        return;
    list_del(&m->link);
    m->table = maddr;
    if (!m->va || first_frame(m) != old) {
        m->va = NULL;
        if (m->remaps++ < REMAPS_MAX)
            m->va = device_map(first_frame(m) << PAGE_SHIFT,
                               (end_frame(m) - first_frame(m)) << PAGE_SHIFT);
    }
    /* Watched even if Lodge cannot reach it: the guest must not. */
    list_add(&m->dev->vpci->watched, &m->link);
    take_out(m);
    if (!m->va)
        log_guest(LOG_WARN, "PCI " PCI_FMT ": MSI-X table at %#lx cannot be "
                  "mapped; its interrupts will not work\n",
                  PCI_ARGS(m->dev->sbdf), maddr);
}

/* Where the table is (decoding on) or is no more. */
static void follow(struct vpci_msix *m, bool decoding)
{
    uint64_t bar;

    if (decoding && !pci_bar_address(m->dev->sbdf, m->cap.bar, &bar))
        place(m, bar + m->cap.offset);
    else
        list_del(&m->link);
}

static bool decodes_memory(const struct vpci_msix *m)
{
    return pci_read(m->dev->sbdf, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY;
}

void vmsix_reset(struct vpci_msix *m)
{
    clear(m);
    follow(m, decodes_memory(m));
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
    dev->msix = m;
    vmsix_reset(m);
    return 0;
}

void vmsix_destroy(struct vpci_msix *m)
{
    list_del(&m->link);
    clear(m);
    heap_free(m);
}

void vmsix_write_command(struct vpci_msix *m, unsigned int reg,
                         unsigned int size, uint32_t val)
{
    uint32_t old = pci_read(m->dev->sbdf, PCI_COMMAND, 2);
    uint32_t cmd = (old & ~byte_mask(reg, size)) | val << (reg & 3) * 8;
    bool decoding = cmd & PCI_COMMAND_MEMORY;
    bool begins = decoding && !(old & PCI_COMMAND_MEMORY);

    /* Watched before the guest could reach it, until it no longer can; the
     * device sends nothing until its table is what the guest wants. */
    if (begins) {
        if (is_enabled(m))
            write_control(m, true);
        follow(m, true);
    }
    pci_write(m->dev->sbdf, reg, size, val);
    if (!decoding)
        follow(m, false);
    else if (begins)
        release(m);
}

void vmsix_write_bar(struct vpci_msix *m, unsigned int reg, unsigned int size,
                     uint32_t val)
{
    pci_write(m->dev->sbdf, reg, size, val);
    /* Moved while it decodes: half of a 64-bit address may be old, the
     * second write puts it right. */
    if (decodes_memory(m)) {
        follow(m, true);
        release(m);
    }
}

static bool covers(const struct vpci_msix *m, uint64_t g, uint64_t n)
{
    return first_frame(m) < g + n && end_frame(m) > g;
}

bool vmsix_watches(const struct vpci *p, uint64_t g, uint64_t n)
{
    struct vpci_msix *m;

    list_for_each (m, &p->watched, link)
        if (covers(m, g, n))
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

static void watched_access(struct vpci_msix *m, uint64_t gpa,
                           unsigned int size, bool write, uint64_t *val)
{
    uint64_t off = gpa - (first_frame(m) << PAGE_SHIFT);

    if (gpa - m->table < table_size(m))
        table_access(m, gpa - m->table, size, write, val);
    else if (gpa & (size - 1) || !m->va)
        *val = ~0ull; /* might run into the table from below */
    else if (write) /* the pending bits for instance, by the table */
        mmio_write(m->va + off, size, *val);
    else
        *val = mmio_read(m->va + off, size);
}

bool vpci_mmio_access(struct vpci *p, uint64_t gpa, unsigned int size,
                      bool write, uint64_t *val)
{
    struct vpci_msix *m, *hit = NULL;

    spin_lock(&pci_lock);
    /* Two tables may share a page: the one that is meant goes first. */
    list_for_each (m, &p->watched, link)
        if (covers(m, gpa >> PAGE_SHIFT, 1) &&
            (!hit || gpa - m->table < table_size(m)))
            hit = m;
    if (hit)
        watched_access(hit, gpa, size, write, val);
    spin_unlock(&pci_lock);
    return hit;
}
