/* SPDX-License-Identifier: GPL-2.0-only */
/* domctl: CPU policy, time, memory pools, devices. */
#include "hypervisor/hypercall/domctl-impl.h"

#include "hvm/base/hvm.h"
#include "hvm/dev/rtc.h"
#include "hvm/mem/guest-copy.h"
#include "hvm/mem/p2m.h"
#include "hvm/policy/cpuid.h"
#include "hvm/pvtime.h"
#include "hypervisor/abi/cpuid.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/mm/heap.h"

long policy_to_guest(const struct policy_buffer *b, uint32_t *leaf_room,
                     uint32_t leaves, xen_cpuid_leaf_gptr_t leaf_ptr,
                     uint32_t *msr_room, uint32_t msrs,
                     xen_msr_entry_gptr_t msr_ptr)
{
    bool want_leaves = !guest_ptr_is_null(leaf_ptr);
    bool want_msrs = !guest_ptr_is_null(msr_ptr);
    long rc = 0;

    if ((want_leaves && *leaf_room < leaves) ||
        (want_msrs && *msr_room < msrs))
        rc = -ENOBUFS;
    else if ((want_leaves && guest_write(gva(leaf_ptr.addr), b->leaves,
                                         leaves * sizeof(b->leaves[0]))) ||
             (want_msrs && guest_write(gva(msr_ptr.addr), b->msrs,
                                       msrs * sizeof(b->msrs[0]))))
        rc = -EFAULT;
    *leaf_room = leaves;
    *msr_room = msrs;
    return rc;
}

long domctl_get_policy(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_cpu_policy *o = &op->u.cpu_policy;
    struct policy_buffer *b = heap_alloc(sizeof(*b));
    uint32_t leaves = CPUID_POLICY_MAX_LEAVES, msrs = MSR_POLICY_MAX_ENTRIES;
    long rc;

    if (!b)
        return -ENOMEM;
    rc = cpuid_domain_policy(d, b->leaves, &leaves, b->msrs, &msrs);
    if (!rc)
        rc = policy_to_guest(b, &o->nr_leaves, leaves, o->leaves, &o->nr_msrs,
                        msrs, o->msrs);
    heap_free(b);
    return rc;
}

long domctl_set_policy(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_cpu_policy *o = &op->u.cpu_policy;
    struct policy_buffer *b;
    long rc = 0;

    if (d == current->domain)
        return -EINVAL;
    if (o->nr_leaves > CPUID_POLICY_MAX_LEAVES ||
        o->nr_msrs > MSR_POLICY_MAX_ENTRIES)
        return -E2BIG;
    b = heap_alloc(sizeof(*b));
    if (!b)
        return -ENOMEM;
    if (guest_read(b->leaves, gva(o->leaves.addr),
                   o->nr_leaves * sizeof(b->leaves[0])) ||
        guest_read(b->msrs, gva(o->msrs.addr),
                   o->nr_msrs * sizeof(b->msrs[0])))
        rc = -EFAULT;
    spin_lock(&d->lock);
    if (!rc && d->started)
        rc = -EEXIST; /* a guest that ran keeps what it has seen */
    if (!rc)
        rc = cpuid_domain_set_policy(d, b->leaves, o->nr_leaves, b->msrs,
                                     o->nr_msrs, &o->err_leaf,
                                     &o->err_subleaf, &o->err_msr);
    spin_unlock(&d->lock);
    heap_free(b);
    return rc;
}

/* The guest's TSC is always the host's plus an offset. */
long domctl_settsc(struct domain *d, struct xen_domctl *op)
{
    const struct xen_domctl_tsc_info *o = &op->u.tsc_info;

    if (d == current->domain)
        return -EINVAL;
    return o->tsc_mode == XEN_CPUID_TSC_MODE_ALWAYS_EMULATE ||
                   o->tsc_mode == XEN_CPUID_TSC_MODE_PVRDTSCP
               ? -EOPNOTSUPP : 0;
}

long domctl_gettsc(struct domain *d, struct xen_domctl *op)
{
    op->u.tsc_info = (struct xen_domctl_tsc_info){
        .tsc_mode = XEN_CPUID_TSC_MODE_DEFAULT,
        .gtsc_khz = (uint32_t)d->hvm->tsc_khz,
        .elapsed_nsec = now_ns() };
    return 0;
}

long domctl_timeoffset(struct domain *d, struct xen_domctl *op)
{
    /* A few centuries either way: no clock shows more. */
    if (op->u.settimeoffset.time_offset_seconds > 1ll << 34 ||
        op->u.settimeoffset.time_offset_seconds < -(1ll << 34))
        return -EINVAL;
    spin_lock(&d->lock);
    d->time_offset = op->u.settimeoffset.time_offset_seconds;
    pvtime_update_wallclock(d);
    spin_unlock(&d->lock);
    if (d->hvm->rtc)
        rtc_time_changed(d->hvm->rtc);
    return 0;
}

long domctl_get_mempool(struct domain *d, struct xen_domctl *op)
{
    op->u.paging_mempool.size = (uint64_t)p2m_table_limit(d) << PAGE_SHIFT;
    return 0;
}

long domctl_set_mempool(struct domain *d, struct xen_domctl *op)
{
    uint64_t size = op->u.paging_mempool.size;

    if (size & (PAGE_SIZE - 1) || size >> PAGE_SHIFT > 0xffffffff)
        return -EINVAL;
    p2m_set_table_limit(d, (unsigned int)(size >> PAGE_SHIFT));
    return 0;
}

long domctl_shadow(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_shadow_op *o = &op->u.shadow_op;

    switch (o->op) {
    case XEN_DOMCTL_SHADOW_OP_OFF:
        return 0;
    case XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION:
        p2m_set_table_limit(d, o->mb << (20 - PAGE_SHIFT));
        return 0;
    case XEN_DOMCTL_SHADOW_OP_GET_ALLOCATION:
        o->mb = DIV_ROUND_UP(p2m_table_limit(d), 1u << (20 - PAGE_SHIFT));
        return 0;
    default:
        return -EOPNOTSUPP;
    }
}

long domctl_pageframeinfo(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_getpageframeinfo3 *o = &op->u.getpageframeinfo3;

    if (o->num > 1024)
        return -E2BIG;
    for (uint64_t i = 0; i < o->num; i++) {
        uint64_t g, info;

        if (guest_read(&g, gva(o->array.addr + i * sizeof(g)), sizeof(g)))
            return -EFAULT;
        switch (p2m_lookup(d, gfn(g)).type) {
        case P2M_NONE:
        case P2M_MMIO:
            info = XEN_DOMCTL_PFINFO_XTAB;
            break;
        default:
            info = XEN_DOMCTL_PFINFO_NOTAB;
            break;
        }
        if (guest_write(gva(o->array.addr + i * sizeof(info)), &info,
                        sizeof(info)))
            return -EFAULT;
    }
    return 0;
}

/* Rights to devices: there is nothing to take away, nothing to give yet. */
long domctl_grant_io(struct domain *d, struct xen_domctl *op)
{
    bool allow = op->cmd == XEN_DOMCTL_iomem_permission
                     ? op->u.iomem_permission.allow_access
               : op->cmd == XEN_DOMCTL_ioport_permission
                     ? op->u.ioport_permission.allow_access
                     : op->u.irq_permission.allow_access;

    return allow ? -EOPNOTSUPP : 0;
}

long domctl_no_devices(struct domain *d, struct xen_domctl *op)
{
    return -ENODEV;
}

long domctl_address_size(struct domain *d, struct xen_domctl *op)
{
    return op->u.address_size.size == 64 ? 0 : -EINVAL;
}

long domctl_get_address_size(struct domain *d, struct xen_domctl *op)
{
    op->u.address_size.size = 64;
    return 0;
}
