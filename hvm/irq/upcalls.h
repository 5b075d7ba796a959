/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the interrupt controllers expect from the layers above (files of hvm/
 * define these; unit tests supply fakes).
 */
#pragma once

#include "hvm/irq/vlapic.h"

/*
 * Something in a->pending is new, or may now be deliverable: the vCPU must
 * call vlapic_pending() before it next enters its guest, and must stop
 * waiting in HLT. From any CPU, lock HVM_IRQ and VDEV may be held.
 */
void vlapic_kick(struct vlapic *a);
/* A request is new in a->posted: the same, but a guest that runs needs not
 * exit for it. */
void vlapic_notify(struct vlapic *a);
/*
 * APIC_DM_NMI for a vCPU: one is remembered, a second one merges with it.
 * APIC_DM_INIT: the target calls vlapic_init_signal() itself.
 * APIC_DM_STARTUP: ignored by a vCPU that does not wait for it; only here
 * `vector` counts. Same contract as vlapic_kick(): note it and return.
 */
void vlapic_signal(struct vlapic *a, enum apic_delivery what, uint8_t vector);
/*
 * CR8 is another name for the upper half of TPR, and the guest writes it
 * without an exit. vlapic_cr8() tells what is there (0 to 15); TPR counts as
 * written when they differ. vlapic_set_cr8(): TPR was changed otherwise. Own
 * vCPU or while it is paused; set_cr8 also while the vCPU is being made.
 */
unsigned int vlapic_cr8(const struct vlapic *a);
void vlapic_set_cr8(struct vlapic *a, unsigned int cr8);
/* The guest enabled its local APIC by SPIV: an event-channel vector that was
 * lost while it was off must be posted again. */
void vlapic_enabled_again(struct vlapic *a);
/*
 * Nanoseconds since boot at which this vCPU's TSC has (had) the value `tsc`;
 * TIME_NEVER if beyond 2^63 ns. Used for the TSC deadline.
 */
uint64_t vlapic_tsc_to_ns(const struct vlapic *a, uint64_t tsc);

/*
 * A GSI of a domain with route->watch_pins (domain 0): its redirection entry
 * changed in mask, trigger, polarity or routing. Lock HVM_IRQ of the domain
 * held, so calls come in the order of the changes.
 */
void vioapic_pin_changed(struct route *r, unsigned int gsi);
/* The guest ended a level interrupt: a physical line may interrupt again.
 * Lock HVM_IRQ of the domain held. */
void route_gsi_ended(struct route *r, unsigned int gsi);
/*
 * The guest may have unmasked a line somewhere (PIC, I/O APIC pin, or what
 * route_pic_rewire() is called for): periodic devices whose ticks nobody could
 * hear start again, in their rhythm. No locks held.
 */
void ticks_resume(struct route *r);
