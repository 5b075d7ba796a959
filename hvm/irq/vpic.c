/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two 8259A chips, the slave on line 2 of the master (8259A data sheet,
 * 231468). Never decides which vCPU takes the interrupt: route_pic_output()
 * hears when the master's INT changes.
 */
#include "hvm/irq/route.h"

#define CASCADE 2 /* the master's line for the slave */

/* Lines that may be level-triggered: not the timer, keyboard and cascade of
 * the master, not the RTC and the FPU (IRQ 13) of the slave. */
static const uint8_t elcr_bits[2] = { 0xf8, 0xde };

/* init_state: the next ICW - 1 in bits 1:0, then what ICW1 said. */
#define INIT_WANT_ICW4 4
#define INIT_SINGLE    8

/* The line of highest priority in a set, as its distance from the top
 * priority; 8: empty. */
static unsigned int priority(const struct hvm_hw_vpic *c, uint8_t lines)
{
    unsigned int turn = c->priority_add & 7;

    return bit_lowest(((unsigned int)lines << 8 | lines) >> turn | 1u << 8);
}

/* The line that the chip would interrupt with now, or -1. */
static int winner(const struct hvm_hw_vpic *c)
{
    unsigned int prio = priority(c, c->irr & ~c->imr);
    unsigned int line = (prio + c->priority_add) & 7;
    uint8_t busy = c->isr;

    /* The slave may interrupt again while one of its lines is served. */
    if (c->special_fully_nested_mode && c->is_master && line == CASCADE)
        busy &= (uint8_t)~(1u << CASCADE);
    if (c->special_mask_mode)
        busy &= (uint8_t)~c->imr;
    return prio < priority(c, busy) ? (int)line : -1;
}

/* Brings both INT outputs up to date; the slave's is a line of the master. */
static void update(struct route *r)
{
    struct hvm_hw_vpic *master = &r->pic[0], *slave = &r->pic[1];

    slave->int_output = !slave->init_state && winner(slave) >= 0;
    master->irr &= (uint8_t)~(1u << CASCADE);
    master->irr |= (uint8_t)(slave->int_output << CASCADE);
    bool up = !master->init_state && winner(master) >= 0;
    if (up != master->int_output) {
        master->int_output = up;
        route_pic_output(r, up);
    }
}

enum irq_result vpic_set(struct route *r, unsigned int gsi, bool up)
{
    unsigned int irq = isa_gsi(gsi);
    struct hvm_hw_vpic *c = &r->pic[irq >> 3 & 1];
    uint8_t bit = (uint8_t)(1u << (irq & 7));
    enum irq_result rc = c->imr & bit || c->init_state ? IRQ_IGNORED
                         : c->irr & bit ? IRQ_COALESCED : IRQ_DELIVERED;

    if (irq > 15 || !r->has_pic)
        return IRQ_IGNORED;
    c->irr = up ? c->irr | bit : c->irr & ~bit;
    update(r);
    return rc;
}

/* One chip's INTA: the line, or 7 without a request (spurious). */
static unsigned int intack(struct hvm_hw_vpic *c)
{
    int line = winner(c);

    if (line < 0)
        return 7;
    uint8_t bit = (uint8_t)(1u << line);
    if (!(c->elcr & bit))
        c->irr &= (uint8_t)~bit;
    if (!c->auto_eoi)
        c->isr |= bit;
    else if (c->rotate_on_auto_eoi)
        c->priority_add = (uint8_t)(line + 1) & 7;
    return (unsigned int)line;
}

int vpic_inta(struct route *r, const struct vlapic *a)
{
    struct hvm_hw_vpic *c = &r->pic[0];
    int vector = -1;

    spin_lock(&r->lock);
    if (r->pic_target == a && c->int_output) {
        unsigned int line = intack(c);

        if (line == CASCADE) {
            c = &r->pic[1];
            line = intack(c);
        }
        vector = (int)(c->irq_base + line);
        update(r);
    }
    spin_unlock(&r->lock);
    return vector;
}

static void write_icw1(struct hvm_hw_vpic *c, uint8_t val)
{
    bool icw4 = val & 1; /* will say these two */

    *c = (struct hvm_hw_vpic){
        .irr = c->irr & c->elcr, /* edges are forgotten */
        .irq_base = c->irq_base, .elcr = c->elcr, .is_master = c->is_master,
        .auto_eoi = icw4 && c->auto_eoi,
        .special_fully_nested_mode = icw4 && c->special_fully_nested_mode,
        .int_output = c->int_output,
        .init_state = (uint8_t)((val & 3) << 2 | 1) & 15,
    };
}

static void write_ocw2(struct hvm_hw_vpic *c, uint8_t val)
{
    bool rotate = val & 0x80, specific = val & 0x40, eoi = val & 0x20;
    uint8_t line = val & 7, busy = c->isr;

    if (!specific && !eoi) {
        c->rotate_on_auto_eoi = rotate;
        return;
    }
    if (!specific) { /* the highest that is in service */
        if (c->special_mask_mode)
            busy &= (uint8_t)~c->imr;
        if (!busy)
            return;
        line = (priority(c, busy) + c->priority_add) & 7;
    }
    if (eoi)
        c->isr &= (uint8_t)~(1u << line);
    if (rotate)
        c->priority_add = (line + 1) & 7;
}

static void write_ocw3(struct hvm_hw_vpic *c, uint8_t val)
{
    if (val & 4)
        c->poll = 1;
    if (val & 2)
        c->readsel_isr = val & 1;
    if (val & 0x40)
        c->special_mask_mode = val >> 5 & 1;
}

/* A0 = 1: mask, or the rest of an initialisation. True if something may
 * have been unmasked. */
static bool write_data(struct hvm_hw_vpic *c, uint8_t val)
{
    unsigned int wants = c->init_state & (INIT_WANT_ICW4 | INIT_SINGLE);
    unsigned int step = c->init_state & 3;
    bool unmasked = c->imr & ~val;

    if (!step) {
        c->imr = val;
        return unmasked;
    }
    if (step == 1)
        c->irq_base = val & 0xf8;
    if (step == 3) {
        c->special_fully_nested_mode = val >> 4 & 1;
        c->auto_eoi = val >> 1 & 1;
    }
    step = step == 1 && !(wants & INIT_SINGLE) ? 2
           : step != 3 && (wants & INIT_WANT_ICW4) ? 3 : 0;
    c->init_state = (step ? wants | step : 0) & 15;
    return !step;
}

static enum bus_rc chip_access(void *dev, uint64_t port, unsigned int size,
                               bool write, uint64_t *val)
{
    struct route *r = dev;
    struct hvm_hw_vpic *c = &r->pic[port >> 7 & 1];
    bool unmasked = false;

    if (size != 1)
        return BUS_OK;
    if (!write && likely(!c->poll)) { /* no lock: each is a byte */
        *val = port & 1 ? READ_ONCE(c->imr) : c->readsel_isr ? READ_ONCE(c->isr)
                                            : READ_ONCE(c->irr);
        return BUS_OK;
    }
    spin_lock(&r->lock);
    if (!write) {
        /* The read acts as INTA; bit 7 says that there was a request (8259A
         * data sheet, "Poll Command"). */
        *val = c->int_output ? 0x80 | intack(c) : 0;
        c->poll = 0;
    } else if (port & 1) {
        unmasked = write_data(c, (uint8_t)*val);
    } else if (*val & 0x10) {
        write_icw1(c, (uint8_t)*val);
    } else if (*val & 8) {
        write_ocw3(c, (uint8_t)*val);
    } else {
        write_ocw2(c, (uint8_t)*val);
    }
    update(r);
    spin_unlock(&r->lock);
    if (unmasked)
        ticks_resume(r);
    return BUS_OK;
}

/* Edge/level control at 4d0h and 4d1h, also as one word. */
static enum bus_rc elcr_access(void *dev, uint64_t port, unsigned int size,
                               bool write, uint64_t *val)
{
    struct route *r = dev;
    uint8_t *bytes = (uint8_t *)val;

    spin_lock(&r->lock);
    for (unsigned int n = 0, i = port & 1; n < size && i < 2; n++, i++)
        if (write)
            r->pic[i].elcr = bytes[n] & elcr_bits[i];
        else
            bytes[n] = r->pic[i].elcr & elcr_bits[i];
    r->pic[0].elcr |= 1u << CASCADE;
    update(r);
    spin_unlock(&r->lock);
    return BUS_OK;
}

int vpic_init(struct route *r)
{
    static const struct bus_range ranges[] = {
        { BUS_PORT, 0x20, 2, chip_access },
        { BUS_PORT, 0xa0, 2, chip_access },
        { BUS_PORT, 0x4d0, 2, elcr_access },
    };

    r->pic[0].is_master = 1;
    r->pic[0].elcr = 1u << CASCADE;
    return bus_add(r->bus, ranges, ARRAY_SIZE(ranges), r);
}

int vpic_load(struct route *r, unsigned int chip, const struct hvm_hw_vpic *rec)
{
    uint8_t cascade = chip ? 0 : 1u << CASCADE, was;

    if (rec->is_master != !chip || rec->int_output > 1 ||
        (rec->int_output && rec->init_state) || rec->priority_add > 7 ||
        (rec->irq_base & 7) || (rec->elcr & ~(elcr_bits[chip & 1] | cascade)) ||
        /* A started initialisation waits for ICW2 to ICW4. */
        (rec->init_state && !(rec->init_state & 3)))
        return -EINVAL;
    spin_lock(&r->lock);
    /* INT follows from the rest, as the slave's request does. */
    was = r->pic[0].int_output;
    r->pic[chip & 1] = *rec;
    r->pic[0].int_output = was;
    r->pic[0].elcr |= 1u << CASCADE;
    update(r);
    spin_unlock(&r->lock);
    return 0;
}
