/* SPDX-License-Identifier: GPL-2.0-only */
/* I/O APIC driver, and how to silence the PICs. */
#include "hypervisor/x86/ioapic.h"

#include "hypervisor/cpu/io.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/mm/map.h"

#define REG_SELECT 0x00
#define REG_WINDOW 0x10
#define REGS_SIZE 0x20

#define IDX_VERSION 1
#define IDX_ENTRY(pin) (0x10 + 2 * (pin))

#define PIC1 0x20 /* command; data is the next port */
#define PIC2 0xa0

unsigned int gsis_end;

static void reg_write(const struct ioapic *io, unsigned int index, uint32_t v)
{
    mmio_write32(io->regs + REG_SELECT, index);
    mmio_write32(io->regs + REG_WINDOW, v);
}

const struct ioapic *ioapic_of_gsi(unsigned int gsi)
{
    for (unsigned int i = 0; i < acpi_info.nr_ioapics; i++) {
        const struct ioapic *io = &acpi_info.ioapics[i];

        if (gsi >= io->first_gsi && gsi - io->first_gsi < io->nr_gsis)
            return io;
    }
    return NULL;
}

/* ICW1 to ICW4 of both 8259A, so that spurious interrupts have a vector of
 * their own, then all masked. */
void pic_init(void)
{
    outb(PIC1, 0x11);
    outb(PIC2, 0x11);
    outb(PIC1 + 1, PIC_VECTOR);
    outb(PIC2 + 1, PIC_VECTOR + 8);
    outb(PIC1 + 1, 4);
    outb(PIC2 + 1, 2);
    outb(PIC1 + 1, 1);
    outb(PIC2 + 1, 1);
    outb(PIC1 + 1, 0xff);
    outb(PIC2 + 1, 0xff);
}

static bool start(struct ioapic *io)
{
    io->regs = device_map(io->maddr, REGS_SIZE);
    if (!io->regs)
        panic("no memory to map an I/O APIC");
    mmio_write32(io->regs + REG_SELECT, IDX_VERSION);
    uint32_t version = mmio_read32(io->regs + REG_WINDOW);
    if (version == 0xffffffff) {
        log_warn("I/O APIC at %#lx does not answer\n", io->maddr);
        return false;
    }
    io->nr_gsis = ((version >> 16) & 0xff) + 1;
    if (io->first_gsi > GSIS_MAX - io->nr_gsis) {
        log_warn("I/O APIC at %#lx ignored: %u interrupts from %u\n",
                 io->maddr, io->nr_gsis, io->first_gsi);
        return false;
    }
    for (unsigned int pin = 0; pin < io->nr_gsis; pin++) {
        /* Mask first; a level entry that the firmware left unfinished loses
         * its remote IRR by being edge for a moment. */
        reg_write(io, IDX_ENTRY(pin), IOAPIC_MASKED);
        reg_write(io, IDX_ENTRY(pin) + 1, 0);
    }
    gsis_end = MAX(gsis_end, io->first_gsi + io->nr_gsis);
    log_info("I/O APIC: id %u at %#lx, version %#x, GSI %u-%u\n", io->id,
             io->maddr, version & 0xff, io->first_gsi,
             io->first_gsi + io->nr_gsis - 1);
    return true;
}

void ioapic_init(void)
{
    struct ioapic *all = acpi_info.ioapics, *end = all;

    for (unsigned int i = 0; i < acpi_info.nr_ioapics; i++)
        if (start(&all[i]))
            *end++ = all[i];
    acpi_info.nr_ioapics = (unsigned int)(end - all);
    if (end == all)
        cannot_start("the firmware's ACPI tables list no usable I/O APIC");
}

void ioapic_write_entry(unsigned int gsi, uint32_t low, uint32_t dest)
{
    const struct ioapic *io = ioapic_of_gsi(gsi);
    unsigned int pin = gsi - io->first_gsi;

    /* Never a moment with half of it; as edge, which ends what is under way
     * with the old vector. */
    reg_write(io, IDX_ENTRY(pin), IOAPIC_MASKED);
    reg_write(io, IDX_ENTRY(pin) + 1, dest << 24);
    reg_write(io, IDX_ENTRY(pin), low);
}

void ioapic_write_low(unsigned int gsi, uint32_t low)
{
    const struct ioapic *io = ioapic_of_gsi(gsi);

    reg_write(io, IDX_ENTRY(gsi - io->first_gsi), low);
}
