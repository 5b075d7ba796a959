/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * memory_op: a domain's memory, where it appears in the guest physical map,
 * and other domains' memory in one's own. Lists are worked off one extent at
 * a time; the number done is kept in the command's upper bits, so that a
 * long call goes on where it was.
 */
#include "hvm/dom0/build.h"
#include "hvm/io/ioreq.h"
#include "hypervisor/core/grant.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/hypercall/calls.h"

/* The call that runs. */
struct memop {
    unsigned int cmd;
    unsigned long done;              /* extents done before this entry */
    unsigned long at;                /* and by now */
    void_gptr_t arg;
    const void *copy;                /* of it, */
    struct domain *d, *foreign;      /* and domains, while a list is run */
};

/*
 * Does one() on the elements of a list of d's up to n that are not done. 0, its
 * first error, or -ERESTART when it is time to let others run; m->at is where.
 */
static long run_list(struct memop *m, struct domain *d, const void *copy,
                     unsigned long n,
                     int (*one)(struct memop *m, unsigned long i))
{
    m->d = d;
    m->copy = copy;
    for (; m->at < n; m->at++) {
        if (m->at != m->done && vcpu_preempt_wanted()) {
            hypercall_restart(0, m->cmd | m->at << MEMOP_EXTENT_SHIFT);
            return -ERESTART;
        }
        int rc = one(m, m->at);
        if (rc)
            return rc;
    }
    return 0;
}

/* Number i of a list of frame numbers in the caller's width. */
static int read_number(uint64_t list, unsigned long i, uint64_t *number)
{
    size_t size = hypercall_is_compat() ? 4 : 8;

    *number = 0;
    return guest_read(number, gva(list + i * size), size);
}

/* 2^order fresh frames; orders the p2m has no leaf for are mapped in pieces. */
static int populate_extent(struct domain *d, gfn_t g, unsigned int order,
                           uint64_t below)
{
    unsigned int leaf = order >= ORDER_1G ? ORDER_1G
                      : order >= ORDER_2M ? ORDER_2M : ORDER_4K;
    int rc = domain_charge(d, 1u << order, false);

    if (rc)
        return rc;
    struct page *pg = page_alloc(d->id, order, below);
    if (!pg) {
        domain_uncharge(d, 1u << order, false);
        return -ENOMEM;
    }
    if (!IS_ALIGNED(g.raw, 1ul << leaf))
        leaf = ORDER_4K;
    for (unsigned long i = 0; i < 1ul << order; i += 1ul << leaf) {
        rc = p2m_map(d, gfn_add(g, i), mfn_add(page_to_mfn(pg), i), leaf,
                     P2M_RAM);
        if (rc) {
            while (i < 1ul << order)
                page_put(pg + i++);
            return rc;
        }
    }
    return 0;
}

/* May all of the reservation's list be worked off? */
static bool reservation_ok(const struct memop *m, const struct domain *d,
                           const struct xen_memory_reservation *r)
{
    /* Toolstacks may ask for 1 GiB, guests for 2 MiB. */
    unsigned int max = current->domain->privileged ? ORDER_1G : ORDER_2M;

    if (m->done >= r->nr_extents || r->extent_order > max ||
        r->nr_extents > (~0u >> MEMOP_EXTENT_SHIFT))
        return false;
    if (!(r->mem_flags & XENMEMF_populate_on_demand))
        return true;
    log_guest(LOG_WARN, "d%u: populate-on-demand is not supported: "
              "give the domain all of its maxmem\n", d->id);
    return false;
}

/* Extent i of a populate or a decrease. */
static int reservation_one(struct memop *m, unsigned long i)
{
    const struct xen_memory_reservation *r = m->copy;
    const unsigned int bits = XENMEMF_get_address_bits(r->mem_flags);
    /* Highest frame plus one that this address width allows, 0: any. */
    const uint64_t below = bits > PAGE_SHIFT && bits < 64
                               ? BIT(bits - PAGE_SHIFT) : 0;
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
    return populate_extent(m->d, gfn(g), r->extent_order, below);
}

#define RESERVATION COMPAT(xen_memory_reservation, "LLIIH")

/* Returns the number of extents done; short when one fails. */
SUBOP(reservation, IN, struct xen_memory_reservation, RESERVATION,
      OF(reservation, domid, MEM_RESERVATION))
{
    struct memop *m = more;
    long rc = 0;

    if (reservation_ok(m, d, a))
        rc = run_list(m, d, a, a->nr_extents, reservation_one);
    /* Device models should let go of what is not the guest's any more. */
    if (m->cmd == XENMEM_decrease_reservation && m->at > m->done)
        ioreq_invalidate(d);
    return rc == -ERESTART ? rc : (long)m->at;
}

/* Translated domains increase by populating. */
SUBOP_EXPR(increase_reservation, 0, void, (long)((struct memop *)more)->done)

REFUSE(claim, struct xen_memory_reservation,
       a->extent_order || a->mem_flags || !guest_ptr_is_null(a->extent_start)
           ? -EINVAL : 0)
SUBOP_EXPR(claim_pages, IN, struct xen_memory_reservation,
           domain_claim(d, a->nr_extents), RESERVATION, .refuse = refuse_claim,
           OF(claim_pages, domid, MEM_CLAIM))

SUBOP_EXPR(current_reservation, IN, struct xen_memory_domain,
           (long)(d->frames - d->special_frames),
           OF(current_reservation, domid, MEM_INFO))
SUBOP_EXPR(maximum_reservation, IN, struct xen_memory_domain,
           (long)d->max_frames, OF(maximum_reservation, domid, MEM_INFO))
SUBOP_EXPR(maximum_gpfn, IN, struct xen_memory_domain,
           (long)READ_ONCE(d->hvm->p2m->max_gfn),
           OF(maximum_gpfn, domid, MEM_INFO))
SUBOP_EXPR(maximum_ram_page, 0, void, (long)frame_table_size)
/* What every domain without virtual NUMA nodes gets; xl save looks. */
SUBOP_EXPR(get_vnumainfo, 0, void, -EOPNOTSUPP)

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

/* Maps a frame with the caller's reference, which goes if that fails. */
static int map_page(struct domain *d, gfn_t g, struct page *pg,
                    enum p2m_type type)
{
    int rc = p2m_map(d, g, page_to_mfn(pg), ORDER_4K, type);

    if (rc)
        page_put(pg);
    return rc;
}

/* A special frame of d (its shared info, a grant frame) at g. */
static int map_special(struct domain *d, struct page *pg, gfn_t g)
{
    /* It shows at one place only. */
    if (pg->gfn)
        (void)p2m_unmap(d, gfn(pg->gfn), ORDER_4K, page_to_mfn(pg));
    page_get(pg);
    int rc = map_page(d, g, pg, P2M_RAM);
    if (!rc)
        pg->gfn = g.raw;
    return rc;
}

static int map_foreign(struct domain *d, struct domain *owner, gfn_t from,
                       gfn_t g)
{
    struct page *pg;

    if (d == owner)
        return -EINVAL;
    int rc = guest_frame_get(owner, from, true, &pg);
    if (rc)
        return rc;
    /* What the owner has from others, by a grant say, is not its to give:
     * this mapping would outlive the grant. */
    if (pg->owner == owner->id)
        return map_page(d, g, pg, P2M_FOREIGN);
    page_put(pg);
    return -EINVAL;
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
    const struct xen_add_to_physmap *a = m->copy;

    return add_one(m, a->space, a->idx + i, gfn(a->gpfn + i));
}

REFUSE(add, struct xen_add_to_physmap,
       a->space == XENMAPSPACE_gmfn_foreign ? -ENOSYS : 0)
SUBOP_EXPR(add_to_physmap, IN, struct xen_add_to_physmap,
           run_list(more, d, a, a->space == XENMAPSPACE_gmfn_range ? a->size
                                                                   : 1,
                    add_range_one), COMPAT(xen_add_to_physmap, "HHILL"),
           .refuse = refuse_add, OF(add_to_physmap, domid, MEM_PHYSMAP))

static int add_batch_one(struct memop *m, unsigned long i)
{
    const struct xen_add_to_physmap_batch *b = m->copy;
    uint64_t idx, g;
    int err;

    if (read_number(b->idxs.addr, i, &idx) ||
        read_number(b->gpfns.addr, i, &g))
        return -EFAULT;
    err = add_one(m, b->space, idx, gfn(g));
    return copy_to_guest_at(b->errs, i, &err);
}

REFUSE(batch, struct xen_add_to_physmap_batch,
       a->space == XENMAPSPACE_gmfn_range ? -EINVAL : 0)
SUBOP(add_to_physmap_batch, IN, struct xen_add_to_physmap_batch,
      .refuse = refuse_batch, COMPAT(xen_add_to_physmap_batch, "HHHHLLL"),
      OF(add_to_physmap_batch, domid, MEM_PHYSMAP))
{
    struct memop *m = more;
    long rc = 0;

    if (a->space == XENMAPSPACE_gmfn_foreign)
        rc = target_get(a->u.foreign_domid, ACCESS_MEM_FOREIGN, &m->foreign);
    else if (a->u.res0)
        rc = -EOPNOTSUPP;
    if (!rc)
        rc = run_list(m, d, a, a->size, add_batch_one);
    if (m->foreign)
        domain_put(m->foreign);
    return rc;
}

SUBOP(remove_from_physmap, IN, struct xen_remove_from_physmap,
      COMPAT(xen_remove_from_physmap, "HL"),
      OF(remove_from_physmap, domid, MEM_PHYSMAP))
{
    gfn_t g = gfn(a->gpfn);
    struct p2m_entry e = p2m_lookup(d, g);

    /* Device memory of domain 0 and grants are not its to take out here. */
    if (e.type == P2M_NONE)
        return -ENOENT;
    if (e.type == P2M_GRANT_RW || e.type == P2M_GRANT_RO)
        return -EINVAL;
    return p2m_unmap(d, g, ORDER_4K, e.mfn);
}

/* Its toolstack, or domain 0's builder, left it. Another vCPU may set a new
 * one, which frees this one. */
SUBOP(memory_map, IO | LOCKED, struct xen_memory_map,
      COMPAT(xen_memory_map, "IL"))
{
    const struct guest_map *map = d->hvm->map;

    if (!map)
        return -ENOSYS;
    a->nr_entries = MIN(a->nr_entries, map->nr);
    return guest_write(gva(a->buffer.addr), map->entry,
                       a->nr_entries * sizeof(map->entry[0]));
}

REFUSE(map, struct xen_foreign_memory_map,
       a->map.nr_entries > GUEST_MAP_MAX ? -EINVAL : 0)
SUBOP(set_memory_map, IN | LOCKED, struct xen_foreign_memory_map,
      .refuse = refuse_map, OF(set_memory_map, domid, MEM_INFO))
{
    struct guest_map *g = heap_alloc(sizeof(*g));

    if (!g)
        return -ENOMEM;
    if (guest_read(g->entry, gva(a->map.buffer.addr),
                   a->map.nr_entries * sizeof(g->entry[0]))) {
        heap_free(g);
        return -EFAULT;
    }
    g->nr = a->map.nr_entries;
    heap_free(d->hvm->map);
    d->hvm->map = g;
    return 0;
}

/* Without populate-on-demand the target is what is there. */
SUBOP_DO(pod_target, IO, struct xen_pod_target,
         a->tot_pages = d->frames - d->special_frames;
         a->pod_cache_pages = 0;
         a->pod_entries = 0, WIDE, OF(pod_target, domid, MEM_POD))

/* Devices' reserved memory: none is passed through. */
SUBOP_DO(reserved_device_memory_map, IO, struct xen_reserved_device_memory_map,
         a->nr_entries = 0, COMPAT(xen_reserved_device_memory_map, "IILI"))

/* The size of a resource of d in frames. Status frames of grant tables are of
 * version 2 only. */
static long resource_size(struct domain *d,
                          const struct xen_mem_acquire_resource *r)
{
    if (r->type == XENMEM_resource_ioreq_server)
        return 2;
    return r->type == XENMEM_resource_grant_table &&
           r->id == XENMEM_resource_grant_table_id_shared
               ? (long)grant_max_frames(d) : -EOPNOTSUPP;
}

static int acquire_one(struct memop *m, unsigned long i)
{
    const struct xen_mem_acquire_resource *r = m->copy;
    const bool ioreq = r->type == XENMEM_resource_ioreq_server;
    const long size = resource_size(m->d, r);
    const unsigned int nr = (unsigned int)(r->frame + i);
    struct page *pg;
    uint64_t g;
    int rc;

    if (size < 0 || r->frame + i >= (uint64_t)size)
        return size < 0 ? (int)size : -EINVAL;
    rc = ioreq ? ioreq_frame(m->d, (ioservid_t)r->id, nr, &pg)
               : grant_frame(m->d, nr, &pg);
    if (rc)
        return rc;
    if (!ioreq)
        page_get(pg); /* it stays as long as m->d */
    if (!copy_from_guest_at(&g, r->frame_list, i))
        return map_page(current->domain, gfn(g), pg, P2M_FOREIGN);
    page_put(pg);
    return -EFAULT;
}

REFUSE(resource, struct xen_mem_acquire_resource,
       a->pad || a->frame + a->nr_frames < a->frame ? -EINVAL : 0)
SUBOP(acquire_resource, IN, struct xen_mem_acquire_resource, WIDE,
      .refuse = refuse_resource, OF(acquire_resource, domid, MEM_RESOURCE))
{
    struct memop *m = more;

    if (!guest_ptr_is_null(a->frame_list))
        return run_list(m, d, a, a->nr_frames, acquire_one);
    long size = a->nr_frames ? -EINVAL : resource_size(d, a);
    if (size <= 0)
        return size;
    a->nr_frames = (uint32_t)size;
    return write_arg(m->arg, a);
}

long do_memory_op(unsigned int cmd, void_gptr_t arg)
{
    static const struct subop *const ops[] = {
#define ROW(name, op) [XENMEM_##name] = &subop_##op
#define OP(name) ROW(name, name)
        ROW(populate_physmap, reservation),
        ROW(decrease_reservation, reservation),
        ROW(get_pod_target, pod_target), ROW(set_pod_target, pod_target),
        OP(increase_reservation), OP(claim_pages), OP(add_to_physmap),
        OP(add_to_physmap_batch), OP(remove_from_physmap), OP(set_memory_map),
        OP(current_reservation), OP(maximum_reservation), OP(maximum_gpfn),
        OP(maximum_ram_page), OP(get_vnumainfo), OP(memory_map),
        OP(acquire_resource), OP(reserved_device_memory_map),
    };
    const unsigned long done = cmd >> MEMOP_EXTENT_SHIFT;
    struct memop m = { .cmd = cmd & MEMOP_CMD_MASK, .done = done, .at = done,
                       .arg = arg };
    const struct subop *op = subop_find(ops, ARRAY_SIZE(ops), m.cmd);
    long rc = op ? subop_run(op, current, current->domain, arg, &m) : -ENOSYS;

    /* The answer of these is how far they came, whatever stops them. */
    return op == &subop_reservation && rc < 0 && rc != -ERESTART ? (long)done
                                                                 : rc;
}
