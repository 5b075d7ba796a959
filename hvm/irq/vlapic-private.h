/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the local APIC share: vlapic.c (registers),
 * vlapic-timer.c, vlapic-save.c. For nobody else.
 */
#ifndef LODGE_HVM_IRQ_VLAPIC_PRIVATE_H
#define LODGE_HVM_IRQ_VLAPIC_PRIVATE_H

#include "hvm/irq/vlapic.h"

#define APIC_SPIV_ENABLE  0x100u
#define APIC_TIMER_MODE   0x60000u /* bits of LVT timer */
#define APIC_TIMER_ONCE   0x00000u
#define APIC_TIMER_REPEAT 0x20000u
#define APIC_TIMER_TSC    0x40000u

/* Registers by their offset / 16. */
struct vlapic_reg {
    uint32_t writable; /* bits that software sets */
    uint32_t reset;    /* after power-up and INIT */
    uint8_t flags;
};
#define REG_SAVED    1 /* in the save record */
#define REG_X2_READ  2 /* can be read as an MSR of x2APIC mode */
#define REG_X2_WRITE 4 /* ...written */
#define NR_REGS 64
extern const struct vlapic_reg vlapic_regs[NR_REGS];

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

/* TPR and PPR follow what the guest has put into CR8. */
void vlapic_sync_tpr(struct vlapic *a);
/* ->ppr from TPR and ->isrv. */
void vlapic_update_ppr(struct vlapic *a);
/* What follows from ->mode: the id registers, and with SPIV ->enabled. */
void vlapic_update_mode(struct vlapic *a);

#endif
