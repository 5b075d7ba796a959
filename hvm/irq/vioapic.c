/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * I/O APIC: redirection entries and remote IRR. Knows no wires (route.c
 * does): it hears of a rise, and asks whether a line is still up when a
 * level interrupt has ended.
 *
 * Remote IRR is a bitmap beside the entries, so that an EOI looks only at pins
 * that wait for one.
 */
#include "hvm/irq/route.h"

#define VERSION 0x11 /* 82093AA; no EOI register */

/* Register offsets and indexes (82093AA 3.1, 3.2). */
#define IOREGSEL 0x00
#define IOWIN    0x10
#define REG_ID   0x00
#define REG_VER  0x01
#define REG_ARB  0x02
#define REG_RTE  0x10

/* Bits of an entry that software writes. */
#define RTE_WRITABLE 0xff0000000001afffull
#define RTE_REMOTE_IRR BIT(14)

enum irq_result vioapic_edge(struct route *r, unsigned int gsi)
{
    union vioapic_redir_entry e = r->rte[gsi];
    struct apic_msg m = ioapic_message(e);

    /* Pin 0 as ExtINT is wiring, see route_pic_rewire(). */
    if (e.fields.mask || !apic_device_mode(m.delivery))
        return IRQ_IGNORED;
    if (e.fields.trig_mode && test_bit(gsi, r->remote_irr))
        return IRQ_COALESCED;
    enum irq_result rc = apicbus_deliver(&r->apics, NULL, &m);
    if (e.fields.trig_mode && m.delivery != APIC_DM_NMI && rc != IRQ_IGNORED)
        change_bit(gsi, r->remote_irr, true);
    return rc;
}

/* A level interrupt has ended or its entry changed: a line that is up
 * interrupts. */
static void reevaluate(struct route *r, unsigned int gsi)
{
    if (r->rte[gsi].fields.trig_mode && route_gsi_up(r, gsi))
        (void)vioapic_edge(r, gsi);
}

void vioapic_eoi(struct route *r, uint8_t vector)
{
    spin_lock(&r->lock);
    for (unsigned int w = 0; w < ARRAY_SIZE(r->remote_irr); w++)
        for (uint64_t bits = r->remote_irr[w]; bits; bits &= bits - 1) {
            unsigned int gsi = w * 64 + bit_lowest(bits);

            if (r->rte[gsi].fields.vector != vector)
                continue;
            change_bit(gsi, r->remote_irr, false);
            route_gsi_ended(r, gsi);
            reevaluate(r, gsi);
        }
    spin_unlock(&r->lock);
}

static void write_entry(struct route *r, unsigned int gsi, bool high,
                        uint32_t val)
{
    spin_lock(&r->lock);
    union vioapic_redir_entry old = r->rte[gsi], e;
    e.bits = high ? (uint64_t)val << 32 | (uint32_t)old.bits
                  : old.bits >> 32 << 32 | val;
    e.bits &= RTE_WRITABLE;
    r->rte[gsi] = e;
    /* Edge mode has no remote IRR: switching to it and back is how software
     * ends an interrupt of this chip. */
    if (!e.fields.trig_mode && test_bit(gsi, r->remote_irr)) {
        change_bit(gsi, r->remote_irr, false);
        route_gsi_ended(r, gsi);
    }
    if (!high)
        reevaluate(r, gsi);
    if (r->watch_pins && e.bits != old.bits)
        vioapic_pin_changed(r, gsi);
    spin_unlock(&r->lock);
    if (gsi == 0)
        route_pic_rewire(r);
    else if (!e.fields.mask)
        ticks_resume(r);
}

/* A redirection entry as software sees it. */
static uint64_t read_entry(const struct route *r, unsigned int gsi)
{
    return READ_ONCE(r->rte[gsi].bits) |
           (test_bit(gsi, r->remote_irr) ? RTE_REMOTE_IRR : 0);
}

static enum bus_rc vioapic_access(void *dev, uint64_t gpa, unsigned int size,
                                  bool write, uint64_t *val)
{
    struct vioapic *c = dev;
    unsigned int reg = gpa & 0xff, index = READ_ONCE(c->ioregsel);
    unsigned int pin = (index - REG_RTE) / 2; /* of no entry: beyond all */
    unsigned int gsi = c->base_gsi + (unsigned int)index_nospec(pin, c->pins);

    if (reg == IOREGSEL && write)
        WRITE_ONCE(c->ioregsel, (uint8_t)*val);
    else if (reg == IOREGSEL)
        *val = index;
    else if (reg == IOWIN && pin < c->pins && write)
        write_entry(c->route, gsi, index & 1, (uint32_t)*val);
    else if (reg == IOWIN && pin < c->pins)
        *val = read_entry(c->route, gsi) >> (index & 1) * 32;
    else if (reg == IOWIN && index == REG_ID && write)
        c->id = *val >> 24 & 0xf;
    else if (reg == IOWIN && (index == REG_ID || index == REG_ARB))
        *val = (uint32_t)c->id << 24;
    else
        *val = reg == IOWIN && index == REG_VER ? VERSION | (c->pins - 1u) << 16
                                                : 0;
    return BUS_OK;
}

int vioapic_add(struct route *r, uint64_t base, uint8_t id,
                unsigned int base_gsi, unsigned int pins)
{
    struct bus_range range = { BUS_MMIO, base, VIOAPIC_SIZE, vioapic_access };
    struct vioapic *c = &r->ioapic[r->nr_ioapics];

    if (!pins || pins > VIOAPIC_MAX_PINS || base_gsi >= VIOAPIC_MAX_GSIS ||
        pins > VIOAPIC_MAX_GSIS - base_gsi)
        return -EINVAL;
    if (r->nr_ioapics == VIOAPIC_MAX_CHIPS)
        return -ENOSPC;
    for (const struct vioapic *o = r->ioapic; o < c; o++)
        if (base_gsi < o->base_gsi + o->pins && o->base_gsi < base_gsi + pins)
            return -EINVAL;
    *c = (struct vioapic){
        .route = r, .id = id, .base_gsi = (uint16_t)base_gsi,
        .pins = (uint16_t)pins,
    };
    int rc = bus_add(r->bus, &range, 1, c);
    if (rc)
        return rc;
    r->nr_ioapics++;
    r->nr_gsis = MAX(r->nr_gsis, base_gsi + pins);
    return 0;
}

static bool is_guest_shape(const struct route *r)
{
    return r->nr_ioapics == 1 && r->ioapic[0].pins == VIOAPIC_NUM_PINS;
}

int vioapic_save(struct route *r, struct hvm_hw_vioapic *rec)
{
    if (!is_guest_shape(r))
        return -EOPNOTSUPP;
    rec->base_address = VIOAPIC_BASE;
    rec->ioregsel = r->ioapic[0].ioregsel;
    rec->id = r->ioapic[0].id;
    for (unsigned int i = 0; i < VIOAPIC_NUM_PINS; i++)
        rec->redirtbl[i].bits = read_entry(r, i);
    return 0;
}

int vioapic_load(struct route *r, const struct hvm_hw_vioapic *rec)
{
    if (!is_guest_shape(r))
        return -EOPNOTSUPP;
    if (rec->base_address != VIOAPIC_BASE || rec->id > 0xf)
        return -EINVAL;
    spin_lock(&r->lock);
    r->ioapic[0].ioregsel = (uint8_t)rec->ioregsel;
    r->ioapic[0].id = (uint8_t)rec->id;
    for (unsigned int i = 0; i < VIOAPIC_NUM_PINS; i++) {
        union vioapic_redir_entry e = rec->redirtbl[i];

        r->rte[i].bits = e.bits & RTE_WRITABLE;
        change_bit(i, r->remote_irr, e.fields.remote_irr && e.fields.trig_mode);
    }
    spin_unlock(&r->lock);
    route_pic_rewire(r);
    return 0;
}
