/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HYPERVISOR_vcpu_op: a domain's vCPUs are started and stopped, and say
 * where they want to read their run state, time and events. Each argument is
 * copied in once, by the table. Also writes the registered run state.
 */
#include "hypervisor/hypercall/vcpu-op.h"

#include "hvm/base/hvm.h"
#include "hvm/mem/guest-copy.h"
#include "hvm/pvtime.h"
#include "hvm/vcpu.h"
#include "hypervisor/abi/compat.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/abi/sched.h"
#include "hypervisor/abi/vcpu.h"
#include "hypervisor/core/evtchn.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/hypercall/restart.h"
#include "hypervisor/mm/map.h"
#include "hypervisor/x86/smp.h"

union vcpu_arg {
    struct vcpu_hvm_context context;
    struct vcpu_runstate_info runstate;
    struct compat_vcpu_runstate_info runstate32;
    struct vcpu_register_runstate_memory_area area;
    struct compat_vcpu_register_runstate_memory_area area32;
    struct vcpu_set_periodic_timer periodic;
    struct vcpu_set_singleshot_timer singleshot;
    struct compat_vcpu_set_singleshot_timer singleshot32;
    struct vcpu_register_vcpu_info info;
    struct vcpu_get_physid physid;
};

/* --- Run state. --- */

static void runstate_to_compat(struct compat_vcpu_runstate_info *c,
                               const struct vcpu_runstate_info *r)
{
    c->state = r->state;
    c->state_entry_time = r->state_entry_time;
    for (unsigned int i = 0; i < ARRAY_SIZE(c->time); i++)
        c->time[i] = r->time[i];
}

/* Writes *r to a guest's address in the layout it wants; a guest that gave a
 * bad address does not get it, and is not told, as with Xen. */
static void runstate_write(gva_t at, const struct vcpu_runstate_info *r,
                           bool compat)
{
    struct compat_vcpu_runstate_info c;

    if (compat) {
        runstate_to_compat(&c, r);
        (void)!guest_write(at, &c, sizeof(c));
    } else {
        (void)!guest_write(at, r, sizeof(*r));
    }
}

void guest_runstate_update(struct vcpu *v)
{
    const size_t entry = v->runstate_compat ?
        offsetof(struct compat_vcpu_runstate_info, state_entry_time) :
        offsetof(struct vcpu_runstate_info, state_entry_time);
    /* The byte with XEN_RUNSTATE_UPDATE. */
    gva_t flag_at = gva_add(v->runstate_guest, entry + 7);
    struct vcpu_runstate_info r = v->runstate;
    uint8_t top;

    if (!(READ_ONCE(v->domain->vm_assist) &
          (1u << VMASST_TYPE_runstate_update_flag))) {
        runstate_write(v->runstate_guest, &r, v->runstate_compat);
        return;
    }
    /* The flag goes first and is taken back last; the guest looks at it
     * before and after it reads. */
    r.state_entry_time |= XEN_RUNSTATE_UPDATE;
    top = (uint8_t)(r.state_entry_time >> 56);
    if (guest_write(flag_at, &top, 1))
        return;
    smp_wmb();
    runstate_write(v->runstate_guest, &r, v->runstate_compat);
    smp_wmb();
    top = (uint8_t)(top & ~(XEN_RUNSTATE_UPDATE >> 56));
    (void)!guest_write(flag_at, &top, 1);
}

static long op_get_runstate(struct vcpu *v, union vcpu_arg *a)
{
    struct vcpu_runstate_info r;

    vcpu_runstate(v, &r);
    if (hypercall_is_compat())
        runstate_to_compat(&a->runstate32, &r);
    else
        a->runstate = r;
    return 0;
}

static uint64_t area_address(const union vcpu_arg *a)
{
    return hypercall_is_compat() ? a->area32.addr.h.addr
                                 : a->area.addr.h.addr;
}

static long op_register_runstate(struct vcpu *v, union vcpu_arg *a)
{
    gva_t at = gva(area_address(a));
    bool compat = hypercall_is_compat();
    struct vcpu_runstate_info r;

    /* Another vCPU that runs now uses one layout or the other for a moment,
     * in memory of its own guest. */
    WRITE_ONCE(v->runstate_guest.raw, 0);
    WRITE_ONCE(v->runstate_compat, compat);
    WRITE_ONCE(v->runstate_guest.raw, at.raw);
    if (!at.raw)
        return 0;
    vcpu_runstate(v, &r);
    runstate_write(at, &r, compat);
    return 0;
}

/* --- Starting and stopping. --- */

/*
 * Stops another vCPU of the caller's domain; nothing for the caller itself.
 * Two that stop each other would wait for ever, so one at a time: -ERESTART,
 * and the caller stops at its checkpoint before it tries again.
 */
static int hold(struct vcpu *v)
{
    struct domain *d = v->domain;

    if (v == current)
        return 0;
    if (atomic_xchg(&d->pausing, true))
        return -ERESTART;
    vcpu_pause(v);
    WRITE_ONCE(d->pausing, false);
    return 0;
}

static void let_go(struct vcpu *v)
{
    if (v != current)
        vcpu_unpause(v);
}

static long op_initialise(struct vcpu *v, union vcpu_arg *a)
{
    struct domain *d = v->domain;
    int rc = hold(v);

    if (rc)
        return rc;
    spin_lock(&d->lock);
    rc = -EEXIST;
    if (READ_ONCE(v->hvm->wait_sipi))
        rc = vcpu_context_set(v, &a->context);
    if (!rc) {
        /* It waits for VCPUOP_up instead of a start-up IPI. */
        vcpu_down(v);
        WRITE_ONCE(v->hvm->wait_sipi, false);
        v->initialised = true;
    }
    spin_unlock(&d->lock);
    let_go(v);
    return rc;
}

static long op_up(struct vcpu *v, union vcpu_arg *a)
{
    if (READ_ONCE(v->hvm->wait_sipi))
        return -EINVAL; /* it has no registers to start from */
    vcpu_up(v);
    vcpu_kick(v, PENDING_EVENT); /* ends its wait, if it is in one */
    return 0;
}

static long op_down(struct vcpu *v, union vcpu_arg *a)
{
    vcpu_down(v);
    hvm_vcpu_stopped(v);
    return 0;
}

static long op_is_up(struct vcpu *v, union vcpu_arg *a)
{
    return hvm_vcpu_is_up(v);
}

static long op_send_nmi(struct vcpu *v, union vcpu_arg *a)
{
    WRITE_ONCE(v->hvm->nmi_pending, true);
    vcpu_kick(v, PENDING_IRQ);
    return 0;
}

/* --- Timers. --- */

static long op_set_periodic(struct vcpu *v, union vcpu_arg *a)
{
    if (a->periodic.period_ns < MILLISECS(1) ||
        a->periodic.period_ns > ~0ull >> 2)
        return -EINVAL;
    vcpu_set_periodic_timer(v, a->periodic.period_ns);
    return 0;
}

static long op_stop_periodic(struct vcpu *v, union vcpu_arg *a)
{
    vcpu_set_periodic_timer(v, 0);
    return 0;
}

static long op_set_singleshot(struct vcpu *v, union vcpu_arg *a)
{
    uint64_t at = hypercall_is_compat() ? a->singleshot32.timeout_abs_ns
                                        : a->singleshot.timeout_abs_ns;

    if (at < now_ns()) {
        timer_stop(&v->singleshot);
        evtchn_raise_virq(v, VIRQ_TIMER);
    } else {
        timer_set(&v->singleshot, at);
    }
    return 0;
}

static long op_stop_singleshot(struct vcpu *v, union vcpu_arg *a)
{
    timer_stop(&v->singleshot);
    return 0;
}

/* --- Registering memory. --- */

/* The frame that is to hold v's info, mapped. */
static int info_map(struct domain *d, uint64_t frame, struct page **pg,
                    void **map)
{
    int rc = guest_frame_get(d, gfn(frame), true, pg);
    mfn_t m;

    if (rc)
        return rc == -EROFS ? -EACCES : rc;
    m = page_to_mfn(*pg);
    *map = shared_map(&m, 1);
    if (*map)
        return 0;
    page_put(*pg);
    return -ENOMEM;
}

static long op_register_info(struct vcpu *v, union vcpu_arg *a)
{
    uint32_t align = hypercall_is_compat() ? 4 : 8;
    struct domain *d = v->domain;
    struct page *pg;
    void *map;
    int rc;

    if (a->info.offset >= PAGE_SIZE || a->info.mfn >> (64 - PAGE_SHIFT))
        return -EINVAL;
    if (v->info_page)
        return -EBUSY;
    if (a->info.offset > PAGE_SIZE - sizeof(struct vcpu_info) ||
        !IS_ALIGNED(a->info.offset, align))
        return -ENXIO;
    rc = info_map(d, a->info.mfn, &pg, &map);
    if (rc)
        return rc;
    rc = hold(v);
    if (rc)
        goto undo;
    spin_lock(&d->lock);
    rc = vcpu_info_register(v, pg, map, a->info.offset);
    spin_unlock(&d->lock);
    if (!rc)
        pvtime_update(v);
    let_go(v);
undo:
    if (rc) {
        shared_unmap(map, 1);
        page_put(pg);
    }
    return rc;
}

/* A second copy of the time record, for user space to read. The clock's
 * parameters do not change while the domain exists on this machine, so it is
 * written once. */
static long op_register_time(struct vcpu *v, union vcpu_arg *a)
{
    gva_t at = gva(area_address(a));
    struct vcpu_time_info t = v->info->time;

    if (!at.raw)
        return 0;
    t.version &= ~1u; /* not being written */
    return guest_write(at, &t, sizeof(t)) ? -EFAULT : 0;
}

/* Which processor a pinned vCPU of domain 0 is. */
static long op_get_physid(struct vcpu *v, union vcpu_arg *a)
{
    unsigned int cpu = v->cpu;

    if (v->domain != hardware_domain || cpumask_count(&v->affinity_hard) != 1)
        return -EINVAL;
    a->physid.phys_id = cpu_apic_id[cpu] | (uint64_t)cpu << 32;
    return 0;
}

/* Sub-operation: sizes of the argument for 64- and 32-bit callers. */
enum { IN = 1, OUT = 2, SELF = 4, NONE = 8 };
static const struct vcpu_call {
    long (*fn)(struct vcpu *v, union vcpu_arg *a);
    uint16_t size, size32;
    uint8_t flags; /* IN, OUT: copied; SELF: own only; NONE: arg must be 0 */
} vcpu_calls[] = {
#define BOTH(t) sizeof(struct t), sizeof(struct t)
#define EACH(t) sizeof(struct t), sizeof(struct compat_##t)
    [VCPUOP_initialise] = { op_initialise, BOTH(vcpu_hvm_context), IN },
    [VCPUOP_up] = { op_up, 0, 0, 0 },
    [VCPUOP_down] = { op_down, 0, 0, 0 },
    [VCPUOP_is_up] = { op_is_up, 0, 0, 0 },
    [VCPUOP_get_runstate_info] = { op_get_runstate, EACH(vcpu_runstate_info),
                                   OUT },
    /* The handle only, not the union's 64-bit alternative. */
    [VCPUOP_register_runstate_memory_area] = { op_register_runstate, 8, 4,
                                               IN },
    [VCPUOP_set_periodic_timer] = { op_set_periodic,
                                    BOTH(vcpu_set_periodic_timer), IN },
    [VCPUOP_stop_periodic_timer] = { op_stop_periodic, 0, 0, 0 },
    [VCPUOP_set_singleshot_timer] = { op_set_singleshot,
                                      EACH(vcpu_set_singleshot_timer),
                                      IN | SELF },
    [VCPUOP_stop_singleshot_timer] = { op_stop_singleshot, 0, 0, SELF },
    [VCPUOP_register_vcpu_info] = { op_register_info,
                                    BOTH(vcpu_register_vcpu_info), IN },
    [VCPUOP_send_nmi] = { op_send_nmi, 0, 0, NONE },
    [VCPUOP_get_physid] = { op_get_physid, BOTH(vcpu_get_physid), OUT },
    [VCPUOP_register_vcpu_time_memory_area] = { op_register_time, 8, 4, IN },
#undef BOTH
#undef EACH
};

long do_vcpu_op(int cmd, unsigned int vcpuid, void_gptr_t arg)
{
    struct domain *d = current->domain;
    union vcpu_arg a = { 0 };
    const struct vcpu_call *call;
    struct vcpu *v = NULL;
    size_t size;
    long rc;

    if (vcpuid < d->max_vcpus)
        v = d->vcpu[index_nospec(vcpuid, d->max_vcpus)];
    if (!v)
        return -ENOENT;
    if (cmd < 0 || (unsigned int)cmd >= ARRAY_SIZE(vcpu_calls))
        return -ENOSYS;
    call = &vcpu_calls[index_nospec((size_t)cmd, ARRAY_SIZE(vcpu_calls))];
    if (!call->fn)
        return -ENOSYS;
    if (((call->flags & SELF) && v != current) ||
        ((call->flags & NONE) && arg.addr))
        return -EINVAL;

    size = hypercall_is_compat() ? call->size32 : call->size;
    if ((call->flags & IN) && guest_read(&a, gva(arg.addr), size))
        return -EFAULT;
    rc = call->fn(v, &a);
    if (rc >= 0 && (call->flags & OUT) &&
        guest_write(gva(arg.addr), &a, size))
        return -EFAULT;
    return rc;
}
