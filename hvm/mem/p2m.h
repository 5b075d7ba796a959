/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest physical map of one domain, and the only writer of its nested
 * page tables. Every present entry of RAM holds a reference to its frame.
 *
 * Readers need no lock: entries are single 64-bit words, and a table page is
 * freed only after every CPU has passed a point where it reads none.
 */
#pragma once

#include "hypervisor/core/domain.h"
#include "hypervisor/cpu/types.h"

enum p2m_type {
    P2M_NONE,        /* nothing: an access goes to a device model */
    P2M_RAM,         /* read, write, execute */
    P2M_RAM_LOG,     /* RAM, the first write is noted: see p2m_log_write() */
    P2M_RAM_RO,      /* RAM, writes are dropped */
    P2M_FOREIGN,     /* another domain's frame */
    P2M_GRANT_RW,
    P2M_GRANT_RO,
    P2M_MMIO,        /* device memory of the machine, no reference */
    P2M_IOREQ,       /* RAM whose writes go to an ioreq server */
    P2M_APIC,        /* page behind the local APIC's registers, where the CPU
                        virtualises them: no reference */
    P2M_TYPES
};

/* Is there a frame of RAM, with a reference of the map's? */
static inline bool p2m_type_has_page(enum p2m_type t)
{
    return t != P2M_NONE && t != P2M_MMIO && t != P2M_APIC;
}

/* Another domain's frame, lent to this one. */
static inline bool p2m_type_is_lent(enum p2m_type t)
{
    return t == P2M_FOREIGN || t == P2M_GRANT_RW || t == P2M_GRANT_RO;
}

/* May the guest, and Lodge for it, write there? */
static inline bool p2m_type_writable(enum p2m_type t)
{
    return p2m_type_has_page(t) && t != P2M_RAM_RO && t != P2M_GRANT_RO;
}

struct p2m_entry {
    mfn_t mfn;            /* of this very gfn, also inside a superpage */
    enum p2m_type type;
    unsigned int order;   /* 0, 9 or 18: size of the leaf it came from */
};

/* Orders of leaves. */
#define ORDER_4K 0u
#define ORDER_2M 9u
#define ORDER_1G 18u

/* What entries of nested page tables are made of. */
struct pt_format {
    uint64_t table;             /* flags of an entry that names a table */
    uint64_t leaf[P2M_TYPES];   /* flags of a leaf by type, but for size */
    bool has_1g;                /* 1 GiB leaves */
    /*
     * The flag that the CPU sets in a leaf, noting its address in a log, when
     * the guest writes there; of all leaves only P2M_RAM_LOG's lack it then.
     * 0: there is no such log, and writes to P2M_RAM_LOG fault.
     */
    uint64_t dirty;
    /*
     * Flags of execution that large leaves do not get, as a CPU with a bug
     * must not fetch from them: p2m_allow_fetch() splits one. 0: none.
     */
    uint64_t exec;
};

/* Leaves of RAM by type, given the flags of one that guests may write to, and
 * of one that they may only read. */
#define PT_RAM_LEAVES(rw, ro)                                               \
    [P2M_RAM] = (rw), [P2M_FOREIGN] = (rw), [P2M_GRANT_RW] = (rw),          \
    [P2M_RAM_LOG] = (ro), [P2M_RAM_RO] = (ro), [P2M_GRANT_RO] = (ro),       \
    [P2M_IOREQ] = (ro)

extern struct pt_format pt_format; /* (c) the vendor's, set at boot */

struct p2m {
    struct spinlock lock;
    uint64_t *root;      /* (c) the top table, named by control blocks */
    uint64_t max_gfn;    /* (a) highest that was ever mapped */
    uint64_t relinquish; /* next gfn that p2m_relinquish() looks at */
    uint32_t tables;     /* (a) pages of nested tables in use */
    uint32_t limit;      /* (a) of them: the toolstack's paging pool */
};
#define P2M_NO_LIMIT (~0u)

/* p is zeroed, and lives as long as d->hvm. -ENOMEM. */
int p2m_init(struct domain *d, struct p2m *p);
/* Removes everything in bounded steps: -ERESTART or 0. */
int p2m_relinquish(struct domain *d);
/* Gives the tables back; also after a p2m_init() that failed. */
void p2m_destroy(struct domain *d);

/* What is at gfn; type P2M_NONE and an invalid mfn where nothing is. Takes
 * no reference: the entry may change at any moment. The frame with one is
 * guest_frame_get()'s (core/upcalls.h). */
struct p2m_entry p2m_lookup(struct domain *d, gfn_t g);

/*
 * Maps 2^order frames from m at g. The references of frames of RAM pass from
 * the caller to the map on success. What was there before is removed first
 * if it is RAM of the domain itself, else -EBUSY. -EINVAL (misaligned,
 * beyond the guest's physical width, the domain dies), -ENOMEM.
 */
int p2m_map(struct domain *d, gfn_t g, mfn_t m, unsigned int order,
            enum p2m_type type);

/*
 * Takes out 2^order frames at g, dropping the references after the flush.
 * expect: if valid, -EINVAL unless exactly this frame is mapped there.
 * -EINVAL for what is granted: guest_grant_unmap() (core/upcalls.h). What
 * stands before the gfn that fails is gone.
 */
int p2m_unmap(struct domain *d, gfn_t g, unsigned int order, mfn_t expect);

/* Changes the type of one mapped gfn from `from` to `to`; -EBUSY if it is
 * another. Without a flush: the caller batches p2m_flush(). */
int p2m_change_type(struct domain *d, gfn_t g, enum p2m_type from,
                    enum p2m_type to);

/*
 * The next write of a guest to RAM at g is to be noted: it faults (see
 * dirty_mark()), or the CPU logs it by itself, which vCPUs hand on to
 * guest_frame_dirtied() whenever they leave the guest. True if that needs a
 * p2m_flush().
 */
bool p2m_log_write(struct domain *d, gfn_t g);
/* What CPUs have logged before this call has been handed on. Locks as in
 * p2m_flush(). */
void p2m_collect_writes(struct domain *d);

/*
 * A fetch of an instruction at g faulted: it may go on if what stood in its
 * way is the size of the leaf (pt_format.exec). Rights only grow, so nothing
 * is flushed. -ENOMEM.
 */
int p2m_allow_fetch(struct domain *d, gfn_t g);

/*
 * No vCPU of d uses a translation older than this call once it returns.
 * Locks of a rank up to P2M may be held.
 */
void p2m_flush(struct domain *d);

/* p2m->limit (XEN_DOMCTL_set_paging_mempool_size); where none was set, what is
 * in use. */
unsigned int p2m_table_limit(const struct domain *d);
