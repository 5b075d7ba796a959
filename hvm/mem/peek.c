/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What vCPUs look at: see peek.h. The windows are the CPU's; which frames a
 * vCPU found it keeps when it leaves, to map them again when it is back.
 *
 * A vCPU's token says which looks are its own. It gets a new one, that never
 * was used before, when its old ones end, so that those which are left on a
 * CPU where it ran once are nobody's.
 */
#include "hvm/mem/peek.h"

#include "hvm/mem/p2m.h"
#include "hypervisor/lib/string.h"

DEFINE_PERCPU(struct peek_cache, peek_cache);
static DEFINE_PERCPU(uint64_t, tokens); /* given by this CPU */

static void hide(struct peek_cache *c, uint32_t slots)
{
    c->used &= ~slots;
    c->lent &= ~slots;
    for (; slots; slots &= slots - 1) {
        unsigned int slot = bit_lowest(slots);

        window_unmap(WINDOW_PEEK + slot);
        c->slot[slot].key = 0;
    }
}

void peek_update(struct vcpu *v)
{
    struct peek_cache *c = &this_cpu(peek_cache);
    struct hvm_vcpu *hv = v->hvm;

    if (unlikely(c->lent))
        hide(c, c->lent);
    /* A full barrier: what is found from here on is newer than the change. */
    if (!hv->peek_token || (READ_ONCE(hv->peek_stale) &&
                            atomic_xchg(&hv->peek_stale, false))) {
        memset(hv->peeked, 0, sizeof(hv->peeked));
        hv->peek_token = ++this_cpu(tokens) * MAX_CPUS + cpu_id();
    }
    if (c->token != hv->peek_token) {
        hide(c, c->used);
        c->token = hv->peek_token;
    }
}

char *peek_fill(unsigned int slot, gfn_t g, bool write)
{
    struct peek_cache *c = &this_cpu(peek_cache);
    struct hvm_vcpu *hv = current->hvm;
    struct peeked *k = &hv->peeked[slot];

    ASSERT(c->token == hv->peek_token);
    if (unlikely(READ_ONCE(hv->peek_stale) ||
                 (k->key | !write) != (g.raw + 1) * 2 + 1)) {
        struct p2m_entry e;
        bool writable;

        peek_update(current);
        e = p2m_lookup(current->domain, g);
        if (!p2m_type_has_page(e.type))
            return NULL;
        writable = p2m_type_writable(e.type);
        *k = (struct peeked){
            p2m_type_is_lent(e.type) ? 0 : (g.raw + 1) * 2 + writable, e.mfn };
        if (write && !writable)
            return NULL;
    }
    if (c->used & 1u << slot)
        hide(c, 1u << slot);
    c->slot[slot].va = window_map(WINDOW_PEEK + slot, k->mfn);
    c->slot[slot].key = k->key;
    c->used |= 1u << slot;
    c->lent |= (uint32_t)!k->key << slot;
    return c->slot[slot].va;
}
