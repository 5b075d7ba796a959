/* SPDX-License-Identifier: GPL-2.0-only */
/* Granted frames in a domain's map, and its runstate in its memory. */
#include "hvm/base/hvm.h"
#include "hvm/mem/guest-copy.h"
#include "hvm/mem/p2m.h"
#include "hypervisor/abi/compat.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/core/upcalls.h"

int guest_grant_map(struct domain *d, gfn_t g, mfn_t m, bool readonly)
{
    struct page *pg = mfn_to_page(m);
    int rc;

    page_get(pg);
    rc = p2m_map(d, g, m, ORDER_4K, readonly ? P2M_GRANT_RO : P2M_GRANT_RW);
    if (rc)
        page_put(pg);
    return rc;
}

int guest_grant_unmap(struct domain *d, gfn_t g, mfn_t m)
{
    return p2m_unmap_deferred(d, g, m);
}

void guest_grant_flush(struct domain *d)
{
    p2m_flush(d);
}

/* The guest gave a linear address: its tables are those of v, now. */
void guest_runstate_update(struct vcpu *v)
{
    struct vcpu_runstate_info r;
    struct compat_vcpu_runstate_info c;
    int rc;

    vcpu_runstate(v, &r);
    if (v->runstate_compat) {
        c.state = r.state;
        c.state_entry_time = r.state_entry_time;
        for (unsigned int i = 0; i < ARRAY_SIZE(c.time); i++)
            c.time[i] = r.time[i];
        rc = guest_write(v->runstate_guest, &c, sizeof(c));
    } else {
        rc = guest_write(v->runstate_guest, &r, sizeof(r));
    }
    /* Not mapped at this moment: the next update finds it. */
    (void)rc;
}
