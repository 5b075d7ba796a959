/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What Lodge takes from the firmware's static ACPI tables (ACPI 6.5, 5.2).
 * No AML is interpreted; of the DSDT only the bytes of \_S5 are looked for.
 * The tables are treated as hostile: every length is bounded, every sum
 * checked; what does not fit is left out with a warning.
 */
#pragma once

#include "hypervisor/cpu/percpu.h"

#define ACPI_IOAPICS_MAX 16
#define ACPI_OVERRIDES_MAX 32
#define ACPI_MCFG_MAX 16
#define ACPI_TABLES_MAX 64

/* A generic address. */
enum { GAS_MEMORY, GAS_IO };
struct acpi_gas {
    uint8_t space;
    uint64_t address; /* 0: none */
};

struct acpi_table {
    char signature[4];
    uint64_t maddr;
    uint32_t size;
};

/* ioapic_init() fills in the rest, and leaves out those that are unusable. */
struct ioapic {
    uint8_t id;
    uint64_t maddr;
    unsigned int first_gsi;
    unsigned int nr_gsis;
    volatile uint8_t *regs;
};

struct acpi_override {
    uint8_t isa_irq;
    uint32_t gsi;
    bool level, active_low;
};

struct acpi_mcfg {
    uint64_t maddr;     /* of bus 0, even if first_bus is not 0 */
    uint16_t segment;
    uint8_t first_bus, last_bus;
};

/* Of the PM1 control registers (ACPI 4.8.3.2.1). */
#define PM1_SCI_EN BIT(0)
#define PM1_SLP_TYP_SHIFT 10
#define PM1_SLP_TYP_MASK (7u << PM1_SLP_TYP_SHIFT)
#define PM1_SLP_EN BIT(13)

struct acpi_info {
    struct acpi_table tables[ACPI_TABLES_MAX]; /* DSDT and FACS not included */
    unsigned int nr_tables;

    /* MADT */
    uint32_t apic_ids[MAX_CPUS];  /* enabled processors, MADT order */
    uint32_t acpi_ids[MAX_CPUS];  /* their ACPI processor uids */
    unsigned int nr_cpus;
    struct ioapic ioapics[ACPI_IOAPICS_MAX];
    unsigned int nr_ioapics;
    struct acpi_override overrides[ACPI_OVERRIDES_MAX];
    unsigned int nr_overrides;

    /* HPET: maddr, 0 for none. */
    uint64_t hpet_maddr;

    /* FADT */
    uint32_t smi_cmd;
    uint8_t acpi_enable;
    uint16_t pm_timer, pm1a_cnt, pm1b_cnt; /* ports, 0: none */
    bool pm_timer_32bit;
    struct acpi_gas reset;
    uint8_t reset_value;
    bool no_8042;

    /* DSDT \_S5 */
    bool has_s5;
    uint8_t s5_typ_a, s5_typ_b;

    struct acpi_mcfg mcfg[ACPI_MCFG_MAX];
    unsigned int nr_mcfg;
};
extern struct acpi_info acpi_info; /* the machine's, constant after boot */

/*
 * Fills acpi_info, through early_map_read(). rsdp: the loader's copy
 * (20 bytes are ACPI 1), or size 0: the BIOS area is searched. -ENOENT: no
 * RSDP; -EINVAL: no usable root table.
 */
int acpi_read(const void *rsdp, unsigned int rsdp_size);

/* What is missing from a table's bytes to a sum of 0. */
static inline uint8_t acpi_checksum(const uint8_t *p, size_t n)
{
    uint8_t sum = 0;

    while (n--)
        sum = (uint8_t)(sum - *p++);
    return sum;
}

/* The GSI, trigger and polarity of an ISA interrupt (0 to 15). */
struct acpi_override acpi_isa_irq(unsigned int irq);
