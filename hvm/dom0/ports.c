/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Domain 0's I/O ports: all are the machine's, except those of devices that
 * Lodge drives (which read as ones) and those that are watched here: PCI
 * configuration, reset, and the sleep register of ACPI.
 */
#include "hvm/dom0/dom0-impl.h"

#include "hvm/base/hvm.h"
#include "hvm/io/bus.h"
#include "hvm/pci/vpci.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/abi/sched.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/cpu/io.h"
#include "hypervisor/debug/console.h"
#include "hypervisor/x86/acpi-tables.h"

/* 64 Ki bits, and the APM wants a byte more (vol. 2 15.10.1): 12 KiB. */
#define IO_BITMAP_ORDER 2

#define UART_PORTS 8
#define RESET_CONTROL 0xcf9
#define RESET_CPU 0x04
#define PM1_SLP_TYP_SHIFT 10
#define PM1_SLP_TYP_MASK 7u
#define PM1_SLP_EN BIT(13)
#define GAS_IO 1

/* Closed without a device behind them. */
static const struct {
    uint16_t first, count;
} closed[] = {
    { 0x20, 2 }, { 0xa0, 2 }, { 0x4d0, 2 }, /* 8259s and their trigger */
    { 0x40, 4 }, { 0x61, 1 },               /* 8254 and its gate */
    { 0xcf8, 8 },                           /* see below */
};

static void bitmap_set(uint64_t *map, size_t first, size_t n)
{
    for (size_t i = first; i < first + n; i++)
        map[i / 64] |= BIT(i % 64);
}

static uint32_t cf8; /* (a) CONFIG_ADDRESS as written last */

static uint32_t selected(uint64_t port, unsigned int *reg)
{
    *reg = (cf8 & 0xfc) | (port & 3);
    return cf8 >> 8 & 0xffff;
}

static enum bus_rc cf8_access(void *dev, uint64_t port, unsigned int size,
                              bool write, uint64_t *val)
{
    if (port == PCI_CF8 && size == 4) {
        if (write)
            cf8 = (uint32_t)*val;
        else
            *val = cf8;
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

static enum bus_rc cfc_access(void *dev, uint64_t port, unsigned int size,
                              bool write, uint64_t *val)
{
    unsigned int reg;
    uint32_t sbdf = selected(port, &reg);

    if (!(cf8 & PCI_CF8_ENABLE) || (reg & (size - 1)))
        return write ? BUS_OK : BUS_NONE;
    if (write)
        vpci_write(sbdf, reg, size, (uint32_t)*val);
    else
        *val = vpci_read(sbdf, reg, size);
    return BUS_OK;
}

static const struct bus_range pci_ports[] = {
    { BUS_PORT, PCI_CF8, 4, cf8_access },
    { BUS_PORT, PCI_CFC, 4, cfc_access },
};

/* PM1a control: the machine goes only where Lodge comes along. */
static enum bus_rc pm1_access(void *dev, uint64_t port, unsigned int size,
                              bool write, uint64_t *val)
{
    const struct acpi_gas *g = &acpi_info.pm1a_cnt;
    uint64_t word = port == g->address ? *val : *val << 8;
    unsigned int type = word >> PM1_SLP_TYP_SHIFT & PM1_SLP_TYP_MASK;

    if (!write) {
        *val = size == 2 ? inw((uint16_t)port) : inb((uint16_t)port);
        return BUS_OK;
    }
    if (!(word & PM1_SLP_EN)) {
        if (size == 2)
            outw((uint16_t)port, (uint16_t)*val);
        else
            outb((uint16_t)port, (uint8_t)*val);
        return BUS_OK;
    }
    if (!acpi_info.has_s5 || type == acpi_info.s5_typ_a)
        hardware_domain_shutdown(SHUTDOWN_poweroff);
    else
        log_guest(LOG_WARN, "domain 0: sleep state of type %u is not "
                  "supported: it stays awake\n", type);
    return BUS_OK;
}

static void watch_pm1(struct domain *d)
{
    const struct acpi_gas *g = &acpi_info.pm1a_cnt;
    const struct bus_range range = {
        BUS_PORT, g->address, 2, pm1_access,
    };

    if (g->space != GAS_IO || !g->address || g->address > 0xfffe)
        return;
    bitmap_set(d->hvm->io_bitmap, g->address, 2);
    dom0_need(bus_add(d->hvm->bus, &range, 1, d), NEED_DEVICES);
}

void dom0_open_ports(struct domain *d)
{
    uint64_t *bitmap = lodge_pages_alloc(IO_BITMAP_ORDER);

    dom0_need(bitmap ? 0 : -ENOMEM, NEED_DEVICES);
    for (unsigned int i = 0; i < ARRAY_SIZE(closed); i++)
        bitmap_set(bitmap, closed[i].first, closed[i].count);
    /* An access that wraps around the last port is nobody's. */
    bitmap_set(bitmap, 0x10000, 8);
    if (uart_port.io)
        bitmap_set(bitmap, uart_port.io, UART_PORTS);
    d->hvm->io_bitmap = bitmap; /* freed with the domain */
    dom0_need(bus_add(d->hvm->bus, pci_ports, ARRAY_SIZE(pci_ports), d),
              NEED_DEVICES);
    watch_pm1(d);
}
