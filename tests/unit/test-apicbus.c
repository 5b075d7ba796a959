/* sources: hvm/irq/vlapic.c hvm/irq/apicbus.c hvm/irq/vioapic.c hvm/irq/vpic.c hvm/irq/route.c hvm/io/bus.c tests/unit/irq-fakes.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Destinations of interrupt messages (SDM vol. 3A 11.6, 11.12.9, 11.12.10).
 */
#include <string.h>

#include "tests/unit/irq-fakes.h"
#include "tests/unit/test.h"

TEST_PROGRAM;

/* The vCPUs with vector 0x60 pending, one bit each; takes them. */
static uint64_t who(struct domain *d)
{
    uint64_t set = 0;

    for (unsigned int i = 0; i < d->nr; i++)
        if (vlapic_pending(fake_apic(d, i)) == 0x60) {
            set |= BIT(i);
            CHECK_EQ(fake_drain(fake_apic(d, i)), 1);
        }
    return set;
}

#define LOGICAL (1u << 11)
#define SELF    (1u << 18)
#define ALL     (2u << 18)
#define OTHERS  (3u << 18)

/* Eight vCPUs; LDR of vCPU n is ldr[n]; vCPU 2 sends. */
static void test_xapic(void)
{
    static const uint8_t flat[8] = { 1, 2, 4, 8, 16, 32, 64, 128 };
    static const uint8_t cluster[8] = { 0x01, 0x02, 0x04, 0x08, 0x11, 0x12,
                                        0x14, 0x21 };
    static const struct {
        const uint8_t *ldr;
        uint32_t dfr, icr;
        uint8_t dest;
        uint64_t want;
    } t[] = {
        { flat, ~0u, 0x60, 0, 0x01 },
        { flat, ~0u, 0x60, 6, 0x08 },
        { flat, ~0u, 0x60, 7, 0 },          /* no such id */
        { flat, ~0u, 0x60, 16, 0 },
        { flat, ~0u, 0x60, 0xff, 0xff },    /* physical broadcast */
        { flat, ~0u, 0x60 | LOGICAL, 0x01, 0x01 },
        { flat, ~0u, 0x60 | LOGICAL, 0x81, 0x81 },
        { flat, ~0u, 0x60 | LOGICAL, 0x00, 0 },
        { flat, ~0u, 0x60 | LOGICAL, 0xff, 0xff },
        { cluster, 0x0fffffff, 0x60 | LOGICAL, 0x03, 0x03 },
        { cluster, 0x0fffffff, 0x60 | LOGICAL, 0x17, 0x70 },
        { cluster, 0x0fffffff, 0x60 | LOGICAL, 0x21, 0x80 },
        { cluster, 0x0fffffff, 0x60 | LOGICAL, 0x22, 0 },
        { cluster, 0x0fffffff, 0x60 | LOGICAL, 0xff, 0xff },
        { flat, 0x7fffffff, 0x60 | LOGICAL, 0x01, 0 }, /* no such model */
        { flat, ~0u, 0x60 | SELF, 0, 0x04 },
        { flat, ~0u, 0x60 | ALL, 0, 0xff },
        { flat, ~0u, 0x60 | OTHERS, 0, 0xfb },
        { flat, ~0u, 0x60 | LOGICAL | OTHERS, 1, 0xfb },
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
        struct domain *d = fake_domain(8, true);
        struct vlapic *a = fake_apic(d, 2);

        for (unsigned int n = 0; n < 8; n++) {
            apic_put(fake_apic(d, n), APIC_LDR, (uint32_t)t[i].ldr[n] << 24);
            apic_put(fake_apic(d, n), APIC_DFR, t[i].dfr);
        }
        apic_put(a, APIC_ICR2, (uint32_t)t[i].dest << 24);
        apic_put(a, APIC_ICR, t[i].icr | 1u << 12);
        CHECK_EQ(apic_get(a, APIC_ICR), t[i].icr);
        CHECK_EQ(who(d), t[i].want);
        /* Disabled ones do not accept; the others still do. */
        apic_put(fake_apic(d, 0), APIC_SPIV, 0xff);
        apic_put(a, APIC_ICR, t[i].icr);
        CHECK_EQ(who(d), t[i].want & ~1ull);
        fake_domain_free(d);
    }
}

/* 40 vCPUs in x2APIC mode: ids 0 to 78, eight to a cluster; vCPU 5 sends. */
static void test_x2apic(void)
{
    static const struct { uint32_t icr, dest; uint64_t want; } t[] = {
        { 0x60, 0, 1 },
        { 0x60, 78, BIT(39) },
        { 0x60, 79, 0 },
        { 0x60, 0xff, 0 },
        { 0x60, 0xffffffff, 0xffffffffff },
        { 0x60 | LOGICAL, 0x00000005, BIT(0) | BIT(1) },
        { 0x60 | LOGICAL, 0x00005555, 0xff },
        { 0x60 | LOGICAL, 0x0000ffff, 0xff },
        { 0x60 | LOGICAL, 0x00040001, BIT(32) },
        { 0x60 | LOGICAL, 0x00044000, BIT(39) },
        { 0x60 | LOGICAL, 0x00050001, 0 },
        { 0x60 | LOGICAL, 0xffff0001, 0 },
        { 0x60 | LOGICAL, 0x00040000, 0 },
        { 0x60 | LOGICAL, 0xffffffff, 0xffffffffff },
        { 0x60 | SELF, 0, BIT(5) },
        { 0x60 | OTHERS, 0, 0xffffffffff & ~BIT(5) },
    };
    struct domain *d = fake_domain(40, true);

    for (unsigned int i = 0; i < 40; i++)
        vlapic_base_write(fake_apic(d, i), fake_apic(d, i)->base_msr |
                                               APIC_BASE_MSR_X2APIC);
    for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
        vlapic_msr_write(fake_apic(d, 5), 0x830,
                         (uint64_t)t[i].dest << 32 | t[i].icr);
        CHECK_EQ(who(d), t[i].want);
    }
    fake_domain_free(d);
}

/* Lowest priority (11.6.2.4): among the lowest PPRs, in turn. */
static void test_lowest(void)
{
    struct domain *d = fake_domain(4, true);
    struct apic_msg m = { .dest = 0x0f, .logical = true, .vector = 0x60,
                          .delivery = APIC_DM_LOWEST };
    unsigned int count[4] = { 0 };

    for (unsigned int i = 0; i < 4; i++)
        apic_put(fake_apic(d, i), APIC_LDR, 1u << (24 + i));
    for (unsigned int i = 0; i < 100; i++) {
        CHECK_EQ(apicbus_deliver(&d->route.apics, NULL, &m), IRQ_DELIVERED);
        count[bit_lowest(who(d))]++;
    }
    for (unsigned int i = 0; i < 4; i++)
        CHECK_EQ(count[i], 25);
    apic_put(fake_apic(d, 0), APIC_TPR, 0x50);
    apic_put(fake_apic(d, 1), APIC_TPR, 0x40);
    apic_put(fake_apic(d, 2), APIC_TPR, 0x3f);
    apic_put(fake_apic(d, 3), APIC_TPR, 0x50);
    for (unsigned int i = 0; i < 4; i++) {
        apicbus_deliver(&d->route.apics, NULL, &m);
        CHECK_EQ(who(d), 4);
    }
    apic_put(fake_apic(d, 2), APIC_SPIV, 0xff);
    apicbus_deliver(&d->route.apics, NULL, &m);
    CHECK_EQ(who(d), 2);
    m.dest = 0x05;
    apicbus_deliver(&d->route.apics, NULL, &m);
    CHECK_EQ(who(d), 1);
    m.dest = 0x04;
    CHECK_EQ(apicbus_deliver(&d->route.apics, NULL, &m), IRQ_IGNORED);
    /* A physical destination is a set of one. */
    m = (struct apic_msg){ .dest = 6, .vector = 0x60,
                           .delivery = APIC_DM_LOWEST };
    apicbus_deliver(&d->route.apics, NULL, &m);
    CHECK_EQ(who(d), 8);
    fake_domain_free(d);
}

static void test_signals(void)
{
    struct domain *d = fake_domain(3, true);
    struct vlapic *a = fake_apic(d, 0);

    apic_put(a, APIC_ICR, OTHERS | 0x4500); /* INIT, assert */
    CHECK_EQ(d->vcpu[0]->inits, 0);
    CHECK_EQ(d->vcpu[1]->inits, 1);
    CHECK_EQ(d->vcpu[2]->inits, 1);
    apic_put(a, APIC_ICR, OTHERS | 0x8500); /* level, de-assert: nothing */
    CHECK_EQ(d->vcpu[1]->inits, 1);
    apic_put(a, APIC_ICR2, 2u << 24);
    apic_put(a, APIC_ICR, 0x069a);
    CHECK_EQ(d->vcpu[1]->sipis, 1);
    CHECK_EQ(d->vcpu[1]->sipi_vector, 0x9a);
    CHECK_EQ(d->vcpu[2]->sipis, 0);
    apic_put(a, APIC_ICR, 0x0400);
    CHECK_EQ(d->vcpu[1]->nmis, 1);
    apic_put(a, APIC_ICR, 0x0260); /* SMI, remote read, ExtINT: nothing */
    apic_put(a, APIC_ICR, 0x0360);
    apic_put(a, APIC_ICR, 0x0760);
    CHECK_EQ(who(d), 0);
    /* An APIC that is off hears nothing. */
    vlapic_base_write(fake_apic(d, 1), APIC_BASE_DEFAULT);
    apic_put(a, APIC_ICR, 0x0400);
    CHECK_EQ(d->vcpu[1]->nmis, 1);
    fake_domain_free(d);
}

/* 128 vCPUs: the last one has id 254. */
static void test_many(void)
{
    struct domain *d = fake_domain(128, true);
    struct apic_msg m = { .dest = 254, .vector = 0x60 };

    CHECK_EQ(apicbus_deliver(&d->route.apics, NULL, &m), IRQ_DELIVERED);
    CHECK_EQ(fake_drain(fake_apic(d, 127)), 1);
    apic_put(fake_apic(d, 64), APIC_ICR, 0x60 | OTHERS);
    for (unsigned int i = 0; i < 128; i++)
        CHECK_EQ(fake_drain(fake_apic(d, i)), i != 64);
    fake_domain_free(d);
}

int main(void)
{
    test_xapic();
    test_x2apic();
    test_lowest();
    test_signals();
    test_many();
    return test_result();
}
