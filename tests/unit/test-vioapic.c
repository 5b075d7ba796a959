/* sources: hvm/irq/vlapic.c hvm/irq/apicbus.c hvm/irq/vioapic.c hvm/irq/vpic.c hvm/irq/route.c hvm/io/bus.c tests/unit/irq-fakes.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The I/O APIC against the 82093AA data sheet (290566).
 */
#include <string.h>

#include "hypervisor/abi/errno.h"
#include "tests/unit/bus.h"
#include "tests/unit/irq-fakes.h"
#include "tests/unit/test.h"

TEST_PROGRAM;

#define MASKED 0x10000ull
#define LEVEL  0x8000ull
#define RIRR   0x4000ull
#define LOW    0x2000ull
#define LOGICAL 0x800ull
#define DEST(n) ((uint64_t)(n) << 56)

static void test_registers(void)
{
    struct domain *d = fake_domain(1, true);

    CHECK_EQ(ioapic_get(d, 1), 0x002f0011); /* 48 pins, version 11h */
    CHECK_EQ(ioapic_get(d, 0), 0x01000000);
    ioapic_put(d, 0, 0xf5ffffff);
    CHECK_EQ(ioapic_get(d, 0), 0x05000000);
    CHECK_EQ(ioapic_get(d, 2), 0x05000000);
    ioapic_put(d, 1, 0);
    CHECK_EQ(ioapic_get(d, 1), 0x002f0011);
    for (unsigned int pin = 0; pin < 48; pin++) {
        CHECK_EQ(ioapic_rte(d, pin), MASKED);
        ioapic_set_rte(d, pin, ~0ull);
        /* Delivery status, remote IRR and reserved bits do not take. */
        CHECK_EQ(ioapic_rte(d, pin), 0xff0000000001afff);
        ioapic_set_rte(d, pin, MASKED | pin);
    }
    for (unsigned int pin = 0; pin < 48; pin++)
        CHECK_EQ(ioapic_rte(d, pin), MASKED | pin);
    for (unsigned int reg = 0; reg < 256; reg++)
        if (reg == 3 || reg == 0xf || reg >= 0x10 + 2 * 48) {
            ioapic_put(d, reg, ~0u);
            CHECK_EQ(ioapic_get(d, reg), 0);
        }
    for (unsigned int off = 0; off < 0x100; off += 4)
        if (off != 0 && off != 0x10) {
            uint64_t v = 1;

            CHECK_EQ(bus_mmio_write(&d->bus, VIOAPIC_BASE + off, 4, 7), BUS_OK);
            CHECK_EQ(bus_mmio_read(&d->bus, VIOAPIC_BASE + off, 4, &v), BUS_OK);
            CHECK_EQ(v, 0);
        }
    fake_domain_free(d);
}

static void test_edge(void)
{
    struct domain *d = fake_domain(2, true);

    ioapic_set_rte(d, 20, DEST(2) | MASKED | 0x61);
    CHECK_EQ(route_gsi_pulse(&d->route, 20), IRQ_IGNORED);
    /* An edge while masked is gone. */
    ioapic_set_rte(d, 20, DEST(2) | 0x61);
    CHECK(vlapic_quiet(fake_apic(d, 1)));
    CHECK_EQ(route_gsi_pulse(&d->route, 20), IRQ_DELIVERED);
    CHECK_EQ(route_gsi_pulse(&d->route, 20), IRQ_COALESCED);
    CHECK_EQ(ioapic_rte(d, 20), DEST(2) | 0x61);
    CHECK_EQ(fake_drain(fake_apic(d, 1)), 1);
    CHECK_EQ(fake_drain(fake_apic(d, 0)), 0);
    CHECK_EQ(route_gsi_pulse(&d->route, 20), IRQ_DELIVERED);
    fake_domain_free(d);
}

static void test_level(void)
{
    struct domain *d = fake_domain(1, true);
    struct vlapic *a = fake_apic(d, 0);

    ioapic_set_rte(d, 20, LEVEL | LOW | 0x61);
    route_gsi_set(&d->route, 20, true);
    CHECK_EQ(ioapic_rte(d, 20), LEVEL | LOW | RIRR | 0x61);
    CHECK_EQ(vlapic_ack(a, vlapic_pending(a)), 0x61);
    /* Shared line: a second source while the first is served. */
    route_intx_set(&d->route, 1, 0, true);
    CHECK(vlapic_quiet(a));
    /* Still up at EOI: again. */
    vlapic_eoi(a);
    CHECK_EQ(vlapic_pending(a), 0x61);
    CHECK_EQ(ioapic_rte(d, 20) & RIRR, RIRR);
    vlapic_ack(a, 0x61);
    route_gsi_set(&d->route, 20, false);
    vlapic_eoi(a);
    CHECK_EQ(vlapic_pending(a), 0x61);
    vlapic_ack(a, 0x61);
    route_intx_set(&d->route, 1, 0, false);
    vlapic_eoi(a);
    CHECK(vlapic_quiet(a));
    CHECK_EQ(ioapic_rte(d, 20) & RIRR, 0);

    /* Masked while up: comes at unmask. */
    ioapic_set_rte(d, 20, LEVEL | MASKED | 0x61);
    route_gsi_set(&d->route, 20, true);
    CHECK(vlapic_quiet(a));
    ioapic_put(d, 0x10 + 40, LEVEL | 0x61);
    CHECK_EQ(vlapic_pending(a), 0x61);
    /* Acknowledged, then masked before EOI, unmasked later. */
    vlapic_ack(a, 0x61);
    ioapic_put(d, 0x10 + 40, LEVEL | MASKED | 0x61);
    vlapic_eoi(a);
    CHECK(vlapic_quiet(a));
    CHECK_EQ(ioapic_rte(d, 20), LEVEL | MASKED | 0x61);
    ioapic_put(d, 0x10 + 40, LEVEL | 0x61);
    CHECK_EQ(vlapic_pending(a), 0x61);
    /* Switching to edge and back ends it (there is no EOI register). */
    vlapic_ack(a, 0x61);
    ioapic_put(d, 0x10 + 40, MASKED | 0x61);
    CHECK_EQ(ioapic_rte(d, 20), MASKED | 0x61);
    ioapic_put(d, 0x10 + 40, LEVEL | 0x61);
    vlapic_eoi(a);
    CHECK_EQ(vlapic_pending(a), 0x61);
    fake_domain_free(d);
}

/* Two pins with one vector: one EOI ends both. */
static void test_shared_vector(void)
{
    struct domain *d = fake_domain(1, true);
    struct vlapic *a = fake_apic(d, 0);

    ioapic_set_rte(d, 20, LEVEL | 0x61);
    ioapic_set_rte(d, 47, LEVEL | 0x61);
    ioapic_set_rte(d, 21, LEVEL | 0x71);
    route_gsi_set(&d->route, 20, true);
    route_gsi_set(&d->route, 47, true);
    route_gsi_set(&d->route, 21, true);
    CHECK_EQ(vlapic_ack(a, vlapic_pending(a)), 0x71);
    route_gsi_set(&d->route, 20, false);
    route_gsi_set(&d->route, 47, false);
    vioapic_eoi(&d->route, 0x61);
    CHECK_EQ(ioapic_rte(d, 20) & RIRR, 0);
    CHECK_EQ(ioapic_rte(d, 47) & RIRR, 0);
    CHECK_EQ(ioapic_rte(d, 21) & RIRR, RIRR);
    fake_domain_free(d);
}

/* Nobody takes a level interrupt: remote IRR must not stick. */
static void test_nobody(void)
{
    struct domain *d = fake_domain(1, false);

    ioapic_set_rte(d, 20, LEVEL | 0x61);
    route_gsi_set(&d->route, 20, true);
    CHECK_EQ(ioapic_rte(d, 20), LEVEL | 0x61);
    apic_put(fake_apic(d, 0), APIC_SPIV, 0x1ff);
    ioapic_put(d, 0x10 + 40, LEVEL | 0x61);
    CHECK_EQ(vlapic_pending(fake_apic(d, 0)), 0x61);
    fake_domain_free(d);
}

static void test_delivery(void)
{
    static const struct { uint64_t rte; uint8_t want, nmi; } t[] = {
        { DEST(0) | 0x61, 1, 0 }, { DEST(4) | 0x61, 4, 0 },
        { DEST(0xff) | 0x61, 7, 0 }, { DEST(8) | 0x61, 0, 0 },
        { DEST(3) | LOGICAL | 0x61, 3, 0 },
        { DEST(6) | LOGICAL | 0x161, 2, 0 }, /* lowest: after vCPU 0 */
        { DEST(2) | 0x461, 0, 2 },           /* NMI */
        { DEST(0) | 0x261, 0, 0 },           /* SMI */
        { DEST(0) | 0x561, 0, 0 },           /* INIT */
        { DEST(0) | 0x761, 0, 0 },           /* ExtINT */
        { DEST(0) | 0x05, 0, 0 },            /* illegal vector */
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
        struct domain *d = fake_domain(3, true);
        unsigned int got = 0, nmi = 0;

        for (unsigned int n = 0; n < 3; n++)
            apic_put(fake_apic(d, n), APIC_LDR, 1u << (24 + n));
        ioapic_set_rte(d, 5, t[i].rte);
        route_gsi_pulse(&d->route, 5);
        for (unsigned int n = 0; n < 3; n++) {
            got |= fake_drain(fake_apic(d, n)) << n;
            nmi |= d->vcpu[n]->nmis << n;
            CHECK_EQ(d->vcpu[n]->inits, 0);
        }
        CHECK_EQ(got, t[i].want);
        CHECK_EQ(nmi, t[i].nmi);
        fake_domain_free(d);
    }
}

/* Domain 0: several chips, pins watched, lines bound to physical ones. */
static void test_domain0(void)
{
    struct domain *d = calloc(1, sizeof(*d));
    struct fake_vcpu *v = aligned_alloc(4096, sizeof(*v));
    struct hvm_hw_vioapic rec;
    uint64_t val;

    memset(v, 0, sizeof(*v));
    CHECK_EQ(route_init(&d->route, d, &d->bus, false), 0);
    d->route.watch_pins = true;
    d->nr = 1;
    d->vcpu[0] = v;
    CHECK_EQ(vioapic_add(&d->route, 0xfec00000, 1, 0, 24), 0);
    CHECK_EQ(vioapic_add(&d->route, 0xfec80000, 2, 24, 120), 0);
    CHECK_EQ(vioapic_add(&d->route, 0xfec90000, 3, 23, 1), -EINVAL);
    CHECK_EQ(vioapic_add(&d->route, 0xfec90000, 3, 20, 200), -EINVAL);
    CHECK_EQ(vioapic_add(&d->route, 0xfec90000, 3, 250, 7), -EINVAL);
    CHECK_EQ(vioapic_add(&d->route, 0xfec90000, 3, 250, 0), -EINVAL);
    CHECK_EQ(vioapic_add(&d->route, 0xfec90000, 3, 250, 6), 0);
    vlapic_init(&v->apic, &d->route, 0, v->page);
    apic_put(&v->apic, APIC_SPIV, 0x1ff);
    CHECK_EQ(d->route.nr_gsis, 256);
    CHECK_EQ(port_in(d, 0x20), 0x100); /* no 8259 */

    /* GSI 24 + 119 through the second chip. */
    bus_mmio_write(&d->bus, 0xfec80000, 4, 1);
    bus_mmio_read(&d->bus, 0xfec80010, 4, &val);
    CHECK_EQ(val, 0x00770011);
    bus_mmio_write(&d->bus, 0xfec80000, 4, 0x10 + 2 * 119);
    CHECK_EQ(d->pin_changes, 0);
    bus_mmio_write(&d->bus, 0xfec80010, 4, LEVEL | LOW | 0x71);
    CHECK_EQ(d->pin_changes, 1);
    CHECK_EQ(d->last_pin, 143);
    CHECK_EQ(d->last_entry, LEVEL | LOW | 0x71);
    bus_mmio_write(&d->bus, 0xfec80010, 4, LEVEL | LOW | 0x71);
    CHECK_EQ(d->pin_changes, 1); /* nothing new */
    route_gsi_set(&d->route, 143, true);
    route_gsi_set(&d->route, 143, true);
    CHECK_EQ(vlapic_ack(&v->apic, vlapic_pending(&v->apic)), 0x71);
    CHECK_EQ(d->ended[143], 0);
    route_gsi_set(&d->route, 143, false);
    vlapic_eoi(&v->apic);
    CHECK_EQ(d->ended[143], 1);
    CHECK(vlapic_quiet(&v->apic));
    ioapic_put(d, 0x10 + 2 * 4, 0x62);
    CHECK_EQ(d->pin_changes, 2);
    CHECK_EQ(d->last_pin, 4);
    CHECK_EQ(route_gsi_pulse(&d->route, 4), IRQ_DELIVERED);
    CHECK_EQ(fake_drain(&v->apic), 1);
    CHECK_EQ(vioapic_save(&d->route, &rec), -EOPNOTSUPP);
    memset(&rec, 0, sizeof(rec));
    CHECK_EQ(vioapic_load(&d->route, &rec), -EOPNOTSUPP);
    fake_domain_free(d);
}

static void test_save(void)
{
    struct domain *d = fake_domain(1, true), *e = fake_domain(1, true);
    struct hvm_hw_vioapic rec = { 0 }, again = { 0 };

    ioapic_set_rte(d, 0, DEST(3) | MASKED | 0x761);
    ioapic_set_rte(d, 20, LEVEL | LOW | 0x61);
    ioapic_set_rte(d, 47, DEST(0xff) | LOGICAL | 0x1fe);
    route_gsi_set(&d->route, 20, true);
    ioapic_put(d, 0, 0x0a000000);
    bus_mmio_write(&d->bus, VIOAPIC_BASE, 4, 0x55);
    CHECK_EQ(vioapic_save(&d->route, &rec), 0);
    CHECK_EQ(rec.base_address, 0xfec00000);
    CHECK_EQ(rec.ioregsel, 0x55);
    CHECK_EQ(rec.id, 10);
    CHECK_EQ(rec.redirtbl[20].bits, LEVEL | LOW | RIRR | 0x61);
    CHECK_EQ(rec.redirtbl[20].fields.remote_irr, 1);
    CHECK_EQ(rec.redirtbl[47].fields.dest_id, 0xff);
    CHECK_EQ(vioapic_load(&e->route, &rec), 0);
    CHECK_EQ(vioapic_save(&e->route, &again), 0);
    CHECK(!memcmp(&rec, &again, sizeof(rec)));
    vioapic_eoi(&e->route, 0x61);
    CHECK_EQ(ioapic_rte(e, 20), LEVEL | LOW | 0x61);
    /* What software cannot set is not taken. */
    rec.redirtbl[3].bits = ~0ull & ~LEVEL;
    CHECK_EQ(vioapic_load(&e->route, &rec), 0);
    CHECK_EQ(ioapic_rte(e, 3), 0xff00000000012fff);
    rec.id = 16;
    CHECK_EQ(vioapic_load(&e->route, &rec), -EINVAL);
    rec.id = 1;
    rec.base_address = 0xfec01000;
    CHECK_EQ(vioapic_load(&e->route, &rec), -EINVAL);
    fake_domain_free(d);
    fake_domain_free(e);
}

int main(void)
{
    test_registers();
    test_edge();
    test_level();
    test_shared_vector();
    test_nobody();
    test_delivery();
    test_domain0();
    test_save();
    return test_result();
}
