/* sources: hvm/irq/vlapic.c hvm/irq/apicbus.c hvm/irq/vioapic.c hvm/irq/vpic.c hvm/irq/route.c hvm/io/bus.c tests/unit/irq-fakes.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Wires: PCI INTx to GSIs and links, ISA IRQs, messages, the
 * platform device's callback, records.
 */
#include <string.h>

#include "hypervisor/abi/errno.h"
#include "tests/unit/irq-fakes.h"
#include "tests/unit/test.h"

TEST_PROGRAM;

/* 8259s at 20h and 28h to LINT0 of vCPU 0; GSI n as vector 80h + n, level. */
static struct domain *begin(void)
{
    static const uint8_t init[][2] = {
        { 0x20, 0x11 }, { 0x21, 0x20 }, { 0x21, 4 }, { 0x21, 1 },
        { 0xa0, 0x11 }, { 0xa1, 0x28 }, { 0xa1, 2 }, { 0xa1, 1 },
    };
    struct domain *d = fake_domain(1, true);

    for (unsigned int i = 0; i < ARRAY_SIZE(init); i++)
        port_out(d, init[i][0], init[i][1]);
    for (unsigned int i = 0; i < 48; i++)
        ioapic_set_rte(d, i, 0x8000 | (0x80 + i));
    return d;
}

/* The paths of a PCI wire as a PC chipset has them. */
static void test_swizzle(void)
{
    static const struct { uint8_t dev, pin, gsi, link; } t[] = {
        { 0, 0, 16, 0 }, { 0, 3, 19, 3 }, { 1, 0, 20, 1 }, { 3, 0, 28, 3 },
        { 7, 3, 47, 2 }, { 8, 0, 17, 0 }, { 16, 1, 19, 1 }, { 31, 3, 18, 2 },
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
        struct domain *d = begin();
        struct vlapic *a = fake_apic(d, 0);

        CHECK_EQ(route_intx_gsi(t[i].dev * 4 + t[i].pin), t[i].gsi);
        CHECK_EQ(route_intx_link(t[i].dev * 4 + t[i].pin), t[i].link);
        CHECK_EQ(route_link_set(&d->route, t[i].link, 11), 0);
        route_intx_set(&d->route, t[i].dev, t[i].pin, true);
        route_intx_set(&d->route, t[i].dev, t[i].pin, true);
        CHECK_EQ(vlapic_ack(a, vlapic_pending(a)), 0x80 + t[i].gsi);
        CHECK(route_gsi_up(&d->route, t[i].gsi));
        CHECK(route_gsi_up(&d->route, 11));
        CHECK_EQ(d->route.pic[1].irr, 1 << 3);
        route_intx_set(&d->route, t[i].dev, t[i].pin, false);
        route_intx_set(&d->route, t[i].dev, t[i].pin, false);
        CHECK(!route_gsi_up(&d->route, t[i].gsi));
        CHECK(!route_gsi_up(&d->route, 11));
        CHECK_EQ(d->route.pic[1].irr, 0);
        vlapic_eoi(a);
        CHECK_EQ(fake_drain(a), 1); /* GSI 11 was waiting behind it */
        fake_domain_free(d);
    }
}

/* Several wires hold one link, and the link's IRQ is moved meanwhile. */
static void test_links(void)
{
    struct domain *d = begin();
    struct route *r = &d->route;

    CHECK_EQ(route_link_set(r, 4, 1), -EINVAL);
    CHECK_EQ(route_link_set(r, 0, 16), -EINVAL);
    route_link_set(r, 1, 10);
    route_link_set(r, 2, 10);
    route_intx_set(r, 1, 0, true); /* link 1 */
    route_intx_set(r, 0, 1, true); /* link 1 */
    route_intx_set(r, 2, 0, true); /* link 2 */
    CHECK(route_gsi_up(r, 10));
    route_intx_set(r, 1, 0, false);
    CHECK(route_gsi_up(r, 10));
    route_link_set(r, 1, 5);
    CHECK(route_gsi_up(r, 10));
    CHECK(route_gsi_up(r, 5));
    CHECK_EQ(r->pic[0].irr & 0x20, 0x20);
    CHECK_EQ(r->pic[1].irr, 4);
    route_link_set(r, 1, 0);
    CHECK(!route_gsi_up(r, 5));
    CHECK_EQ(r->pic[0].irr & 0x20, 0);
    route_intx_set(r, 2, 0, false);
    CHECK_EQ(r->pic[1].irr, 0);
    route_intx_set(r, 0, 1, false);
    for (unsigned int i = 0; i < 256; i++)
        CHECK(!route_gsi_up(r, i));
    fake_domain_free(d);
}

static void test_isa(void)
{
    struct domain *d = begin();
    struct vlapic *a = fake_apic(d, 0);

    /* IRQ 0 is pin 2 of the I/O APIC, line 0 of the 8259. */
    route_isa_set(&d->route, 0, true);
    CHECK_EQ(d->route.pic[0].irr, 1);
    CHECK_EQ(vlapic_pending(a), 0x82);
    route_isa_set(&d->route, 0, false);
    fake_drain(a);
    route_isa_set(&d->route, 9, true);
    CHECK_EQ(vlapic_pending(a), 0x89);
    route_isa_set(&d->route, 9, false);
    fake_drain(a);

    /* Pulses tell what became of them. */
    ioapic_set_rte(d, 2, 0x10082);
    CHECK_EQ(route_isa_pulse(&d->route, 0), IRQ_IGNORED);
    ioapic_set_rte(d, 2, 0x82);
    CHECK_EQ(route_isa_pulse(&d->route, 0), IRQ_DELIVERED);
    CHECK_EQ(route_isa_pulse(&d->route, 0), IRQ_COALESCED);
    fake_drain(a);
    CHECK_EQ(route_isa_pulse(&d->route, 0), IRQ_DELIVERED);
    CHECK_EQ(fake_drain(a), 1);
    /* With the I/O APIC's pin masked, by the 8259. */
    ioapic_set_rte(d, 2, 0x10082);
    apic_put(a, APIC_LVT_LINT0, 0x700);
    CHECK_EQ(fake_drain(a), 1); /* left over from above */
    CHECK_EQ(route_isa_pulse(&d->route, 0), IRQ_DELIVERED);
    CHECK_EQ(route_isa_pulse(&d->route, 0), IRQ_COALESCED);
    CHECK_EQ(vlapic_ack(a, vlapic_pending(a)), 0x20);
    CHECK_EQ(route_isa_pulse(&d->route, 0), IRQ_DELIVERED);
    port_out(d, 0x21, 1);
    CHECK_EQ(route_isa_pulse(&d->route, 0), IRQ_IGNORED);
    fake_domain_free(d);
}

static void test_msi(void)
{
    static const struct {
        uint64_t addr;
        uint32_t data;
        int rc;
        uint8_t got, nmi;
    } t[] = {
        { 0xfee00000, 0x0061, 0, 1, 0 },
        { 0xfee02000, 0x4061, 0, 2, 0 },
        { 0xfee04000, 0xc061, 0, 4, 0 },       /* level */
        { 0xfeeff000, 0x0061, 0, 7, 0 },       /* broadcast */
        { 0xfee06004, 0x0061, 0, 6, 0 },       /* logical */
        { 0xfee06004, 0x0161, 0, 2, 0 },       /* lowest priority */
        { 0xfee80004, 0x0161, -ESRCH, 0, 0 },
        { 0xfee80000, 0x0061, 0, 0, 0 },       /* nobody has the id */
        { 0xfee02000, 0x0461, 0, 0, 2 },       /* NMI */
        { 0xfee02000, 0x0561, -EINVAL, 0, 0 }, /* INIT */
        { 0xfee02000, 0x0761, -EINVAL, 0, 0 }, /* ExtINT */
        { 0xfee02000, 0x0261, -EINVAL, 0, 0 }, /* SMI */
        { 0xfee00000, 0x0000, -ERANGE, 0, 0 },
        { 0x12345600fee78000, 0x4300, -EINVAL, 0, 0 }, /* a pirq */
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
        struct domain *d = fake_domain(3, true);
        unsigned int got = 0, nmi = 0;

        for (unsigned int n = 0; n < 3; n++)
            apic_put(fake_apic(d, n), APIC_LDR, 1u << (24 + n));
        CHECK_EQ(route_msi(&d->route, t[i].addr, t[i].data), t[i].rc);
        for (unsigned int n = 0; n < 3; n++) {
            CHECK(vlapic_pending(fake_apic(d, n)) == -1 ||
                  vlapic_pending(fake_apic(d, n)) == 0x61);
            got |= fake_drain(fake_apic(d, n)) << n;
            nmi |= d->vcpu[n]->nmis << n;
        }
        CHECK_EQ(got, t[i].got);
        CHECK_EQ(nmi, t[i].nmi);
        fake_domain_free(d);
    }
}

static void test_callback(void)
{
    struct domain *d = begin();
    struct route *r = &d->route;
    struct vlapic *a = fake_apic(d, 0);
    struct hvm_hw_pci_irqs rec;

    route_callback_set(r, true); /* none chosen yet */
    CHECK_EQ(r->callback, CALLBACK_NONE);
    route_callback_set_via(r, 28); /* GSI 28: up at once */
    CHECK(route_gsi_up(r, 28));
    CHECK_EQ(vlapic_ack(a, vlapic_pending(a)), 0x80 + 28);
    /* PCI device 3, INTA (which is GSI 28 again). */
    route_callback_set_via(r, 1ull << 56 | 3 << 11);
    CHECK(route_gsi_up(r, 28));
    CHECK_EQ(r->intx[0], BIT(12));
    route_intx_set(r, 0, 1, true);
    route_save_intx(r, &rec);
    CHECK_EQ(rec.i[0], BIT(1)); /* without the callback's own */
    route_callback_set(r, false);
    CHECK(!route_gsi_up(r, 28));
    route_intx_set(r, 0, 1, false);
    vlapic_eoi(a);
    CHECK_EQ(fake_drain(a), 1); /* GSI 17 */
    route_callback_set(r, true);
    CHECK_EQ(vlapic_pending(a), 0x80 + 28);
    route_callback_set_via(r, 2ull << 56 | 0xf3);
    CHECK_EQ(r->callback, CALLBACK_VECTOR);
    CHECK_EQ(r->callback_vector, 0xf3);
    CHECK(!route_gsi_up(r, 28));
    CHECK_EQ(r->intx[0], 0);
    /* An ISA IRQ as GSI goes to the 8259, too. */
    route_callback_set_via(r, 5);
    CHECK_EQ(r->callback_vector, 0xf3); /* for who found the old kind */
    CHECK_EQ(r->pic[0].irr, 0x20);
    route_callback_set(r, false);
    CHECK_EQ(r->pic[0].irr, 0);
    route_callback_set_via(r, 0);
    CHECK_EQ(r->callback, CALLBACK_NONE);
    route_callback_set_via(r, 48); /* no such GSI */
    CHECK_EQ(r->callback, CALLBACK_NONE);
    route_callback_set_via(r, 3ull << 56);
    CHECK_EQ(r->callback, CALLBACK_NONE);
    fake_domain_free(d);
}

static void test_save(void)
{
    struct domain *d = begin(), *e = fake_domain(1, true);
    struct hvm_hw_pci_irqs pci;
    struct hvm_hw_isa_irqs isa;
    struct hvm_hw_pci_link link = { 0 };

    route_link_set(&d->route, 0, 5);
    route_link_set(&d->route, 1, 10);
    route_link_set(&d->route, 3, 10);
    route_intx_set(&d->route, 1, 0, true);
    route_intx_set(&d->route, 0, 1, true);
    route_intx_set(&d->route, 31, 3, true);
    route_intx_set(&d->route, 8, 3, true);
    route_isa_set(&d->route, 0, true);
    route_isa_set(&d->route, 10, true);
    route_save_intx(&d->route, &pci);
    route_save_isa(&d->route, &isa);
    route_save_link(&d->route, &link);
    CHECK_EQ(pci.i[1], BIT(63));
    CHECK_EQ(isa.i[0], 0x401);
    CHECK(!memcmp(&link, "\5\12\0\12\0\0\0\0", 8));
    route_intx_set(&e->route, 9, 0, true); /* overwritten */
    route_isa_set(&e->route, 4, true);
    CHECK_EQ(route_load_intx(&e->route, &pci), 0);
    CHECK_EQ(route_load_isa(&e->route, &isa), 0);
    CHECK_EQ(route_load_link(&e->route, &link), 0);
    for (unsigned int i = 0; i < 48; i++)
        CHECK_EQ(route_gsi_up(&d->route, i), route_gsi_up(&e->route, i));
    CHECK(!memcmp(d->route.intx, e->route.intx, 16));
    CHECK_EQ(d->route.line[0], e->route.line[0]);
    isa.i[0] = 0x10000;
    CHECK_EQ(route_load_isa(&e->route, &isa), -EINVAL);
    link.route[2] = 16;
    CHECK_EQ(route_load_link(&e->route, &link), -EINVAL);
    link.route[2] = 0;
    link.pad0[3] = 1;
    CHECK_EQ(route_load_link(&e->route, &link), -EINVAL);
    fake_domain_free(d);
    fake_domain_free(e);
}

/* Random wires against a model that looks at all each time. */
static void test_random(void)
{
    struct domain *d = begin();
    struct route *r = &d->route;
    bool wire[128] = { 0 }, isa[16] = { 0 };
    unsigned int irq[4] = { 0 };

    srand(3);
    for (unsigned int i = 0; i < 5000; i++) {
        unsigned int n = rand() % 128, level = rand() & 1;
        bool want[48] = { 0 }, up[4] = { 0 };

        if (i % 3 == 0) {
            wire[n] = level;
            route_intx_set(r, n / 4, n % 4, level);
        } else if (i % 3 == 1) {
            isa[n % 16] = level && n % 16 != 2;
            route_isa_set(r, n % 16, level);
        } else {
            irq[n % 4] = n / 8;
            CHECK_EQ(route_link_set(r, n % 4, n / 8), 0);
        }
        for (n = 0; n < 128; n++)
            if (wire[n]) {
                want[route_intx_gsi(n)] = true;
                up[route_intx_link(n)] = true;
            }
        for (n = 0; n < 16; n++)
            want[n ? n : 2] |= isa[n];
        for (n = 0; n < 4; n++)
            want[irq[n]] |= up[n] && irq[n];
        for (n = 0; n < 48; n++)
            CHECK_EQ(route_gsi_up(r, n), want[n]);
    }
    fake_domain_free(d);
}

int main(void)
{
    test_swizzle();
    test_links();
    test_isa();
    test_msi();
    test_callback();
    test_save();
    test_random();
    return test_result();
}
