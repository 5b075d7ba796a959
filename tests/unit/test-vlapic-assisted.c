/* sources: hvm/irq/vlapic.c hvm/irq/apicbus.c hvm/irq/vioapic.c hvm/irq/vpic.c hvm/irq/route.c hvm/io/bus.c tests/unit/irq-fakes.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A local APIC that the CPU keeps while the guest runs (SDM vol. 3C 30.1,
 * 30.2, 30.6): requests by the posted-interrupt descriptor, what the CPU did
 * to the page behind the summaries' back, and what it must be told.
 */
#include <pthread.h>
#include <string.h>

#include "hypervisor/abi/errno.h"
#include "tests/unit/irq-fakes.h"
#include "tests/unit/test.h"

TEST_PROGRAM;

static _Alignas(64) struct vlapic_posted desc[2];

/* Two vCPUs whose CPU keeps their APICs; with descriptors or without. */
static struct domain *fresh(bool posted)
{
    struct domain *d = fake_domain(2, true);

    memset(desc, 0, sizeof(desc));
    for (unsigned int i = 0; i < 2; i++) {
        fake_apic(d, i)->assisted = true;
        fake_apic(d, i)->changed = false;
        if (posted)
            fake_apic(d, i)->posted = &desc[i];
    }
    return d;
}

static uint32_t *word(struct vlapic *a, unsigned int bank, uint8_t vector)
{
    return &a->regs[bank / 4 + vector / 32 * 4];
}

static bool has(struct vlapic *a, unsigned int bank, uint8_t vector)
{
    return *word(a, bank, vector) >> vector % 32 & 1;
}

static bool is_posted(const struct vlapic *a, uint8_t vector)
{
    return a->posted->irr[vector / 32] >> vector % 32 & 1;
}

static void put(struct vlapic *a, unsigned int bank, uint8_t vector, bool on)
{
    *word(a, bank, vector) &= ~(1u << vector % 32);
    *word(a, bank, vector) |= (uint32_t)on << vector % 32;
}

/* --- What the CPU does. --- */

static int cpu_highest(struct vlapic *a, unsigned int bank)
{
    for (int n = 255; n >= 0; n--)
        if (has(a, bank, (uint8_t)n))
            return n;
    return -1;
}

static void cpu_ppr(struct vlapic *a)
{
    int svi = MAX(cpu_highest(a, APIC_ISR), 0);
    uint8_t tpr = vlapic_tpr(a);

    a->regs[APIC_PPR / 4] = tpr >> 4 >= svi >> 4 ? tpr : svi & 0xf0;
}

/* Posted-interrupt processing (30.6). */
static void cpu_takes(struct vlapic *a)
{
    (void)atomic_xchg(&a->posted->on, 0u);
    for (unsigned int i = 0; i < 8; i++)
        (void)atomic_fetch_or(&a->regs[APIC_IRR / 4 + i * 4],
                              atomic_xchg(&a->posted->irr[i], 0u));
}

/* Virtual-interrupt delivery (30.2.2). */
static int cpu_delivers(struct vlapic *a)
{
    int n = cpu_highest(a, APIC_IRR);

    if (n >> 4 <= (int)a->regs[APIC_PPR / 4] >> 4)
        return -1;
    put(a, APIC_IRR, (uint8_t)n, false);
    put(a, APIC_ISR, (uint8_t)n, true);
    cpu_ppr(a);
    return n;
}

/* --- In. --- */

static void posting(void)
{
    struct domain *d = fresh(true);
    struct vlapic *a = fake_apic(d, 0);
    struct fake_vcpu *v = d->vcpu[0];

    CHECK_EQ(vlapic_post(a, 0x51, false), IRQ_DELIVERED);
    CHECK(is_posted(a, 0x51));
    CHECK_EQ(a->posted->on, 1);
    CHECK_EQ(v->notifies, 1);
    CHECK(!has(a, APIC_IRR, 0x51));
    /* One notification for all. */
    CHECK_EQ(vlapic_post(a, 0xfe, false), IRQ_DELIVERED);
    CHECK_EQ(vlapic_post(a, 0x10, false), IRQ_DELIVERED);
    CHECK_EQ(v->notifies, 1);
    CHECK_EQ(a->posted->irr[2], 1u << 17);
    CHECK_EQ(a->posted->irr[7], 1u << 30);
    CHECK_EQ(a->posted->irr[0], 1u << 16);
    /* Coalesced: in the descriptor, then in IRR; no more in service. */
    CHECK_EQ(vlapic_post(a, 0x51, false), IRQ_COALESCED);
    cpu_takes(a);
    CHECK_EQ(vlapic_post(a, 0x51, false), IRQ_COALESCED);
    CHECK(!is_posted(a, 0x51));
    CHECK_EQ(a->posted->on, 0);
    CHECK_EQ(v->notifies, 1);
    CHECK_EQ(cpu_delivers(a), 0xfe);
    CHECK_EQ(vlapic_post(a, 0xfe, false), IRQ_DELIVERED);
    CHECK_EQ(v->notifies, 2);
    CHECK_EQ(a->posted->on, 1);
    CHECK_EQ(v->kicks, 0);
    CHECK_EQ(d->vcpu[1]->notifies + d->vcpu[1]->kicks, 0);
    /* The rest is as ever. */
    CHECK_EQ(vlapic_post(a, 0x0f, false), IRQ_IGNORED);
    apic_put(a, APIC_ESR, 0);
    CHECK_EQ(apic_get(a, APIC_ESR), APIC_ESR_RECV_ILLEGAL);
    apic_put(a, APIC_SPIV, 0xff);
    CHECK_EQ(vlapic_post(a, 0x61, false), IRQ_IGNORED);
    CHECK(!is_posted(a, 0x61));
    fake_domain_free(d);
    /* An assisting CPU without descriptors: by IRR. */
    d = fresh(false);
    a = fake_apic(d, 0);
    CHECK_EQ(vlapic_post(a, 0x51, false), IRQ_DELIVERED);
    CHECK(has(a, APIC_IRR, 0x51));
    CHECK(!vlapic_quiet(a));
    CHECK_EQ(d->vcpu[0]->kicks, 1);
    CHECK_EQ(d->vcpu[0]->notifies, 0);
    vlapic_take_posted(a);
    CHECK(!a->changed);
    fake_domain_free(d);
}

/* Level-triggered ones, and the first of the other kind after them: the CPU
 * has to be told what their end means before it delivers them. */
static void levels(void)
{
    struct domain *d = fresh(true);
    struct vlapic *a = fake_apic(d, 0);
    struct fake_vcpu *v = d->vcpu[0];

    for (unsigned int n = 16; n < 256; n++) {
        uint8_t vector = (uint8_t)n;

        v->kicks = v->notifies = 0;
        memset(&desc[0], 0, sizeof(desc[0]));
        a->pending = 0;
        CHECK_EQ(vlapic_post(a, vector, true), IRQ_DELIVERED);
        CHECK(has(a, APIC_IRR, vector) && has(a, APIC_TMR, vector));
        CHECK_EQ(a->pending, 1u << n / 32);
        CHECK_EQ(vlapic_post(a, vector, true), IRQ_COALESCED);
        CHECK_EQ(v->kicks, 1);
        put(a, APIC_IRR, vector, false);
        CHECK_EQ(vlapic_post(a, vector, true), IRQ_DELIVERED);
        CHECK_EQ(v->kicks, 2);
        put(a, APIC_IRR, vector, false);
        CHECK_EQ(vlapic_post(a, vector, false), IRQ_DELIVERED);
        CHECK(has(a, APIC_IRR, vector) && !has(a, APIC_TMR, vector));
        CHECK_EQ(v->kicks, 3);
        CHECK(!is_posted(a, vector) && !a->posted->on);
        CHECK_EQ(v->notifies, 0);
        put(a, APIC_IRR, vector, false);
        CHECK_EQ(vlapic_post(a, vector, false), IRQ_DELIVERED);
        CHECK(is_posted(a, vector));
        CHECK_EQ(v->kicks, 3);
        CHECK_EQ(v->notifies, 1);
    }
    fake_domain_free(d);
}

static void taking(void)
{
    struct domain *d = fresh(true);
    struct vlapic *a = fake_apic(d, 0);

    vlapic_take_posted(a);
    CHECK(!a->changed);
    for (unsigned int n = 16; n < 256; n += 7)
        (void)vlapic_post(a, (uint8_t)n, false);
    put(a, APIC_IRR, 0x42, true); /* stays */
    vlapic_take_posted(a);
    CHECK(a->changed);
    CHECK_EQ(a->posted->on, 0);
    CHECK_EQ(a->pending & 0xff, 0xff);
    for (unsigned int n = 0; n < 256; n++) {
        CHECK_EQ(has(a, APIC_IRR, (uint8_t)n),
                 n == 0x42 || (n >= 16 && (n - 16) % 7 == 0));
        CHECK(!is_posted(a, (uint8_t)n));
    }
    /* ->on is what counts: who sets a bit sets it after that. */
    a->changed = false;
    a->posted->irr[3] = 1;
    vlapic_take_posted(a);
    CHECK(!a->changed);
    CHECK_EQ(a->posted->irr[3], 1);
    fake_domain_free(d);
}

/* --- What the CPU did to the page. --- */

static void priorities(void)
{
    struct domain *d = fresh(true);
    struct vlapic *a = fake_apic(d, 0);

    CHECK_EQ(vlapic_highest_irr(a), -1);
    CHECK_EQ(vlapic_pending(a), -1);
    for (unsigned int n = 16; n < 256; n++) {
        put(a, APIC_IRR, (uint8_t)n, true);
        CHECK(vlapic_quiet(a));
        CHECK_EQ(vlapic_highest_irr(a), n);
        for (unsigned int ppr = 0; ppr < 0x100; ppr += 0x0f) {
            a->regs[APIC_PPR / 4] = ppr;
            CHECK_EQ(vlapic_ppr(a), ppr);
            CHECK_EQ(apic_get(a, APIC_PPR), ppr);
            CHECK_EQ(vlapic_pending(a), n >> 4 > ppr >> 4 ? (int)n : -1);
        }
        CHECK(vlapic_quiet(a));
        put(a, APIC_IRR, (uint8_t)n, false);
    }
    /* A vector in service of which only the page knows; then TPR. */
    put(a, APIC_ISR, 0x64, true);
    cpu_ppr(a);
    vlapic_set_tpr(a, 0x35);
    CHECK_EQ(apic_get(a, APIC_PPR), 0x60);
    vlapic_set_tpr(a, 0x75);
    CHECK_EQ(apic_get(a, APIC_PPR), 0x75);
    CHECK_EQ(a->regs[APIC_PPR / 4], 0x75);
    fake_domain_free(d);
}

/* Lowest-priority messages look at the page, too. */
static void arbitration(void)
{
    struct domain *d = fresh(true);

    for (unsigned int busy = 0; busy < 2; busy++) {
        struct apic_msg m = {
            .vector = (uint8_t)(0x71 + busy), .delivery = APIC_DM_LOWEST,
            .logical = true, .dest = 0xff,
        };

        for (unsigned int i = 0; i < 2; i++) {
            apic_put(fake_apic(d, i), APIC_LDR, 1u << (24 + i));
            fake_apic(d, i)->regs[APIC_PPR / 4] = i == busy ? 0x60 : 0x10;
        }
        CHECK_EQ(apicbus_deliver(&d->route.apics, NULL, &m), IRQ_DELIVERED);
        CHECK(!is_posted(fake_apic(d, busy), m.vector));
        CHECK(is_posted(fake_apic(d, !busy), m.vector));
    }
    fake_domain_free(d);
}

/* EOI that Lodge carries out. */
static void eoi(void)
{
    struct domain *d = fresh(true);
    struct vlapic *a = fake_apic(d, 0);

    srand(3);
    for (unsigned int n = 0; n < 3000; n++) {
        int top;

        for (unsigned int i = rand() % 3; i-- > 0;)
            put(a, APIC_ISR, (uint8_t)(16 + rand() % 240), true);
        a->regs[APIC_TPR / 4] = rand() % 3 ? 0 : rand() & 0xff;
        cpu_ppr(a);
        a->changed = false;
        top = cpu_highest(a, APIC_ISR);
        apic_put(a, APIC_EOI, 0);
        CHECK(a->changed || top < 0);
        if (top >= 0)
            CHECK(!has(a, APIC_ISR, (uint8_t)top));
        CHECK_EQ(cpu_highest(a, APIC_ISR) < top || top < 0, true);
        top = (int)a->regs[APIC_PPR / 4];
        cpu_ppr(a);
        CHECK_EQ(top, a->regs[APIC_PPR / 4]);
    }
    fake_domain_free(d);
}

/* A level-triggered interrupt of the I/O APIC whose line stays up comes again
 * when it is ended. */
static void eoi_of_level(void)
{
    struct domain *d = fresh(true);
    struct vlapic *a = fake_apic(d, 0);

    ioapic_set_rte(d, 20, BIT(15) | 0x66); /* level, physical, id 0 */
    route_gsi_set(&d->route, 20, true);
    CHECK(has(a, APIC_IRR, 0x66) && has(a, APIC_TMR, 0x66));
    a->regs[APIC_PPR / 4] = 0;
    CHECK_EQ(cpu_delivers(a), 0x66);
    d->vcpu[0]->kicks = 0;
    apic_put(a, APIC_EOI, 0);
    CHECK(!has(a, APIC_ISR, 0x66) && has(a, APIC_IRR, 0x66));
    CHECK(d->vcpu[0]->kicks > 0);
    CHECK(a->changed);
    route_gsi_set(&d->route, 20, false);
    fake_domain_free(d);
}

/* --- Registers that the guest wrote to the page. --- */

static void write_page(struct vlapic *a, unsigned int offset, uint32_t val)
{
    a->regs[offset / 4] = val;
    vlapic_written(a, offset);
}

static void written(void)
{
    static const struct { unsigned int offset; uint32_t ones; } t[] = {
        { APIC_LDR, 0xff000000 }, { APIC_DFR, 0xffffffff },
        { APIC_SPIV, 0x3ff }, { APIC_ICR2, 0xff000000 },
        { APIC_LVT_TIMER, 0x710ff }, { APIC_LVT_THERM, 0x117ff },
        { APIC_LVT_PERF, 0x117ff }, { APIC_LVT_LINT0, 0x1f7ff },
        { APIC_LVT_LINT1, 0x1f7ff }, { APIC_LVT_ERROR, 0x110ff },
        { APIC_TDCR, 0xb },
    };
    struct domain *d = fresh(true);
    struct vlapic *a = fake_apic(d, 0), *b = fake_apic(d, 1);

    for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
        write_page(a, t[i].offset, ~0u);
        CHECK_EQ(a->regs[t[i].offset / 4], t[i].ones);
        CHECK_EQ(apic_get(a, t[i].offset), t[i].ones);
    }
    write_page(a, APIC_DFR, 0);
    CHECK_EQ(a->regs[APIC_DFR / 4], 0x0fffffff);
    /* ICR: to another, to itself, with bits that do not exist. */
    write_page(a, APIC_ICR2, 2u << 24);
    write_page(a, APIC_ICR, 0x4041);
    CHECK(is_posted(b, 0x41));
    CHECK_EQ(d->vcpu[1]->notifies, 1);
    write_page(a, APIC_ICR, 1u << 18 | 0x42);
    CHECK(is_posted(a, 0x42));
    write_page(a, APIC_ICR, 0xfff80000 | 0x1000 | 0x2000 | 0x43);
    CHECK(is_posted(b, 0x43) && is_posted(a, 0x43));
    CHECK_EQ(a->regs[APIC_ICR / 4], 0x80043);
    write_page(a, APIC_ICR, 0x400);
    CHECK_EQ(d->vcpu[1]->nmis, 1);
    /* An illegal vector. */
    write_page(a, APIC_ICR, 1u << 18 | 0x03);
    write_page(a, APIC_ESR, 0xffffffff);
    CHECK_EQ(a->regs[APIC_ESR / 4], APIC_ESR_SEND_ILLEGAL);
    write_page(a, APIC_ESR, 0);
    CHECK_EQ(a->regs[APIC_ESR / 4], 0);
    /* Disabled by software: masks stay, and the CPU is told. */
    a->changed = false;
    write_page(a, APIC_SPIV, 0xff);
    CHECK(a->changed && !a->enabled);
    write_page(a, APIC_LVT_LINT1, 0x400);
    CHECK_EQ(a->regs[APIC_LVT_LINT1 / 4], 0x10400);
    a->changed = false;
    write_page(a, APIC_SPIV, 0x1ff);
    CHECK(a->changed && a->enabled);
    /* An EOI that the CPU did not carry out. */
    put(a, APIC_ISR, 0x50, true);
    write_page(a, APIC_EOI, 0);
    CHECK(!has(a, APIC_ISR, 0x50));
    /* The count starts. */
    write_page(a, APIC_LVT_TIMER, 0x99);
    write_page(a, APIC_TDCR, 0xb);
    write_page(a, APIC_TMICT, 1000);
    CHECK_EQ(fake_timers_set(), 1);
    fake_run_until(fake_now + 10000);
    CHECK_EQ(vlapic_pending(a), -1);
    CHECK(is_posted(a, 0x99));
    /* Not a register. */
    for (unsigned int at = 0x400; at <= 0x1000; at += 0x10)
        vlapic_written(a, at);
    fake_domain_free(d);
}

static void written_x2apic(void)
{
    struct domain *d = fresh(true);
    struct vlapic *a = fake_apic(d, 0);

    /* SELF IPI exists in this mode only; one with a legal vector does not
     * exit. */
    write_page(a, APIC_SELF_IPI, 0x55);
    CHECK(!is_posted(a, 0x55));
    (void)vlapic_base_write(a, a->base_msr | APIC_BASE_MSR_X2APIC);
    write_page(a, APIC_SELF_IPI, 0x55);
    CHECK(is_posted(a, 0x55));
    write_page(a, APIC_SELF_IPI, 0x05);
    apic_put(a, APIC_ESR, 0);
    CHECK_EQ(apic_get(a, APIC_ESR), APIC_ESR_SEND_ILLEGAL);
    fake_domain_free(d);
}

/* --- Modes, INIT, records. --- */

static bool nothing_left(struct vlapic *a)
{
    vlapic_take_posted(a);
    return vlapic_highest_irr(a) < 0 && vlapic_pending(a) < 0;
}

static void modes(void)
{
    const uint64_t on = APIC_BASE_DEFAULT | APIC_BASE_MSR_ENABLE;
    struct domain *d = fresh(true);
    struct vlapic *a = fake_apic(d, 1);

    /* INIT: what was requested before is gone, wherever it was. */
    (void)vlapic_post(a, 0x51, false);
    (void)vlapic_post(a, 0x52, true);
    put(a, APIC_ISR, 0x53, true);
    cpu_ppr(a);
    a->changed = false;
    vlapic_init_signal(a);
    CHECK(a->changed);
    CHECK_EQ(a->regs[APIC_PPR / 4], 0);
    CHECK(nothing_left(a));
    apic_put(a, APIC_SPIV, 0x1ff);
    CHECK(nothing_left(a));
    /* x2APIC mode keeps it. */
    (void)vlapic_post(a, 0x51, false);
    a->changed = false;
    CHECK_EQ(vlapic_base_write(a, on | APIC_BASE_MSR_X2APIC), 0);
    CHECK(a->changed);
    vlapic_take_posted(a);
    CHECK_EQ(vlapic_pending(a), 0x51);
    /* Off loses it. */
    (void)vlapic_post(a, 0x61, false);
    a->changed = false;
    CHECK_EQ(vlapic_base_write(a, APIC_BASE_DEFAULT), 0);
    CHECK(a->changed);
    CHECK(nothing_left(a));
    a->changed = false;
    CHECK_EQ(vlapic_base_write(a, on), 0);
    CHECK(a->changed);
    CHECK(nothing_left(a));
    fake_domain_free(d);
}

static bool in_record(const struct hvm_hw_lapic_regs *rec, uint8_t vector)
{
    uint32_t irr;

    memcpy(&irr, &rec->data[APIC_IRR + vector / 32 * 16], sizeof(irr));
    return irr >> vector % 32 & 1;
}

static void records(void)
{
    struct domain *d = fresh(true);
    struct vlapic *a = fake_apic(d, 0), *b = fake_apic(d, 1);
    struct hvm_hw_lapic hidden = { 0 };
    struct hvm_hw_lapic_regs regs;

    (void)vlapic_post(a, 0x51, false);
    (void)vlapic_post(a, 0x52, true);
    put(a, APIC_IRR, 0x53, true);
    put(a, APIC_ISR, 0x74, true);
    cpu_ppr(a);
    /* The timer has expired, but the vCPU did not run since. */
    apic_put(a, APIC_LVT_TIMER, 0x99);
    apic_put(a, APIC_TDCR, 0xb);
    apic_put(a, APIC_TMICT, 1000);
    fake_run_until(fake_now + 10000);
    vlapic_save_hidden(a, &hidden);
    vlapic_save_regs(a, &regs);
    for (unsigned int n = 0; n < 256; n++)
        CHECK_EQ(in_record(&regs, (uint8_t)n),
                 (n >= 0x51 && n <= 0x53) || n == 0x99);
    CHECK_EQ(regs.data[APIC_PPR], 0x70);
    /* The next one has requests of its own, which are not in the record. */
    (void)vlapic_post(b, 0x88, false);
    b->changed = false;
    CHECK_EQ(vlapic_load_hidden(b, &hidden), 0);
    CHECK_EQ(vlapic_load_regs(b, &regs), 0);
    CHECK(b->changed);
    vlapic_take_posted(b);
    for (unsigned int n = 0; n < 256; n++)
        CHECK_EQ(has(b, APIC_IRR, (uint8_t)n),
                 (n >= 0x51 && n <= 0x53) || n == 0x99);
    CHECK_EQ(vlapic_ppr(b), 0x70);
    CHECK_EQ(vlapic_pending(b), 0x99);
    CHECK(has(b, APIC_TMR, 0x52));
    fake_domain_free(d);
}

/* --- None is lost between CPUs. --- */

#define POSTS 100000

struct poster {
    struct vlapic *a;
    uint8_t first;
    unsigned int delivered;
};

static void *post_thread(void *arg)
{
    struct poster *p = arg;

    for (unsigned int i = 0; i < POSTS; i++)
        p->delivered += vlapic_post(p->a, (uint8_t)(p->first + i % 3),
                                    false) == IRQ_DELIVERED;
    return NULL;
}

/* What the CPU and the vCPU do in turn: all that is requested is delivered. */
static unsigned int drain(struct vlapic *a)
{
    unsigned int n = 0;
    int vector;

    if (READ_ONCE(a->posted->on))
        vlapic_take_posted(a);
    while ((vector = vlapic_pending(a)) >= 0) {
        (void)atomic_fetch_and(word(a, APIC_IRR, (uint8_t)vector),
                               ~(1u << vector % 32));
        n++;
    }
    return n;
}

static void threads(void)
{
    struct domain *d = fresh(true);
    struct vlapic *a = fake_apic(d, 0);
    struct poster p[2] = { { a, 0x50, 0 }, { a, 0x90, 0 } };
    unsigned int taken = 0;
    pthread_t t[2];

    for (unsigned int i = 0; i < 2; i++)
        pthread_create(&t[i], NULL, post_thread, &p[i]);
    for (unsigned int i = 0; i < 300000; i++)
        taken += drain(a);
    for (unsigned int i = 0; i < 2; i++)
        pthread_join(t[i], NULL);
    taken += drain(a);
    CHECK_EQ(taken, p[0].delivered + p[1].delivered);
    for (unsigned int i = 0; i < 8; i++)
        CHECK_EQ(a->posted->irr[i], 0);
    fake_domain_free(d);
}

/* A request that comes while others are taken: without ->on it would stay in
 * the descriptor until the next one. */
#define ROUNDS 20000

static volatile bool stop_taking;
static volatile unsigned int taken_so_far;

static void *take_thread(void *arg)
{
    while (!stop_taking)
        taken_so_far += drain(arg);
    return NULL;
}

static void race(void)
{
    struct domain *d = fresh(true);
    struct vlapic *a = fake_apic(d, 0);
    unsigned int lost = 0, want = 0;
    pthread_t t;

    pthread_create(&t, NULL, take_thread, a);
    for (unsigned int i = 0; i < ROUNDS && !lost; i++) {
        want += vlapic_post(a, 0x90, false) == IRQ_DELIVERED;
        for (volatile unsigned int wait = i % 100; wait; wait--)
            ;
        want += vlapic_post(a, 0x50, false) == IRQ_DELIVERED;
        for (unsigned int n = 0; taken_so_far != want && !lost; n++)
            lost = n == 200000000;
    }
    stop_taking = true;
    pthread_join(t, NULL);
    CHECK_EQ(lost, 0);
    fake_domain_free(d);
}

int main(void)
{
    fake_now = SECONDS(5);
    posting();
    levels();
    taking();
    priorities();
    arbitration();
    eoi();
    eoi_of_level();
    written();
    written_x2apic();
    modes();
    records();
    threads();
    race();
    CHECK_EQ(fake_timers_set(), 0);
    return test_result();
}
