/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ACPI PM timer and PM1a events (ACPI 6.4, 4.8.2.1 and 4.8.3.1). The counter
 * is the host's time in other units; TMR_STS is brought up to date when the
 * guest looks, or by a timer if it wants the interrupt.
 */
#include "hvm/dev/timers.h"
#include "hypervisor/abi/ioreq.h"

#define PM_HZ 3579545ull

#define SCI_IRQ 9 /* as the FADT says */
#define SCI_EVENTS (PM1_TMR | PM1_GBL | PM1_PWRBTN | PM1_SLPBTN)

/* Where the blocks are, by location. */
static const uint16_t base[] = {
    ACPI_PM1A_EVT_BLK_ADDRESS_V0, ACPI_PM1A_EVT_BLK_ADDRESS_V1,
};

static uint64_t ticks_now(const struct pmtimer *p)
{
    return mul_frac(now_ns(), HZ_FRAC(PM_HZ)) + READ_ONCE(p->offset);
}

/* TMR_STS: bit 31 has changed since somebody looked. */
static void look(struct pmtimer *p)
{
    uint64_t flips = ticks_now(p) >> 31;

    if (flips != p->flips)
        p->sts |= PM1_TMR;
    p->flips = flips;
}

/* The SCI follows status and enable; the timer runs while somebody waits for
 * bit 31 to change. */
static void update(struct pmtimer *p)
{
    bool waits = p->en & ~p->sts & PM1_TMR;
    uint64_t left = (1ull << 31) - (ticks_now(p) & 0x7fffffff);
    uint64_t at = now_ns() + left * 1000000000 / PM_HZ + 1;

    route_isa_set(p->tick.route, SCI_IRQ, p->sts & p->en & SCI_EVENTS);
    tick_set(&p->tick, waits ? at : TIME_NEVER, 0);
}

static enum irq_result flipped(void *dev)
{
    look(dev);
    update(dev);
    return IRQ_DELIVERED;
}

/* PM1a_EVT_BLK: two bytes of status (write 1 to clear), two of enables.
 * PM_TMR_BLK, eight ports on: read-only, any size. */
static enum bus_rc pm_access(void *dev, uint64_t port, unsigned int size,
                             bool write, uint64_t *val)
{
    struct pmtimer *p = dev;
    unsigned int shift = (port & 3) * 8;
    uint64_t mask = size_mask(size) << shift, bits = *val << shift;

    if ((port & 4) || (port & 3) + size > 4)
        return BUS_NONE; /* the control register, or no register */
    if (port & 8) {
        if (!write)
            *val = (uint32_t)ticks_now(p) >> shift;
        return BUS_OK;
    }
    spin_lock(&p->tick.route->timer_lock);
    look(p);
    if (write) {
        p->sts &= (uint16_t)~bits;
        p->en = (uint16_t)((p->en & ~(mask >> 16)) | bits >> 16);
        update(p);
    } else {
        *val = (p->sts | (uint32_t)p->en << 16) >> shift;
    }
    spin_unlock(&p->tick.route->timer_lock);
    return BUS_OK;
}

static void set_counter(struct pmtimer *p, uint32_t val)
{
    WRITE_ONCE(p->offset, p->offset + val - ticks_now(p));
    p->flips = ticks_now(p) >> 31;
}

int pmtimer_init(struct pmtimer *p, struct route *r)
{
    *p = (struct pmtimer){ 0 };
    tick_init(&p->tick, r, flipped, p);
    set_counter(p, 0);
    return bus_add(r->bus, &(struct bus_range){ BUS_PORT, base[0], 12,
                                                pm_access }, 1, p);
}

int pmtimer_move(struct pmtimer *p, uint64_t location)
{
    unsigned int to = (unsigned int)index_nospec(location, 2);

    if (location > 1)
        return -EINVAL;
    if (to == p->location)
        return 0;
    int rc = bus_move(p->tick.route->bus, base[p->location], base[to]);
    if (!rc)
        p->location = to;
    return rc;
}

void pmtimer_press(struct pmtimer *p, uint16_t button)
{
    spin_lock(&p->tick.route->timer_lock);
    look(p);
    p->sts |= button;
    update(p);
    spin_unlock(&p->tick.route->timer_lock);
}

void pmtimer_save(struct pmtimer *p, struct hvm_hw_pmtimer *rec)
{
    spin_lock(&p->tick.route->timer_lock);
    look(p);
    rec->tmr_val = (uint32_t)ticks_now(p);
    rec->pm1a_sts = p->sts;
    rec->pm1a_en = p->en;
    spin_unlock(&p->tick.route->timer_lock);
}

int pmtimer_load(struct pmtimer *p, const struct hvm_hw_pmtimer *rec)
{
    spin_lock(&p->tick.route->timer_lock);
    set_counter(p, rec->tmr_val);
    p->sts = rec->pm1a_sts;
    p->en = rec->pm1a_en;
    update(p);
    spin_unlock(&p->tick.route->timer_lock);
    return 0;
}
