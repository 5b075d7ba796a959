/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vCPUs as threads: created and freed, blocked and woken, kicked, paused;
 * their timers and their info page. Where and when they run is the
 * scheduler's, what their guest sees is hvm's.
 */
#include "hypervisor/core/vcpu.h"

#include "hypervisor/core/evtchn.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/cpu/irq.h"
#include "hypervisor/cpu/upcalls.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/mm/map.h"
#include "hypervisor/x86/smp.h"

/* --- Timers of a vCPU. --- */

static void singleshot_fn(void *arg)
{
    evtchn_raise_virq(arg, VIRQ_TIMER);
}

static void periodic_fn(void *arg)
{
    struct vcpu *v = arg;
    uint64_t period = READ_ONCE(v->periodic_period);

    if (!period)
        return;
    evtchn_raise_virq(v, VIRQ_TIMER);
    timer_set(&v->periodic, now_ns() + period);
}

/* The end of SCHEDOP_poll; see do_sched_op(). */
static void poll_fn(void *arg)
{
    vcpu_unpark(arg);
}

void vcpu_set_periodic_timer(struct vcpu *v, uint64_t period)
{
    /* Killed, so that a callback that runs now cannot set it again. */
    WRITE_ONCE(v->periodic_period, 0);
    timer_kill(&v->periodic);
    WRITE_ONCE(v->periodic_period, period);
    if (period)
        timer_set(&v->periodic, now_ns() + period);
}

/* --- The info page. --- */

int vcpu_info_register(struct vcpu *v, const struct shared_frame *f,
                       unsigned int offset)
{
    struct vcpu_info *info = (struct vcpu_info *)((char *)f->va + offset);

    if (v->info_frame.va)
        return -EBUSY;
    if (v->info == &v->dummy_info) {
        memset(info, 0, sizeof(*info));
        info->evtchn_upcall_mask = 1;
    } else {
        memcpy(info, v->info, sizeof(*info));
    }
    v->info_frame = *f;
    /* Others deliver events: they use the old one up to now, the new one
     * from now on, and what they left in the old one while we copied is
     * found again because all words are marked. */
    store_release(&v->info, info);
    smp_mb();
    evtchn_info_moved(v);
    return 0;
}

void vcpu_info_unregister(struct vcpu *v)
{
    WRITE_ONCE(v->info, &v->dummy_info);
    frame_unshare(&v->info_frame);
}

/* --- Life. --- */

int vcpu_create(struct domain *d, unsigned int id,
                void (*entry)(struct vcpu *), struct vcpu **out)
{
    struct vcpu *v = heap_alloc(sizeof(*v));

    if (!v)
        return -ENOMEM;
    *v = (struct vcpu){
        .id = id, .domain = d, .entry = entry, .down = true,
        .stack = entry ? stack_alloc() : NULL, .info = &v->dummy_info,
        .fifo_lock = SPINLOCK_INIT(EVTCHN_QUEUE),
    };
    if (d->shared_info && id < XEN_LEGACY_MAX_VCPUS)
        v->info = &d->shared_info->vcpu_info[id];
    timer_init(&v->singleshot, singleshot_fn, v);
    timer_init(&v->periodic, periodic_fn, v);
    timer_init(&v->poll_timer, poll_fn, v);
    sched_vcpu_init(v);
    int rc = entry && !v->stack ? -ENOMEM
             : d != idle_domain ? hvm_vcpu_init(v) : 0;
    if (rc) {
        vcpu_destroy(v);
        return rc;
    }
    /* From now on others see it, complete. */
    store_release(&d->vcpu[id], v);
    *out = v;
    return 0;
}

void vcpu_destroy(struct vcpu *v)
{
    struct domain *d = v->domain;

    ASSERT(!v->on_cpu);
    (void)sched_vcpu_kill(v);
    vcpu_set_periodic_timer(v, 0);
    timer_kill(&v->singleshot);
    timer_kill(&v->poll_timer);
    vcpu_info_unregister(v);
    hvm_vcpu_exit(v);
    d->vcpu[v->id] = NULL;
    if (v->stack)
        stack_free(v->stack);
    heap_free(v);
}

__noreturn void vcpu_exit(struct vcpu *v)
{
    WRITE_ONCE(v->dead, true);
    schedule();
    panic("d%uv%u ran after its end", v->domain->id, v->id);
}

/* --- Blocking and waking. --- */

void vcpu_wait(uint64_t mask)
{
    struct vcpu *v = current;

    /* A full barrier: either we see the bit or vcpu_kick() sees the mask,
     * and its unpark is remembered if it comes before the park. */
    (void)atomic_xchg(&v->wait_mask, mask);
    if (!(READ_ONCE(v->pending) & mask))
        vcpu_park();
    WRITE_ONCE(v->wait_mask, 0);
}

void vcpu_kick(struct vcpu *v, enum vcpu_pending why)
{
    bool fresh = !atomic_test_and_set_bit(why, &v->pending);

    if (v == current)
        return;
    if (READ_ONCE(v->in_guest)) {
        if (fresh)
            smp_kick(READ_ONCE(v->cpu));
        return;
    }
    uint64_t waits_for = READ_ONCE(v->wait_mask);
    if (waits_for ? waits_for & BIT(why) : fresh)
        vcpu_unpark(v);
}

void vcpu_up(struct vcpu *v)
{
    WRITE_ONCE(v->down, false);
    sched_vcpu_update(v);
}

void vcpu_down(struct vcpu *v)
{
    WRITE_ONCE(v->down, true);
    sched_vcpu_update(v);
}

/* --- Pausing. --- */

void vcpu_wait_stopped(struct vcpu *v)
{
    /* Its CPU leaves the guest, comes to a safe point and switches; it may
     * need our answer to a call before that. A dying one is not stopped. */
    while (load_acquire(&v->on_cpu) &&
           READ_ONCE(v->domain->dying) == DOMAIN_ALIVE) {
        smp_call_poll();
        cpu_relax();
    }
}

void vcpu_pause(struct vcpu *v)
{
    ASSERT(v != current);
    atomic_inc(&v->pause_count);
    sched_vcpu_update(v);
    vcpu_wait_stopped(v);
}

void vcpu_unpause(struct vcpu *v)
{
    ASSERT(v->pause_count);
    if (atomic_dec_and_test(&v->pause_count))
        sched_vcpu_update(v);
}

/* --- Points where a thread may lose its CPU. --- */

void vcpu_checkpoint(void)
{
    struct vcpu *v = current;

    if (sched_wanted())
        schedule();
    if (unlikely(READ_ONCE(v->domain->dying) != DOMAIN_ALIVE))
        vcpu_exit(v);
}

bool vcpu_preempt_wanted(void)
{
    cpu_take_interrupts();
    /* Translations that must go can wait for the entry. */
    return (READ_ONCE(current->pending) & ~BIT(PENDING_P2M)) || sched_wanted();
}
