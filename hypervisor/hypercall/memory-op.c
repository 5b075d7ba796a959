/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * memory_op: a domain's memory, where it appears in the guest physical map,
 * and other domains' memory in one's own. Lists are worked off one extent at
 * a time; the number done is kept in the command's upper bits, so that a
 * long call goes on where it was.
 */
#include "hypervisor/abi/memory.h"

#include "hvm/base/hvm.h"
#include "hvm/dom0/build.h"
#include "hvm/io/ioreq.h"
#include "hvm/mem/guest-copy.h"
#include "hvm/mem/p2m.h"
#include "hypervisor/abi/compat.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/core/access.h"
#include "hypervisor/core/grant.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/hypercall/calls.h"
#include "hypervisor/hypercall/restart.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/mm/heap.h"

/* The call that runs: where it is in its list, and how to go on later. */
struct memop {
    unsigned int cmd;
    unsigned long done; /* extents done before this entry */
    void_gptr_t arg;
};

static long restart_at(const struct memop *m, unsigned long done)
{
    hypercall_restart(0, m->cmd | done << MEMOP_EXTENT_SHIFT);
    return -ERESTART;
}

/* Target of an operation with the right to do it; *out has a reference. */
static int target(domid_t id, enum access_action action, struct domain **out)
{
    struct domain *d = domain_get(id);
    int rc;

    if (!d)
        return -ESRCH;
    rc = may(current->domain, action, d);
    if (rc) {
        domain_put(d);
        return rc;
    }
    *out = d;
    return 0;
}

/* Frame i of a list of frame numbers in the caller's width. */
static int read_gfn(xen_pfn_gptr_t list, unsigned long i, uint64_t *g)
{
    size_t size = hypercall_is_compat() ? 4 : 8;

    *g = 0;
    return guest_read(g, gva(list.addr + i * size), size);
}

static int read_reservation(void_gptr_t arg, struct xen_memory_reservation *r)
{
    struct compat_xen_memory_reservation c;

    if (!hypercall_is_compat())
        return guest_read(r, gva(arg.addr), sizeof(*r));
    if (guest_read(&c, gva(arg.addr), sizeof(c)))
        return -EFAULT;
    *r = (struct xen_memory_reservation){
        .extent_start = { .addr = c.extent_start.addr },
        .nr_extents = c.nr_extents, .extent_order = c.extent_order,
        .mem_flags = c.mem_flags, .domid = c.domid };
    return 0;
}

/* Maps 2^order fresh frames; orders the p2m has no leaf for go in pieces. */
static int map_extent(struct domain *d, gfn_t g, struct page *pg,
                      unsigned int order)
{
    unsigned int leaf = order >= ORDER_1G ? ORDER_1G
                      : order >= ORDER_2M ? ORDER_2M : ORDER_4K;

    if (!IS_ALIGNED(g.raw, 1ul << leaf))
        leaf = ORDER_4K;
    for (unsigned long i = 0; i < 1ul << order; i += 1ul << leaf) {
        int rc = p2m_map(d, gfn_add(g, i), mfn_add(page_to_mfn(pg), i), leaf,
                         P2M_RAM);

        if (rc) {
            while (i < 1ul << order)
                page_put(pg + i++);
            return rc;
        }
    }
    return 0;
}

static int populate_extent(struct domain *d, gfn_t g, unsigned int order,
                           uint64_t below)
{
    struct page *pg;
    int rc = domain_charge(d, 1u << order, false);

    if (rc)
        return rc;
    pg = page_alloc(d->id, order, below);
    if (!pg) {
        domain_uncharge(d, 1u << order, false);
        return -ENOMEM;
    }
    return map_extent(d, g, pg, order);
}

/* Highest frame plus one that an address width allows, 0: any. */
static uint64_t width_limit(unsigned int mem_flags)
{
    unsigned int bits = XENMEMF_get_address_bits(mem_flags);

    return bits > PAGE_SHIFT && bits < 64 ? 1ull << (bits - PAGE_SHIFT) : 0;
}

/* Largest extents: toolstacks may ask for 1 GiB, guests for 2 MiB. */
static unsigned int max_order(void)
{
    return current->domain->privileged ? ORDER_1G : ORDER_2M;
}

typedef int extent_fn(struct domain *d, uint64_t g,
                      const struct xen_memory_reservation *r);

static int populate_one(struct domain *d, uint64_t g,
                        const struct xen_memory_reservation *r)
{
    /* Devices know no other address than the machine's. */
    if (d == hardware_domain)
        return dom0_populate(d, gfn(g), r->extent_order);
    return populate_extent(d, gfn(g), r->extent_order,
                           width_limit(r->mem_flags));
}

static int decrease_one(struct domain *d, uint64_t g,
                        const struct xen_memory_reservation *r)
{
    /* What is not there cannot be given back. */
    if (p2m_lookup(d, gfn(g)).type == P2M_NONE)
        return -EINVAL;
    return p2m_unmap(d, gfn(g), r->extent_order, INVALID_MFN);
}

/* Returns the number of extents done; short when one fails. */
static long reservation(const struct memop *m, extent_fn *fn)
{
    struct xen_memory_reservation r;
    unsigned long i = m->done;
    struct domain *d;
    uint64_t g;

    if (read_reservation(m->arg, &r))
        return (long)i;
    if (i >= r.nr_extents || r.extent_order > max_order() ||
        r.nr_extents > (~0u >> MEMOP_EXTENT_SHIFT) ||
        target(r.domid, ACCESS_MEM_RESERVATION, &d))
        return (long)i;
    if (r.mem_flags & XENMEMF_populate_on_demand) {
        log_guest(LOG_WARN, "d%u: populate-on-demand is not supported: "
                  "give the domain all of its maxmem\n", d->id);
        domain_put(d);
        return (long)i;
    }
    for (; i < r.nr_extents; i++) {
        if (i != m->done && vcpu_preempt_wanted()) {
            domain_put(d);
            return restart_at(m, i);
        }
        if (read_gfn(r.extent_start, i, &g) || fn(d, g, &r))
            break;
    }
    domain_put(d);
    return (long)i;
}

static long op_populate(const struct memop *m)
{
    return reservation(m, populate_one);
}

static long op_decrease(const struct memop *m)
{
    return reservation(m, decrease_one);
}

/* Translated domains increase by populating. */
static long op_increase(const struct memop *m)
{
    return m->done ? (long)m->done : 0;
}

/* Moves the frame at `from` of d to g: a reference goes along. */
static int move_page(struct domain *d, gfn_t from, gfn_t g)
{
    struct page *pg;
    int rc;

    if (gfn_eq(from, g))
        return 0;
    rc = p2m_get_page(d, from, true, &pg);
    if (rc)
        return rc;
    if (pg->owner != d->id) {
        page_put(pg);
        return -EPERM;
    }
    rc = p2m_unmap(d, from, ORDER_4K, page_to_mfn(pg));
    if (!rc)
        rc = p2m_map(d, g, page_to_mfn(pg), ORDER_4K, P2M_RAM);
    if (rc)
        page_put(pg);
    return rc;
}

/* A special frame of d (its shared info, a grant frame) at g. */
static int map_special(struct domain *d, struct page *pg, gfn_t g)
{
    int rc;

    /* It shows at one place only. */
    if (pg->gfn)
        (void)p2m_unmap(d, gfn(pg->gfn), ORDER_4K, page_to_mfn(pg));
    page_get(pg);
    rc = p2m_map(d, g, page_to_mfn(pg), ORDER_4K, P2M_RAM);
    if (rc)
        page_put(pg);
    else
        pg->gfn = g.raw;
    return rc;
}

static int map_foreign(struct domain *d, struct domain *owner, gfn_t from,
                       gfn_t g)
{
    struct page *pg;
    int rc;

    if (d == owner)
        return -EINVAL;
    rc = p2m_get_page(owner, from, true, &pg);
    if (rc)
        return rc;
    /* What the owner has from others, by a grant say, is not its to give:
     * this mapping would outlive the grant. */
    rc = pg->owner == owner->id
             ? p2m_map(d, g, page_to_mfn(pg), ORDER_4K, P2M_FOREIGN) : -EINVAL;
    if (rc)
        page_put(pg);
    return rc;
}

/* One page into d's map. foreign: for XENMAPSPACE_gmfn_foreign only. */
static int add_one(struct domain *d, struct domain *foreign,
                   unsigned int space, uint64_t idx, gfn_t g)
{
    struct page *pg;
    int rc;

    switch (space) {
    case XENMAPSPACE_shared_info:
        pg = READ_ONCE(d->shared_info_page); /* NULL once d is dead */
        return idx || !pg ? -EINVAL : map_special(d, pg, g);
    case XENMAPSPACE_grant_table:
        /* Status frames are of version 2 only. */
        if (idx >= XENMAPIDX_grant_table_status)
            return -EINVAL;
        rc = grant_frame(d, (unsigned int)idx, &pg);
        return rc ? rc : map_special(d, pg, g);
    case XENMAPSPACE_gmfn:
    case XENMAPSPACE_gmfn_range:
        return move_page(d, gfn(idx), g);
    case XENMAPSPACE_gmfn_foreign:
        return map_foreign(d, foreign, gfn(idx), g);
    default:
        return -EOPNOTSUPP;
    }
}

static long op_add(const struct memop *m)
{
    struct xen_add_to_physmap a;
    struct compat_xen_add_to_physmap c;
    unsigned long i, n;
    struct domain *d;
    int rc;

    if (hypercall_is_compat()) {
        if (guest_read(&c, gva(m->arg.addr), sizeof(c)))
            return -EFAULT;
        a = (struct xen_add_to_physmap){ c.domid, c.size, c.space, c.idx,
                                         c.gpfn };
    } else if (guest_read(&a, gva(m->arg.addr), sizeof(a))) {
        return -EFAULT;
    }
    if (a.space == XENMAPSPACE_gmfn_foreign)
        return -ENOSYS;
    n = a.space == XENMAPSPACE_gmfn_range ? a.size : 1;
    rc = target(a.domid, ACCESS_MEM_PHYSMAP, &d);
    if (rc)
        return rc;
    for (i = m->done; i < n && !rc; i++) {
        if (i != m->done && vcpu_preempt_wanted()) {
            rc = -ERESTART;
            break;
        }
        rc = add_one(d, NULL, a.space, a.idx + i, gfn(a.gpfn + i));
    }
    domain_put(d);
    return rc == -ERESTART ? restart_at(m, i) : rc;
}

struct batch {
    struct xen_add_to_physmap_batch b;
    struct domain *d, *foreign;
};

static int batch_read(void_gptr_t arg, struct xen_add_to_physmap_batch *b)
{
    struct compat_xen_add_to_physmap_batch c;

    if (!hypercall_is_compat())
        return guest_read(b, gva(arg.addr), sizeof(*b));
    if (guest_read(&c, gva(arg.addr), sizeof(c)))
        return -EFAULT;
    *b = (struct xen_add_to_physmap_batch){
        .domid = c.domid, .space = c.space, .size = c.size, .u = c.u,
        .idxs = { .addr = c.idxs.addr }, .gpfns = { .addr = c.gpfns.addr },
        .errs = { .addr = c.errs.addr } };
    return 0;
}

static long batch_run(const struct memop *m, const struct batch *b)
{
    size_t size = hypercall_is_compat() ? 4 : 8;

    for (unsigned long i = m->done; i < b->b.size; i++) {
        uint64_t idx = 0, g = 0;
        int err;

        if (i != m->done && vcpu_preempt_wanted())
            return restart_at(m, i);
        if (guest_read(&idx, gva(b->b.idxs.addr + i * size), size) ||
            guest_read(&g, gva(b->b.gpfns.addr + i * size), size))
            return -EFAULT;
        err = add_one(b->d, b->foreign, b->b.space, idx, gfn(g));
        if (guest_write(gva(b->b.errs.addr + i * sizeof(err)), &err,
                        sizeof(err)))
            return -EFAULT;
    }
    return 0;
}

static long op_add_batch(const struct memop *m)
{
    struct batch b = { .foreign = NULL };
    long rc;

    if (batch_read(m->arg, &b.b))
        return -EFAULT;
    if (b.b.space == XENMAPSPACE_gmfn_range)
        return -EINVAL;
    rc = target(b.b.domid, ACCESS_MEM_PHYSMAP, &b.d);
    if (rc)
        return rc;
    if (b.b.space == XENMAPSPACE_gmfn_foreign)
        rc = target(b.b.u.foreign_domid, ACCESS_MEM_FOREIGN, &b.foreign);
    else if (b.b.u.res0)
        rc = -EOPNOTSUPP;
    if (!rc)
        rc = batch_run(m, &b);
    if (b.foreign)
        domain_put(b.foreign);
    domain_put(b.d);
    return rc;
}

static long op_remove(const struct memop *m)
{
    struct xen_remove_from_physmap r;
    struct compat_xen_remove_from_physmap c;
    struct p2m_entry e;
    struct domain *d;
    long rc;

    if (hypercall_is_compat()) {
        if (guest_read(&c, gva(m->arg.addr), sizeof(c)))
            return -EFAULT;
        r = (struct xen_remove_from_physmap){ c.domid, c.gpfn };
    } else if (guest_read(&r, gva(m->arg.addr), sizeof(r))) {
        return -EFAULT;
    }
    rc = target(r.domid, ACCESS_MEM_PHYSMAP, &d);
    if (rc)
        return rc;
    e = p2m_lookup(d, gfn(r.gpfn));
    /* Device memory of domain 0 and grants are not its to take out here. */
    if (e.type == P2M_NONE)
        rc = -ENOENT;
    else if (e.type == P2M_GRANT_RW || e.type == P2M_GRANT_RO)
        rc = -EINVAL;
    else
        rc = p2m_unmap(d, gfn(r.gpfn), ORDER_4K, e.mfn);
    domain_put(d);
    return rc;
}

/* Sizes of a domain: the argument is its id alone. */
static long op_domain_size(const struct memop *m)
{
    struct xen_memory_domain who;
    struct domain *d;
    long rc;

    if (guest_read(&who, gva(m->arg.addr), sizeof(who)))
        return -EFAULT;
    rc = target(who.domid, ACCESS_MEM_INFO, &d);
    if (rc)
        return rc;
    switch (m->cmd) {
    case XENMEM_current_reservation:
        rc = (long)(d->frames - d->special_frames);
        break;
    case XENMEM_maximum_reservation:
        rc = (long)d->max_frames;
        break;
    default:
        rc = (long)p2m_max_gfn(d).raw;
        break;
    }
    domain_put(d);
    return rc;
}

static long op_max_ram_page(const struct memop *m)
{
    return (long)frame_table_size;
}

static int read_map(void_gptr_t arg, struct xen_memory_map *map)
{
    struct compat_xen_memory_map c;

    if (!hypercall_is_compat())
        return guest_read(map, gva(arg.addr), sizeof(*map));
    if (guest_read(&c, gva(arg.addr), sizeof(c)))
        return -EFAULT;
    map->nr_entries = c.nr_entries;
    map->buffer.addr = c.buffer.addr;
    return 0;
}

/* Domain 0's map is the machine's, as its builder left it. */
static long dom0_map(void_gptr_t arg, const struct xen_memory_map *map)
{
    const struct hvm_memmap_table_entry *from;
    unsigned int n;

    for (n = 0; n < map->nr_entries; n++) {
        struct guest_map_entry e;

        from = dom0_memory_map(n);
        if (!from)
            break;
        e = (struct guest_map_entry){ from->addr, from->size, from->type };
        if (guest_write(gva(map->buffer.addr + n * sizeof(e)), &e, sizeof(e)))
            return -EFAULT;
    }
    return guest_write(gva(arg.addr), &n, sizeof(n));
}

static long op_memory_map(const struct memop *m)
{
    struct domain *d = current->domain;
    struct guest_map g = { .nr = 0 };
    struct xen_memory_map map;
    unsigned int n;
    bool has;

    if (read_map(m->arg, &map))
        return -EFAULT;
    if (d == hardware_domain)
        return dom0_map(m->arg, &map);
    /* A copy: another vCPU may set a new map, which frees this one. */
    spin_lock(&d->lock);
    has = d->hvm->map;
    if (has)
        g = *d->hvm->map;
    spin_unlock(&d->lock);
    if (!has)
        return -ENOSYS;
    n = MIN(map.nr_entries, g.nr);
    if (guest_write(gva(map.buffer.addr), g.entry, n * sizeof(g.entry[0])) ||
        guest_write(gva(m->arg.addr), &n, sizeof(n)))
        return -EFAULT;
    return 0;
}

static long op_set_memory_map(const struct memop *m)
{
    struct xen_foreign_memory_map f;
    struct guest_map *g, *old;
    struct domain *d;
    long rc;

    if (guest_read(&f, gva(m->arg.addr), sizeof(f)))
        return -EFAULT;
    if (f.map.nr_entries > GUEST_MAP_MAX)
        return -EINVAL;
    rc = target(f.domid, ACCESS_MEM_INFO, &d);
    if (rc)
        return rc;
    g = heap_alloc(sizeof(*g));
    rc = g ? 0 : -ENOMEM;
    if (!rc && guest_read(g->entry, gva(f.map.buffer.addr),
                          f.map.nr_entries * sizeof(g->entry[0])))
        rc = -EFAULT;
    if (!rc) {
        g->nr = f.map.nr_entries;
        spin_lock(&d->lock);
        old = d->hvm->map;
        d->hvm->map = g;
        spin_unlock(&d->lock);
        g = old;
    }
    heap_free(g);
    domain_put(d);
    return rc;
}

static long op_claim(const struct memop *m)
{
    struct xen_memory_reservation r;
    struct domain *d;
    long rc;

    if (read_reservation(m->arg, &r))
        return -EFAULT;
    if (r.extent_order || r.mem_flags || !guest_ptr_is_null(r.extent_start))
        return -EINVAL;
    rc = target(r.domid, ACCESS_MEM_CLAIM, &d);
    if (rc)
        return rc;
    rc = domain_claim(d, r.nr_extents);
    domain_put(d);
    return rc;
}

/* Without populate-on-demand the target is what is there. */
static long op_pod_target(const struct memop *m)
{
    struct xen_pod_target t;
    struct domain *d;
    long rc;

    if (hypercall_is_compat())
        return -ENOSYS;
    if (guest_read(&t, gva(m->arg.addr), sizeof(t)))
        return -EFAULT;
    rc = target(t.domid, ACCESS_MEM_POD, &d);
    if (rc)
        return rc;
    t.tot_pages = d->frames - d->special_frames;
    t.pod_cache_pages = 0;
    t.pod_entries = 0;
    domain_put(d);
    return guest_write(gva(m->arg.addr), &t, sizeof(t));
}

/* Devices' reserved memory: none is passed through. */
static long op_rdm(const struct memop *m)
{
    struct xen_reserved_device_memory_map r;
    struct compat_xen_reserved_device_memory_map c;

    if (hypercall_is_compat()) {
        if (guest_read(&c, gva(m->arg.addr), sizeof(c)))
            return -EFAULT;
        c.nr_entries = 0;
        return guest_write(gva(m->arg.addr), &c, sizeof(c));
    }
    if (guest_read(&r, gva(m->arg.addr), sizeof(r)))
        return -EFAULT;
    r.nr_entries = 0;
    return guest_write(gva(m->arg.addr), &r, sizeof(r));
}

/* Frame i of a resource of d with a reference, or its size in frames when pg
 * is NULL. */
static long resource(struct domain *d, unsigned int type, unsigned int id,
                     uint64_t i, struct page **pg)
{
    int rc;

    switch (type) {
    case XENMEM_resource_ioreq_server:
        if (!pg)
            return 2;
        return i > 1 ? -EINVAL
                     : ioreq_frame(d, current->domain, (ioservid_t)id,
                                   (unsigned int)i, pg);
    case XENMEM_resource_grant_table:
        if (id != XENMEM_resource_grant_table_id_shared)
            return -EOPNOTSUPP; /* status frames: version 2 only */
        if (!pg)
            return (long)grant_max_frames(d);
        if (i >= grant_max_frames(d))
            return -EINVAL;
        rc = grant_frame(d, (unsigned int)i, pg);
        if (!rc)
            page_get(*pg); /* it stays as long as d */
        return rc;
    default:
        return -EOPNOTSUPP;
    }
}

static long acquire_one(struct domain *d,
                        const struct xen_mem_acquire_resource *r,
                        unsigned long i)
{
    struct page *pg;
    uint64_t g;
    long rc = resource(d, r->type, r->id, r->frame + i, &pg);

    if (rc)
        return rc;
    if (guest_read(&g, gva(r->frame_list.addr + i * sizeof(g)), sizeof(g)))
        rc = -EFAULT;
    else
        rc = p2m_map(current->domain, gfn(g), page_to_mfn(pg), ORDER_4K,
                     P2M_FOREIGN);
    if (rc)
        page_put(pg);
    return rc;
}

static long op_acquire(const struct memop *m)
{
    struct xen_mem_acquire_resource r;
    struct domain *d;
    unsigned long i;
    long rc;

    if (hypercall_is_compat())
        return -ENOSYS;
    if (guest_read(&r, gva(m->arg.addr), sizeof(r)))
        return -EFAULT;
    if (r.pad || r.frame + r.nr_frames < r.frame)
        return -EINVAL;
    rc = target(r.domid, ACCESS_MEM_RESOURCE, &d);
    if (rc)
        return rc;
    if (guest_ptr_is_null(r.frame_list)) {
        rc = r.nr_frames ? -EINVAL : resource(d, r.type, r.id, 0, NULL);
        if (rc > 0) {
            r.nr_frames = (uint32_t)rc;
            rc = guest_write(gva(m->arg.addr), &r, sizeof(r));
        }
        domain_put(d);
        return rc;
    }
    for (i = m->done; i < r.nr_frames && !rc; i++) {
        if (i != m->done && vcpu_preempt_wanted()) {
            rc = -ERESTART;
            break;
        }
        rc = acquire_one(d, &r, i);
    }
    domain_put(d);
    return rc == -ERESTART ? restart_at(m, i) : rc;
}

static long (*const ops[])(const struct memop *) = {
    [XENMEM_increase_reservation] = op_increase,
    [XENMEM_decrease_reservation] = op_decrease,
    [XENMEM_populate_physmap] = op_populate,
    [XENMEM_maximum_ram_page] = op_max_ram_page,
    [XENMEM_current_reservation] = op_domain_size,
    [XENMEM_maximum_reservation] = op_domain_size,
    [XENMEM_maximum_gpfn] = op_domain_size,
    [XENMEM_add_to_physmap] = op_add,
    [XENMEM_add_to_physmap_batch] = op_add_batch,
    [XENMEM_remove_from_physmap] = op_remove,
    [XENMEM_memory_map] = op_memory_map,
    [XENMEM_set_memory_map] = op_set_memory_map,
    [XENMEM_claim_pages] = op_claim,
    [XENMEM_get_pod_target] = op_pod_target,
    [XENMEM_set_pod_target] = op_pod_target,
    [XENMEM_reserved_device_memory_map] = op_rdm,
    [XENMEM_acquire_resource] = op_acquire,
};

long do_memory_op(unsigned int cmd, void_gptr_t arg)
{
    struct memop m = { .cmd = cmd & MEMOP_CMD_MASK,
                       .done = cmd >> MEMOP_EXTENT_SHIFT, .arg = arg };

    if (m.cmd >= ARRAY_SIZE(ops))
        return -ENOSYS;
    m.cmd = (unsigned int)index_nospec(m.cmd, ARRAY_SIZE(ops));
    return ops[m.cmd] ? ops[m.cmd](&m) : -ENOSYS;
}
