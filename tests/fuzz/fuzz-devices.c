/* sources: hvm/dev/pit.c hvm/dev/hpet.c hvm/dev/rtc.c hvm/dev/pmtimer.c hvm/dev/tick.c hvm/irq/vlapic.c hvm/irq/apicbus.c hvm/irq/vioapic.c hvm/irq/vpic.c hvm/irq/route.c hvm/io/bus.c tests/unit/irq-fakes.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A whole PC's interrupt controllers and timers under random port and MMIO
 * accesses, wires, time and records. A save and a load must change no record;
 * the rest is left to the sanitizers and to the fake locks.
 */
#include <stdlib.h>
#include <string.h>

#include "hvm/dev/timers.h"
#include "tests/unit/bus.h"
#include "tests/unit/irq-fakes.h"

static struct pit pit;
static struct hpet hpet;
static struct rtc rtc;
static struct pmtimer pm;

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

static const uint16_t ports[] = {
    0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1, 0x40, 0x41, 0x42, 0x43, 0x61,
    0x70, 0x71, 0x1f40, 0x1f42, 0x1f48,
};

static const uint32_t pages[] = { 0xfec00000, 0xfed00000 };

static void garbage(void *rec, size_t size, struct input *in)
{
    uint8_t *p = rec;

    /* A few bytes of a good record are changed. */
    for (unsigned int i = 0; i < 4 && in->left; i++)
        p[take(in, 2) % size] = (uint8_t)take(in, 1);
}

#define ROUND_TRIP(dev, type, bad)                                          \
    do {                                                                    \
        struct type one = { 0 }, two = { 0 };                               \
        dev##_save(dev##_obj, &one);                                        \
        if (bad) {                                                          \
            garbage(&one, sizeof(one), in);                                 \
            (void)dev##_load(dev##_obj, &one);                              \
        } else {                                                            \
            must(!dev##_load(dev##_obj, &one));                             \
            dev##_save(dev##_obj, &two);                                    \
            must(!memcmp(&one, &two, sizeof(one)));                         \
        }                                                                   \
    } while (0)

static void records(struct domain *d, unsigned int which, bool bad,
                    struct input *in)
{
    struct pit *pit_obj = &pit;
    struct rtc *rtc_obj = &rtc;
    struct pmtimer *pmtimer_obj = &pm;
    struct route *vioapic_obj = &d->route, *route_obj = &d->route;
    struct hvm_hw_hpet hpet_rec = { 0 };
    struct hvm_hw_vpic pic;
    struct hvm_hw_pci_irqs pci;
    struct hvm_hw_isa_irqs isa;
    struct hvm_hw_pci_link link = { 0 };

    switch (which) {
    case 0:
        ROUND_TRIP(pit, hvm_hw_pit, bad);
        break;
    case 1:
        ROUND_TRIP(rtc, hvm_hw_rtc, bad);
        break;
    case 2:
        ROUND_TRIP(pmtimer, hvm_hw_pmtimer, bad);
        break;
    case 3:
        ROUND_TRIP(vioapic, hvm_hw_vioapic, bad);
        break;
    case 4:
        hpet_save(&hpet, &hpet_rec);
        if (bad)
            garbage(&hpet_rec, sizeof(hpet_rec), in);
        must(!hpet_load(&hpet, &hpet_rec) || bad);
        break;
    case 5:
        for (unsigned int i = 0; i < 2; i++) {
            pic = d->route.pic[i];
            if (bad)
                garbage(&pic, sizeof(pic), in);
            must(!vpic_load(&d->route, i, &pic) || bad);
        }
        break;
    case 6:
        route_save_intx(route_obj, &pci);
        route_save_isa(route_obj, &isa);
        route_save_link(route_obj, &link);
        if (bad) {
            garbage(&pci, sizeof(pci), in);
            garbage(&isa, sizeof(isa), in);
            garbage(&link, sizeof(link), in);
        }
        must(!route_load_intx(route_obj, &pci) || bad);
        must(!route_load_isa(route_obj, &isa) || bad);
        must(!route_load_link(route_obj, &link) || bad);
        break;
    }
}

static void step(struct domain *d, struct input *in)
{
    unsigned int op = (unsigned int)take(in, 1), size = 1u << (op >> 4 & 3);
    uint16_t port;
    uint64_t v, gpa;

    switch (op & 15) {
    case 0:
    case 1:
        port = ports[take(in, 1) % ARRAY_SIZE(ports)];
        port_out(d, port, (uint8_t)take(in, 1));
        break;
    case 2:
        port = ports[take(in, 1) % ARRAY_SIZE(ports)];
        (void)bus_port_write(&d->bus, port + (op >> 6), size, take(in, 8));
        break;
    case 3:
        port = ports[take(in, 1) % ARRAY_SIZE(ports)];
        (void)bus_port_read(&d->bus, port + (op >> 6), size, &v);
        break;
    case 4:
    case 5:
        gpa = pages[op >> 6 & 1] + (take(in, 2) & 0x7fc);
        (void)bus_mmio_write(&d->bus, gpa, size, take(in, 8));
        break;
    case 6:
        gpa = pages[op >> 6 & 1] + (take(in, 2) & 0x7ff);
        (void)bus_mmio_read(&d->bus, gpa, size, &v);
        break;
    case 7:
        ioapic_set_rte(d, (unsigned int)take(in, 1) % 48, take(in, 8));
        break;
    case 8:
        route_intx_set(&d->route, (unsigned int)take(in, 1), op >> 4 & 3,
                       op >> 6 & 1);
        break;
    case 9:
        route_isa_set(&d->route, (unsigned int)take(in, 1), op >> 6 & 1);
        break;
    case 10:
        (void)route_link_set(&d->route, op >> 4 & 7, take(in, 1));
        break;
    case 11:
        route_callback_set_via(&d->route, take(in, 8));
        route_callback_set(&d->route, op >> 6 & 1);
        break;
    case 12:
        apic_put(fake_apic(d, 0), APIC_LVT_LINT0, (uint32_t)take(in, 3));
        (void)pmtimer_move(&pm, op >> 4 & 1);
        break;
    case 13:
        fake_run_until(fake_now + take(in, 3) * (op >> 7 ? 16 : 1));
        break;
    case 14:
        records(d, (unsigned int)take(in, 1) % 7, op >> 7, in);
        break;
    case 15:
        if (op >> 6 & 1)
            (void)route_msi(&d->route, take(in, 5), (uint32_t)take(in, 2));
        fake_drain(fake_apic(d, 0));
        break;
    }
    must(!fake_locks_held());
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, size };
    struct domain *d;

    fake_now = SECONDS(10);
    d = fake_domain(2, true);
    must(!pit_init(&pit, &d->route) &&
         !hpet_init(&hpet, &d->route, &pit) &&
         !rtc_init(&rtc, &d->route) &&
         !pmtimer_init(&pm, &d->route));
    for (unsigned int i = 0; in.left && i < 300; i++)
        step(d, &in);
    ticks_exit(&d->route);
    fake_domain_free(d);
    must(!fake_timers_set());
    return 0;
}
