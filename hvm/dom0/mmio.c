/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Device memory of domain 0. What it is given is decided by what it is not:
 * RAM, or a device of Lodge's. Mapped when it is first touched, in large
 * pieces where nothing forbids it.
 */
#include "hvm/dom0/mmio.h"

#include "hvm/base/hvm.h"
#include "hvm/dom0/dom0-impl.h"
#include "hvm/io/bus.h"
#include "hvm/mem/p2m.h"
#include "hvm/pci/vpci.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/cpu/io.h"
#include "hypervisor/mm/map.h"
#include "hypervisor/x86/acpi-tables.h"
#include "hypervisor/x86/ioapic.h"

#define LAPIC_AREA 0xfee00000ull /* APIC registers, where messages go */
#define LAPIC_AREA_SIZE MB(1)
#define HPET_SIZE 0x400u
#define HPET_CONFIG 0x10
#define HPET_CONFIG_ON 1u

/* What is never mapped: RAM and what Lodge drives. (c) once domain 0 runs. */
static struct mem_map taken;

static volatile uint8_t *hpet;

/* True if none of these frames is RAM or Lodge's. */
static bool is_device(uint64_t first, uint64_t last)
{
    for (unsigned int i = 0; i < taken.n; i++) {
        const struct mem_region *r = &taken.r[i];

        if (r->start >> PAGE_SHIFT <= last &&
            first <= (r->end - 1) >> PAGE_SHIFT)
            return false;
    }
    return true;
}

int dom0_map_mmio(struct domain *d, gfn_t g)
{
    struct p2m_entry e = p2m_lookup(d, g);
    uint64_t large = ALIGN_DOWN(g.raw, 1ull << ORDER_2M);

    if (e.type != P2M_NONE)
        return 0; /* another vCPU was faster */
    if (!is_device(g.raw, g.raw))
        return -EPERM;
    /* Nothing at all is mapped in these 2 MiB: so there is nothing that a
     * large page could hide. */
    if (e.order >= ORDER_2M &&
        is_device(large, large + (1ull << ORDER_2M) - 1) &&
        !vpci_map_mmio(d, gfn(large), ORDER_2M))
        return 0;
    return vpci_map_mmio(d, g, ORDER_4K);
}

/* A range that is on the bus, and so in no map. */
static int watch(struct domain *d, const struct bus_range *r, void *dev)
{
    int rc = e820_add(&taken, r->base, r->base + r->len, MEM_RESERVED);

    return rc ? rc : bus_add(d->hvm->bus, r, 1, dev);
}

/* ---- memory-mapped configuration space ------------------------------------ */

/* False: not aligned. */
static bool config_target(const struct acpi_mcfg *m, uint64_t addr,
                          unsigned int size, uint32_t *sbdf,
                          unsigned int *reg)
{
    uint64_t off = addr - m->maddr;

    *sbdf = PCI_SBDF(m->segment, off >> 20, off >> 12 & 0xff);
    *reg = off & (PCI_EXT_CONFIG_SIZE - 1);
    return !(addr & (size - 1));
}

static enum bus_rc mmcfg_access(void *dev, uint64_t addr, unsigned int size,
                                bool write, uint64_t *val)
{
    struct domain *d = hardware_domain;
    unsigned int reg, low = MIN(size, 4u);
    uint32_t sbdf;

    if (!config_target(dev, addr, size, &sbdf, &reg))
        return write ? BUS_OK : BUS_NONE;
    if (write) {
        vpci_write(d, sbdf, reg, low, (uint32_t)*val);
        if (size == 8)
            vpci_write(d, sbdf, reg + 4, 4, (uint32_t)(*val >> 32));
    } else {
        *val = vpci_read(d, sbdf, reg, low);
        if (size == 8)
            *val |= (uint64_t)vpci_read(d, sbdf, reg + 4, 4) << 32;
    }
    return BUS_OK;
}

static int watch_mmcfg(struct domain *d, struct acpi_mcfg *m)
{
    const struct bus_range range = {
        BUS_MMIO, m->maddr + ((uint64_t)m->first_bus << 20),
        (m->last_bus - m->first_bus + 1ull) << 20, mmcfg_access,
    };

    return watch(d, &range, m);
}

/* ---- HPET ----------------------------------------------------------------- */

/*
 * Its timers would send messages past Lodge, so domain 0's ACPI does not have
 * it; but the firmware's methods read it, and what they find there Linux
 * waits for to count. So it counts and can be read.
 */
static enum bus_rc hpet_access(void *dev, uint64_t addr, unsigned int size,
                               bool write, uint64_t *val)
{
    volatile uint8_t *p = hpet + (addr - acpi_info.hpet_maddr);

    if (write)
        return BUS_OK;
    if (size < 4 || (addr & (size - 1)))
        return BUS_NONE;
    *val = size == 4 ? mmio_read32(p) : mmio_read64(p);
    return BUS_OK;
}

static int watch_hpet(struct domain *d)
{
    const struct bus_range range = {
        BUS_MMIO, acpi_info.hpet_maddr, HPET_SIZE, hpet_access,
    };

    if (!acpi_info.hpet_maddr)
        return 0;
    hpet = device_map(acpi_info.hpet_maddr, HPET_SIZE);
    if (!hpet)
        return -ENOMEM;
    mmio_write32(hpet + HPET_CONFIG,
                 mmio_read32(hpet + HPET_CONFIG) | HPET_CONFIG_ON);
    return watch(d, &range, NULL);
}

int dom0_watch_mmio(struct domain *d)
{
    int rc = e820_add(&taken, LAPIC_AREA, LAPIC_AREA + LAPIC_AREA_SIZE,
                      MEM_RESERVED);

    for (unsigned int i = 0; i < machine_map.n && !rc; i++) {
        const struct mem_region *r = &machine_map.r[i];

        if (r->type == MEM_RAM || r->type == MEM_UNUSABLE)
            rc = e820_add(&taken, r->start, r->end, r->type);
    }
    for (unsigned int i = 0; i < nr_ioapics && !rc; i++)
        rc = e820_add(&taken, ioapics[i].maddr, ioapics[i].maddr + PAGE_SIZE,
                      MEM_RESERVED);
    for (unsigned int i = 0; i < acpi_info.nr_mcfg && !rc; i++)
        rc = watch_mmcfg(d, &acpi_info.mcfg[i]);
    return rc ? rc : watch_hpet(d);
}
