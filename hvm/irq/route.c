/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupt wires, counted per GSI: a line is up while any wire holds it, and
 * the controllers hear of its rises (and, the 8259s, of its falls). Never
 * looks at a vCPU but through its local APIC.
 */
#include "hvm/irq/route.h"
#include "hvm/irq/upcalls.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/abi/hvm-params.h"
#include "hypervisor/lib/string.h"

#define NO_IRQ 16 /* a GSI that no 8259 line goes with */

static unsigned int isa_gsi(unsigned int irq)
{
    return irq ? irq : 2;
}

static void change_bit(uint64_t *map, unsigned int nr, bool on)
{
    if (on)
        map[nr / 64] |= BIT(nr % 64);
    else
        map[nr / 64] &= ~BIT(nr % 64);
}

/* A rise at the pin of the I/O APIC. */
static enum irq_result gsi_rise(struct route *r, unsigned int gsi)
{
    if (unlikely(test_bit(gsi, r->pirq))) {
        route_gsi_event(r->domain, gsi);
        return IRQ_DELIVERED;
    }
    return vioapic_edge(r, gsi);
}

/* A rise; irq is the 8259's line that it also goes to, or NO_IRQ. */
static enum irq_result rise(struct route *r, unsigned int gsi,
                            unsigned int irq)
{
    enum irq_result rc = gsi_rise(r, gsi), pic;

    if (irq < NO_IRQ && r->has_pic) {
        pic = vpic_rise(r, irq);
        if (r->pic_target)
            rc = MAX(rc, pic);
    }
    return rc;
}

/* One more wire. */
static enum irq_result wire_up(struct route *r, unsigned int gsi,
                               unsigned int irq)
{
    if (r->asserted[gsi] != UINT8_MAX)
        r->asserted[gsi]++;
    return r->asserted[gsi] == 1 ? rise(r, gsi, irq) : IRQ_COALESCED;
}

static void wire_down(struct route *r, unsigned int gsi, unsigned int irq)
{
    if (r->asserted[gsi] && --r->asserted[gsi] == 0 && irq < NO_IRQ &&
        r->has_pic)
        vpic_fall(r, irq);
}

static void intx_set(struct route *r, unsigned int dev, unsigned int pin,
                     bool level)
{
    unsigned int link = route_intx_link(dev, pin), irq = r->link_irq[link];
    unsigned int gsi = route_intx_gsi(dev, pin), wire = dev * 4 + pin;

    if (test_bit(wire, r->intx) == level)
        return;
    change_bit(r->intx, wire, level);
    if (level) {
        (void)wire_up(r, gsi, NO_IRQ);
        if (r->link_count[link]++ == 0 && irq)
            (void)wire_up(r, irq, irq);
    } else {
        wire_down(r, gsi, NO_IRQ);
        if (--r->link_count[link] == 0 && irq)
            wire_down(r, irq, irq);
    }
}

void route_intx_set(struct route *r, unsigned int dev, unsigned int pin,
                    bool level)
{
    if (dev > 31 || pin > 3)
        return;
    spin_lock(&r->lock);
    intx_set(r, (unsigned int)index_nospec(dev, 32), pin & 3, level);
    spin_unlock(&r->lock);
}

static enum irq_result isa_set(struct route *r, unsigned int irq, bool level)
{
    if ((r->isa >> irq & 1) == level)
        return IRQ_COALESCED;
    r->isa ^= (uint16_t)(1u << irq);
    if (level)
        return wire_up(r, isa_gsi(irq), irq);
    wire_down(r, isa_gsi(irq), irq);
    return IRQ_IGNORED;
}

void route_isa_set(struct route *r, unsigned int irq, bool level)
{
    if (irq > 15)
        return;
    spin_lock(&r->lock);
    (void)isa_set(r, irq & 15, level);
    spin_unlock(&r->lock);
}

enum irq_result route_isa_pulse(struct route *r, unsigned int irq)
{
    enum irq_result rc;

    irq &= 15;
    spin_lock(&r->lock);
    if (!(r->isa >> irq & 1))
        rc = isa_set(r, irq, true);
    else if (r->asserted[isa_gsi(irq)] > 1)
        rc = IRQ_COALESCED; /* others hold the line up */
    else
        rc = rise(r, isa_gsi(irq), irq);
    spin_unlock(&r->lock);
    return rc;
}

void route_gsi_set(struct route *r, unsigned int gsi, bool level)
{
    if (gsi >= r->nr_gsis)
        return;
    gsi = (unsigned int)index_nospec(gsi, VIOAPIC_MAX_GSIS);
    spin_lock(&r->lock);
    if (test_bit(gsi, r->line) != level) {
        change_bit(r->line, gsi, level);
        if (level)
            (void)wire_up(r, gsi, NO_IRQ);
        else
            wire_down(r, gsi, NO_IRQ);
    } else if (level && !r->rte[gsi].level) {
        (void)gsi_rise(r, gsi);
    }
    spin_unlock(&r->lock);
}

enum irq_result route_gsi_assert(struct route *r, unsigned int gsi)
{
    enum irq_result rc;

    if (gsi >= r->nr_gsis)
        return IRQ_IGNORED;
    spin_lock(&r->lock);
    rc = wire_up(r, (unsigned int)index_nospec(gsi, VIOAPIC_MAX_GSIS),
                 NO_IRQ);
    spin_unlock(&r->lock);
    return rc;
}

void route_gsi_deassert(struct route *r, unsigned int gsi)
{
    if (gsi >= r->nr_gsis)
        return;
    spin_lock(&r->lock);
    wire_down(r, (unsigned int)index_nospec(gsi, VIOAPIC_MAX_GSIS), NO_IRQ);
    spin_unlock(&r->lock);
}

enum irq_result route_gsi_pulse(struct route *r, unsigned int gsi)
{
    enum irq_result rc;

    if (gsi >= r->nr_gsis)
        return IRQ_IGNORED;
    spin_lock(&r->lock);
    rc = gsi_rise(r, (unsigned int)index_nospec(gsi, VIOAPIC_MAX_GSIS));
    spin_unlock(&r->lock);
    return rc;
}

int route_link_set(struct route *r, unsigned int link, unsigned int irq)
{
    unsigned int old;

    if (link > 3 || irq > 15)
        return -EINVAL;
    link = (unsigned int)index_nospec(link, 4);
    spin_lock(&r->lock);
    old = r->link_irq[link];
    r->link_irq[link] = (uint8_t)irq;
    if (old != irq && r->link_count[link]) {
        if (old)
            wire_down(r, old, old);
        if (irq)
            (void)wire_up(r, irq, irq);
    }
    spin_unlock(&r->lock);
    return 0;
}

/* SDM vol. 3A 11.11: address and data of a message. */
int route_msi(struct route *r, uint64_t addr, uint32_t data)
{
    struct apic_msg m = {
        .dest = addr >> 12 & 0xff,
        .vector = (uint8_t)data,
        .delivery = data >> 8 & 7,
        .logical = addr >> 2 & 1,
        .level = data >> 15 & 1,
    };
    enum irq_result rc;

    if (!m.vector) {
        uint32_t pirq = (uint32_t)(addr >> 32 & 0xffffff00) | m.dest;

        return pirq ? route_msi_event(r->domain, pirq) : -ERANGE;
    }
    if (m.delivery != APIC_DM_FIXED && m.delivery != APIC_DM_LOWEST &&
        m.delivery != APIC_DM_NMI)
        return -EINVAL;
    if (m.dest == 0xff && !m.logical)
        m.dest = APIC_BROADCAST;
    rc = apicbus_deliver(&r->apics, NULL, &m);
    return rc == IRQ_IGNORED && m.delivery == APIC_DM_LOWEST ? -ESRCH : 0;
}

void route_gsi_bind(struct route *r, unsigned int gsi, bool bound)
{
    if (gsi >= r->nr_gsis)
        return;
    spin_lock(&r->lock);
    change_bit(r->bound, (unsigned int)index_nospec(gsi, VIOAPIC_MAX_GSIS),
               bound);
    spin_unlock(&r->lock);
}

void route_gsi_use_pirq(struct route *r, unsigned int gsi, bool use)
{
    if (gsi >= r->nr_gsis)
        return;
    spin_lock(&r->lock);
    change_bit(r->pirq, (unsigned int)index_nospec(gsi, VIOAPIC_MAX_GSIS),
               use);
    spin_unlock(&r->lock);
}

uint64_t route_gsi_entry(struct route *r, unsigned int gsi)
{
    if (gsi >= r->nr_gsis)
        return ~0ull;
    return READ_ONCE(r->rte[index_nospec(gsi, VIOAPIC_MAX_GSIS)].raw);
}

/* The wire of the platform device follows ->callback_up. */
static void callback_wire(struct route *r, bool level)
{
    unsigned int irq;

    switch (r->callback) {
    case CALLBACK_GSI:
        irq = r->callback_gsi < NO_IRQ ? r->callback_gsi : NO_IRQ;
        if (level)
            (void)wire_up(r, r->callback_gsi, irq);
        else
            wire_down(r, r->callback_gsi, irq);
        break;
    case CALLBACK_INTX:
        intx_set(r, r->callback_dev, r->callback_pin, level);
        break;
    case CALLBACK_NONE:
    case CALLBACK_VECTOR:
        break;
    }
}

void route_callback_set_via(struct route *r, uint64_t via)
{
    uint64_t type = via >> 56;

    spin_lock(&r->lock);
    if (r->callback_up)
        callback_wire(r, false);
    r->callback = CALLBACK_NONE;
    if (type == HVM_PARAM_CALLBACK_TYPE_VECTOR) {
        r->callback = CALLBACK_VECTOR;
        r->callback_vector = (uint8_t)via;
    } else if (type == HVM_PARAM_CALLBACK_TYPE_GSI && r->has_pic &&
               (uint8_t)via && (uint8_t)via < r->nr_gsis) {
        r->callback = CALLBACK_GSI;
        r->callback_gsi = (uint8_t)via;
    } else if (type == HVM_PARAM_CALLBACK_TYPE_PCI_INTX && r->has_pic) {
        r->callback = CALLBACK_INTX;
        r->callback_dev = via >> 11 & 31;
        r->callback_pin = via & 3;
    }
    if (r->callback_up)
        callback_wire(r, true);
    spin_unlock(&r->lock);
}

void route_callback_set(struct route *r, bool pending)
{
    if (READ_ONCE(r->callback_up) == pending)
        return;
    spin_lock(&r->lock);
    if (r->callback_up != pending) {
        r->callback_up = pending;
        callback_wire(r, pending);
    }
    spin_unlock(&r->lock);
}

static void tell_target(struct vlapic *a, bool up)
{
    if (up) {
        (void)atomic_fetch_or(&a->pending, VLAPIC_PENDING_EXTINT);
        vlapic_kick(a);
    } else {
        (void)atomic_fetch_and(&a->pending, ~VLAPIC_PENDING_EXTINT);
    }
}

void route_pic_output(struct route *r, bool up)
{
    if (r->pic_target)
        tell_target(r->pic_target, up);
    if (!up || !r->pic_in_lint)
        return;
    for (unsigned int i = 0; i < r->apics.nr; i++)
        if (r->apics.vlapic[i])
            (void)vlapic_local(r->apics.vlapic[i], APIC_LVT_LINT0);
}

/* True if INT of the 8259 reaches this processor as INTR (MultiProcessor
 * Specification 1.4, 3.6.2: PIC mode and the two virtual wire modes). */
static bool takes_extint(const struct route *r, const struct vlapic *a)
{
    uint32_t lint0 = READ_ONCE(a->regs[APIC_LVT_LINT0 / 4]);
    union ioapic_rte pin0 = r->rte[0];
    struct apic_msg m = {
        .dest = pin0.dest == 0xff && !pin0.logical ? APIC_BROADCAST
                                                   : (uint32_t)pin0.dest,
        .logical = pin0.logical,
    };

    if (a->mode == VLAPIC_OFF)
        return a->vcpu_id == 0;
    if (!(lint0 & APIC_LVT_MASKED) && (lint0 >> 8 & 7) == APIC_DM_EXTINT)
        return true;
    return !pin0.mask && pin0.delivery == APIC_DM_EXTINT && a->enabled &&
           apicbus_matches(a, NULL, &m);
}

static bool lint0_is_message(const struct vlapic *a)
{
    uint32_t lint0 = READ_ONCE(a->regs[APIC_LVT_LINT0 / 4]);
    uint32_t mode = lint0 >> 8 & 7;

    return !(lint0 & APIC_LVT_MASKED) &&
           (mode == APIC_DM_FIXED || mode == APIC_DM_NMI);
}

void route_pic_rewire(struct route *r)
{
    struct vlapic *target = NULL, *old;
    bool in_lint = false;

    if (!r->has_pic)
        return;
    spin_lock(&r->lock);
    for (unsigned int i = 0; i < r->apics.nr; i++) {
        struct vlapic *a = r->apics.vlapic[i];

        if (!a)
            continue;
        if (!target && takes_extint(r, a))
            target = a;
        in_lint |= lint0_is_message(a);
    }
    old = r->pic_target;
    r->pic_target = target;
    r->pic_in_lint = in_lint;
    if (old != target) {
        if (old)
            tell_target(old, false);
        if (target && r->pic[0].int_output)
            tell_target(target, true);
    }
    spin_unlock(&r->lock);
}

int route_pic_inta(struct route *r, struct vlapic *a)
{
    int vector = -1;

    spin_lock(&r->lock);
    if (r->pic_target == a)
        vector = vpic_inta(r);
    spin_unlock(&r->lock);
    return vector;
}

void route_init(struct route *r, struct domain *d, bool has_pic)
{
    memset(r, 0, sizeof(*r));
    r->domain = d;
    spin_lock_init(&r->lock, LOCK_HVM_IRQ);
    r->has_pic = has_pic;
    route_reset(r);
}

int route_add_ioapic(struct route *r, uint64_t base, uint8_t id,
                     unsigned int base_gsi, unsigned int pins)
{
    struct vioapic *c = &r->ioapic[r->nr_ioapics];

    if (!pins || pins > VIOAPIC_MAX_PINS || base_gsi >= VIOAPIC_MAX_GSIS ||
        pins > VIOAPIC_MAX_GSIS - base_gsi)
        return -EINVAL;
    if (r->nr_ioapics == VIOAPIC_MAX_CHIPS)
        return -ENOSPC;
    for (unsigned int i = 0; i < r->nr_ioapics; i++) {
        const struct vioapic *o = &r->ioapic[i];

        if (base_gsi < o->base_gsi + o->pins && o->base_gsi < base_gsi + pins)
            return -EINVAL;
    }
    *c = (struct vioapic){
        .route = r, .base = base, .id = id, .reset_id = id,
        .base_gsi = (uint16_t)base_gsi, .pins = (uint16_t)pins,
    };
    r->nr_ioapics++;
    r->nr_gsis = MAX(r->nr_gsis, base_gsi + pins);
    return 0;
}

int route_attach(struct route *r, struct bus *b)
{
    int rc = r->has_pic ? bus_add(b, vpic_ranges, vpic_nr_ranges, r) : 0;

    for (unsigned int i = 0; i < r->nr_ioapics && !rc; i++) {
        struct bus_range range = {
            BUS_MMIO, r->ioapic[i].base, VIOAPIC_SIZE, vioapic_read,
            vioapic_write,
        };

        rc = bus_add(b, &range, 1, &r->ioapic[i]);
    }
    return rc;
}

void route_reset(struct route *r)
{
    spin_lock(&r->lock);
    for (unsigned int i = 0; i < VIOAPIC_MAX_GSIS; i++)
        r->rte[i].raw = IOAPIC_RTE_MASKED;
    for (unsigned int i = 0; i < r->nr_ioapics; i++) {
        r->ioapic[i].ioregsel = 0;
        r->ioapic[i].id = r->ioapic[i].reset_id;
    }
    memset(r->remote_irr, 0, sizeof(r->remote_irr));
    memset(r->line, 0, sizeof(r->line));
    memset(r->asserted, 0, sizeof(r->asserted));
    memset(r->intx, 0, sizeof(r->intx));
    memset(r->link_irq, 0, sizeof(r->link_irq));
    memset(r->link_count, 0, sizeof(r->link_count));
    r->isa = 0;
    r->callback = CALLBACK_NONE;
    r->callback_up = false;
    vpic_reset(r);
    spin_unlock(&r->lock);
    route_pic_rewire(r);
}

/* The callback's wire is left out: the other side raises it anew from the
 * guest's event state. */
void route_save_intx(struct route *r, struct hvm_hw_pci_irqs *rec)
{
    memcpy(rec->i, r->intx, sizeof(rec->i));
    if (r->callback == CALLBACK_INTX && r->callback_up)
        change_bit(rec->i, r->callback_dev * 4u + r->callback_pin, false);
}

void route_save_isa(struct route *r, struct hvm_hw_isa_irqs *rec)
{
    rec->i[0] = r->isa;
}

void route_save_link(struct route *r, struct hvm_hw_pci_link *rec)
{
    memset(rec, 0, sizeof(*rec));
    memcpy(rec->route, r->link_irq, sizeof(rec->route));
}

int route_load_intx(struct route *r, const struct hvm_hw_pci_irqs *rec)
{
    spin_lock(&r->lock);
    memcpy(r->intx, rec->i, sizeof(r->intx));
    memset(r->line, 0, sizeof(r->line));
    memset(r->asserted, 0, sizeof(r->asserted));
    memset(r->link_count, 0, sizeof(r->link_count));
    r->callback_up = false;
    for (unsigned int wire = 0; wire < 128; wire++) {
        if (!test_bit(wire, r->intx))
            continue;
        r->asserted[route_intx_gsi(wire / 4, wire % 4)]++;
        r->link_count[route_intx_link(wire / 4, wire % 4)]++;
    }
    spin_unlock(&r->lock);
    return 0;
}

int route_load_isa(struct route *r, const struct hvm_hw_isa_irqs *rec)
{
    if (rec->i[0] > 0xffff)
        return -EINVAL;
    spin_lock(&r->lock);
    r->isa = (uint16_t)rec->i[0];
    for (unsigned int irq = 0; irq < 16; irq++)
        if (r->isa >> irq & 1)
            r->asserted[isa_gsi(irq)]++;
    spin_unlock(&r->lock);
    return 0;
}

int route_load_link(struct route *r, const struct hvm_hw_pci_link *rec)
{
    for (unsigned int i = 0; i < 4; i++)
        if (rec->route[i] > 15 || rec->pad0[i])
            return -EINVAL;
    spin_lock(&r->lock);
    for (unsigned int i = 0; i < 4; i++) {
        r->link_irq[i] = rec->route[i];
        if (r->link_count[i] && rec->route[i])
            r->asserted[rec->route[i]]++;
    }
    spin_unlock(&r->lock);
    return 0;
}
