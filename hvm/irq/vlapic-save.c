/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records LAPIC and LAPIC_REGS, as Xen 4.20 writes and reads them. What is
 * loaded comes from an untrusted stream: no state is taken that the guest
 * could not have got into itself.
 *
 * TMCCT is zero in streams of Xen, where the timer starts over after a
 * restore; a stream of ours has the count that was left.
 */
#include "hvm/irq/vlapic-private.h"
#include "hvm/irq/route.h"
#include "hvm/irq/upcalls.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/lib/string.h"

/* hvm_hw_lapic.disabled */
#define RECORD_HW_DISABLED 1u
#define RECORD_SW_DISABLED 2u

void vlapic_save_hidden(struct vlapic *a, struct hvm_hw_lapic *rec)
{
    bool sw_off = !(a->regs[APIC_SPIV / 4] & APIC_SPIV_ENABLE);

    memset(rec, 0, sizeof(*rec));
    rec->apic_base_msr = a->base_msr;
    rec->disabled = (a->mode == VLAPIC_OFF ? RECORD_HW_DISABLED : 0) |
                    (sw_off ? RECORD_SW_DISABLED : 0);
    rec->timer_divisor = 1u << a->timer_shift;
    rec->tdt_msr = a->tsc_deadline;
    rec->pending_esr = READ_ONCE(a->pending_esr);
}

void vlapic_save_regs(struct vlapic *a, struct hvm_hw_lapic_regs *rec)
{
    uint32_t ppr, left;

    vlapic_sync_tpr(a);
    ppr = a->ppr;
    if (READ_ONCE(a->pending) & VLAPIC_PENDING_TIMER)
        vlapic_timer_expired(a);
    left = vlapic_timer_left(a);
    memcpy(rec->data, a->regs, sizeof(rec->data));
    memcpy(&rec->data[APIC_PPR], &ppr, sizeof(ppr));
    memcpy(&rec->data[APIC_TMCCT], &left, sizeof(left));
}

int vlapic_load_hidden(struct vlapic *a, const struct hvm_hw_lapic *rec)
{
    bool on = rec->apic_base_msr & APIC_BASE_MSR_ENABLE;
    bool x2 = rec->apic_base_msr & APIC_BASE_MSR_X2APIC;

    /* The divider is derived from TDCR, the software bit from SPIV. */
    if ((x2 && !on) ||
        (rec->disabled & ~(RECORD_HW_DISABLED | RECORD_SW_DISABLED)))
        return -EINVAL;
    vlapic_timer_stop(a);
    a->base_msr = rec->apic_base_msr &
                  (0x000ffffffffff000ull | APIC_BASE_MSR_ENABLE |
                   APIC_BASE_MSR_X2APIC | APIC_BASE_MSR_BSP);
    a->mode = !on || (rec->disabled & RECORD_HW_DISABLED) ? VLAPIC_OFF
              : x2 ? VLAPIC_X2APIC : VLAPIC_XAPIC;
    a->tsc_deadline = rec->tdt_msr;
    a->pending_esr = rec->pending_esr & 0xff;
    vlapic_update_mode(a);
    return 0;
}

/* Brings the banks into the form that the fast paths rely on: no vector
 * below 16, summaries that fit. */
static void load_banks(struct vlapic *a)
{
    uint32_t words = 0;

    a->regs[APIC_ISR / 4] &= 0xffff0000;
    a->regs[APIC_IRR / 4] &= 0xffff0000;
    a->isr_words = 0;
    a->isrv = 0;
    for (unsigned int i = 0; i < 8; i++) {
        uint32_t isr = a->regs[APIC_ISR / 4 + i * 4];

        if (isr) {
            a->isr_words |= (uint8_t)(1u << i);
            a->isrv = (uint8_t)(i * 32 + bit_highest(isr));
        }
        if (a->regs[APIC_IRR / 4 + i * 4])
            words |= 1u << i;
    }
    a->pending = (a->pending & VLAPIC_PENDING_EXTINT) | words;
}

int vlapic_load_regs(struct vlapic *a, const struct hvm_hw_lapic_regs *rec)
{
    uint32_t left, count, *regs = a->regs;

    for (unsigned int i = 0; i < NR_REGS; i++) {
        const struct vlapic_reg *r = &vlapic_regs[i];

        regs[i * 4] = 0;
        if (r->flags & REG_SAVED)
            memcpy(&regs[i * 4], &rec->data[i * 16], sizeof(*regs));
        if (r->writable)
            regs[i * 4] &= r->writable;
    }
    regs[APIC_VERSION / 4] = vlapic_regs[APIC_VERSION / 16].reset;
    regs[APIC_DFR / 4] |= 0x0fffffff;
    for (unsigned int i = 0; i < APIC_LVT_COUNT; i++)
        if (!(regs[APIC_SPIV / 4] & APIC_SPIV_ENABLE))
            regs[APIC_LVT_TIMER / 4 + i * 4] |= APIC_LVT_MASKED;
    load_banks(a);
    vlapic_update_mode(a);
    vlapic_update_ppr(a);
    vlapic_set_cr8(a, vlapic_tpr(a) >> 4);
    vlapic_timer_divide(a, regs[APIC_TDCR / 4]);
    left = regs[APIC_TMCCT / 4];
    regs[APIC_TMCCT / 4] = 0;
    count = regs[APIC_TMICT / 4];
    vlapic_timer_restore(a, left && left <= count ? left : count);
    route_pic_rewire(a->route);
    vlapic_kick(a);
    return 0;
}
