/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dm_op: what a device model may do to its guest. A table gives each
 * operation the size of its own structure; buffers are copied once.
 */
#include "hypervisor/abi/dm-op.h"

#include "hvm/base/hvm.h"
#include "hvm/dirty.h"
#include "hvm/io/ioreq.h"
#include "hvm/irq/route.h"
#include "hvm/mem/p2m.h"
#include "hypervisor/abi/compat.h"
#include "hypervisor/abi/hvm-op.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/hypercall/calls.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/mm/heap.h"

#define MAX_BUFS 2

/* One call: the operation, its domain, the other buffer. */
struct call {
    struct domain *d;
    struct xen_dm_op op;
    struct xen_dm_op_buf extra; /* bufs[1]; size 0: none */
};

/* Defines op_name(), which is one expression of its argument *o, of the domain
 * d and its device model dm. */
#define EXPR(name, expression)                                              \
    static long op_##name(struct call *c)                                   \
    {                                                                       \
        typeof(c->op.u.name) *const o __attribute__((unused)) =             \
            &c->op.u.name;                                                  \
        struct domain *const d __attribute__((unused)) = c->d;              \
        struct domain *const dm __attribute__((unused)) = current->domain;  \
                                                                            \
        return (expression);                                                \
    }

EXPR(get_ioreq_server_info,
     o->flags & ~XEN_DMOP_no_gfns ? -EINVAL : ioreq_get_info(d, dm, o))
EXPR(map_io_range_to_ioreq_server, ioreq_range(d, dm, o, true))
EXPR(unmap_io_range_from_ioreq_server, ioreq_range(d, dm, o, false))
EXPR(set_ioreq_server_state,
     o->pad ? -EINVAL : ioreq_set_state(d, dm, o->id, o->enabled))
EXPR(destroy_ioreq_server, o->pad ? -EINVAL : ioreq_destroy(d, dm, o->id))
EXPR(map_mem_type_to_ioreq_server, -EOPNOTSUPP)
EXPR(set_pci_link_route, route_link_set(d->hvm->route, o->link, o->isa_irq))
EXPR(inject_msi,
     o->pad ? -EINVAL : route_msi(d->hvm->route, o->addr, o->data))
EXPR(inject_event, -EOPNOTSUPP)
/* Memory types are the guest's own business (its PAT and MTRRs). */
EXPR(pin_memory_cacheattr, 0)

static long op_create_ioreq_server(struct call *c)
{
    struct xen_dm_op_create_ioreq_server *o = &c->op.u.create_ioreq_server;

    if (o->pad[0] || o->pad[1] || o->pad[2])
        return -EINVAL;
    return ioreq_create(c->d, current->domain, o->handle_bufioreq, &o->id);
}

static long op_track_dirty_vram(struct call *c)
{
    struct xen_dm_op_track_dirty_vram *o = &c->op.u.track_dirty_vram;
    size_t bytes = DIV_ROUND_UP((size_t)o->nr, 8);
    uint8_t *map;
    long rc;

    if (o->pad || o->nr > DIRTY_VRAM_MAX)
        return -EINVAL;
    if (!o->nr)
        return dirty_vram(c->d, gfn(0), 0, NULL);
    if (c->extra.size < bytes)
        return -EINVAL;
    map = heap_alloc(bytes);
    if (!map)
        return -ENOMEM;
    rc = dirty_vram(c->d, gfn(o->first_pfn), o->nr, map);
    if (!rc && guest_write(gva(c->extra.h.addr), map, bytes))
        rc = -EFAULT;
    heap_free(map);
    return rc;
}

static long op_set_pci_intx_level(struct call *c)
{
    struct xen_dm_op_set_pci_intx_level *o = &c->op.u.set_pci_intx_level;

    if (o->level > 1 || o->domain || o->bus || o->device > 31 || o->intx > 3)
        return -EINVAL;
    route_intx_set(c->d->hvm->route, o->device, o->intx, o->level);
    return 0;
}

static long op_set_isa_irq_level(struct call *c)
{
    struct xen_dm_op_set_isa_irq_level *o = &c->op.u.set_isa_irq_level;

    if (o->level > 1 || o->isa_irq > 15)
        return -EINVAL;
    route_isa_set(c->d->hvm->route, o->isa_irq, o->level);
    return 0;
}

/* Frames that the device model wrote by itself. */
static long op_modified_memory(struct call *c)
{
    struct xen_dm_op_modified_memory *o = &c->op.u.modified_memory;
    struct xen_dm_op_modified_memory_extent x;

    if (c->extra.size / sizeof(x) < o->nr_extents)
        return -EINVAL;
    for (; o->opaque < o->nr_extents; o->opaque++) {
        if (vcpu_preempt_wanted() && o->opaque)
            return -ERESTART;
        if (guest_read(&x, gva(c->extra.h.addr + o->opaque * sizeof(x)),
                       sizeof(x)))
            return -EFAULT;
        if (x.pad || x.nr > (1u << 18))
            return -EINVAL;
        for (uint32_t i = 0; i < x.nr; i++)
            guest_frame_dirtied(c->d, gfn(x.first_pfn + i));
    }
    return 0;
}

static const enum p2m_type mem_types[] = {
    [HVMMEM_ram_rw] = P2M_RAM,
    [HVMMEM_ram_ro] = P2M_RAM_RO,
    [HVMMEM_mmio_dm] = P2M_NONE,
    [HVMMEM_unused] = P2M_NONE,
    [HVMMEM_ioreq_server] = P2M_NONE,
};

/* Work of one op_set_mem_type() call between preemption points, in frames. */
#define MEM_TYPE_STEP 256u

static long op_set_mem_type(struct call *c)
{
    struct xen_dm_op_set_mem_type *o = &c->op.u.set_mem_type;
    enum p2m_type to;
    long rc = 0;

    if (o->pad || o->mem_type >= ARRAY_SIZE(mem_types))
        return -EINVAL;
    to = mem_types[index_nospec(o->mem_type, ARRAY_SIZE(mem_types))];
    if (to == P2M_NONE)
        return o->mem_type == HVMMEM_mmio_dm ? 0 : -EOPNOTSUPP;
    for (unsigned int done = 0; o->nr && !rc; done++) {
        gfn_t g = gfn(o->first_pfn);
        enum p2m_type from = p2m_lookup(c->d, g).type;

        if (done == MEM_TYPE_STEP) {
            rc = -ERESTART;
            break;
        }
        if (from == P2M_RAM_LOG && to == P2M_RAM)
            from = to; /* stays logged: it is RAM all the same */
        else if (from != P2M_RAM && from != P2M_RAM_RO &&
                 from != P2M_RAM_LOG)
            rc = -EINVAL;
        else if (from != to && p2m_change_type(c->d, g, from, to))
            rc = -EAGAIN;
        if (!rc) {
            o->first_pfn++;
            o->nr--;
        }
    }
    p2m_flush(c->d); /* also of what was done before an error */
    return rc;
}

static long op_remote_shutdown(struct call *c)
{
    domain_shutdown(c->d, (int)c->op.u.remote_shutdown.reason);
    return 0;
}

static long op_relocate_memory(struct call *c)
{
    struct xen_dm_op_relocate_memory *o = &c->op.u.relocate_memory;

    if (o->pad)
        return -EINVAL;
    for (; o->size; o->size--) {
        int rc = vcpu_preempt_wanted()
                     ? -ERESTART
                     : move_page(c->d, gfn(o->src_gfn), gfn(o->dst_gfn));

        if (rc)
            return rc;
        o->src_gfn++;
        o->dst_gfn++;
    }
    return 0;
}

static long op_nr_vcpus(struct call *c)
{
    c->op.u.nr_vcpus.vcpus = c->d->max_vcpus;
    return 0;
}

#define OP(name, out)                                                       \
    [XEN_DMOP_##name] = { sizeof(((struct xen_dm_op *)0)->u.name), op_##name, \
                          out }

static const struct {
    uint16_t size;     /* of the operation's structure */
    long (*fn)(struct call *);
    bool out;          /* it is written back */
} ops[] = {
    OP(create_ioreq_server, true),
    OP(get_ioreq_server_info, true),
    OP(map_io_range_to_ioreq_server, false),
    OP(unmap_io_range_from_ioreq_server, false),
    OP(set_ioreq_server_state, false),
    OP(destroy_ioreq_server, false),
    OP(track_dirty_vram, false),
    OP(set_pci_intx_level, false),
    OP(set_isa_irq_level, false),
    OP(set_pci_link_route, false),
    OP(modified_memory, false),
    OP(set_mem_type, false),
    OP(inject_event, false),
    OP(inject_msi, false),
    OP(map_mem_type_to_ioreq_server, false),
    OP(remote_shutdown, false),
    OP(relocate_memory, false),
    OP(pin_memory_cacheattr, false),
    OP(nr_vcpus, true),
};

static int read_buf(void_gptr_t bufs, unsigned int i,
                    struct xen_dm_op_buf *buf)
{
    struct compat_xen_dm_op_buf cb;

    if (!hypercall_is_compat())
        return guest_read(buf, gva(bufs.addr + i * sizeof(*buf)),
                          sizeof(*buf));
    if (guest_read(&cb, gva(bufs.addr + i * sizeof(cb)), sizeof(cb)))
        return -EFAULT;
    *buf = (struct xen_dm_op_buf){ { .addr = cb.h.addr }, cb.size };
    return 0;
}

static long run(struct call *c, const struct xen_dm_op_buf *first)
{
    const size_t head = offsetof(struct xen_dm_op, u);
    uint32_t nr;
    long rc;

    memset(&c->op, 0, sizeof(c->op));
    if (first->size < head || guest_read(&c->op, gva(first->h.addr), head))
        return -EFAULT;
    nr = c->op.op;
    if (c->op.pad)
        return -EINVAL;
    if (nr >= ARRAY_SIZE(ops))
        return -EOPNOTSUPP;
    nr = (uint32_t)index_nospec(nr, ARRAY_SIZE(ops));
    if (!ops[nr].fn)
        return -EOPNOTSUPP;
    if (first->size < head + ops[nr].size ||
        guest_read(&c->op.u, gva(first->h.addr + head), ops[nr].size))
        return -EFAULT;
    rc = ops[nr].fn(c);
    if ((rc == -ERESTART || (!rc && ops[nr].out)) &&
        guest_write(gva(first->h.addr + head), &c->op.u, ops[nr].size))
        return -EFAULT;
    return rc;
}

long do_dm_op(domid_t domid, unsigned int nr_bufs, void_gptr_t bufs)
{
    struct xen_dm_op_buf first;
    struct call c = { .extra = { .size = 0 } };
    long rc;

    if (nr_bufs == 0 || nr_bufs > MAX_BUFS)
        return nr_bufs ? -E2BIG : -EINVAL;
    if (read_buf(bufs, 0, &first) ||
        (nr_bufs > 1 && read_buf(bufs, 1, &c.extra)))
        return -EFAULT;
    rc = target_get(domid, ACCESS_DM_OP, &c.d);
    if (rc)
        return rc;
    rc = c.d == current->domain ? -EINVAL : run(&c, &first);
    domain_put(c.d);
    return rc;
}
