/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ACPI fixed hardware that is not the device model's: the 32-bit PM timer
 * (3.579545 MHz) and the PM1a event block with its SCI on ISA IRQ 9. The
 * PM1a control register between them belongs to the device model. Ports by
 * HVM_PARAM_ACPI_IOPORTS_LOCATION. The counter is read without a lock.
 *
 * Lock: ->lock, rank VDEV, taken inside.
 */
#pragma once

#include "hvm/dev/tick.h"

/* PM1 status and enable bits (ACPI 6.4, 4.8.4.1). */
#define PM1_TMR     (1u << 0)
#define PM1_GBL     (1u << 5)
#define PM1_PWRBTN  (1u << 8)
#define PM1_SLPBTN  (1u << 9)

struct pmtimer {
    struct spinlock lock;
    struct route *route;
    uint64_t offset;       /* counter - now in ticks; the guest sees 32 bits */
    uint64_t flips;        /* changes of bit 31 that TMR_STS knows of */
    uint16_t sts, en;      /* PM1a event registers */
    unsigned int location; /* 0 or 1: which ports */
    struct tick tick;      /* next change of bit 31, while TMR_EN is set */
};

/* Reset state, on the route's bus at location 0; errors of bus_add(). */
int pmtimer_init(struct pmtimer *p, struct ticks *ticks, struct route *r);
/* HVM_PARAM_ACPI_IOPORTS_LOCATION: 0 or 1. -EINVAL; errors of bus_move(). */
int pmtimer_move(struct pmtimer *p, uint64_t location);
/* A button of the toolstack (sendtrigger): PM1_PWRBTN or PM1_SLPBTN. */
void pmtimer_press(struct pmtimer *p, uint16_t button);

/* Record PMTIMER; the domain is paused. load: -EINVAL. */
void pmtimer_save(struct pmtimer *p, struct hvm_hw_pmtimer *rec);
int pmtimer_load(struct pmtimer *p, const struct hvm_hw_pmtimer *rec);
