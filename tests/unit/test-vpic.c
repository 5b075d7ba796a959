/* sources: hvm/irq/vlapic.c hvm/irq/apicbus.c hvm/irq/vioapic.c hvm/irq/vpic.c hvm/irq/route.c hvm/io/bus.c tests/unit/irq-fakes.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The 8259A pair against its data sheet (231468), wired to LINT0 of vCPU 0
 * as ExtINT.
 */
#include <string.h>

#include "hypervisor/abi/errno.h"
#include "tests/unit/bus.h"
#include "tests/unit/irq-fakes.h"
#include "tests/unit/test.h"

TEST_PROGRAM;

static struct domain *d;
static struct vlapic *a;

/* Vectors 20h and 28h, no automatic EOI, all lines open. */
static void begin_mode(uint8_t icw4)
{
    d = fake_domain(2, true);
    a = fake_apic(d, 0);
    apic_put(a, APIC_LVT_LINT0, 0x700);
    port_out(d, 0x20, 0x11);
    port_out(d, 0x21, 0x20);
    port_out(d, 0x21, 0x04);
    port_out(d, 0x21, icw4);
    port_out(d, 0xa0, 0x11);
    port_out(d, 0xa1, 0x28);
    port_out(d, 0xa1, 0x02);
    port_out(d, 0xa1, icw4);
}

static void begin(void)
{
    begin_mode(1);
}

static void end(void)
{
    fake_domain_free(d);
}

static void rise(unsigned int irq)
{
    route_isa_set(&d->route, irq, true);
}

static void fall(unsigned int irq)
{
    route_isa_set(&d->route, irq, false);
}

/* What the processor gets now: a vector, or -1. */
static int take(void)
{
    int p = vlapic_pending(a);

    return p < 0 ? -1 : vlapic_ack(a, p);
}

static void eoi(unsigned int irq)
{
    if (irq >= 8)
        port_out(d, 0xa0, 0x20);
    port_out(d, 0x20, 0x20);
}

static void test_lines(void)
{
    for (unsigned int irq = 0; irq < 16; irq++) {
        begin();
        rise(irq);
        CHECK_EQ(take(), irq == 2 ? -1 : 0x20 + (int)irq);
        CHECK_EQ(take(), -1);
        eoi(irq);
        CHECK_EQ(take(), -1); /* an edge counts once */
        fall(irq);
        rise(irq);
        CHECK_EQ(take(), irq == 2 ? -1 : 0x20 + (int)irq);
        end();
    }
}

/* Fully nested mode. The slave is line 2 of the master. */
static void test_priority(void)
{
    begin();
    rise(4);
    rise(9);
    rise(1);
    rise(0);
    CHECK_EQ(take(), 0x20);
    CHECK_EQ(take(), -1);
    eoi(0);
    CHECK_EQ(take(), 0x21);
    eoi(1);
    CHECK_EQ(take(), 0x29);
    rise(8); /* higher than 9, but the master is busy with line 2 */
    CHECK_EQ(take(), -1);
    fall(0);
    rise(0);
    CHECK_EQ(take(), 0x20);
    eoi(0);
    eoi(9);
    CHECK_EQ(take(), 0x28);
    eoi(8);
    CHECK_EQ(take(), 0x24);
    end();

    /* Special fully nested mode: 8 interrupts 9. */
    begin_mode(0x11);
    rise(9);
    CHECK_EQ(take(), 0x29);
    rise(8);
    CHECK_EQ(take(), 0x28);
    rise(10);
    CHECK_EQ(take(), -1);
    end();
}

static void test_mask(void)
{
    begin();
    port_out(d, 0x21, 0x10);
    CHECK_EQ(port_in(d, 0x21), 0x10);
    rise(4);
    CHECK_EQ(take(), -1);
    CHECK_EQ(port_in(d, 0x20), 0x10); /* IRR has it all the same */
    d->unmasks = 0;
    port_out(d, 0x21, 0);
    CHECK_EQ(d->unmasks, 1);
    CHECK_EQ(take(), 0x24);
    port_out(d, 0x20, 0x0b);
    CHECK_EQ(port_in(d, 0x20), 0x10); /* ISR */
    port_out(d, 0x20, 0x0a);
    CHECK_EQ(port_in(d, 0x20), 0);
    eoi(4);
    /* The line falls before it is taken. */
    rise(3);
    CHECK_EQ(vlapic_pending(a), VLAPIC_EXTINT);
    fall(3);
    CHECK(vlapic_quiet(a));
    CHECK_EQ(vlapic_ack(a, VLAPIC_EXTINT), -1);
    /* The same on the slave. */
    rise(14);
    CHECK_EQ(vlapic_pending(a), VLAPIC_EXTINT);
    port_out(d, 0xa1, 0x40);
    CHECK(vlapic_quiet(a));
    end();
}

/* Table of OCW2 commands. Lines 1 and 5 are in service. */
static void test_eoi(void)
{
    static const struct { uint8_t ocw2, isr, next; } t[] = {
        { 0x20, 0x20, 0 },  /* non-specific: the highest */
        { 0x61, 0x20, 0 },  /* specific 1 */
        { 0x65, 0x02, 0 },  /* specific 5 */
        { 0x63, 0x22, 0 },  /* specific 3: not in service */
        { 0xa0, 0x20, 2 },  /* rotate on non-specific: 1 is lowest now */
        { 0xe5, 0x02, 6 },  /* rotate on specific 5 */
        { 0xc3, 0x22, 4 },  /* set priority: 3 lowest */
        { 0x40, 0x22, 0 },  /* no operation */
        { 0x80, 0x22, 0 },  /* rotate in automatic mode: later */
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
        begin();
        rise(5);
        CHECK_EQ(take(), 0x25);
        rise(1);
        CHECK_EQ(take(), 0x21);
        port_out(d, 0x20, t[i].ocw2);
        port_out(d, 0x20, 0x0b);
        CHECK_EQ(port_in(d, 0x20), t[i].isr);
        CHECK_EQ(d->route.pic[0].priority_add, t[i].next);
        end();
    }
}

static void test_rotation(void)
{
    begin();
    port_out(d, 0x20, 0xc4); /* 4 lowest, 5 highest */
    rise(4);
    rise(5);
    rise(3);
    CHECK_EQ(take(), 0x25);
    CHECK_EQ(take(), -1);
    port_out(d, 0x20, 0x20);
    CHECK_EQ(take(), 0x23);
    port_out(d, 0x20, 0x20);
    CHECK_EQ(take(), 0x24);
    end();

    /* Automatic EOI with rotation: nothing stays in service. */
    begin_mode(3);
    port_out(d, 0x20, 0x80);
    rise(3);
    CHECK_EQ(take(), 0x23);
    CHECK_EQ(d->route.pic[0].isr, 0);
    CHECK_EQ(d->route.pic[0].priority_add, 4);
    rise(1);
    rise(5);
    CHECK_EQ(take(), 0x25);
    CHECK_EQ(take(), 0x21);
    port_out(d, 0x20, 0x00);
    fall(1);
    rise(1);
    CHECK_EQ(take(), 0x21);
    CHECK_EQ(d->route.pic[0].priority_add, 2);
    end();
}

/* Special mask mode: a masked line in service blocks nobody. */
static void test_special_mask(void)
{
    begin();
    rise(1);
    CHECK_EQ(take(), 0x21);
    rise(5);
    CHECK_EQ(take(), -1);
    port_out(d, 0x21, 0x02);
    CHECK_EQ(take(), -1);
    port_out(d, 0x20, 0x68);
    CHECK_EQ(take(), 0x25);
    port_out(d, 0x20, 0x20); /* non-specific EOI passes the masked one by */
    CHECK_EQ(d->route.pic[0].isr, 0x02);
    port_out(d, 0x20, 0x48);
    CHECK_EQ(d->route.pic[0].special_mask_mode, 0);
    end();
}

static void test_level(void)
{
    begin();
    port_out(d, 0x4d0, 0xff);
    port_out(d, 0x4d1, 0xff);
    CHECK_EQ(port_in(d, 0x4d0), 0xf8); /* 0 to 2 are always edge */
    CHECK_EQ(port_in(d, 0x4d1), 0xde); /* 8 and 13, too */
    CHECK_EQ(bus_port_write(&d->bus, 0x4d0, 2, 0x0c20), BUS_OK);
    CHECK_EQ(port_in(d, 0x4d0), 0x20);
    CHECK_EQ(port_in(d, 0x4d1), 0x0c);
    rise(5);
    CHECK_EQ(take(), 0x25);
    CHECK_EQ(take(), -1);
    eoi(5);
    CHECK_EQ(take(), 0x25); /* still up */
    fall(5);
    eoi(5);
    CHECK_EQ(take(), -1);
    rise(11);
    CHECK_EQ(take(), 0x2b);
    eoi(11);
    CHECK_EQ(take(), 0x2b);
    end();
}

static void test_poll(void)
{
    begin();
    port_out(d, 0x20, 0x0c);
    CHECK_EQ(port_in(d, 0x20), 0);
    rise(6);
    port_out(d, 0x20, 0x0c);
    CHECK_EQ(port_in(d, 0x20), 0x86); /* acts as INTA */
    CHECK(vlapic_quiet(a));
    CHECK_EQ(d->route.pic[0].isr, 0x40);
    CHECK_EQ(port_in(d, 0x20), 0);
    rise(12);
    port_out(d, 0xa0, 0x0c);
    CHECK_EQ(port_in(d, 0xa0), 0x84);
    CHECK(vlapic_quiet(a));
    end();
}

static void test_init(void)
{
    begin();
    rise(3);
    CHECK_EQ(take(), 0x23);
    rise(4);
    port_out(d, 0x21, 0x80);
    port_out(d, 0x20, 0x11); /* ICW1 */
    CHECK(vlapic_quiet(a));
    CHECK_EQ(d->route.pic[0].irr, 0);
    CHECK_EQ(d->route.pic[0].isr, 0);
    CHECK_EQ(port_in(d, 0x21), 0);
    rise(1); /* in the middle: latched, no INT */
    CHECK(vlapic_quiet(a));
    port_out(d, 0x21, 0x47);
    port_out(d, 0x21, 0x04);
    CHECK(vlapic_quiet(a));
    port_out(d, 0x21, 0x01);
    CHECK_EQ(take(), 0x41); /* low bits of ICW2 do not count */
    /* Single, no ICW4: done after ICW2. */
    port_out(d, 0x20, 0x12);
    port_out(d, 0x21, 0x50);
    rise(6);
    CHECK_EQ(take(), 0x56);
    /* Single with ICW4. */
    port_out(d, 0x20, 0x13);
    port_out(d, 0x21, 0x58);
    port_out(d, 0x21, 0x03);
    CHECK_EQ(d->route.pic[0].auto_eoi, 1);
    CHECK_EQ(d->route.pic[0].init_state, 0);
    /* Words and long words are not for this chip. */
    CHECK_EQ(bus_port_write(&d->bus, 0x20, 2, 0x1111), BUS_OK);
    CHECK_EQ(d->route.pic[0].init_state, 0);
    end();
}

/* Who gets INT: MP specification 3.6.2. */
static void test_wiring(void)
{
    struct vlapic *b;

    begin();
    b = fake_apic(d, 1);
    rise(4);
    CHECK_EQ(vlapic_pending(a), VLAPIC_EXTINT);
    CHECK(vlapic_quiet(b));
    apic_put(a, APIC_LVT_LINT0, 0x10700);
    CHECK(vlapic_quiet(a));
    apic_put(b, APIC_LVT_LINT0, 0x700);
    CHECK_EQ(vlapic_pending(b), VLAPIC_EXTINT);
    CHECK_EQ(vlapic_ack(a, VLAPIC_EXTINT), -1);
    apic_put(b, APIC_SPIV, 0xff); /* disabled: its LVT is masked */
    CHECK(vlapic_quiet(b));
    /* Virtual wire through pin 0 of the I/O APIC. */
    ioapic_set_rte(d, 0, 0x700);
    CHECK_EQ(vlapic_pending(a), VLAPIC_EXTINT);
    ioapic_set_rte(d, 0, 0x10700);
    CHECK(vlapic_quiet(a));
    /* PIC mode: vCPU 0's APIC is off. */
    vlapic_base_write(b, APIC_BASE_DEFAULT);
    CHECK(vlapic_quiet(b));
    vlapic_base_write(a, APIC_BASE_DEFAULT);
    CHECK_EQ(vlapic_pending(a), VLAPIC_EXTINT);
    CHECK_EQ(vlapic_ack(a, VLAPIC_EXTINT), 0x24);
    end();

    /* LINT0 as fixed and as NMI (the old watchdog): at each rise of INT. */
    begin();
    apic_put(a, APIC_LVT_LINT0, 0x77);
    apic_put(fake_apic(d, 1), APIC_LVT_LINT0, 0x400);
    rise(4);
    CHECK_EQ(vlapic_pending(a), 0x77);
    CHECK_EQ(d->vcpu[1]->nmis, 1);
    CHECK_EQ(fake_drain(a), 1);
    fall(4);
    rise(4);
    CHECK_EQ(fake_drain(a), 1);
    CHECK_EQ(d->vcpu[1]->nmis, 2);
    end();
}

static void test_save(void)
{
    struct hvm_hw_vpic m, s, bad;
    struct domain *d1;

    begin();
    port_out(d, 0xa1, 0x40);
    rise(6);
    CHECK_EQ(take(), 0x26);
    rise(12);
    rise(3);
    m = d->route.pic[0];
    s = d->route.pic[1];
    CHECK_EQ(m.irr, 0x0c);
    CHECK_EQ(m.isr, 0x40);
    CHECK_EQ(m.irq_base, 0x20);
    CHECK_EQ(m.int_output, 1);
    CHECK_EQ(m.is_master, 1);
    CHECK_EQ(m.elcr, 4);
    CHECK_EQ(s.imr, 0x40);
    CHECK_EQ(s.irr, 0x10);
    d1 = d;
    d = fake_domain(1, true);
    a = fake_apic(d, 0);
    CHECK_EQ(vpic_load(&d->route, 0, &m), 0);
    CHECK_EQ(vpic_load(&d->route, 1, &s), 0);
    CHECK(vlapic_quiet(a));
    apic_put(a, APIC_LVT_LINT0, 0x700);
    CHECK_EQ(take(), 0x2c);
    eoi(12);
    CHECK_EQ(take(), 0x23);
    eoi(3);
    CHECK_EQ(take(), -1);
    CHECK_EQ(vpic_load(&d->route, 1, &m), -EINVAL);
    bad = m;
    bad.init_state = 1;
    CHECK_EQ(vpic_load(&d->route, 0, &bad), -EINVAL);
    bad = m;
    bad.int_output = 2;
    CHECK_EQ(vpic_load(&d->route, 0, &bad), -EINVAL);
    bad = m;
    bad.priority_add = 8;
    CHECK_EQ(vpic_load(&d->route, 0, &bad), -EINVAL);
    bad = m;
    bad.elcr = 5;
    CHECK_EQ(vpic_load(&d->route, 0, &bad), -EINVAL);
    bad = s;
    bad.elcr = 0x20;
    CHECK_EQ(vpic_load(&d->route, 1, &bad), -EINVAL);
    bad = m;
    bad.irq_base = 0x21;
    CHECK_EQ(vpic_load(&d->route, 0, &bad), -EINVAL);
    end();
    fake_domain_free(d1);
}

int main(void)
{
    test_lines();
    test_priority();
    test_mask();
    test_eoi();
    test_rotation();
    test_special_mask();
    test_level();
    test_poll();
    test_init();
    test_wiring();
    test_save();
    return test_result();
}
