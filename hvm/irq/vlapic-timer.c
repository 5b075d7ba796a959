/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The local APIC's timer (SDM vol. 3A 11.5.4). The host's timer only marks
 * the vCPU; the interrupt is requested and the next period computed by the
 * vCPU itself before it enters its guest. So a periodic timer costs nothing
 * while its vCPU does not run, late ticks merge into one, and no state here
 * needs a lock.
 */
#include "hvm/irq/vlapic-private.h"
#include "hvm/irq/upcalls.h"

/* A shorter period still counts right, but interrupts at this rate. */
#define MIN_INTERVAL_NS MICROSECS(20)

static uint32_t timer_mode(const struct vlapic *a)
{
    return a->regs[APIC_LVT_TIMER / 4] & APIC_TIMER_MODE;
}

static uint64_t count_to_ns(const struct vlapic *a, uint32_t count)
{
    return (uint64_t)count * APIC_BUS_CYCLE_NS << a->timer_shift;
}

void vlapic_timer_mark(void *vlapic)
{
    struct vlapic *a = vlapic;

    (void)atomic_fetch_or(&a->pending, VLAPIC_PENDING_TIMER);
    vlapic_kick(a);
}

void vlapic_timer_stop(struct vlapic *a)
{
    a->tsc_deadline = 0;
    if (a->timer_next == TIME_NEVER)
        return;
    a->timer_next = TIME_NEVER;
    timer_stop(&a->timer);
}

/* next: TIME_NEVER stops. */
static void start(struct vlapic *a, uint64_t now, uint64_t next)
{
    a->timer_next = next;
    if (next > now)
        timer_set(&a->timer, next);
    else
        vlapic_timer_mark(a);
}

/* Starts counting down from `left`. */
static void count_from(struct vlapic *a, uint32_t left)
{
    uint32_t mode = timer_mode(a);
    uint64_t now;

    if (!left || mode > APIC_TIMER_REPEAT) {
        vlapic_timer_stop(a);
        return;
    }
    now = now_ns();
    a->timer_period = mode == APIC_TIMER_REPEAT
                          ? count_to_ns(a, a->regs[APIC_TMICT / 4]) : 0;
    start(a, now, now + count_to_ns(a, left));
}

uint32_t vlapic_timer_left(const struct vlapic *a)
{
    uint64_t now, left;

    if (a->timer_next == TIME_NEVER || timer_mode(a) > APIC_TIMER_REPEAT)
        return 0;
    now = now_ns();
    if (now < a->timer_next)
        left = a->timer_next - now;
    else if (a->timer_period)
        left = a->timer_period - (now - a->timer_next) % a->timer_period;
    else
        return 0;
    left = DIV_ROUND_UP(left, APIC_BUS_CYCLE_NS);
    return (uint32_t)((left + (1u << a->timer_shift) - 1) >> a->timer_shift);
}

void vlapic_timer_count(struct vlapic *a, uint32_t val)
{
    if (timer_mode(a) > APIC_TIMER_REPEAT)
        return;
    a->regs[APIC_TMICT / 4] = val;
    count_from(a, val);
}

void vlapic_timer_divide(struct vlapic *a, uint32_t val)
{
    uint32_t left = vlapic_timer_left(a);
    /* 0: by 2, 1: by 4 ... 6: by 128, 7: by 1 (SDM figure 11-10). */
    unsigned int code = (val & 3) | (val & 8) >> 1;

    a->regs[APIC_TDCR / 4] = val;
    a->timer_shift = (code + 1) & 7;
    if (left)
        count_from(a, left);
}

void vlapic_timer_lvt(struct vlapic *a, uint32_t val)
{
    uint32_t old = timer_mode(a), mode = val & APIC_TIMER_MODE;
    uint32_t left = vlapic_timer_left(a);

    a->regs[APIC_LVT_TIMER / 4] = val;
    if (old == mode)
        return;
    /* Into and out of TSC-deadline mode disarms. */
    if (old > APIC_TIMER_REPEAT || mode > APIC_TIMER_REPEAT) {
        a->regs[APIC_TMICT / 4] = 0;
        vlapic_timer_stop(a);
    } else if (left) {
        count_from(a, left);
    }
}

void vlapic_timer_restore(struct vlapic *a, uint32_t left)
{
    uint64_t deadline = a->tsc_deadline;

    a->tsc_deadline = 0;
    count_from(a, left);
    vlapic_deadline_write(a, deadline);
}

void vlapic_timer_expired(struct vlapic *a)
{
    uint32_t lvt = a->regs[APIC_LVT_TIMER / 4];
    uint64_t now, late;

    (void)atomic_fetch_and(&a->pending, ~VLAPIC_PENDING_TIMER);
    if (a->timer_next == TIME_NEVER)
        return; /* stopped since */
    now = now_ns();
    if (now < a->timer_next) {
        /* Set anew since, or early. */
        timer_set(&a->timer, a->timer_next);
        return;
    }
    if (a->timer_period) {
        late = now + MIN_INTERVAL_NS - a->timer_next;
        a->timer_next += DIV_ROUND_UP(late, a->timer_period) * a->timer_period;
        timer_set(&a->timer, a->timer_next);
    } else {
        a->timer_next = TIME_NEVER;
        a->tsc_deadline = 0;
    }
    if (!(lvt & APIC_LVT_MASKED))
        (void)vlapic_post(a, (uint8_t)lvt, false);
}

void vlapic_deadline_write(struct vlapic *a, uint64_t tsc)
{
    if (a->mode == VLAPIC_OFF || timer_mode(a) != APIC_TIMER_TSC)
        return;
    a->tsc_deadline = tsc;
    a->timer_period = 0;
    start(a, now_ns(), tsc ? vlapic_tsc_to_ns(a, tsc) : TIME_NEVER);
}
