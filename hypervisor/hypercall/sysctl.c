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
#include "hypervisor/x86/smp.h"

SUBOP(readconsole, IO, struct xen_sysctl_readconsole)
{
    /* Not incremental: from the oldest on. */
    uint32_t index = a->incremental ? a->index
                                    : console_ring_end() - CONSOLE_RING_SIZE;
    uint32_t done = 0;
    char part[256];
    size_t n;

    do {
        n = console_ring_read(part, MIN(a->count - done,
                                        (uint32_t)sizeof(part)), &index);
        if (guest_write(gva(a->buffer.addr + done), part, n))
            return -EFAULT;
        done += (uint32_t)n;
    } while (n);
    if (a->clear)
        console_ring_clear(index);
    a->index = index;
    a->count = done;
    return 0;
}

SUBOP(physinfo, OUT, struct xen_sysctl_physinfo)
{
    uint32_t words[FEATURE_WORDS];

    *a = (struct xen_sysctl_physinfo){
        .threads_per_core = 1, .cores_per_socket = nr_cpus_online,
        .nr_cpus = nr_cpus_online, .max_cpu_id = nr_cpus_online - 1,
        .nr_nodes = 1, .cpu_khz = (uint32_t)(tsc_hz / 1000),
        .capabilities = XEN_SYSCTL_PHYSCAP_hvm | XEN_SYSCTL_PHYSCAP_hap |
                        XEN_SYSCTL_PHYSCAP_gnttab_v1,
        .total_pages = pages_total, .free_pages = pages_free(),
        .outstanding_pages = READ_ONCE(claimed_total),
        .max_mfn = frame_table_size - 1,
    };
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

    for (; n < a->max_domains && (d = domain_get_from(id)) != NULL; n++) {
        id = (domid_t)(d->id + 1);
        domctl_info(d, &info);
        domain_put(d);
        if (copy_to_guest_at(a->buffer, n, &info))
            return -EFAULT;
    }
    a->num_domains = n;
    return 0;
}

SUBOP(debug_keys, IO, struct xen_sysctl_debug_keys)
{
    char keys[64];
    uint32_t n = MIN(a->nr_keys, (uint32_t)sizeof(keys));

    if (guest_read(keys, gva(a->keys.addr), n))
        return -EFAULT;
    for (uint32_t i = 0; i < n; i++)
        debug_key(keys[i]);
    return 0;
}

SUBOP(getcpuinfo, IO, struct xen_sysctl_getcpuinfo)
{
    struct xen_sysctl_cpuinfo infos[MAX_CPUS];

    a->nr_cpus = MIN(a->max_cpus, nr_cpus_online);
    for (uint32_t i = 0; i < a->nr_cpus; i++)
        infos[i].idletime = sched_idle_time(i);
    return guest_write(gva(a->info.addr), infos,
                       a->nr_cpus * sizeof(infos[0]));
}

SUBOP_DO(availheap, IO, struct xen_sysctl_availheap,
         a->avail_bytes = pages_free() << PAGE_SHIFT)

SUBOP(cputopoinfo, IO, struct xen_sysctl_cputopoinfo)
{
    struct xen_sysctl_cputopo cpus[MAX_CPUS] = { { .core = 0 } };
    const bool ask = guest_ptr_is_null(a->cputopo);

    a->num_cpus = ask ? nr_cpus_online : MIN(a->num_cpus, nr_cpus_online);
    for (uint32_t i = 0; i < a->num_cpus; i++)
        cpus[i].core = i;
    return ask ? 0 : guest_write(gva(a->cputopo.addr), cpus,
                                 a->num_cpus * sizeof(cpus[0]));
}

SUBOP(numainfo, IO, struct xen_sysctl_numainfo)
{
    struct xen_sysctl_meminfo m = { .memsize = pages_total << PAGE_SHIFT,
                                    .memfree = pages_free() << PAGE_SHIFT };
    uint32_t room = a->num_nodes, near = 10;

    a->num_nodes = 1;
    if (room && !guest_ptr_is_null(a->meminfo) && copy_to_guest(a->meminfo, &m))
        return -EFAULT;
    return room && !guest_ptr_is_null(a->distance)
               ? copy_to_guest(a->distance, &near) : 0;
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
    static const struct cpumask none;
    const bool info = a->op == XEN_SYSCTL_CPUPOOL_OP_INFO;

    if (a->op == XEN_SYSCTL_CPUPOOL_OP_FREEINFO)
        return cpumask_to_bitmap(&none, &a->cpumap);
    if (!info && a->op != XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN)
        return -EOPNOTSUPP;
    if (!info || a->cpupool_id)
        return a->cpupool_id ? -ENOENT : 0;
    a->sched_id = XEN_SCHEDULER_CREDIT2;
    a->n_dom = 0;
    for (domid_t id = 0; (d = domain_get_from(id)) != NULL; domain_put(d)) {
        id = (domid_t)(d->id + 1);
        a->n_dom++;
    }
    return cpumask_to_bitmap(&cpus_online, &a->cpumap);
}

SUBOP(scheduler_op, IO, struct xen_sysctl_scheduler_op)
{
    if (a->cpupool_id)
        return -ESRCH;
    if (a->sched_id != XEN_SCHEDULER_CREDIT2)
        return -EINVAL;
    if (a->cmd == XEN_SYSCTL_SCHEDOP_putinfo)
        return sched_set_ratelimit(a->u.sched_credit2.ratelimit_us);
    if (a->cmd != XEN_SYSCTL_SCHEDOP_getinfo)
        return -EINVAL;
    a->u.sched_credit2.ratelimit_us = sched_ratelimit;
    return 0;
}

/* Classic PV only. */
SUBOP_EXPR(get_cpu_levelling_caps, OUT, struct xen_sysctl_cpu_levelling_caps, 0)

SUBOP(get_cpu_featureset, IO | ERR, struct xen_sysctl_cpu_featureset)
{
    uint32_t words[FEATURE_WORDS];
    const bool ask = guest_ptr_is_null(a->features);
    uint32_t n = MIN(ask ? ~0u : a->nr_features, (uint32_t)FEATURE_WORDS);
    long rc = cpuid_featureset(a->index, words);

    if (rc)
        return rc;
    if (!ask && guest_write(gva(a->features.addr), words, n * sizeof(words[0])))
        return -EFAULT;
    a->nr_features = n;
    return n < FEATURE_WORDS ? -ENOBUFS : 0;
}

SUBOP(get_cpu_policy, IO | ERR, struct xen_sysctl_cpu_policy,
      ROOM(struct policy_lists))
{
    struct xen_domctl_cpu_policy p = { a->nr_leaves, a->nr_msrs, a->leaves,
                                       a->msrs, 0, 0, 0 };
    const struct cpu_policy *from;

    if (a->_rsvd)
        return -EINVAL;
    if (guest_ptr_is_null(a->leaves) && guest_ptr_is_null(a->msrs)) {
        a->nr_leaves = CPUID_POLICY_MAX_LEAVES;
        a->nr_msrs = MSR_POLICY_MAX_ENTRIES;
        return 0;
    }
    long rc = cpuid_system_policy(a->index, &from);
    if (!rc)
        rc = policy_to_guest(from, &p, more);
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
    arg.addr += offsetof(struct xen_sysctl, u);
    return rc ? rc : subop_call(ops, ARRAY_SIZE(ops), cmd, current, arg);
}
