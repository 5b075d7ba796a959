/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HYPERVISOR_vcpu_op: a domain's vCPUs are started and stopped, and say
 * where they want to read their run state, time and events. Each argument is
 * copied in once, by the table. Also writes the registered run state.
 */
#include "hypervisor/abi/vcpu.h"

#include "hvm/base/hvm.h"
#include "hvm/mem/peek.h"
#include "hvm/pvtime.h"
#include "hvm/vcpu.h"
#include "hypervisor/abi/compat.h"
#include "hypervisor/abi/sched.h"
#include "hypervisor/core/evtchn.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/hypercall/calls.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/x86/smp.h"

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

/* --- Run state. --- */

/* Puts *r into *to in one of the layouts, and returns its size. */
static size_t runstate_layout(void *to, const struct vcpu_runstate_info *r,
                              bool compat)
{
    struct compat_vcpu_runstate_info *c = to;

    if (!compat) {
        *(struct vcpu_runstate_info *)to = *r;
        return sizeof(*r);
    }
    c->state = r->state;
    c->state_entry_time = r->state_entry_time;
    for (unsigned int i = 0; i < ARRAY_SIZE(c->time); i++)
        c->time[i] = r->time[i];
    return sizeof(*c);
}

/* Both layouts, at any address: the 64-bit numbers follow each other. */
_Static_assert(offsetof(struct vcpu_runstate_info, time) ==
                   offsetof(struct vcpu_runstate_info, state_entry_time) + 8 &&
               offsetof(struct compat_vcpu_runstate_info, time) ==
                   offsetof(struct compat_vcpu_runstate_info,
                            state_entry_time) + 8, "one after the other");

/* Writes v's state to `place`, whose 64-bit numbers begin at `entry`. */
static void runstate_write_in_place(const struct vcpu *v, char *place,
                                    size_t entry, bool flag)
{
    const struct vcpu_runstate_info *r = &v->runstate;
    peek_u64 *n = (peek_u64 *)(place + entry);

    if (flag) {
        WRITE_ONCE(*n, r->state_entry_time | XEN_RUNSTATE_UPDATE);
        smp_wmb();
    }
    *(peek_u32 *)place = (uint32_t)r->state;
    for (unsigned int i = 0; i < ARRAY_SIZE(r->time); i++)
        n[1 + i] = r->time[i];
    smp_wmb();
    WRITE_ONCE(*n, r->state_entry_time);
}

/* The copy that the guest wants, if it lies in one page of RAM, until another
 * page is looked at. v is of current's domain. */
static char *runstate_in_place(const struct vcpu *v)
{
    unsigned int at = v->runstate_at.raw & (PAGE_SIZE - 1);
    char *page;

    if (at > PAGE_SIZE - v->runstate_size)
        return NULL;
    page = peek_page(PEEK_DATA, gpa_to_gfn(v->runstate_at), true);
    return page ? page + at : NULL;
}

/* Writes bytes of it, from `offset` on, to one page and the next. A page that
 * is no RAM any more does not get them. */
static void runstate_write(const struct vcpu *v, size_t offset,
                           const void *src, size_t n)
{
    size_t room = PAGE_SIZE - (v->runstate_at.raw & (PAGE_SIZE - 1)), part = 0;

    if (offset < room) {
        part = MIN(n, room - offset);
        (void)!guest_write_phys(v->domain, gpa_add(v->runstate_at, offset),
                                src, part);
    }
    if (part < n)
        (void)!guest_write_phys(v->domain,
                                gpa_add(v->runstate_next,
                                        offset + part - room),
                                (const char *)src + part, n - part);
}

static void runstate_write_across(const struct vcpu *v, size_t entry,
                                  bool flag)
{
    struct vcpu_runstate_info r = v->runstate, copy;
    uint8_t top; /* the byte with XEN_RUNSTATE_UPDATE */

    if (flag) {
        r.state_entry_time |= XEN_RUNSTATE_UPDATE;
        top = (uint8_t)(r.state_entry_time >> 56);
        runstate_write(v, entry + 7, &top, 1);
        smp_wmb();
    }
    (void)runstate_layout(&copy, &r, v->runstate_size != sizeof(copy));
    runstate_write(v, 0, &copy, v->runstate_size);
    if (flag) {
        smp_wmb();
        top = (uint8_t)(top & ~(XEN_RUNSTATE_UPDATE >> 56));
        runstate_write(v, entry + 7, &top, 1);
    }
}

void guest_runstate_update(struct vcpu *v)
{
    const size_t entry = v->runstate_size != sizeof(struct vcpu_runstate_info) ?
        offsetof(struct compat_vcpu_runstate_info, state_entry_time) :
        offsetof(struct vcpu_runstate_info, state_entry_time);
    /* The flag goes first and is taken back last; the guest looks at it
     * before and after it reads. */
    bool flag = READ_ONCE(v->domain->vm_assist) &
                (1u << VMASST_TYPE_runstate_update_flag);
    char *place = runstate_in_place(v);

    if (likely(place))
        runstate_write_in_place(v, place, entry, flag);
    else
        runstate_write_across(v, entry, flag);
}

static long op_get_runstate_info(struct vcpu *v, void *arg)
{
    struct vcpu_runstate_info r;

    vcpu_runstate(v, &r);
    (void)runstate_layout(arg, &r, hypercall_is_compat());
    return 0;
}

/* The handle of an area to register, in the caller's width. */
static gva_t area_address(const void *arg)
{
    return gva(hypercall_is_compat() ? *(const uint32_t *)arg
                                     : *(const uint64_t *)arg);
}

/*
 * The address is translated once: it is written at each switch, when a walk
 * would be the dearest part, and kernels do not move their memory. Who gave a
 * bad one is not told, as with Xen, and gets nothing.
 */
static long op_register_runstate_memory_area(struct vcpu *v, void *arg)
{
    gva_t at = area_address(arg);
    uint32_t size = hypercall_is_compat()
                        ? sizeof(struct compat_vcpu_runstate_info)
                        : sizeof(struct vcpu_runstate_info);
    gpa_t first, next = gpa(0);
    int rc = hold(v);

    if (rc)
        return rc;
    v->runstate_size = 0;
    if (at.raw && !guest_translate(at, &first) &&
        !guest_translate(gva((at.raw + size - 1) & PAGE_MASK), &next)) {
        v->runstate_at = first;
        v->runstate_next = next;
        v->runstate_size = size;
        guest_runstate_update(v);
    }
    let_go(v);
    return 0;
}

/* --- Starting and stopping. --- */

static long op_initialise(struct vcpu *v, void *arg)
{
    struct domain *d = v->domain;
    int rc = hold(v);

    if (rc)
        return rc;
    spin_lock(&d->lock);
    rc = -EEXIST;
    if (READ_ONCE(v->hvm->wait_sipi))
        rc = vcpu_context_set(v, arg);
    if (!rc) {
        /* It waits for VCPUOP_up instead of a start-up IPI. */
        vcpu_down(v);
        WRITE_ONCE(v->hvm->wait_sipi, false);
    }
    spin_unlock(&d->lock);
    let_go(v);
    return rc;
}

static long op_up(struct vcpu *v, void *arg)
{
    if (READ_ONCE(v->hvm->wait_sipi))
        return -EINVAL; /* it has no registers to start from */
    vcpu_up(v);
    vcpu_kick(v, PENDING_EVENT); /* ends its wait, if it is in one */
    return 0;
}

static long op_down(struct vcpu *v, void *arg)
{
    vcpu_down(v);
    hvm_vcpu_stopped(v);
    return 0;
}

static long op_is_up(struct vcpu *v, void *arg)
{
    return hvm_vcpu_is_up(v);
}

static long op_send_nmi(struct vcpu *v, void *arg)
{
    WRITE_ONCE(v->hvm->nmi_pending, true);
    vcpu_kick(v, PENDING_IRQ);
    return 0;
}

/* --- Timers. --- */

static long op_set_periodic_timer(struct vcpu *v, void *arg)
{
    struct vcpu_set_periodic_timer *a = arg;

    if (a->period_ns < MILLISECS(1) || a->period_ns > ~0ull >> 2)
        return -EINVAL;
    vcpu_set_periodic_timer(v, a->period_ns);
    return 0;
}

static long op_stop_periodic_timer(struct vcpu *v, void *arg)
{
    vcpu_set_periodic_timer(v, 0);
    return 0;
}

static long op_set_singleshot_timer(struct vcpu *v, void *arg)
{
    /* At the same place in 32-bit callers' structure. */
    uint64_t at = ((struct vcpu_set_singleshot_timer *)arg)->timeout_abs_ns;

    if (at < now_ns()) {
        timer_stop(&v->singleshot);
        evtchn_raise_virq(v, VIRQ_TIMER);
    } else {
        timer_set(&v->singleshot, at);
    }
    return 0;
}

static long op_stop_singleshot_timer(struct vcpu *v, void *arg)
{
    timer_stop(&v->singleshot);
    return 0;
}

/* --- Registering memory. --- */

static long op_register_vcpu_info(struct vcpu *v, void *arg)
{
    uint32_t align = hypercall_is_compat() ? 4 : 8;
    struct vcpu_register_vcpu_info *a = arg;
    struct domain *d = v->domain;
    struct shared_frame frame;
    int rc;

    if (a->offset >= PAGE_SIZE || a->mfn >> (64 - PAGE_SHIFT))
        return -EINVAL;
    if (v->info_frame.va)
        return -EBUSY;
    if (a->offset > PAGE_SIZE - sizeof(struct vcpu_info) ||
        !IS_ALIGNED(a->offset, align))
        return -ENXIO;
    rc = frame_share(d, gfn(a->mfn), &frame);
    if (rc)
        return rc == -EROFS ? -EACCES : rc;
    rc = hold(v);
    if (!rc) {
        spin_lock(&d->lock);
        rc = vcpu_info_register(v, &frame, a->offset);
        spin_unlock(&d->lock);
        if (!rc)
            pvtime_update(v);
        let_go(v);
    }
    if (rc)
        frame_unshare(&frame);
    return rc;
}

/* A second copy of the time record, for user space to read. The clock's
 * parameters do not change while the domain exists on this machine, so it is
 * written once. */
static long op_register_vcpu_time_memory_area(struct vcpu *v, void *arg)
{
    gva_t at = area_address(arg);
    struct vcpu_time_info t = v->info->time;

    if (!at.raw)
        return 0;
    t.version &= ~1u; /* not being written */
    return guest_write(at, &t, sizeof(t)) ? -EFAULT : 0;
}

/* Which processor a pinned vCPU of domain 0 is. */
static long op_get_physid(struct vcpu *v, void *arg)
{
    unsigned int cpu = v->cpu;

    if (v->domain != hardware_domain || cpumask_count(&v->affinity_hard) != 1)
        return -EINVAL;
    ((struct vcpu_get_physid *)arg)->phys_id
        = cpu_apic_id[cpu] | (uint64_t)cpu << 32;
    return 0;
}

long do_vcpu_op(unsigned int cmd, unsigned int vcpuid, void_gptr_t arg)
{
    static const struct subop ops[] = {
#define OP(name, size, size32, flags)                                       \
    [VCPUOP_##name] = { op_##name, size, size32, flags }
#define SAME(name, type, flags)                                             \
    OP(name, sizeof(struct type), sizeof(struct type), flags)
#define EACH(name, type, flags)                                             \
    OP(name, sizeof(struct type), sizeof(struct compat_##type), flags)
        SAME(initialise, vcpu_hvm_context, SUBOP_IN),
        OP(up, 0, 0, 0),
        OP(down, 0, 0, 0),
        OP(is_up, 0, 0, 0),
        EACH(get_runstate_info, vcpu_runstate_info, SUBOP_OUT),
        /* The handle only, not the union's 64-bit alternative. */
        OP(register_runstate_memory_area, 8, 4, SUBOP_IN),
        SAME(set_periodic_timer, vcpu_set_periodic_timer, SUBOP_IN),
        OP(stop_periodic_timer, 0, 0, 0),
        EACH(set_singleshot_timer, vcpu_set_singleshot_timer,
             SUBOP_IN | SUBOP_SELF),
        OP(stop_singleshot_timer, 0, 0, SUBOP_SELF),
        SAME(register_vcpu_info, vcpu_register_vcpu_info, SUBOP_IN),
        OP(send_nmi, 0, 0, SUBOP_NULL),
        SAME(get_physid, vcpu_get_physid, SUBOP_OUT),
        OP(register_vcpu_time_memory_area, 8, 4, SUBOP_IN),
#undef OP
#undef SAME
#undef EACH
    };
    struct vcpu *v = vcpu_of(current->domain, vcpuid);

    return v ? subop_call(ops, ARRAY_SIZE(ops), cmd, v, arg) : -ENOENT;
}
