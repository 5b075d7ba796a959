/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finds the destinations of interrupt messages. Never changes a local APIC
 * but through vlapic_post() and vlapic_signal().
 *
 * APIC ids are 2 * vCPU id, so a physical destination leads to its vCPU
 * without a search, and an x2APIC cluster to the eight that can be in it.
 */
#include "hvm/irq/upcalls.h"

/* Logical destinations (SDM vol. 3A 11.6.2.2 flat and cluster model,
 * 11.12.10.2 x2APIC). */
static bool match_logical(const struct vlapic *a, uint32_t mda)
{
    uint32_t ldr = READ_ONCE(a->regs[APIC_LDR / 4]);
    uint32_t model = READ_ONCE(a->regs[APIC_DFR / 4]) >> 28;

    if (a->mode == VLAPIC_X2APIC)
        return mda == APIC_BROADCAST ||
               (ldr >> 16 == mda >> 16 && (ldr & mda & 0xffff));
    ldr >>= 24;
    mda &= 0xff;
    if (mda == 0xff)
        return true;
    if (model == 0xf)
        return ldr & mda;
    return model == 0 && ldr >> 4 == mda >> 4 && (ldr & mda & 0xf);
}

bool apicbus_matches(const struct vlapic *a, const struct vlapic *source,
                     const struct apic_msg *m)
{
    if (m->shorthand)
        return m->shorthand == APIC_DEST_ALL || a != source;
    if (m->logical)
        return match_logical(a, m->dest);
    return m->dest == APIC_BROADCAST || m->dest == a->id;
}

static enum irq_result deliver_one(struct vlapic *a, const struct apic_msg *m)
{
    if (likely(m->delivery <= APIC_DM_LOWEST))
        return vlapic_post(a, m->vector, m->level);
    /* SMI: no SMM here. ExtINT comes by wire only. */
    if (a->mode == VLAPIC_OFF || m->delivery < APIC_DM_NMI ||
        m->delivery > APIC_DM_STARTUP)
        return IRQ_IGNORED;
    vlapic_signal(a, m->delivery, m->vector);
    return IRQ_DELIVERED;
}

enum irq_result apicbus_deliver(struct apicbus *b, struct vlapic *source,
                                const struct apic_msg *m)
{
    unsigned int lo = 0, hi = b->nr, best_ppr = 0x100;
    struct vlapic *a, *best = NULL;
    enum irq_result rc = IRQ_IGNORED;

    if (m->shorthand == APIC_DEST_SELF)
        return deliver_one(source, m);
    /* The usual message has one physical destination. */
    if (!m->shorthand && !m->logical && m->dest != APIC_BROADCAST) {
        a = b->vlapic[index_nospec(m->dest / 2, APICBUS_MAX)];
        return a && a->id == m->dest ? deliver_one(a, m) : IRQ_IGNORED;
    }
    if (!m->shorthand && source && source->mode == VLAPIC_X2APIC &&
        m->dest != APIC_BROADCAST) {
        lo = MIN((m->dest >> 16) * 8, hi);
        hi = MIN(lo + 8, hi);
    }
    /*
     * To all that match from lo to hi - 1. Lowest priority: to the one with
     * the lowest PPR, in turn among equals (SDM vol. 3A 11.6.2.4). PPRs of
     * running vCPUs may be old; any choice is legal.
     */
    for (unsigned int n = lo, i = READ_ONCE(b->last); n < hi; n++) {
        i = i + 1 < hi && i + 1 >= lo ? i + 1 : lo;
        a = b->vlapic[i];
        if (!a || !apicbus_matches(a, source, m))
            continue;
        if (m->delivery != APIC_DM_LOWEST) {
            rc = MAX(rc, deliver_one(a, m));
        } else if (READ_ONCE(a->enabled) && vlapic_ppr(a) < best_ppr) {
            best = a;
            best_ppr = vlapic_ppr(a);
        }
    }
    if (!best)
        return rc;
    WRITE_ONCE(b->last, best->vcpu_id);
    return deliver_one(best, m);
}
