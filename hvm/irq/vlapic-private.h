/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the two files of the local APIC share. For nobody else.
 */
#pragma once

#include "hvm/irq/vlapic.h"

#define APIC_TIMER_MODE   0x60000u /* bits of LVT timer */
#define APIC_TIMER_REPEAT 0x20000u
#define APIC_TIMER_TSC    0x40000u

/* Forgets the running count and the deadline. */
void vlapic_timer_stop(struct vlapic *a);
/* Marks the vCPU: the callback of ->timer. */
void vlapic_timer_mark(void *vlapic);
/* VLAPIC_PENDING_TIMER is set: raises the interrupt, goes on if periodic. */
void vlapic_timer_expired(struct vlapic *a);
/* Writes of TMICT, TDCR and of LVT timer (checked); a read of TMCCT. */
void vlapic_timer_count(struct vlapic *a, uint32_t val);
void vlapic_timer_divide(struct vlapic *a, uint32_t val);
void vlapic_timer_lvt(struct vlapic *a, uint32_t val);
uint32_t vlapic_timer_left(const struct vlapic *a);
/* Starts again after a load, `left` being what TMCCT shall read. */
void vlapic_timer_restore(struct vlapic *a, uint32_t left);
