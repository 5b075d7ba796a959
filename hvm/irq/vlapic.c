/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Local APIC: registers, priorities, acceptance and dispensation of
 * interrupts. The timer is vlapic-timer.c, save records vlapic-save.c. Never
 * looks at a VMCB or VMCS: who enters the guest asks vlapic_pending() and
 * injects what vlapic_ack() gives.
 *
 * "Nothing to do" is one load: ->pending has a bit for each word of IRR that
 * may be non-zero, and one for each other reason to look. Who sets an IRR
 * bit sets the word's bit after it; who finds the word empty clears the
 * word's bit, then looks at the word again. One of the two sees the other.
 */
#include "hvm/irq/vlapic-private.h"
#include "hvm/irq/route.h"
#include "hvm/irq/upcalls.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/lib/string.h"

/* 6 LVT entries, no directed EOI: what guests of Xen 4.20 see. */
#define VLAPIC_VERSION 0x00050014u

#define LVT_BITS  (APIC_LVT_MASKED | 0x10ffu) /* mask, status, vector */
#define LINT_BITS (LVT_BITS | 0xe700u)        /* level, IRR, polarity, mode */

static const uint32_t lvt_bits[APIC_LVT_COUNT] = {
    LVT_BITS | APIC_TIMER_MODE, /* timer */
    LVT_BITS | 0x700,           /* thermal */
    LVT_BITS | 0x700,           /* performance */
    LINT_BITS, LINT_BITS,
    LVT_BITS,                   /* error */
};

/* SDM vol. 3A 11.5.3: latched until ESR is written; raises LVT error. */
static void raise_error(struct vlapic *a, uint32_t error)
{
    uint32_t lvt = READ_ONCE(a->regs[APIC_LVT_ERROR / 4]);

    if (atomic_fetch_or(&a->pending_esr, error) & error)
        return;
    if (lvt & APIC_LVT_MASKED)
        return;
    /* An illegal vector here must not come back to this place. */
    if ((lvt & 0xff) >= 16)
        vlapic_post(a, (uint8_t)lvt, false);
    else
        (void)atomic_fetch_or(&a->pending_esr, APIC_ESR_RECV_ILLEGAL);
}

enum irq_result vlapic_post(struct vlapic *a, uint8_t vector, bool level)
{
    uint32_t *regs = &a->regs[vector / 32 * 4];
    uint32_t *irr = &regs[APIC_IRR / 4], *tmr = &regs[APIC_TMR / 4];
    uint32_t bit = 1u << vector % 32;
    uint32_t word = 1u << vector / 32;

    if (unlikely(!READ_ONCE(a->enabled)))
        return IRQ_IGNORED;
    if (unlikely(vector < 16)) {
        raise_error(a, APIC_ESR_RECV_ILLEGAL);
        return IRQ_IGNORED;
    }
    if (!!(READ_ONCE(*tmr) & bit) != level) {
        if (level)
            (void)atomic_fetch_or(tmr, bit);
        else
            (void)atomic_fetch_and(tmr, ~bit);
    }
    if (atomic_fetch_or(irr, bit) & bit)
        return IRQ_COALESCED;
    if (!(READ_ONCE(a->pending) & word))
        (void)atomic_fetch_or(&a->pending, word);
    vlapic_kick(a);
    return IRQ_DELIVERED;
}

enum irq_result vlapic_local(struct vlapic *a, unsigned int lvt)
{
    uint32_t entry = READ_ONCE(a->regs[lvt / 4]);

    if (entry & APIC_LVT_MASKED)
        return IRQ_IGNORED;
    switch (entry >> 8 & 7) {
    case APIC_DM_FIXED:
        return vlapic_post(a, (uint8_t)entry, false);
    case APIC_DM_NMI:
        vlapic_signal(a, SIGNAL_NMI, 0);
        return IRQ_DELIVERED;
    default:
        return IRQ_IGNORED;
    }
}

static void word_emptied(struct vlapic *a, unsigned int word)
{
    (void)atomic_fetch_and(&a->pending, ~(1u << word));
    if (READ_ONCE(a->regs[APIC_IRR / 4 + word * 4]))
        (void)atomic_fetch_or(&a->pending, 1u << word);
}

static int highest_irr(struct vlapic *a, uint32_t words)
{
    while (words) {
        unsigned int word = bit_highest(words);
        uint32_t irr = READ_ONCE(a->regs[APIC_IRR / 4 + word * 4]);

        if (likely(irr))
            return (int)(word * 32 + bit_highest(irr));
        word_emptied(a, word);
        words &= ~(1u << word);
    }
    return -1;
}

int vlapic_highest_irr(struct vlapic *a)
{
    return highest_irr(a, READ_ONCE(a->pending) & 0xff);
}

int vlapic_pending(struct vlapic *a)
{
    uint32_t p = READ_ONCE(a->pending);
    int vector;

    if (unlikely(p & ~0xffu)) {
        if (p & VLAPIC_PENDING_TIMER) {
            vlapic_timer_expired(a);
            p = READ_ONCE(a->pending);
        }
        if (p & VLAPIC_PENDING_EXTINT)
            return VLAPIC_EXTINT;
    }
    vector = highest_irr(a, p & 0xff);
    return vector >> 4 > a->ppr >> 4 ? vector : -1;
}

/* SDM vol. 3A 11.8.3.1. */
static void update_ppr(struct vlapic *a)
{
    uint8_t tpr = (uint8_t)a->regs[APIC_TPR / 4];

    a->ppr = tpr >> 4 >= a->isrv >> 4 ? tpr : a->isrv & 0xf0;
}

int vlapic_ack(struct vlapic *a, int pending)
{
    uint8_t vector = (uint8_t)pending;
    unsigned int word = vector / 32;
    uint32_t *regs = &a->regs[word * 4], bit = 1u << vector % 32;

    if (unlikely(pending == VLAPIC_EXTINT))
        return route_pic_inta(a->route, a);
    if (atomic_fetch_and(&regs[APIC_IRR / 4], ~bit) == bit)
        word_emptied(a, word);
    regs[APIC_ISR / 4] |= bit;
    a->isr_words |= (uint8_t)(1u << word);
    a->isrv = MAX(a->isrv, vector);
    update_ppr(a);
    return vector;
}

void vlapic_eoi(struct vlapic *a)
{
    uint8_t vector = a->isrv;
    unsigned int word = vector / 32;
    uint32_t *regs = &a->regs[word * 4], bit = 1u << vector % 32, isr;

    if (!vector)
        return;
    isr = regs[APIC_ISR / 4] & ~bit;
    regs[APIC_ISR / 4] = isr;
    if (!isr) {
        a->isr_words &= (uint8_t)~(1u << word);
        if (a->isr_words) {
            word = bit_highest(a->isr_words);
            isr = a->regs[APIC_ISR / 4 + word * 4];
        }
    }
    a->isrv = isr ? (uint8_t)(word * 32 + bit_highest(isr)) : 0;
    update_ppr(a);
    if (unlikely(READ_ONCE(regs[APIC_TMR / 4]) & bit))
        vioapic_eoi(a->route, vector);
    if (READ_ONCE(a->pending))
        vlapic_kick(a);
}

void vlapic_tpr_changed(struct vlapic *a, uint8_t tpr)
{
    a->regs[APIC_TPR / 4] = tpr;
    update_ppr(a);
    if (READ_ONCE(a->pending))
        vlapic_kick(a);
}

void vlapic_sync_tpr(struct vlapic *a)
{
    unsigned int cr8 = vlapic_cr8(a);

    if (cr8 != vlapic_tpr(a) >> 4)
        vlapic_set_tpr(a, (uint8_t)(cr8 << 4));
}

/* In x2APIC mode icr has the destination in its upper half; in xAPIC mode
 * that comes from ICR2 (SDM vol. 3A 11.6.1, 11.12.9). */
static void send_ipi(struct vlapic *a, uint32_t icr, uint32_t dest)
{
    struct apic_msg m = {
        .vector = (uint8_t)icr,
        .delivery = icr >> 8 & 7,
        .logical = icr & 1u << 11,
        .shorthand = icr >> 18 & 3,
        .dest = dest,
    };

    if (a->mode == VLAPIC_XAPIC) {
        m.dest = dest >> 24;
        if (m.dest == 0xff && !m.logical)
            m.dest = APIC_BROADCAST;
    }
    if (m.delivery <= APIC_DM_LOWEST && m.vector < 16) {
        raise_error(a, APIC_ESR_SEND_ILLEGAL);
        return;
    }
    /* INIT level de-assert: processors ignore it. */
    if (m.delivery == APIC_DM_INIT && (icr & 0xc000) == 0x8000)
        return;
    (void)apicbus_deliver(&a->route->apics, a, &m);
}

static void write_spiv(struct vlapic *a, uint32_t val)
{
    bool was = a->enabled;

    a->regs[APIC_SPIV / 4] = val & 0x3ff;
    vlapic_update_enabled(a);
    if (a->enabled) {
        if (!was)
            vlapic_enabled_again(a);
    } else {
        for (unsigned int i = 0; i < APIC_LVT_COUNT; i++)
            a->regs[APIC_LVT_TIMER / 4 + i * 4] |= APIC_LVT_MASKED;
    }
    if (was != a->enabled) {
        route_pic_rewire(a->route);
        route_unmasked(a->route->domain);
    }
}

static void write_lvt(struct vlapic *a, unsigned int offset, uint32_t val)
{
    uint32_t old = a->regs[offset / 4];

    val &= lvt_bits[index_nospec((offset - APIC_LVT_TIMER) / 16,
                                 APIC_LVT_COUNT)];
    if (!(a->regs[APIC_SPIV / 4] & APIC_SPIV_ENABLE))
        val |= APIC_LVT_MASKED;
    if (offset == APIC_LVT_TIMER) {
        vlapic_timer_lvt(a, val);
        return;
    }
    a->regs[offset / 4] = val;
    if (offset == APIC_LVT_LINT0) {
        route_pic_rewire(a->route);
        if ((old & ~val) & APIC_LVT_MASKED)
            route_unmasked(a->route->domain);
    }
}

static void reg_write(struct vlapic *a, unsigned int offset, uint32_t val)
{
    switch (offset) {
    case APIC_EOI:
        vlapic_eoi(a);
        break;
    case APIC_TMICT:
        vlapic_timer_count(a, val);
        break;
    case APIC_TPR:
        vlapic_set_tpr(a, (uint8_t)val);
        vlapic_set_cr8(a, (uint8_t)val >> 4);
        break;
    case APIC_ICR:
        /* Delivery status always reads as idle. */
        val &= 0x000ccfff;
        a->regs[APIC_ICR / 4] = val;
        send_ipi(a, val, a->regs[APIC_ICR2 / 4]);
        break;
    case APIC_ICR2:
        a->regs[APIC_ICR2 / 4] = val & 0xff000000;
        break;
    case APIC_LDR:
        a->regs[APIC_LDR / 4] = val & 0xff000000;
        break;
    case APIC_DFR:
        a->regs[APIC_DFR / 4] = val | 0x0fffffff;
        break;
    case APIC_SPIV:
        write_spiv(a, val);
        break;
    case APIC_ESR:
        a->regs[APIC_ESR / 4] = atomic_xchg(&a->pending_esr, 0);
        break;
    case APIC_LVT_TIMER ... APIC_LVT_ERROR:
        write_lvt(a, offset, val);
        break;
    case APIC_TDCR:
        vlapic_timer_divide(a, val);
        break;
    default:
        /* Read-only or reserved. The id is read-only, too: the SDM (vol. 3A
         * 11.4.6) leaves that to the processor model. */
        break;
    }
}

static uint32_t reg_read(struct vlapic *a, unsigned int offset)
{
    if (offset == APIC_PPR || offset == APIC_TPR)
        vlapic_sync_tpr(a);
    if (offset == APIC_PPR)
        return a->ppr;
    if (offset == APIC_TMCCT)
        return vlapic_timer_left(a);
    return offset < 0x400 ? READ_ONCE(a->regs[offset / 4]) : 0;
}

uint64_t vlapic_mmio_read(struct vlapic *a, unsigned int offset,
                          unsigned int size)
{
    unsigned int byte = offset & 15;
    uint32_t reg;

    if (offset >= APIC_MMIO_SIZE || size > 4 || byte + size > 4)
        return 0;
    reg = reg_read(a, offset & 0xff0) >> byte * 8;
    return size == 4 ? reg : reg & ((1u << size * 8) - 1);
}

void vlapic_mmio_write(struct vlapic *a, unsigned int offset,
                       unsigned int size, uint64_t val)
{
    unsigned int byte = offset & 15;
    uint32_t mask;

    if (likely(offset == APIC_EOI && size == 4)) {
        vlapic_eoi(a);
        return;
    }
    if (offset >= APIC_MMIO_SIZE || size > 4 || byte + size > 4)
        return;
    offset &= 0xff0;
    if (unlikely(size != 4)) {
        /* The rest of the register is written back as it reads. */
        mask = ((1u << size * 8) - 1) << byte * 8;
        val = (reg_read(a, offset) & ~mask) | (val << byte * 8 & mask);
    }
    reg_write(a, offset, (uint32_t)val);
}

/* Registers that exist as x2APIC MSRs, bit per MSR index (SDM vol. 3A table
 * 11-6). */
#define X2(offset) BIT((offset) / 16)
#define X2_BANK(offset) (0xffull << (offset) / 16)
#define X2_READABLE                                                         \
    (X2(APIC_ID) | X2(APIC_VERSION) | X2(APIC_TPR) | X2(APIC_PPR) |         \
     X2(APIC_LDR) | X2(APIC_SPIV) | X2(APIC_ESR) | X2(APIC_ICR) |           \
     X2(APIC_LVT_CMCI) | X2(APIC_LVT_TIMER) | X2(APIC_LVT_THERM) |          \
     X2(APIC_LVT_PERF) | X2(APIC_LVT_LINT0) | X2(APIC_LVT_LINT1) |          \
     X2(APIC_LVT_ERROR) | X2(APIC_TMICT) | X2(APIC_TMCCT) | X2(APIC_TDCR) | \
     X2_BANK(APIC_ISR) | X2_BANK(APIC_TMR) | X2_BANK(APIC_IRR))

int vlapic_msr_read(struct vlapic *a, uint32_t msr, uint64_t *val)
{
    uint32_t n = msr - 0x800;

    if (a->mode != VLAPIC_X2APIC || n >= 64 || !(X2_READABLE >> n & 1))
        return -EPERM;
    *val = reg_read(a, n * 16);
    if (n == APIC_ICR / 16)
        *val |= (uint64_t)a->regs[APIC_ICR2 / 4] << 32;
    return 0;
}

/* Bits that may be written to an x2APIC register; 0: not writable at all
 * (EOI and ESR take only zero and are in the switch). */
static uint64_t x2_writable(unsigned int offset)
{
    switch (offset) {
    case APIC_TPR:
        return 0xff;
    case APIC_SPIV:
        return 0x3ff;
    case APIC_LVT_TIMER ... APIC_LVT_ERROR:
        return lvt_bits[index_nospec((offset - APIC_LVT_TIMER) / 16,
                                     APIC_LVT_COUNT)];
    case APIC_LVT_CMCI:
        return LVT_BITS | 0x700;
    case APIC_TMICT:
        return 0xffffffff;
    case APIC_TDCR:
        return 0xb;
    case APIC_SELF_IPI:
        return 0xff;
    default:
        return 0;
    }
}

int vlapic_msr_write(struct vlapic *a, uint32_t msr, uint64_t val)
{
    uint32_t n = msr - 0x800;
    unsigned int offset = n * 16;
    uint64_t bits;

    if (a->mode != VLAPIC_X2APIC || n >= 64)
        return -EPERM;
    if (offset == APIC_EOI || offset == APIC_ESR) {
        if (val)
            return -EPERM;
        if (offset == APIC_EOI)
            vlapic_eoi(a);
        else
            reg_write(a, offset, 0);
        return 0;
    }
    if (offset == APIC_ICR) {
        if ((uint32_t)val & ~0x000ccfffu)
            return -EPERM;
        a->regs[APIC_ICR2 / 4] = (uint32_t)(val >> 32);
        a->regs[APIC_ICR / 4] = (uint32_t)val;
        send_ipi(a, (uint32_t)val, (uint32_t)(val >> 32));
        return 0;
    }
    bits = x2_writable(offset);
    if (!bits || (val & ~bits))
        return -EPERM;
    if (offset == APIC_SELF_IPI)
        send_ipi(a, APIC_DEST_SELF << 18 | (uint32_t)val, 0);
    else
        reg_write(a, offset, (uint32_t)val);
    return 0;
}

void vlapic_update_enabled(struct vlapic *a)
{
    WRITE_ONCE(a->enabled, a->mode != VLAPIC_OFF &&
                           (a->regs[APIC_SPIV / 4] & APIC_SPIV_ENABLE));
}

static void clear_banks(struct vlapic *a)
{
    for (unsigned int i = 0; i < 8; i++) {
        a->regs[APIC_ISR / 4 + i * 4] = 0;
        WRITE_ONCE(a->regs[APIC_TMR / 4 + i * 4], 0);
        WRITE_ONCE(a->regs[APIC_IRR / 4 + i * 4], 0);
    }
    (void)atomic_fetch_and(&a->pending, ~0xffu);
    /* An interrupt that came in between is kept. */
    for (unsigned int i = 0; i < 8; i++)
        if (READ_ONCE(a->regs[APIC_IRR / 4 + i * 4]))
            (void)atomic_fetch_or(&a->pending, 1u << i);
    a->isr_words = 0;
    a->isrv = 0;
}

/* Registers as after power-up or INIT (SDM vol. 3A 11.4.7.1, 11.4.7.3). */
static void reset_registers(struct vlapic *a)
{
    a->regs[APIC_SPIV / 4] = 0xff;
    vlapic_update_enabled(a);
    vlapic_timer_stop(a);
    clear_banks(a);
    a->regs[APIC_VERSION / 4] = VLAPIC_VERSION;
    a->regs[APIC_TPR / 4] = 0;
    vlapic_set_cr8(a, 0);
    a->regs[APIC_ESR / 4] = 0;
    a->pending_esr = 0;
    a->regs[APIC_ICR / 4] = 0;
    a->regs[APIC_ICR2 / 4] = 0;
    a->regs[APIC_TMICT / 4] = 0;
    a->regs[APIC_TMCCT / 4] = 0;
    a->regs[APIC_TDCR / 4] = 0;
    a->timer_shift = 1;
    a->regs[APIC_DFR / 4] = 0xffffffff;
    /* The x2APIC LDR is read-only and derived from the id. */
    if (a->mode != VLAPIC_X2APIC)
        a->regs[APIC_LDR / 4] = 0;
    for (unsigned int i = 0; i < APIC_LVT_COUNT; i++)
        a->regs[APIC_LVT_TIMER / 4 + i * 4] = APIC_LVT_MASKED;
    update_ppr(a);
}

void vlapic_init_signal(struct vlapic *a)
{
    reset_registers(a);
    route_pic_rewire(a->route);
}

/* The id as the power-up state has it, which a load may have changed. */
static void regular_id(struct vlapic *a)
{
    a->id = a->vcpu_id * 2;
    a->regs[APIC_ID / 4] = a->mode == VLAPIC_X2APIC ? a->id : a->id << 24;
}

void vlapic_reset(struct vlapic *a)
{
    a->base_msr = APIC_BASE_DEFAULT | APIC_BASE_MSR_ENABLE |
                  (a->vcpu_id ? 0 : APIC_BASE_MSR_BSP);
    a->mode = VLAPIC_XAPIC;
    regular_id(a);
    reset_registers(a);
    a->loaded_hidden = a->loaded_regs = false;
    vlapic_mode_changed(a);
    route_pic_rewire(a->route);
}

uint32_t vlapic_x2apic_ldr(uint32_t id)
{
    return (id & ~15u) << 12 | 1u << (id & 15);
}

/* SDM vol. 3A 11.12.5: which mode may follow which. */
int vlapic_base_write(struct vlapic *a, uint64_t val)
{
    uint64_t known = 0x000ffffffffff000ull | APIC_BASE_MSR_ENABLE |
                     APIC_BASE_MSR_BSP |
                     (a->x2apic_allowed ? APIC_BASE_MSR_X2APIC : 0);
    bool on = val & APIC_BASE_MSR_ENABLE, x2 = val & APIC_BASE_MSR_X2APIC;
    uint8_t mode = !on ? VLAPIC_OFF : x2 ? VLAPIC_X2APIC : VLAPIC_XAPIC;

    if (val & ~known)
        return -EPERM;
    /* Invalid state; off to x2APIC; x2APIC to xAPIC. */
    if ((x2 && !on) || (mode == VLAPIC_X2APIC && a->mode == VLAPIC_OFF) ||
        (mode == VLAPIC_XAPIC && a->mode == VLAPIC_X2APIC))
        return -EPERM;
    /* The page has one place for all vCPUs: the nested tables are shared. */
    if (mode == VLAPIC_XAPIC &&
        (val & 0x000ffffffffff000ull) != APIC_BASE_DEFAULT)
        return -EPERM;
    a->base_msr = val;
    if (mode == a->mode)
        return 0;
    a->mode = mode;
    if (mode == VLAPIC_OFF || mode == VLAPIC_XAPIC) {
        /* Off: the state is lost; on again: as after power-up. */
        regular_id(a);
        reset_registers(a);
    } else {
        a->regs[APIC_ID / 4] = a->id;
        a->regs[APIC_LDR / 4] = vlapic_x2apic_ldr(
            a->route->apics.ldr_from_vcpu ? a->vcpu_id : a->id);
        a->regs[APIC_ICR2 / 4] = 0;
    }
    vlapic_update_enabled(a);
    vlapic_mode_changed(a);
    route_pic_rewire(a->route);
    if (mode == VLAPIC_OFF)
        route_unmasked(a->route->domain);
    return 0;
}

int vlapic_init(struct vlapic *a, struct route *r, unsigned int vcpu_id,
                void *page, bool x2apic_allowed)
{
    if (vcpu_id >= APICBUS_MAX)
        return -EINVAL;
    memset(a, 0, sizeof(*a));
    a->regs = page;
    a->route = r;
    a->vcpu_id = vcpu_id;
    a->x2apic_allowed = x2apic_allowed;
    vlapic_timer_init(a);
    r->apics.nr = MAX(r->apics.nr, vcpu_id + 1);
    vlapic_reset(a);
    store_release(&r->apics.vlapic[vcpu_id], a);
    route_pic_rewire(r);
    return 0;
}

void vlapic_exit(struct vlapic *a)
{
    if (!a->route)
        return;
    a->route->apics.vlapic[a->vcpu_id] = NULL;
    route_pic_rewire(a->route);
    timer_kill(&a->timer);
    a->route = NULL;
}
