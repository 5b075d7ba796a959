/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The only way to a guest's memory. Each function reads or writes every byte
 * once; what was read is a private copy. Never sleeps.
 */
#pragma once

#include "hypervisor/abi/guest-ptr.h"
#include "hypervisor/core/domain.h"

/* Page-fault error code bits, also used to describe the access. */
#define PFEC_PRESENT 1u
#define PFEC_WRITE 2u
#define PFEC_USER 4u
#define PFEC_RSVD 8u
#define PFEC_FETCH 16u

/*
 * Translates linear address a of v, which is current, by the guest's own page
 * tables (guest-walk.c), for an access described by PFEC_WRITE, _USER, _FETCH,
 * and sets accessed and dirty bits as the CPU would. 0, *out, and in *pfec the
 * access, for a read with PFEC_WRITE if a write is allowed too and the page is
 * dirty already. -EFAULT and *pfec, the error code of the #PF to raise; -EIO
 * where a page table of the guest lies outside its RAM.
 */
int guest_walk(struct vcpu *v, gva_t a, uint32_t access, gpa_t *out,
               uint32_t *pfec);

/*
 * Hypercall arguments: linear addresses of the current vCPU, accessed with
 * the rights of its kernel. 0 or -EFAULT (some bytes may be done).
 */
int __must_check guest_read(void *dst, gva_t src, size_t n);
int __must_check guest_write(gva_t dst, const void *src, size_t n);

/* The guest physical address of one that current's kernel may write to:
 * 0 or -EFAULT. */
int __must_check guest_translate(gva_t a, gpa_t *at);

#define copy_from_guest(dst, ptr) copy_from_guest_at(dst, ptr, 0)
#define copy_to_guest(ptr, src) copy_to_guest_at(ptr, 0, src)
/* Element i of a guest's array. */
#define copy_from_guest_at(dst, ptr, i) \
    guest_read((dst), guest_element(ptr, i, *(dst)), sizeof(*(dst)))
#define copy_to_guest_at(ptr, i, src) \
    guest_write(guest_element(ptr, i, *(src)), (src), sizeof(*(src)))
/* Its address; own is of the same type. */
#define guest_element(ptr, i, own)                                          \
    ({                                                                      \
        _Static_assert(__builtin_types_compatible_p(typeof(own),            \
                       guest_ptr_type(ptr)), "guest type mismatch");        \
        gva((ptr).addr + (i) * sizeof(own));                                \
    })

/*
 * Instruction bytes inside one page at a linear address of v, which is current,
 * for an access with PFEC_USER or without: 0; -EFAULT with the #PF's address
 * and error code in *f; -EIO where no RAM is (f->at: its guest physical
 * address, all ones if it is a page table's that is unknown).
 */
struct guest_fault {
    uint64_t cr2;
    uint32_t pfec;
    gpa_t at;
};
int __must_check guest_fetch(struct vcpu *v, void *dst, gva_t a, size_t n,
                             uint32_t access, struct guest_fault *f);

/* Guest physical memory of any domain: 0 or -EFAULT. */
int __must_check guest_read_phys(struct domain *d, void *dst, gpa_t src,
                                 size_t n);
int __must_check guest_write_phys(struct domain *d, gpa_t dst,
                                  const void *src, size_t n);
/* Atomic compare and exchange of 1, 2, 4, 8 bytes of the current domain's.
 * False if it was not done: there is another value, or no RAM to be written,
 * or they are not inside one page. */
bool guest_cmpxchg_phys(gpa_t a, uint64_t old, uint64_t new,
                        unsigned int bytes);
