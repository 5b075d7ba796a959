/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * domctl: the toolstack's operations on one domain. A table says which
 * function does each and whether the argument is written back.
 */
#include "hypervisor/hypercall/domctl-impl.h"

#include "hvm/base/hvm.h"
#include "hvm/mem/guest-copy.h"
#include "hvm/mem/p2m.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/abi/sched.h"
#include "hypervisor/core/access.h"
#include "hypervisor/core/evtchn.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/hypercall/calls.h"
#include "hypervisor/lib/string.h"

static long op_create(struct xen_domctl *op)
{
    domid_t id = op->domain >= DOMID_FIRST_RESERVED || !op->domain
                     ? 0xffff : op->domain;
    struct domain *d;
    long rc = domain_create(id, &op->u.createdomain, &d);

    if (!rc)
        op->domain = d->id;
    return rc;
}

static long op_destroy(struct domain *d, struct xen_domctl *op)
{
    return domain_kill(d);
}

static long op_pause(struct domain *d, struct xen_domctl *op)
{
    return d == current->domain ? -EINVAL : domain_pause_by_control(d);
}

static long op_unpause(struct domain *d, struct xen_domctl *op)
{
    return domain_unpause_by_control(d);
}

static long op_resume(struct domain *d, struct xen_domctl *op)
{
    if (d == current->domain)
        return -EINVAL;
    domain_resume(d);
    return 0;
}

void domctl_info(struct domain *d, struct xen_domctl_getdomaininfo *info)
{
    uint32_t flags = XEN_DOMINF_hvm_guest | XEN_DOMINF_hap;
    bool blocked = true;
    struct vcpu *v;
    unsigned int i;

    memset(info, 0, sizeof(*info));
    info->domain = d->id;
    info->max_vcpu_id = XEN_INVALID_MAX_VCPU_ID;
    for_each_vcpu (d, v, i) {
        struct vcpu_runstate_info r;

        vcpu_runstate(v, &r);
        info->cpu_time += r.time[RUNSTATE_running];
        info->max_vcpu_id = i;
        if (READ_ONCE(v->down))
            continue;
        info->nr_online_vcpus++;
        if (r.state != RUNSTATE_blocked)
            blocked = false;
        if (r.state == RUNSTATE_running)
            flags |= XEN_DOMINF_running;
    }
    flags |= (blocked ? XEN_DOMINF_blocked : 0) |
             (d->dying == DOMAIN_DEAD ? XEN_DOMINF_dying : 0) |
             (d->shut_down ? XEN_DOMINF_shutdown : 0) |
             (d->paused_by_control ? XEN_DOMINF_paused : 0) |
             (d->debugger_attached ? XEN_DOMINF_debugged : 0) |
             (d->config.flags & XEN_DOMCTL_CDF_xs_domain
                  ? XEN_DOMINF_xs_domain : 0);
    if (d->shutdown_code >= 0)
        flags |= (uint32_t)d->shutdown_code << XEN_DOMINF_shutdownshift;
    info->flags = flags;
    info->tot_pages = d->frames - d->special_frames;
    info->max_pages = d->max_frames;
    info->outstanding_pages = d->claimed;
    info->shared_info_frame = d->shared_info_page && d->shared_info_page->gfn
                                  ? d->shared_info_page->gfn : ~0ull;
    info->ssidref = d->ssidref;
    memcpy(info->handle, d->handle, sizeof(info->handle));
    info->gpaddr_bits = (uint8_t)hvm_phys_bits();
    info->arch_config = d->config.arch;
}

static long op_info(struct domain *d, struct xen_domctl *op)
{
    domctl_info(d, &op->u.getdomaininfo);
    op->domain = d->id;
    return 0;
}

static long op_max_mem(struct domain *d, struct xen_domctl *op)
{
    uint64_t frames = op->u.max_mem.max_memkb >> (PAGE_SHIFT - 10);

    spin_lock(&d->lock);
    d->max_frames = (uint32_t)MIN(frames, 0xffffffffull);
    spin_unlock(&d->lock);
    return 0;
}

static long op_handle(struct domain *d, struct xen_domctl *op)
{
    spin_lock(&d->lock);
    memcpy(d->handle, op->u.setdomainhandle.handle, sizeof(d->handle));
    spin_unlock(&d->lock);
    return 0;
}

static long op_debugging(struct domain *d, struct xen_domctl *op)
{
    if (d == current->domain)
        return -EINVAL;
    d->debugger_attached = op->u.setdebugging.enable;
    return 0;
}

static long op_target(struct domain *d, struct xen_domctl *op)
{
    struct domain *t = domain_get(op->u.set_target.target);
    long rc = 0;

    if (!t)
        return -ESRCH;
    spin_lock(&d->lock);
    if (t == d || d->target)
        rc = -EINVAL;
    else
        d->target = t; /* keeps the reference */
    spin_unlock(&d->lock);
    if (rc)
        domain_put(t);
    return rc;
}

static long op_virq_handler(struct domain *d, struct xen_domctl *op)
{
    return evtchn_set_virq_handler(d, op->u.set_virq_handler.virq);
}

/* The port is told, instead of dom0, when the domain suspends. */
static long op_subscribe(struct domain *d, struct xen_domctl *op)
{
    WRITE_ONCE(d->suspend_port, op->u.subscribe.port);
    return 0;
}

/* Cache colouring is Arm's; none is what every domain asks for. */
static long op_colors(struct domain *d, struct xen_domctl *op)
{
    return op->u.set_llc_colors.num_llc_colors ? -EOPNOTSUPP : 0;
}

/* What a toolstack sets for every domain and that has no effect here. */
static long op_accept(struct domain *d, struct xen_domctl *op)
{
    return 0;
}

static const struct {
    domctl_fn *fn;
    bool out; /* the argument is written back */
} ops[] = {
    [XEN_DOMCTL_destroydomain] = { op_destroy, false },
    [XEN_DOMCTL_pausedomain] = { op_pause, false },
    [XEN_DOMCTL_unpausedomain] = { op_unpause, false },
    [XEN_DOMCTL_resumedomain] = { op_resume, false },
    [XEN_DOMCTL_getdomaininfo] = { op_info, true },
    [XEN_DOMCTL_max_mem] = { op_max_mem, false },
    [XEN_DOMCTL_max_vcpus] = { domctl_max_vcpus, false },
    [XEN_DOMCTL_setvcpuaffinity] = { domctl_setaffinity, true },
    [XEN_DOMCTL_getvcpuaffinity] = { domctl_getaffinity, true },
    [XEN_DOMCTL_getvcpuinfo] = { domctl_getvcpuinfo, true },
    [XEN_DOMCTL_getvcpucontext] = { domctl_getcontext, true },
    [XEN_DOMCTL_scheduler_op] = { domctl_scheduler, true },
    [XEN_DOMCTL_setnodeaffinity] = { domctl_setnode, false },
    [XEN_DOMCTL_getnodeaffinity] = { domctl_getnode, true },
    [XEN_DOMCTL_setdomainhandle] = { op_handle, false },
    [XEN_DOMCTL_setdebugging] = { op_debugging, false },
    [XEN_DOMCTL_irq_permission] = { domctl_grant_io, false },
    [XEN_DOMCTL_iomem_permission] = { domctl_grant_io, false },
    [XEN_DOMCTL_ioport_permission] = { domctl_grant_io, false },
    [XEN_DOMCTL_memory_mapping] = { domctl_no_devices, false },
    [XEN_DOMCTL_ioport_mapping] = { domctl_no_devices, false },
    [XEN_DOMCTL_test_assign_device] = { domctl_no_devices, false },
    [XEN_DOMCTL_assign_device] = { domctl_no_devices, false },
    [XEN_DOMCTL_deassign_device] = { domctl_no_devices, false },
    [XEN_DOMCTL_bind_pt_irq] = { domctl_no_devices, false },
    [XEN_DOMCTL_unbind_pt_irq] = { domctl_no_devices, false },
    [XEN_DOMCTL_settimeoffset] = { domctl_timeoffset, false },
    [XEN_DOMCTL_settscinfo] = { domctl_settsc, false },
    [XEN_DOMCTL_gettscinfo] = { domctl_gettsc, true },
    [XEN_DOMCTL_gethvmcontext] = { domctl_gethvm, true },
    [XEN_DOMCTL_gethvmcontext_partial] = { domctl_gethvm_partial, true },
    [XEN_DOMCTL_sethvmcontext] = { domctl_sethvm, false },
    [XEN_DOMCTL_set_address_size] = { domctl_address_size, false },
    [XEN_DOMCTL_get_address_size] = { domctl_get_address_size, true },
    [XEN_DOMCTL_sendtrigger] = { domctl_sendtrigger, false },
    [XEN_DOMCTL_set_target] = { op_target, false },
    [XEN_DOMCTL_set_virq_handler] = { op_virq_handler, false },
    [XEN_DOMCTL_subscribe] = { op_subscribe, false },
    [XEN_DOMCTL_shadow_op] = { domctl_shadow, true },
    [XEN_DOMCTL_get_paging_mempool_size] = { domctl_get_mempool, true },
    [XEN_DOMCTL_set_paging_mempool_size] = { domctl_set_mempool, true },
    [XEN_DOMCTL_getpageframeinfo3] = { domctl_pageframeinfo, true },
    [XEN_DOMCTL_get_cpu_policy] = { domctl_get_policy, true },
    [XEN_DOMCTL_set_cpu_policy] = { domctl_set_policy, true },
    [XEN_DOMCTL_get_vcpu_msrs] = { domctl_vcpu_msrs, true },
    [XEN_DOMCTL_set_llc_colors] = { op_colors, false },
    [XEN_DOMCTL_setvnumainfo] = { op_accept, false },
    [XEN_DOMCTL_set_access_required] = { op_accept, false },
};

static long run(struct xen_domctl *op, bool *out)
{
    struct domain *d;
    long rc;

    *out = false;
    if (op->cmd == XEN_DOMCTL_createdomain) {
        rc = may(current->domain, ACCESS_DOMCTL, NULL);
        if (!rc)
            rc = op_create(op);
        *out = !rc;
        return rc;
    }
    if (op->cmd >= ARRAY_SIZE(ops))
        return -ENOSYS;
    op->cmd = (uint32_t)index_nospec(op->cmd, ARRAY_SIZE(ops));
    if (!ops[op->cmd].fn)
        return may(current->domain, ACCESS_DOMCTL, NULL) ? -EPERM : -ENOSYS;
    d = domain_get(op->domain);
    if (!d)
        return -ESRCH;
    rc = may(current->domain, op->cmd == XEN_DOMCTL_getdomaininfo
                                  ? ACCESS_DOMCTL_INFO : ACCESS_DOMCTL, d);
    if (!rc) {
        rc = ops[op->cmd].fn(d, op);
        *out = ops[op->cmd].out;
    }
    domain_put(d);
    return rc;
}

long do_domctl(void_gptr_t arg)
{
    struct xen_domctl op;
    bool out;
    long rc;

    if (guest_read(&op, gva(arg.addr), sizeof(op)))
        return -EFAULT;
    if (op.interface_version != XEN_DOMCTL_INTERFACE_VERSION)
        return -EACCES;
    rc = run(&op, &out);
    if (out && rc != -ERESTART && guest_write(gva(arg.addr), &op, sizeof(op)))
        return -EFAULT;
    return rc;
}
