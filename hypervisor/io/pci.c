/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Configuration space: by ports for the first 256 bytes of segment 0, which
 * works everywhere, by memory for the rest. Never interprets a device beyond
 * its header and capability lists.
 */
#include "hypervisor/io/pci.h"

#include "hypervisor/abi/errno.h"
#include "hypervisor/cpu/io.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/mm/map.h"
#include "hypervisor/x86/acpi-tables.h"

/* Bounds of the walks along lists that a broken device could close to a
 * ring. */
#define CAPS_MAX 48
#define EXT_CAPS_MAX 480

struct spinlock pci_lock = SPINLOCK_INIT(PCI);

/* Where each of acpi_info.mcfg is mapped, from its first bus on; or NULL. */
static volatile uint8_t *mmcfg[ACPI_MCFG_MAX];

void pci_init(void)
{
    for (unsigned int i = 0; i < acpi_info.nr_mcfg; i++) {
        const struct acpi_mcfg *a = &acpi_info.mcfg[i];

        mmcfg[i] = device_map(a->maddr + ((uint64_t)a->first_bus << 20),
                              (a->last_bus - a->first_bus + 1ul) << 20);
        if (!mmcfg[i])
            log_warn("PCI: no memory to map the configuration space of "
                     "segment %u\n", a->segment);
    }
}

/* The register in mapped configuration space, or NULL. */
static volatile uint8_t *mmcfg_reg(uint32_t sbdf, unsigned int reg)
{
    unsigned int bus = sbdf >> 8 & 0xff;

    for (unsigned int i = 0; i < acpi_info.nr_mcfg; i++) {
        const struct acpi_mcfg *a = &acpi_info.mcfg[i];

        if (mmcfg[i] && a->segment == sbdf >> 16 && bus >= a->first_bus &&
            bus <= a->last_bus)
            return mmcfg[i] + ((size_t)(bus - a->first_bus) << 20) +
                   ((sbdf & 0xff) << 12) + reg;
    }
    return NULL;
}

static bool access_ok(unsigned int reg, unsigned int size)
{
    return (size == 1 || size == 2 || size == 4) && !(reg & (size - 1)) &&
           reg < PCI_EXT_CONFIG_SIZE;
}

/* Selects a register and gives its port, or 0: it has none. */
static uint16_t select_port(uint32_t sbdf, unsigned int reg)
{
    if (sbdf >> 16 || reg >= PCI_CONFIG_SIZE)
        return 0;
    outl(PCI_CF8, PCI_CF8_ENABLE | sbdf << 8 | (reg & ~3u));
    return (uint16_t)(PCI_CFC + (reg & 3));
}

uint32_t pci_read(uint32_t sbdf, unsigned int reg, unsigned int size)
{
    volatile uint8_t *p;
    uint16_t port;

    if (!access_ok(reg, size))
        return ~0u;
    port = select_port(sbdf, reg);
    if (port)
        return size == 1 ? inb(port) : size == 2 ? inw(port) : inl(port);
    p = mmcfg_reg(sbdf, reg);
    return p ? (uint32_t)mmio_read(p, size) : ~0u >> (32 - size * 8);
}

void pci_write(uint32_t sbdf, unsigned int reg, unsigned int size,
               uint32_t val)
{
    volatile uint8_t *p;
    uint16_t port;

    if (!access_ok(reg, size))
        return;
    port = select_port(sbdf, reg);
    p = port ? NULL : mmcfg_reg(sbdf, reg);
    if (port && size == 1)
        outb(port, (uint8_t)val);
    else if (port && size == 2)
        outw(port, (uint16_t)val);
    else if (port)
        outl(port, val);
    else if (p)
        mmio_write(p, size, val);
}

unsigned int pci_find_cap(uint32_t sbdf, unsigned int id)
{
    unsigned int pos;

    if (!(pci_read(sbdf, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST))
        return 0;
    pos = pci_read(sbdf, PCI_CAP_LIST, 1) & ~3u;
    for (unsigned int i = 0; i < CAPS_MAX && pos >= 0x40; i++) {
        uint32_t head = pci_read(sbdf, pos, 2);

        if ((head & 0xff) == id)
            return pos;
        pos = head >> 8 & ~3u;
    }
    return 0;
}

unsigned int pci_find_ext_cap(uint32_t sbdf, unsigned int id)
{
    unsigned int pos = PCI_CONFIG_SIZE;

    for (unsigned int i = 0; i < EXT_CAPS_MAX && pos >= PCI_CONFIG_SIZE; i++) {
        uint32_t head = pci_read(sbdf, pos, 4);

        if (head == ~0u)
            return 0;
        if ((head & 0xffff) == id)
            return pos;
        pos = head >> 20 & ~3u;
    }
    return 0;
}

unsigned int pci_bar_count(unsigned int header_type)
{
    header_type &= PCI_HEADER_TYPE_MASK;
    return header_type == 0 ? 6 : header_type == 1 ? 2 : 0;
}

int pci_bar_address(uint32_t sbdf, unsigned int n, uint64_t *maddr)
{
    uint32_t low = pci_read(sbdf, PCI_BAR0 + n * 4, 4);
    uint64_t addr = low & PCI_BAR_MEM_MASK;

    if (low & PCI_BAR_IO)
        return -ENXIO;
    if ((low & PCI_BAR_TYPE_MASK) == PCI_BAR_TYPE_64)
        addr |= (uint64_t)pci_read(sbdf, PCI_BAR0 + (n + 1) * 4, 4) << 32;
    if (!addr)
        return -ENXIO;
    *maddr = addr;
    return 0;
}

static void scan_bus(unsigned int seg, unsigned int bus,
                     void (*fn)(uint32_t sbdf, void *arg), void *arg)
{
    for (unsigned int dev = 0; dev < 32; dev++) {
        uint32_t first = PCI_SBDF(seg, bus, PCI_DEVFN(dev, 0));
        unsigned int functions;

        if (!pci_present(first))
            continue;
        functions = pci_read(first, PCI_HEADER_TYPE, 1) & PCI_HEADER_MULTI
                        ? 8 : 1;
        for (unsigned int f = 0; f < functions; f++)
            if (pci_present(first + f))
                fn(first + f, arg);
    }
}

void pci_scan(void (*fn)(uint32_t sbdf, void *arg), void *arg)
{
    for (unsigned int bus = 0; bus < 256; bus++)
        scan_bus(0, bus, fn, arg);
    for (unsigned int i = 0; i < acpi_info.nr_mcfg; i++) {
        const struct acpi_mcfg *a = &acpi_info.mcfg[i];

        for (unsigned int bus = a->first_bus;
             a->segment && bus <= a->last_bus; bus++)
            scan_bus(a->segment, bus, fn, arg);
    }
}
