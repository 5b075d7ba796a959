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
#include "hypervisor/x86/early-map.h"

#define HEADER_SIZE 36

struct acpi_info acpi_info;
static struct acpi_info *const info = &acpi_info;

struct table {
    const uint8_t *p;
    uint32_t size;
};

/* A little-endian field; past the end it reads as 0. */
static uint64_t get(struct table t, uint32_t at, unsigned int bytes)
{
    uint64_t v = 0;

    if (at <= t.size && bytes <= t.size - at)
        memcpy(&v, t.p + at, bytes);
    return v;
}

static struct acpi_gas get_gas(struct table t, uint32_t at)
{
    return (struct acpi_gas){ get(t, at, 1), get(t, at + 4, 8) };
}

/* Maps the table at maddr and checks size and sum; NULL, 0 if it is bad. */
static struct table open_table(uint64_t maddr)
{
    const uint8_t *p = maddr ? early_map_read(maddr, HEADER_SIZE) : NULL;
    uint32_t size = p ? get((struct table){ p, HEADER_SIZE }, 4, 4) : 0;
    bool size_ok = size >= HEADER_SIZE && size <= MB(16);

    p = size_ok ? early_map_read(maddr, size) : NULL;
    if (p && !acpi_checksum(p, size))
        return (struct table){ p, size };
    if (p)
        log_warn("ACPI: table %.4s at %#lx has a bad checksum\n",
                 (const char *)p, maddr);
    return (struct table){ NULL, 0 };
}

/* ---- MADT (ACPI 5.2.12) -------------------------------------------------- */

static void add_cpu(uint32_t apic_id, uint32_t uid, uint32_t flags)
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

static void add_ioapic(struct table t, uint32_t at)
{
    if (info->nr_ioapics == ACPI_IOAPICS_MAX) {
        log_warn("ACPI: too many I/O APICs\n");
        return;
    }
    info->ioapics[info->nr_ioapics++] = (struct ioapic){
        .id = get(t, at + 2, 1),
        .maddr = get(t, at + 4, 4),
        .first_gsi = get(t, at + 8, 4),
    };
}

static void add_override(struct table t, uint32_t at)
{
    uint16_t flags = get(t, at + 8, 2);
    uint8_t irq = get(t, at + 3, 1);

    if (info->nr_overrides == ACPI_OVERRIDES_MAX || irq > 15)
        return;
    info->overrides[info->nr_overrides++] = (struct acpi_override){
        .isa_irq = irq,
        .gsi = get(t, at + 4, 4),
        /* 0 is "as the bus has it": ISA is edge, high. */
        .active_low = (flags & 3) == 3,
        .level = ((flags >> 2) & 3) == 3,
    };
}

static void read_madt(struct table t)
{
    for (uint32_t at = 44; at + 2 <= t.size;) {
        uint8_t type = get(t, at, 1), size = get(t, at + 1, 1);

        if (size < 2 || size > t.size - at)
            break;
        if (type == 0 && size >= 8)
            add_cpu(get(t, at + 3, 1), get(t, at + 2, 1), get(t, at + 4, 4));
        else if (type == 9 && size >= 16)
            add_cpu(get(t, at + 4, 4), get(t, at + 12, 4), get(t, at + 8, 4));
        else if (type == 1 && size >= 12)
            add_ioapic(t, at);
        else if (type == 2 && size >= 10)
            add_override(t, at);
        at += size;
    }
}

/* ---- FADT (ACPI 5.2.9) and the DSDT's \_S5 ------------------------------- */

/* The extended block if it is there, else the old one; 0: no port. */
static uint16_t pm_port(struct table t, uint32_t old, uint32_t x)
{
    struct acpi_gas g = get_gas(t, x);
    uint64_t port = g.address ?: get(t, old, 4);

    return (!g.address || g.space == GAS_IO) && port <= 0xfffc ? port : 0;
}

/* AML integer (ACPI 20.2.3): its value, and how long it is; both 0: none. */
static unsigned int aml_integer(struct table t, uint32_t at, uint8_t *v)
{
    static const uint8_t lengths[] = {
        [0x00] = 1 /* ZeroOp */, [0x01] = 1 /* OneOp */,
        [0x0a] = 2 /* BytePrefix */, [0x0b] = 3, [0x0c] = 5 /* DWordPrefix */
    };
    uint8_t op = get(t, at, 1);
    unsigned int n = op < ARRAY_SIZE(lengths) ? lengths[op] : 0;

    *v = n == 1 ? op : n ? get(t, at + 1, 1) : 0;
    return n;
}

/*
 * Name (_S5, Package () { a, b, ... }): NameOp, perhaps a root or parent
 * prefix, the name (`at`, behind the table's header), PackageOp, package
 * length, element count, integers.
 */
static bool try_s5(struct table t, uint32_t at)
{
    uint8_t before = get(t, at - 1, 1), a, b;
    bool prefix = before == '\\' || before == '^';

    if (get(t, at - 1 - prefix, 1) != 0x08 || get(t, at + 4, 1) != 0x12)
        return false;
    at += 5;
    at += 1 + (get(t, at, 1) >> 6); /* PkgLength: its own size in bits 7-6 */
    if (get(t, at++, 1) < 1)
        return false;
    unsigned int n = aml_integer(t, at, &a);
    if (!n)
        return false;
    aml_integer(t, at + n, &b);
    if (at + n > t.size || a > 7 || b > 7)
        return false;
    info->has_s5 = true;
    info->s5_typ_a = a;
    info->s5_typ_b = b;
    return true;
}

static void read_dsdt(uint64_t maddr)
{
    struct table t = open_table(maddr);

    for (uint32_t at = HEADER_SIZE; at + 8 <= t.size; at++)
        if (!memcmp(t.p + at, "_S5_", 4) && try_s5(t, at))
            return;
}

static void read_fadt(struct table t)
{
    uint32_t flags = get(t, 112, 4);

    info->smi_cmd = get(t, 48, 4);
    info->acpi_enable = get(t, 52, 1);
    info->pm1a_cnt = pm_port(t, 64, 172);
    info->pm1b_cnt = pm_port(t, 68, 184);
    info->pm_timer = pm_port(t, 76, 208);
    info->pm_timer_32bit = flags & BIT(8);
    if (t.size >= 129 && (flags & BIT(10))) {
        info->reset = get_gas(t, 116);
        info->reset_value = get(t, 128, 1);
    }
    info->no_8042 = get(t, 8, 1) >= 3 && !(get(t, 109, 2) & BIT(1));
    read_dsdt(get(t, 140, 8) ?: get(t, 40, 4));
}

/* ---- the others ---------------------------------------------------------- */

static void read_mcfg(struct table t)
{
    for (uint32_t at = 44; t.size >= 16 && at <= t.size - 16; at += 16) {
        struct acpi_mcfg m = {
            .maddr = get(t, at, 8),
            .segment = get(t, at + 8, 2),
            .first_bus = get(t, at + 10, 1),
            .last_bus = get(t, at + 11, 1),
        };

        if (info->nr_mcfg < ACPI_MCFG_MAX && m.last_bus >= m.first_bus &&
            m.maddr)
            info->mcfg[info->nr_mcfg++] = m;
    }
}

static void read_table(uint64_t maddr)
{
    struct table t = open_table(maddr);
    struct acpi_table *first = info->tables;

    if (!t.p)
        return;
    if (info->nr_tables == ACPI_TABLES_MAX) {
        log_warn("ACPI: too many tables; %.4s left out\n", (char *)t.p);
        return;
    }
    struct acpi_table *new = &info->tables[info->nr_tables++];
    *new = (struct acpi_table){ .maddr = maddr, .size = t.size };
    memcpy(new->signature, t.p, 4);
    while (memcmp(first->signature, t.p, 4))
        first++;
    if (first != new)
        return; /* only the first of a kind counts */
    if (!memcmp(t.p, "APIC", 4))
        read_madt(t);
    else if (!memcmp(t.p, "FACP", 4))
        read_fadt(t);
    else if (!memcmp(t.p, "HPET", 4) && get_gas(t, 40).space == GAS_MEMORY)
        info->hpet_maddr = get_gas(t, 40).address;
    else if (!memcmp(t.p, "MCFG", 4))
        read_mcfg(t);
}

/* RSDT (4-byte entries) or XSDT (8-byte). */
static int read_root(uint64_t maddr, uint32_t entry)
{
    struct table t = open_table(maddr);

    if (!t.p || memcmp(t.p, entry == 8 ? "XSDT" : "RSDT", 4))
        return -EINVAL;
    for (uint32_t at = HEADER_SIZE; at <= t.size - entry; at += entry)
        read_table(get(t, at, entry));
    return 0;
}

static bool rsdp_ok(const uint8_t *p)
{
    return !memcmp(p, "RSD PTR ", 8) && !acpi_checksum(p, 20);
}

/* On a 16-byte boundary. The second checksum is the caller's to check. */
static struct table scan(uint64_t maddr, size_t size)
{
    const uint8_t *p = early_map_read(maddr, size);

    for (size_t at = 0; p && at + 36 <= size; at += 16)
        if (rsdp_ok(p + at))
            return (struct table){ p + at, 36 };
    return (struct table){ NULL, 0 };
}

/* The EBDA's first KiB, whose segment is at 0x40e, and the BIOS area from
 * 0xe0000 on (ACPI 5.2.5.1). */
static struct table find_rsdp(void)
{
    const uint16_t *segment = early_map_read(0x40e, 2);
    struct table t = { NULL, 0 };

    if (segment && *segment)
        t = scan((uint64_t)*segment << 4, KB(1) + 20);
    return t.p ? t : scan(0xe0000, KB(128));
}

int acpi_read(const void *rsdp, unsigned int rsdp_size)
{
    struct table t = { rsdp, rsdp_size };
    uint64_t xsdt = 0;

    memset(info, 0, sizeof(*info));
    if (rsdp_size < 20 || !rsdp_ok(rsdp))
        t = find_rsdp();
    if (!t.p)
        return -ENOENT;
    if (get(t, 15, 1) >= 2 && t.size >= 36 && !acpi_checksum(t.p, 36))
        xsdt = get(t, 24, 8);
    if (!read_root(xsdt, 8))
        return 0;
    return read_root(get(t, 16, 4), 4);
}

struct acpi_override acpi_isa_irq(unsigned int irq)
{
    for (unsigned int i = 0; i < info->nr_overrides; i++)
        if (info->overrides[i].isa_irq == irq)
            return info->overrides[i];
    return (struct acpi_override){ .isa_irq = (uint8_t)irq, .gsi = irq };
}
