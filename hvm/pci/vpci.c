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
#include "hvm/irq/route.h"
#include "hvm/mem/p2m.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/cpu/io.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/mm/map.h"
#include "hypervisor/x86/irq.h"

/* A message and its mask, as the guest wants them: an entry of its MSI-X table,
 * or what its MSI registers say. */
enum { ADDRESS, ADDRESS_HIGH, DATA, CONTROL, WORDS };

struct vpci_entry {
    uint32_t word[WORDS];
    struct passthru_msi irq;
};

struct vpci_dev {
    struct vpci_dev *next;
    uint32_t sbdf;
    uint16_t sriov;                   /* extended capability to hide, or 0 */

    uint8_t msi;                      /* the capability, 0: none */
    uint8_t msi_size;                 /* its bytes, up to a whole dword */
    uint8_t msi_data;                 /* offset of the message's data in it */

    uint8_t msix;                     /* the capability, 0: none */
    uint8_t bar;                      /* the table's, */
    uint32_t offset;                  /* where it is in it, */
    uint16_t entries;                 /* and its size */
    uint16_t ctrl;                    /* the guest's two bits of control */
    bool watched;                     /* the table is where this says: */
    uint64_t table;                   /* maddr */
    volatile uint8_t *va;             /* of it, or NULL */
    unsigned int remaps;              /* mappings made so far */
    struct vpci_entry entry[];        /* of MSI-X, and one more: of MSI */
};

static struct vpci_dev *devs;

/* The bytes of a dword that an access of `size` at reg is about. */
static uint32_t byte_mask(unsigned int reg, unsigned int size)
{
    return (uint32_t)size_mask(size) << (reg & 3) * 8;
}

static bool is_masked(const struct vpci_entry *e)
{
    return e->word[CONTROL] & MSIX_ENTRY_MASKED;
}

/* What the device must be told, so that its interrupt goes to where the guest
 * wants it. False: there is no vector. */
static bool bind(struct vpci_dev *dev, struct vpci_entry *e, bool movable,
                 struct msi_message *host)
{
    uint64_t high = e->word[ADDRESS_HIGH];
    int rc = passthru_msi_bind(&e->irq, high << 32 | e->word[ADDRESS],
                               e->word[DATA], movable, host);

    if (rc < 0)
        log_guest(LOG_WARN, "PCI " PCI_FMT ": no vector for %s entry %u "
                  "(error %d)\n", PCI_ARGS(dev->sbdf),
                  movable ? "MSI-X" : "MSI",
                  movable ? (unsigned int)(e - dev->entry) : 0, -rc);
    return rc >= 0;
}

/* ---- MSI ----------------------------------------------------------------- */

/*
 * The guest sees what it wrote, the device gets a message of Lodge's. One
 * message per function: the capability says so. The entry is masked while MSI
 * is off.
 */

static struct vpci_entry *msi_entry(struct vpci_dev *dev)
{
    return &dev->entry[dev->entries];
}

static bool msi_owns(const struct vpci_dev *dev, unsigned int reg)
{
    return dev->msi && reg >= dev->msi && reg - dev->msi < dev->msi_size;
}

/* The word of the entry at this offset of the capability, 4 up to the data. */
static uint32_t *msi_word(struct vpci_dev *dev, unsigned int off)
{
    return &msi_entry(dev)->word[off == dev->msi_data ? DATA : off / 4 - 1];
}

static uint32_t msi_read(struct vpci_dev *dev, unsigned int reg)
{
    const uint32_t ours = MSI_CTRL_ENABLE | MSI_CTRL_CAPABLE | MSI_CTRL_NR;
    unsigned int off = reg - dev->msi;
    uint32_t enable = is_masked(msi_entry(dev)) ? 0 : MSI_CTRL_ENABLE;

    if (off && off <= dev->msi_data)
        return *msi_word(dev, off);
    if (off)
        return pci_read(dev->sbdf, reg, 4);
    return (pci_read(dev->sbdf, reg, 4) & ~(ours << 16)) | enable << 16;
}

/* The device sends to where the guest's registers say. False: it cannot. It
 * must not send while they change, or the difference must be in one of the
 * three words only. */
static bool msi_program(struct vpci_dev *dev)
{
    struct msi_message host;

    /* Address and data cannot be changed together: it stays on its CPU. */
    if (!bind(dev, msi_entry(dev), false, &host))
        return false;
    pci_write(dev->sbdf, dev->msi + 4u, 4, (uint32_t)host.address);
    if (dev->msi_data > 8)
        pci_write(dev->sbdf, dev->msi + 8u, 4, (uint32_t)(host.address >> 32));
    pci_write(dev->sbdf, dev->msi + dev->msi_data, 2, host.data & 0xffff);
    return true;
}

/* val: the dword as it shall be. */
static void msi_write(struct vpci_dev *dev, unsigned int reg, uint32_t val)
{
    unsigned int off = reg - dev->msi, data = dev->msi_data;
    struct vpci_entry *e = msi_entry(dev);

    if (off == 0) {
        uint32_t hw = pci_read(dev->sbdf, reg + MSI_CONTROL, 2) &
                      ~(uint32_t)(MSI_CTRL_ENABLE | MSI_CTRL_NR);
        bool on = val >> 16 & MSI_CTRL_ENABLE;

        e->word[CONTROL] = on ? 0 : MSIX_ENTRY_MASKED;
        on = on && msi_program(dev);
        pci_write(dev->sbdf, reg + MSI_CONTROL, 2,
                  on ? hw | MSI_CTRL_ENABLE : hw);
        if (!on)
            passthru_msi_unbind(&e->irq);
    } else if (off <= data) {
        *msi_word(dev, off) = off == 4 ? val & ~3u
                            : off == data ? val & 0xffff : val;
        if (!is_masked(e))
            (void)msi_program(dev);
    } else if (off == data + 4) {
        /* Mask bits, which are the device's own. */
        pci_write(dev->sbdf, reg, 4, val);
    }
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

static uint64_t table_size(const struct vpci_dev *dev)
{
    return (uint64_t)dev->entries * MSIX_ENTRY_SIZE;
}

/* The last frame with a part of the table. */
static uint64_t table_last(const struct vpci_dev *dev)
{
    return (dev->table + table_size(dev) - 1) >> PAGE_SHIFT;
}

/* The table can be reached. */
static bool is_placed(const struct vpci_dev *dev)
{
    return dev->watched && dev->va;
}

static bool is_enabled(const struct vpci_dev *dev)
{
    return dev->ctrl & MSIX_CTRL_ENABLE;
}

/* Tells the device what the guest wants of one entry. */
static void sync_entry(struct vpci_dev *dev, unsigned int i)
{
    struct vpci_entry *e = &dev->entry[i];
    struct msi_message host;

    if (!is_enabled(dev) || !is_placed(dev))
        return;
    bool send = !is_masked(e) && bind(dev, e, true, &host);
    volatile uint8_t *hw = dev->va + i * MSIX_ENTRY_SIZE;
    uint32_t ctrl = mmio_read32(hw + 12) & ~MSIX_ENTRY_MASKED;

    mmio_write32(hw + 12, ctrl | MSIX_ENTRY_MASKED);
    if (send) {
        mmio_write32(hw, (uint32_t)host.address);
        mmio_write32(hw + 4, (uint32_t)(host.address >> 32));
        mmio_write32(hw + 8, host.data);
        mmio_write32(hw + 12, ctrl);
    }
    (void)mmio_read32(hw + 12); /* the device has it now */
}

static void msix_sync_all(struct vpci_dev *dev)
{
    for (unsigned int i = 0; i < dev->entries; i++)
        sync_entry(dev, i);
}

/*
 * The device's control word. While its table cannot be reached it holds
 * messages of nobody knows when: all are masked.
 */
static void msix_write_control(struct vpci_dev *dev, bool hold)
{
    uint16_t ctrl = dev->ctrl;

    if (hold || !is_placed(dev))
        ctrl |= MSIX_CTRL_MASK_ALL;
    pci_write(dev->sbdf, dev->msix + MSI_CONTROL, 2, ctrl);
}

/* The capability's first dword; a write to its control word (all of it). */
static uint32_t msix_read(const struct vpci_dev *dev)
{
    const uint32_t ours = MSIX_CTRL_ENABLE | MSIX_CTRL_MASK_ALL;

    return (pci_read(dev->sbdf, dev->msix, 4) & ~(ours << 16)) |
           (uint32_t)dev->ctrl << 16;
}

static void msix_control(struct vpci_dev *dev, uint16_t val)
{
    bool was = is_enabled(dev);

    dev->ctrl = val & (MSIX_CTRL_ENABLE | MSIX_CTRL_MASK_ALL);
    if (is_enabled(dev) && !was)
        msix_sync_all(dev);
    msix_write_control(dev, false);
    if (!is_enabled(dev) && was)
        for (unsigned int i = 0; i < dev->entries; i++)
            passthru_msi_unbind(&dev->entry[i].irq);
}

/* Memory decoding and BARs are (about to be) such that the table is where its
 * BAR says, or (decoding off) is no more. */
static void msix_follow(struct vpci_dev *dev, bool decoding)
{
    uint64_t maddr = decoding ? pci_bar_address(dev->sbdf, dev->bar) : 0;

    if (!maddr) {
        dev->watched = false;
        return;
    }
    maddr += dev->offset;
    if (dev->watched && dev->table == maddr)
        return;
    if (!dev->va || dev->table != maddr) {
        dev->va = NULL;
        if (dev->remaps++ < REMAPS_MAX)
            dev->va = device_map(maddr, table_size(dev));
    }
    /* Watched, and out of the guest's map wherever it was touched, even if
     * Lodge cannot reach it: the guest must not. */
    dev->table = maddr;
    dev->watched = true;
    for (uint64_t g = maddr >> PAGE_SHIFT; g <= table_last(dev); g++)
        if (p2m_lookup(hardware_domain, gfn(g)).type == P2M_MMIO)
            (void)p2m_unmap(hardware_domain, gfn(g), ORDER_4K, mfn(g));
    if (!dev->va)
        log_guest(LOG_WARN, "PCI " PCI_FMT ": MSI-X table at %#lx cannot be "
                  "mapped; its interrupts will not work\n",
                  PCI_ARGS(dev->sbdf), maddr);
}

/* Writes to the command register and to the BAR move the table. The dword
 * behind the BAR, which may be its upper half, counts as well. */
static void msix_write_header(struct vpci_dev *dev, unsigned int reg,
                              unsigned int size, uint32_t val)
{
    uint32_t old = pci_read(dev->sbdf, PCI_COMMAND, 2), cmd = old;
    bool bar = reg >= PCI_BAR0, decoding, begins;

    if (!bar)
        cmd = (old & ~byte_mask(reg, size)) | val << (reg & 3) * 8;
    decoding = cmd & PCI_COMMAND_MEMORY;
    begins = decoding && !(old & PCI_COMMAND_MEMORY);
    /* Watched before the guest could reach it, until it no longer can; the
     * device sends nothing until its table is what the guest wants. */
    if (begins) {
        if (is_enabled(dev))
            msix_write_control(dev, true);
        msix_follow(dev, true);
    }
    pci_write(dev->sbdf, reg, size, val);
    /* A BAR that moves while it decodes: half of a 64-bit address may be old,
     * the second write puts it right. */
    if (bar || !decoding)
        msix_follow(dev, decoding);
    if ((begins || (bar && decoding)) && is_enabled(dev)) {
        msix_sync_all(dev);
        msix_write_control(dev, false);
    }
}

/* A page with the table is among n frames from g on. */
static bool covers(const struct vpci_dev *dev, uint64_t g, uint64_t n)
{
    return dev->watched && dev->table >> PAGE_SHIFT < g + n &&
           table_last(dev) >= g;
}

/* Words 4 or 8 bytes wide; anything else is undefined (PCI 3.0, 6.8.2). */
static void table_access(struct vpci_dev *dev, uint64_t off, unsigned int size,
                         bool write, uint64_t *val)
{
    static const uint32_t writable[WORDS] = { ~3u, ~0u, ~0u,
                                              MSIX_ENTRY_MASKED };
    unsigned int i = (unsigned int)(off / MSIX_ENTRY_SIZE);
    unsigned int word = off % MSIX_ENTRY_SIZE / 4, end = word + size / 4;
    uint64_t written = *val;

    *val = ~0ull;
    if (size < 4 || off & (size - 1))
        return;
    struct vpci_entry *e = &dev->entry[index_nospec(i, dev->entries)];
    *val = e->word[word] | (size == 8 ? (uint64_t)e->word[word + 1] << 32 : 0);
    if (!write)
        return;
    for (; word < end; word++, written >>= 32)
        e->word[word] = (uint32_t)written & writable[word];
    if (end == WORDS || !is_masked(e))
        sync_entry(dev, i);
}

bool vpci_mmio_access(uint64_t gpa, unsigned int size, bool write,
                      uint64_t *val)
{
    struct vpci_dev *hit = NULL;

    spin_lock(&pci_lock);
    /* Two tables may share a page: the one that is meant goes first. */
    for (struct vpci_dev *dev = devs; dev; dev = dev->next)
        if (covers(dev, gpa >> PAGE_SHIFT, 1) &&
            (!hit || gpa - dev->table < table_size(dev)))
            hit = dev;
    if (hit && gpa - hit->table < table_size(hit)) {
        table_access(hit, gpa - hit->table, size, write, val);
    } else if (hit && (gpa & (size - 1) || !hit->va)) {
        *val = ~0ull; /* might run into the table from below */
    } else if (hit) { /* the pending bits for instance, by the table */
        volatile uint8_t *at = hit->va + (int64_t)(gpa - hit->table);

        if (write)
            mmio_write(at, size, *val);
        else
            *val = mmio_read(at, size);
    }
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

/* Message registers as after power-up; where the table of a device that has
 * not gone is is looked up again. */
static void reset(struct vpci_dev *dev, bool gone)
{
    dev->ctrl = 0;
    for (unsigned int i = 0; i <= dev->entries; i++) {
        passthru_msi_unbind(&dev->entry[i].irq);
        dev->entry[i] =
            (struct vpci_entry){ .word[CONTROL] = MSIX_ENTRY_MASKED };
    }
    if (dev->msix)
        msix_follow(dev, !gone && (pci_read(dev->sbdf, PCI_COMMAND, 2) &
                                   PCI_COMMAND_MEMORY));
}

/* Makes a function known in its slot; 0 also if it was. A capability that
 * makes no sense is none. */
static int add(uint32_t sbdf, struct vpci_dev **at)
{
    if (*at)
        return 0;
    if (!pci_present(sbdf))
        return -ENODEV;
    unsigned int type = pci_read(sbdf, PCI_HEADER_TYPE, 1) &
                        PCI_HEADER_TYPE_MASK;
    unsigned int bars = type == 0 ? 6 : type == 1 ? 2 : 0;
    unsigned int msi = pci_find_cap(sbdf, PCI_CAP_MSI, false);
    uint32_t ctrl = pci_read(sbdf, msi + MSI_CONTROL, 2);
    unsigned int msi_data = ctrl & MSI_CTRL_64BIT ? 12 : 8;
    unsigned int msi_size = msi_data + (ctrl & MSI_CTRL_MASKABLE ? 12 : 4);
    if (msi + msi_size > PCI_CONFIG_SIZE)
        msi = 0;
    unsigned int msix = pci_find_cap(sbdf, PCI_CAP_MSIX, false);
    uint32_t table = pci_read(sbdf, msix + MSIX_TABLE, 4);
    if (msix + 12 > PCI_CONFIG_SIZE || (table & MSIX_BIR) >= bars)
        msix = 0;
    uint32_t size = pci_read(sbdf, msix + MSI_CONTROL, 2) & MSIX_CTRL_SIZE;
    unsigned int entries = msix ? size + 1 : 0;
    struct vpci_dev *dev = heap_alloc(sizeof(*dev) + (entries + 1) *
                                                     sizeof(dev->entry[0]));

    if (!dev)
        return -ENOMEM;
    *dev = (struct vpci_dev){
        .sriov = (uint16_t)pci_find_cap(sbdf, PCI_EXT_CAP_SRIOV, true),
        .sbdf = sbdf, .msi = (uint8_t)msi, .msi_size = (uint8_t)msi_size,
        .msi_data = (uint8_t)msi_data, .msix = (uint8_t)msix,
        .bar = table & MSIX_BIR, .offset = table & ~MSIX_BIR,
        .entries = (uint16_t)entries,
    };
    reset(dev, false);
    *at = dev;
    return 0;
}

static void add_found(uint32_t sbdf)
{
    int rc = add(sbdf, slot_of(sbdf));

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
        msix += dev->msix != 0;
    }
    log_info("PCI: %u functions, %u with MSI-X\n", n, msix);
}

int vpci_add(uint32_t sbdf)
{
    spin_lock(&pci_lock);
    int rc = add(sbdf, slot_of(sbdf));
    spin_unlock(&pci_lock);
    return rc;
}

int vpci_reset(uint32_t sbdf, bool gone)
{
    spin_lock(&pci_lock);
    struct vpci_dev **at = slot_of(sbdf);
    struct vpci_dev *dev = *at;
    if (dev)
        reset(dev, gone);
    if (dev && gone) {
        *at = dev->next;
        heap_free(dev);
    }
    spin_unlock(&pci_lock);
    return dev ? 0 : -ENODEV;
}

uint32_t vpci_read(uint32_t sbdf, unsigned int reg, unsigned int size)
{
    unsigned int at = reg & ~3u;
    uint32_t val;

    spin_lock(&pci_lock);
    struct vpci_dev *dev = *slot_of(sbdf);
    if (dev && msi_owns(dev, at)) {
        val = msi_read(dev, at);
    } else if (dev && dev->msix && at == dev->msix) {
        val = msix_read(dev);
    } else if (dev && dev->sriov && at == dev->sriov) {
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
    bool msix = dev->msix;

    if (msi_owns(dev, at))
        msi_write(dev, at, (msi_read(dev, at) & keep) | dword);
    else if (msix && at == dev->msix)
        msix_control(dev, ((msix_read(dev) & keep) | dword) >> 16);
    else if (msix && (reg == PCI_COMMAND || reg == PCI_COMMAND + 1 ||
                      at - (PCI_BAR0 + dev->bar * 4u) < 8))
        msix_write_header(dev, reg, size, val);
    else if (!dev->sriov || at != dev->sriov)
        pci_write(dev->sbdf, reg, size, val);
}

void vpci_write(uint32_t sbdf, unsigned int reg, unsigned int size,
                uint32_t val)
{
    spin_lock(&pci_lock);
    struct vpci_dev **at = slot_of(sbdf);
    if (!add(sbdf, at))
        write_known(*at, reg, size, val & byte_mask(0, size));
    spin_unlock(&pci_lock);
}

int vpci_map_mmio(gfn_t g, unsigned int order)
{
    struct vpci_dev *dev;

    spin_lock(&pci_lock);
    for (dev = devs; dev && !covers(dev, g.raw, 1ull << order);)
        dev = dev->next;
    int rc = dev ? -EPERM
                 : p2m_map(hardware_domain, g, mfn(g.raw), order, P2M_MMIO);
    spin_unlock(&pci_lock);
    return rc;
}
