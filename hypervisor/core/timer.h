/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Timers: one heap per CPU, fed by that CPU's one-shot interrupt. A timer
 * belongs to the CPU it was last set on and moves with timer_migrate().
 */
#pragma once

#include "hypervisor/lib/util.h"

#define TIME_NEVER (~0ull)
#define MICROSECS(n) ((uint64_t)(n) * 1000)
#define MILLISECS(n) ((uint64_t)(n) * 1000000)
#define SECONDS(n) ((uint64_t)(n) * 1000000000)

/*
 * Its user's, for timer_init() and to look at; the links are core/timer.c's.
 * (t) lock of the queue of ->cpu, (a) atomic, (c) constant.
 */
struct timer {
    uint64_t expires;     /* (t) ns since boot; TIME_NEVER when stopped */
    void (*fn)(void *);   /* (c) runs once per timer_set(), on ->cpu */
    void *arg;            /* (c) */
    uint32_t cpu;         /* (t) the queue it is on or was on last */
    uint32_t running;     /* (a) CPUs on which fn is running */
    struct timer *left, *right; /* (t) those below it in the queue's heap */
    struct timer **link;  /* (t) what points to it; NULL: not queued */
};

/* Nanoseconds since boot, the same on all CPUs (x86/time.c). */
uint64_t now_ns(void);

/* fn(arg) is called without locks, in root mode, at a point where interrupts
 * are taken. Initially stopped, on the current CPU. */
void timer_init(struct timer *t, void (*fn)(void *), void *arg);
/* (Re)starts on this CPU: fn at or soon after `expires` (ns since boot);
 * TIME_NEVER stops. No allocation. Locks of rank below TIMER may be held. */
void timer_set(struct timer *t, uint64_t expires);
/* Stops; the callback may still be running on another CPU when it returns. */
void timer_stop(struct timer *t);
/* Stops and waits until the callback is not running anywhere; must be called
 * before the timer's memory is freed, when nobody can set it again but the
 * callback. Not from the callback, nor with a lock that the callback takes. */
void timer_kill(struct timer *t);
/* Moves a timer to this CPU's heap (the vCPU moved here). */
void timer_migrate(struct timer *t);
