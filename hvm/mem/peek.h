/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames of a vCPU's own domain for a moment, without a reference: what the
 * p2m said is kept per vCPU, like TLB entries, and goes when those go.
 *
 * A frame that leaves the p2m becomes somebody else's only after p2m_flush(),
 * which sets PENDING_P2M for every vCPU of the domain and then waits until
 * each CPU that has one has served a call. So what was found stays the
 * domain's until this CPU takes interrupts or waits for a lock, and entries
 * found before PENDING_P2M was set are not used after it.
 */
#ifndef HVM_MEM_PEEK_H
#define HVM_MEM_PEEK_H

#include "hvm/base/hvm.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/lib/string.h"

/* Looks g up in the p2m of current's domain: 0, or -EINVAL without RAM. */
int peek_fill(struct peek *k, gfn_t g);

/*
 * The frame at g of current's domain, its own until this CPU takes
 * interrupts, waits for a lock, or sleeps. -EINVAL where there is no RAM;
 * write: -EROFS where the guest may not write. Interrupts are off.
 */
static inline int peek_frame(gfn_t g, bool write, mfn_t *m)
{
    struct vcpu *v = current;
    /* Tables of a guest's kernel lie close together or far apart by powers
     * of two: a multiplication spreads both. */
    struct peek *k = &v->hvm->peek[g.raw * 0x9e3779b97f4a7c15ull >> 59];

    if ((unlikely(k->key != g.raw + 1) ||
         unlikely(v->pending & BIT(PENDING_P2M))) && peek_fill(k, g))
        return -EINVAL;
    if (write && unlikely(!k->writable))
        return -EROFS;
    *m = k->mfn;
    return 0;
}

/* Forgets everything, together with v's TLB. v is current. */
static inline void peek_flush(struct vcpu *v)
{
    memset(v->hvm->peek, 0, sizeof(v->hvm->peek));
}

#endif
