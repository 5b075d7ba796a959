/* sources: hvm/irq/vlapic.c hvm/irq/apicbus.c hvm/irq/vioapic.c hvm/irq/vpic.c hvm/irq/route.c hvm/io/bus.c tests/unit/irq-fakes.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The local APIC against SDM vol. 3A chapter 11: priorities, acceptance,
 * modes, errors, and a random walk beside a model that is two arrays of bits.
 * Timer, IPIs and records: test-vlapic-timer.c, test-apicbus.c.
 */
#include <pthread.h>
#include <string.h>

#include "hypervisor/abi/errno.h"
#include "tests/unit/irq-fakes.h"
#include "tests/unit/test.h"

TEST_PROGRAM;

/* 11.8.3.1: what is dispensed, what PPR reads. */
static void test_priorities(void)
{
    static const struct { uint8_t tpr, isr, irr[2]; int want; uint8_t ppr; } t[] = {
        { 0x00, 0x00, { 0x00, 0x00 }, -1, 0x00 },
        { 0x00, 0x00, { 0x31, 0x00 }, 0x31, 0x00 },
        { 0x00, 0x00, { 0x31, 0x85 }, 0x85, 0x00 },
        { 0x30, 0x00, { 0x31, 0x00 }, -1, 0x30 },
        { 0x2f, 0x00, { 0x31, 0x00 }, 0x31, 0x2f },
        { 0x3f, 0x00, { 0x3f, 0x00 }, -1, 0x3f },
        { 0x3f, 0x00, { 0x40, 0x00 }, 0x40, 0x3f },
        { 0xff, 0x00, { 0xff, 0x00 }, -1, 0xff },
        { 0xef, 0x00, { 0xff, 0x00 }, 0xff, 0xef },
        { 0x00, 0x45, { 0x44, 0x00 }, -1, 0x40 },
        { 0x00, 0x45, { 0x4f, 0x00 }, -1, 0x40 },
        { 0x00, 0x45, { 0x50, 0x00 }, 0x50, 0x40 },
        { 0x44, 0x45, { 0x50, 0x00 }, 0x50, 0x44 },
        { 0x50, 0x45, { 0x50, 0x00 }, -1, 0x50 },
        { 0x3f, 0x45, { 0x50, 0x00 }, 0x50, 0x40 },
        { 0x00, 0xf0, { 0xff, 0xfe }, -1, 0xf0 },
        { 0x00, 0x10, { 0x10, 0x1f }, -1, 0x10 },
        { 0x00, 0x10, { 0x20, 0x1f }, 0x20, 0x10 },
        { 0x0f, 0x00, { 0x10, 0x00 }, 0x10, 0x0f },
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
        struct domain *d = fake_domain(1, true);
        struct vlapic *a = fake_apic(d, 0);

        CHECK(vlapic_quiet(a));
        if (t[i].isr) {
            CHECK_EQ(vlapic_post(a, t[i].isr, false), IRQ_DELIVERED);
            CHECK_EQ(vlapic_pending(a), t[i].isr);
            CHECK_EQ(vlapic_ack(a, t[i].isr), t[i].isr);
        }
        for (unsigned int n = 0; n < 2; n++)
            if (t[i].irr[n])
                CHECK_EQ(vlapic_post(a, t[i].irr[n], false), IRQ_DELIVERED);
        apic_put(a, APIC_TPR, t[i].tpr);
        CHECK_EQ(apic_get(a, APIC_PPR), t[i].ppr);
        CHECK_EQ(vlapic_pending(a), t[i].want);
        CHECK_EQ(vlapic_highest_irr(a), t[i].irr[0] == t[i].irr[1] ? -1 :
                 MAX(t[i].irr[0], t[i].irr[1]));
        fake_domain_free(d);
    }
}

static void test_accept(void)
{
    struct domain *d = fake_domain(1, false);
    struct vlapic *a = fake_apic(d, 0);
    struct fake_vcpu *v = d->vcpu[0];

    /* Software-disabled: nothing is accepted (11.4.7.2). */
    CHECK_EQ(vlapic_post(a, 0x50, false), IRQ_IGNORED);
    CHECK_EQ(v->kicks, 0);
    apic_put(a, APIC_SPIV, 0x1ff);
    CHECK_EQ(v->enabled_again, 1);
    apic_put(a, APIC_SPIV, 0x1fe);
    CHECK_EQ(v->enabled_again, 1);

    CHECK_EQ(vlapic_post(a, 0x50, false), IRQ_DELIVERED);
    CHECK_EQ(v->kicks, 1);
    CHECK_EQ(vlapic_post(a, 0x50, true), IRQ_COALESCED);
    CHECK_EQ(v->kicks, 1);
    CHECK_EQ(apic_get(a, APIC_IRR + 0x20), 1u << 16);
    CHECK_EQ(apic_get(a, APIC_TMR + 0x20), 1u << 16);
    CHECK_EQ(vlapic_post(a, 0x50, false), IRQ_COALESCED);
    CHECK_EQ(apic_get(a, APIC_TMR + 0x20), 0);

    /* What was accepted before a disable is still dispensed. */
    apic_put(a, APIC_SPIV, 0xff);
    CHECK_EQ(vlapic_post(a, 0x60, false), IRQ_IGNORED);
    CHECK_EQ(vlapic_pending(a), 0x50);
    CHECK_EQ(vlapic_ack(a, 0x50), 0x50);
    CHECK(vlapic_quiet(a));
    CHECK_EQ(apic_get(a, APIC_ISR + 0x20), 1u << 16);
    CHECK_EQ(apic_get(a, APIC_PPR), 0x50);
    apic_put(a, APIC_EOI, 0);
    CHECK_EQ(apic_get(a, APIC_ISR + 0x20), 0);
    CHECK_EQ(apic_get(a, APIC_PPR), 0);
    apic_put(a, APIC_EOI, 0); /* one too many: nothing */
    CHECK_EQ(apic_get(a, APIC_PPR), 0);
    fake_domain_free(d);
}

/* Lowering the priority and EOI wake the vCPU's look at IRR. */
static void test_kicks(void)
{
    struct domain *d = fake_domain(1, true);
    struct vlapic *a = fake_apic(d, 0);
    struct fake_vcpu *v = d->vcpu[0];
    unsigned int before;

    apic_put(a, APIC_TPR, 0xf0);
    vlapic_post(a, 0x50, false);
    CHECK_EQ(vlapic_pending(a), -1);
    before = v->kicks;
    apic_put(a, APIC_TPR, 0x40);
    CHECK(v->kicks > before);
    vlapic_ack(a, vlapic_pending(a));
    vlapic_post(a, 0x41, false);
    before = v->kicks;
    apic_put(a, APIC_TPR, 0);
    CHECK_EQ(vlapic_pending(a), -1);
    apic_put(a, APIC_EOI, 0);
    CHECK(v->kicks > before);
    CHECK_EQ(vlapic_pending(a), 0x41);
    vlapic_set_tpr(a, 0x50); /* CR8 */
    CHECK_EQ(vlapic_pending(a), -1);
    CHECK_EQ(apic_get(a, APIC_TPR), 0x50);
    fake_domain_free(d);
}

/* 11.5.3. */
static void test_errors(void)
{
    struct domain *d = fake_domain(2, true);
    struct vlapic *a = fake_apic(d, 0), *b = fake_apic(d, 1);

    CHECK_EQ(vlapic_post(a, 0x0f, false), IRQ_IGNORED);
    CHECK_EQ(apic_get(a, APIC_ESR), 0);
    apic_put(a, APIC_ESR, 0);
    CHECK_EQ(apic_get(a, APIC_ESR), APIC_ESR_RECV_ILLEGAL);
    apic_put(a, APIC_ESR, 0);
    CHECK_EQ(apic_get(a, APIC_ESR), 0);
    apic_put(a, APIC_LVT_ERROR, 0x77);
    apic_put(a, APIC_ICR2, 2u << 24);
    apic_put(a, APIC_ICR, 0x0f);
    CHECK_EQ(vlapic_pending(a), 0x77);
    CHECK_EQ(vlapic_pending(b), -1);
    vlapic_ack(a, 0x77);
    vlapic_eoi(a);
    /* The same error again before ESR was written: no second interrupt. */
    apic_put(a, APIC_ICR, 0x0f);
    CHECK_EQ(vlapic_pending(a), -1);
    apic_put(a, APIC_ESR, 0);
    CHECK_EQ(apic_get(a, APIC_ESR), APIC_ESR_SEND_ILLEGAL);
    apic_put(a, APIC_ICR, 0x0f);
    CHECK_EQ(vlapic_pending(a), 0x77);
    /* An illegal vector in the error LVT itself. */
    apic_put(b, APIC_LVT_ERROR, 0x05);
    CHECK_EQ(vlapic_post(b, 3, false), IRQ_IGNORED);
    CHECK_EQ(vlapic_pending(b), -1);
    fake_domain_free(d);
}

/* Reset values (11.4.7.1) and which bits of each register can be written. */
static void test_registers(void)
{
    static const struct { unsigned int offset; uint32_t reset, ones; } t[] = {
        { APIC_ID, 2u << 24, 2u << 24 }, { APIC_VERSION, 0x50014, 0x50014 },
        { APIC_TPR, 0, 0xff }, { APIC_LDR, 0, 0xff000000 },
        { APIC_DFR, 0xffffffff, 0xffffffff }, { APIC_SPIV, 0xff, 0x3ff },
        { APIC_ISR, 0, 0 }, { APIC_TMR + 0x70, 0, 0 }, { APIC_IRR, 0, 0 },
        { APIC_ESR, 0, 0 }, { APIC_ICR2, 0, 0xff000000 },
        { APIC_LVT_TIMER, 0x10000, 0x710ff }, { APIC_LVT_THERM, 0x10000, 0x117ff },
        { APIC_LVT_PERF, 0x10000, 0x117ff }, { APIC_LVT_LINT0, 0x10000, 0x1f7ff },
        { APIC_LVT_LINT1, 0x10000, 0x1f7ff }, { APIC_LVT_ERROR, 0x10000, 0x110ff },
        { APIC_TMCCT, 0, 0 }, { APIC_TDCR, 0, 0xb },
        { 0x000, 0, 0 }, { 0x090, 0, 0 }, { 0x0c0, 0, 0 }, { 0x3f0, 0, 0 },
        { 0x400, 0, 0 }, { 0xff0, 0, 0 }, { APIC_LVT_CMCI, 0, 0 },
    };
    struct domain *d = fake_domain(2, false);
    struct vlapic *a = fake_apic(d, 1);

    for (unsigned int i = 0; i < ARRAY_SIZE(t); i++)
        CHECK_EQ(apic_get(a, t[i].offset), t[i].reset);
    apic_put(a, APIC_SPIV, 0x1ff);
    for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
        apic_put(a, t[i].offset, ~0u);
        CHECK_EQ(apic_get(a, t[i].offset), t[i].ones);
    }
    apic_put(a, APIC_DFR, 0);
    CHECK_EQ(apic_get(a, APIC_DFR), 0x0fffffff);
    apic_put(a, APIC_LVT_LINT1, 0x400);
    CHECK_EQ(apic_get(a, APIC_LVT_LINT1), 0x400);
    /* Software disable masks all entries, and they stay masked. */
    apic_put(a, APIC_SPIV, 0xff);
    apic_put(a, APIC_LVT_ERROR, 0x33);
    CHECK_EQ(apic_get(a, APIC_LVT_LINT1), 0x10400);
    CHECK_EQ(apic_get(a, APIC_LVT_ERROR), 0x10033);
    vlapic_init_signal(a);
    for (unsigned int i = 0; i < ARRAY_SIZE(t); i++)
        CHECK_EQ(apic_get(a, t[i].offset), t[i].reset);

    /* Odd accesses. */
    apic_put(a, APIC_SPIV, 0x1a5);
    CHECK_EQ(vlapic_mmio_read(a, APIC_SPIV, 1), 0xa5);
    CHECK_EQ(vlapic_mmio_read(a, APIC_SPIV + 1, 1), 1);
    CHECK_EQ(vlapic_mmio_read(a, APIC_SPIV, 2), 0x1a5);
    CHECK_EQ(vlapic_mmio_read(a, APIC_SPIV + 3, 2), 0);
    CHECK_EQ(vlapic_mmio_read(a, APIC_SPIV, 8), 0);
    CHECK_EQ(vlapic_mmio_read(a, APIC_SPIV + 4, 4), 0);
    CHECK_EQ(vlapic_mmio_read(a, 0x1000, 4), 0);
    vlapic_mmio_write(a, APIC_SPIV, 1, 0x42);
    CHECK_EQ(apic_get(a, APIC_SPIV), 0x142);
    vlapic_mmio_write(a, APIC_SPIV, 8, 0xff);
    vlapic_mmio_write(a, APIC_SPIV + 2, 4, 0xff);
    vlapic_mmio_write(a, 0x10f0, 4, 0xff);
    CHECK_EQ(apic_get(a, APIC_SPIV), 0x142);
    fake_domain_free(d);
}

/* 11.12.5: the transitions of IA32_APIC_BASE. */
static void test_modes(void)
{
    enum { OFF = VLAPIC_OFF, X1 = VLAPIC_XAPIC, X2 = VLAPIC_X2APIC };
    const uint64_t on = APIC_BASE_MSR_ENABLE, x2 = APIC_BASE_MSR_X2APIC;
    const uint64_t msr[] = { [OFF] = APIC_BASE_DEFAULT,
                             [X1] = APIC_BASE_DEFAULT | on,
                             [X2] = APIC_BASE_DEFAULT | on | x2 };
    static const struct { uint8_t from, to; bool ok; } t[] = {
        { OFF, OFF, 1 }, { OFF, X1, 1 }, { OFF, X2, 0 },
        { X1, OFF, 1 }, { X1, X1, 1 }, { X1, X2, 1 },
        { X2, OFF, 1 }, { X2, X1, 0 }, { X2, X2, 1 },
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
        struct domain *d = fake_domain(1, true);
        struct vlapic *a = fake_apic(d, 0);

        if (t[i].from != X1)
            CHECK_EQ(vlapic_base_write(a, msr[t[i].from]), 0);
        CHECK_EQ(a->mode, t[i].from);
        CHECK_EQ(vlapic_base_write(a, msr[t[i].to]), t[i].ok ? 0 : -EPERM);
        CHECK_EQ(a->mode, t[i].ok ? t[i].to : t[i].from);
        CHECK_EQ(a->base_msr, msr[a->mode]);
        CHECK_EQ(vlapic_base_write(a, APIC_BASE_DEFAULT | x2), -EPERM);
        CHECK_EQ(vlapic_base_write(a, msr[a->mode] | 1), -EPERM);
        CHECK_EQ(vlapic_base_write(a, msr[X1] + 0x1000), -EPERM);
        CHECK_EQ(vlapic_claims(a, 0xfee00fff), a->mode == X1);
        CHECK(!vlapic_claims(a, 0xfee01000));
        fake_domain_free(d);
    }
}

/* State across modes: lost by "off", kept by x2APIC. */
static void test_mode_state(void)
{
    const uint64_t base = APIC_BASE_DEFAULT, on = APIC_BASE_MSR_ENABLE;
    struct domain *d = fake_domain(20, true);
    struct vlapic *a = fake_apic(d, 17);

    apic_put(a, APIC_TPR, 0x20);
    vlapic_post(a, 0x55, false);
    CHECK_EQ(vlapic_base_write(a, base | on | APIC_BASE_MSR_X2APIC), 0);
    CHECK_EQ(apic_get(a, APIC_ID), 34);
    CHECK_EQ(apic_get(a, APIC_LDR), 2u << 16 | 1u << 2);
    CHECK_EQ(apic_get(a, APIC_TPR), 0x20);
    CHECK_EQ(vlapic_pending(a), 0x55);
    vlapic_init_signal(a); /* 11.12.5.1: stays in x2APIC mode, keeps LDR */
    CHECK_EQ(apic_get(a, APIC_LDR), 2u << 16 | 1u << 2);
    CHECK_EQ(a->mode, VLAPIC_X2APIC);
    CHECK(vlapic_quiet(a));
    apic_put(a, APIC_SPIV, 0x1ff);
    vlapic_post(a, 0x55, false);
    CHECK_EQ(vlapic_base_write(a, base), 0);
    CHECK(vlapic_quiet(a));
    CHECK_EQ(vlapic_pending(a), -1);
    CHECK_EQ(vlapic_post(a, 0x55, false), IRQ_IGNORED);
    CHECK_EQ(vlapic_base_write(a, base | on), 0);
    CHECK_EQ(apic_get(a, APIC_ID), 34u << 24);
    CHECK_EQ(apic_get(a, APIC_SPIV), 0xff);
    CHECK_EQ(apic_get(a, APIC_LDR), 0);
    fake_domain_free(d);
}

/* Table 11-6: which MSRs exist, what they take. */
static void test_x2apic_msrs(void)
{
    static const struct { uint16_t reg; bool readable; uint64_t writable; } t[] = {
        { 0x00, 0, 0 }, { 0x01, 0, 0 }, { 0x02, 1, 0 }, { 0x03, 1, 0 },
        { 0x08, 1, 0xff }, { 0x09, 0, 0 }, { 0x0a, 1, 0 }, { 0x0d, 1, 0 },
        { 0x0e, 0, 0 }, { 0x0f, 1, 0x3ff }, { 0x10, 1, 0 }, { 0x1f, 1, 0 },
        { 0x27, 1, 0 }, { 0x29, 0, 0 }, { 0x2e, 0, 0 }, { 0x2f, 1, 0x117ff },
        { 0x31, 0, 0 }, { 0x32, 1, 0x710ff }, { 0x33, 1, 0x117ff },
        { 0x35, 1, 0x1f7ff }, { 0x36, 1, 0x1f7ff }, { 0x37, 1, 0x110ff },
        { 0x38, 1, 0xffffffff }, { 0x39, 1, 0 }, { 0x3a, 0, 0 },
        { 0x3e, 1, 0xb }, { 0x3f, 0, 0xff }, { 0x40, 0, 0 }, { 0xff, 0, 0 },
    };
    struct domain *d = fake_domain(1, true);
    struct vlapic *a = fake_apic(d, 0);
    uint64_t v;

    CHECK_EQ(vlapic_msr_read(a, 0x802, &v), -EPERM);
    CHECK_EQ(vlapic_msr_write(a, 0x80b, 0), -EPERM);
    vlapic_base_write(a, a->base_msr | APIC_BASE_MSR_X2APIC);
    for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
        uint32_t msr = 0x800 + t[i].reg;

        CHECK_EQ(vlapic_msr_read(a, msr, &v), t[i].readable ? 0 : -EPERM);
        for (unsigned int bit = 0; bit < 64; bit++)
            CHECK_EQ(vlapic_msr_write(a, msr, BIT(bit)),
                     t[i].writable >> bit & 1 ? 0 : -EPERM);
        if (t[i].writable)
            CHECK_EQ(vlapic_msr_write(a, msr, 0), 0);
        else
            CHECK_EQ(vlapic_msr_write(a, msr, 0), -EPERM);
    }
    CHECK_EQ(vlapic_msr_write(a, 0x80b, 1), -EPERM);
    CHECK_EQ(vlapic_msr_write(a, 0x80b, 0), 0);
    CHECK_EQ(vlapic_msr_write(a, 0x828, 1), -EPERM);
    CHECK_EQ(vlapic_msr_write(a, 0x828, 0), 0);
    CHECK_EQ(vlapic_msr_write(a, 0x830, 1ull << 12), -EPERM);
    CHECK_EQ(vlapic_msr_write(a, 0x830, 0xffffffff00000041), 0);
    CHECK_EQ(vlapic_msr_read(a, 0x830, &v), 0);
    CHECK_EQ(v, 0xffffffff00000041);
    CHECK_EQ(vlapic_msr_write(a, 0x80f, 0x1ff), 0);
    fake_drain(a);
    CHECK_EQ(vlapic_msr_write(a, 0x83f, 0x99), 0);
    CHECK_EQ(vlapic_pending(a), 0x99);
    fake_domain_free(d);
}

/* A random walk; the model knows only the definition of PPR. */
struct model {
    bool irr[256], isr[256];
    uint8_t tpr;
};

static int top(const bool *set)
{
    int i = 255;

    while (i >= 0 && !set[i])
        i--;
    return i;
}

static void compare(struct vlapic *a, const struct model *m)
{
    int isr = top(m->isr), irr = top(m->irr);
    int isrv = isr < 0 ? 0 : isr;
    int ppr = m->tpr >> 4 >= isrv >> 4 ? m->tpr : isrv & 0xf0;

    CHECK_EQ(apic_get(a, APIC_PPR), ppr);
    CHECK_EQ(vlapic_highest_irr(a), irr);
    CHECK_EQ(vlapic_pending(a), irr >> 4 > ppr >> 4 ? irr : -1);
    for (unsigned int w = 0; w < 8; w++) {
        uint32_t vi = 0, vs = 0;

        for (unsigned int b = 0; b < 32; b++) {
            vi |= (uint32_t)m->irr[w * 32 + b] << b;
            vs |= (uint32_t)m->isr[w * 32 + b] << b;
        }
        CHECK_EQ(apic_get(a, APIC_IRR + w * 16), vi);
        CHECK_EQ(apic_get(a, APIC_ISR + w * 16), vs);
    }
}

static void test_random(void)
{
    /* Two in one domain: neither may see what the other gets. */
    struct domain *d = fake_domain(2, true);
    struct model m[2];

    memset(m, 0, sizeof(m));
    srand(1);
    for (unsigned int i = 0; i < 20000; i++) {
        unsigned int n = rand() & 1, vec = rand() & 0xff;
        struct vlapic *a = fake_apic(d, n);
        int p;

        switch (rand() % 6) {
        case 0:
        case 1:
            CHECK_EQ(vlapic_post(a, vec, rand() & 1),
                     vec < 16 ? IRQ_IGNORED : m[n].irr[vec] ? IRQ_COALESCED
                                                            : IRQ_DELIVERED);
            m[n].irr[vec] |= vec >= 16;
            break;
        case 2:
            m[n].tpr = rand() % 4 ? 0 : vec;
            apic_put(a, APIC_TPR, m[n].tpr);
            break;
        case 3:
            p = vlapic_pending(a);
            if (p >= 0) {
                CHECK_EQ(vlapic_ack(a, p), p);
                m[n].irr[p] = false;
                m[n].isr[p] = true;
            }
            break;
        default:
            p = top(m[n].isr);
            if (p >= 0)
                m[n].isr[p] = false;
            apic_put(a, APIC_EOI, 0);
            break;
        }
        if (i % 16 == 0) {
            compare(fake_apic(d, 0), &m[0]);
            compare(fake_apic(d, 1), &m[1]);
        }
    }
    fake_domain_free(d);
}

/* One CPU requests a vector while the vCPU takes another of the same word of
 * IRR: the race that the order of IRR and ->pending is about. */
#define ROUNDS 20000

static volatile bool stop_taking;

static void *take_thread(void *arg)
{
    while (!stop_taking)
        fake_drain(arg);
    return NULL;
}

static void test_race(void)
{
    struct domain *d = fake_domain(1, true);
    struct vlapic *a = fake_apic(d, 0);
    unsigned int lost = 0;
    pthread_t t;

    pthread_create(&t, NULL, take_thread, a);
    for (unsigned int i = 0; i < ROUNDS && !lost; i++) {
        vlapic_post(a, 0x51, false);
        for (volatile unsigned int wait = i % 200; wait; wait--)
            ;
        vlapic_post(a, 0x41, false);
        for (unsigned int n = 0; READ_ONCE(a->regs[APIC_IRR / 4 + 8]); n++)
            if (n == 200000000) {
                lost++;
                break;
            }
    }
    stop_taking = true;
    pthread_join(t, NULL);
    CHECK_EQ(lost, 0);
    fake_domain_free(d);
}

/* Posts from two threads while the vCPU takes them: none may get lost. */
#define POSTS 30000

struct poster {
    struct vlapic *a;
    uint8_t first;
    unsigned int delivered;
};

static void *post_thread(void *arg)
{
    struct poster *p = arg;

    for (unsigned int i = 0; i < POSTS; i++)
        p->delivered += vlapic_post(p->a, p->first + i % 8, i & 64) ==
                        IRQ_DELIVERED;
    return NULL;
}

static void test_threads(void)
{
    struct domain *d = fake_domain(1, true);
    struct poster p[2] = { { fake_apic(d, 0), 0x40, 0 },
                           { fake_apic(d, 0), 0x48, 0 } };
    unsigned int taken = 0;
    pthread_t t[2];

    for (unsigned int i = 0; i < 2; i++)
        pthread_create(&t[i], NULL, post_thread, &p[i]);
    for (unsigned int i = 0; i < 100000; i++)
        taken += fake_drain(fake_apic(d, 0));
    for (unsigned int i = 0; i < 2; i++)
        pthread_join(t[i], NULL);
    taken += fake_drain(fake_apic(d, 0));
    CHECK_EQ(taken, p[0].delivered + p[1].delivered);
    CHECK(vlapic_quiet(fake_apic(d, 0)));
    fake_domain_free(d);
}

int main(void)
{
    fake_now = SECONDS(5);
    test_priorities();
    test_accept();
    test_kicks();
    test_errors();
    test_registers();
    test_modes();
    test_mode_state();
    test_x2apic_msrs();
    test_random();
    test_threads();
    test_race();
    CHECK_EQ(fake_timers_set(), 0);
    return test_result();
}
