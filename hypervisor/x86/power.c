/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Restart (ACPI 4.8.3.6 and older ways) and S5 (ACPI 16.1). Works from a
 * panic: everything it needs is mapped at boot.
 */
#include "hypervisor/x86/power.h"

#include "hypervisor/cpu/atomic.h"
#include "hypervisor/cpu/io.h"
#include "hypervisor/debug/console.h"
#include "hypervisor/debug/upcalls.h"
#include "hypervisor/mm/map.h"
#include "hypervisor/x86/acpi-tables.h"
#include "hypervisor/x86/smp.h"
#include "hypervisor/x86/time.h"

#define GAS_MEMORY 0
#define GAS_IO 1
#define GAS_PCI 2

#define PM1_SCI_EN BIT(0)
#define PM1_SLP_TYP_SHIFT 10
#define PM1_SLP_TYP_MASK (7u << PM1_SLP_TYP_SHIFT)
#define PM1_SLP_EN BIT(13)

#define PCI_CONFIG_ADDRESS 0xcf8
#define PCI_CONFIG_DATA 0xcfc
#define RESET_CONTROL 0xcf9
#define KBC_STATUS 0x64
#define KBC_RESET 0xfe
#define PANIC_RESTART_S 5

bool opt_noreboot;

static const struct acpi_info *acpi;
static volatile uint8_t *reset_register; /* when it is memory */

void power_init(const struct acpi_info *info)
{
    acpi = info;
    if (acpi->has_reset && acpi->reset.space == GAS_MEMORY) {
        reset_register = device_map(ALIGN_DOWN(acpi->reset.address,
                                               PAGE_SIZE), PAGE_SIZE);
        if (reset_register)
            reset_register += acpi->reset.address & (PAGE_SIZE - 1);
    }
}

static void pause_ms(unsigned int ms)
{
    /* Also before the clock runs: about a microsecond per port read. */
    for (unsigned int i = 0; i < ms * 1000; i++)
        inb(0x80);
}

static void acpi_reset(void)
{
    const struct acpi_gas *r;

    if (!acpi || !acpi->has_reset)
        return;
    r = &acpi->reset;
    if (r->space == GAS_IO) {
        outb((uint16_t)r->address, acpi->reset_value);
    } else if (r->space == GAS_MEMORY && reset_register) {
        mmio_write8(reset_register, acpi->reset_value);
    } else if (r->space == GAS_PCI) {
        /* Bus 0: device in bits 32-47, function 16-31, offset 0-15. */
        outl(PCI_CONFIG_ADDRESS,
             BIT(31) | (uint32_t)((r->address >> 32) & 31) << 11 |
             (uint32_t)((r->address >> 16) & 7) << 8 |
             (uint32_t)(r->address & 0xfc));
        outb((uint16_t)(PCI_CONFIG_DATA + (r->address & 3)),
             acpi->reset_value);
    }
    pause_ms(100);
}

static void keyboard_reset(void)
{
    if (acpi && acpi->no_8042)
        return;
    for (unsigned int i = 0; i < 10000 && (inb(KBC_STATUS) & 2); i++)
        cpu_relax();
    outb(KBC_STATUS, KBC_RESET);
    pause_ms(100);
}

static void chipset_reset(void)
{
    outb(RESET_CONTROL, 0x02);
    pause_ms(1);
    outb(RESET_CONTROL, 0x06);
    pause_ms(100);
}

static __noreturn void triple_fault(void)
{
    static const struct {
        uint16_t limit;
        uint64_t base;
    } __packed none;

    asm volatile("lidt %0; ud2" : : "m"(none));
    smp_stop_here();
}

void machine_halt(void)
{
    smp_stop_others();
    smp_stop_here();
}

void machine_restart(void)
{
    asm volatile("cli");
    smp_stop_others();
    acpi_reset();
    keyboard_reset();
    chipset_reset();
    triple_fault();
}

static uint16_t pm1_read(const struct acpi_gas *g)
{
    return g->space == GAS_IO && g->address ? inw((uint16_t)g->address) : 0;
}

static void pm1_write(const struct acpi_gas *g, uint16_t v)
{
    if (g->space == GAS_IO && g->address)
        outw((uint16_t)g->address, v);
}

/* The firmware may still own the power hardware (ACPI 4.8.2.5). */
static void acpi_mode(void)
{
    if ((pm1_read(&acpi->pm1a_cnt) & PM1_SCI_EN) || !acpi->smi_cmd ||
        !acpi->acpi_enable)
        return;
    outb((uint16_t)acpi->smi_cmd, acpi->acpi_enable);
    for (unsigned int i = 0;
         i < 300 && !(pm1_read(&acpi->pm1a_cnt) & PM1_SCI_EN); i++)
        pause_ms(10);
}

void machine_power_off(void)
{
    asm volatile("cli");
    smp_stop_others();
    if (acpi && acpi->has_s5) {
        uint16_t a, b;

        acpi_mode();
        a = pm1_read(&acpi->pm1a_cnt) & (uint16_t)~PM1_SLP_TYP_MASK;
        b = pm1_read(&acpi->pm1b_cnt) & (uint16_t)~PM1_SLP_TYP_MASK;
        a |= (uint16_t)(acpi->s5_typ_a << PM1_SLP_TYP_SHIFT);
        b |= (uint16_t)(acpi->s5_typ_b << PM1_SLP_TYP_SHIFT);
        pm1_write(&acpi->pm1a_cnt, a);
        pm1_write(&acpi->pm1b_cnt, b);
        pm1_write(&acpi->pm1a_cnt, a | PM1_SLP_EN);
        pm1_write(&acpi->pm1b_cnt, b | PM1_SLP_EN);
        pause_ms(2000);
    }
    console_panic_begin();
    console_printf("It is now safe to turn off the machine.\n");
    smp_stop_here();
}

void panic_end(void)
{
    if (opt_noreboot) {
        console_printf("Halted (noreboot). Restart the machine by hand.\n");
        smp_stop_here();
    }
    console_printf("Restarting in %u seconds.\n", PANIC_RESTART_S);
    if (tsc_hz())
        delay_us(PANIC_RESTART_S * 1000000);
    else
        pause_ms(PANIC_RESTART_S * 1000);
    machine_restart();
}
