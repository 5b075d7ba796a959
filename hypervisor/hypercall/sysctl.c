/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sysctl: the toolstack's operations on the machine as a whole. One NUMA
 * node, one CPU pool with the one scheduler.
 */
#include "hypervisor/abi/sysctl.h"

#include "hvm/policy/cpuid.h"
#include "hypervisor/core/sched.h"
#include "hypervisor/debug/console.h"
#include "hypervisor/debug/upcalls.h"
#include "hypervisor/hypercall/calls.h"
#include "hypervisor/hypercall/domctl-impl.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/x86/features.h"
#include "hypervisor/x86/smp.h"
#include "hypervisor/x86/time.h"

static long op_readconsole(struct xen_sysctl *op)
{
    struct xen_sysctl_readconsole *o = &op->u.readconsole;
    uint32_t index = o->incremental ? o->index : 0, done = 0;
    char part[256];
    long rc = 0;

    /* Not incremental: from the oldest on. */
    if (!o->incremental)
        index = console_ring_end() - CONSOLE_RING_SIZE;
    while (done < o->count && !rc) {
        size_t n = console_ring_read(part, MIN(o->count - done,
                                               (uint32_t)sizeof(part)),
                                     &index);

        if (!n)
            break;
        rc = guest_write(gva(o->buffer.addr + done), part, n);
        done += (uint32_t)n;
    }
    if (!rc && o->clear)
        console_ring_clear(index);
    o->index = index;
    o->count = done;
    return rc;
}

/* How many domains there are; *claims: frames they have claimed in all. */
static uint32_t count_domains(uint64_t *claims)
{
    struct domain *d;
    uint32_t n = 0;

    *claims = 0;
    for (domid_t id = 0; (d = domain_get_from(id)) != NULL; domain_put(d)) {
        id = (domid_t)(d->id + 1);
        *claims += d->claimed;
        n++;
    }
    return n;
}

static long op_physinfo(struct xen_sysctl *op)
{
    struct xen_sysctl_physinfo *o = &op->u.physinfo;
    uint32_t words[FEATURE_WORDS], nr = FEATURE_WORDS;

    memset(o, 0, sizeof(*o));
    o->threads_per_core = 1;
    o->cores_per_socket = nr_cpus_online;
    o->nr_cpus = nr_cpus_online;
    o->max_cpu_id = nr_cpus_online - 1;
    o->nr_nodes = 1;
    o->cpu_khz = (uint32_t)(tsc_hz / 1000);
    o->capabilities = XEN_SYSCTL_PHYSCAP_hvm | XEN_SYSCTL_PHYSCAP_hap |
                      XEN_SYSCTL_PHYSCAP_gnttab_v1;
    o->total_pages = pages_total();
    o->free_pages = pages_free();
    (void)count_domains(&o->outstanding_pages);
    o->max_mfn = frame_table_size - 1;
    if (!cpuid_featureset(XEN_SYSCTL_cpu_featureset_host, words, &nr))
        memcpy(o->hw_cap, words, sizeof(o->hw_cap));
    return 0;
}

static long op_sched_id(struct xen_sysctl *op)
{
    op->u.sched_id.sched_id = XEN_SCHEDULER_CREDIT2;
    return 0;
}

static long op_domains(struct xen_sysctl *op)
{
    struct xen_sysctl_getdomaininfolist *o = &op->u.getdomaininfolist;
    struct xen_domctl_getdomaininfo info;
    domid_t id = o->first_domain;
    struct domain *d;
    uint32_t n = 0;

    while (n < o->max_domains && (d = domain_get_from(id)) != NULL) {
        id = (domid_t)(d->id + 1);
        domctl_info(d, &info);
        domain_put(d);
        if (copy_to_guest_at(o->buffer, n, &info))
            return -EFAULT;
        n++;
    }
    o->num_domains = n;
    return 0;
}

static long op_debug_keys(struct xen_sysctl *op)
{
    struct xen_sysctl_debug_keys *o = &op->u.debug_keys;
    char c;

    for (uint32_t i = 0; i < MIN(o->nr_keys, 64u); i++) {
        if (copy_from_guest_at(&c, o->keys, i))
            return -EFAULT;
        debug_key(c);
    }
    return 0;
}

static long op_cpuinfo(struct xen_sysctl *op)
{
    struct xen_sysctl_getcpuinfo *o = &op->u.getcpuinfo;
    uint32_t n = MIN(o->max_cpus, nr_cpus_online);

    for (uint32_t i = 0; i < n; i++) {
        struct xen_sysctl_cpuinfo info = { .idletime = sched_idle_time(i) };

        if (copy_to_guest_at(o->info, i, &info))
            return -EFAULT;
    }
    o->nr_cpus = n;
    return 0;
}

static long op_availheap(struct xen_sysctl *op)
{
    op->u.availheap.avail_bytes = pages_free() << PAGE_SHIFT;
    return 0;
}

static long op_cputopo(struct xen_sysctl *op)
{
    struct xen_sysctl_cputopoinfo *o = &op->u.cputopoinfo;
    uint32_t room = o->num_cpus;

    o->num_cpus = nr_cpus_online;
    if (guest_ptr_is_null(o->cputopo))
        return 0;
    for (uint32_t i = 0; i < MIN(room, nr_cpus_online); i++) {
        struct xen_sysctl_cputopo t = { .core = i, .socket = 0, .node = 0 };

        if (copy_to_guest_at(o->cputopo, i, &t))
            return -EFAULT;
    }
    o->num_cpus = MIN(room, nr_cpus_online);
    return 0;
}

static long op_numa(struct xen_sysctl *op)
{
    struct xen_sysctl_numainfo *o = &op->u.numainfo;
    struct xen_sysctl_meminfo m = { .memsize = pages_total() << PAGE_SHIFT,
                                    .memfree = pages_free() << PAGE_SHIFT };
    uint32_t room = o->num_nodes, near = 10;

    o->num_nodes = 1;
    if (!room)
        return 0;
    if (!guest_ptr_is_null(o->meminfo) &&
        copy_to_guest(o->meminfo, &m))
        return -EFAULT;
    if (!guest_ptr_is_null(o->distance) &&
        copy_to_guest(o->distance, &near))
        return -EFAULT;
    return 0;
}

static long op_pcitopo(struct xen_sysctl *op)
{
    struct xen_sysctl_pcitopoinfo *o = &op->u.pcitopoinfo;
    uint32_t node = 0;

    for (uint32_t i = 0; i < MIN(o->num_devs, 4096u); i++)
        if (copy_to_guest_at(o->nodes, i, &node))
            return -EFAULT;
    return 0;
}

/* The one pool: number 0, all CPUs. */
static long op_cpupool(struct xen_sysctl *op)
{
    struct xen_sysctl_cpupool_op *o = &op->u.cpupool_op;
    struct cpumask none = { { 0 } };
    uint64_t claims;

    switch (o->op) {
    case XEN_SYSCTL_CPUPOOL_OP_INFO:
        if (o->cpupool_id)
            return -ENOENT;
        o->sched_id = XEN_SCHEDULER_CREDIT2;
        o->n_dom = count_domains(&claims);
        return cpumask_to_bitmap(&cpus_online, &o->cpumap, nr_cpus_online);
    case XEN_SYSCTL_CPUPOOL_OP_FREEINFO:
        return cpumask_to_bitmap(&none, &o->cpumap, nr_cpus_online);
    case XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN:
        return o->cpupool_id ? -ENOENT : 0;
    default:
        return -EOPNOTSUPP;
    }
}

static long op_scheduler(struct xen_sysctl *op)
{
    struct xen_sysctl_scheduler_op *o = &op->u.scheduler_op;

    if (o->cpupool_id)
        return -ESRCH;
    if (o->sched_id != XEN_SCHEDULER_CREDIT2)
        return -EINVAL;
    if (o->cmd == XEN_SYSCTL_SCHEDOP_getinfo) {
        o->u.sched_credit2.ratelimit_us = sched_ratelimit();
        return 0;
    }
    return o->cmd == XEN_SYSCTL_SCHEDOP_putinfo
               ? sched_set_ratelimit(o->u.sched_credit2.ratelimit_us)
               : -EINVAL;
}

static long op_levelling(struct xen_sysctl *op)
{
    op->u.cpu_levelling_caps.caps = 0; /* classic PV only */
    return 0;
}

static long op_featureset(struct xen_sysctl *op)
{
    struct xen_sysctl_cpu_featureset *o = &op->u.cpu_featureset;
    uint32_t words[FEATURE_WORDS], nr = FEATURE_WORDS, n;
    long rc = cpuid_featureset(o->index, words, &nr);

    if (rc)
        return rc;
    n = MIN(o->nr_features, nr);
    if (guest_ptr_is_null(o->features)) {
        o->nr_features = nr;
        return 0;
    }
    if (guest_write(gva(o->features.addr), words, n * sizeof(words[0])))
        return -EFAULT;
    rc = o->nr_features < nr ? -ENOBUFS : 0;
    o->nr_features = n;
    return rc;
}

static long op_policy(struct xen_sysctl *op)
{
    struct xen_sysctl_cpu_policy *o = &op->u.cpu_policy;

    if (o->_rsvd)
        return -EINVAL;
    if (guest_ptr_is_null(o->leaves) && guest_ptr_is_null(o->msrs)) {
        o->nr_leaves = CPUID_POLICY_MAX_LEAVES;
        o->nr_msrs = MSR_POLICY_MAX_ENTRIES;
        return 0;
    }
    return policy_to_guest(NULL, o->index, &o->nr_leaves, o->leaves,
                           &o->nr_msrs, o->msrs);
}

static long (*const ops[])(struct xen_sysctl *) = {
    [XEN_SYSCTL_readconsole] = op_readconsole,
    [XEN_SYSCTL_physinfo] = op_physinfo,
    [XEN_SYSCTL_sched_id] = op_sched_id,
    [XEN_SYSCTL_getdomaininfolist] = op_domains,
    [XEN_SYSCTL_debug_keys] = op_debug_keys,
    [XEN_SYSCTL_getcpuinfo] = op_cpuinfo,
    [XEN_SYSCTL_availheap] = op_availheap,
    [XEN_SYSCTL_cputopoinfo] = op_cputopo,
    [XEN_SYSCTL_numainfo] = op_numa,
    [XEN_SYSCTL_pcitopoinfo] = op_pcitopo,
    [XEN_SYSCTL_cpupool_op] = op_cpupool,
    [XEN_SYSCTL_scheduler_op] = op_scheduler,
    [XEN_SYSCTL_get_cpu_levelling_caps] = op_levelling,
    [XEN_SYSCTL_get_cpu_featureset] = op_featureset,
    [XEN_SYSCTL_get_cpu_policy] = op_policy,
};

long do_sysctl(void_gptr_t arg)
{
    struct xen_sysctl op;
    long rc;

    if (read_arg(&op, arg))
        return -EFAULT;
    if (op.interface_version != XEN_SYSCTL_INTERFACE_VERSION)
        return -EACCES;
    rc = may(current->domain, op.cmd == XEN_SYSCTL_getdomaininfolist
                                  ? ACCESS_DOMCTL_INFO : ACCESS_SYSCTL, NULL);
    if (rc)
        return rc;
    if (op.cmd >= ARRAY_SIZE(ops))
        return -ENOSYS;
    op.cmd = (uint32_t)index_nospec(op.cmd, ARRAY_SIZE(ops));
    rc = ops[op.cmd] ? ops[op.cmd](&op) : -ENOSYS;
    if ((!rc || rc == -ENOBUFS) && write_arg(arg, &op))
        return -EFAULT;
    return rc;
}
