/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Walks the guest's page tables: none, 2-level, PAE, 4-level (SDM vol. 3A
 * 4.3 to 4.5). One table describes each mode; one loop walks them all.
 * PDPTEs of PAE paging are read from memory as NPT does; their reserved bits
 * are not checked, since one emulator sets an accessed bit there.
 */
#include "hvm/mem/guest-copy.h"

#include "hvm/mem/peek.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/cpu/cr.h"
#include "hypervisor/cpu/msr.h"
#include "hypervisor/mm/pt-bits.h"

struct walk {
    struct paging_regs regs;
    uint32_t access;
    bool nx;         /* NX bits count */
    bool supervisor; /* of the access */
};

struct paging {
    unsigned int levels;
    unsigned int bits;  /* of an index */
    unsigned int bytes; /* of an entry */
    uint64_t root;      /* address bits of CR3 */
    uint64_t linear;    /* bits of linear addresses */
};

static const struct paging paging_32 = { 2, 10, 4, 0xfffff000, 0xffffffff };
/* The top level has four entries. */
static const struct paging paging_pae = { 3, 9, 8, 0xffffffe0, 0xffffffff };
static const struct paging paging_long = { 4, 9, 8, PTE_ADDR, ~0ull };

/* Sets bits that the CPU would set, as an atomic update of the entry read.
 * Whoever changed the entry meanwhile has its own walk to do. */
static inline void mark(gpa_t at, unsigned int bytes, uint64_t e, uint64_t bits)
{
    if (unlikely((e & bits) != bits))
        (void)guest_cmpxchg_phys(at, e, e | bits, bytes);
}

/* Rights of the whole walk against the access (SDM vol. 3A 4.6). */
static inline bool allowed(const struct walk *w, uint64_t rights, bool nx)
{
    if (!w->supervisor && !(rights & PTE_US))
        return false;
    if ((w->access & PFEC_WRITE) && !(rights & PTE_RW) &&
        (!w->supervisor || (w->regs.cr0 & CR0_WP)))
        return false;
    return !(w->access & PFEC_FETCH) ||
           !(nx || (w->supervisor && (rights & PTE_US) &&
                    (w->regs.cr4 & CR4_SMEP)));
}

static int fault(const struct walk *w, uint32_t why, uint32_t *pfec)
{
    *pfec = why | (w->access & (PFEC_WRITE | PFEC_USER));
    if ((w->access & PFEC_FETCH) && (w->nx || (w->regs.cr4 & CR4_SMEP)))
        *pfec |= PFEC_FETCH;
    return -EFAULT;
}

static bool is_large(const struct walk *w, const struct paging *p,
                     unsigned int level, uint64_t e)
{
    if (!(e & PTE_PS) || level == 1)
        return false;
    if (p == &paging_32)
        return w->regs.cr4 & CR4_PSE;
    return level == 2 || (level == 3 && p == &paging_long);
}

/* Made once for each mode, whose constants it takes in. */
static inline __attribute__((always_inline)) int
walk_tables(struct walk *w, const struct paging *p, uint64_t a, gpa_t *out,
            uint32_t *pfec)
{
    const struct hvm_vcpu *hv = current->hvm;
    const uint64_t reserved = w->nx ? 0 : PTE_NX;
    uint64_t all = PTE_RW | PTE_US, any = 0; /* of the entries' bits */
    uint64_t e = 0, base, offset;
    gpa_t table = gpa(w->regs.cr3 & p->root), at = table;
    unsigned int shift = 0, level;

    a &= p->linear;
#pragma GCC unroll 4
    for (level = p->levels; level; level--) {
        bool pdpte = p == &paging_pae && level == 3;

        shift = PAGE_SHIFT + (level - 1) * p->bits;
        at = gpa_add(table, ((a >> shift) & ((1u << p->bits) - 1)) * p->bytes);
        if (unlikely(!peek_word(hv, level, at, p->bytes, level < p->levels,
                                &e)))
            return -EIO;
        if (unlikely(!(e & PTE_P)))
            return fault(w, 0, pfec);
        if (unlikely(e & reserved))
            return fault(w, PFEC_PRESENT | PFEC_RSVD, pfec);
        if (!pdpte) {
            all &= e;
            any |= e;
        }
        if (level == 1 || is_large(w, p, level, e))
            break;
        if (!pdpte)
            mark(at, p->bytes, e, PTE_A);
        table = gpa(e & PTE_ADDR);
    }
    if (unlikely(!allowed(w, all, any & PTE_NX)))
        return fault(w, PFEC_PRESENT, pfec);
    mark(at, p->bytes, e, PTE_A | (w->access & PFEC_WRITE ? PTE_D : 0));
    base = e & PTE_ADDR;
    /* PSE-36: bits 13-20 of a 4 MiB entry are address bits 32-39. */
    if (p == &paging_32 && level == 2)
        base = (e & 0xffc00000) | (e >> 13 & 0xff) << 32;
    offset = (1ull << shift) - 1;
    *out = gpa((base & ~offset) | (a & offset));
    *pfec = w->access;
    if ((all & PTE_RW) && (e & PTE_D) && !(w->access & PFEC_FETCH))
        *pfec |= PFEC_WRITE;
    return 0;
}

int guest_walk(struct vcpu *v, gva_t a, uint32_t access, gpa_t *out,
               uint32_t *pfec)
{
    struct walk w;
    bool pae;

    w.access = access;
    w.supervisor = !(access & PFEC_USER);
    hvm_ops.paging(v, &w.regs);
    if (!(w.regs.cr0 & CR0_PG)) {
        *out = gpa((uint32_t)a.raw);
        *pfec = access;
        return 0;
    }
    pae = w.regs.cr4 & CR4_PAE;
    w.nx = (w.regs.efer & EFER_NXE) && pae;
    if (likely(w.regs.efer & EFER_LMA))
        return walk_tables(&w, &paging_long, a.raw, out, pfec);
    return pae ? walk_tables(&w, &paging_pae, a.raw, out, pfec)
               : walk_tables(&w, &paging_32, a.raw, out, pfec);
}
