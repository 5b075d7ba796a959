/* SPDX-License-Identifier: GPL-2.0-only */
/* Granted frames in a domain's map. */
#include "hvm/base/hvm.h"
#include "hvm/mem/p2m.h"
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
    return p2m_unmap_grant(d, g, m);
}

void guest_grant_flush(struct domain *d)
{
    p2m_flush_lent(d);
}
