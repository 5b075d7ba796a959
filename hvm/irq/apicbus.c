/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finds the destinations of interrupt messages. Never changes a local APIC
 * but through vlapic_post() and vlapic_signal().
 *
 * APIC ids are 2 * vCPU id, so a physical destination, and each bit of an
 * x2APIC cluster, leads to its vCPU without a search; the search is for
 * guests that came with other ids from another hypervisor.
 */
#include "hvm/irq/apicbus.h"
#include "hvm/irq/upcalls.h"
#include "hvm/irq/vlapic.h"

/* The vCPUs that one message is for, one bit each. */
struct dest_set {
    uint64_t bits[APICBUS_MAX / 64];
};

/* Logical destinations (SDM vol. 3A 11.6.2.2 flat and cluster model,
 * 11.12.10.2 x2APIC). */
static bool match_logical(const struct vlapic *a, uint32_t mda)
{
    uint32_t ldr = READ_ONCE(a->regs[APIC_LDR / 4]);

    if (a->mode == VLAPIC_X2APIC)
        return mda == APIC_BROADCAST ||
               (ldr >> 16 == mda >> 16 && (ldr & mda & 0xffff));
    ldr >>= 24;
    mda &= 0xff;
    if (mda == 0xff)
        return true;
    switch (READ_ONCE(a->regs[APIC_DFR / 4]) >> 28) {
    case 0xf:
        return ldr & mda;
    case 0:
        return ldr >> 4 == mda >> 4 && (ldr & mda & 0xf);
    default:
        return false;
    }
}

bool apicbus_matches(const struct vlapic *a, const struct vlapic *source,
                     const struct apic_msg *m)
{
    switch (m->shorthand) {
    case APIC_DEST_SELF:
        return a == source;
    case APIC_DEST_ALL:
        return true;
    case APIC_DEST_OTHERS:
        return a != source;
    }
    if (m->logical)
        return match_logical(a, m->dest);
    return m->dest == APIC_BROADCAST || m->dest == a->id;
}

/* The vCPU with this APIC id where ids are regular, else NULL. */
static struct vlapic *by_id(const struct apicbus *b, uint32_t id)
{
    uint32_t n = id / 2;
    struct vlapic *a;

    if (n >= b->nr)
        return NULL;
    a = b->vlapic[index_nospec(n, APICBUS_MAX)];
    return a && a->id == id ? a : NULL;
}

static void set_add(struct dest_set *s, const struct vlapic *a)
{
    s->bits[a->vcpu_id / 64] |= BIT(a->vcpu_id % 64);
}

/* x2APIC cluster destinations without a search, or false. */
static bool cluster_set(const struct apicbus *b, uint32_t mda,
                        struct dest_set *s)
{
    if (b->odd_ids || b->ldr_from_vcpu || mda == APIC_BROADCAST)
        return false;
    for (uint32_t bits = mda & 0xffff; bits; bits &= bits - 1) {
        struct vlapic *a = by_id(b, (mda >> 16) * 16 + bit_lowest(bits));

        if (a && match_logical(a, mda))
            set_add(s, a);
    }
    return true;
}

static void find(const struct apicbus *b, const struct vlapic *source,
                 const struct apic_msg *m, struct dest_set *s)
{
    if (!m->shorthand && m->logical && source &&
        source->mode == VLAPIC_X2APIC && cluster_set(b, m->dest, s))
        return;
    for (unsigned int i = 0; i < b->nr; i++) {
        const struct vlapic *a = b->vlapic[i];

        if (a && apicbus_matches(a, source, m))
            set_add(s, a);
    }
}

/*
 * Lowest priority: the one with the lowest PPR, in turn among equals (SDM
 * vol. 3A 11.6.2.4). PPRs of running vCPUs may be old; any choice is legal.
 */
static struct vlapic *arbitrate(struct apicbus *b, const struct dest_set *s)
{
    struct vlapic *best = NULL;
    unsigned int best_ppr = 0x100, last = READ_ONCE(b->last);

    for (unsigned int i = 0; i < b->nr; i++) {
        unsigned int n = last + 1 + i;
        struct vlapic *a;

        if (n >= b->nr)
            n -= b->nr;
        if (n >= b->nr || !test_bit(n, s->bits))
            continue;
        a = b->vlapic[n];
        if (READ_ONCE(a->enabled) && READ_ONCE(a->ppr) < best_ppr) {
            best = a;
            best_ppr = a->ppr;
        }
    }
    if (best)
        WRITE_ONCE(b->last, best->vcpu_id);
    return best;
}

static enum irq_result deliver_one(struct vlapic *a, const struct apic_msg *m)
{
    if (likely(m->delivery <= APIC_DM_LOWEST))
        return vlapic_post(a, m->vector, m->level);
    if (a->mode == VLAPIC_OFF)
        return IRQ_IGNORED;
    switch (m->delivery) {
    case APIC_DM_NMI:
        vlapic_signal(a, SIGNAL_NMI, 0);
        return IRQ_DELIVERED;
    case APIC_DM_INIT:
        vlapic_signal(a, SIGNAL_INIT, 0);
        return IRQ_DELIVERED;
    case APIC_DM_STARTUP:
        vlapic_signal(a, SIGNAL_SIPI, m->vector);
        return IRQ_DELIVERED;
    default:
        /* SMI: no SMM here. ExtINT comes by wire only. */
        return IRQ_IGNORED;
    }
}

enum irq_result apicbus_deliver(struct apicbus *b, struct vlapic *source,
                                const struct apic_msg *m)
{
    enum irq_result best = IRQ_IGNORED;
    struct dest_set s = { { 0 } };
    struct vlapic *a;

    /* The usual message has one physical destination. */
    if (!m->shorthand && !m->logical && !b->odd_ids &&
        m->dest != APIC_BROADCAST) {
        a = by_id(b, m->dest);
        return a ? deliver_one(a, m) : IRQ_IGNORED;
    }
    if (m->shorthand == APIC_DEST_SELF)
        return deliver_one(source, m);
    find(b, source, m, &s);
    if (m->delivery == APIC_DM_LOWEST) {
        a = arbitrate(b, &s);
        return a ? deliver_one(a, m) : IRQ_IGNORED;
    }
    for (unsigned int w = 0; w < ARRAY_SIZE(s.bits); w++)
        for (uint64_t bits = s.bits[w]; bits; bits &= bits - 1) {
            enum irq_result rc =
                deliver_one(b->vlapic[w * 64 + bit_lowest(bits)], m);

            best = MAX(best, rc);
        }
    return best;
}
