/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Translation of guest linear addresses by the guest's own page tables, with
 * the faults that the CPU would raise (SDM vol. 3A chapter 4).
 */
#pragma once

#include "hypervisor/core/vcpu.h"
#include "hypervisor/cpu/types.h"

/* Page-fault error code bits, also used to describe the access. */
#define PFEC_PRESENT 1u
#define PFEC_WRITE 2u
#define PFEC_USER 4u
#define PFEC_RSVD 8u
#define PFEC_FETCH 16u

/*
 * Translates a of v, which is current, for an access described by PFEC_WRITE,
 * _USER, _FETCH, and sets accessed and dirty bits as the CPU would. 0, *out,
 * and in *pfec the access, for a read with PFEC_WRITE if a write is allowed
 * too and the page is dirty already. -EFAULT and *pfec, the error code of the
 * #PF to raise; -EIO where a page table of the guest lies outside its RAM.
 */
int guest_walk(struct vcpu *v, gva_t a, uint32_t access, gpa_t *out,
               uint32_t *pfec);
