/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest memory, read and written: the current domain's by peek.h, others'
 * through windows for a moment. No other file maps a guest's frame but
 * for long.
 */
#include "hvm/mem/guest-copy.h"

#include "hvm/mem/peek.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/lib/string.h"

static size_t in_page(uint64_t addr, size_t n)
{
    return MIN(n, PAGE_SIZE - (addr & (PAGE_SIZE - 1)));
}

/* To or from guest memory within one page. */
static inline void copy(void *guest, void *own, size_t n, bool write)
{
    if (write)
        memcpy(guest, own, n);
    else
        memcpy(own, guest, n);
}

static int copy_phys(struct domain *d, gpa_t a, uint8_t *buf, size_t n,
                     bool write)
{
    while (n) {
        size_t part = in_page(a.raw, n);
        struct page *held = NULL; /* another domain's frame */
        char *p;

        if (likely(d == current->domain))
            p = peek_page(PEEK_DATA, gpa_to_gfn(a), write);
        else
            p = guest_frame_get(d, gpa_to_gfn(a), write, &held)
                    ? NULL : window_map(WINDOW_DATA, page_to_mfn(held));
        if (!p)
            return -EFAULT;
        copy(p + (a.raw & (PAGE_SIZE - 1)), buf, part, write);
        if (held) {
            window_unmap(WINDOW_DATA);
            page_put(held);
        }
        a = gpa_add(a, part);
        buf += part;
        n -= part;
    }
    return 0;
}

int guest_read_phys(struct domain *d, void *dst, gpa_t src, size_t n)
{
    return copy_phys(d, src, dst, n, false);
}

int guest_write_phys(struct domain *d, gpa_t dst, const void *src, size_t n)
{
    return copy_phys(d, dst, (void *)(uintptr_t)src, n, true);
}

/*
 * Walks the guest's tables, but not again for the page of the last walk: until
 * it is entered a guest cannot tell the result from an entry of the TLB.
 */
static inline int translate(struct vcpu *v, gva_t a, uint32_t access,
                            gpa_t *at, uint32_t *pfec)
{
    uint64_t key = (a.raw & PAGE_MASK) + 1;
    uint32_t known = v->hvm->walked.access;
    int rc;

    if (v->hvm->walked.key == key &&
        (known == access || known == (access | PFEC_WRITE))) {
        *at = gpa_add(v->hvm->walked.page, a.raw & (PAGE_SIZE - 1));
        return 0;
    }
    rc = guest_walk(v, a, access, at, pfec);
    if (!rc) {
        v->hvm->walked.key = key;
        v->hvm->walked.access = *pfec;
        v->hvm->walked.page = gpa(at->raw & PAGE_MASK);
    }
    return rc;
}

static int copy_linear(struct vcpu *v, gva_t a, uint8_t *buf, size_t n,
                       uint32_t access, struct guest_fault *f)
{
    bool write = access & PFEC_WRITE;
    char *p;
    gpa_t at;
    int rc;

    /* All of it, always: the error code may go to the guest. */
    *f = (struct guest_fault){ .at = gpa(~0ull) };
    while (n) {
        size_t part = in_page(a.raw, n);

        rc = translate(v, a, access, &at, &f->pfec);
        if (rc) {
            f->cr2 = a.raw;
            return rc;
        }
        p = peek_page(access & PFEC_FETCH ? PEEK_CODE : PEEK_DATA,
                      gpa_to_gfn(at), write);
        if (unlikely(!p)) {
            f->cr2 = a.raw;
            f->at = at;
            return -EIO;
        }
        copy(p + (at.raw & (PAGE_SIZE - 1)), buf, part, write);
        a = gva_add(a, part);
        buf += part;
        n -= part;
    }
    return 0;
}

int guest_read_linear(struct vcpu *v, void *dst, gva_t src, size_t n,
                      uint32_t access, struct guest_fault *f)
{
    return copy_linear(v, src, dst, n, access & ~PFEC_WRITE, f);
}

/* Arguments of 32-bit callers are 32-bit addresses. */
static gva_t hypercall_address(struct vcpu *v, gva_t a)
{
    return v->hvm->compat_call ? gva((uint32_t)a.raw) : a;
}

/* Most arguments are in one page, of RAM: the shortest way for these. */
static inline int copy_argument(gva_t arg, void *buf, size_t n, bool write)
{
    struct vcpu *v = current;
    uint32_t access = write ? PFEC_WRITE : 0, pfec;
    gva_t a = hypercall_address(v, arg);
    struct guest_fault f;
    char *p = NULL;
    gpa_t at;

    if (likely(in_page(a.raw, n) == n) &&
        likely(!translate(v, a, access, &at, &pfec)))
        p = peek_page(PEEK_DATA, gpa_to_gfn(at), write);
    if (unlikely(!p))
        return copy_linear(v, a, buf, n, access, &f) ? -EFAULT : 0;
    copy(p + (at.raw & (PAGE_SIZE - 1)), buf, n, write);
    return 0;
}

int guest_read(void *dst, gva_t src, size_t n)
{
    return copy_argument(src, dst, n, false);
}

int guest_write(gva_t dst, const void *src, size_t n)
{
    return copy_argument(dst, (void *)(uintptr_t)src, n, true);
}

int guest_translate(gva_t a, gpa_t *at)
{
    uint32_t pfec;

    return translate(current, hypercall_address(current, a), PFEC_WRITE, at,
                     &pfec) ? -EFAULT : 0;
}

static bool cmpxchg_bytes(void *p, uint64_t old, uint64_t new,
                          unsigned int bytes)
{
    uint8_t old8 = (uint8_t)old;
    uint16_t old16 = (uint16_t)old;
    uint32_t old32 = (uint32_t)old;

    if (bytes == 1)
        return atomic_cmpxchg((uint8_t *)p, &old8, (uint8_t)new);
    if (bytes == 2)
        return atomic_cmpxchg((uint16_t *)p, &old16, (uint16_t)new);
    if (bytes == 4)
        return atomic_cmpxchg((uint32_t *)p, &old32, (uint32_t)new);
    return atomic_cmpxchg((uint64_t *)p, &old, new);
}

bool guest_cmpxchg_phys(gpa_t a, uint64_t old, uint64_t new,
                        unsigned int bytes)
{
    char *p = peek_page(PEEK_DATA, gpa_to_gfn(a), true);

    return p && in_page(a.raw, bytes) == bytes &&
           cmpxchg_bytes(p + (a.raw & (PAGE_SIZE - 1)), old, new, bytes);
}

/* core/upcalls.h: both frames are held by the caller. */
void guest_frame_copy(mfn_t dst, unsigned int dst_off, mfn_t src,
                      unsigned int src_off, unsigned int n)
{
    uint8_t *to = window_map(WINDOW_DATA, dst);
    const uint8_t *from = window_map(WINDOW_PEER, src);

    memcpy(to + dst_off, from + src_off, n);
    window_unmap(WINDOW_PEER);
    window_unmap(WINDOW_DATA);
}
