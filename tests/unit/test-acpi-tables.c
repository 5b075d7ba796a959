/* sources: hypervisor/x86/acpi-tables.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/* The ACPI table reader on well-formed, odd and broken tables. */
#include "hypervisor/x86/acpi-tables.h"

#include "hypervisor/abi/errno.h"
#include "tests/unit/acpi-image.h"
#include "tests/unit/test.h"

TEST_PROGRAM;

static uint8_t rsdp[36];

static uint64_t madt(void)
{
    static const uint8_t body[] = {
        0x00, 0x00, 0xe0, 0xfe, 1, 0, 0, 0,
        0, 8, 7, 3, 1, 0, 0, 0,              /* CPU: uid 7, id 3 */
        0, 8, 8, 4, 0, 0, 0, 0,              /* not enabled */
        9, 16, 0, 0, 0x00, 0x01, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, /* id 256 */
        9, 16, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 7, 0, 0, 0, /* id 3 again */
        1, 12, 5, 0, 0x00, 0x00, 0xc0, 0xfe, 0, 0, 0, 0,
        2, 10, 0, 0, 2, 0, 0, 0, 0, 0,       /* IRQ 0 -> GSI 2 */
        2, 10, 0, 9, 9, 0, 0, 0, 0x0d, 0,    /* IRQ 9: level, high */
        2, 10, 0, 11, 20, 0, 0, 0, 0x0f, 0,  /* IRQ 11: level, low */
        5, 12, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, /* local APIC address */
        0, 1,                                /* too short: the end */
        0, 8, 1, 1, 1, 0, 0, 0,
    };

    return image_table("APIC", body, sizeof(body));
}

static uint64_t fadt(uint64_t dsdt)
{
    uint8_t body[244 - 36] = { 0 };
    uint32_t dsdt32 = (uint32_t)dsdt;

    memcpy(body + 40 - 36, &dsdt32, 4);
    body[46 - 36] = 9;
    body[48 - 36] = 0xb2;
    body[52 - 36] = 0xf1;
    body[64 - 36] = 0x04;
    body[65 - 36] = 0x06;
    body[76 - 36] = 0x08;
    body[77 - 36] = 0x06;
    body[113 - 36] = 0x05; /* 32-bit PM timer, reset register */
    body[116 - 36] = 1;
    body[120 - 36] = 0xf9;
    body[121 - 36] = 0x0c;
    body[128 - 36] = 0x0e;
    return image_table("FACP", body, sizeof(body));
}

static void read_with(uint64_t *tables, unsigned int n)
{
    uint64_t xsdt = image_table("XSDT", tables, n * 8);

    image_rsdp(rsdp, 0, xsdt);
    CHECK_EQ(acpi_read(rsdp, 36), 0);
}

static void test_good(void)
{
    static const uint8_t aml[] = {
        0x08, '_', 'S', '4', '_', 0x12, 0x04, 0x02, 0x0a, 0x06, 0x00,
        0x08, '\\', '_', 'S', '5', '_', 0x12, 0x06, 0x04, 0x0a, 0x05, 0x01,
        0x00, 0x00,
    };
    static const uint8_t hpet[] = { 0, 0, 0, 0, 0, 64, 0, 0,
                                    0x00, 0x00, 0xd0, 0xfe, 0, 0, 0, 0 };
    static const uint8_t mcfg[] = {
        0, 0, 0, 0, 0, 0, 0, 0,
        0x00, 0x00, 0x00, 0xb0, 0, 0, 0, 0, 1, 0, 0, 0x3f, 0, 0, 0, 0,
        0x00, 0x00, 0x00, 0xc0, 0, 0, 0, 0, 0, 0, 9, 8, 0, 0, 0, 0, /* bad */
        0x00, 0x00, 0x00, 0xd0,                                /* cut off */
    };
    struct acpi_override o;
    uint64_t t[4];

    image_reset();
    t[0] = madt();
    t[1] = fadt(image_table("DSDT", aml, sizeof(aml)));
    t[2] = image_table("HPET", hpet, sizeof(hpet));
    t[3] = image_table("MCFG", mcfg, sizeof(mcfg));
    read_with(t, 4);

    CHECK_EQ(acpi_info.nr_tables, 4);
    CHECK_EQ(acpi_info.nr_cpus, 2);
    CHECK_EQ(acpi_info.apic_ids[0], 3);
    CHECK_EQ(acpi_info.acpi_ids[0], 7);
    CHECK_EQ(acpi_info.apic_ids[1], 256);
    CHECK_EQ(acpi_info.nr_ioapics, 1);
    CHECK_EQ(acpi_info.ioapics[0].id, 5);
    CHECK_EQ(acpi_info.ioapics[0].maddr, 0xfec00000);
    o = acpi_isa_irq(0);
    CHECK(o.gsi == 2 && !o.level && !o.active_low);
    o = acpi_isa_irq(9);
    CHECK(o.gsi == 9 && o.level && !o.active_low);
    o = acpi_isa_irq(11);
    CHECK(o.gsi == 20 && o.level && o.active_low);
    o = acpi_isa_irq(4);
    CHECK(o.gsi == 4 && !o.level && !o.active_low);

    CHECK_EQ(acpi_info.smi_cmd, 0xb2);
    CHECK_EQ(acpi_info.acpi_enable, 0xf1);
    CHECK_EQ(acpi_info.pm1a_cnt, 0x604);
    CHECK_EQ(acpi_info.pm_timer, 0x608);
    CHECK(acpi_info.pm_timer_32bit);
    CHECK_EQ(acpi_info.reset.address, 0xcf9);
    CHECK_EQ(acpi_info.reset_value, 0x0e);
    CHECK(acpi_info.has_s5);
    CHECK_EQ(acpi_info.s5_typ_a, 5);
    CHECK_EQ(acpi_info.s5_typ_b, 1);
    CHECK_EQ(acpi_info.hpet_maddr, 0xfed00000);
    CHECK_EQ(acpi_info.nr_mcfg, 1);
    CHECK_EQ(acpi_info.mcfg[0].maddr, 0xb0000000);
    CHECK_EQ(acpi_info.mcfg[0].segment, 1);
    CHECK_EQ(acpi_info.mcfg[0].last_bus, 0x3f);
}

/* What must not be taken for \_S5. */
static void test_s5(void)
{
    static const struct {
        uint8_t aml[12];
        bool found;
    } cases[] = {
        { { 8, '_', 'S', '5', '_', 0x12, 4, 2, 0x0a, 7, 0x0a, 7 }, true },
        { { 8, '^', '_', 'S', '5', '_', 0x12, 3, 2, 1, 1 }, true },
        { { 9, '_', 'S', '5', '_', 0x12, 4, 2, 0x0a, 7, 0x0a, 7 }, false },
        { { 8, '_', 'S', '5', '_', 0x11, 4, 2, 0x0a, 7, 0x0a, 7 }, false },
        { { 8, '_', 'S', '5', '_', 0x12, 4, 2, 0x0a, 8, 0x0a, 7 }, false },
        { { 8, '_', 'S', '5', '_', 0x12, 4, 0, 0x0a, 7, 0x0a, 7 }, false },
    };
    uint64_t t;

    for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        image_reset();
        t = fadt(image_table("DSDT", cases[i].aml, sizeof(cases[i].aml)));
        read_with(&t, 1);
        CHECK_EQ(acpi_info.has_s5, cases[i].found);
    }
}

static void test_roots(void)
{
    uint64_t t, rsdt;
    uint32_t t32;

    image_reset();
    CHECK_EQ((uint32_t)acpi_read(NULL, 0),
             (uint32_t)-ENOENT);

    /* Only an RSDT, found in the BIOS area. */
    t = madt();
    t32 = (uint32_t)t;
    rsdt = image_table("RSDT", &t32, 4);
    image_rsdp(rsdp, rsdt, 0);
    memcpy(image + 0x1f000, rsdp, 36);
    CHECK_EQ(acpi_read(NULL, 0), 0);
    CHECK_EQ(acpi_info.nr_cpus, 2);

    /* A loader's copy of 20 bytes, unaligned and nothing after it. */
    CHECK_EQ(acpi_read(rsdp, 20), 0);
    CHECK_EQ(acpi_info.nr_cpus, 2);

    /* An XSDT that is broken, an RSDT that is not. */
    image_rsdp(rsdp, rsdt, t);
    CHECK_EQ(acpi_read(rsdp, 36), 0);
    CHECK_EQ(acpi_info.nr_cpus, 2);

    /* Neither. */
    image[rsdt - IMAGE_PHYS + 9]++;
    CHECK_EQ((uint32_t)acpi_read(rsdp, 36),
             (uint32_t)-EINVAL);
}

static void test_broken(void)
{
    uint64_t t[3] = { 0 };

    image_reset();
    t[0] = madt();
    t[1] = 0xffffffff00000000; /* nowhere */
    image[t[0] - IMAGE_PHYS + 50]++; /* the checksum is wrong now */
    read_with(t, 3);
    CHECK_EQ(acpi_info.nr_tables, 0);
    CHECK_EQ(acpi_info.nr_cpus, 0);

    image_reset();
    t[0] = madt();
    image[t[0] - IMAGE_PHYS + 6] = 0xff; /* a size beyond all bounds */
    read_with(t, 1);
    CHECK_EQ(acpi_info.nr_tables, 0);
}

/* More of everything than there is room for. */
static void test_many(void)
{
    static uint8_t body[8 + 400 * 8 + 40 * 12 + 40 * 10];
    uint64_t t[80];
    uint8_t *p = body + 8;

    image_reset();
    for (unsigned int i = 0; i < 400; i++, p += 8) {
        p[0] = 9, p[1] = 8; /* too short for its type */
        if (i < 255)
            p[0] = 0, p[2] = p[3] = (uint8_t)i, p[4] = 1;
    }
    for (unsigned int i = 0; i < 40; i++, p += 12)
        p[0] = 1, p[1] = 12, p[2] = (uint8_t)i;
    for (unsigned int i = 0; i < 40; i++, p += 10)
        p[0] = 2, p[1] = 10, p[3] = (uint8_t)i;
    t[0] = image_table("APIC", body, sizeof(body));
    for (unsigned int i = 1; i < 80; i++)
        t[i] = image_table("SSDT", body, 4);
    read_with(t, 80);
    CHECK_EQ(acpi_info.nr_tables, ACPI_TABLES_MAX);
    CHECK_EQ(acpi_info.nr_cpus, 255);
    CHECK_EQ(acpi_info.nr_ioapics, ACPI_IOAPICS_MAX);
    CHECK_EQ(acpi_info.nr_overrides, 16);
    CHECK(!memcmp(acpi_info.tables[ACPI_TABLES_MAX - 1].signature, "SSDT", 4));
}

int main(void)
{
    test_good();
    test_s5();
    test_roots();
    test_broken();
    test_many();
    image_reset();
    return test_result();
}
