/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * domctl: the toolstack's operations on one domain: its life, vCPUs, state,
 * CPU policy, time, memory pools, devices. A table says which function does
 * each and what of its argument is copied.
 */
#include "hypervisor/abi/domctl.h"

#include "hvm/base/tsc.h"
#include "hvm/dev/timers.h"
#include "hvm/mem/p2m.h"
#include "hvm/policy/cpuid.h"
#include "hvm/save/records.h"
#include "hvm/vcpu.h"
#include "hypervisor/abi/cpuid.h"
#include "hypervisor/core/evtchn.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/cpu/cr.h"
#include "hypervisor/hypercall/calls.h"
#include "hypervisor/mm/heap.h"
#include "hypervisor/x86/smp.h"

/* --- Its life, and what it is. --- */

/* Its id is what the caller wants, if it is one; it comes back in *more. */
SUBOP(createdomain, IN, struct xen_domctl_createdomain)
{
    domid_t *id = more;
    struct domain *made;
    long rc = domain_create(*id ? *id : 0xffff, a, &made);

    if (!rc)
        *id = made->id;
    return rc;
}

SUBOP_EXPR(destroydomain, 0, void, domain_kill(d))
SUBOP_EXPR(pausedomain, OTHER, void, domain_pause_by_control(d, true))
SUBOP_EXPR(unpausedomain, 0, void, domain_pause_by_control(d, false))

SUBOP_DO(resumedomain, OTHER, void, domain_resume(d))

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

SUBOP(getdomaininfo, OUT, struct xen_domctl_getdomaininfo)
{
    domctl_info(d, a);
    *(domid_t *)more = d->id;
    return 0;
}

SUBOP_DO(max_mem, IN, struct xen_domctl_max_mem,
         WRITE_ONCE(d->max_frames, MIN(a->max_memkb >> (PAGE_SHIFT - 10),
                                       0xffffffffull)))

SUBOP(setdomainhandle, IN, struct xen_domctl_setdomainhandle)
{
    spin_lock(&d->lock);
    memcpy(d->config.handle, a->handle, sizeof(d->config.handle));
    spin_unlock(&d->lock);
    return 0;
}

SUBOP(set_target, IN, struct xen_domctl_set_target)
{
    struct domain *t = domain_get(a->target);
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

SUBOP_DO(setdebugging, IN | OTHER, struct xen_domctl_setdebugging,
         d->debugger_attached = a->enable)

SUBOP_EXPR(set_virq_handler, IN, struct xen_domctl_set_virq_handler,
           evtchn_set_virq_handler(d, a->virq))

/* The port is told, instead of dom0, when the domain suspends. */
SUBOP_DO(subscribe, IN, struct xen_domctl_subscribe,
         WRITE_ONCE(d->suspend_port, a->port))

/* --- vCPUs. --- */

SUBOP(max_vcpus, IN | OTHER, struct xen_domctl_max_vcpus)
{
    struct vcpu *made;
    long rc = 0;

    if (a->max > d->max_vcpus || !a->max)
        return -EINVAL;
    spin_lock(&d->lock);
    if (d->dying != DOMAIN_ALIVE)
        rc = -EINVAL; /* nobody would wait for its threads */
    for (uint32_t i = 0; i < a->max && !rc; i++)
        if (!d->vcpu[i])
            rc = vcpu_create(d, i, hvm_vcpu_loop, &made);
    /* The boot processor runs as soon as the domain does. */
    if (!rc && d->vcpu[0]->down)
        vcpu_up(d->vcpu[0]);
    spin_unlock(&d->lock);
    return rc;
}

SUBOP(getvcpuinfo, IO, struct xen_domctl_getvcpuinfo)
{
    struct vcpu *of = vcpu_of(d, a->vcpu);
    struct vcpu_runstate_info r;

    if (!of)
        return a->vcpu < d->max_vcpus ? -ESRCH : -EINVAL;
    vcpu_runstate(of, &r);
    a->online = hvm_vcpu_is_up(of);
    a->blocked = r.state == RUNSTATE_blocked;
    a->running = r.state == RUNSTATE_running;
    a->cpu_time = r.time[RUNSTATE_running];
    a->cpu = READ_ONCE(of->cpu);
    return 0;
}

/* A caller's bitmap to a set of CPUs. -EFAULT. */
static int bitmap_to_cpumask(const struct xenctl_bitmap *map,
                             struct cpumask *out)
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

SUBOP(setvcpuaffinity, IO, struct xen_domctl_vcpuaffinity)
{
    struct vcpu *of = vcpu_of(d, a->vcpu);
    struct cpumask hard, soft;
    long rc = 0;

    if (!of || !(a->flags & (XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT)))
        return of ? -EINVAL : -ESRCH;
    hard = of->affinity_hard;
    soft = of->affinity_soft;
    if (a->flags & XEN_VCPUAFFINITY_HARD)
        rc = bitmap_to_cpumask(&a->cpumap_hard, &hard);
    if (!rc && (a->flags & XEN_VCPUAFFINITY_SOFT))
        rc = bitmap_to_cpumask(&a->cpumap_soft, &soft);
    if (!rc)
        rc = sched_set_affinity(of, &hard, &soft);
    if (rc)
        return rc;
    /* What it comes to. */
    for (unsigned int i = 0; i < ARRAY_SIZE(hard.bits); i++) {
        hard.bits[i] &= cpus_online.bits[i];
        soft.bits[i] &= hard.bits[i];
    }
    return affinity_out(a, &hard, &soft, nr_cpus_online);
}

SUBOP(getvcpuaffinity, IO, struct xen_domctl_vcpuaffinity)
{
    struct vcpu *of = vcpu_of(d, a->vcpu);

    return of ? affinity_out(a, &of->affinity_hard, &of->affinity_soft,
                             MAX_CPUS) : -ESRCH;
}

SUBOP(getnodeaffinity, IO, struct xen_domctl_nodeaffinity)
{
    struct cpumask node0 = { { 1 } };

    return cpumask_to_bitmap(&node0, &a->nodemap, 1);
}

SUBOP(sendtrigger, IN, struct xen_domctl_sendtrigger)
{
    struct vcpu *of = vcpu_of(d, a->vcpu);

    switch (a->trigger) {
    case XEN_DOMCTL_SENDTRIGGER_POWER:
    case XEN_DOMCTL_SENDTRIGGER_SLEEP:
        if (!d->hvm->pm)
            return -EOPNOTSUPP;
        pmtimer_press(d->hvm->pm, a->trigger == XEN_DOMCTL_SENDTRIGGER_POWER
                                      ? PM1_PWRBTN : PM1_SLPBTN);
        return 0;
    case XEN_DOMCTL_SENDTRIGGER_NMI:
        if (!of)
            return -ESRCH;
        vlapic_signal(of->hvm->lapic, APIC_DM_NMI, 0);
        return 0;
    default:
        return -ENOSYS;
    }
}

SUBOP(scheduler_op, IO, struct xen_domctl_scheduler_op)
{
    if (a->sched_id != XEN_SCHEDULER_CREDIT2)
        return -EINVAL;
    switch (a->cmd) {
    case XEN_DOMCTL_SCHEDOP_getinfo:
        a->u.credit2.weight = d->sched.weight;
        a->u.credit2.cap = d->sched.cap;
        return 0;
    case XEN_DOMCTL_SCHEDOP_putinfo:
        /* 0 weight and all-ones cap leave the value as it is. */
        return sched_set_params(d, a->u.credit2.weight ? a->u.credit2.weight
                                                       : d->sched.weight,
                                a->u.credit2.cap != 0xffff
                                    ? a->u.credit2.cap : d->sched.cap);
    default:
        return -EOPNOTSUPP;
    }
}

/*
 * A vCPU's registers in the form of PV domains. A core dump contains them;
 * when a domain goes on that was only saved, or whose save failed, the
 * toolstack sets RAX, the result of its suspend call. What this form has comes
 * from the save record of a vCPU, which has more.
 */
static const uint8_t first_regs[] = { /* of struct cpu_user_regs, in order */
    R15, R14, R13, R12, RBP, RBX, R11, R10, R9, R8, RAX, RCX, RDX, RSI, RDI,
};
BUILD_BUG_ON(ARRAY_SIZE(first_regs) !=
             offsetof(struct cpu_user_regs, error_code) / sizeof(uint64_t));

static void to_context(struct vcpu *v, const struct hvm_hw_cpu *s,
                       struct vcpu_guest_context *c)
{
    uint64_t *words = (uint64_t *)&c->user_regs;
    bool in_kernel = !(s->cs_sel & 3);

    memcpy(&c->fpu_ctxt, s->fpu_regs, sizeof(c->fpu_ctxt));
    c->user_regs = (struct cpu_user_regs){
        .rip = s->rip, .rflags = s->rflags, .rsp = s->rsp,
        .cs = (uint16_t)s->cs_sel, .ds = (uint16_t)s->ds_sel,
        .es = (uint16_t)s->es_sel, .fs = (uint16_t)s->fs_sel,
        .gs = (uint16_t)s->gs_sel, .ss = (uint16_t)s->ss_sel,
    };
    for (unsigned int i = 0; i < ARRAY_SIZE(first_regs); i++)
        words[i] = vcpu_regs(v)->gpr[first_regs[i]];
    c->ctrlreg[0] = s->cr0;
    c->ctrlreg[2] = s->cr2;
    c->ctrlreg[3] = s->cr3;
    c->ctrlreg[4] = s->cr4;
    memcpy(c->debugreg, &s->dr0, 4 * sizeof(c->debugreg[0]));
    c->debugreg[6] = s->dr6;
    c->debugreg[7] = s->dr7;
    c->fs_base = s->fs_base;
    c->gs_base_kernel = in_kernel ? s->gs_base : s->shadow_gs;
    c->gs_base_user = in_kernel ? s->shadow_gs : s->gs_base;
    c->flags = VGCF_i387_valid | VGCF_online;
}

/* -ENODATA for a vCPU that has not been started. */
SUBOP(getvcpucontext, IN | OTHER | HELD, struct xen_domctl_vcpucontext)
{
    struct vcpu *of = vcpu_of(d, a->vcpu);
    struct both {
        struct hvm_hw_cpu cpu;
        struct vcpu_guest_context ctxt;
    } *b;
    long rc = -ENODATA;

    if (!of)
        return -EINVAL;
    b = heap_alloc(sizeof(*b));
    if (!b)
        return -ENOMEM;
    if (hvm_vcpu_is_up(of)) {
        vcpu_state_save(of, &b->cpu);
        to_context(of, &b->cpu, &b->ctxt);
        rc = copy_to_guest(a->ctxt, &b->ctxt);
    }
    heap_free(b);
    return rc;
}

/* Sets the general registers, RIP and RFLAGS, which is what tools do with a
 * domain that is not PV. */
SUBOP(setvcpucontext, IN | OTHER | HELD, struct xen_domctl_vcpucontext)
{
    struct vcpu *of = vcpu_of(d, a->vcpu);
    struct cpu_user_regs from;
    const uint64_t *words = (const uint64_t *)&from;

    if (!of)
        return -EINVAL;
    if (guest_ptr_is_null(a->ctxt))
        return -EOPNOTSUPP; /* a reset */
    if (guest_read(&from, gva(a->ctxt.addr + offsetof(
                       struct vcpu_guest_context, user_regs)), sizeof(from)))
        return -EFAULT;
    for (unsigned int i = 0; i < ARRAY_SIZE(first_regs); i++)
        vcpu_regs(of)->gpr[first_regs[i]] = words[i];
    vcpu_regs(of)->gpr[RSP] = from.rsp;
    vcpu_regs(of)->rip = from.rip;
    vcpu_regs(of)->rflags = (from.rflags & RFLAGS_ALL) | RFLAGS_MBS;
    return 0;
}

/* --- The whole of its state. --- */

/* A buffer of the save code may not exceed this. */
#define HVM_CONTEXT_MAX (4u << 20)

SUBOP(gethvmcontext, IO | OTHER | HELD, struct xen_domctl_hvmcontext)
{
    size_t size = hvm_save_size(d);
    void *buf;
    long n;

    if (guest_ptr_is_null(a->buffer)) {
        a->size = (uint32_t)size;
        return 0;
    }
    if (a->size < size)
        return -ENOSPC;
    buf = heap_alloc(size);
    if (!buf)
        return -ENOMEM;
    n = hvm_save(d, buf, size);
    if (n > 0) {
        a->size = (uint32_t)n;
        n = guest_write(gva(a->buffer.addr), buf, a->size);
    }
    heap_free(buf);
    return n;
}

SUBOP(gethvmcontext_partial, IO | ERR | OTHER | HELD,
      struct xen_domctl_hvmcontext_partial)
{
    void *buf = heap_alloc(2 * PAGE_SIZE);
    uint64_t room = a->bufsz;
    long n;

    if (!buf)
        return -ENOMEM;
    n = hvm_save_one(d, a->type, a->instance, buf, 2 * PAGE_SIZE);
    if (n >= 0) {
        a->bufsz = (uint64_t)n;
        n = guest_ptr_is_null(a->buffer) ? 0
          : room < a->bufsz ? -ENOSPC
          : guest_write(gva(a->buffer.addr), buf, a->bufsz);
    }
    heap_free(buf);
    return n;
}

SUBOP(sethvmcontext, IN | OTHER | HELD, struct xen_domctl_hvmcontext)
{
    void *buf;
    long rc;

    if (a->size > HVM_CONTEXT_MAX)
        return -EINVAL;
    buf = heap_alloc(a->size);
    if (!buf)
        return -ENOMEM;
    rc = guest_read(buf, gva(a->buffer.addr), a->size);
    if (!rc)
        rc = hvm_load(d, buf, a->size);
    heap_free(buf);
    return rc;
}

/* MSRs beyond the save records: none. */
SUBOP(get_vcpu_msrs, IO, struct xen_domctl_vcpu_msrs)
{
    if (!vcpu_of(d, a->vcpu))
        return -EINVAL;
    a->msr_count = 0;
    return 0;
}

/* --- CPU policy and time. --- */

/* The longest lists that a CPU policy turns into. */
struct policy_buffer {
    struct xen_cpuid_leaf leaves[CPUID_POLICY_MAX_LEAVES];
    struct xen_msr_entry msrs[MSR_POLICY_MAX_ENTRIES];
};

long policy_to_guest(const struct cpu_policy *from,
                     struct xen_domctl_cpu_policy *p)
{
    const bool leaves = !guest_ptr_is_null(p->leaves);
    const bool msrs = !guest_ptr_is_null(p->msrs);
    const uint32_t leaf_room = p->nr_leaves, msr_room = p->nr_msrs;
    struct policy_buffer *b = heap_alloc(sizeof(*b));
    long rc = 0;

    if (!b)
        return -ENOMEM;
    p->nr_leaves = cpuid_policy_write(from, b->leaves, b->msrs);
    p->nr_msrs = MSR_POLICY_MAX_ENTRIES;
    if ((leaves && leaf_room < p->nr_leaves) ||
        (msrs && msr_room < p->nr_msrs))
        rc = -ENOBUFS;
    else if ((leaves && guest_write(gva(p->leaves.addr), b->leaves,
                                    p->nr_leaves * sizeof(b->leaves[0]))) ||
             (msrs && guest_write(gva(p->msrs.addr), b->msrs,
                                  sizeof(b->msrs))))
        rc = -EFAULT;
    heap_free(b);
    return rc;
}

SUBOP_EXPR(get_cpu_policy, IO | ERR, struct xen_domctl_cpu_policy,
           policy_to_guest(d->hvm->cpuid, a))

SUBOP(set_cpu_policy, IO | ERR | OTHER, struct xen_domctl_cpu_policy)
{
    struct policy_buffer *b;
    long rc = 0;

    if (a->nr_leaves > CPUID_POLICY_MAX_LEAVES ||
        a->nr_msrs > MSR_POLICY_MAX_ENTRIES)
        return -E2BIG;
    b = heap_alloc(sizeof(*b));
    if (!b)
        return -ENOMEM;
    if (guest_read(b->leaves, gva(a->leaves.addr),
                   a->nr_leaves * sizeof(b->leaves[0])) ||
        guest_read(b->msrs, gva(a->msrs.addr),
                   a->nr_msrs * sizeof(b->msrs[0])))
        rc = -EFAULT;
    spin_lock(&d->lock);
    if (!rc && d->started)
        rc = -EEXIST; /* a guest that ran keeps what it has seen */
    if (!rc)
        rc = cpuid_domain_set_policy(d, a, b->leaves, b->msrs);
    spin_unlock(&d->lock);
    heap_free(b);
    return rc;
}

/* RDTSC is never emulated: the default mode is the native one, but that a
 * restored guest keeps its rate. */
SUBOP(settscinfo, IN | OTHER, struct xen_domctl_tsc_info)
{
    bool native = a->tsc_mode == XEN_CPUID_TSC_MODE_NEVER_EMULATE;

    if (a->tsc_mode > XEN_CPUID_TSC_MODE_PVRDTSCP)
        return -EINVAL;
    if (!native && a->tsc_mode != XEN_CPUID_TSC_MODE_DEFAULT)
        return -EOPNOTSUPP;
    return hvm_set_tsc_khz(d, native ? 0 : a->gtsc_khz);
}

SUBOP(gettscinfo, OUT, struct xen_domctl_tsc_info)
{
    a->tsc_mode = XEN_CPUID_TSC_MODE_DEFAULT;
    a->gtsc_khz = (uint32_t)d->hvm->tsc_khz;
    a->elapsed_nsec = now_ns();
    return 0;
}

SUBOP(settimeoffset, IN, struct xen_domctl_settimeoffset)
{
    /* A few centuries either way: no clock shows more. */
    if (a->time_offset_seconds > 1ll << 34 ||
        a->time_offset_seconds < -(1ll << 34))
        return -EINVAL;
    spin_lock(&d->lock);
    d->time_offset = a->time_offset_seconds;
    pvtime_update_wallclock(d);
    spin_unlock(&d->lock);
    if (d->hvm->rtc)
        rtc_time_changed(d->hvm->rtc);
    return 0;
}

/* --- Memory. --- */

SUBOP_DO(get_paging_mempool_size, OUT, struct xen_domctl_paging_mempool,
         a->size = (uint64_t)p2m_table_limit(d) << PAGE_SHIFT)

SUBOP(set_paging_mempool_size, IO, struct xen_domctl_paging_mempool)
{
    if (a->size & (PAGE_SIZE - 1) || a->size >> PAGE_SHIFT > 0xffffffff)
        return -EINVAL;
    WRITE_ONCE(d->hvm->p2m->limit, (uint32_t)(a->size >> PAGE_SHIFT));
    return 0;
}

SUBOP(shadow_op, IO, struct xen_domctl_shadow_op)
{
    switch (a->op) {
    case XEN_DOMCTL_SHADOW_OP_OFF:
        return 0;
    case XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION:
        WRITE_ONCE(d->hvm->p2m->limit, a->mb << (20 - PAGE_SHIFT));
        return 0;
    case XEN_DOMCTL_SHADOW_OP_GET_ALLOCATION:
        a->mb = DIV_ROUND_UP(p2m_table_limit(d), 1u << (20 - PAGE_SHIFT));
        return 0;
    default:
        return -EOPNOTSUPP;
    }
}

SUBOP(getpageframeinfo3, IO, struct xen_domctl_getpageframeinfo3)
{
    if (a->num > 1024)
        return -E2BIG;
    for (uint64_t i = 0; i < a->num; i++) {
        enum p2m_type type;
        uint64_t g;

        if (copy_from_guest_at(&g, a->array, i))
            return -EFAULT;
        type = p2m_lookup(d, gfn(g)).type;
        g = type == P2M_NONE || type == P2M_MMIO || type == P2M_APIC
                ? XEN_DOMCTL_PFINFO_XTAB : XEN_DOMCTL_PFINFO_NOTAB;
        if (copy_to_guest_at(a->array, i, &g))
            return -EFAULT;
    }
    return 0;
}

/* --- Devices, and what has no effect. --- */

/* Rights to devices: there is nothing to take away, nothing to give yet. */
SUBOP_EXPR(irq_permission, IN, struct xen_domctl_irq_permission,
           a->allow_access ? -EOPNOTSUPP : 0)
SUBOP_EXPR(iomem_permission, IN, struct xen_domctl_iomem_permission,
           a->allow_access ? -EOPNOTSUPP : 0)
SUBOP_EXPR(ioport_permission, IN, struct xen_domctl_ioport_permission,
           a->allow_access ? -EOPNOTSUPP : 0)
/* Devices are not passed through. */
SUBOP_EXPR(device, 0, void, -ENODEV)
/* A toolstack sets these for every domain. */
SUBOP_EXPR(nothing, 0, void, 0)
SUBOP_EXPR(set_address_size, IN, struct xen_domctl_address_size,
           a->size == 64 ? 0 : -EINVAL)
/* Cache colouring is Arm's; none is what every domain asks for. */
SUBOP_EXPR(set_llc_colors, IN, struct xen_domctl_set_llc_colors,
           a->num_llc_colors ? -EOPNOTSUPP : 0)

SUBOP_DO(get_address_size, OUT, struct xen_domctl_address_size, a->size = 64)

static const struct subop *const ops[] = {
#define ROW(name, op) [XEN_DOMCTL_##name] = &subop_##op
#define OP(name) ROW(name, name)
    OP(createdomain), OP(destroydomain), OP(pausedomain), OP(unpausedomain),
    OP(getdomaininfo), OP(setvcpuaffinity), OP(shadow_op), OP(max_mem),
    OP(setvcpucontext), OP(getvcpucontext), OP(getvcpuinfo), OP(max_vcpus),
    OP(scheduler_op), OP(setdomainhandle), OP(setdebugging),
    OP(irq_permission), OP(iomem_permission), OP(ioport_permission),
    OP(settimeoffset), OP(getvcpuaffinity), OP(resumedomain), OP(sendtrigger),
    OP(subscribe), OP(gethvmcontext), OP(sethvmcontext), OP(set_address_size),
    OP(get_address_size), OP(set_target), OP(gethvmcontext_partial),
    OP(gettscinfo), OP(settscinfo), OP(getpageframeinfo3),
    OP(set_virq_handler), OP(getnodeaffinity), OP(get_vcpu_msrs),
    OP(get_cpu_policy), OP(set_cpu_policy), OP(get_paging_mempool_size),
    OP(set_paging_mempool_size), OP(set_llc_colors),
    ROW(assign_device, device), ROW(deassign_device, device),
    ROW(test_assign_device, device), ROW(bind_pt_irq, device),
    ROW(unbind_pt_irq, device), ROW(memory_mapping, device),
    ROW(ioport_mapping, device),
    ROW(set_access_required, nothing), ROW(setnodeaffinity, nothing),
    ROW(setvnumainfo, nothing),
};

long do_domctl(void_gptr_t arg)
{
    const gva_t id_at = gva(arg.addr + offsetof(struct xen_domctl, domain));
    const struct subop *op;
    struct domain *d = NULL;
    domid_t id, was;
    bool pause;
    uint32_t cmd;
    long rc = versioned_cmd(arg, XEN_DOMCTL_INTERFACE_VERSION, &cmd);

    if (rc)
        return rc;
    if (guest_read(&id, id_at, sizeof(id)))
        return -EFAULT;
    rc = cmd == XEN_DOMCTL_createdomain
             ? may(current->domain, ACCESS_DOMCTL, NULL)
             : target_get(id, cmd == XEN_DOMCTL_getdomaininfo
                                  ? ACCESS_DOMCTL_INFO : ACCESS_DOMCTL, &d);
    if (rc)
        return rc;
    was = id;
    op = subop_find(ops, ARRAY_SIZE(ops), cmd);
    pause = op && (op->flags & HELD) && d != current->domain;
    if (pause)
        domain_pause(d);
    arg.addr += offsetof(struct xen_domctl, u);
    rc = op ? subop_run(op, current, d, arg, &id) : -ENOSYS;
    if (pause)
        domain_unpause(d);
    if (d)
        domain_put(d);
    return !rc && id != was && guest_write(id_at, &id, sizeof(id)) ? -EFAULT
                                                                   : rc;
}
