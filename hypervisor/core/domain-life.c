/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What happens to a domain while it exists: paused, shut down and resumed,
 * crashed, killed. Never frees the structure; that is domain.c's.
 */
#include "hypervisor/abi/sched.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/evtchn.h"
#include "hypervisor/core/grant.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/cpu/upcalls.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/lib/assert.h"
#include "hypervisor/lib/format.h"

/* --- Pausing. --- */

/* Its vCPUs look again whether they may run. */
static void update_all(struct domain *d)
{
    for_vcpus (d, v)
        sched_vcpu_update(v);
}

void domain_pause(struct domain *d)
{
    ASSERT(d != current->domain);
    atomic_inc(&d->pause_count);
    update_all(d);
    for_vcpus (d, v)
        vcpu_wait_stopped(v);
}

void domain_unpause(struct domain *d)
{
    ASSERT(d->pause_count);
    if (atomic_dec_and_test(&d->pause_count))
        update_all(d);
}

int domain_pause_by_control(struct domain *d)
{
    int rc;

    spin_lock(&d->lock);
    rc = d->paused_by_control < 255 ? 0 : -EOVERFLOW;
    if (!rc)
        d->paused_by_control++;
    spin_unlock(&d->lock);
    if (!rc)
        domain_pause(d);
    return rc;
}

int domain_unpause_by_control(struct domain *d)
{
    int rc;

    spin_lock(&d->lock);
    rc = d->paused_by_control ? 0 : -EINVAL;
    if (!rc && !--d->paused_by_control)
        d->started = true;
    spin_unlock(&d->lock);
    if (!rc)
        domain_unpause(d);
    return rc;
}

/* --- Shutting down. --- */

/* The timer `tell`: no locks are held. */
static void tell_fn(void *arg)
{
    struct domain *d = arg;
    uint32_t port = READ_ONCE(d->suspend_port);

    if (READ_ONCE(d->shutdown_code) == SHUTDOWN_suspend && port)
        (void)evtchn_send(d, port);
    else
        send_global_virq(VIRQ_DOM_EXC);
}

/* Lock SHUTDOWN. */
static void stop_vcpu(struct vcpu *v)
{
    if (v->stopped)
        return;
    v->stopped = true;
    vcpu_pause_nosync(v);
}

/* Have all stopped by now? Lock SHUTDOWN. */
static void finish_shutdown(struct domain *d)
{
    for_vcpus (d, v)
        if (!v->stopped)
            return;
    if (d->shut_down)
        return;
    WRITE_ONCE(d->shut_down, true);
    timer_set(&d->tell, now_ns());
}

bool domain_set_shutdown_code(struct domain *d, int reason)
{
    int none = -1;

    return atomic_cmpxchg(&d->shutdown_code, &none, reason & 0xff);
}

void domain_shutdown(struct domain *d, int reason)
{
    bool crash = reason == SHUTDOWN_crash;

    (void)domain_set_shutdown_code(d, reason);
    if (d == hardware_domain)
        hardware_domain_shutdown(READ_ONCE(d->shutdown_code));

    spin_lock(&d->shutdown_lock);
    if (!d->shutting_down || crash) {
        /* Pairs with domain_defer_shutdown(): flag, barrier, flag. */
        (void)atomic_xchg(&d->shutting_down, true);
        for_vcpus (d, v)
            if (crash || !READ_ONCE(v->defer_shutdown))
                stop_vcpu(v);
        finish_shutdown(d);
    }
    spin_unlock(&d->shutdown_lock);
}

void domain_defer_shutdown(struct vcpu *v, bool on)
{
    struct domain *d = v->domain;

    (void)atomic_xchg(&v->defer_shutdown, on);
    while (unlikely(READ_ONCE(d->shutting_down)) &&
           READ_ONCE(d->dying) == DOMAIN_ALIVE) {
        (void)atomic_xchg(&v->defer_shutdown, false);
        /* It was perhaps not stopped because it deferred that. */
        spin_lock(&d->shutdown_lock);
        if (d->shutting_down) {
            stop_vcpu(v);
            finish_shutdown(d);
        }
        spin_unlock(&d->shutdown_lock);
        if (!on)
            return; /* it stops at its next safe point */
        /* The access has not begun: it waits here until d is resumed. */
        schedule();
        (void)atomic_xchg(&v->defer_shutdown, true);
    }
}

void domain_resume(struct domain *d)
{
    domain_pause(d); /* nothing of it runs while the state is mixed */
    spin_lock(&d->shutdown_lock);
    WRITE_ONCE(d->shut_down, false);
    WRITE_ONCE(d->shutting_down, false);
    WRITE_ONCE(d->shutdown_code, -1);
    for_vcpus (d, v) {
        if (v->stopped)
            vcpu_unpause(v);
        v->stopped = false;
    }
    spin_unlock(&d->shutdown_lock);
    domain_unpause(d);
}

void domain_crash(struct domain *d, const char *why, ...)
{
    char text[160];
    va_list args;

    if (!READ_ONCE(d->shutting_down)) {
        va_start(args, why);
        format_va(text, sizeof(text), why, args);
        va_end(args);
        if (d == current->domain)
            log_err("d%uv%u crashed: %s\n", d->id, current->id, text);
        else
            log_err("d%u crashed by d%u: %s\n", d->id, current->domain->id,
                    text);
        hvm_crash_report(d);
    }
    domain_shutdown(d, SHUTDOWN_crash);
}

/* --- Watchdogs. --- */

static void watchdog_fn(void *arg)
{
    struct domain *d = arg;

    if (READ_ONCE(d->shutting_down) || READ_ONCE(d->dying) != DOMAIN_ALIVE)
        return;
    log_warn("d%u: its watchdog was not fed: it is shut down\n", d->id);
    domain_shutdown(d, SHUTDOWN_watchdog);
}

int domain_watchdog(struct domain *d, uint32_t id, uint32_t seconds)
{
    uint64_t end = now_ns() + SECONDS(seconds);

    if (id > NR_WATCHDOGS)
        return -EINVAL;
    if (!id) {
        while (id < NR_WATCHDOGS && atomic_test_and_set_bit(id, &d->watchdogs))
            id++;
        if (id == NR_WATCHDOGS)
            return -ENOSPC;
        timer_set(&d->watchdog[id], end);
        return (int)id + 1;
    }
    id = (uint32_t)index_nospec(id - 1, NR_WATCHDOGS);
    if (!test_bit(id, &d->watchdogs))
        return -EINVAL;
    if (seconds) {
        timer_set(&d->watchdog[id], end);
    } else {
        timer_stop(&d->watchdog[id]);
        atomic_clear_bit(id, &d->watchdogs);
    }
    return 0;
}

void domain_life_init(struct domain *d)
{
    timer_init(&d->tell, tell_fn, d);
    for (unsigned int i = 0; i < NR_WATCHDOGS; i++)
        timer_init(&d->watchdog[i], watchdog_fn, d);
}

/* --- Killing. --- */

/* Each thread goes on, finds that its domain dies, and ends. Only one caller
 * changes dying. */
static void start_dying(struct domain *d)
{
    spin_lock(&d->lock);
    WRITE_ONCE(d->dying, DOMAIN_DYING);
    spin_unlock(&d->lock); /* who was inside has seen it alive and is done */
    smp_mb();
    (void)domain_claim(d, 0);
    for_vcpus (d, v)
        if (!sched_vcpu_kill(v))
            vcpu_kick(v, PENDING_STOP);
}

/* All threads have ended, and no CPU is on their stacks. */
static bool threads_gone(const struct domain *d)
{
    for_vcpus (d, v)
        if (!READ_ONCE(v->dead) || load_acquire(&v->on_cpu))
            return false;
    return true;
}

/* Usually they need microseconds, on other CPUs. */
static int wait_threads(const struct domain *d)
{
    uint64_t end = now_ns() + MICROSECS(50);

    while (!threads_gone(d)) {
        if (now_ns() >= end) {
            sched_give_way(); /* one may wait for this CPU */
            return threads_gone(d) ? 0 : -ERESTART;
        }
        smp_call_poll();
        cpu_relax();
    }
    return 0;
}

static int tear_down(struct domain *d)
{
    int rc = wait_threads(d);

    if (!rc)
        rc = grant_relinquish(d);
    if (!rc)
        rc = evtchn_relinquish(d);
    if (rc)
        return rc;
    /* The frames that the guest registered are its memory too. */
    for_vcpus (d, v)
        vcpu_info_unregister(v);
    rc = hvm_domain_relinquish(d);
    if (rc)
        return rc;
    domain_free_shared_info(d);
    WRITE_ONCE(d->dying, DOMAIN_DEAD);
    domain_put(d); /* that of the list; the caller has another */
    send_global_virq(VIRQ_DOM_EXC);
    return 0;
}

int domain_kill(struct domain *d)
{
    int rc = 0;

    if (d == current->domain || d == hardware_domain || d == idle_domain)
        return -EINVAL;
    if (atomic_xchg(&d->killing, true)) {
        sched_give_way();
        return -ERESTART;
    }
    if (d->dying == DOMAIN_ALIVE)
        start_dying(d);
    if (d->dying == DOMAIN_DYING)
        rc = tear_down(d);
    WRITE_ONCE(d->killing, false);
    return rc;
}
