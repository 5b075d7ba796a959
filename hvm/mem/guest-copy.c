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

/*
 * Walks the guest's tables, but not again for the page of the last walk: until
 * it is entered a guest cannot tell the result from an entry of the TLB.
 */
static inline int translate(struct vcpu *v, gva_t a, uint32_t access,
                            gpa_t *at, uint32_t *pfec)
{
    struct walked *w = &v->hvm->walked;
    uint64_t key = (a.raw & PAGE_MASK) + 1;
    uint32_t known = w->access;
    int rc;

    if (w->key == key && (known == access || known == (access | PFEC_WRITE))) {
        *at = gpa_add(w->page, a.raw & (PAGE_SIZE - 1));
        return 0;
    }
    rc = guest_walk(v, a, access, at, pfec);
    if (!rc) {
        w->key = key;
        w->access = *pfec;
        w->page = gpa(at->raw & PAGE_MASK);
    }
    return rc;
}

int guest_fetch(struct vcpu *v, void *dst, gva_t a, size_t n, uint32_t access,
                struct guest_fault *f)
{
    gpa_t at;
    int rc;

    /* All of it, always: the error code may go to the guest. */
    *f = (struct guest_fault){ .cr2 = a.raw, .at = gpa(~0ull) };
    rc = translate(v, a, access | PFEC_FETCH, &at, &f->pfec);
    if (rc)
        return rc;

    const char *p = peek_page(PEEK_CODE, gpa_to_gfn(at), false);

    if (unlikely(!p)) {
        f->at = at;
        return -EIO;
    }
    memcpy(dst, p + (at.raw & (PAGE_SIZE - 1)), n);
    return 0;
}

/*
 * Copies to (write) or from guest memory at a, which is a physical address of
 * d, or a linear one of current's kernel, for which d is not needed. Made once
 * for each.
 */
static inline __attribute__((always_inline)) int
copy(struct domain *d, bool linear, uint64_t a, uint8_t *own, size_t n,
     bool write)
{
    struct vcpu *v = current;

    while (likely(n)) {
        size_t part = in_page(a, n);
        struct page *held = NULL; /* another domain's frame */
        gpa_t at = gpa(a);
        uint32_t pfec;
        char *p;

        if (linear && unlikely(translate(v, gva(a),
                                         write ? PFEC_WRITE : 0, &at, &pfec)))
            return -EFAULT;
        if (linear || likely(d == v->domain))
            p = peek_cached(v->hvm, PEEK_DATA, gpa_to_gfn(at), write, false);
        else
            p = guest_frame_get(d, gpa_to_gfn(at), write, &held)
                    ? NULL : window_map(WINDOW_DATA, page_to_mfn(held));
        if (unlikely(!p))
            return -EFAULT;
        p += at.raw & (PAGE_SIZE - 1);
        if (write)
            memcpy(p, own, part);
        else
            memcpy(own, p, part);
        if (held) {
            window_unmap(WINDOW_DATA);
            page_put(held);
        }
        if (likely(part == n))
            break;
        a += part;
        own += part;
        n -= part;
    }
    return 0;
}

int guest_read_phys(struct domain *d, void *dst, gpa_t src, size_t n)
{
    return copy(d, false, src.raw, dst, n, false);
}

int guest_write_phys(struct domain *d, gpa_t dst, const void *src, size_t n)
{
    return copy(d, false, dst.raw, (void *)(uintptr_t)src, n, true);
}

/* An argument of current's; those of 32-bit callers have 32-bit addresses. */
static gva_t argument(gva_t a)
{
    return current->hvm->compat_call ? gva((uint32_t)a.raw) : a;
}

int guest_read(void *dst, gva_t src, size_t n)
{
    return copy(NULL, true, argument(src).raw, dst, n, false);
}

int guest_write(gva_t dst, const void *src, size_t n)
{
    return copy(NULL, true, argument(dst).raw, (void *)(uintptr_t)src, n, true);
}

int guest_translate(gva_t a, gpa_t *at)
{
    uint32_t pfec;

    return translate(current, argument(a), PFEC_WRITE, at, &pfec) ? -EFAULT : 0;
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

bool guest_cmpxchg_phys(gpa_t a, uint64_t old, uint64_t new, unsigned int bytes)
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
