/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vCPU is a thread with a root-mode stack of its own. Idle loops and
 * workers are vCPUs of the idle domain. A handler that must wait parks where
 * it is; whoever ends the wait unparks it.
 *
 * Fields: (c) constant after creation, (r) lock of the run queue of ->cpu,
 * (a) atomic, (v) the vCPU itself, or anyone while it is paused.
 */
#pragma once

#include "hypervisor/abi/event_channel.h"
#include "hypervisor/abi/vcpu.h"
#include "hypervisor/core/timer.h"
#include "hypervisor/cpu/cpumask.h"
#include "hypervisor/cpu/spinlock.h"
#include "hypervisor/cpu/types.h"
#include "hypervisor/lib/list.h"

/* A guest's frame that Lodge uses for long: with a reference, and mapped. */
struct shared_frame {
    void *va; /* NULL: there is none */
    struct page *pg;
};

/* Work to do before the guest is entered; one word, tested once (a). */
enum vcpu_pending {
    PENDING_IRQ,     /* the local APIC or the upcall may have something */
    PENDING_EVENT,   /* NMI, INIT or SIPI for it */
    PENDING_P2M,     /* its nested TLB entries must go before entry */
    PENDING_STOP,    /* its domain is dying: see vcpu_checkpoint() */
    PENDING_WORK,    /* an upper layer's per-vCPU callback (hvm) */
};

/* What the scheduler keeps of a vCPU (r). */
struct sched_entity {
    struct list queue;      /* on the run queue, empty when not queued */
    uint64_t vruntime;      /* weighted ns consumed */
    uint64_t started;       /* ns when it last got the CPU */
    uint64_t slice_end;     /* ns when others may take over */
    uint64_t budget_end;    /* ns when its domain's cap is looked at again */
    bool parked;            /* waits for vcpu_unpark() */
    bool unparked;          /* unpark came first: the next park returns */
    bool throttled;         /* its domain's cap is used up */
    bool yielded;           /* lets the others go first, once */
    bool ran;               /* its thread was started */
    bool sending;           /* (v) inside EVTCHNOP_send */
    uint64_t sent_at;       /* its CPU time when it first woke one by an event,
                             * on its own CPU, since it slept, ns; 0: did not */
    uint64_t tail;          /* ns that it computes after that before it sleeps,
                             * a running mean */
};

struct vcpu {
    unsigned int id;         /* (c) within its domain */
    struct domain *domain;   /* (c) */
    struct hvm_vcpu *hvm;    /* (c) NULL for idle and workers */

    void *stack;             /* (c) lowest address */
    uint64_t rsp;            /* saved by thread_switch() */
    void (*entry)(struct vcpu *); /* (c) what the thread runs */

    uint64_t pending;        /* (a) bits of enum vcpu_pending */
    uint64_t wait_mask;      /* (v) bits that end vcpu_wait(); 0: not in it */
    bool in_guest;           /* (v) read by others: an IPI makes it exit */
    bool on_cpu;             /* its stack is in use by a CPU */
    bool down;               /* VCPUOP_down / never brought up (a) */
    bool dead;               /* its thread ended; never runs again */
    bool defer_shutdown;     /* (a) an access is under way: see domain.h */
    bool stopped;            /* for the shutdown (a), lock SHUTDOWN */
    uint32_t pause_count;    /* (a) */
    unsigned int cpu;        /* (r) the CPU it runs on or ran on last */
    struct sched_entity se;
    struct cpumask affinity_hard, affinity_soft; /* (r) */
    struct cpumask affinity_unpinned; /* (v) hard, while sched_pin()ned */
    bool pinned;             /* (v) */

    /* ABI state shared with the guest. */
    struct vcpu_info *info;  /* registered, or of the first 32 in shared info;
                              * else a dummy */
    struct shared_frame info_frame; /* of a registered one */
    struct vcpu_info dummy_info; /* before one is registered */
    struct vcpu_runstate_info runstate;
    /* (v) Where the guest wants a copy: its size, which tells the layout, or 0;
     * its address, and the page where it goes on if it crosses into one. */
    uint32_t runstate_size;
    gpa_t runstate_at, runstate_next;

    struct timer singleshot; /* VCPUOP_set_singleshot_timer */
    struct timer periodic;   /* VCPUOP_set_periodic_timer */
    uint64_t periodic_period; /* ns, 0: stopped (a) */

    /* Event channels (core/evtchn.c). */
    uint32_t virq_port[NR_VIRQS]; /* lock EVTCHN; 0: unbound */
    /* FIFO layout: its queues' heads, for the guest, NULL until registered (a),
     * and the frame of that (lock EVTCHN). */
    struct evtchn_fifo_control_block *fifo_control;
    struct shared_frame fifo_frame;
    struct spinlock fifo_lock; /* rank EVTCHN_QUEUE */
    /* (that lock) The ports linked last; 0: none. */
    uint32_t fifo_tail[EVTCHN_FIFO_MAX_QUEUES];
    struct timer poll_timer; /* SCHEDOP_poll */
    uint32_t poll_port;      /* 0: not polling */
};

DECLARE_PERCPU(struct vcpu *, current_vcpu);
#define current (this_cpu(current_vcpu))

/*
 * Creates the stopped vCPU id, which d has not yet, with its thread (`entry`
 * never returns; NULL: an idle one, which has a stack already); v->down is set.
 * Everything that a running vCPU needs is allocated here. -ENOMEM. Lock DOMCTL
 * of d; a CPU that comes up needs none for its idle vCPU.
 */
int vcpu_create(struct domain *d, unsigned int id,
                void (*entry)(struct vcpu *), struct vcpu **out);
/* Frees a vCPU that never ran or whose thread is dead and off its CPU; what
 * was built of one. No locks. */
void vcpu_destroy(struct vcpu *v);
/* The thread's last act: marks v (the caller) dead and gives the CPU away. */
__noreturn void vcpu_exit(struct vcpu *v);

/*
 * Blocks the calling vCPU until vcpu_unpark(), which may have come before
 * (one is remembered). Callers loop on their own condition and on their
 * domain's dying; returns at once when it is dying. No locks held.
 */
void vcpu_park(void);
/* Any lock of rank below RUNQ may be held. */
void vcpu_unpark(struct vcpu *v);

/*
 * The guest has nothing to do (HLT, SCHEDOP_block): blocks until a bit of
 * `mask` is set in pending - at once if one is - or the domain is dying.
 * May return without reason. No locks held.
 */
void vcpu_wait(uint64_t mask);

/*
 * Marks work for v before its next entry, wakes it if its guest blocked, gets
 * it out of the guest if it runs on another CPU. Any lock of rank below RUNQ
 * may be held.
 *
 * Pairs with the entry path, which sets in_guest, has a full barrier, tests
 * pending (and sched_wanted()) and enters only if both are clear, with
 * interrupts held off until the guest runs: setting the bit is a full barrier
 * too, so either the entry sees the bit or we see in_guest, and an IPI that
 * comes between the test and the guest's first instruction makes it exit at
 * once. A bit that is set already was announced by whoever set it, so pending
 * must be zero on entry, not merely looked at.
 */
void vcpu_kick(struct vcpu *v, enum vcpu_pending why);

/* VCPUOP_up, a start-up IPI, or the toolstack: v may run from now on. */
void vcpu_up(struct vcpu *v);
/* VCPUOP_down: v does not run again until vcpu_up(). When v is the caller it
 * stops at its next vcpu_checkpoint(). */
void vcpu_down(struct vcpu *v);

/* Counted. vcpu_pause() returns when v's guest cannot run any more and its
 * registers are in memory (no locks, not for the caller itself). */
void vcpu_pause(struct vcpu *v);
void vcpu_unpause(struct vcpu *v);
/* Waits until v is off its CPU, given that it was told to leave it. */
void vcpu_wait_stopped(struct vcpu *v);

/*
 * The vCPU loop's safe point, before each entry with PENDING_STOP or
 * sched_wanted(): gives the CPU away if the caller is paused or another vCPU
 * deserves it, ends the thread if the domain is dying. No locks held.
 */
void vcpu_checkpoint(void);

/*
 * True if a long operation should stop here: a reschedule or a kick waits.
 * Takes pending interrupts to find out, so no locks may be held. Hypercalls
 * then record progress and return -ERESTART.
 */
bool vcpu_preempt_wanted(void);
/* Accumulated and current runstate of v at now (VCPUOP_get_runstate_info). */
void vcpu_runstate(const struct vcpu *v, struct vcpu_runstate_info *out);

/* VCPUOP_set_periodic_timer: VIRQ_TIMER every period ns; 0 stops it. */
void vcpu_set_periodic_timer(struct vcpu *v, uint64_t period);

/*
 * Puts v's info at byte `offset` of a guest's frame, which it takes over when
 * it succeeds. -EBUSY: one was registered already. v is current or paused;
 * lock DOMCTL of its domain.
 */
int vcpu_info_register(struct vcpu *v, const struct shared_frame *f,
                       unsigned int offset);
/* Undoes it: what v's info gets from now on is lost. v is dead, or is not yet
 * complete. */
void vcpu_info_unregister(struct vcpu *v);
