/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Configuration space: by ports for the first 256 bytes of segment 0, which
 * works everywhere, by memory for the rest. Never interprets a device beyond
 * its header and its capability lists.
 */
#include "hypervisor/io/pci.h"

#include "hypervisor/cpu/io.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/mm/map.h"
#include "hypervisor/x86/acpi-tables.h"

/* Bound of a walk along a list that a broken device could close to a ring. */
#define CAPS_MAX 480

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

/* Finds a register: gives its port, selected, or its address, or neither. */
static uint16_t locate(uint32_t sbdf, unsigned int reg, unsigned int size,
                       volatile uint8_t **p)
{
    ASSERT(reg < PCI_EXT_CONFIG_SIZE && IS_ALIGNED(reg, size));
    *p = NULL;
    if (!(sbdf >> 16) && reg < PCI_CONFIG_SIZE) {
        outl(PCI_CF8, PCI_CF8_ENABLE | sbdf << 8 | (reg & ~3u));
        return (uint16_t)(PCI_CFC + (reg & 3));
    }
    *p = mmcfg_reg(sbdf, reg);
    return 0;
}

uint32_t pci_read(uint32_t sbdf, unsigned int reg, unsigned int size)
{
    volatile uint8_t *p;
    uint16_t port = locate(sbdf, reg, size, &p);

    if (port)
        return size == 1 ? inb(port) : size == 2 ? inw(port) : inl(port);
    return p ? (uint32_t)mmio_read(p, size) : (uint32_t)size_mask(size);
}

void pci_write(uint32_t sbdf, unsigned int reg, unsigned int size,
               uint32_t val)
{
    volatile uint8_t *p;
    uint16_t port = locate(sbdf, reg, size, &p);

    if (p)
        mmio_write(p, size, val);
    else if (port && size == 1)
        outb(port, (uint8_t)val);
    else if (port && size == 2)
        outw(port, (uint16_t)val);
    else if (port)
        outl(port, val);
}

unsigned int pci_find_cap(uint32_t sbdf, unsigned int id, bool extended)
{
    unsigned int first = extended ? PCI_CONFIG_SIZE : 0x40, pos = first;

    if (!extended)
        pos = pci_read(sbdf, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST
                  ? pci_read(sbdf, PCI_CAP_LIST, 1) & ~3u : 0;
    for (unsigned int i = 0; i < CAPS_MAX && pos >= first; i++) {
        uint32_t head = pci_read(sbdf, pos, 4);

        if (head == ~0u)
            break;
        if ((head & (extended ? 0xffff : 0xff)) == id)
            return pos;
        pos = (extended ? head >> 20 : head >> 8 & 0xff) & ~3u;
    }
    return 0;
}

uint64_t pci_bar_address(uint32_t sbdf, unsigned int n)
{
    uint32_t low = pci_read(sbdf, PCI_BAR0 + n * 4, 4);
    uint64_t high = 0;

    if (low & PCI_BAR_IO)
        return 0;
    if ((low & PCI_BAR_TYPE_MASK) == PCI_BAR_TYPE_64)
        high = pci_read(sbdf, PCI_BAR0 + (n + 1) * 4, 4);
    return high << 32 | (low & PCI_BAR_MEM_MASK);
}

static void scan(const struct acpi_mcfg *a, void (*fn)(uint32_t sbdf))
{
    uint32_t last = PCI_SBDF(a->segment, a->last_bus, 255);

    for (uint64_t at = PCI_SBDF(a->segment, a->first_bus, 0); at <= last;
         at++) {
        uint32_t sbdf = (uint32_t)at;
        bool there = pci_present(sbdf);

        if (there)
            fn(sbdf);
        /* Function 0 says whether its device has others. */
        if (!(sbdf & 7) && !(there && (pci_read(sbdf, PCI_HEADER_TYPE, 1) &
                                       PCI_HEADER_MULTI)))
            at |= 7;
    }
}

void pci_scan(void (*fn)(uint32_t sbdf))
{
    static const struct acpi_mcfg by_ports = { .last_bus = 255 };

    scan(&by_ports, fn);
    for (unsigned int i = 0; i < acpi_info.nr_mcfg; i++)
        if (acpi_info.mcfg[i].segment)
            scan(&acpi_info.mcfg[i], fn);
}
