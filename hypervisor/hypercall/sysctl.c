/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sysctl: the toolstack's operations on the machine as a whole. One NUMA
 * node, one CPU pool with the one scheduler.
 */
#include "hypervisor/abi/sysctl.h"

#include "hvm/policy/cpuid.h"
#include "hypervisor/debug/console.h"
#include "hypervisor/debug/upcalls.h"
#include "hypervisor/hypercall/calls.h"
#include "hypervisor/x86/features.h"
#include "hypervisor/x86/smp.h"
#include "hypervisor/x86/time.h"

SUBOP(readconsole, IO, struct xen_sysctl_readconsole)
{
    /* Not incremental: from the oldest on. */
    uint32_t index = a->incremental ? a->index
                                    : console_ring_end() - CONSOLE_RING_SIZE;
    uint32_t done = 0;
    char part[256];
    size_t n;
    long rc;

    do {
        n = console_ring_read(part, MIN(a->count - done,
                                        (uint32_t)sizeof(part)), &index);
        rc = guest_write(gva(a->buffer.addr + done), part, n);
        done += (uint32_t)n;
    } while (n && !rc);
    if (!rc && a->clear)
        console_ring_clear(index);
    a->index = index;
    a->count = done;
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

SUBOP(physinfo, OUT, struct xen_sysctl_physinfo)
{
    uint32_t words[FEATURE_WORDS];

    a->threads_per_core = 1;
    a->cores_per_socket = nr_cpus_online;
    a->nr_cpus = nr_cpus_online;
    a->max_cpu_id = nr_cpus_online - 1;
    a->nr_nodes = 1;
    a->cpu_khz = (uint32_t)(tsc_hz / 1000);
    a->capabilities = XEN_SYSCTL_PHYSCAP_hvm | XEN_SYSCTL_PHYSCAP_hap |
                      XEN_SYSCTL_PHYSCAP_gnttab_v1;
    a->total_pages = pages_total;
    a->free_pages = pages_free();
    (void)count_domains(&a->outstanding_pages);
    a->max_mfn = frame_table_size - 1;
    if (!cpuid_featureset(XEN_SYSCTL_cpu_featureset_host, words))
        memcpy(a->hw_cap, words, sizeof(a->hw_cap));
    return 0;
}

SUBOP_DO(sched_id, OUT, struct xen_sysctl_sched_id,
         a->sched_id = XEN_SCHEDULER_CREDIT2)

SUBOP(getdomaininfolist, IO, struct xen_sysctl_getdomaininfolist)
{
    struct xen_domctl_getdomaininfo info;
    domid_t id = a->first_domain;
    uint32_t n = 0;

    while (n < a->max_domains && (d = domain_get_from(id)) != NULL) {
        id = (domid_t)(d->id + 1);
        domctl_info(d, &info);
        domain_put(d);
        if (copy_to_guest_at(a->buffer, n, &info))
            return -EFAULT;
        n++;
    }
    a->num_domains = n;
    return 0;
}

SUBOP(debug_keys, IO, struct xen_sysctl_debug_keys)
{
    char c;

    for (uint32_t i = 0; i < MIN(a->nr_keys, 64u); i++) {
        if (copy_from_guest_at(&c, a->keys, i))
            return -EFAULT;
        debug_key(c);
    }
    return 0;
}

SUBOP(getcpuinfo, IO, struct xen_sysctl_getcpuinfo)
{
    uint32_t n = MIN(a->max_cpus, nr_cpus_online);

    for (uint32_t i = 0; i < n; i++) {
        struct xen_sysctl_cpuinfo info = { .idletime = sched_idle_time(i) };

        if (copy_to_guest_at(a->info, i, &info))
            return -EFAULT;
    }
    a->nr_cpus = n;
    return 0;
}

SUBOP_DO(availheap, IO, struct xen_sysctl_availheap,
         a->avail_bytes = pages_free() << PAGE_SHIFT)

SUBOP(cputopoinfo, IO, struct xen_sysctl_cputopoinfo)
{
    uint32_t room = a->num_cpus;

    a->num_cpus = nr_cpus_online;
    if (guest_ptr_is_null(a->cputopo))
        return 0;
    for (uint32_t i = 0; i < MIN(room, nr_cpus_online); i++) {
        struct xen_sysctl_cputopo t = { .core = i, .socket = 0, .node = 0 };

        if (copy_to_guest_at(a->cputopo, i, &t))
            return -EFAULT;
    }
    a->num_cpus = MIN(room, nr_cpus_online);
    return 0;
}

SUBOP(numainfo, IO, struct xen_sysctl_numainfo)
{
    struct xen_sysctl_meminfo m = { .memsize = pages_total << PAGE_SHIFT,
                                    .memfree = pages_free() << PAGE_SHIFT };
    uint32_t room = a->num_nodes, near = 10;

    a->num_nodes = 1;
    if (!room)
        return 0;
    if (!guest_ptr_is_null(a->meminfo) && copy_to_guest(a->meminfo, &m))
        return -EFAULT;
    if (!guest_ptr_is_null(a->distance) && copy_to_guest(a->distance, &near))
        return -EFAULT;
    return 0;
}

SUBOP(pcitopoinfo, IO, struct xen_sysctl_pcitopoinfo)
{
    uint32_t node = 0;

    for (uint32_t i = 0; i < MIN(a->num_devs, 4096u); i++)
        if (copy_to_guest_at(a->nodes, i, &node))
            return -EFAULT;
    return 0;
}

/* The one pool: number 0, all CPUs. */
SUBOP(cpupool_op, IO, struct xen_sysctl_cpupool_op)
{
    struct cpumask none = { { 0 } };
    uint64_t claims;

    switch (a->op) {
    case XEN_SYSCTL_CPUPOOL_OP_INFO:
        if (a->cpupool_id)
            return -ENOENT;
        a->sched_id = XEN_SCHEDULER_CREDIT2;
        a->n_dom = count_domains(&claims);
        return cpumask_to_bitmap(&cpus_online, &a->cpumap, nr_cpus_online);
    case XEN_SYSCTL_CPUPOOL_OP_FREEINFO:
        return cpumask_to_bitmap(&none, &a->cpumap, nr_cpus_online);
    case XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN:
        return a->cpupool_id ? -ENOENT : 0;
    default:
        return -EOPNOTSUPP;
    }
}

SUBOP(scheduler_op, IO, struct xen_sysctl_scheduler_op)
{
    if (a->cpupool_id)
        return -ESRCH;
    if (a->sched_id != XEN_SCHEDULER_CREDIT2)
        return -EINVAL;
    if (a->cmd == XEN_SYSCTL_SCHEDOP_getinfo) {
        a->u.sched_credit2.ratelimit_us = sched_ratelimit;
        return 0;
    }
    return a->cmd == XEN_SYSCTL_SCHEDOP_putinfo
               ? sched_set_ratelimit(a->u.sched_credit2.ratelimit_us)
               : -EINVAL;
}

/* Classic PV only. */
SUBOP_DO(get_cpu_levelling_caps, OUT, struct xen_sysctl_cpu_levelling_caps,
         a->caps = 0)

SUBOP(get_cpu_featureset, IO | ERR, struct xen_sysctl_cpu_featureset)
{
    uint32_t words[FEATURE_WORDS], n;
    long rc = cpuid_featureset(a->index, words);

    if (rc)
        return rc;
    n = MIN(a->nr_features, (uint32_t)FEATURE_WORDS);
    if (guest_ptr_is_null(a->features)) {
        a->nr_features = FEATURE_WORDS;
        return 0;
    }
    if (guest_write(gva(a->features.addr), words, n * sizeof(words[0])))
        return -EFAULT;
    rc = a->nr_features < FEATURE_WORDS ? -ENOBUFS : 0;
    a->nr_features = n;
    return rc;
}

SUBOP(get_cpu_policy, IO | ERR, struct xen_sysctl_cpu_policy)
{
    struct xen_domctl_cpu_policy p = { a->nr_leaves, a->nr_msrs, a->leaves,
                                       a->msrs, 0, 0, 0 };
    const struct cpu_policy *from;
    long rc;

    if (a->_rsvd)
        return -EINVAL;
    if (guest_ptr_is_null(a->leaves) && guest_ptr_is_null(a->msrs)) {
        a->nr_leaves = CPUID_POLICY_MAX_LEAVES;
        a->nr_msrs = MSR_POLICY_MAX_ENTRIES;
        return 0;
    }
    rc = cpuid_system_policy(a->index, &from);
    if (!rc)
        rc = policy_to_guest(from, &p);
    a->nr_leaves = p.nr_leaves;
    a->nr_msrs = p.nr_msrs;
    return rc;
}

long do_sysctl(void_gptr_t arg)
{
    static const struct subop *const ops[] = {
#define OP(name) [XEN_SYSCTL_##name] = &subop_##name
        OP(readconsole), OP(physinfo), OP(sched_id), OP(getdomaininfolist),
        OP(debug_keys), OP(getcpuinfo), OP(availheap), OP(cputopoinfo),
        OP(numainfo), OP(cpupool_op), OP(scheduler_op), OP(pcitopoinfo),
        OP(get_cpu_levelling_caps), OP(get_cpu_featureset), OP(get_cpu_policy),
    };
    uint32_t cmd;
    long rc = versioned_cmd(arg, XEN_SYSCTL_INTERFACE_VERSION, &cmd);

    if (!rc)
        rc = may(current->domain, cmd == XEN_SYSCTL_getdomaininfolist
                                      ? ACCESS_DOMCTL_INFO : ACCESS_SYSCTL,
                 NULL);
    if (rc)
        return rc;
    arg.addr += offsetof(struct xen_sysctl, u);
    return subop_call(ops, ARRAY_SIZE(ops), cmd, current, arg);
}
