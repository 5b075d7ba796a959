/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What vCPUs look at: see peek.h.
 *
 * A vCPU's token says which looks are its own. It gets a new one, that never
 * was used before, when its old ones end, so that those which are left in a set
 * of this CPU, or of another where it ran once, are nobody's.
 */
#include "hvm/mem/peek.h"

#include "hvm/mem/p2m.h"

static DEFINE_PERCPU(struct peek_cache {
    uint32_t shown;  /* the set that the windows are */
    uint32_t victim; /* the set that was taken from a vCPU last */
    uint64_t tokens; /* given by this CPU */
    struct peek_set set[WINDOW_SETS];
}, peek_cache);

/* Slots of the set that is shown. */
static void hide(struct peek_set *s, uint64_t slots)
{
    s->used &= ~slots;
    s->lent &= ~slots;
    for (; slots; slots &= slots - 1) {
        unsigned int slot = bit_lowest(slots);

        window_unmap(WINDOW_PEEK + slot);
        s->slot[slot].key = 0;
    }
}

void peek_update(struct vcpu *v)
{
    struct peek_cache *c = &this_cpu(peek_cache);
    struct hvm_vcpu *hv = v->hvm;
    struct peek_set *s = &c->set[c->shown];

    if (unlikely(s->lent))
        hide(s, s->lent);
    s = &c->set[hv->peek_nr];
    if (unlikely(s->token != hv->peek_token)) {
        hv->peek_nr = c->victim = (c->victim + 1) % WINDOW_SETS;
        s = &c->set[hv->peek_nr];
    }
    hv->peek = s;
    /* A full barrier: what is found from here on is newer than the change. */
    if (unlikely(!hv->peek_token || (READ_ONCE(hv->peek_stale) &&
                                     atomic_xchg(&hv->peek_stale, false))))
        hv->peek_token = ++c->tokens * MAX_CPUS + cpu_id();
    if (c->shown != hv->peek_nr)
        window_show(c->shown = hv->peek_nr);
    if (unlikely(s->token != hv->peek_token)) {
        hide(s, s->used);
        s->token = hv->peek_token;
    }
}

char *peek_fill(unsigned int slot, gfn_t g, bool write)
{
    struct vcpu *v = current;
    struct peek_set *s = v->hvm->peek;

    peek_update(v); /* what it found may be stale */
    struct p2m_entry e = p2m_lookup(v->domain, g);
    bool writable = p2m_type_writable(e.type), lent = p2m_type_is_lent(e.type);
    if (!p2m_type_has_page(e.type) || (write && !writable))
        return NULL;
    if (s->used & BIT(slot))
        hide(s, BIT(slot));
    s->used |= BIT(slot);
    s->lent |= (uint64_t)lent << slot;
    s->slot[slot].key = lent ? 0 : (g.raw + 1) * 2 + writable;
    s->slot[slot].va = window_map(WINDOW_PEEK + slot, e.mfn);
    return s->slot[slot].va;
}
