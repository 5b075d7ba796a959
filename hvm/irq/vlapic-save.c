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

/* Registers of the page that hold something, bit per 16 bytes. */
#define REG(offset) BIT((offset) / 16)
#define BANK(offset) (0xffull << (offset) / 16)
#define STORED                                                              \
    (REG(APIC_ID) | REG(APIC_VERSION) | REG(APIC_TPR) | REG(APIC_LDR) |     \
     REG(APIC_DFR) | REG(APIC_SPIV) | REG(APIC_ESR) | REG(APIC_ICR) |       \
     REG(APIC_ICR2) | REG(APIC_LVT_TIMER) | REG(APIC_LVT_THERM) |           \
     REG(APIC_LVT_PERF) | REG(APIC_LVT_LINT0) | REG(APIC_LVT_LINT1) |       \
     REG(APIC_LVT_ERROR) | REG(APIC_TMICT) | REG(APIC_TMCCT) |              \
     REG(APIC_TDCR) | BANK(APIC_ISR) | BANK(APIC_TMR) | BANK(APIC_IRR))

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

/*
 * x2APIC ids and LDRs as streams have them: LDR from the id (4.20), from the
 * vCPU id (4.4 to 4.18; the guest may know them, so they stay), or all 1
 * (before 4.4; put right).
 */
static void fix_x2apic_ldr(struct vlapic *a)
{
    uint32_t ldr = a->regs[APIC_LDR / 4];

    if (a->mode != VLAPIC_X2APIC || ldr == vlapic_x2apic_ldr(a->id))
        return;
    if (ldr == vlapic_x2apic_ldr(a->vcpu_id))
        a->route->apics.ldr_from_vcpu |= a->vcpu_id != 0;
    else if (ldr == 1)
        a->regs[APIC_LDR / 4] = vlapic_x2apic_ldr(a->id);
}

/* Both records are there: derives the rest and starts the timer. */
static void complete(struct vlapic *a)
{
    uint32_t id = a->regs[APIC_ID / 4], left = a->regs[APIC_TMCCT / 4];
    uint32_t count = a->regs[APIC_TMICT / 4];

    a->regs[APIC_TMCCT / 4] = 0;
    a->id = a->mode == VLAPIC_X2APIC ? id : id >> 24;
    if (a->id != a->vcpu_id * 2)
        a->route->apics.odd_ids = true;
    fix_x2apic_ldr(a);
    vlapic_update_enabled(a);
    a->timer_next = TIME_NEVER;
    vlapic_timer_restore(a, left && left <= count ? left : count);
    route_pic_rewire(a->route);
    vlapic_mode_changed(a);
    vlapic_kick(a);
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
    a->loaded_hidden = true;
    if (a->loaded_regs)
        complete(a);
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
    uint64_t deadline = a->tsc_deadline;
    uint32_t version = a->regs[APIC_VERSION / 4];
    uint32_t *regs = a->regs;
    uint8_t tpr;

    vlapic_timer_stop(a);
    a->tsc_deadline = deadline;
    memset(regs, 0, sizeof(rec->data));
    for (unsigned int i = 0; i < 64; i++)
        if (STORED >> i & 1)
            memcpy(&regs[i * 4], &rec->data[i * 16], sizeof(*regs));
    regs[APIC_VERSION / 4] = version;
    regs[APIC_TPR / 4] &= 0xff;
    regs[APIC_SPIV / 4] &= 0x3ff;
    regs[APIC_TDCR / 4] &= 0xb;
    regs[APIC_ICR / 4] &= 0x000ccfff;
    for (unsigned int i = 0; i < APIC_LVT_COUNT; i++) {
        regs[APIC_LVT_TIMER / 4 + i * 4] &= 0x7ffff;
        if (!(regs[APIC_SPIV / 4] & APIC_SPIV_ENABLE))
            regs[APIC_LVT_TIMER / 4 + i * 4] |= APIC_LVT_MASKED;
    }
    load_banks(a);
    tpr = (uint8_t)regs[APIC_TPR / 4];
    a->ppr = tpr >> 4 >= a->isrv >> 4 ? tpr : a->isrv & 0xf0;
    vlapic_set_cr8(a, tpr >> 4);
    vlapic_timer_divide(a, regs[APIC_TDCR / 4]);
    a->loaded_regs = true;
    if (a->loaded_hidden)
        complete(a);
    return 0;
}
