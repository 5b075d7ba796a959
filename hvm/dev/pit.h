/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * 8254 interval timer: three channels at 1.193182 MHz, ports 40h to 43h, and
 * the speaker gate in port 61h. Channel 0 is ISA IRQ 0. Modes 0 to 5, binary
 * and BCD. Channel state is kept as the save record has it.
 *
 * Lock: ->lock, rank VDEV, taken inside.
 */
#pragma once

#include "hvm/dev/tick.h"

struct pit {
    struct spinlock lock;
    struct route *route;
    struct hvm_hw_pit hw;
    uint64_t loaded[3];   /* ns when the count began */
    uint64_t stopped;     /* ns when the gate of channel 2 fell */
    struct tick tick;     /* channel 0 */
    bool muted;           /* (a) the HPET has taken over IRQ 0 */
};

/* Power-up state, on the route's bus; errors of bus_add(). */
int pit_init(struct pit *p, struct ticks *ticks, struct route *r);

/* Record PIT; the domain is paused. load: -EINVAL. */
void pit_save(struct pit *p, struct hvm_hw_pit *rec);
int pit_load(struct pit *p, const struct hvm_hw_pit *rec);
