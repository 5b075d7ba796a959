/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * domctl: the toolstack's operations on one domain: its life, vCPUs, state,
 * CPU policy, time, memory pools, devices. A table says which function does
 * each and what of its argument is copied.
 */
#include "hvm/dev/timers.h"
#include "hvm/policy/cpuid.h"
#include "hvm/save/records.h"
#include "hypervisor/abi/cpuid.h"
#include "hypervisor/core/evtchn.h"
#include "hypervisor/cpu/cr.h"
#include "hypervisor/hypercall/calls.h"
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
    *info = (struct xen_domctl_getdomaininfo){
        .domain = d->id, .max_vcpu_id = XEN_INVALID_MAX_VCPU_ID,
        .flags = XEN_DOMINF_hvm_guest | XEN_DOMINF_hap | XEN_DOMINF_blocked |
                 (d->dying == DOMAIN_DEAD ? XEN_DOMINF_dying : 0) |
                 (d->shut_down ? XEN_DOMINF_shutdown : 0) |
                 (d->paused_by_control ? XEN_DOMINF_paused : 0) |
                 (d->debugger_attached ? XEN_DOMINF_debugged : 0) |
                 (d->config.flags & XEN_DOMCTL_CDF_xs_domain
                      ? XEN_DOMINF_xs_domain : 0),
        .tot_pages = d->frames - d->special_frames, .max_pages = d->max_frames,
        .outstanding_pages = d->claimed,
        .shared_info_frame = d->shared_info_page && d->shared_info_page->gfn
                                 ? d->shared_info_page->gfn : ~0ull,
        .ssidref = d->config.ssidref, .gpaddr_bits = (uint8_t)hvm_phys_bits(),
        .arch_config = d->config.arch,
    };
    memcpy(info->handle, d->config.handle, sizeof(info->handle));
    if (d->shutdown_code >= 0)
        info->flags |= (uint32_t)d->shutdown_code << XEN_DOMINF_shutdownshift;
    for_vcpus (d, v) {
        struct vcpu_runstate_info r;

        vcpu_runstate(v, &r);
        info->cpu_time += r.time[RUNSTATE_running];
        info->max_vcpu_id = v->id;
        if (!hvm_vcpu_is_up(v))
            continue;
        info->nr_online_vcpus++;
        if (r.state != RUNSTATE_blocked)
            info->flags &= ~XEN_DOMINF_blocked;
        if (r.state == RUNSTATE_running)
            info->flags |= XEN_DOMINF_running;
    }
}

SUBOP_DO(getdomaininfo, OUT, struct xen_domctl_getdomaininfo,
         domctl_info(d, a);
         *(domid_t *)more = d->id)

SUBOP_DO(max_mem, IN, struct xen_domctl_max_mem,
         WRITE_ONCE(d->max_frames, MIN(a->max_memkb >> (PAGE_SHIFT - 10),
                                       0xffffffffull)))

SUBOP_DO(setdomainhandle, IN | LOCKED, struct xen_domctl_setdomainhandle,
         memcpy(d->config.handle, a->handle, sizeof(d->config.handle)))

SUBOP(set_target, IN, struct xen_domctl_set_target)
{
    struct domain *t = domain_get(a->target), *none = NULL;

    if (!t)
        return -ESRCH;
    if (t != d && atomic_cmpxchg(&d->target, &none, t))
        return 0; /* it keeps the reference */
    domain_put(t);
    return -EINVAL;
}

SUBOP_DO(setdebugging, IN | OTHER, struct xen_domctl_setdebugging,
         d->debugger_attached = a->enable)

SUBOP_EXPR(set_virq_handler, IN, struct xen_domctl_set_virq_handler,
           evtchn_set_virq_handler(d, a->virq))

/* The port is told, instead of dom0, when the domain suspends. */
SUBOP_DO(subscribe, IN, struct xen_domctl_subscribe,
         WRITE_ONCE(d->suspend_port, a->port))

/* --- vCPUs. --- */

/* Not of a dying domain: nobody would wait for their threads. */
SUBOP(max_vcpus, IN | OTHER | LOCKED, struct xen_domctl_max_vcpus)
{
    struct vcpu *made;
    long rc = 0;

    if (a->max > d->max_vcpus || !a->max || d->dying != DOMAIN_ALIVE)
        return -EINVAL;
    for (uint32_t i = 0; i < a->max && !rc; i++)
        if (!d->vcpu[i])
            rc = vcpu_create(d, i, hvm_vcpu_loop, &made);
    /* The boot processor runs as soon as the domain does. */
    if (!rc && d->vcpu[0]->down)
        vcpu_up(d->vcpu[0]);
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

int cpumask_to_bitmap(const struct cpumask *set, struct xenctl_bitmap *map)
{
    size_t room = DIV_ROUND_UP((size_t)map->nr_bits, 8);

    return guest_write(gva(map->bitmap.addr), set->bits,
                       MIN(room, sizeof(set->bits)));
}

/* The maps that the caller asked for. */
static long affinity_out(struct xen_domctl_vcpuaffinity *o,
                         const struct cpumask *hard,
                         const struct cpumask *soft)
{
    long rc = 0;

    if (o->flags & XEN_VCPUAFFINITY_HARD)
        rc = cpumask_to_bitmap(hard, &o->cpumap_hard);
    if (!rc && (o->flags & XEN_VCPUAFFINITY_SOFT))
        rc = cpumask_to_bitmap(soft, &o->cpumap_soft);
    return rc;
}

SUBOP(setvcpuaffinity, IO, struct xen_domctl_vcpuaffinity,
      VCPU(setvcpuaffinity, vcpu, ESRCH))
{
    struct cpumask hard = v->affinity_hard, soft = v->affinity_soft;
    long rc = 0;

    if (!(a->flags & (XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT)))
        return -EINVAL;
    if (a->flags & XEN_VCPUAFFINITY_HARD)
        rc = bitmap_to_cpumask(&a->cpumap_hard, &hard);
    if (!rc && (a->flags & XEN_VCPUAFFINITY_SOFT))
        rc = bitmap_to_cpumask(&a->cpumap_soft, &soft);
    if (!rc)
        rc = sched_set_affinity(v, &hard, &soft);
    if (rc)
        return rc;
    /* What it comes to. */
    (void)cpumask_and(&hard, &hard, &cpus_online);
    (void)cpumask_and(&soft, &soft, &hard);
    return affinity_out(a, &hard, &soft);
}

SUBOP_EXPR(getvcpuaffinity, IO, struct xen_domctl_vcpuaffinity,
           affinity_out(a, &v->affinity_hard, &v->affinity_soft),
           VCPU(getvcpuaffinity, vcpu, ESRCH))

SUBOP_EXPR(getnodeaffinity, IO, struct xen_domctl_nodeaffinity,
           cpumask_to_bitmap(&(struct cpumask){ { 1 } }, &a->nodemap))

SUBOP(sendtrigger, IN, struct xen_domctl_sendtrigger)
{
    struct vcpu *of = vcpu_of(d, a->vcpu);

    const bool power = a->trigger == XEN_DOMCTL_SENDTRIGGER_POWER;

    if (power || a->trigger == XEN_DOMCTL_SENDTRIGGER_SLEEP) {
        if (!d->hvm->pm)
            return -EOPNOTSUPP;
        pmtimer_press(d->hvm->pm, power ? PM1_PWRBTN : PM1_SLPBTN);
        return 0;
    }
    if (a->trigger != XEN_DOMCTL_SENDTRIGGER_NMI)
        return -ENOSYS;
    if (!of)
        return -ESRCH;
    vlapic_signal(of->hvm->lapic, APIC_DM_NMI, 0);
    return 0;
}

SUBOP(scheduler_op, IO, struct xen_domctl_scheduler_op)
{
    struct xen_domctl_sched_credit2 *p = &a->u.credit2;

    if (a->sched_id != XEN_SCHEDULER_CREDIT2)
        return -EINVAL;
    /* 0 weight and all-ones cap leave the value as it is. */
    if (a->cmd == XEN_DOMCTL_SCHEDOP_putinfo)
        return sched_set_params(d, p->weight ? p->weight : d->sched.weight,
                                p->cap != 0xffff ? p->cap : d->sched.cap);
    if (a->cmd != XEN_DOMCTL_SCHEDOP_getinfo)
        return -EOPNOTSUPP;
    p->weight = d->sched.weight;
    p->cap = d->sched.cap;
    return 0;
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

struct both_forms {
    struct hvm_hw_cpu cpu;
    struct vcpu_guest_context ctxt;
};

/* -ENODATA for a vCPU that has not been started. */
SUBOP(getvcpucontext, IN | OTHER | HELD, struct xen_domctl_vcpucontext,
      VCPU(getvcpucontext, vcpu, EINVAL), ROOM(struct both_forms))
{
    struct both_forms *b = more;
    struct hvm_hw_cpu *s = &b->cpu;
    struct vcpu_guest_context *c = &b->ctxt;
    uint64_t *words = (uint64_t *)&c->user_regs;

    if (!hvm_vcpu_is_up(v))
        return -ENODATA;
    vcpu_state_save(v, s);

    const bool in_kernel = !(s->cs_sel & 3);
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
    memcpy(&c->ctrlreg[2], &s->cr2, 3 * sizeof(s->cr2));
    memcpy(&c->debugreg[0], &s->dr0, 4 * sizeof(s->dr0));
    memcpy(&c->debugreg[6], &s->dr6, 2 * sizeof(s->dr6));
    c->fs_base = s->fs_base;
    c->gs_base_kernel = in_kernel ? s->gs_base : s->shadow_gs;
    c->gs_base_user = in_kernel ? s->shadow_gs : s->gs_base;
    c->flags = VGCF_i387_valid | VGCF_online;
    return copy_to_guest(a->ctxt, c);
}

/* Sets the general registers, RIP and RFLAGS, which is what tools do with a
 * domain that is not PV. */
SUBOP(setvcpucontext, IN | OTHER | HELD, struct xen_domctl_vcpucontext,
      VCPU(setvcpucontext, vcpu, EINVAL))
{
    struct cpu_user_regs from;
    const uint64_t *words = (const uint64_t *)&from;
    struct regs *r = vcpu_regs(v);

    if (guest_ptr_is_null(a->ctxt))
        return -EOPNOTSUPP; /* a reset */
    if (guest_read(&from, gva(a->ctxt.addr + offsetof(
                       struct vcpu_guest_context, user_regs)), sizeof(from)))
        return -EFAULT;
    for (unsigned int i = 0; i < ARRAY_SIZE(first_regs); i++)
        r->gpr[first_regs[i]] = words[i];
    r->gpr[RSP] = from.rsp;
    r->rip = from.rip;
    r->rflags = (from.rflags & RFLAGS_ALL) | RFLAGS_MBS;
    return 0;
}

/* --- The whole of its state. --- */

SUBOP(gethvmcontext, IO | OTHER | HELD, struct xen_domctl_hvmcontext)
{
    size_t size = hvm_save_size(d);

    if (guest_ptr_is_null(a->buffer)) {
        a->size = (uint32_t)size;
        return 0;
    }
    if (a->size < size)
        return -ENOSPC;
    void *buf = heap_alloc(size);
    if (!buf)
        return -ENOMEM;
    long n = hvm_save(d, buf, size);
    if (n > 0) {
        a->size = (uint32_t)n;
        n = guest_write(gva(a->buffer.addr), buf, a->size);
    }
    heap_free(buf);
    return n;
}

#define RECORD_MAX (2 * PAGE_SIZE)

SUBOP(gethvmcontext_partial, IO | ERR | OTHER | HELD,
      struct xen_domctl_hvmcontext_partial, .room = RECORD_MAX)
{
    uint64_t size = a->bufsz;
    long n = hvm_save_one(d, a->type, a->instance, more, RECORD_MAX);

    if (n < 0)
        return n;
    a->bufsz = (uint64_t)n;
    return guest_ptr_is_null(a->buffer) ? 0
         : size < a->bufsz ? -ENOSPC
         : guest_write(gva(a->buffer.addr), more, a->bufsz);
}

SUBOP(sethvmcontext, IN | OTHER | HELD, struct xen_domctl_hvmcontext)
{
    /* More than the save code makes. */
    if (a->size > MB(4))
        return -EINVAL;
    void *buf = heap_alloc(a->size);
    if (!buf)
        return -ENOMEM;
    long rc = guest_read(buf, gva(a->buffer.addr), a->size);
    if (!rc)
        rc = hvm_load(d, buf, a->size);
    heap_free(buf);
    return rc;
}

/* MSRs beyond the save records: none. */
SUBOP_DO(get_vcpu_msrs, IO, struct xen_domctl_vcpu_msrs, a->msr_count = 0,
         VCPU(get_vcpu_msrs, vcpu, EINVAL))

/* --- CPU policy and time. --- */

long policy_to_guest(const struct cpu_policy *from,
                     struct xen_domctl_cpu_policy *p,
                     struct policy_lists *l)
{
    const bool leaves = !guest_ptr_is_null(p->leaves);
    const bool msrs = !guest_ptr_is_null(p->msrs);
    const uint32_t leaf_room = p->nr_leaves, msr_room = p->nr_msrs;

    p->nr_leaves = cpu_policy_write(from, l->leaves, l->msrs);
    p->nr_msrs = MSR_POLICY_MAX_ENTRIES;
    if ((leaves && leaf_room < p->nr_leaves) ||
        (msrs && msr_room < p->nr_msrs))
        return -ENOBUFS;
    if (leaves && guest_write(gva(p->leaves.addr), l->leaves,
                              p->nr_leaves * sizeof(l->leaves[0])))
        return -EFAULT;
    return msrs ? guest_write(gva(p->msrs.addr), l->msrs, sizeof(l->msrs)) : 0;
}

SUBOP_EXPR(get_cpu_policy, IO | ERR, struct xen_domctl_cpu_policy,
           policy_to_guest(d->hvm->cpuid, a, more), ROOM(struct policy_lists))

SUBOP(set_cpu_policy, IO | ERR | OTHER | LOCKED, struct xen_domctl_cpu_policy,
      ROOM(struct policy_lists))
{
    struct policy_lists *l = more;

    if (a->nr_leaves > CPUID_POLICY_MAX_LEAVES ||
        a->nr_msrs > MSR_POLICY_MAX_ENTRIES)
        return -E2BIG;
    if (guest_read(l->leaves, gva(a->leaves.addr),
                   a->nr_leaves * sizeof(l->leaves[0])) ||
        guest_read(l->msrs, gva(a->msrs.addr),
                   a->nr_msrs * sizeof(l->msrs[0])))
        return -EFAULT;
    /* A guest that ran keeps what it has seen. */
    return d->started ? -EEXIST
                      : cpuid_domain_set_policy(d, a, l->leaves, l->msrs);
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

SUBOP_DO(gettscinfo, OUT, struct xen_domctl_tsc_info,
         a->tsc_mode = XEN_CPUID_TSC_MODE_DEFAULT;
         a->gtsc_khz = (uint32_t)d->hvm->tsc_khz;
         a->elapsed_nsec = now_ns())

SUBOP(settimeoffset, IN | LOCKED, struct xen_domctl_settimeoffset)
{
    /* A few centuries either way: no clock shows more. */
    if (a->time_offset_seconds > 1ll << 34 ||
        a->time_offset_seconds < -(1ll << 34))
        return -EINVAL;
    d->time_offset = a->time_offset_seconds;
    pvtime_update_wallclock(d);
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
    if (a->op == XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION)
        WRITE_ONCE(d->hvm->p2m->limit, a->mb << (20 - PAGE_SHIFT));
    else if (a->op == XEN_DOMCTL_SHADOW_OP_GET_ALLOCATION)
        a->mb = DIV_ROUND_UP(p2m_table_limit(d), 1u << (20 - PAGE_SHIFT));
    else if (a->op != XEN_DOMCTL_SHADOW_OP_OFF)
        return -EOPNOTSUPP;
    return 0;
}

SUBOP(getpageframeinfo3, IO, struct xen_domctl_getpageframeinfo3)
{
    if (a->num > 1024)
        return -E2BIG;
    for (uint64_t i = 0; i < a->num; i++) {
        uint64_t g;

        if (copy_from_guest_at(&g, a->array, i))
            return -EFAULT;
        g = p2m_type_has_page(p2m_lookup(d, gfn(g)).type)
                ? XEN_DOMCTL_PFINFO_NOTAB : XEN_DOMCTL_PFINFO_XTAB;
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
    struct domain *d = NULL;
    domid_t id;
    uint32_t cmd;
    long rc = versioned_cmd(arg, XEN_DOMCTL_INTERFACE_VERSION, &cmd);

    if (!rc)
        rc = guest_read(&id, id_at, sizeof(id));
    if (rc)
        return rc;
    rc = cmd == XEN_DOMCTL_createdomain
             ? may(current->domain, ACCESS_DOMCTL, NULL)
             : target_get(id, cmd == XEN_DOMCTL_getdomaininfo
                                  ? ACCESS_DOMCTL_INFO : ACCESS_DOMCTL, &d);
    if (rc)
        return rc;

    const struct subop *op = subop_find(ops, ARRAY_SIZE(ops), cmd);
    const bool pause = op && (op->flags & HELD) && d != current->domain;
    if (pause)
        domain_pause(d);
    const domid_t was = id;
    arg.addr += offsetof(struct xen_domctl, u);
    rc = op ? subop_run(op, current, d, arg, &id) : -ENOSYS;
    if (pause)
        domain_unpause(d);
    if (d)
        domain_put(d);
    return !rc && id != was && guest_write(id_at, &id, sizeof(id)) ? -EFAULT
                                                                   : rc;
}
