/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Configuration space accesses of domain 0: which pass, which are looked at,
 * which are answered here.
 *
 * A function that is not known yet (it was plugged in and not announced)
 * passes through for reads; the first write makes it known, so that no
 * message register is ever written behind Lodge's back.
 *
 * Everything here is protected by lock PCI (hypervisor/io/pci.h).
 */
#include "hvm/pci/vpci.h"

#include "hvm/base/hvm.h"
#include "hvm/io/upcalls.h"
#include "hvm/irq/passthru.h"
#include "hvm/mem/p2m.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/cpu/io.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/lib/list.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/mm/heap.h"
#include "hypervisor/mm/map.h"

/* The guest's MSI registers: the capability's dwords up to the one with the
 * message's data. Of the first one only the enable bit is kept. */
struct vpci_msi {
    struct msi_cap cap;
    uint32_t word[4];
    struct passthru_msi irq;
};

/* One entry of the guest's table: address, its upper half, data, control. */
enum { MSIX_ADDRESS, MSIX_ADDRESS_HIGH, MSIX_DATA, MSIX_CONTROL, MSIX_WORDS };

struct vpci_msix_entry {
    uint32_t word[MSIX_WORDS];
    struct passthru_msi irq;
};

struct vpci_msix {
    struct list link;                 /* in watched; empty: not there */
    struct vpci_dev *dev;
    struct msix_cap cap;
    uint16_t ctrl;                    /* the guest's two bits of control */
    uint64_t table;                   /* maddr, while watched */
    volatile uint8_t *va;             /* of the table's first page */
    unsigned int remaps;              /* mappings made so far */
    struct vpci_msix_entry entry[];   /* cap.entries of them */
};

struct vpci_dev {
    struct vpci_dev *next;
    uint32_t sbdf;
    uint8_t bars;                     /* number of BARs in the header */
    struct vpci_msi msi;
    struct vpci_msix *msix;           /* NULL: it has none */
    uint16_t sriov;                   /* extended capability to hide, or 0 */
};

static struct vpci_dev *devs;
static struct list watched = { &watched, &watched }; /* struct vpci_msix */

/* The bytes of a dword that an access of `size` at reg is about. */
static uint32_t byte_mask(unsigned int reg, unsigned int size)
{
    return (uint32_t)size_mask(size) << (reg & 3) * 8;
}

/* ---- MSI ----------------------------------------------------------------- */

/*
 * The guest sees what it wrote, the device gets a message of Lodge's. One
 * message per function: the capability says so.
 */

static bool msi_owns(const struct msi_cap *c, unsigned int reg)
{
    return c->pos && reg >= c->pos && reg - c->pos < c->size;
}

static uint32_t msi_read(const struct vpci_dev *dev, unsigned int reg)
{
    const uint32_t ours = MSI_CTRL_ENABLE | MSI_CTRL_CAPABLE | MSI_CTRL_NR;
    const struct vpci_msi *m = &dev->msi;
    unsigned int off = reg - m->cap.pos;

    if (off == 0)
        return (pci_read(dev->sbdf, reg, 4) & ~(ours << 16)) | m->word[0];
    if (off <= m->cap.data)
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
    rc = passthru_msi_bind(&m->irq, hardware_domain, high << 32 | m->word[1],
                           m->word[m->cap.data / 4], false, &host, &changed);
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
    unsigned int off = reg - m->cap.pos, data = m->cap.data;

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
    } else if (off == m->cap.mask) {
        /* Mask bits, which are the device's own. */
        pci_write(dev->sbdf, reg, 4, val);
    }
}

static void msi_reset(struct vpci_msi *m)
{
    passthru_msi_unbind(&m->irq);
    memset(m->word, 0, sizeof(m->word));
}

/* ---- MSI-X --------------------------------------------------------------- */

/*
 * The pages with the table are not in the guest's map; its accesses come here.
 * The device's table holds messages of Lodge's, and is masked where the
 * guest's is, or where there is no message yet. What else is on those pages
 * passes through.
 */

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
static void msix_clear(struct vpci_msix *m)
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
        msix_write_entry(table_va(m), i, NULL);
        return;
    }
    rc = passthru_msi_bind(&e->irq, hardware_domain,
                           e->word[MSIX_ADDRESS] |
                               (uint64_t)e->word[MSIX_ADDRESS_HIGH] << 32,
                           e->word[MSIX_DATA], true, &host, &changed);
    if (rc) {
        log_guest(LOG_WARN, "PCI " PCI_FMT ": no vector for MSI-X entry %u "
                  "(error %d)\n", PCI_ARGS(m->dev->sbdf), i, -rc);
        msix_write_entry(table_va(m), i, NULL);
        return;
    }
    msix_write_entry(table_va(m), i, &host);
}

static void msix_sync_all(struct vpci_msix *m)
{
    for (unsigned int i = 0; i < m->cap.entries; i++)
        sync_entry(m, i);
}

/*
 * The device's control word. While its table cannot be reached it holds
 * messages of nobody knows when: all are masked.
 */
static void msix_write_control(struct vpci_msix *m, bool hold)
{
    uint16_t ctrl = m->ctrl;

    if (hold || !is_placed(m))
        ctrl |= MSIX_CTRL_MASK_ALL;
    pci_write(m->dev->sbdf, m->cap.pos + MSI_CONTROL, 2, ctrl);
}

/* The capability's first dword; a write to its control word (all of it). */
static uint32_t msix_read(const struct vpci_msix *m)
{
    const uint32_t ours = MSIX_CTRL_ENABLE | MSIX_CTRL_MASK_ALL;

    return (pci_read(m->dev->sbdf, m->cap.pos, 4) & ~(ours << 16)) |
           (uint32_t)m->ctrl << 16;
}

static void msix_control(struct vpci_msix *m, uint16_t val)
{
    bool was = is_enabled(m);

    m->ctrl = val & (MSIX_CTRL_ENABLE | MSIX_CTRL_MASK_ALL);
    if (is_enabled(m) && !was)
        msix_sync_all(m);
    msix_write_control(m, false);
    if (!is_enabled(m) && was)
        for (unsigned int i = 0; i < m->cap.entries; i++)
            passthru_msi_unbind(&m->entry[i].irq);
}

/* The table is where it shall be, and what the guest wants goes into it. */
static void msix_release(struct vpci_msix *m)
{
    if (!is_enabled(m))
        return;
    msix_sync_all(m);
    msix_write_control(m, false);
}

/* Memory decoding and BARs are (about to be) such that the table is at
 * maddr. */
static void msix_place(struct vpci_msix *m, uint64_t maddr)
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
    /* Watched, and out of the guest's map wherever it was touched, even if
     * Lodge cannot reach it: the guest must not. */
    list_add(&watched, &m->link);
    for (uint64_t g = first_frame(m); g < end_frame(m); g++)
        if (p2m_lookup(hardware_domain, gfn(g)).type == P2M_MMIO)
            (void)p2m_unmap(hardware_domain, gfn(g), ORDER_4K, mfn(g));
    if (!m->va)
        log_guest(LOG_WARN, "PCI " PCI_FMT ": MSI-X table at %#lx cannot be "
                  "mapped; its interrupts will not work\n",
                  PCI_ARGS(m->dev->sbdf), maddr);
}

/* Where the table is (decoding on) or is no more. */
static void msix_follow(struct vpci_msix *m, bool decoding)
{
    uint64_t bar;

    if (decoding && !pci_bar_address(m->dev->sbdf, m->cap.bar, &bar))
        msix_place(m, bar + m->cap.offset);
    else
        list_del(&m->link);
}

static bool decodes_memory(const struct vpci_msix *m)
{
    return pci_read(m->dev->sbdf, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY;
}

/* As after power-up; where the table is is looked up again. */
static void msix_reset(struct vpci_msix *m)
{
    msix_clear(m);
    msix_follow(m, decodes_memory(m));
}

/* 0, also if it has none; -ENOMEM. */
static int msix_create(struct vpci_dev *dev)
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
    msix_reset(m);
    return 0;
}

static void msix_destroy(struct vpci_msix *m)
{
    list_del(&m->link);
    msix_clear(m);
    heap_free(m);
}

/* Writes to the command register and to BARs move the table. */
static void msix_write_command(struct vpci_msix *m, unsigned int reg,
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
            msix_write_control(m, true);
        msix_follow(m, true);
    }
    pci_write(m->dev->sbdf, reg, size, val);
    if (!decoding)
        msix_follow(m, false);
    else if (begins)
        msix_release(m);
}

static void msix_write_bar(struct vpci_msix *m, unsigned int reg,
                           unsigned int size, uint32_t val)
{
    pci_write(m->dev->sbdf, reg, size, val);
    /* Moved while it decodes: half of a 64-bit address may be old, the
     * second write puts it right. */
    if (decodes_memory(m)) {
        msix_follow(m, true);
        msix_release(m);
    }
}

static bool covers(const struct vpci_msix *m, uint64_t g, uint64_t n)
{
    return first_frame(m) < g + n && end_frame(m) > g;
}

static bool msix_watches(uint64_t g, uint64_t n)
{
    struct vpci_msix *m;

    list_for_each (m, &watched, link)
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

bool vpci_mmio_access(uint64_t gpa, unsigned int size, bool write,
                      uint64_t *val)
{
    struct vpci_msix *m, *hit = NULL;

    spin_lock(&pci_lock);
    /* Two tables may share a page: the one that is meant goes first. */
    list_for_each (m, &watched, link)
        if (covers(m, gpa >> PAGE_SHIFT, 1) &&
            (!hit || gpa - m->table < table_size(m)))
            hit = m;
    if (hit)
        watched_access(hit, gpa, size, write, val);
    spin_unlock(&pci_lock);
    return hit;
}

/* ---- Configuration space ------------------------------------------------- */

static struct vpci_dev **slot_of(uint32_t sbdf)
{
    struct vpci_dev **at = &devs;

    while (*at && (*at)->sbdf != sbdf)
        at = &(*at)->next;
    return at;
}

static int add(uint32_t sbdf)
{
    struct vpci_dev **at = slot_of(sbdf), *dev;

    if (*at)
        return 0;
    if (!pci_present(sbdf))
        return -ENODEV;
    dev = heap_alloc(sizeof(*dev));
    if (!dev)
        return -ENOMEM;
    dev->sbdf = sbdf;
    dev->bars = (uint8_t)pci_bar_count(pci_read(sbdf, PCI_HEADER_TYPE, 1));
    msi_find(sbdf, &dev->msi.cap);
    dev->sriov = (uint16_t)pci_find_ext_cap(sbdf, PCI_EXT_CAP_SRIOV);
    if (msix_create(dev)) {
        heap_free(dev);
        return -ENOMEM;
    }
    *at = dev;
    return 0;
}

static void add_found(uint32_t sbdf)
{
    int rc = add(sbdf);

    if (rc)
        log_warn("PCI " PCI_FMT ": not given to domain 0 (error %d)\n",
                 PCI_ARGS(sbdf), -rc);
}

void vpci_create(void)
{
    unsigned int n = 0, msix = 0;

    spin_lock(&pci_lock);
    pci_scan(add_found);
    spin_unlock(&pci_lock);
    for (struct vpci_dev *dev = devs; dev; dev = dev->next) {
        n++;
        msix += dev->msix != NULL;
    }
    log_info("PCI: %u functions, %u with MSI-X\n", n, msix);
}

int vpci_add(uint32_t sbdf)
{
    int rc;

    spin_lock(&pci_lock);
    rc = add(sbdf);
    spin_unlock(&pci_lock);
    return rc;
}

int vpci_remove(uint32_t sbdf)
{
    struct vpci_dev **at, *dev;

    spin_lock(&pci_lock);
    at = slot_of(sbdf);
    dev = *at;
    if (dev) {
        *at = dev->next;
        msi_reset(&dev->msi);
        if (dev->msix)
            msix_destroy(dev->msix);
        heap_free(dev);
    }
    spin_unlock(&pci_lock);
    return dev ? 0 : -ENODEV;
}

int vpci_reset(uint32_t sbdf)
{
    struct vpci_dev *dev;

    spin_lock(&pci_lock);
    dev = *slot_of(sbdf);
    if (dev) {
        msi_reset(&dev->msi);
        if (dev->msix)
            msix_reset(dev->msix);
    }
    spin_unlock(&pci_lock);
    return dev ? 0 : -ENODEV;
}

uint32_t vpci_read(uint32_t sbdf, unsigned int reg, unsigned int size)
{
    unsigned int at = reg & ~3u;
    struct vpci_dev *dev;
    uint32_t val;

    spin_lock(&pci_lock);
    dev = *slot_of(sbdf);
    if (dev && msi_owns(&dev->msi.cap, at)) {
        val = msi_read(dev, at);
    } else if (dev && dev->msix && at == dev->msix->cap.pos) {
        val = msix_read(dev->msix);
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
        msix_control(m, ((msix_read(m) & keep) | dword) >> 16);
    else if (m && (reg == PCI_COMMAND || reg == PCI_COMMAND + 1))
        msix_write_command(m, reg, size, val);
    else if (m && at >= PCI_BAR0 && at < PCI_BAR0 + dev->bars * 4u)
        msix_write_bar(m, reg, size, val);
    else if (!dev->sriov || at != dev->sriov)
        pci_write(dev->sbdf, reg, size, val);
}

void vpci_write(uint32_t sbdf, unsigned int reg, unsigned int size,
                uint32_t val)
{
    struct vpci_dev *dev;

    val &= byte_mask(0, size);
    spin_lock(&pci_lock);
    dev = *slot_of(sbdf);
    if (!dev && !add(sbdf))
        dev = *slot_of(sbdf);
    if (dev)
        write_known(dev, reg, size, val);
    spin_unlock(&pci_lock);
}

int vpci_map_mmio(gfn_t g, unsigned int order)
{
    int rc = -EPERM;

    spin_lock(&pci_lock);
    if (!msix_watches(g.raw, 1ull << order))
        rc = p2m_map(hardware_domain, g, mfn(g.raw), order, P2M_MMIO);
    spin_unlock(&pci_lock);
    return rc;
}
