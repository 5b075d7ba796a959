/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * domctl: the toolstack's operations on one domain: its life, CPU policy, time,
 * memory pools, devices. A table says which function does each and whether the
 * argument is written back.
 */
#include "hypervisor/hypercall/domctl-impl.h"

#include "hvm/base/tsc.h"
#include "hvm/dev/rtc.h"
#include "hvm/mem/p2m.h"
#include "hvm/policy/cpuid.h"
#include "hvm/pvtime.h"
#include "hypervisor/abi/cpuid.h"
#include "hypervisor/abi/sched.h"
#include "hypervisor/core/evtchn.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/hypercall/calls.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/mm/heap.h"

void domctl_info(struct domain *d, struct xen_domctl_getdomaininfo *info)
{
    uint32_t flags = XEN_DOMINF_hvm_guest | XEN_DOMINF_hap;
    bool blocked = true;

    memset(info, 0, sizeof(*info));
    info->domain = d->id;
    info->max_vcpu_id = XEN_INVALID_MAX_VCPU_ID;
    for_vcpus (d, v) {
        struct vcpu_runstate_info r;

        vcpu_runstate(v, &r);
        info->cpu_time += r.time[RUNSTATE_running];
        info->max_vcpu_id = v->id;
        if (!hvm_vcpu_is_up(v))
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
    info->ssidref = d->config.ssidref;
    memcpy(info->handle, d->config.handle, sizeof(info->handle));
    info->gpaddr_bits = (uint8_t)hvm_phys_bits();
    info->arch_config = d->config.arch;
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
    memcpy(d->config.handle, op->u.setdomainhandle.handle,
           sizeof(d->config.handle));
    spin_unlock(&d->lock);
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

long policy_to_guest(const struct domain *d, unsigned int index,
                     uint32_t *nr_leaves, xen_cpuid_leaf_gptr_t leaves,
                     uint32_t *nr_msrs, xen_msr_entry_gptr_t msrs)
{
    uint32_t leaf_room = guest_ptr_is_null(leaves) ? ~0u : *nr_leaves;
    uint32_t msr_room = guest_ptr_is_null(msrs) ? ~0u : *nr_msrs;
    uint32_t nl = CPUID_POLICY_MAX_LEAVES, nm = MSR_POLICY_MAX_ENTRIES;
    struct policy_buffer *b = heap_alloc(sizeof(*b));
    long rc;

    if (!b)
        return -ENOMEM;
    rc = d ? cpuid_domain_policy(d, b->leaves, &nl, b->msrs, &nm)
           : cpuid_system_policy(index, b->leaves, &nl, b->msrs, &nm);
    if (!rc) {
        if (leaf_room < nl || msr_room < nm)
            rc = -ENOBUFS;
        else if ((!guest_ptr_is_null(leaves) &&
                  guest_write(gva(leaves.addr), b->leaves,
                              nl * sizeof(b->leaves[0]))) ||
                 (!guest_ptr_is_null(msrs) &&
                  guest_write(gva(msrs.addr), b->msrs,
                              nm * sizeof(b->msrs[0]))))
            rc = -EFAULT;
        *nr_leaves = nl;
        *nr_msrs = nm;
    }
    heap_free(b);
    return rc;
}

static long op_set_policy(struct domain *d, struct xen_domctl *op)
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

/* RDTSC is never emulated: the default mode is the native one, but that a
 * restored guest keeps its rate. */
static long op_settsc(struct domain *d, struct xen_domctl *op)
{
    const struct xen_domctl_tsc_info *o = &op->u.tsc_info;
    bool native = o->tsc_mode == XEN_CPUID_TSC_MODE_NEVER_EMULATE;

    if (d == current->domain || o->tsc_mode > XEN_CPUID_TSC_MODE_PVRDTSCP)
        return -EINVAL;
    if (!native && o->tsc_mode != XEN_CPUID_TSC_MODE_DEFAULT)
        return -EOPNOTSUPP;
    return hvm_set_tsc_khz(d, native ? 0 : o->gtsc_khz);
}

static long op_gettsc(struct domain *d, struct xen_domctl *op)
{
    op->u.tsc_info = (struct xen_domctl_tsc_info){
        .tsc_mode = XEN_CPUID_TSC_MODE_DEFAULT,
        .gtsc_khz = (uint32_t)d->hvm->tsc_khz,
        .elapsed_nsec = now_ns() };
    return 0;
}

static long op_timeoffset(struct domain *d, struct xen_domctl *op)
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

static long op_set_mempool(struct domain *d, struct xen_domctl *op)
{
    uint64_t size = op->u.paging_mempool.size;

    if (size & (PAGE_SIZE - 1) || size >> PAGE_SHIFT > 0xffffffff)
        return -EINVAL;
    p2m_set_table_limit(d, (unsigned int)(size >> PAGE_SHIFT));
    return 0;
}

static long op_shadow(struct domain *d, struct xen_domctl *op)
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

static long op_pageframeinfo(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_getpageframeinfo3 *o = &op->u.getpageframeinfo3;

    if (o->num > 1024)
        return -E2BIG;
    for (uint64_t i = 0; i < o->num; i++) {
        enum p2m_type type;
        uint64_t g;

        if (copy_from_guest_at(&g, o->array, i))
            return -EFAULT;
        type = p2m_lookup(d, gfn(g)).type;
        g = type == P2M_NONE || type == P2M_MMIO || type == P2M_APIC
                ? XEN_DOMCTL_PFINFO_XTAB : XEN_DOMCTL_PFINFO_NOTAB;
        if (copy_to_guest_at(o->array, i, &g))
            return -EFAULT;
    }
    return 0;
}

/* Rights to devices: there is nothing to take away, nothing to give yet. */
static long op_grant_io(struct domain *d, struct xen_domctl *op)
{
    bool allow = op->cmd == XEN_DOMCTL_iomem_permission
                     ? op->u.iomem_permission.allow_access
               : op->cmd == XEN_DOMCTL_ioport_permission
                     ? op->u.ioport_permission.allow_access
                     : op->u.irq_permission.allow_access;

    return allow ? -EOPNOTSUPP : 0;
}

/* Operations of a line or two, and those that only have an answer. */
static long op_simple(struct domain *d, struct xen_domctl *op)
{
    const bool self = d == current->domain;

    switch (op->cmd) {
    case XEN_DOMCTL_destroydomain:
        return domain_kill(d);
    case XEN_DOMCTL_pausedomain:
        return self ? -EINVAL : domain_pause_by_control(d);
    case XEN_DOMCTL_unpausedomain:
        return domain_unpause_by_control(d);
    case XEN_DOMCTL_resumedomain:
        if (self)
            return -EINVAL;
        domain_resume(d);
        return 0;
    case XEN_DOMCTL_getdomaininfo:
        domctl_info(d, &op->u.getdomaininfo);
        op->domain = d->id;
        return 0;
    case XEN_DOMCTL_setdebugging:
        if (self)
            return -EINVAL;
        d->debugger_attached = op->u.setdebugging.enable;
        return 0;
    case XEN_DOMCTL_set_virq_handler:
        return evtchn_set_virq_handler(d, op->u.set_virq_handler.virq);
    case XEN_DOMCTL_subscribe:
        /* The port is told, instead of dom0, when the domain suspends. */
        WRITE_ONCE(d->suspend_port, op->u.subscribe.port);
        return 0;
    case XEN_DOMCTL_get_cpu_policy:
        return policy_to_guest(d, 0, &op->u.cpu_policy.nr_leaves,
                               op->u.cpu_policy.leaves,
                               &op->u.cpu_policy.nr_msrs,
                               op->u.cpu_policy.msrs);
    case XEN_DOMCTL_get_paging_mempool_size:
        op->u.paging_mempool.size = (uint64_t)p2m_table_limit(d) << PAGE_SHIFT;
        return 0;
    case XEN_DOMCTL_set_address_size:
        return op->u.address_size.size == 64 ? 0 : -EINVAL;
    case XEN_DOMCTL_get_address_size:
        op->u.address_size.size = 64;
        return 0;
    case XEN_DOMCTL_set_llc_colors:
        /* Cache colouring is Arm's; none is what every domain asks for. */
        return op->u.set_llc_colors.num_llc_colors ? -EOPNOTSUPP : 0;
    case XEN_DOMCTL_setnodeaffinity:
    case XEN_DOMCTL_setvnumainfo:
    case XEN_DOMCTL_set_access_required:
        /* A toolstack sets these for every domain; they have no effect. */
        return 0;
    case XEN_DOMCTL_memory_mapping:
    case XEN_DOMCTL_ioport_mapping:
    case XEN_DOMCTL_test_assign_device:
    case XEN_DOMCTL_assign_device:
    case XEN_DOMCTL_deassign_device:
    case XEN_DOMCTL_bind_pt_irq:
    case XEN_DOMCTL_unbind_pt_irq:
        /* Devices are not passed through. */
        return -ENODEV;
    default:
        return -ENOSYS;
    }
}

/* Operation 0 is none; those that are not here are simple or do not exist. */
static const struct {
    domctl_fn *fn; /* NULL: op_simple() */
    bool out;      /* the argument is written back */
} ops[] = {
    [XEN_DOMCTL_getdomaininfo] = { .out = true },
    [XEN_DOMCTL_max_mem] = { op_max_mem, false },
    [XEN_DOMCTL_max_vcpus] = { domctl_max_vcpus, false },
    [XEN_DOMCTL_setvcpuaffinity] = { domctl_setaffinity, true },
    [XEN_DOMCTL_getvcpuaffinity] = { domctl_getaffinity, true },
    [XEN_DOMCTL_setvcpucontext] = { domctl_setcontext, false },
    [XEN_DOMCTL_getvcpucontext] = { domctl_getcontext, false },
    [XEN_DOMCTL_getvcpuinfo] = { domctl_getvcpuinfo, true },
    [XEN_DOMCTL_scheduler_op] = { domctl_scheduler, true },
    [XEN_DOMCTL_getnodeaffinity] = { domctl_getnode, true },
    [XEN_DOMCTL_setdomainhandle] = { op_handle, false },
    [XEN_DOMCTL_irq_permission] = { op_grant_io, false },
    [XEN_DOMCTL_iomem_permission] = { op_grant_io, false },
    [XEN_DOMCTL_ioport_permission] = { op_grant_io, false },
    [XEN_DOMCTL_settimeoffset] = { op_timeoffset, false },
    [XEN_DOMCTL_settscinfo] = { op_settsc, false },
    [XEN_DOMCTL_gettscinfo] = { op_gettsc, true },
    [XEN_DOMCTL_gethvmcontext] = { domctl_gethvm, true },
    [XEN_DOMCTL_gethvmcontext_partial] = { domctl_gethvm_partial, true },
    [XEN_DOMCTL_sethvmcontext] = { domctl_sethvm, false },
    [XEN_DOMCTL_get_address_size] = { .out = true },
    [XEN_DOMCTL_sendtrigger] = { domctl_sendtrigger, false },
    [XEN_DOMCTL_set_target] = { op_target, false },
    [XEN_DOMCTL_shadow_op] = { op_shadow, true },
    [XEN_DOMCTL_get_paging_mempool_size] = { .out = true },
    [XEN_DOMCTL_set_paging_mempool_size] = { op_set_mempool, true },
    [XEN_DOMCTL_getpageframeinfo3] = { op_pageframeinfo, true },
    [XEN_DOMCTL_get_cpu_policy] = { .out = true },
    [XEN_DOMCTL_set_cpu_policy] = { op_set_policy, true },
    [XEN_DOMCTL_get_vcpu_msrs] = { domctl_vcpu_msrs, true },
};

/* *out: the argument is to be written back. */
static long run(struct xen_domctl *op, bool *out)
{
    size_t i = op->cmd < ARRAY_SIZE(ops)
                   ? index_nospec(op->cmd, ARRAY_SIZE(ops)) : 0;
    struct domain *d;
    long rc;

    if (op->cmd == XEN_DOMCTL_createdomain) {
        rc = may(current->domain, ACCESS_DOMCTL, NULL);
        if (!rc)
            rc = domain_create(op->domain ? op->domain : 0xffff,
                               &op->u.createdomain, &d);
        if (!rc)
            op->domain = d->id;
        *out = !rc;
        return rc;
    }
    rc = target_get(op->domain, op->cmd == XEN_DOMCTL_getdomaininfo
                                    ? ACCESS_DOMCTL_INFO : ACCESS_DOMCTL, &d);
    if (rc)
        return rc;
    rc = ops[i].fn ? ops[i].fn(d, op) : op_simple(d, op);
    *out = ops[i].out;
    domain_put(d);
    return rc;
}

long do_domctl(void_gptr_t arg)
{
    struct xen_domctl op;
    bool out = false;
    long rc;

    if (read_arg(&op, arg))
        return -EFAULT;
    if (op.interface_version != XEN_DOMCTL_INTERFACE_VERSION)
        return -EACCES;
    rc = run(&op, &out);
    if (out && rc != -ERESTART && write_arg(arg, &op))
        return -EFAULT;
    return rc;
}
