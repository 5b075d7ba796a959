/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads the firmware's ACPI tables into struct acpi_info. A table is mapped
 * once, its size bounded, its checksum verified; from then on only offsets
 * within it are used. Fields are copied out byte-wise: nothing is aligned.
 */
#include "hypervisor/x86/acpi-tables.h"

#include "hypervisor/abi/errno.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/lib/string.h"

#define HEADER_SIZE 36
#define BIOS_AREA 0xe0000
#define BIOS_AREA_SIZE 0x20000
#define EBDA_POINTER 0x40e

struct table {
    const uint8_t *p;
    uint32_t size;
};

/* Little-endian fields; past the end they read as 0. */
static uint64_t field(struct table t, uint32_t at, unsigned int bytes)
{
    uint64_t v = 0;

    if (at > t.size || bytes > t.size - at)
        return 0;
    memcpy(&v, t.p + at, bytes);
    return v;
}

static uint8_t get8(struct table t, uint32_t at)
{
    return (uint8_t)field(t, at, 1);
}

static uint16_t get16(struct table t, uint32_t at)
{
    return (uint16_t)field(t, at, 2);
}

static uint32_t get32(struct table t, uint32_t at)
{
    return (uint32_t)field(t, at, 4);
}

static uint64_t get64(struct table t, uint32_t at)
{
    return field(t, at, 8);
}

static struct acpi_gas get_gas(struct table t, uint32_t at)
{
    struct acpi_gas g = { 0 };

    if (at <= t.size && sizeof(g) <= t.size - at)
        memcpy(&g, t.p + at, sizeof(g));
    return g;
}

static bool sum_ok(const uint8_t *p, size_t n)
{
    uint8_t sum = 0;

    while (n--)
        sum = (uint8_t)(sum + *p++);
    return sum == 0;
}

/* Maps the table at maddr and checks size and sum; .p NULL if it is bad. */
static struct table open_table(uint64_t maddr, acpi_map_fn *map)
{
    struct table t = { maddr ? map(maddr, HEADER_SIZE) : NULL, HEADER_SIZE };
    uint32_t size;

    if (!t.p)
        return t;
    size = get32(t, 4);
    t.p = NULL;
    if (size < HEADER_SIZE || size > ACPI_TABLE_SIZE_MAX)
        return t;
    t.p = map(maddr, size);
    t.size = size;
    if (t.p && !sum_ok(t.p, size)) {
        log_warn("ACPI: table %.4s at %#lx has a bad checksum\n",
                 (const char *)t.p, maddr);
        t.p = NULL;
    }
    return t;
}

/* ---- MADT (ACPI 5.2.12) -------------------------------------------------- */

static void add_cpu(struct acpi_info *info, uint32_t apic_id, uint32_t uid,
                    uint32_t flags)
{
    if (!(flags & 1) || apic_id == 0xffffffff)
        return;
    for (unsigned int i = 0; i < info->nr_cpus; i++)
        if (info->apic_ids[i] == apic_id)
            return; /* listed in both forms */
    if (info->nr_cpus == MAX_CPUS) {
        log_warn("ACPI: more than %u processors; the rest stays off\n",
                 MAX_CPUS);
        return;
    }
    info->apic_ids[info->nr_cpus] = apic_id;
    info->acpi_ids[info->nr_cpus++] = uid;
}

static void add_ioapic(struct acpi_info *info, struct table t, uint32_t at)
{
    if (info->nr_ioapics == ACPI_IOAPICS_MAX) {
        log_warn("ACPI: too many I/O APICs\n");
        return;
    }
    info->ioapics[info->nr_ioapics++] = (struct acpi_ioapic){
        .id = get8(t, at + 2),
        .maddr = get32(t, at + 4),
        .first_gsi = get32(t, at + 8),
    };
}

static void add_override(struct acpi_info *info, struct table t, uint32_t at)
{
    uint16_t flags = get16(t, at + 8);
    uint8_t irq = get8(t, at + 3);

    if (info->nr_overrides == ACPI_OVERRIDES_MAX || irq > 15)
        return;
    info->overrides[info->nr_overrides++] = (struct acpi_override){
        .isa_irq = irq,
        .gsi = get32(t, at + 4),
        /* 0 is "as the bus has it": ISA is edge, high. */
        .active_low = (flags & 3) == 3,
        .level = ((flags >> 2) & 3) == 3,
    };
}

static void read_madt(struct acpi_info *info, struct table t)
{
    info->lapic_maddr = get32(t, 36);
    info->has_pic = get32(t, 40) & 1;
    for (uint32_t at = 44; at + 2 <= t.size;) {
        uint8_t type = get8(t, at), size = get8(t, at + 1);

        if (size < 2 || size > t.size - at)
            break;
        if (type == 0 && size >= 8)
            add_cpu(info, get8(t, at + 3), get8(t, at + 2), get32(t, at + 4));
        else if (type == 9 && size >= 16)
            add_cpu(info, get32(t, at + 4), get32(t, at + 12),
                    get32(t, at + 8));
        else if (type == 1 && size >= 12)
            add_ioapic(info, t, at);
        else if (type == 2 && size >= 10)
            add_override(info, t, at);
        else if (type == 5 && size >= 12)
            info->lapic_maddr = get64(t, at + 4);
        at += size;
    }
}

/* ---- FADT (ACPI 5.2.9) and the DSDT's \_S5 ------------------------------- */

/* The extended block if it is there, else the old 32-bit port. */
static struct acpi_gas pm_block(struct table t, uint32_t old, uint32_t x)
{
    struct acpi_gas g = get_gas(t, x);

    if (!g.address)
        g = (struct acpi_gas){ .space = 1, .address = get32(t, old) };
    return g;
}

/* AML integer (ACPI 20.2.3): its value, and how long it is; 0: none. */
static unsigned int aml_integer(struct table t, uint32_t at, uint8_t *v)
{
    switch (get8(t, at)) {
    case 0x00: /* ZeroOp */
    case 0x01: /* OneOp */
        *v = get8(t, at);
        return 1;
    case 0x0a: /* BytePrefix */
        *v = get8(t, at + 1);
        return 2;
    case 0x0b: /* WordPrefix */
        *v = get8(t, at + 1);
        return 3;
    case 0x0c: /* DWordPrefix */
        *v = get8(t, at + 1);
        return 5;
    default:
        return 0;
    }
}

/*
 * Name (_S5, Package () { a, b, ... }): NameOp, perhaps a root or parent
 * prefix, the name, PackageOp, package length, element count, integers.
 */
static bool try_s5(struct acpi_info *info, struct table t, uint32_t at)
{
    uint32_t prefix = at > 0 && (get8(t, at - 1) == '\\' ||
                                 get8(t, at - 1) == '^');
    unsigned int n;
    uint8_t a, b;

    if (at < 1 + prefix || get8(t, at - 1 - prefix) != 0x08)
        return false;
    at += 4;
    if (get8(t, at++) != 0x12)
        return false;
    at += 1 + (get8(t, at) >> 6); /* PkgLength: its own size in bits 7-6 */
    if (get8(t, at++) < 1)
        return false;
    n = aml_integer(t, at, &a);
    if (!n)
        return false;
    if (!aml_integer(t, at + n, &b))
        b = 0;
    if (at + n > t.size || a > 7 || b > 7)
        return false;
    info->has_s5 = true;
    info->s5_typ_a = a;
    info->s5_typ_b = b;
    return true;
}

static void read_dsdt(struct acpi_info *info, acpi_map_fn *map)
{
    struct table t = open_table(info->dsdt, map);

    if (!t.p)
        return;
    info->dsdt_size = t.size;
    for (uint32_t at = HEADER_SIZE; at + 8 <= t.size; at++)
        if (!memcmp(t.p + at, "_S5_", 4) && try_s5(info, t, at))
            return;
}

static void read_fadt(struct acpi_info *info, struct table t, acpi_map_fn *map)
{
    uint32_t flags = get32(t, 112);
    uint16_t arch = get16(t, 109);
    uint64_t x_dsdt = get64(t, 140), x_facs = get64(t, 132);

    info->facs = x_facs ? x_facs : get32(t, 36);
    info->dsdt = x_dsdt ? x_dsdt : get32(t, 40);
    info->sci_irq = get16(t, 46);
    info->smi_cmd = get32(t, 48);
    info->acpi_enable = get8(t, 52);
    info->acpi_disable = get8(t, 53);
    info->pm1a_evt = pm_block(t, 56, 148);
    info->pm1b_evt = pm_block(t, 60, 160);
    info->pm1a_cnt = pm_block(t, 64, 172);
    info->pm1b_cnt = pm_block(t, 68, 184);
    info->pm_timer = pm_block(t, 76, 208);
    info->gpe0 = pm_block(t, 80, 220);
    info->gpe1 = pm_block(t, 84, 232);
    info->pm1_evt_len = get8(t, 88);
    info->gpe0_len = get8(t, 92);
    info->gpe1_len = get8(t, 93);
    info->century = get8(t, 108);
    info->pm_timer_32bit = flags & BIT(8);
    info->hw_reduced = flags & BIT(20);
    if (t.size >= 129 && (flags & BIT(10))) {
        info->reset = get_gas(t, 116);
        info->reset_value = get8(t, 128);
        info->has_reset = info->reset.address != 0;
    }
    if (get8(t, 8) >= 3) {
        info->no_8042 = !(arch & BIT(1));
        info->no_vga = arch & BIT(2);
        info->no_cmos_rtc = arch & BIT(5);
    }
    read_dsdt(info, map);
}

/* ---- the others ----------------------------------------------------------- */

static void read_mcfg(struct acpi_info *info, struct table t)
{
    for (uint32_t at = 44; t.size >= 16 && at <= t.size - 16; at += 16) {
        struct acpi_mcfg m = {
            .maddr = get64(t, at),
            .segment = get16(t, at + 8),
            .first_bus = get8(t, at + 10),
            .last_bus = get8(t, at + 11),
        };

        if (info->nr_mcfg == ACPI_MCFG_MAX || m.last_bus < m.first_bus ||
            !m.maddr)
            continue;
        info->mcfg[info->nr_mcfg++] = m;
    }
}

static void read_hpet(struct acpi_info *info, struct table t)
{
    struct acpi_gas g = get_gas(t, 40);

    if (g.space == 0 && !info->hpet_maddr)
        info->hpet_maddr = g.address;
}

static void read_table(struct acpi_info *info, uint64_t maddr,
                       acpi_map_fn *map)
{
    struct table t = open_table(maddr, map);
    struct acpi_table *kept;

    if (!t.p)
        return;
    if (info->nr_tables == ACPI_TABLES_MAX) {
        log_warn("ACPI: too many tables; %.4s left out\n",
                 (const char *)t.p);
        return;
    }
    kept = &info->tables[info->nr_tables++];
    memcpy(kept->signature, t.p, 4);
    kept->maddr = maddr;
    kept->size = t.size;
    if (acpi_find(info, kept->signature, 0) != kept)
        return; /* only the first of a kind counts */
    if (!memcmp(t.p, "APIC", 4))
        read_madt(info, t);
    else if (!memcmp(t.p, "FACP", 4))
        read_fadt(info, t, map);
    else if (!memcmp(t.p, "HPET", 4))
        read_hpet(info, t);
    else if (!memcmp(t.p, "MCFG", 4))
        read_mcfg(info, t);
}

/* RSDT (4-byte entries) or XSDT (8-byte). */
static int read_root(struct acpi_info *info, uint64_t maddr,
                     unsigned int entry, acpi_map_fn *map)
{
    struct table t = open_table(maddr, map);

    if (!t.p || memcmp(t.p, entry == 8 ? "XSDT" : "RSDT", 4))
        return -EINVAL;
    for (uint32_t at = HEADER_SIZE; at <= t.size - entry; at += entry)
        read_table(info, field(t, at, entry), map);
    return 0;
}

static bool rsdp_ok(const uint8_t *p, unsigned int size)
{
    return size >= 20 && !memcmp(p, "RSD PTR ", 8) && sum_ok(p, 20);
}

/* The EBDA's first KiB and the BIOS area, on 16-byte boundaries
 * (ACPI 5.2.5.1). The second checksum is the caller's to check. */
static const uint8_t *find_rsdp(acpi_map_fn *map, unsigned int *size)
{
    const uint8_t *p = map(EBDA_POINTER, 2);
    uint16_t segment = 0;

    *size = 36;
    if (p)
        memcpy(&segment, p, 2);
    if (segment) {
        p = map((uint64_t)segment << 4, 1024 + 36);
        for (unsigned int at = 0; p && at < 1024; at += 16)
            if (rsdp_ok(p + at, 20))
                return p + at;
    }
    p = map(BIOS_AREA, BIOS_AREA_SIZE);
    for (unsigned int at = 0; p && at + 36 <= BIOS_AREA_SIZE; at += 16)
        if (rsdp_ok(p + at, 20))
            return p + at;
    return NULL;
}

int acpi_read(struct acpi_info *info, const void *rsdp, unsigned int rsdp_size,
              acpi_map_fn *map)
{
    struct table t = { rsdp, rsdp_size };
    int rc = -EINVAL;

    memset(info, 0, sizeof(*info));
    if (!rsdp_size || !rsdp_ok(rsdp, rsdp_size)) {
        t.p = find_rsdp(map, &t.size);
        if (!t.p)
            return -ENOENT;
    }
    info->revision = get8(t, 15);
    info->rsdt = get32(t, 16);
    if (info->revision >= 2 && t.size >= 36 && sum_ok(t.p, 36))
        info->xsdt = get64(t, 24);
    if (info->xsdt)
        rc = read_root(info, info->xsdt, 8, map);
    if (rc && info->rsdt)
        rc = read_root(info, info->rsdt, 4, map);
    info->present = rc == 0;
    return rc;
}

const struct acpi_table *acpi_find(const struct acpi_info *info,
                                   const char *signature, unsigned int n)
{
    for (unsigned int i = 0; i < info->nr_tables; i++)
        if (!memcmp(info->tables[i].signature, signature, 4) && n-- == 0)
            return &info->tables[i];
    return NULL;
}

struct acpi_override acpi_isa_irq(const struct acpi_info *info,
                                  unsigned int irq)
{
    for (unsigned int i = 0; i < info->nr_overrides; i++)
        if (info->overrides[i].isa_irq == irq)
            return info->overrides[i];
    return (struct acpi_override){ .isa_irq = (uint8_t)irq, .gsi = irq };
}
