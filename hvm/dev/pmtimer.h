/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ACPI fixed hardware that is not the device model's: the 32-bit PM timer
 * (3.579545 MHz) and the PM1a event block with its SCI on ISA IRQ 9. The
 * PM1a control register between them belongs to the device model. Ports by
 * HVM_PARAM_ACPI_IOPORTS_LOCATION. The counter is read without a lock.
 *
 * Lock: ->lock, rank VDEV, taken inside.
 */
#ifndef LODGE_HVM_DEV_PMTIMER_H
#define LODGE_HVM_DEV_PMTIMER_H

#include "hypervisor/abi/hvm-save.h"
#include "hypervisor/core/timer.h"
#include "hypervisor/cpu/spinlock.h"
#include "hvm/io/bus.h"

struct route;

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
    struct timer timer;    /* next change of bit 31, while TMR_EN is set */
    uint64_t timer_at;     /* ns; TIME_NEVER: not set */
};

/* Bus ranges for location 0; dev is the struct pmtimer. */
extern const struct bus_range pmtimer_ranges[];
extern const unsigned int pmtimer_nr_ranges;

void pmtimer_init(struct pmtimer *p, struct route *r);
/* Idempotent, fine on a zeroed struct. No locks held. */
void pmtimer_exit(struct pmtimer *p);
void pmtimer_reset(struct pmtimer *p);
/* HVM_PARAM_ACPI_IOPORTS_LOCATION: 0 or 1. -EINVAL; errors of bus_move(). */
int pmtimer_move(struct pmtimer *p, struct bus *b, uint64_t location);
/* Power and sleep button of the toolstack (sendtrigger). */
void pmtimer_power_button(struct pmtimer *p);
void pmtimer_sleep_button(struct pmtimer *p);
void pmtimer_migrate(struct pmtimer *p, unsigned int cpu);

/* Record PMTIMER; the domain is paused. load: -EINVAL. */
void pmtimer_save(struct pmtimer *p, struct hvm_hw_pmtimer *rec);
int pmtimer_load(struct pmtimer *p, const struct hvm_hw_pmtimer *rec);

#endif
