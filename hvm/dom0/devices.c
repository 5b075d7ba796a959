/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Domain 0's devices are the machine's, except those that Lodge drives.
 *
 * Ports: those of Lodge's devices read as ones; PCI configuration, reset, and
 * the sleep register of ACPI are watched. Memory: what it is given is decided
 * by what it is not: RAM, or a device of Lodge's. Mapped when it is first
 * touched, in large pieces where nothing forbids it.
 */
#include "hvm/dom0/dom0-impl.h"

#include "hvm/io/bus.h"
#include "hvm/mem/p2m.h"
#include "hvm/pci/vpci.h"
#include "hypervisor/abi/sched.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/cpu/io.h"
#include "hypervisor/debug/console.h"

#define LAPIC_AREA 0xfee00000ull /* APIC registers, where messages go */
#define LAPIC_AREA_SIZE MB(1)
#define HPET_SIZE 0x400u

/* 64 Ki bits, and the APM wants a byte more (vol. 2 15.10.1): 12 KiB. */
#define IO_BITMAP_ORDER 2

#define UART_PORTS 8
#define RESET_CONTROL 0xcf9
#define RESET_CPU 0x04

/* The machine's map with what is never mapped, RAM and what Lodge drives. (c)
 * once domain 0 runs. */
static struct mem_map taken;

int dom0_map_mmio(struct domain *d, gfn_t g)
{
    struct p2m_entry e = p2m_lookup(d, g);
    uint64_t large = ALIGN_DOWN(g.raw, 1ull << ORDER_2M);

    if (e.type != P2M_NONE)
        return 0; /* another vCPU was faster */
    if (e820_has_ram(&taken, g.raw, 1))
        return -EPERM;
    /* Nothing at all is mapped in these 2 MiB: so there is nothing that a
     * large page could hide. */
    if (e.order >= ORDER_2M &&
        !e820_has_ram(&taken, large, 1ull << ORDER_2M) &&
        !vpci_map_mmio(gfn(large), ORDER_2M))
        return 0;
    return vpci_map_mmio(g, ORDER_4K);
}

static void close_ports(struct domain *d, size_t first, size_t n)
{
    uint64_t *map = d->hvm->io_bitmap;

    for (size_t i = first; i < first + n; i++)
        map[i / 64] |= BIT(i % 64);
}

static void close_memory(uint64_t base, uint64_t len)
{
    e820_set(&taken, base, base + len, MEM_UNUSABLE);
}

/* A range that is on the bus, and so neither open nor mapped. */
static void watch(struct domain *d, enum bus_kind kind, uint64_t base,
                  uint64_t len, bus_fn *access, void *dev)
{
    const struct bus_range range = { kind, base, len, access };

    if (kind == BUS_PORT)
        close_ports(d, base, len);
    else
        close_memory(base, len);
    dom0_need(bus_add(d->hvm->bus, &range, 1, dev), NEED_DEVICES);
}

/* ---- PCI configuration space --------------------------------------------- */

static uint32_t cf8; /* (a) CONFIG_ADDRESS as written last */

static enum bus_rc config_access(uint32_t sbdf, unsigned int reg,
                                 unsigned int size, bool write, uint64_t *val)
{
    uint64_t data = 0;

    if (reg & (size - 1))
        return write ? BUS_OK : BUS_NONE;
    for (unsigned int at = 0, n = MIN(size, 4u); at < size; at += n)
        if (write)
            vpci_write(sbdf, reg + at, n, (uint32_t)(*val >> at * 8));
        else
            data |= (uint64_t)vpci_read(sbdf, reg + at, n) << at * 8;
    if (!write)
        *val = data;
    return BUS_OK;
}

static enum bus_rc mmcfg_access(void *dev, uint64_t addr, unsigned int size,
                                bool write, uint64_t *val)
{
    const struct acpi_mcfg *m = dev;
    uint64_t off = addr - m->maddr;

    return config_access(PCI_SBDF(m->segment, off >> 20, off >> 12 & 0xff),
                         off & (PCI_EXT_CONFIG_SIZE - 1), size, write, val);
}

static enum bus_rc cfc_access(void *dev, uint64_t port, unsigned int size,
                              bool write, uint64_t *val)
{
    uint32_t at = READ_ONCE(cf8);

    if (!(at & PCI_CF8_ENABLE))
        return write ? BUS_OK : BUS_NONE;
    return config_access(at >> 8 & 0xffff, (at & 0xfc) | (port & 3), size,
                         write, val);
}

static enum bus_rc cf8_access(void *dev, uint64_t port, unsigned int size,
                              bool write, uint64_t *val)
{
    if (port == PCI_CF8 && size == 4) {
        if (write)
            WRITE_ONCE(cf8, (uint32_t)*val);
        else
            *val = READ_ONCE(cf8);
    } else if (port == RESET_CONTROL && size == 1) {
        if (write && (*val & RESET_CPU))
            hardware_domain_shutdown(SHUTDOWN_reboot);
        if (write)
            outb(RESET_CONTROL, (uint8_t)*val);
        else
            *val = inb(RESET_CONTROL);
    } else if (!write) {
        return BUS_NONE;
    }
    return BUS_OK;
}

/* ---- ACPI and HPET ------------------------------------------------------- */

/* PM1a control: the machine goes only where Lodge comes along. */
static enum bus_rc pm1_access(void *dev, uint64_t port, unsigned int size,
                              bool write, uint64_t *val)
{
    uint64_t word = port == acpi_info.pm1a_cnt ? *val : *val << 8;
    unsigned int type = (word & PM1_SLP_TYP_MASK) >> PM1_SLP_TYP_SHIFT;

    if (!write)
        *val = size == 2 ? inw((uint16_t)port) : inb((uint16_t)port);
    else if (!(word & PM1_SLP_EN) && size == 2)
        outw((uint16_t)port, (uint16_t)*val);
    else if (!(word & PM1_SLP_EN))
        outb((uint16_t)port, (uint8_t)*val);
    else if (!acpi_info.has_s5 || type == acpi_info.s5_typ_a)
        hardware_domain_shutdown(SHUTDOWN_poweroff);
    else
        log_guest(LOG_WARN, "domain 0: sleep state of type %u is not "
                  "supported: it stays awake\n", type);
    return BUS_OK;
}

/*
 * Its timers would send messages past Lodge, so domain 0's ACPI does not have
 * it; but the firmware's methods read it, and what they find there Linux
 * waits for to count. So it counts and can be read.
 */
static enum bus_rc hpet_access(void *dev, uint64_t addr, unsigned int size,
                               bool write, uint64_t *val)
{
    if (write)
        return BUS_OK;
    if (size < 4 || (addr & (size - 1)))
        return BUS_NONE;
    *val = mmio_read(hpet_regs + (addr - acpi_info.hpet_maddr), size);
    return BUS_OK;
}

/* ---- all of it ----------------------------------------------------------- */

static void open_ports(struct domain *d)
{
    /* Closed without a device behind them. */
    static const struct {
        uint32_t first, count;
    } closed[] = {
        { 0x20, 2 }, { 0xa0, 2 }, { 0x4d0, 2 }, /* 8259s and their trigger */
        { 0x40, 4 }, { 0x61, 1 },               /* 8254 and its gate */
        { 0x10000, 8 }, /* an access that wraps around is nobody's */
    };

    d->hvm->io_bitmap = lodge_pages_alloc(IO_BITMAP_ORDER); /* freed with d */
    dom0_need(d->hvm->io_bitmap ? 0 : -ENOMEM, NEED_DEVICES);
    for (unsigned int i = 0; i < ARRAY_SIZE(closed); i++)
        close_ports(d, closed[i].first, closed[i].count);
    if (uart_port.io)
        close_ports(d, uart_port.io, UART_PORTS);
    watch(d, BUS_PORT, PCI_CF8, 4, cf8_access, NULL);
    watch(d, BUS_PORT, PCI_CFC, 4, cfc_access, NULL);
    if (acpi_info.pm1a_cnt)
        watch(d, BUS_PORT, acpi_info.pm1a_cnt, 2, pm1_access, NULL);
}

void dom0_open_devices(struct domain *d)
{
    taken = machine_map;
    open_ports(d);
    close_memory(LAPIC_AREA, LAPIC_AREA_SIZE);
    for (unsigned int i = 0; i < acpi_info.nr_ioapics; i++)
        close_memory(acpi_info.ioapics[i].maddr, PAGE_SIZE);
    for (unsigned int i = 0; i < acpi_info.nr_mcfg; i++) {
        struct acpi_mcfg *m = &acpi_info.mcfg[i];

        watch(d, BUS_MMIO, m->maddr + ((uint64_t)m->first_bus << 20),
              (m->last_bus - m->first_bus + 1ull) << 20, mmcfg_access, m);
    }
    if (hpet_regs)
        watch(d, BUS_MMIO, acpi_info.hpet_maddr, HPET_SIZE, hpet_access, NULL);
}
