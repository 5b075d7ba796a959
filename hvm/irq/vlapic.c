/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Local APIC: registers, acceptance and dispensation of interrupts, timer,
 * priorities, save records. Never looks at a VMCB or VMCS: who enters the
 * guest asks vlapic_pending() and injects what vlapic_ack() gives.
 *
 * "Nothing to do" is one load: ->pending has a bit for each word of IRR that
 * may be non-zero, and one for each other reason to look. Who sets an IRR
 * bit sets the word's bit after it; who finds the word empty clears the
 * word's bit, then looks at the word again. One of the two sees the other.
 */
#include "hvm/irq/route.h"
#include "hypervisor/lib/string.h"

#define LVT_BITS (APIC_LVT_MASKED | 0x10ffu) /* mask, status, vector */

#define APIC_SPIV_ENABLE 0x100u

#define TIMER_MODE   0x60000u /* bits of LVT timer; 0: one-shot */
#define TIMER_REPEAT 0x20000u
#define TIMER_TSC    0x40000u
/* A shorter period still counts right, but interrupts at this rate. */
#define MIN_INTERVAL_NS MICROSECS(20)

/* IA32_APIC_BASE: where the page is, the mode, and all bits that exist. */
#define BASE_PAGE 0x000ffffffffff000ull
#define BASE_MODE(msr) ((msr) / APIC_BASE_MSR_X2APIC & 3)
#define BASE_BITS (BASE_PAGE | APIC_BASE_MSR_ENABLE | APIC_BASE_MSR_X2APIC | \
                   APIC_BASE_MSR_BSP)

/* Registers by their offset / 16. */
struct reg {
    uint32_t writable; /* bits that software sets; others stay as reset */
    uint32_t reset;    /* after power-up and INIT */
    uint8_t flags;
};
#define REG_SAVED    1 /* taken from the save record */
#define REG_X2_READ  2 /* can be read as an MSR of x2APIC mode */
#define REG_X2_WRITE 4 /* ...written */
#define NR_REGS 64

#define ALL (REG_SAVED | REG_X2_READ | REG_X2_WRITE)
#define REG_RO { 0, 0, REG_SAVED | REG_X2_READ }
#define REG_RW(writable) { writable, 0, ALL }
#define REG_LVT(writable) { writable, APIC_LVT_MASKED, ALL }

/* MSRs of x2APIC mode: SDM vol. 3A table 11-6. */
static const struct reg registers[NR_REGS] = {
    [APIC_ID / 16] = REG_RO,
    /* 6 LVT entries, no directed EOI: what guests of Xen 4.20 see. */
    [APIC_VERSION / 16] = { 0, 0x00050014, REG_X2_READ },
    [APIC_TPR / 16] = REG_RW(0xff),
    [APIC_PPR / 16] = { 0, 0, REG_X2_READ },
    [APIC_EOI / 16] = { 0, 0, REG_X2_WRITE },
    [APIC_LDR / 16] = { 0xff000000, 0, REG_SAVED | REG_X2_READ },
    [APIC_DFR / 16] = { 0xf0000000, ~0u, REG_SAVED },
    [APIC_SPIV / 16] = { 0x3ff, 0xff, ALL },
    [APIC_ISR / 16 ... APIC_IRR / 16 + 7] = REG_RO, /* and TMR */
    [APIC_ESR / 16] = REG_RW(0),
    [APIC_LVT_CMCI / 16] = { LVT_BITS | 0x700, 0, REG_X2_READ | REG_X2_WRITE },
    [APIC_ICR / 16] = REG_RW(0xccfff), /* delivery status reads as idle */
    [APIC_ICR2 / 16] = { ~0u, 0, REG_SAVED },
    [APIC_LVT_TIMER / 16] = REG_LVT(LVT_BITS | TIMER_MODE),
    [APIC_LVT_THERM / 16 ... APIC_LVT_PERF / 16] = REG_LVT(LVT_BITS | 0x700),
    /* These have level, IRR, polarity and mode, too. */
    [APIC_LVT_LINT0 / 16 ... APIC_LVT_LINT1 / 16] = REG_LVT(LVT_BITS | 0xe700),
    [APIC_LVT_ERROR / 16] = REG_LVT(LVT_BITS),
    [APIC_TMICT / 16] = REG_RW(~0u),
    [APIC_TMCCT / 16] = REG_RO,
    [APIC_TDCR / 16] = REG_RW(0xb),
    [APIC_SELF_IPI / 16] = { 0xff, 0, REG_X2_WRITE },
};

/* What a register that software writes becomes. */
static uint32_t fix(const struct reg *r, uint32_t val)
{
    return (val & r->writable) | (r->reset & ~r->writable);
}

/* SDM vol. 3A 11.5.3: latched until ESR is written; raises LVT error. */
static void raise_error(struct vlapic *a, uint32_t error)
{
    uint32_t lvt = READ_ONCE(a->regs[APIC_LVT_ERROR / 4]);

    if ((atomic_fetch_or(&a->pending_esr, error) & error) ||
        (lvt & APIC_LVT_MASKED))
        return;
    /* An illegal vector here must not come back to this place. */
    if ((lvt & 0xff) >= 16)
        vlapic_post(a, (uint8_t)lvt, false);
    else
        (void)atomic_fetch_or(&a->pending_esr, APIC_ESR_RECV_ILLEGAL);
}

void vlapic_take_posted(struct vlapic *a)
{
    if (!a->posted || !READ_ONCE(a->posted->on))
        return;
    /* Cleared first: a request that comes later sets it again. */
    (void)atomic_xchg(&a->posted->on, 0u);
    for (unsigned int i = 0; i < 8; i++) {
        if (!READ_ONCE(a->posted->irr[i]))
            continue;
        (void)atomic_fetch_or(&a->regs[APIC_IRR / 4 + i * 4],
                              atomic_xchg(&a->posted->irr[i], 0u));
        (void)atomic_fetch_or(&a->pending, 1u << i);
    }
    a->changed = true;
}

enum irq_result vlapic_post(struct vlapic *a, uint8_t vector, bool level)
{
    uint32_t *regs = &a->regs[vector / 32 * 4];
    uint32_t *irr = &regs[APIC_IRR / 4], *tmr = &regs[APIC_TMR / 4];
    uint32_t bit = 1u << vector % 32, word = 1u << vector / 32;

    if (unlikely(!READ_ONCE(a->enabled)))
        return IRQ_IGNORED;
    if (unlikely(vector < 16)) {
        raise_error(a, APIC_ESR_RECV_ILLEGAL);
        return IRQ_IGNORED;
    }
    bool retyped = !!(READ_ONCE(*tmr) & bit) != level;
    if (retyped && level)
        (void)atomic_fetch_or(tmr, bit);
    else if (retyped)
        (void)atomic_fetch_and(tmr, ~bit);
    /* The CPU must learn of the type before it ends the interrupt. */
    if (a->posted && !level && !retyped) {
        if ((READ_ONCE(*irr) & bit) ||
            (atomic_fetch_or(&a->posted->irr[vector / 32], bit) & bit))
            return IRQ_COALESCED;
        if (!atomic_xchg(&a->posted->on, 1u))
            vlapic_notify(a);
        return IRQ_DELIVERED;
    }
    if (atomic_fetch_or(irr, bit) & bit)
        return IRQ_COALESCED;
    if (!(READ_ONCE(a->pending) & word))
        (void)atomic_fetch_or(&a->pending, word);
    vlapic_kick(a);
    return IRQ_DELIVERED;
}

/* ---- timer --------------------------------------------------------------- */

/*
 * SDM vol. 3A 11.5.4. The host's timer only marks the vCPU; the interrupt is
 * requested and the next period computed by the vCPU itself before it enters
 * its guest. So a periodic timer costs nothing while its vCPU does not run,
 * late ticks merge into one, and no state here needs a lock.
 */

static uint32_t timer_mode(const struct vlapic *a)
{
    return a->regs[APIC_LVT_TIMER / 4] & TIMER_MODE;
}

/* log2 of the timer's divider: by 2, 4 ... 128, 1 (SDM figure 11-10). */
static unsigned int timer_shift(const struct vlapic *a)
{
    uint32_t val = a->regs[APIC_TDCR / 4];

    return (((val & 3) | (val & 8) >> 1) + 1) & 7;
}

static uint64_t count_to_ns(const struct vlapic *a, uint32_t count)
{
    return (uint64_t)count * APIC_BUS_CYCLE_NS << timer_shift(a);
}

/* Marks the vCPU: the callback of ->timer. */
static void timer_mark(void *vlapic)
{
    struct vlapic *a = vlapic;

    (void)atomic_fetch_or(&a->pending, VLAPIC_PENDING_TIMER);
    vlapic_kick(a);
}

/* Forgets the running count and the deadline. */
static void timer_forget(struct vlapic *a)
{
    a->tsc_deadline = 0;
    if (a->timer_next != TIME_NEVER)
        timer_stop(&a->timer);
    a->timer_next = TIME_NEVER;
}

/* Starts counting down from `left`. */
static void count_from(struct vlapic *a, uint32_t left)
{
    uint32_t mode = timer_mode(a);

    if (!left || mode > TIMER_REPEAT) {
        timer_forget(a);
        return;
    }
    a->timer_period = mode == TIMER_REPEAT
                          ? count_to_ns(a, a->regs[APIC_TMICT / 4]) : 0;
    a->timer_next = now_ns() + count_to_ns(a, left);
    timer_set(&a->timer, a->timer_next);
}

/* What TMCCT reads as. */
static uint32_t count_left(const struct vlapic *a)
{
    if (a->timer_next == TIME_NEVER || timer_mode(a) > TIMER_REPEAT)
        return 0;

    uint64_t now = now_ns(), next = a->timer_next, period = a->timer_period;

    if (now >= next && !period)
        return 0;
    uint64_t left = now < next ? next - now : period - (now - next) % period;
    if (period && left > period) /* an expiry is skipped: MIN_INTERVAL_NS */
        left = (left - 1) % period + 1;
    left = DIV_ROUND_UP(left, APIC_BUS_CYCLE_NS);
    return (uint32_t)((left + (1u << timer_shift(a)) - 1) >> timer_shift(a));
}

/* An LVT entry or TDCR: a count goes on in the new mode or at the new rate. */
static void write_timed(struct vlapic *a, unsigned int offset, uint32_t val)
{
    uint32_t old = timer_mode(a), left = count_left(a), mode;

    a->regs[offset / 4] = val;
    mode = timer_mode(a);
    /* Into and out of TSC-deadline mode disarms. */
    if (mode != old && MAX(mode, old) > TIMER_REPEAT) {
        a->regs[APIC_TMICT / 4] = 0;
        timer_forget(a);
    } else if (left && (mode != old || offset == APIC_TDCR)) {
        count_from(a, left);
    }
}

/* VLAPIC_PENDING_TIMER is set: raises the interrupt, goes on if periodic. */
static void timer_expired(struct vlapic *a)
{
    (void)atomic_fetch_and(&a->pending, ~VLAPIC_PENDING_TIMER);
    if (a->timer_next == TIME_NEVER)
        return; /* stopped since */

    uint64_t now = now_ns();

    if (now < a->timer_next) {
        /* Set anew since, or early. */
        timer_set(&a->timer, a->timer_next);
        return;
    }
    if (a->timer_period) {
        uint64_t late = now + MIN_INTERVAL_NS - a->timer_next;

        a->timer_next += DIV_ROUND_UP(late, a->timer_period) * a->timer_period;
        timer_set(&a->timer, a->timer_next);
    } else {
        a->timer_next = TIME_NEVER;
        a->tsc_deadline = 0;
    }
    if (!(a->regs[APIC_LVT_TIMER / 4] & APIC_LVT_MASKED))
        (void)vlapic_post(a, (uint8_t)a->regs[APIC_LVT_TIMER / 4], false);
}

void vlapic_deadline_write(struct vlapic *a, uint64_t tsc)
{
    if (a->mode == VLAPIC_OFF || timer_mode(a) != TIMER_TSC)
        return;
    a->tsc_deadline = tsc;
    a->timer_period = 0;
    a->timer_next = tsc ? vlapic_tsc_to_ns(a, tsc) : TIME_NEVER;
    if (a->timer_next > now_ns())
        timer_set(&a->timer, a->timer_next); /* TIME_NEVER stops it */
    else
        timer_mark(a);
}

/* ---- priorities, in and out of service ----------------------------------- */

static void word_emptied(struct vlapic *a, unsigned int word)
{
    (void)atomic_fetch_and(&a->pending, ~(1u << word));
    if (READ_ONCE(a->regs[APIC_IRR / 4 + word * 4]))
        (void)atomic_fetch_or(&a->pending, 1u << word);
}

int vlapic_highest_irr(struct vlapic *a)
{
    /* An assisting CPU sets bits too, but not those of ->pending. */
    uint32_t words = a->assisted ? 0xff : READ_ONCE(a->pending) & 0xff;

    while (words) {
        unsigned int word = bit_highest(words);
        uint32_t irr = READ_ONCE(a->regs[APIC_IRR / 4 + word * 4]);

        if (likely(irr))
            return (int)(word * 32 + bit_highest(irr));
        if (!a->assisted)
            word_emptied(a, word);
        words &= ~(1u << word);
    }
    return -1;
}

int vlapic_pending(struct vlapic *a)
{
    uint32_t p = READ_ONCE(a->pending);

    if (unlikely(p & ~0xffu)) {
        if (p & VLAPIC_PENDING_TIMER)
            timer_expired(a);
        if (READ_ONCE(a->pending) & VLAPIC_PENDING_EXTINT)
            return VLAPIC_EXTINT;
    }
    int vector = vlapic_highest_irr(a);
    return vector >> 4 > vlapic_ppr(a) >> 4 ? vector : -1;
}

/* isrv and PPR from TPR, ISR and isr_words: SDM vol. 3A 11.8.3.1. Vector 0
 * does not exist, so its bits may stand for none. */
static void update_ppr(struct vlapic *a)
{
    unsigned int word = bit_highest(a->isr_words | 1u);
    uint32_t isr = a->regs[APIC_ISR / 4 + word * 4] | 1;
    uint8_t tpr = vlapic_tpr(a);

    a->isrv = (uint8_t)(word * 32 + bit_highest(isr));
    a->regs[APIC_PPR / 4] = tpr >> 4 >= a->isrv >> 4 ? tpr : a->isrv & 0xf0;
}

/* All that is derived from ISR. */
static void find_in_service(struct vlapic *a)
{
    a->isr_words = 0;
    for (unsigned int i = 0; i < 8; i++)
        if (a->regs[APIC_ISR / 4 + i * 4])
            a->isr_words |= (uint8_t)(1u << i);
    update_ppr(a);
}

int vlapic_ack(struct vlapic *a, int pending)
{
    uint8_t vector = (uint8_t)pending;
    uint32_t *regs = &a->regs[vector / 32 * 4], bit = 1u << vector % 32;

    if (unlikely(pending == VLAPIC_EXTINT))
        return vpic_inta(a->route, a);
    if (atomic_fetch_and(&regs[APIC_IRR / 4], ~bit) == bit)
        word_emptied(a, vector / 32);
    regs[APIC_ISR / 4] |= bit;
    a->isr_words |= (uint8_t)(1u << vector / 32);
    update_ppr(a);
    return vector;
}

void vlapic_eoi(struct vlapic *a)
{
    if (unlikely(a->assisted))
        find_in_service(a);
    a->changed = true;
    uint8_t vector = a->isrv;
    uint32_t *regs = &a->regs[vector / 32 * 4], bit = 1u << vector % 32;
    if (!vector)
        return;
    regs[APIC_ISR / 4] &= ~bit;
    if (!regs[APIC_ISR / 4])
        a->isr_words &= (uint8_t)~(1u << vector / 32);
    update_ppr(a);
    if (unlikely(READ_ONCE(regs[APIC_TMR / 4]) & bit))
        vioapic_eoi(a->route, vector);
    if (READ_ONCE(a->pending))
        vlapic_kick(a);
}

void vlapic_set_tpr(struct vlapic *a, uint8_t tpr)
{
    if (tpr == vlapic_tpr(a))
        return;
    a->regs[APIC_TPR / 4] = tpr;
    if (unlikely(a->assisted))
        find_in_service(a);
    update_ppr(a);
    if (READ_ONCE(a->pending))
        vlapic_kick(a);
}

static void sync_tpr(struct vlapic *a)
{
    unsigned int cr8 = vlapic_cr8(a);

    if (cr8 != vlapic_tpr(a) >> 4)
        vlapic_set_tpr(a, (uint8_t)(cr8 << 4));
}

/* ---- registers ----------------------------------------------------------- */

/* ICR2 has the destination: in x2APIC mode the upper half of the ICR, in xAPIC
 * mode its upper byte (SDM vol. 3A 11.6.1, 11.12.9). */
static void send_ipi(struct vlapic *a, uint32_t icr)
{
    struct apic_msg m = { .dest = a->regs[APIC_ICR2 / 4], .icr = icr };

    m.level = false; /* an IPI is an edge */
    if (a->mode == VLAPIC_XAPIC)
        m.dest = apic_dest8(m.dest >> 24, m.logical);
    if (m.delivery <= APIC_DM_LOWEST && m.vector < 16) {
        raise_error(a, APIC_ESR_SEND_ILLEGAL);
        return;
    }
    /* INIT level de-assert: processors ignore it. */
    if (m.delivery == APIC_DM_INIT && (icr & 0xc000) == 0x8000)
        return;
    (void)apicbus_deliver(&a->route->apics, a, &m);
}

/* What follows from ->mode, SPIV and LINT0. */
static void update_mode(struct vlapic *a)
{
    bool x2 = a->mode == VLAPIC_X2APIC;
    bool on = a->regs[APIC_SPIV / 4] & APIC_SPIV_ENABLE;

    a->regs[APIC_ID / 4] = x2 ? a->id : a->id << 24;
    if (x2) /* SDM vol. 3A 11.12.10.2 */
        a->regs[APIC_LDR / 4] = (a->id & ~15u) << 12 | 1u << (a->id & 15);
    for (unsigned int o = APIC_LVT_TIMER; o <= APIC_LVT_ERROR && !on; o += 16)
        a->regs[o / 4] |= APIC_LVT_MASKED;
    WRITE_ONCE(a->enabled, on && a->mode != VLAPIC_OFF);
    a->changed = true;
    route_pic_rewire(a->route);
}

/* What is derived from all registers, IRR and ISR among them. */
static void update_all(struct vlapic *a)
{
    update_mode(a);
    (void)atomic_fetch_and(&a->pending, ~0xffu);
    /* Also those that came in between. */
    for (unsigned int i = 0; i < 8; i++)
        if (READ_ONCE(a->regs[APIC_IRR / 4 + i * 4]))
            (void)atomic_fetch_or(&a->pending, 1u << i);
    find_in_service(a);
    vlapic_set_cr8(a, vlapic_tpr(a) >> 4);
}

/* offset: of a register, below NR_REGS * 16. */
static void reg_write(struct vlapic *a, unsigned int offset, uint32_t val)
{
    uint32_t *reg = &a->regs[offset / 4];

    val = fix(&registers[offset / 16], val);
    if (offset == APIC_EOI) {
        vlapic_eoi(a);
    } else if (offset == APIC_ICR) {
        *reg = val;
        send_ipi(a, val);
    } else if (offset == APIC_TPR) {
        vlapic_set_tpr(a, (uint8_t)val);
        vlapic_set_cr8(a, (uint8_t)val >> 4);
    } else if (offset == APIC_TMICT && timer_mode(a) <= TIMER_REPEAT) {
        *reg = val;
        count_from(a, val);
    } else if (offset == APIC_SELF_IPI && a->mode == VLAPIC_X2APIC) {
        send_ipi(a, APIC_DEST_SELF << 18 | val);
    } else if (offset >= APIC_LVT_TIMER && offset <= APIC_LVT_ERROR) {
        if (!(a->regs[APIC_SPIV / 4] & APIC_SPIV_ENABLE))
            val |= APIC_LVT_MASKED;
        write_timed(a, offset, val);
        if (offset == APIC_LVT_LINT0)
            route_pic_rewire(a->route);
    } else if (offset == APIC_SPIV) {
        bool was = a->enabled;

        *reg = val;
        update_mode(a);
        if (a->enabled && !was)
            vlapic_enabled_again(a);
    } else if (offset == APIC_TDCR) {
        write_timed(a, offset, val);
    } else if (offset == APIC_ESR) {
        *reg = atomic_xchg(&a->pending_esr, 0);
    } else if (offset == APIC_ICR2) {
        *reg = val & 0xff000000;
    } else if (offset == APIC_LDR || offset == APIC_DFR) {
        *reg = val;
    }
    /* Others are read-only or reserved. The id is read-only, too: the SDM
     * (vol. 3A 11.4.6) leaves that to the processor model. */
}

static uint32_t reg_read(struct vlapic *a, unsigned int offset)
{
    if (offset == APIC_PPR || offset == APIC_TPR)
        sync_tpr(a);
    if (offset == APIC_TMCCT)
        return count_left(a);
    return READ_ONCE(a->regs[offset / 4]);
}

void vlapic_written(struct vlapic *a, unsigned int offset)
{
    if (offset < NR_REGS * 16)
        reg_write(a, offset, READ_ONCE(a->regs[offset / 4]));
}

uint64_t vlapic_mmio_read(struct vlapic *a, unsigned int offset,
                          unsigned int size)
{
    unsigned int byte = offset & 15;

    if (offset >= NR_REGS * 16 || byte + size > 4)
        return 0;
    return reg_read(a, offset & 0x3f0) >> byte * 8 & size_mask(size);
}

void vlapic_mmio_write(struct vlapic *a, unsigned int offset,
                       unsigned int size, uint64_t val)
{
    unsigned int byte = offset & 15;

    if (likely(offset == APIC_EOI && size == 4)) {
        vlapic_eoi(a);
        return;
    }
    if (offset >= NR_REGS * 16 || byte + size > 4)
        return;
    offset &= 0x3f0;
    if (unlikely(size != 4)) {
        /* The rest of the register is written back as it reads. */
        uint64_t mask = size_mask(size) << byte * 8;

        val = (reg_read(a, offset) & ~mask) | (val << byte * 8 & mask);
    }
    reg_write(a, offset, (uint32_t)val);
}

int vlapic_msr_read(struct vlapic *a, uint32_t msr, uint64_t *val)
{
    /* One beyond all becomes register 0, which is none. */
    unsigned int i = (unsigned int)index_nospec(msr - 0x800, NR_REGS);

    if (a->mode != VLAPIC_X2APIC || !(registers[i].flags & REG_X2_READ))
        return -EPERM;
    *val = reg_read(a, i * 16);
    if (i == APIC_ICR / 16)
        *val |= (uint64_t)a->regs[APIC_ICR2 / 4] << 32;
    return 0;
}

int vlapic_msr_write(struct vlapic *a, uint32_t msr, uint64_t val)
{
    unsigned int i = (unsigned int)index_nospec(msr - 0x800, NR_REGS); /* too */
    uint64_t writable = registers[i].writable;

    if (i == APIC_ICR / 16)
        writable |= ~0ull << 32; /* the destination */
    if (a->mode != VLAPIC_X2APIC || !(registers[i].flags & REG_X2_WRITE) ||
        (val & ~writable))
        return -EPERM;
    if (i == APIC_ICR / 16)
        a->regs[APIC_ICR2 / 4] = (uint32_t)(val >> 32);
    reg_write(a, i * 16, (uint32_t)val);
    return 0;
}

/* Registers as after power-up or INIT (SDM vol. 3A 11.4.7.1, 11.4.7.3). */
void vlapic_init_signal(struct vlapic *a)
{
    WRITE_ONCE(a->enabled, false);
    vlapic_take_posted(a); /* and forget it */
    timer_forget(a);
    for (unsigned int i = 0; i < NR_REGS; i++)
        /* The x2APIC LDR is read-only and derived from the id. */
        if (i != APIC_LDR / 16 || a->mode != VLAPIC_X2APIC)
            WRITE_ONCE(a->regs[i * 4], registers[i].reset);
    a->pending_esr = 0;
    update_all(a);
}

/* SDM vol. 3A 11.12.5: which mode may follow which. */
int vlapic_base_write(struct vlapic *a, uint64_t val)
{
    enum vlapic_mode mode = BASE_MODE(val);

    /* Invalid state; off to x2APIC; x2APIC to xAPIC. */
    if ((val & ~BASE_BITS) || mode == VLAPIC_INVALID ||
        (mode == VLAPIC_X2APIC && a->mode == VLAPIC_OFF) ||
        (mode == VLAPIC_XAPIC && a->mode == VLAPIC_X2APIC) ||
        /* The page has one place for all vCPUs: nested tables are shared. */
        (mode == VLAPIC_XAPIC && (val & BASE_PAGE) != APIC_BASE_DEFAULT))
        return -EPERM;
    a->base_msr = val;
    if (mode == a->mode)
        return 0;
    a->mode = (uint8_t)mode;
    if (mode == VLAPIC_X2APIC) {
        a->regs[APIC_ICR2 / 4] = 0;
        update_mode(a);
    } else {
        /* Off: the state is lost; on again: as after power-up. */
        vlapic_init_signal(a);
    }
    return 0;
}

void vlapic_init(struct vlapic *a, struct route *r, unsigned int vcpu_id,
                 void *page)
{
    *a = (struct vlapic){
        .regs = page, .route = r, .vcpu_id = vcpu_id, .id = vcpu_id * 2,
        .mode = VLAPIC_XAPIC, .timer_next = TIME_NEVER,
        .base_msr = APIC_BASE_DEFAULT | APIC_BASE_MSR_ENABLE |
                    (vcpu_id ? 0 : APIC_BASE_MSR_BSP),
    };
    timer_init(&a->timer, timer_mark, a);
    vlapic_init_signal(a);
    r->apics.nr = MAX(r->apics.nr, vcpu_id + 1);
    store_release(&r->apics.vlapic[vcpu_id], a);
    route_pic_rewire(r);
}

void vlapic_exit(struct vlapic *a)
{
    a->route->apics.vlapic[a->vcpu_id] = NULL;
    route_pic_rewire(a->route);
    timer_kill(&a->timer);
}

/* ---- save records -------------------------------------------------------- */

/*
 * Records, as Xen 4.20 writes and reads them. What is loaded comes from an
 * untrusted stream: no state is taken that the guest could not have got into
 * itself. TMCCT is zero in streams of Xen, where the timer starts over after
 * a restore; a stream of ours has the count that was left.
 */

/* hvm_hw_lapic.disabled */
#define RECORD_HW_DISABLED 1u
#define RECORD_SW_DISABLED 2u

void vlapic_save_hidden(struct vlapic *a, struct hvm_hw_lapic *rec)
{
    uint32_t on = a->regs[APIC_SPIV / 4] & APIC_SPIV_ENABLE;

    rec->apic_base_msr = a->base_msr;
    rec->disabled = (a->mode == VLAPIC_OFF ? RECORD_HW_DISABLED : 0) |
                    (on ? 0 : RECORD_SW_DISABLED);
    rec->timer_divisor = 1u << timer_shift(a);
    rec->tdt_msr = a->tsc_deadline;
    rec->pending_esr = READ_ONCE(a->pending_esr);
}

void vlapic_save_regs(struct vlapic *a, struct hvm_hw_lapic_regs *rec)
{
    sync_tpr(a);
    if (READ_ONCE(a->pending) & VLAPIC_PENDING_TIMER)
        timer_expired(a); /* may post */
    vlapic_take_posted(a);
    a->regs[APIC_TMCCT / 4] = count_left(a);
    memcpy(rec->data, a->regs, sizeof(rec->data));
}

int vlapic_load_hidden(struct vlapic *a, const struct hvm_hw_lapic *rec)
{
    enum vlapic_mode mode = BASE_MODE(rec->apic_base_msr);

    /* The divider is derived from TDCR, the software bit from SPIV. */
    if (mode == VLAPIC_INVALID ||
        (rec->disabled & ~(RECORD_HW_DISABLED | RECORD_SW_DISABLED)))
        return -EINVAL;
    timer_forget(a);
    a->base_msr = rec->apic_base_msr & BASE_BITS;
    a->mode = rec->disabled & RECORD_HW_DISABLED ? VLAPIC_OFF : (uint8_t)mode;
    a->tsc_deadline = rec->tdt_msr;
    a->pending_esr = rec->pending_esr & 0xff;
    update_mode(a);
    return 0;
}

int vlapic_load_regs(struct vlapic *a, const struct hvm_hw_lapic_regs *rec)
{
    uint32_t *regs = a->regs;
    uint64_t deadline = a->tsc_deadline;

    vlapic_take_posted(a); /* and forget it */
    for (unsigned int i = 0; i < NR_REGS; i++) {
        const struct reg *r = &registers[i];

        regs[i * 4] = r->reset;
        if (r->flags & REG_SAVED)
            memcpy(&regs[i * 4], &rec->data[i * 16], sizeof(*regs));
        if (r->writable)
            regs[i * 4] = fix(r, regs[i * 4]);
    }
    /* Vectors below 16 do not exist. */
    regs[APIC_ISR / 4] &= 0xffff0000;
    regs[APIC_IRR / 4] &= 0xffff0000;
    update_all(a);

    uint32_t left = regs[APIC_TMCCT / 4], count = regs[APIC_TMICT / 4];

    a->tsc_deadline = 0;
    count_from(a, left && left <= count ? left : count);
    vlapic_deadline_write(a, deadline);
    vlapic_kick(a);
    return 0;
}
