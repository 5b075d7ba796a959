/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ACPI PM timer and PM1a events (ACPI 6.4, 4.8.2.1 and 4.8.3.1). The counter
 * is the host's time in other units; TMR_STS is brought up to date when the
 * guest looks, or by a timer if it wants the interrupt.
 */
#include "hvm/dev/timers.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/abi/ioreq.h"

#define PM_HZ 3579545ull

#define SCI_IRQ 9 /* as the FADT says */
#define SCI_EVENTS (PM1_TMR | PM1_GBL | PM1_PWRBTN | PM1_SLPBTN)

static uint64_t ticks_now(const struct pmtimer *p)
{
    return mul_frac(now_ns(), HZ_FRAC(PM_HZ)) + READ_ONCE(p->offset);
}

/* TMR_STS: bit 31 has changed since somebody looked. */
static void look(struct pmtimer *p)
{
    uint64_t flips = ticks_now(p) >> 31;

    if (flips == p->flips)
        return;
    p->flips = flips;
    p->sts |= PM1_TMR;
}

/* The SCI follows status and enable; the timer runs while somebody waits for
 * bit 31 to change. */
static void update(struct pmtimer *p)
{
    bool waits = p->en & ~p->sts & PM1_TMR;
    uint64_t left = (1ull << 31) - (ticks_now(p) & 0x7fffffff);
    uint64_t at = now_ns() + left * 1000000000 / PM_HZ + 1;

    route_isa_set(p->route, SCI_IRQ, p->sts & p->en & SCI_EVENTS);
    tick_set(&p->tick, waits ? at : TIME_NEVER, 0);
}

static enum irq_result flipped(void *dev)
{
    look(dev);
    update(dev);
    return IRQ_DELIVERED;
}

/* PM_TMR_BLK: read-only, any size. */
static enum bus_rc timer_access(void *dev, uint64_t port, unsigned int size,
                                bool write, uint64_t *val)
{
    if (!write)
        *val = (uint32_t)ticks_now(dev) >> (port & 3) * 8;
    return BUS_OK;
}

/* PM1a_EVT_BLK: two bytes of status (write 1 to clear), two of enables. */
static enum bus_rc event_access(void *dev, uint64_t port, unsigned int size,
                                bool write, uint64_t *val)
{
    struct pmtimer *p = dev;
    unsigned int shift = (port & 3) * 8;
    uint64_t mask = size_mask(size) << shift, bits = *val << shift;

    spin_lock(&p->route->timer_lock);
    look(p);
    if (write) {
        p->sts &= (uint16_t)~bits;
        p->en = (uint16_t)((p->en & ~(mask >> 16)) | bits >> 16);
        update(p);
    } else {
        *val = (p->sts | (uint32_t)p->en << 16) >> shift;
    }
    spin_unlock(&p->route->timer_lock);
    return BUS_OK;
}

static void set_counter(struct pmtimer *p, uint32_t val)
{
    WRITE_ONCE(p->offset, p->offset + val - ticks_now(p));
    p->flips = ticks_now(p) >> 31;
}

int pmtimer_init(struct pmtimer *p, struct route *r)
{
    static const struct bus_range ranges[] = {
        { BUS_PORT, ACPI_PM_TMR_BLK_ADDRESS_V0, 4, timer_access },
        { BUS_PORT, ACPI_PM1A_EVT_BLK_ADDRESS_V0, 4, event_access },
    };

    *p = (struct pmtimer){ .route = r };
    tick_init(&p->tick, r, flipped, p);
    set_counter(p, 0);
    return bus_add(r->bus, ranges, ARRAY_SIZE(ranges), p);
}

int pmtimer_move(struct pmtimer *p, uint64_t location)
{
    static const uint16_t port[2][2] = { /* timer, events */
        { ACPI_PM_TMR_BLK_ADDRESS_V0, ACPI_PM1A_EVT_BLK_ADDRESS_V0 },
        { ACPI_PM_TMR_BLK_ADDRESS_V1, ACPI_PM1A_EVT_BLK_ADDRESS_V1 },
    };
    struct bus *b = p->route->bus;
    unsigned int to, from = p->location;
    int rc;

    if (location > 1)
        return -EINVAL;
    to = (unsigned int)index_nospec(location, 2);
    if (to == from)
        return 0;
    rc = bus_move(b, port[from][0], port[to][0]);
    if (!rc)
        rc = bus_move(b, port[from][1], port[to][1]);
    if (!rc)
        p->location = to;
    return rc;
}

void pmtimer_press(struct pmtimer *p, uint16_t button)
{
    spin_lock(&p->route->timer_lock);
    look(p);
    p->sts |= button;
    update(p);
    spin_unlock(&p->route->timer_lock);
}

void pmtimer_save(struct pmtimer *p, struct hvm_hw_pmtimer *rec)
{
    spin_lock(&p->route->timer_lock);
    look(p);
    rec->tmr_val = (uint32_t)ticks_now(p);
    rec->pm1a_sts = p->sts;
    rec->pm1a_en = p->en;
    spin_unlock(&p->route->timer_lock);
}

int pmtimer_load(struct pmtimer *p, const struct hvm_hw_pmtimer *rec)
{
    spin_lock(&p->route->timer_lock);
    set_counter(p, rec->tmr_val);
    p->sts = rec->pm1a_sts;
    p->en = rec->pm1a_en;
    update(p);
    spin_unlock(&p->route->timer_lock);
    return 0;
}
