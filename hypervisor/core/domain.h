/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A domain: what is created, looked up, paused, shut down and destroyed.
 * Lookups give a reference; the last domain_put() of a dead domain frees it.
 *
 * Fields: (c) constant after creation, (a) atomic, (d) lock DOMCTL of the
 * domain, (e) lock EVTCHN, (l) lock DOMLIST.
 */
#pragma once

#include "hypervisor/abi/domctl.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/core/sched.h"
#include "hypervisor/mm/page.h"

#define MAX_VCPUS_PER_DOMAIN 128
#define NR_WATCHDOGS 2

struct domain {
    domid_t id;               /* (c) */
    bool privileged;          /* (c) domain 0 */
    struct domain *target;    /* (a) the domain this one is device model of */
    struct domain *next_dead; /* on the list of those to be freed */
    uint32_t refs;            /* (a) 0: cannot be looked up (any more) */
    uint32_t anchors;         /* (a) frames, and 1 until its parts are gone */
    struct spinlock lock;     /* rank DOMCTL */

    struct xen_domctl_createdomain config; /* (c), but (d) its handle */
    unsigned int max_vcpus;   /* (c) */
    struct vcpu **vcpu;       /* (c) max_vcpus entries, NULL until created */

    uint32_t pause_count;     /* (a) of the whole domain */
    unsigned int paused_by_control; /* (d) XEN_DOMCTL_pausedomain, counted */
    bool started;             /* (d) was unpaused by the toolstack once */
    enum { DOMAIN_ALIVE, DOMAIN_DYING, DOMAIN_DEAD } dying; /* (d) (a) */
    bool killing;             /* (a) somebody is in domain_kill() */
    bool pausing;             /* (a) one of its vCPUs pauses another one */
    struct spinlock shutdown_lock; /* rank SHUTDOWN */
    bool shut_down;           /* (a) all vCPUs have stopped for it */
    bool shutting_down;       /* (a) */
    int shutdown_code;        /* (a) SHUTDOWN_*, -1: none */
    struct timer tell;        /* sends VIRQ_DOM_EXC where locks allow it */
    uint32_t suspend_port;    /* (a) XEN_DOMCTL_subscribe: told instead, if
                               * the shutdown is a suspend; 0: none */
    struct timer watchdog[NR_WATCHDOGS]; /* SCHEDOP_watchdog */
    uint64_t watchdogs;       /* (a) those in use */

    /* Memory, in frames. */
    uint32_t frames;          /* (a) all that it owns */
    uint32_t special_frames;  /* (a) of these, shared info, grant frames... */
    uint32_t max_frames;      /* (a) limit on frames - special_frames */
    uint32_t claimed;         /* (a) XENMEM_claim_pages, not yet allocated */

    struct sched_domain sched;

    struct shared_info *shared_info; /* shared_map of its frame */
    struct page *shared_info_page;

    struct evtchn_table *evtchn;
    struct spinlock evtchn_lock;     /* rank EVTCHN */
    struct grant_table *grant;
    struct hvm_domain *hvm;

    int64_t time_offset;      /* (d) seconds, XEN_DOMCTL_settimeoffset */
    uint32_t vm_assist;       /* (a) */
    bool debugger_attached;   /* (d) */
};

extern struct domain *idle_domain;
extern struct domain *hardware_domain; /* domain 0, NULL before */

/* Boot, after sched_init_cpu(0): starts the thread that frees dead domains.
 * -ENOMEM. */
int domain_init(void);
/* What that thread does: frees those whose last reference or frame is gone.
 * No locks. */
void domain_reap(void);

/*
 * Creates a domain with no vCPUs and no memory, paused by the toolstack; the
 * caller gets no reference. domid 0xffff (any reserved one) picks a free one.
 * -EINVAL (limits, flags we do not offer), -ESRCH (CPU pool), -EEXIST,
 * -ENOMEM. No locks.
 */
int domain_create(domid_t domid, const struct xen_domctl_createdomain *cfg,
                  struct domain **out);
/* The domain with this id and a reference, or NULL. DOMID_SELF is current's.
 * No locks. */
struct domain *domain_get(domid_t id);
/* The last one leaves the rest to a thread; any lock of rank below RUNQ may
 * be held. */
void domain_put(struct domain *d);
/* The first domain with an id >= first, with a reference, or NULL. */
struct domain *domain_get_from(domid_t first);

/* Counted pause of all vCPUs; returns when none can run. Not for the caller's
 * own domain; no locks. */
void domain_pause(struct domain *d);
/* Any lock of rank below RUNQ may be held. */
void domain_unpause(struct domain *d);
/* The toolstack's own pause, counted: -EOVERFLOW past 255; or (not pause) its
 * end: -EINVAL when there is none to take back. No locks. */
int domain_pause_by_control(struct domain *d, bool pause);

/*
 * The guest asked, or crashed: stops all vCPUs, then tells dom0
 * (VIRQ_DOM_EXC). The first reason given counts. A vCPU whose access a device
 * model is handling stops only when that is done, unless the domain crashed.
 * Does not wait: a caller of d itself stops at its next vcpu_checkpoint().
 * For domain 0 it is the machine's end. Locks of rank below SHUTDOWN may be
 * held.
 */
void domain_shutdown(struct domain *d, int reason);
/* Records the reason of a shutdown to come; false if one is known. */
bool domain_set_shutdown_code(struct domain *d, int reason);
/* Takes a shutdown back (XEN_DOMCTL_resumedomain). No locks. */
void domain_resume(struct domain *d);
/*
 * The calling vCPU hands an access to a device model (on), or is done with
 * it: no shutdown stops it in between. A crash does.
 */
void domain_defer_shutdown(struct vcpu *v, bool on);
/*
 * SCHEDOP_watchdog: (re)starts or, with 0 seconds, stops watchdog id (from
 * 1); id 0 starts a new one and returns its id. -EINVAL, -ENOSPC.
 */
int domain_watchdog(struct domain *d, uint32_t id, uint32_t seconds);
/* Stops a domain that broke a rule: one log line with the reason, then
 * domain_shutdown(SHUTDOWN_crash). May be called from its own vCPU, which
 * must return to its loop. */
void domain_crash(struct domain *d, const char *why, ...) __printf(2, 3);

/*
 * Destroys in bounded steps: -ERESTART when there is more to do, 0 when its
 * vCPUs are gone and its memory is free (or held by others' mappings only).
 * -EINVAL for the caller's own domain and domain 0. From DOMAIN_DEAD on
 * shared_info is NULL. The caller has a reference and no locks.
 */
int domain_kill(struct domain *d);

/*
 * Accounting for frames that will be owned by d: -ENOMEM past its limit (or
 * when it is dying). special: shared info and the like, outside the limit.
 */
int domain_charge(struct domain *d, uint32_t frames, bool special);
/* Takes back a charge for frames that were not allocated after all. Frames
 * that were are uncharged when they are freed (page_freed()). */
void domain_uncharge(struct domain *d, uint32_t frames, bool special);

/* (a) Frames that all domains have claimed and not yet allocated. */
extern uint64_t claimed_total;
/* XENMEM_claim_pages: `frames` (those it has included) are set aside for d;
 * 0 takes the claim back. -ENOMEM, -EINVAL (less than it has). */
int domain_claim(struct domain *d, uint32_t frames);

/* A special frame of d mapped into Lodge for the life of d. NULL: no memory. */
void *domain_special_page(struct domain *d, struct page **pg);
void domain_special_page_free(struct domain *d, void *va, struct page *pg);

/* Takes a reference to a guest's frame, to be written, and maps it: what
 * guest_frame_get() returns, or -ENOMEM. Any lock of rank below P2M. */
int frame_share(struct domain *d, gfn_t gfn, struct shared_frame *f);
/* Undoes it; nothing if there is none. */
void frame_unshare(struct shared_frame *f);

/* Raises a global VIRQ (VIRQ_DOM_EXC, VIRQ_CONSOLE...) of the domain chosen
 * by evtchn_set_virq_handler(), else of domain 0 (core/evtchn.c). */
void send_global_virq(unsigned int virq);

/* Each vCPU of d that was created: declares v. */
#define for_vcpus(d, v)                                                     \
    for (struct vcpu *v, **v##_at = (d)->vcpu;                              \
         v##_at < (d)->vcpu + (d)->max_vcpus; v##_at++)                     \
        if ((v = *v##_at) != NULL)
