/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Device memory of domain 0. What it is given is decided by what it is not:
 * RAM, or a device of Lodge's. Mapped when it is first touched, in large
 * pieces where nothing forbids it.
 */
#include "hvm/dom0/dom0-impl.h"

#include "hvm/base/hvm.h"
#include "hvm/io/bus.h"
#include "hvm/mem/p2m.h"
#include "hvm/pci/vpci.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/cpu/io.h"
#include "hypervisor/mm/map.h"
#include "hypervisor/x86/acpi-tables.h"

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
        !vpci_map_mmio(gfn(large), ORDER_2M))
        return 0;
    return vpci_map_mmio(g, ORDER_4K);
}

static void take(uint64_t start, uint64_t end)
{
    dom0_need(e820_add(&taken, start, end, MEM_RESERVED), NEED_DEVICES);
}

/* A range that is on the bus, and so in no map. */
static void watch(struct domain *d, const struct bus_range *r, void *dev)
{
    take(r->base, r->base + r->len);
    dom0_need(bus_add(d->hvm->bus, r, 1, dev), NEED_DEVICES);
}

/* ---- memory-mapped configuration space ------------------------------------ */

static uint32_t config_target(const struct acpi_mcfg *m, uint64_t addr,
                              unsigned int *reg)
{
    uint64_t off = addr - m->maddr;

    *reg = off & (PCI_EXT_CONFIG_SIZE - 1);
    return PCI_SBDF(m->segment, off >> 20, off >> 12 & 0xff);
}

static enum bus_rc mmcfg_access(void *dev, uint64_t addr, unsigned int size,
                                bool write, uint64_t *val)
{
    unsigned int reg, low = MIN(size, 4u);
    uint32_t sbdf = config_target(dev, addr, &reg);

    if (addr & (size - 1))
        return write ? BUS_OK : BUS_NONE;
    if (write) {
        vpci_write(sbdf, reg, low, (uint32_t)*val);
        if (size == 8)
            vpci_write(sbdf, reg + 4, 4, (uint32_t)(*val >> 32));
    } else {
        *val = vpci_read(sbdf, reg, low);
        if (size == 8)
            *val |= (uint64_t)vpci_read(sbdf, reg + 4, 4) << 32;
    }
    return BUS_OK;
}

static void watch_mmcfg(struct domain *d, struct acpi_mcfg *m)
{
    const struct bus_range range = {
        BUS_MMIO, m->maddr + ((uint64_t)m->first_bus << 20),
        (m->last_bus - m->first_bus + 1ull) << 20, mmcfg_access,
    };

    watch(d, &range, m);
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
    *val = mmio_read(p, size);
    return BUS_OK;
}

static void watch_hpet(struct domain *d)
{
    const struct bus_range range = {
        BUS_MMIO, acpi_info.hpet_maddr, HPET_SIZE, hpet_access,
    };

    if (!acpi_info.hpet_maddr)
        return;
    hpet = device_map(acpi_info.hpet_maddr, HPET_SIZE);
    dom0_need(hpet ? 0 : -ENOMEM, NEED_DEVICES);
    mmio_write32(hpet + HPET_CONFIG,
                 mmio_read32(hpet + HPET_CONFIG) | HPET_CONFIG_ON);
    watch(d, &range, NULL);
}

void dom0_watch_mmio(struct domain *d)
{
    take(LAPIC_AREA, LAPIC_AREA + LAPIC_AREA_SIZE);
    for (unsigned int i = 0; i < machine_map.n; i++) {
        const struct mem_region *r = &machine_map.r[i];

        if (r->type == MEM_RAM || r->type == MEM_UNUSABLE)
            take(r->start, r->end);
    }
    for (unsigned int i = 0; i < acpi_info.nr_ioapics; i++)
        take(acpi_info.ioapics[i].maddr,
             acpi_info.ioapics[i].maddr + PAGE_SIZE);
    for (unsigned int i = 0; i < acpi_info.nr_mcfg; i++)
        watch_mmcfg(d, &acpi_info.mcfg[i]);
    watch_hpet(d);
}
