/* SPDX-License-Identifier: GPL-2.0-only */
/* domctl: vCPUs, their affinity, scheduling and state. */
#include "hypervisor/hypercall/domctl-impl.h"

#include "hvm/base/hvm.h"
#include "hvm/dev/pmtimer.h"
#include "hvm/irq/upcalls.h"
#include "hvm/save/records.h"
#include "hypervisor/core/sched.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/hypercall/calls.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/mm/heap.h"
#include "hypervisor/x86/smp.h"

long domctl_max_vcpus(struct domain *d, struct xen_domctl *op)
{
    uint32_t max = op->u.max_vcpus.max;
    struct vcpu *v;
    long rc = 0;

    if (d == current->domain || max > d->max_vcpus || !max)
        return -EINVAL;
    spin_lock(&d->lock);
    if (d->dying != DOMAIN_ALIVE)
        rc = -EINVAL; /* nobody would wait for its threads */
    for (uint32_t i = 0; i < max && !rc; i++)
        if (!d->vcpu[i])
            rc = vcpu_create(d, i, hvm_vcpu_loop, &v);
    /* The boot processor runs as soon as the domain does. */
    if (!rc && d->vcpu[0]->down)
        vcpu_up(d->vcpu[0]);
    spin_unlock(&d->lock);
    return rc;
}

long domctl_getvcpuinfo(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_getvcpuinfo *o = &op->u.getvcpuinfo;
    struct vcpu *v = vcpu_of(d, o->vcpu);
    struct vcpu_runstate_info r;

    if (!v)
        return o->vcpu < d->max_vcpus ? -ESRCH : -EINVAL;
    vcpu_runstate(v, &r);
    o->online = hvm_vcpu_is_up(v);
    o->blocked = r.state == RUNSTATE_blocked;
    o->running = r.state == RUNSTATE_running;
    o->cpu_time = r.time[RUNSTATE_running];
    o->cpu = READ_ONCE(v->cpu);
    return 0;
}

int bitmap_to_cpumask(const struct xenctl_bitmap *map, struct cpumask *out)
{
    unsigned int bits = MIN(map->nr_bits, (uint32_t)MAX_CPUS);

    memset(out, 0, sizeof(*out));
    if (guest_read(out->bits, gva(map->bitmap.addr), DIV_ROUND_UP(bits, 8)))
        return -EFAULT;
    if (bits % 64)
        out->bits[bits / 64] &= BIT(bits % 64) - 1;
    return 0;
}

int cpumask_to_bitmap(const struct cpumask *set, struct xenctl_bitmap *map,
                      unsigned int nr)
{
    unsigned int bytes = DIV_ROUND_UP(MIN(map->nr_bits, nr), 8);
    size_t room = DIV_ROUND_UP((size_t)map->nr_bits, 8);
    uint8_t copy[MAX_CPUS / 8] = { 0 };

    memcpy(copy, set->bits, bytes);
    return guest_write(gva(map->bitmap.addr), copy, MIN(room, sizeof(copy)));
}

/* The maps that the caller asked for. */
static long affinity_out(struct xen_domctl_vcpuaffinity *o,
                         const struct cpumask *hard,
                         const struct cpumask *soft, unsigned int nr)
{
    long rc = 0;

    if (o->flags & XEN_VCPUAFFINITY_HARD)
        rc = cpumask_to_bitmap(hard, &o->cpumap_hard, nr);
    if (!rc && (o->flags & XEN_VCPUAFFINITY_SOFT))
        rc = cpumask_to_bitmap(soft, &o->cpumap_soft, nr);
    return rc;
}

long domctl_setaffinity(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_vcpuaffinity *o = &op->u.vcpuaffinity;
    struct vcpu *v = vcpu_of(d, o->vcpu);
    struct cpumask hard, soft;
    long rc = 0;

    if (!v || !(o->flags & (XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT)))
        return v ? -EINVAL : -ESRCH;
    hard = v->affinity_hard;
    soft = v->affinity_soft;
    if (o->flags & XEN_VCPUAFFINITY_HARD)
        rc = bitmap_to_cpumask(&o->cpumap_hard, &hard);
    if (!rc && (o->flags & XEN_VCPUAFFINITY_SOFT))
        rc = bitmap_to_cpumask(&o->cpumap_soft, &soft);
    if (!rc)
        rc = sched_set_affinity(v, &hard, &soft);
    if (rc)
        return rc;
    /* What it comes to. */
    for (unsigned int i = 0; i < ARRAY_SIZE(hard.bits); i++) {
        hard.bits[i] &= cpus_online.bits[i];
        soft.bits[i] &= hard.bits[i];
    }
    return affinity_out(o, &hard, &soft, nr_cpus_online);
}

long domctl_getaffinity(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_vcpuaffinity *o = &op->u.vcpuaffinity;
    struct vcpu *v = vcpu_of(d, o->vcpu);

    return v ? affinity_out(o, &v->affinity_hard, &v->affinity_soft, MAX_CPUS)
             : -ESRCH;
}

long domctl_getnode(struct domain *d, struct xen_domctl *op)
{
    struct cpumask node0 = { { 1 } };

    return cpumask_to_bitmap(&node0, &op->u.nodeaffinity.nodemap, 1);
}

long domctl_sendtrigger(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_sendtrigger *o = &op->u.sendtrigger;
    struct vcpu *v = vcpu_of(d, o->vcpu);

    switch (o->trigger) {
    case XEN_DOMCTL_SENDTRIGGER_POWER:
    case XEN_DOMCTL_SENDTRIGGER_SLEEP:
        if (!d->hvm->pm)
            return -EOPNOTSUPP;
        pmtimer_press(d->hvm->pm, o->trigger == XEN_DOMCTL_SENDTRIGGER_POWER
                                      ? PM1_PWRBTN : PM1_SLPBTN);
        return 0;
    case XEN_DOMCTL_SENDTRIGGER_NMI:
        if (!v)
            return -ESRCH;
        vlapic_signal(v->hvm->lapic, APIC_DM_NMI, 0);
        return 0;
    default:
        return -ENOSYS;
    }
}

long domctl_scheduler(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_scheduler_op *o = &op->u.scheduler_op;

    if (o->sched_id != XEN_SCHEDULER_CREDIT2)
        return -EINVAL;
    switch (o->cmd) {
    case XEN_DOMCTL_SCHEDOP_getinfo:
        o->u.credit2.weight = d->sched.weight;
        o->u.credit2.cap = d->sched.cap;
        return 0;
    case XEN_DOMCTL_SCHEDOP_putinfo:
        /* 0 weight and all-ones cap leave the value as it is. */
        return sched_set_params(d, o->u.credit2.weight ? o->u.credit2.weight
                                                       : d->sched.weight,
                                o->u.credit2.cap != 0xffff
                                    ? o->u.credit2.cap : d->sched.cap);
    default:
        return -EOPNOTSUPP;
    }
}

/* A buffer of the save code may not exceed this. */
#define HVM_CONTEXT_MAX (4u << 20)

long domctl_gethvm(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_hvmcontext *o = &op->u.hvmcontext;
    size_t size = hvm_save_size(d);
    void *buf;
    long n;

    if (d == current->domain)
        return -EINVAL;
    if (guest_ptr_is_null(o->buffer)) {
        o->size = (uint32_t)size;
        return 0;
    }
    if (o->size < size)
        return -ENOSPC;
    buf = heap_alloc(size);
    if (!buf)
        return -ENOMEM;
    domain_pause(d);
    n = hvm_save(d, buf, size);
    domain_unpause(d);
    if (n > 0) {
        o->size = (uint32_t)n;
        n = guest_write(gva(o->buffer.addr), buf, (size_t)n);
    }
    heap_free(buf);
    return n;
}

long domctl_gethvm_partial(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_hvmcontext_partial *o = &op->u.hvmcontext_partial;
    void *buf;
    long n;

    if (d == current->domain)
        return -EINVAL;
    buf = heap_alloc(2 * PAGE_SIZE);
    if (!buf)
        return -ENOMEM;
    domain_pause(d);
    n = hvm_save_one(d, o->type, o->instance, buf, 2 * PAGE_SIZE);
    domain_unpause(d);
    if (n >= 0) {
        size_t bytes = (size_t)n;

        n = 0;
        if (!guest_ptr_is_null(o->buffer))
            n = o->bufsz < bytes ? -ENOSPC
                                 : guest_write(gva(o->buffer.addr), buf,
                                               bytes);
        o->bufsz = bytes;
    }
    heap_free(buf);
    return n;
}

long domctl_sethvm(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_hvmcontext *o = &op->u.hvmcontext;
    void *buf;
    long rc;

    if (d == current->domain || o->size > HVM_CONTEXT_MAX)
        return -EINVAL;
    buf = heap_alloc(o->size);
    if (!buf)
        return -ENOMEM;
    rc = guest_read(buf, gva(o->buffer.addr), o->size);
    if (!rc) {
        domain_pause(d);
        rc = hvm_load(d, buf, o->size);
        domain_unpause(d);
    }
    heap_free(buf);
    return rc;
}

/* MSRs beyond the save records: none. */
long domctl_vcpu_msrs(struct domain *d, struct xen_domctl *op)
{
    if (!vcpu_of(d, op->u.vcpu_msrs.vcpu))
        return -EINVAL;
    op->u.vcpu_msrs.msr_count = 0;
    return 0;
}
