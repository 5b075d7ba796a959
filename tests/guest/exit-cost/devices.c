/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The devices of an HVM guest: those in the hypervisor, and QEMU's.
 *
 * Intel 82093AA, 8259A, 8254; MC146818; IA-PC HPET 1.0a; ACPI 6.5, "Power
 * Management Timer"; PCI 3.0, "Configuration mechanism #1"; ATA/ATAPI-4, READ
 * SECTORS; PC16550D.
 */
#include "tests/guest/exit-cost/cost.h"

#include "hypervisor/abi/hvm-params.h"
#include "tests/guest/lib/clock.h"
#include "tests/guest/lib/hypercall.h"

#define IOAPIC 0xfec00000u
#define HPET 0xfed00000u
#define HPET_CONFIG 0x10
#define HPET_COUNTER 0xf0
#define PMTIMER 0xb008
#define PIC_MASK 0x21
#define PIT_COUNTER 0x40
#define RTC_DATA 0x71
#define NOBODY 0x240
#define HOLE 0xfd000000u    /* physical addresses that nobody has */

#define PCI_ADDRESS 0xcf8
#define PCI_DATA 0xcfc
#define SERIAL_STATUS 0x3fd

#define IDE_DATA 0x1f0
#define IDE_COUNT 0x1f2
#define IDE_SECTOR 0x1f3
#define IDE_CYLINDER 0x1f4
#define IDE_DRIVE 0x1f6
#define IDE_STATUS 0x1f7
#define IDE_COMMAND 0x1f7
#define IDE_READ 0x20
#define IDE_MASTER_LBA 0xe0
#define IDE_BUSY 0x80
#define IDE_READY 0x40
#define IDE_DATA_WAITS 0x08
#define SECTOR 512

#define VGA_WINDOW 0xa0000
#define CLASS_VGA 0x0300

static void op_pic(void) { (void)inb(PIC_MASK); }
static void op_pit(void) { (void)inb(PIT_COUNTER); }
static void op_pm_timer(void) { (void)inl(PMTIMER); }
static void op_rtc(void) { (void)inb(RTC_DATA); }
static void op_nobody(void) { (void)inb(NOBODY); }
static void op_pci_address(void) { outl(PCI_ADDRESS, 0x80000000); }
static void op_hole(void) { (void)mmio_read(HOLE); }
static void op_ioapic_read(void) { (void)mmio_read(IOAPIC + 16); }
static void op_ioapic_write(void) { mmio_write(IOAPIC, 1); }
static void op_hpet_read(void) { (void)mmio_read(HPET + HPET_COUNTER); }
static void op_hpet_write(void) { mmio_write(HPET + HPET_CONFIG, 0); }

static const struct operation device_ops[] = {
    OP("PIC port", op_pic),
    OP("PIT port", op_pit),
    OP("PM timer port", op_pm_timer),
    OP("RTC port", op_rtc),
    OP("unclaimed port", op_nobody),
    OP("PCI address port at QEMU", op_pci_address),
    OP("unclaimed memory", op_hole),
    OP("I/O APIC read", op_ioapic_read),
    OP("I/O APIC write", op_ioapic_write),
    OP("HPET read", op_hpet_read),
    OP("HPET write", op_hpet_write),
};

void cost_devices(void)
{
    /* The firmware's part: ACPI's ports at 0xb000. */
    report_eq(hvm_param_set(HVM_PARAM_ACPI_IOPORTS_LOCATION, 1), 0,
              "ACPI ports");
    mmio_write(IOAPIC, 1);
    MEASURE(device_ops);
}

uint32_t pci_read(unsigned int device, unsigned int function,
                  unsigned int reg)
{
    outl(PCI_ADDRESS, 0x80000000 | device << 11 | function << 8 | reg);
    return inl(PCI_DATA);
}

static char buffer[SECTOR];

static void op_serial(void) { (void)inb(SERIAL_STATUS); }
static void op_pci_data(void) { (void)inl(PCI_DATA); }
static void op_ide_status(void) { (void)inb(IDE_STATUS); }

/* Until all of mask is as wanted; false: not in a second. */
static bool ide_wait(uint8_t mask, uint8_t wanted)
{
    uint64_t end = now_ns() + 1000000000;

    while ((inb(IDE_STATUS) & mask) != wanted)
        if (now_ns() > end)
            return false;
    return true;
}

static void ide_ask(void)
{
    outb(IDE_DRIVE, IDE_MASTER_LBA);
    outb(IDE_COUNT, 1);
    outb(IDE_SECTOR, 0);
    outb(IDE_CYLINDER, 0);
    outb(IDE_CYLINDER + 1, 0);
    outb(IDE_COMMAND, IDE_READ);
    report(ide_wait(IDE_BUSY | IDE_DATA_WAITS, IDE_DATA_WAITS),
           "the disk has the sector: %#x", inb(IDE_STATUS));
}

static void ide_fetch(void)
{
    void *to = buffer;
    unsigned long words = SECTOR / 2;

    asm volatile("rep insw" : "+D"(to), "+c"(words) : "d"(IDE_DATA)
                 : "memory");
}

static void op_vga_read(void) { (void)mmio_read(VGA_WINDOW); }
static void op_vga_write(void) { mmio_write(VGA_WINDOW, 0); }

static void op_vga_copy(void)
{
    void *to = buffer;
    unsigned long from = VGA_WINDOW, longs = SECTOR / 4;

    asm volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(longs)
                 : : "memory");
}

static const struct operation port_ops[] = {
    OP("serial port at QEMU", op_serial),
    OP("PCI config port at QEMU", op_pci_data),
    OP("IDE status port at QEMU", op_ide_status),
}, disk_ops[] = {
    OP_AFTER("rep insw, one sector at QEMU", ide_fetch, ide_ask),
}, vga_ops[] = {
    OP("VGA window read at QEMU", op_vga_read),
    OP("VGA window write", op_vga_write),
    OP("rep movs, 512 bytes at QEMU", op_vga_copy),
};

static bool has_disk(void)
{
    outb(IDE_DRIVE, IDE_MASTER_LBA);
    return ide_wait(IDE_BUSY | IDE_READY, IDE_READY);
}

static bool has_vga(void)
{
    for (unsigned int device = 0; device < 32; device++)
        if (pci_read(device, 0, 8) >> 16 == CLASS_VGA)
            return true;
    return false;
}

void cost_qemu(void)
{
    (void)pci_read(0, 0, 0);
    MEASURE(port_ops);
    if (has_disk())
        MEASURE(disk_ops);
    if (has_vga())
        MEASURE(vga_ops);
}
