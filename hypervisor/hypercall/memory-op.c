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
#include "hvm/mem/p2m.h"
#include "hypervisor/abi/compat.h"
#include "hypervisor/core/grant.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/hypercall/calls.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/mm/heap.h"

/* The call that runs. */
struct memop {
    unsigned int cmd;
    unsigned long done;              /* extents done before this entry */
    unsigned long at;                /* and by now */
    void_gptr_t arg;
    union memop_arg {                /* its copy, in 64-bit layout */
        struct xen_memory_reservation reservation;
        struct xen_memory_domain domain;
        struct xen_add_to_physmap add;
        struct xen_add_to_physmap_batch batch;
        struct xen_remove_from_physmap remove;
        struct xen_memory_map map;
        struct xen_foreign_memory_map foreign_map;
        struct xen_pod_target pod;
        struct xen_reserved_device_memory_map rdm;
        struct xen_mem_acquire_resource resource;
    } u;
    struct domain *d, *foreign;      /* its domains, with references */
};

/*
 * Does one() on the elements of a list up to n that are not done. 0, its first
 * error, or -ERESTART when it is time to let others run; m->at is where.
 */
static long run_list(struct memop *m, unsigned long n,
                     int (*one)(struct memop *m, unsigned long i))
{
    int rc = 0;

    for (m->at = m->done; m->at < n; m->at++) {
        if (m->at != m->done && vcpu_preempt_wanted()) {
            hypercall_restart(0, m->cmd | m->at << MEMOP_EXTENT_SHIFT);
            return -ERESTART;
        }
        rc = one(m, m->at);
        if (rc)
            break;
    }
    return rc;
}

/* Number i of a list of frame numbers in the caller's width. */
static int read_number(uint64_t list, unsigned long i, uint64_t *number)
{
    size_t size = hypercall_is_compat() ? 4 : 8;

    *number = 0;
    return guest_read(number, gva(list + i * size), size);
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

/* May all of the reservation's list be worked off? */
static bool reservation_ok(const struct memop *m)
{
    const struct xen_memory_reservation *r = &m->u.reservation;

    if (m->done >= r->nr_extents || r->extent_order > max_order() ||
        r->nr_extents > (~0u >> MEMOP_EXTENT_SHIFT))
        return false;
    if (!(r->mem_flags & XENMEMF_populate_on_demand))
        return true;
    log_guest(LOG_WARN, "d%u: populate-on-demand is not supported: "
              "give the domain all of its maxmem\n", m->d->id);
    return false;
}

/* Extent i of a populate or a decrease. */
static int reservation_one(struct memop *m, unsigned long i)
{
    const struct xen_memory_reservation *r = &m->u.reservation;
    uint64_t g;

    if (read_number(r->extent_start.addr, i, &g))
        return -EFAULT;
    if (m->cmd == XENMEM_decrease_reservation)
        /* What is not there cannot be given back. */
        return p2m_lookup(m->d, gfn(g)).type == P2M_NONE
                   ? -EINVAL
                   : p2m_unmap(m->d, gfn(g), r->extent_order, INVALID_MFN);
    /* Devices know no other address than the machine's. */
    if (m->d == hardware_domain)
        return dom0_populate(m->d, gfn(g), r->extent_order);
    return populate_extent(m->d, gfn(g), r->extent_order,
                           width_limit(r->mem_flags));
}

/* Returns the number of extents done; short when one fails. */
static long op_reservation(struct memop *m)
{
    long rc = 0;

    m->at = m->done;
    if (reservation_ok(m))
        rc = run_list(m, m->u.reservation.nr_extents, reservation_one);
    /* Device models should let go of what is not the guest's any more. */
    if (m->cmd == XENMEM_decrease_reservation && m->at > m->done)
        ioreq_invalidate(m->d);
    return rc == -ERESTART ? rc : (long)m->at;
}

/* Translated domains increase by populating. */
static long op_increase(struct memop *m)
{
    return (long)m->done;
}

/* What every domain without virtual NUMA nodes gets; xl save looks. */
static long op_no_vnuma(struct memop *m)
{
    return -EOPNOTSUPP;
}

int move_page(struct domain *d, gfn_t from, gfn_t g)
{
    struct page *pg;
    int rc = guest_frame_get(d, from, true, &pg);

    if (rc)
        return rc;
    /* Not what it has from others by a grant. */
    rc = pg->owner == d->id ? p2m_unmap(d, from, ORDER_4K, page_to_mfn(pg))
                            : -EPERM;
    if (!rc) {
        rc = p2m_map(d, g, page_to_mfn(pg), ORDER_4K, P2M_RAM);
        /* Not there: then back to where it was. */
        if (!rc || !p2m_map(d, from, page_to_mfn(pg), ORDER_4K, P2M_RAM))
            return rc;
    }
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
    rc = guest_frame_get(owner, from, true, &pg);
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

/* One page into the map of m->d. */
static int add_one(struct memop *m, unsigned int space, uint64_t idx, gfn_t g)
{
    struct domain *d = m->d;
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
        return idx == g.raw ? 0 : move_page(d, gfn(idx), g);
    case XENMAPSPACE_gmfn_foreign:
        return map_foreign(d, m->foreign, gfn(idx), g);
    default:
        return -EOPNOTSUPP;
    }
}

static int add_range_one(struct memop *m, unsigned long i)
{
    const struct xen_add_to_physmap *a = &m->u.add;

    return add_one(m, a->space, a->idx + i, gfn(a->gpfn + i));
}

static long op_add(struct memop *m)
{
    return run_list(m, m->u.add.space == XENMAPSPACE_gmfn_range
                           ? m->u.add.size : 1, add_range_one);
}

static int add_batch_one(struct memop *m, unsigned long i)
{
    const struct xen_add_to_physmap_batch *b = &m->u.batch;
    uint64_t idx, g;
    int err;

    if (read_number(b->idxs.addr, i, &idx) ||
        read_number(b->gpfns.addr, i, &g))
        return -EFAULT;
    err = add_one(m, b->space, idx, gfn(g));
    return copy_to_guest_at(b->errs, i, &err);
}

static long op_add_batch(struct memop *m)
{
    const struct xen_add_to_physmap_batch *b = &m->u.batch;
    long rc = 0;

    if (b->space == XENMAPSPACE_gmfn_foreign)
        rc = target_get(b->u.foreign_domid, ACCESS_MEM_FOREIGN, &m->foreign);
    else if (b->u.res0)
        rc = -EOPNOTSUPP;
    if (!rc)
        rc = run_list(m, b->size, add_batch_one);
    if (m->foreign)
        domain_put(m->foreign);
    return rc;
}

static long op_remove(struct memop *m)
{
    gfn_t g = gfn(m->u.remove.gpfn);
    struct p2m_entry e = p2m_lookup(m->d, g);

    /* Device memory of domain 0 and grants are not its to take out here. */
    if (e.type == P2M_NONE)
        return -ENOENT;
    if (e.type == P2M_GRANT_RW || e.type == P2M_GRANT_RO)
        return -EINVAL;
    return p2m_unmap(m->d, g, ORDER_4K, e.mfn);
}

static long op_domain_size(struct memop *m)
{
    switch (m->cmd) {
    case XENMEM_current_reservation:
        return (long)(m->d->frames - m->d->special_frames);
    case XENMEM_maximum_reservation:
        return (long)m->d->max_frames;
    default:
        return (long)READ_ONCE(m->d->hvm->p2m->max_gfn);
    }
}

static long op_max_ram_page(struct memop *m)
{
    return (long)frame_table_size;
}

/* A copy of d's map; false: it has none. Domain 0's is the machine's, as its
 * builder left it. */
static bool map_of(struct domain *d, struct guest_map *g)
{
    const struct hvm_memmap_table_entry *e;
    bool has = true;

    g->nr = 0;
    if (d == hardware_domain) {
        while (g->nr < GUEST_MAP_MAX && (e = dom0_memory_map(g->nr)) != NULL)
            g->entry[g->nr++] = (struct guest_map_entry){ e->addr, e->size,
                                                          e->type };
        return true;
    }
    /* Another vCPU may set a new map, which frees this one. */
    spin_lock(&d->lock);
    has = d->hvm->map;
    if (has)
        *g = *d->hvm->map;
    spin_unlock(&d->lock);
    return has;
}

static long op_memory_map(struct memop *m)
{
    struct guest_map g;
    unsigned int n;

    if (!map_of(current->domain, &g))
        return -ENOSYS;
    n = MIN(m->u.map.nr_entries, g.nr);
    if (guest_write(gva(m->u.map.buffer.addr), g.entry,
                    n * sizeof(g.entry[0])))
        return -EFAULT;
    return write_arg(m->arg, &n);
}

static long op_set_memory_map(struct memop *m)
{
    const struct xen_memory_map *map = &m->u.foreign_map.map;
    struct guest_map *g = heap_alloc(sizeof(*g)), *old;

    if (!g)
        return -ENOMEM;
    if (guest_read(g->entry, gva(map->buffer.addr),
                   map->nr_entries * sizeof(g->entry[0]))) {
        heap_free(g);
        return -EFAULT;
    }
    g->nr = map->nr_entries;
    spin_lock(&m->d->lock);
    old = m->d->hvm->map;
    m->d->hvm->map = g;
    spin_unlock(&m->d->lock);
    heap_free(old);
    return 0;
}

static long op_claim(struct memop *m)
{
    return domain_claim(m->d, m->u.reservation.nr_extents);
}

/* Without populate-on-demand the target is what is there. */
static long op_pod_target(struct memop *m)
{
    struct xen_pod_target *t = &m->u.pod;

    t->tot_pages = m->d->frames - m->d->special_frames;
    t->pod_cache_pages = 0;
    t->pod_entries = 0;
    return write_arg(m->arg, t);
}

/* Devices' reserved memory: none is passed through. */
static long op_rdm(struct memop *m)
{
    enum { AT = offsetof(struct xen_reserved_device_memory_map, nr_entries) };
    const unsigned int none = 0;

    BUILD_BUG_ON(offsetof(struct compat_xen_reserved_device_memory_map,
                          nr_entries) != AT);
    return guest_write(gva(m->arg.addr + AT), &none, sizeof(none));
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

static int acquire_one(struct memop *m, unsigned long i)
{
    const struct xen_mem_acquire_resource *r = &m->u.resource;
    struct page *pg;
    uint64_t g;
    int rc = (int)resource(m->d, r->type, r->id, r->frame + i, &pg);

    if (rc)
        return rc;
    if (copy_from_guest_at(&g, r->frame_list, i))
        rc = -EFAULT;
    else
        rc = p2m_map(current->domain, gfn(g), page_to_mfn(pg), ORDER_4K,
                     P2M_FOREIGN);
    if (rc)
        page_put(pg);
    return rc;
}

static long op_acquire(struct memop *m)
{
    struct xen_mem_acquire_resource *r = &m->u.resource;
    long rc;

    if (!guest_ptr_is_null(r->frame_list))
        return run_list(m, r->nr_frames, acquire_one);
    rc = r->nr_frames ? -EINVAL : resource(m->d, r->type, r->id, 0, NULL);
    if (rc <= 0)
        return rc;
    r->nr_frames = (uint32_t)rc;
    return write_arg(m->arg, r);
}

/* What is wrong with an argument, whoever it is about. */
static int refuse(const struct memop *m)
{
    const union memop_arg *u = &m->u;

    switch (m->cmd) {
    case XENMEM_add_to_physmap:
        return u->add.space == XENMAPSPACE_gmfn_foreign ? -ENOSYS : 0;
    case XENMEM_add_to_physmap_batch:
        return u->batch.space == XENMAPSPACE_gmfn_range ? -EINVAL : 0;
    case XENMEM_set_memory_map:
        return u->foreign_map.map.nr_entries > GUEST_MAP_MAX ? -EINVAL : 0;
    case XENMEM_claim_pages:
        return u->reservation.extent_order || u->reservation.mem_flags ||
               !guest_ptr_is_null(u->reservation.extent_start) ? -EINVAL : 0;
    case XENMEM_acquire_resource:
        return u->resource.pad || u->resource.frame + u->resource.nr_frames <
                                  u->resource.frame ? -EINVAL : 0;
    default:
        return 0;
    }
}

static const struct memop_type {
    long (*fn)(struct memop *m);
    uint8_t size;     /* of the argument, for 64-bit callers; 0: none */
    uint8_t size32;   /* for 32-bit callers; 0: not for them */
    uint8_t domid;    /* where in the argument the domain's id is, if */
    uint8_t access;   /* the caller needs this right to it; 0: no domain */
} ops[] = {
#define ROW(cmd, fn, type, size32, right)                                   \
    [XENMEM_##cmd] = { fn, sizeof(struct type), size32,                     \
                       offsetof(struct type, domid), ACCESS_MEM_##right }
#define OP(cmd, fn, type, right)                                            \
    ROW(cmd, fn, type, sizeof(struct compat_##type), right)
#define SAME(cmd, fn, type, right)                                          \
    ROW(cmd, fn, type, sizeof(struct type), right)
#define WIDE(cmd, fn, type, right) ROW(cmd, fn, type, 0, right)
    OP(populate_physmap, op_reservation, xen_memory_reservation, RESERVATION),
    OP(decrease_reservation, op_reservation, xen_memory_reservation,
       RESERVATION),
    OP(claim_pages, op_claim, xen_memory_reservation, CLAIM),
    OP(add_to_physmap, op_add, xen_add_to_physmap, PHYSMAP),
    OP(add_to_physmap_batch, op_add_batch, xen_add_to_physmap_batch, PHYSMAP),
    OP(remove_from_physmap, op_remove, xen_remove_from_physmap, PHYSMAP),
    SAME(current_reservation, op_domain_size, xen_memory_domain, INFO),
    SAME(maximum_reservation, op_domain_size, xen_memory_domain, INFO),
    SAME(maximum_gpfn, op_domain_size, xen_memory_domain, INFO),
    SAME(set_memory_map, op_set_memory_map, xen_foreign_memory_map, INFO),
    WIDE(get_pod_target, op_pod_target, xen_pod_target, POD),
    WIDE(set_pod_target, op_pod_target, xen_pod_target, POD),
    WIDE(acquire_resource, op_acquire, xen_mem_acquire_resource, RESOURCE),
    [XENMEM_increase_reservation] = { .fn = op_increase },
    [XENMEM_get_vnumainfo] = { .fn = op_no_vnuma },
    [XENMEM_maximum_ram_page] = { .fn = op_max_ram_page },
    [XENMEM_memory_map] = { op_memory_map, sizeof(struct xen_memory_map),
                            sizeof(struct compat_xen_memory_map), 0, 0 },
    [XENMEM_reserved_device_memory_map] = {
        op_rdm, sizeof(struct xen_reserved_device_memory_map),
        sizeof(struct compat_xen_reserved_device_memory_map), 0, 0 },
};
#undef ROW
#undef OP
#undef SAME
#undef WIDE

/* Copies a 32-bit caller's argument in; where its layout is another, members
 * one by one. */
static int read_compat(struct memop *m, size_t size)
{
    union {
        struct compat_xen_memory_reservation reservation;
        struct compat_xen_add_to_physmap add;
        struct compat_xen_add_to_physmap_batch batch;
        struct compat_xen_remove_from_physmap remove;
        struct compat_xen_memory_map map;
        struct compat_xen_reserved_device_memory_map rdm;
        struct xen_foreign_memory_map foreign_map;
    } c;

    if (guest_read(&c, gva(m->arg.addr), size))
        return -EFAULT;
    switch (m->cmd) {
    case XENMEM_populate_physmap:
    case XENMEM_decrease_reservation:
    case XENMEM_claim_pages:
        m->u.reservation = (struct xen_memory_reservation){
            { .addr = c.reservation.extent_start.addr },
            c.reservation.nr_extents, c.reservation.extent_order,
            c.reservation.mem_flags, c.reservation.domid };
        break;
    case XENMEM_add_to_physmap:
        m->u.add = (struct xen_add_to_physmap){
            c.add.domid, c.add.size, c.add.space, c.add.idx, c.add.gpfn };
        break;
    case XENMEM_add_to_physmap_batch:
        m->u.batch = (struct xen_add_to_physmap_batch){
            c.batch.domid, c.batch.space, c.batch.size, c.batch.u,
            { .addr = c.batch.idxs.addr }, { .addr = c.batch.gpfns.addr },
            { .addr = c.batch.errs.addr } };
        break;
    case XENMEM_remove_from_physmap:
        m->u.remove = (struct xen_remove_from_physmap){ c.remove.domid,
                                                        c.remove.gpfn };
        break;
    case XENMEM_memory_map:
        m->u.map = (struct xen_memory_map){ c.map.nr_entries,
                                            { .addr = c.map.buffer.addr } };
        break;
    default:
        memcpy(&m->u, &c, size);
        break;
    }
    return 0;
}

long do_memory_op(unsigned int cmd, void_gptr_t arg)
{
    struct memop m = { .cmd = cmd & MEMOP_CMD_MASK,
                       .done = cmd >> MEMOP_EXTENT_SHIFT, .arg = arg };
    const struct memop_type *op;
    domid_t id;
    long rc = 0;

    if (m.cmd >= ARRAY_SIZE(ops))
        return -ENOSYS;
    op = &ops[index_nospec(m.cmd, ARRAY_SIZE(ops))];
    if (!op->fn)
        return -ENOSYS;
    if (hypercall_is_compat() && op->size)
        rc = op->size32 ? read_compat(&m, op->size32) : -ENOSYS;
    else if (op->size)
        rc = guest_read(&m.u, gva(arg.addr), op->size);
    if (!rc)
        rc = refuse(&m);
    if (!rc && op->access) {
        memcpy(&id, (const char *)&m.u + op->domid, sizeof(id));
        rc = target_get(id, op->access, &m.d);
    }
    /* The answer of these is how far they came, whatever stops them. */
    if (rc)
        return op->access == ACCESS_MEM_RESERVATION ? (long)m.done : rc;
    rc = op->fn(&m);
    if (m.d)
        domain_put(m.d);
    return rc;
}
