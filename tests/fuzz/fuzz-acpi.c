/* sources: hypervisor/x86/acpi-tables.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ACPI table reader on arbitrary tables. The input is a list of
 * { kind, size (2 bytes), body }; headers and sums are made here, so that it
 * is the contents that are explored. Kind 0x80 leaves the sum wrong.
 */
#include "hypervisor/x86/acpi-tables.h"

#include "tests/unit/acpi-image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char kinds[][5] = { "APIC", "FACP", "DSDT", "HPET",
                                     "MCFG", "SSDT", "XSDT", "????" };
    const struct acpi_info *a = &acpi_info;
    uint64_t tables[64], dsdt = 0;
    unsigned int n = 0;
    uint8_t rsdp[36];

    image_reset();
    while (size >= 3 && n < 64) {
        unsigned int kind = data[0] & 7;
        uint32_t bytes = data[1] | data[2] << 8;
        bool bad_sum = data[0] & 0x80;
        uint8_t body[512] = { 0 };
        const uint8_t *from = data + 3;

        size -= 3;
        bytes = bytes < size ? bytes : (uint32_t)size;
        data += 3 + bytes;
        size -= bytes;
        if (kind == 1) { /* FACP: let it find the DSDT */
            bytes = bytes < sizeof(body) ? bytes : (uint32_t)sizeof(body);
            memcpy(body, from, bytes);
            memcpy(body + 140 - 36, &dsdt, 8);
            from = body;
        }
        tables[n] = image_table(kinds[kind], from, bytes);
        if (kind == 2)
            dsdt = tables[n];
        if (bad_sum && tables[n])
            image[tables[n] - IMAGE_PHYS + 9]++;
        n++;
    }
    image_rsdp(rsdp, 0, image_table("XSDT", tables, n * 8));
    acpi_read(rsdp, 36);
    if (a->nr_cpus > MAX_CPUS || a->nr_tables > ACPI_TABLES_MAX ||
        a->nr_ioapics > ACPI_IOAPICS_MAX || a->nr_mcfg > ACPI_MCFG_MAX ||
        a->nr_overrides > ACPI_OVERRIDES_MAX || a->s5_typ_a > 7 ||
        a->s5_typ_b > 7)
        abort();
    image_reset();
    return 0;
}
