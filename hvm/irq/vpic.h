/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pair of 8259A interrupt controllers of one domain. State is kept as
 * the save record has it. Lock: HVM_IRQ of the domain (struct route).
 */
#ifndef LODGE_HVM_IRQ_VPIC_H
#define LODGE_HVM_IRQ_VPIC_H

#include "hypervisor/abi/hvm-save.h"
#include "hvm/io/bus.h"
#include "hvm/irq/apicbus.h"

struct route;

/* Ports for the bus; dev is the struct route. No locks held. */
extern const struct bus_range vpic_ranges[];
extern const unsigned int vpic_nr_ranges;

/* Both chips to power-up state. Lock HVM_IRQ held, as for the next three. */
void vpic_reset(struct route *r);
/* Line irq (0 to 15, 2 is ignored) rose / fell. rise: IRQ_DELIVERED unless
 * the last one waits still; IRQ_IGNORED when masked (but it is latched). */
enum irq_result vpic_rise(struct route *r, unsigned int irq);
void vpic_fall(struct route *r, unsigned int irq);
/* The processor's INTA cycles: the vector, or -1 if INT fell meanwhile. */
int vpic_inta(struct route *r);

/* Record PIC, instance 0: master, 1: slave. The domain is paused. load:
 * -EINVAL. */
void vpic_save(struct route *r, unsigned int chip, struct hvm_hw_vpic *rec);
int vpic_load(struct route *r, unsigned int chip,
              const struct hvm_hw_vpic *rec);

#endif
