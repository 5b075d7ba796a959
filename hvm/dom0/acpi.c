/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Domain 0's ACPI tables: a root of its own and a MADT that lists its vCPUs;
 * all others are the machine's, where they are, except those about hardware
 * that Lodge keeps (ACPI 6.5, 5.2.5 to 5.2.12).
 */
#include "hvm/dom0/dom0-impl.h"

#include "hypervisor/lib/string.h"

#define RSDP_V1_SIZE 20u

struct rsdp {
    char signature[8];
    uint8_t checksum;      /* of the first 20 bytes */
    char oem_id[6];
    uint8_t revision;
    uint32_t rsdt;
    uint32_t length;
    uint64_t xsdt;
    uint8_t ext_checksum;  /* of all */
    uint8_t reserved[3];
} __packed;

struct header {
    char signature[4];
    uint32_t length;
    uint8_t revision, checksum;
    char oem_id[6], oem_table_id[8];
    uint32_t oem_revision;
    char creator_id[4];
    uint32_t creator_revision;
} __packed;

/* An entry of the MADT, whatever its kind: what is up to `length` is there. */
struct entry {
    uint8_t type, length, a, b;
    uint32_t c, d, e;
};

enum { MADT_LAPIC = 0, MADT_IOAPIC = 1, MADT_OVERRIDE = 2, MADT_X2APIC = 9 };

#define LAPIC_ENABLED 1u
#define LAPIC_UID_MAX 254u
enum { INTI_ACTIVE_HIGH = 1, INTI_ACTIVE_LOW = 3 };
enum { INTI_EDGE = 1 << 2, INTI_LEVEL = 3 << 2 };

/* The most there can be. */
_Static_assert(48 + sizeof(struct header) + 8 +
               (MAX_VCPUS_PER_DOMAIN + ACPI_IOAPICS_MAX + ACPI_OVERRIDES_MAX) *
               sizeof(struct entry) + 16 +
               sizeof(struct header) + (1 + ACPI_TABLES_MAX) * 8
               <= DOM0_ACPI_SIZE, "room for the tables");

/* Where the next bytes go. */
struct writer {
    uint8_t *buf;
    unsigned int used;
};

static void put(struct writer *w, const void *data, unsigned int size)
{
    memcpy(w->buf + w->used, data, size);
    w->used += size;
}

/* Tables about what is Lodge's, or about CPUs and memory that domain 0 sees
 * differently; and those by which it would use Lodge's console. */
static bool is_hidden(const char *signature)
{
    static const char hidden[][5] = {
        "APIC", "XSDT", "RSDT", "DMAR", "IVRS", "HPET", "SRAT", "SLIT",
        "HMAT", "PPTT", "PMTT", "MPST", "MSCT", "SPCR", "DBG2", "DBGP",
        "BERT", "EINJ", "ERST", "HEST", "CDIT", "SVKL", "CEDT",
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(hidden); i++)
        if (!strncmp(signature, hidden[i], 4))
            return true;
    return false;
}

/* Begins a table; returns where. */
static unsigned int begin(struct writer *w, const char *signature,
                          uint8_t revision)
{
    struct header h = {
        .revision = revision, .oem_id = "LODGE ", .oem_table_id = "DOM0    ",
        .oem_revision = 1, .creator_id = "LDGE", .creator_revision = 1,
    };

    memcpy(h.signature, signature, 4);
    put(w, &h, sizeof(h));
    return w->used - sizeof(h);
}

/* Length and checksum of the table that begins at `start`, and ends here. */
static void finish(struct writer *w, unsigned int start)
{
    struct header *h = (struct header *)(w->buf + start);

    h->length = w->used - start;
    h->checksum = acpi_checksum(w->buf + start, h->length);
    w->used = ALIGN_UP(w->used, 16u);
}

static void put_entry(struct writer *w, uint8_t type, uint8_t length, uint8_t a,
                      uint8_t b, uint32_t c, uint32_t d, uint32_t e)
{
    put(w, &(struct entry){ type, length, a, b, c, d, e }, length);
}

static void put_madt(struct writer *w, const struct acpi_info *acpi,
                     unsigned int vcpus)
{
    unsigned int start = begin(w, "APIC", 5);
    /* The local APICs' address; flags: no 8259s. */
    static const uint32_t lapics[2] = { 0xfee00000, 0 };

    put(w, lapics, sizeof(lapics));
    for (unsigned int i = 0; i < vcpus; i++)
        /* UIDs are vCPU ids: Linux takes one for the other. */
        if (i * 2 <= LAPIC_UID_MAX)
            put_entry(w, MADT_LAPIC, 8, (uint8_t)i, (uint8_t)(i * 2),
                      LAPIC_ENABLED, 0, 0);
        else
            put_entry(w, MADT_X2APIC, 16, 0, 0, i * 2, LAPIC_ENABLED, i);
    for (const struct ioapic *io = acpi->ioapics;
         io < acpi->ioapics + acpi->nr_ioapics; io++)
        put_entry(w, MADT_IOAPIC, 12, io->id, 0, (uint32_t)io->maddr,
                  io->first_gsi, 0);
    for (const struct acpi_override *o = acpi->overrides;
         o < acpi->overrides + acpi->nr_overrides; o++)
        put_entry(w, MADT_OVERRIDE, 10, 0, o->isa_irq, o->gsi,
                  (o->level ? INTI_LEVEL : INTI_EDGE) |
                  (o->active_low ? INTI_ACTIVE_LOW : INTI_ACTIVE_HIGH), 0);
    finish(w, start);
}

static void put_xsdt(struct writer *w, const struct acpi_info *acpi,
                     uint64_t madt)
{
    unsigned int start = begin(w, "XSDT", 1);

    put(w, &madt, sizeof(madt));
    for (unsigned int i = 0; i < acpi->nr_tables; i++)
        if (!is_hidden(acpi->tables[i].signature))
            put(w, &acpi->tables[i].maddr, sizeof(uint64_t));
    finish(w, start);
}

void dom0_make_acpi(const struct acpi_info *acpi, uint8_t *buf, uint64_t gpa,
                    unsigned int vcpus)
{
    const unsigned int madt = ALIGN_UP(sizeof(struct rsdp), 16u);
    struct writer w = { buf, madt };
    struct rsdp *r = (struct rsdp *)buf;

    memset(buf, 0, DOM0_ACPI_SIZE);
    put_madt(&w, acpi, vcpus);
    *r = (struct rsdp){ .signature = "RSD PTR ", .oem_id = "LODGE ",
                        .revision = 2, .length = sizeof(*r),
                        .xsdt = gpa + w.used };
    put_xsdt(&w, acpi, gpa + madt);
    r->checksum = acpi_checksum(buf, RSDP_V1_SIZE);
    r->ext_checksum = acpi_checksum(buf, sizeof(*r));
}
