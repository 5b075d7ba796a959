/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Restart (ACPI 4.8.3.6 and older ways) and S5 (ACPI 16.1). Works from a
 * panic: everything it needs is mapped at boot.
 */
#include "hypervisor/x86/smp.h"

#include "hypervisor/cpu/io.h"
#include "hypervisor/debug/console.h"
#include "hypervisor/debug/upcalls.h"
#include "hypervisor/mm/map.h"
#include "hypervisor/x86/acpi-tables.h"
#include "hypervisor/x86/time.h"

#define RESET_CONTROL 0xcf9
#define KBC_STATUS 0x64
#define RESTART_SECONDS 5

bool opt_noreboot;

static volatile uint8_t *reset_register; /* when it is memory */

void power_init(void)
{
    if (acpi_info.reset.address && acpi_info.reset.space == GAS_MEMORY)
        reset_register = device_map(acpi_info.reset.address, 1);
}

void machine_restart(void)
{
    static const uint8_t no_idt[10]; /* limit and base 0 */
    const struct acpi_info *acpi = &acpi_info;

    smp_stop_others();
    if (acpi->reset.address) {
        if (acpi->reset.space == GAS_IO)
            outb((uint16_t)acpi->reset.address, acpi->reset_value);
        else if (reset_register)
            mmio_write(reset_register, 1, acpi->reset_value);
        delay_us(100000);
    }
    if (!acpi->no_8042) {
        for (unsigned int i = 0; i < 10000 && (inb(KBC_STATUS) & 2); i++)
            cpu_relax();
        outb(KBC_STATUS, 0xfe); /* a pulse on the reset line */
        delay_us(100000);
    }
    outb(RESET_CONTROL, 0x02);
    delay_us(1000);
    outb(RESET_CONTROL, 0x06);
    delay_us(100000);
    asm volatile("lidt %0; ud2" : : "m"(no_idt)); /* a triple fault */
    smp_stop_here();
}

/* By a PM1 control register; a machine may lack the second. */
static void pm1_sleep(uint16_t port, unsigned int type, unsigned int enable)
{
    if (port)
        outw(port, (uint16_t)((inw(port) & ~PM1_SLP_TYP_MASK) |
                              type << PM1_SLP_TYP_SHIFT | enable));
}

void machine_power_off(void)
{
    const struct acpi_info *acpi = &acpi_info;

    smp_stop_others();
    if (acpi->has_s5 && acpi->pm1a_cnt) {
        /* The firmware may still own the power hardware (ACPI 4.8.2.5). */
        if (!(inw(acpi->pm1a_cnt) & PM1_SCI_EN) && acpi->smi_cmd &&
            acpi->acpi_enable) {
            outb((uint16_t)acpi->smi_cmd, acpi->acpi_enable);
            for (unsigned int i = 0;
                 i < 300 && !(inw(acpi->pm1a_cnt) & PM1_SCI_EN); i++)
                delay_us(10000);
        }
        pm1_sleep(acpi->pm1a_cnt, acpi->s5_typ_a, 0);
        pm1_sleep(acpi->pm1b_cnt, acpi->s5_typ_b, 0);
        pm1_sleep(acpi->pm1a_cnt, acpi->s5_typ_a, PM1_SLP_EN);
        pm1_sleep(acpi->pm1b_cnt, acpi->s5_typ_b, PM1_SLP_EN);
        delay_us(2000000);
    }
    console_panic_begin();
    console_printf("It is now safe to turn off the machine.\n");
    smp_stop_here();
}

void machine_end(bool wait)
{
    if (opt_noreboot) {
        console_printf("Halted (noreboot). Restart the machine by hand.\n");
        smp_stop_others();
        smp_stop_here();
    }
    if (wait) {
        console_printf("Restarting in %u seconds.\n", RESTART_SECONDS);
        delay_us(RESTART_SECONDS * 1000000);
    }
    machine_restart();
}
