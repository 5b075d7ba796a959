/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pair of 8259A interrupt controllers of one domain. State is kept as
 * the save record has it. Lock: HVM_IRQ of the domain (struct route).
 */
#pragma once

#include "hypervisor/abi/hvm-save.h"
#include "hvm/io/bus.h"
#include "hvm/irq/apicbus.h"

struct route;

/* Both chips of a zeroed route to power-up state and on the bus; errors of
 * bus_add(). */
int vpic_init(struct route *r);
/* Line irq (0 to 15, not 2) rose / fell; lock HVM_IRQ held. rise:
 * IRQ_DELIVERED unless the last one waits still; IRQ_IGNORED when masked (but
 * it is latched). */
enum irq_result vpic_rise(struct route *r, unsigned int irq);
void vpic_fall(struct route *r, unsigned int irq);
/* A vCPU runs the INTA cycles: the vector, -1 if INT fell or went to another
 * vCPU meanwhile. No locks held. */
int vpic_inta(struct route *r, const struct vlapic *a);

/* Record PIC, instance 0: master, 1: slave. The domain has them and is
 * paused. load: -EINVAL. */
void vpic_save(struct route *r, unsigned int chip, struct hvm_hw_vpic *rec);
int vpic_load(struct route *r, unsigned int chip,
              const struct hvm_hw_vpic *rec);
