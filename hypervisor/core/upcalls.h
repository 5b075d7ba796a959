/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What core expects from the layers above (hvm/ defines them; unit tests
 * supply fakes).
 */
#pragma once

#include "hypervisor/core/domain.h"

/* Parts of a domain and a vCPU that upper layers own. Exits are idempotent
 * and safe on half-built objects. */
int hvm_domain_init(struct domain *d);
/* Gives back the guest's memory in bounded steps: -ERESTART or 0. */
int hvm_domain_relinquish(struct domain *d);
void hvm_domain_exit(struct domain *d);
int hvm_vcpu_init(struct vcpu *v);
void hvm_vcpu_exit(struct vcpu *v);
/* The thread of a guest's vCPU. */
__noreturn void hvm_vcpu_loop(struct vcpu *v);

/* d is about to be shut down for a crash: what it did last, to the log. Any
 * locks. */
void hvm_crash_report(struct domain *d);

/* v stops / starts to have this CPU's registers (FPU, MSRs, VMCB). Must not
 * block. The first is called with lock RUNQ and takes none, the second with
 * none. */
void hvm_switch_from(struct vcpu *v);
void hvm_switch_to(struct vcpu *v);

/* An event is pending in v->info: deliver the callback. Any CPU, lock EVTCHN
 * may be held. */
void hvm_assert_upcall(struct vcpu *v);

/*
 * Translates a guest frame and takes a reference to what is there: 0,
 * -EINVAL (no RAM there), -EROFS (write wanted on a read-only page).
 */
int guest_frame_get(struct domain *d, gfn_t gfn, bool write, struct page **pg);
/* Maps a granted frame at gfn of d (the p2m holds its own reference). -EINVAL,
 * -EBUSY, -ENOMEM. */
int guest_grant_map(struct domain *d, gfn_t gfn, mfn_t m, bool readonly);
/* Takes it out without a flush, for a caller that holds a reference of its own
 * until after guest_grant_flush(). -EINVAL unless a grant of m is there. */
int guest_grant_unmap(struct domain *d, gfn_t gfn, mfn_t m);
/* Copies n bytes within one frame each. */
void guest_frame_copy(mfn_t dst, unsigned int dst_off, mfn_t src,
                      unsigned int src_off, unsigned int n);

/* The guest runs in 32-bit mode and sees the 32-bit layout of its shared
 * pages. Any CPU, any lock. */
bool domain_is_compat(const struct domain *d);

/*
 * Returns when no CPU can use a translation of d that guest_grant_unmap()
 * took away: a p2m_flush() where only lent frames have left the map, so that
 * what vCPUs have looked at (hvm/mem/peek.h) stays theirs. No locks held.
 */
void guest_grant_flush(struct domain *d);
/* Frame gfn of d was written and did not fault, through a grant for example:
 * for its dirty log. Lock GRANT may be held. */
void guest_frame_dirtied(struct domain *d, gfn_t gfn);

/* Writes v's runstate to where the guest registered it. v is current. Takes no
 * lock; lock RUNQ may be held. Only called when it registered something. */
void guest_runstate_update(struct vcpu *v);

/* Domain 0 shut down for this reason (SHUTDOWN_*): the machine stops or
 * restarts. Returns only for reasons that need neither (suspend). */
void hardware_domain_shutdown(int reason);
