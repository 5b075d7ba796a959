/* sources: hypervisor/io/pci.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Domain 0's configuration space on a fake machine with three functions:
 * what passes, what the device is told, which pages are watched.
 */
#include <string.h>

#include "hvm/base/hvm.h"
#include "hvm/irq/route.h"
#include "hvm/mem/p2m.h"
#include "hvm/pci/vpci.c"
#include "hypervisor/abi/errno.h"
#include "hypervisor/x86/acpi-tables.h"
#include "tests/unit/fakes/fakes.h"
#include "tests/unit/test.h"

TEST_PROGRAM;

/* ---- the machine ---------------------------------------------------------- */

#define PCI_DEVFN(dev, fn) ((dev) << 3 | (fn))
#define DEV_X PCI_SBDF(0, 0, PCI_DEVFN(1, 0)) /* MSI-X, table in BAR 0 */
#define DEV_M PCI_SBDF(0, 0, PCI_DEVFN(2, 0)) /* MSI, 64 bits, maskable */
#define DEV_O PCI_SBDF(0, 0, PCI_DEVFN(2, 1)) /* MSI, 32 bits */
#define DEV_NEW PCI_SBDF(0, 0, PCI_DEVFN(3, 0)) /* comes later, as DEV_M */

#define MSIX_POS 0x50
#define MSI_POS 0x60
#define SRIOV_POS 0x140
#define BAR_ADDR 0x1fe000000ull
#define TABLE_OFF 0x2010
#define ENTRIES 16u

struct acpi_info acpi_info;
static uint8_t mmcfg[1 << 20];       /* configuration space of bus 0 */
static uint32_t cf8;
static uint32_t ctrl_at_decode;      /* DEV_X's MSI-X control at that moment */
static _Alignas(4096) uint8_t bar[0x4000], bar_moved[0x4000];

static uint8_t *config(uint32_t sbdf)
{
    return &mmcfg[(sbdf & 0xff) << 12];
}

static void cfg_set(uint32_t sbdf, unsigned int reg, unsigned int size,
                    uint32_t v)
{
    memcpy(config(sbdf) + reg, &v, size);
}

static uint32_t cfg_get(uint32_t sbdf, unsigned int reg, unsigned int size)
{
    uint32_t v = 0;

    memcpy(&v, config(sbdf) + reg, size);
    return v;
}

static uint32_t in(uint16_t port, unsigned int size)
{
    uint32_t v = 0;

    if (port < 0xcfc || !(cf8 & 0x80000000) || cf8 >> 16 & 0xff)
        return ~0u;
    memcpy(&v, &mmcfg[(cf8 >> 8 & 0xff) << 12 | (cf8 & 0xfc) | (port & 3)],
           size);
    return v;
}

static void out(uint16_t port, unsigned int size, uint32_t v)
{
    if (port == 0xcf8)
        cf8 = v;
    else if (cf8 & 0x80000000 && !(cf8 >> 16 & 0xff))
        memcpy(&mmcfg[(cf8 >> 8 & 0xff) << 12 | (cf8 & 0xfc) | (port & 3)],
               &v, size);
    /* BAR 0: 16 KiB, 64 bits. */
    cfg_set(DEV_X, PCI_BAR0, 4, (cfg_get(DEV_X, PCI_BAR0, 4) & ~0x3fffu) |
                                PCI_BAR_TYPE_64);
    if (cf8 == (0x80000000 | DEV_X << 8 | PCI_COMMAND) && port == 0xcfc)
        ctrl_at_decode = cfg_get(DEV_X, MSIX_POS + 2, 2);
    /* The size of the table cannot be written. */
    config(DEV_X)[MSIX_POS + 2] = ENTRIES - 1;
    config(DEV_X)[MSIX_POS + 3] &= 0xc0;
}

static void make_msi_device(uint32_t sbdf, uint16_t ctrl)
{
    cfg_set(sbdf, PCI_VENDOR_ID, 4, 0x12348086);
    cfg_set(sbdf, PCI_STATUS, 2, PCI_STATUS_CAP_LIST);
    cfg_set(sbdf, PCI_CAP_LIST, 1, MSI_POS);
    cfg_set(sbdf, MSI_POS, 4, PCI_CAP_MSI | (uint32_t)ctrl << 16);
}

static void make_machine(void)
{
    memset(mmcfg, 0xff, sizeof(mmcfg));
    memset(config(DEV_X), 0, 4096);
    memset(config(DEV_M), 0, 4096);
    memset(config(DEV_O), 0, 4096);
    cfg_set(DEV_X, PCI_VENDOR_ID, 4, 0x00108086);
    cfg_set(DEV_X, PCI_STATUS, 2, PCI_STATUS_CAP_LIST);
    cfg_set(DEV_X, PCI_CAP_LIST, 1, MSIX_POS);
    cfg_set(DEV_X, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    cfg_set(DEV_X, PCI_BAR0, 4, (uint32_t)BAR_ADDR | PCI_BAR_TYPE_64);
    cfg_set(DEV_X, PCI_BAR0 + 4, 4, (uint32_t)(BAR_ADDR >> 32));
    cfg_set(DEV_X, MSIX_POS, 4, PCI_CAP_MSIX | (ENTRIES - 1) << 16);
    cfg_set(DEV_X, MSIX_POS + 4, 4, TABLE_OFF | 0);
    cfg_set(DEV_X, MSIX_POS + 8, 4, 0x3000 | 0);
    cfg_set(DEV_X, 0x100, 4, 0x0001 | 1 << 16 | SRIOV_POS << 20);
    cfg_set(DEV_X, SRIOV_POS, 4, PCI_EXT_CAP_SRIOV | 1 << 16 | 0x180u << 20);
    cfg_set(DEV_X, 0x180, 4, 0x0002 | 1 << 16);
    make_msi_device(DEV_M, MSI_CTRL_64BIT | MSI_CTRL_MASKABLE | 3 << 1);
    cfg_set(DEV_M, PCI_HEADER_TYPE, 1, PCI_HEADER_MULTI);
    make_msi_device(DEV_O, 0);
    for (unsigned int i = 0; i < ENTRIES; i++)
        bar[TABLE_OFF + i * 16 + 12] = 1;
    fake_port_in = in;
    fake_port_out = out;
    fake_phys_add(0xb0000000, mmcfg, sizeof(mmcfg));
    fake_phys_add(BAR_ADDR, bar, sizeof(bar));
    fake_phys_add(0x90000000, bar_moved, sizeof(bar_moved));
    acpi_info.nr_mcfg = 1;
    acpi_info.mcfg[0] = (struct acpi_mcfg){ 0xb0000000, 0, 0, 0 };
    pci_init();
}

/* ---- what is above and beside --------------------------------------------- */

static unsigned int bound, moves;
static int bind_rc;
static struct domain dom;
struct domain *hardware_domain = &dom;

int passthru_msi_bind(struct passthru_msi *m, uint64_t address, uint32_t data,
                      bool movable, struct msi_message *host)
{
    static unsigned int next = 40;
    bool fresh = !m->irq;

    m->message = address << 32 | data;
    if (bind_rc)
        return bind_rc;
    if (fresh) {
        m->irq = next++;
        bound++;
    } else {
        moves++;
    }
    host->address = 0xfee00000 | m->irq << 12;
    host->data = m->irq;
    return fresh;
}

void passthru_msi_unbind(struct passthru_msi *m)
{
    bound -= m->irq != 0;
    m->irq = 0;
}

/* Which frames are mapped: a few. */
static uint64_t mapped[64];
static unsigned int unmaps;

struct p2m_entry p2m_lookup(struct domain *d, gfn_t g)
{
    for (unsigned int i = 0; i < 64; i++)
        if (mapped[i] == g.raw)
            return (struct p2m_entry){ mfn(g.raw), P2M_MMIO, 0 };
    return (struct p2m_entry){ INVALID_MFN, P2M_NONE, 18 };
}

int p2m_map(struct domain *d, gfn_t g, mfn_t m, unsigned int order,
            enum p2m_type type)
{
    CHECK(type == P2M_MMIO && g.raw == m.raw);
    for (unsigned int i = 0; i < 64; i++)
        if (!mapped[i]) {
            mapped[i] = g.raw;
            return 0;
        }
    return -ENOMEM;
}

int p2m_unmap(struct domain *d, gfn_t g, unsigned int order, mfn_t expect)
{
    CHECK_EQ(expect.raw, g.raw);
    for (unsigned int i = 0; i < 64; i++)
        if (mapped[i] == g.raw) {
            mapped[i] = 0;
            unmaps++;
            return 0;
        }
    return -EINVAL;
}

/* ---- short names ----------------------------------------------------------- */

static uint32_t rd(uint32_t sbdf, unsigned int reg, unsigned int size)
{
    return vpci_read(sbdf, reg, size);
}

static void wr(uint32_t sbdf, unsigned int reg, unsigned int size, uint32_t v)
{
    vpci_write(sbdf, reg, size, v);
}

static uint64_t mem_rd(uint64_t gpa, unsigned int size)
{
    uint64_t v = 0x5555555555555555ull;

    CHECK(vpci_mmio_access(gpa, size, false, &v));
    return v;
}

static void mem_wr(uint64_t gpa, unsigned int size, uint64_t v)
{
    CHECK(vpci_mmio_access(gpa, size, true, &v));
}

static bool is_watched(uint64_t gpa)
{
    uint64_t v = 0;

    return vpci_mmio_access(gpa, 4, false, &v);
}

static uint32_t hw32(const uint8_t *p)
{
    uint32_t v;

    memcpy(&v, p, 4);
    return v;
}

/* ---- tests ------------------------------------------------------------------ */

static bool knows(uint32_t sbdf)
{
    for (struct vpci_dev *dev = devs; dev; dev = dev->next)
        if (dev->sbdf == sbdf)
            return true;
    return false;
}

static void test_scan(void)
{
    vpci_create();
    CHECK(knows(DEV_X));
    CHECK(knows(DEV_M));
    CHECK(knows(DEV_O));
    CHECK(!knows(DEV_NEW));
    CHECK(!knows(PCI_SBDF(0, 0, PCI_DEVFN(1, 1))));
    CHECK_EQ(fake_locks_held(), 0);
}

static void test_sizes(void)
{
    spin_lock(&pci_lock);
    CHECK_EQ(pci_bar_address(DEV_X, 0), BAR_ADDR);
    CHECK_EQ(cfg_get(DEV_X, PCI_COMMAND, 2), PCI_COMMAND_MEMORY);
    CHECK_EQ(pci_bar_address(DEV_X, 3), 0);
    CHECK_EQ(pci_find_cap(DEV_X, PCI_CAP_MSIX, false), MSIX_POS);
    CHECK_EQ(pci_find_cap(DEV_X, PCI_CAP_MSI, false), 0);
    CHECK_EQ(pci_find_cap(DEV_X, 2, true), 0x180);
    CHECK_EQ(pci_find_cap(DEV_X, 3, true), 0);
    spin_unlock(&pci_lock);
}

static void test_pass(void)
{
    /* Sizes and lanes. */
    CHECK_EQ(rd(DEV_X, 0, 4), 0x00108086);
    CHECK_EQ(rd(DEV_X, 2, 2), 0x0010);
    CHECK_EQ(rd(DEV_X, 1, 1), 0x80);
    CHECK_EQ(rd(DEV_NEW, 0, 4), 0xffffffff);
    wr(DEV_X, 0x3c, 1, 0x0b);
    CHECK_EQ(cfg_get(DEV_X, 0x3c, 4), 0x0b);
    wr(DEV_X, 0x3e, 2, 0xabcd);
    CHECK_EQ(cfg_get(DEV_X, 0x3c, 4), 0xabcd000b);
    /* Extended space by memory; no writes where nothing answers. */
    CHECK_EQ(rd(DEV_X, 0x100, 4), 0x0001 | 1 << 16 | SRIOV_POS << 20);
    wr(DEV_X, 0x184, 4, 0x11223344);
    CHECK_EQ(cfg_get(DEV_X, 0x184, 4), 0x11223344);
    CHECK_EQ(rd(PCI_SBDF(1, 0, 8), 0, 4), 0xffffffff);
    wr(PCI_SBDF(1, 0, 8), 4, 2, 7);
    /* SR-IOV is no capability any more, and the list goes on behind it. */
    CHECK_EQ(rd(DEV_X, SRIOV_POS, 4), 0x180u << 20);
    CHECK_EQ(rd(DEV_X, SRIOV_POS, 2), 0);
    CHECK_EQ(rd(DEV_X, SRIOV_POS + 2, 2), 0x1800);
}

static void test_msi(void)
{
    const unsigned int p = MSI_POS;

    /* One message only; the rest of control is the device's. */
    CHECK_EQ(rd(DEV_M, p + 2, 2), MSI_CTRL_64BIT | MSI_CTRL_MASKABLE);
    CHECK_EQ(rd(DEV_M, p, 1), PCI_CAP_MSI);
    wr(DEV_M, p + 2, 2, 3 << 4);
    wr(DEV_M, p + 4, 4, 0xfee04003);
    wr(DEV_M, p + 8, 4, 0);
    wr(DEV_M, p + 12, 2, 0x4321);
    CHECK_EQ(rd(DEV_M, p + 4, 4), 0xfee04000);
    CHECK_EQ(rd(DEV_M, p + 12, 2), 0x4321);
    CHECK_EQ(rd(DEV_M, p + 13, 1), 0x43);
    CHECK_EQ(cfg_get(DEV_M, p + 4, 4), 0);
    CHECK_EQ(cfg_get(DEV_M, p + 12, 2), 0);
    CHECK_EQ(bound, 0);

    wr(DEV_M, p + 2, 2, MSI_CTRL_ENABLE | 3 << 4);
    CHECK_EQ(bound, 1);
    CHECK_EQ(cfg_get(DEV_M, p + 2, 2) & (MSI_CTRL_ENABLE | MSI_CTRL_NR),
             MSI_CTRL_ENABLE);
    CHECK_EQ(rd(DEV_M, p + 2, 2),
             MSI_CTRL_ENABLE | MSI_CTRL_64BIT | MSI_CTRL_MASKABLE);
    CHECK_EQ(cfg_get(DEV_M, p + 4, 4) & 0xfff00000, 0xfee00000);
    CHECK(cfg_get(DEV_M, p + 12, 2) != 0x4321);
    CHECK_EQ(rd(DEV_M, p + 4, 4), 0xfee04000);
    /* Mask bits are the device's. */
    wr(DEV_M, p + 16, 4, 1);
    CHECK_EQ(cfg_get(DEV_M, p + 16, 4), 1);
    CHECK_EQ(rd(DEV_M, p + 16, 4), 1);
    /* The upper byte of a field alone. */
    wr(DEV_M, p + 13, 1, 0x11);
    CHECK_EQ(rd(DEV_M, p + 12, 2), 0x1121);
    /* Off again: the vector is free. */
    wr(DEV_M, p + 2, 2, 0);
    CHECK_EQ(bound, 0);
    CHECK(!(cfg_get(DEV_M, p + 2, 2) & MSI_CTRL_ENABLE));

    /* 32 bits: data at another place; a dword write is control, too. */
    wr(DEV_O, p + 4, 4, 0xfee00000);
    wr(DEV_O, p + 8, 2, 0x55);
    wr(DEV_O, p, 4, MSI_CTRL_ENABLE << 16);
    CHECK_EQ(bound, 1);
    CHECK_EQ(rd(DEV_O, p + 8, 2), 0x55);
    CHECK(cfg_get(DEV_O, p + 8, 2) >= 40);
    CHECK(cfg_get(DEV_O, p + 2, 2) & MSI_CTRL_ENABLE);
    wr(DEV_O, p + 2, 2, 0);
    /* No vector: it stays off. */
    bind_rc = -ENOSPC;
    wr(DEV_O, p + 2, 2, MSI_CTRL_ENABLE);
    CHECK(!(cfg_get(DEV_O, p + 2, 2) & MSI_CTRL_ENABLE));
    bind_rc = 0;
    wr(DEV_O, p + 2, 2, 0);
    CHECK_EQ(bound, 0);
}

static const uint64_t table = BAR_ADDR + TABLE_OFF;

static void test_watch(void)
{
    /* The table's pages, the first to the last byte of them, and no others. */
    CHECK(is_watched(BAR_ADDR + 0x2000));
    CHECK(is_watched(BAR_ADDR + 0x2ffc));
    CHECK(!is_watched(BAR_ADDR + 0x1ffc));
    CHECK(!is_watched(BAR_ADDR + 0x3000));
    CHECK_EQ(vpci_map_mmio(gfn((BAR_ADDR >> 12) + 2), 0), -EPERM);
    CHECK_EQ(vpci_map_mmio(gfn(BAR_ADDR >> 12), 9), -EPERM);
    CHECK_EQ(vpci_map_mmio(gfn(BAR_ADDR >> 12), 0), 0);
    /* What is beside the table passes. */
    mem_wr(BAR_ADDR + 0x2000, 4, 0xcafe);
    CHECK_EQ(hw32(bar + 0x2000), 0xcafe);
    mem_wr(BAR_ADDR + 0x2800, 1, 0x77);
    CHECK_EQ(mem_rd(BAR_ADDR + 0x2800, 2), 0x77);
    mem_wr(BAR_ADDR + 0x2808, 8, 0x1122334455667788ull);
    CHECK_EQ(mem_rd(BAR_ADDR + 0x2808, 8), 0x1122334455667788ull);
    /* Into the table from below, and odd sizes. */
    mem_wr(table - 4, 8, 0);
    CHECK_EQ(mem_rd(table, 2), ~0ull);
    CHECK_EQ(mem_rd(table + 2, 4), ~0ull);
}

static void entry_set(uint64_t at, unsigned int i, uint32_t data, bool masked)
{
    mem_wr(at + i * 16, 4, 0xfee02000);
    mem_wr(at + i * 16 + 4, 4, 0);
    mem_wr(at + i * 16 + 8, 4, data);
    mem_wr(at + i * 16 + 12, 4, masked);
}

static void test_msix(void)
{
    const uint8_t *hw = bar + TABLE_OFF;

    CHECK_EQ(rd(DEV_X, MSIX_POS + 2, 2), ENTRIES - 1);
    /* As Linux does it: on and all masked, entries, then go. */
    wr(DEV_X, MSIX_POS + 2, 2, MSIX_CTRL_ENABLE | MSIX_CTRL_MASK_ALL);
    CHECK_EQ(bound, 0);
    CHECK_EQ(rd(DEV_X, MSIX_POS + 2, 2),
             MSIX_CTRL_ENABLE | MSIX_CTRL_MASK_ALL | (ENTRIES - 1));
    entry_set(table, 0, 0x31, false);
    entry_set(table, 15, 0x32, true);
    CHECK_EQ(bound, 1);
    CHECK_EQ(hw32(hw) & 0xfff00000, 0xfee00000);
    CHECK(hw32(hw + 8) >= 40);
    CHECK_EQ(hw32(hw + 12), 0);
    CHECK_EQ(hw32(hw + 15 * 16 + 12), 1);
    CHECK_EQ(hw32(hw + 15 * 16 + 8), 0);
    /* The guest reads its own. */
    CHECK_EQ(mem_rd(table, 4), 0xfee02000);
    CHECK_EQ(mem_rd(table + 8, 8), 0x31);
    CHECK_EQ(mem_rd(table + 15 * 16 + 8, 8), 0x100000032ull);
    wr(DEV_X, MSIX_POS + 2, 2, MSIX_CTRL_ENABLE);
    CHECK_EQ(cfg_get(DEV_X, MSIX_POS + 2, 2),
             MSIX_CTRL_ENABLE | (ENTRIES - 1));
    CHECK_EQ(bound, 1);
    /* Unmasked by an 8-byte write; masked again, the vector is kept. */
    mem_wr(table + 15 * 16 + 8, 8, 0x33);
    CHECK_EQ(bound, 2);
    CHECK_EQ(hw32(hw + 15 * 16 + 12), 0);
    mem_wr(table + 15 * 16 + 12, 4, 1);
    CHECK_EQ(hw32(hw + 15 * 16 + 12), 1);
    CHECK_EQ(bound, 2);
    /* No vector: masked in the device. */
    bind_rc = -ENOSPC;
    entry_set(table, 3, 0x40, false);
    CHECK_EQ(hw32(hw + 3 * 16 + 12), 1);
    CHECK_EQ(mem_rd(table + 3 * 16 + 12, 4), 0);
    bind_rc = 0;
    /* A byte of control. */
    wr(DEV_X, MSIX_POS + 3, 1, 0);
    CHECK_EQ(bound, 0);
    CHECK_EQ(cfg_get(DEV_X, MSIX_POS + 2, 2) & MSIX_CTRL_ENABLE, 0);
    /* On again: what the guest left unmasked works. */
    wr(DEV_X, MSIX_POS + 2, 2, MSIX_CTRL_ENABLE);
    CHECK_EQ(bound, 2);
    CHECK_EQ(hw32(hw + 3 * 16 + 12), 0);
}

static void test_moves(void)
{
    const uint64_t moved = 0x90000000 + TABLE_OFF;

    /* Decoding off: nothing is watched. Off to on at a new place, which was
     * mapped for something else before. */
    wr(DEV_X, PCI_COMMAND, 2, 0);
    CHECK(!is_watched(table));
    wr(DEV_X, PCI_BAR0, 4, 0x90000000 | PCI_BAR_TYPE_64);
    wr(DEV_X, PCI_BAR0 + 4, 4, 0);
    CHECK(!is_watched(moved));
    CHECK_EQ(vpci_map_mmio(gfn(moved >> 12), 0), 0);
    memset(bar_moved, 0, sizeof(bar_moved));
    CHECK_EQ(unmaps, 0);
    wr(DEV_X, PCI_COMMAND, 4, PCI_COMMAND_MEMORY);
    CHECK(is_watched(moved));
    CHECK_EQ(unmaps, 1);
    CHECK(ctrl_at_decode & MSIX_CTRL_MASK_ALL);
    /* The new table holds what the guest wants, and nothing was let out
     * before. */
    CHECK(hw32(bar_moved + TABLE_OFF + 8) >= 40);
    CHECK_EQ(hw32(bar_moved + TABLE_OFF + 12), 0);
    CHECK_EQ(hw32(bar_moved + TABLE_OFF + 16 + 12), 1);
    CHECK_EQ(cfg_get(DEV_X, MSIX_POS + 2, 2),
             MSIX_CTRL_ENABLE | (ENTRIES - 1));
    /* Moved while it decodes; the other BARs do not matter. */
    wr(DEV_X, PCI_BAR0 + 16, 4, 0x12345000);
    CHECK(is_watched(moved));
    wr(DEV_X, PCI_BAR0 + 4, 4, 1);
    CHECK(!is_watched(moved));
    CHECK(is_watched(0x190000000ull + TABLE_OFF));
    /* Nobody can reach that one: its pages are kept from the guest anyway,
     * and the device is silent. */
    CHECK_EQ(vpci_map_mmio(gfn((0x190000000ull + TABLE_OFF) >> 12), 0),
             -EPERM);
    CHECK(cfg_get(DEV_X, MSIX_POS + 2, 2) & MSIX_CTRL_MASK_ALL);
    CHECK_EQ(rd(DEV_X, MSIX_POS + 2, 2), MSIX_CTRL_ENABLE | (ENTRIES - 1));
    wr(DEV_X, PCI_BAR0 + 4, 4, 0);
    CHECK(is_watched(moved));
}

static void test_plug(void)
{
    CHECK_EQ(vpci_add(DEV_NEW), -ENODEV);
    memset(config(DEV_NEW), 0, 4096);
    make_msi_device(DEV_NEW, MSI_CTRL_64BIT);
    /* The first write makes it known: no message register gets through. */
    wr(DEV_NEW, MSI_POS + 4, 4, 0xfee01000);
    CHECK(knows(DEV_NEW));
    CHECK_EQ(cfg_get(DEV_NEW, MSI_POS + 4, 4), 0);
    CHECK_EQ(vpci_add(DEV_NEW), 0);
    CHECK_EQ(vpci_reset(DEV_NEW, true), 0);
    CHECK_EQ(vpci_reset(DEV_NEW, true), -ENODEV);
    CHECK_EQ(vpci_reset(DEV_NEW, false), -ENODEV);
    /* No memory for it: the write is dropped. */
    fake_fail_after(0);
    wr(DEV_NEW, MSI_POS + 4, 4, 0xfee01000);
    fake_fail_after(-1);
    CHECK_EQ(cfg_get(DEV_NEW, MSI_POS + 4, 4), 0);
    CHECK(!knows(DEV_NEW));
    /* Reset and removal give all vectors back. */
    CHECK(bound > 0);
    CHECK_EQ(vpci_reset(DEV_X, false), 0);
    CHECK_EQ(bound, 0);
    CHECK_EQ(rd(DEV_X, MSIX_POS + 2, 2), ENTRIES - 1);
    CHECK_EQ(vpci_reset(DEV_X, true), 0);
    CHECK(!is_watched(0x90000000 + TABLE_OFF));
    CHECK_EQ(vpci_reset(DEV_M, true), 0);
    CHECK_EQ(vpci_reset(DEV_O, true), 0);
}

static void test_hostile(void)
{
    /* Capability lists that go round, tables beyond the header. */
    memset(config(DEV_O), 0, 4096);
    make_msi_device(DEV_O, 0);
    cfg_set(DEV_O, PCI_CAP_LIST, 1, 0x40);
    cfg_set(DEV_O, 0x40, 2, 0x4009);
    cfg_set(DEV_O, 0x100, 4, 0x0003 | 1 << 16 | 0x100u << 20);
    CHECK_EQ(vpci_add(DEV_O), 0);
    wr(DEV_O, MSI_POS + 4, 4, 0xfee01000);
    CHECK_EQ(cfg_get(DEV_O, MSI_POS + 4, 4), 0xfee01000);
    CHECK_EQ(vpci_reset(DEV_O, true), 0);

    cfg_set(DEV_O, 0x40, 2, PCI_CAP_MSIX);
    cfg_set(DEV_O, 0x44, 4, 6);
    CHECK_EQ(vpci_add(DEV_O), 0);
    wr(DEV_O, 0x42, 2, MSIX_CTRL_ENABLE);
    CHECK_EQ(vpci_reset(DEV_O, true), 0);
    CHECK_EQ(bound, 0);
}

int main(void)
{
    make_machine();
    test_scan();
    test_sizes();
    test_pass();
    test_msi();
    test_watch();
    test_msix();
    test_moves();
    test_plug();
    test_hostile();
    CHECK_EQ(fake_locks_held(), 0);
    return test_result();
}
