/* sources: hvm/irq/vlapic.c hvm/irq/apicbus.c hvm/irq/vioapic.c hvm/irq/vpic.c hvm/irq/route.c hvm/io/bus.c tests/unit/irq-fakes.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Three local APICs under random register accesses, messages, time and
 * records, the third of them kept by the CPU. Invariants: nothing is dispensed
 * that the priority forbids, the summaries agree with the registers, a save
 * and a load change nothing that software sees.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/irq-fakes.h"

struct input {
    const uint8_t *p;
    size_t left;
};

static uint64_t take(struct input *in, unsigned int bytes)
{
    uint64_t v = 0;

    while (bytes-- && in->left) {
        v = v << 8 | *in->p++;
        in->left--;
    }
    return v;
}

static void must(bool ok)
{
    if (!ok)
        abort();
}

static int highest(const struct vlapic *a, unsigned int bank)
{
    for (int i = 255; i >= 0; i--)
        if (a->regs[bank / 4 + i / 32 * 4] >> i % 32 & 1)
            return i;
    return -1;
}

static struct vlapic_posted descriptor;

static uint8_t ppr_of(const struct vlapic *a)
{
    int isr = highest(a, APIC_ISR);
    uint8_t tpr = vlapic_tpr(a), isrv = isr < 0 ? 0 : (uint8_t)isr;

    return tpr >> 4 >= isrv >> 4 ? tpr : isrv & 0xf0;
}

static void check_assisted(struct vlapic *a)
{
    int p, irr;

    must(a->regs[APIC_PPR / 4] == ppr_of(a));
    must(a->mode != VLAPIC_OFF || !a->enabled);
    for (unsigned int i = 0; i < 8; i++)
        must(!descriptor.irr[i] || descriptor.on);
    p = vlapic_pending(a);
    irr = highest(a, APIC_IRR);
    must(vlapic_highest_irr(a) == irr);
    must(p == VLAPIC_EXTINT || p == (irr >> 4 > ppr_of(a) >> 4 ? irr : -1));
    must(p < 0 || p >= 16);
}

/* An entry: the CPU takes what was posted, and delivers one. */
static void run_assisted(struct vlapic *a)
{
    int p;

    vlapic_take_posted(a);
    p = vlapic_pending(a);
    if (p == VLAPIC_EXTINT) {
        (void)vlapic_ack(a, p);
    } else if (p >= 0) {
        a->regs[APIC_IRR / 4 + p / 32 * 4] &= ~(1u << p % 32);
        a->regs[APIC_ISR / 4 + p / 32 * 4] |= 1u << p % 32;
        a->regs[APIC_PPR / 4] = ppr_of(a);
    }
    a->changed = false;
}

static void write_page(struct vlapic *a, unsigned int offset, uint32_t val)
{
    switch (offset) {
    case APIC_TPR:
        a->regs[APIC_TPR / 4] = (uint8_t)val;
        a->regs[APIC_PPR / 4] = ppr_of(a);
        break;
    case APIC_SPIV:
    case APIC_ESR:
    case APIC_ICR ... APIC_TMICT:
    case APIC_TDCR:
        if (a->mode == VLAPIC_XAPIC)
            a->regs[offset / 4] = val;
        break;
    }
    vlapic_written(a, offset);
}

static void check(struct vlapic *a)
{
    int isr = highest(a, APIC_ISR), irr = highest(a, APIC_IRR);
    uint8_t tpr = vlapic_tpr(a);
    int p;

    must(a->isrv == (isr < 0 ? 0 : isr));
    must(vlapic_ppr(a) == (tpr >> 4 >= a->isrv >> 4 ? tpr : a->isrv & 0xf0));
    for (unsigned int w = 0; w < 8; w++) {
        must(!(a->isr_words >> w & 1) == !a->regs[APIC_ISR / 4 + w * 4]);
        must((a->pending >> w & 1) || !a->regs[APIC_IRR / 4 + w * 4]);
    }
    must(a->mode != VLAPIC_OFF || !a->enabled);
    must(!vlapic_quiet(a) || irr < 0);
    p = vlapic_pending(a);
    irr = highest(a, APIC_IRR);
    must(p == VLAPIC_EXTINT || p == (irr >> 4 > vlapic_ppr(a) >> 4 ? irr : -1));
    must(p < 0 || p >= 16);
}

static void save_and_load(struct domain *d, unsigned int n)
{
    struct vlapic *a = fake_apic(d, n);
    struct hvm_hw_lapic_regs regs, again;
    struct hvm_hw_lapic hidden = { 0 };

    vlapic_save_hidden(a, &hidden);
    vlapic_save_regs(a, &regs);
    must(!a->posted || !a->posted->on);
    must(!vlapic_load_hidden(a, &hidden));
    must(!vlapic_load_regs(a, &regs));
    vlapic_save_regs(a, &again);
    /* A one-shot timer that is over starts anew: streams of Xen, too, have
     * zero for what is left. */
    if (!memcmp(&regs.data[APIC_TMCCT], "\0\0\0", 4))
        memset(&again.data[APIC_TMCCT], 0, 4);
    must(!memcmp(&regs, &again, sizeof(regs)));
}

static void load_garbage(struct vlapic *a, struct input *in)
{
    struct hvm_hw_lapic_regs regs;
    struct hvm_hw_lapic hidden = { 0 };

    vlapic_save_hidden(a, &hidden);
    vlapic_save_regs(a, &regs);
    hidden.disabled = (uint32_t)take(in, 1);
    hidden.apic_base_msr ^= take(in, 2);
    hidden.tdt_msr = take(in, 8);
    memcpy(regs.data, in->p, MIN(in->left, sizeof(regs)));
    (void)vlapic_load_hidden(a, &hidden);
    (void)vlapic_load_regs(a, &regs);
}

static void step(struct domain *d, struct input *in)
{
    uint8_t op = (uint8_t)take(in, 1);
    unsigned int n = op >> 4 & 3;
    struct vlapic *a = fake_apic(d, n % 3);
    struct apic_msg m;
    uint64_t v = 0;
    int p;

    switch (op & 15) {
    case 0:
    case 1:
        vlapic_mmio_write(a, (unsigned int)take(in, 2), 4, take(in, 4));
        break;
    case 2:
        if (a->assisted && n == 2) {
            write_page(a, (unsigned int)take(in, 2) & 0x7f0,
                       (uint32_t)take(in, 4));
            break;
        }
        vlapic_mmio_write(a, (unsigned int)take(in, 2),
                          1u << (take(in, 1) & 3), take(in, 8));
        break;
    case 3:
        (void)vlapic_mmio_read(a, (unsigned int)take(in, 2),
                               1u << (take(in, 1) & 3));
        break;
    case 4:
        (void)vlapic_msr_write(a, 0x800 + (uint32_t)take(in, 1), take(in, 8));
        break;
    case 5:
        (void)vlapic_msr_read(a, 0x7f0 + (uint32_t)take(in, 1), &v);
        break;
    case 6:
        (void)vlapic_base_write(a, APIC_BASE_DEFAULT ^ take(in, 2));
        break;
    case 7:
        vlapic_deadline_write(a, take(in, 8));
        break;
    case 8:
        (void)vlapic_post(a, (uint8_t)take(in, 1), n & 1);
        break;
    case 9:
        m.dest = (uint32_t)take(in, 4);
        m.vector = (uint8_t)take(in, 1);
        m.delivery = take(in, 1) & 7;
        m.shorthand = take(in, 1) & 3;
        m.logical = n & 1;
        m.level = n & 2;
        (void)apicbus_deliver(&d->route.apics, a, &m);
        break;
    case 10:
    case 11:
        if (a->assisted) {
            run_assisted(a);
            break;
        }
        p = vlapic_pending(a);
        if (p >= 0)
            (void)vlapic_ack(a, p);
        break;
    case 12:
        vlapic_eoi(a);
        break;
    case 13:
        fake_run_until(fake_now + take(in, 3));
        break;
    case 14:
        save_and_load(d, n % 3);
        break;
    case 15:
        if (n == 3)
            load_garbage(a, in);
        else
            route_gsi_set(&d->route, (unsigned int)take(in, 1), n & 1);
        break;
    }
    if (a->assisted)
        check_assisted(a);
    else
        check(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, size };
    struct domain *d;

    fake_now = SECONDS(10);
    d = fake_domain(3, true);
    memset(&descriptor, 0, sizeof(descriptor));
    fake_apic(d, 2)->assisted = true;
    fake_apic(d, 2)->posted = &descriptor;
    for (unsigned int i = 0; i < 48; i++)
        ioapic_set_rte(d, i, (uint64_t)(i % 4 * 2) << 56 | (i & 1) << 15 |
                                 (0x40 + i));
    for (unsigned int i = 0; in.left && i < 400; i++)
        step(d, &in);
    fake_domain_free(d);
    return 0;
}
