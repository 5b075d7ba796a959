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

/* The slots of set nr whose bits are set; all lent ones must be among them. */
static void hide(struct peek_cache *c, unsigned int nr, const uint64_t *slots)
{
    struct peek_set *s = &c->set[nr];

    for (unsigned int w = 0; w < PEEK_WORDS; w++) {
        uint64_t bits = slots[w];

        s->used[w] &= ~bits;
        s->lent[w] &= ~bits;
        for (; bits; bits &= bits - 1) {
            unsigned int slot = w * 64 + bit_lowest(bits);

            if (nr == c->shown)
                window_unmap(WINDOW_PEEK + slot);
            else
                window_clear(nr, WINDOW_PEEK + slot);
            s->slot[slot].key = 0;
        }
    }
    s->any_lent = false;
}

void peek_update(struct vcpu *v)
{
    struct peek_cache *c = &this_cpu(peek_cache);
    struct hvm_vcpu *hv = v->hvm;
    struct peek_set *s = &c->set[c->shown];

    if (unlikely(s->any_lent))
        hide(c, c->shown, s->lent);
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
    /* Before it is shown: frames of another vCPU, or that are somebody else's
     * by now. */
    if (unlikely(s->token != hv->peek_token)) {
        hide(c, hv->peek_nr, s->used);
        s->token = hv->peek_token;
    }
    if (c->shown != hv->peek_nr)
        window_show(c->shown = hv->peek_nr);
}

/* Another frame shall have the slot: what is there goes to those displaced. */
static void displace(struct peek_set *s, unsigned int slot)
{
    unsigned int to = PEEK_WAYS + s->displaced++ % PEEK_DISPLACED;

    if (test_bit(to, s->used))
        window_unmap(WINDOW_PEEK + to);
    change_bit(to, s->used, true);
    s->slot[to].key = s->slot[slot].key;
    s->slot[to].va = window_map(WINDOW_PEEK + to,
                                window_mfn(WINDOW_PEEK + slot));
    window_unmap(WINDOW_PEEK + slot);
}

char *peek_fill(unsigned int slot, gfn_t g, bool write)
{
    struct vcpu *v = current;
    struct peek_set *s = v->hvm->peek;

    for (unsigned int i = PEEK_WAYS; i < PEEK_WINDOWS; i++)
        if ((s->slot[i].key | !write) == (g.raw + 1) * 2 + 1 &&
            !READ_ONCE(v->hvm->peek_stale))
            return s->slot[i].va;
    peek_update(v); /* what it found may be stale */
    struct p2m_entry e = p2m_lookup(v->domain, g);
    bool writable = p2m_type_writable(e.type), lent = p2m_type_is_lent(e.type);
    if (!p2m_type_has_page(e.type) || (write && !writable))
        return NULL;
    if (test_bit(slot, s->used))
        displace(s, slot);
    change_bit(slot, s->used, true);
    change_bit(slot, s->lent, lent);
    s->any_lent = lent;
    s->slot[slot].key = lent ? 0 : (g.raw + 1) * 2 + writable;
    s->slot[slot].va = window_map(WINDOW_PEEK + slot, e.mfn);
    return s->slot[slot].va;
}
