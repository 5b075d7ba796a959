/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dm_op: what a device model may do to its guest. A table gives each
 * operation the size of its own structure; buffers are copied once.
 */
#include "hvm/io/ioreq.h"
#include "hvm/irq/route.h"
#include "hypervisor/abi/hvm-op.h"
#include "hypervisor/hypercall/calls.h"

#define MAX_BUFS 2

/* Each gets as *more the second buffer, of size 0 if there is none. */

SUBOP_EXPR(create_ioreq_server, IO, struct xen_dm_op_create_ioreq_server,
           a->pad[0] || a->pad[1] || a->pad[2]
               ? -EINVAL
               : ioreq_create(d, a->handle_bufioreq, &a->id))
SUBOP_EXPR(get_ioreq_server_info, IO, struct xen_dm_op_get_ioreq_server_info,
           a->flags & ~XEN_DMOP_no_gfns ? -EINVAL : ioreq_get_info(d, a))
SUBOP_EXPR(map_io_range_to_ioreq_server, IN,
           struct xen_dm_op_ioreq_server_range, ioreq_range(d, a, true))
SUBOP_EXPR(unmap_io_range_from_ioreq_server, IN,
           struct xen_dm_op_ioreq_server_range, ioreq_range(d, a, false))
SUBOP_EXPR(set_ioreq_server_state, IN, struct xen_dm_op_set_ioreq_server_state,
           a->pad ? -EINVAL
                  : ioreq_set_state(d, a->id, a->enabled
                                        ? IOREQ_ENABLED : IOREQ_DISABLED))
SUBOP_EXPR(destroy_ioreq_server, IN, struct xen_dm_op_destroy_ioreq_server,
           a->pad ? -EINVAL : ioreq_set_state(d, a->id, IOREQ_GONE))
SUBOP_EXPR(set_pci_link_route, IN, struct xen_dm_op_set_pci_link_route,
           route_link_set(d->hvm->route, a->link, a->isa_irq))
SUBOP_EXPR(inject_msi, IN, struct xen_dm_op_inject_msi,
           a->pad ? -EINVAL : route_msi(d->hvm->route, a->addr, a->data))
/* Memory types are the guest's own business (its PAT and MTRRs). */
SUBOP_EXPR(pin_memory_cacheattr, IN, struct xen_dm_op_pin_memory_cacheattr, 0)

SUBOP(track_dirty_vram, IN, struct xen_dm_op_track_dirty_vram)
{
    const struct xen_dm_op_buf *extra = more;
    size_t bytes = DIV_ROUND_UP((size_t)a->nr, 8);
    uint8_t map[DIRTY_VRAM_MAX / 8];

    if (a->pad || a->nr > DIRTY_VRAM_MAX || extra->size < bytes)
        return -EINVAL;
    int rc = dirty_vram(d, gfn(a->first_pfn), a->nr, map);
    return rc ? rc : guest_write(gva(extra->h.addr), map, bytes);
}

SUBOP(set_pci_intx_level, IN, struct xen_dm_op_set_pci_intx_level)
{
    if (a->level > 1 || a->domain || a->bus || a->device > 31 || a->intx > 3)
        return -EINVAL;
    route_intx_set(d->hvm->route, a->device, a->intx, a->level);
    return 0;
}

SUBOP(set_isa_irq_level, IN, struct xen_dm_op_set_isa_irq_level)
{
    if (a->level > 1 || a->isa_irq > 15)
        return -EINVAL;
    route_isa_set(d->hvm->route, a->isa_irq, a->level);
    return 0;
}

/* Frames that the device model wrote by itself. */
SUBOP(modified_memory, IN | MORE, struct xen_dm_op_modified_memory)
{
    const struct xen_dm_op_buf *extra = more;
    struct xen_dm_op_modified_memory_extent x;

    if (extra->size / sizeof(x) < a->nr_extents)
        return -EINVAL;
    for (; a->opaque < a->nr_extents; a->opaque++) {
        if (vcpu_preempt_wanted() && a->opaque)
            return -ERESTART;
        if (guest_read(&x, gva(extra->h.addr + a->opaque * sizeof(x)),
                       sizeof(x)))
            return -EFAULT;
        if (x.pad || x.nr > (1u << 18))
            return -EINVAL;
        for (uint32_t i = 0; i < x.nr; i++)
            guest_frame_dirtied(d, gfn(x.first_pfn + i));
    }
    return 0;
}

/* Work of one op_set_mem_type() call between preemption points, in frames. */
#define MEM_TYPE_STEP 256u

SUBOP(set_mem_type, IN | MORE, struct xen_dm_op_set_mem_type)
{
    enum p2m_type to = a->mem_type == HVMMEM_ram_rw ? P2M_RAM : P2M_RAM_RO;
    long rc = 0;

    if (a->pad || a->mem_type > HVMMEM_ioreq_server)
        return -EINVAL;
    if (a->mem_type > HVMMEM_ram_ro)
        return a->mem_type == HVMMEM_mmio_dm ? 0 : -EOPNOTSUPP;
    for (unsigned int done = 0; a->nr && !rc; done++) {
        gfn_t g = gfn(a->first_pfn);
        enum p2m_type from = p2m_lookup(d, g).type;

        if (done == MEM_TYPE_STEP)
            rc = -ERESTART;
        else if (from != P2M_RAM && from != P2M_RAM_RO &&
                 from != P2M_RAM_LOG)
            rc = -EINVAL;
        else if (from != to && (from != P2M_RAM_LOG || to != P2M_RAM) &&
                 p2m_change_type(d, g, from, to)) /* logged: RAM all the same */
            rc = -EAGAIN;
        if (!rc) {
            a->first_pfn++;
            a->nr--;
        }
    }
    p2m_flush(d); /* also of what was done before an error */
    return rc;
}

SUBOP_DO(remote_shutdown, IN, struct xen_dm_op_remote_shutdown,
         domain_shutdown(d, (int)a->reason))

SUBOP(relocate_memory, IN | MORE, struct xen_dm_op_relocate_memory)
{
    if (a->pad)
        return -EINVAL;
    for (; a->size; a->size--) {
        int rc = vcpu_preempt_wanted()
                     ? -ERESTART
                     : move_page(d, gfn(a->src_gfn), gfn(a->dst_gfn));

        if (rc)
            return rc;
        a->src_gfn++;
        a->dst_gfn++;
    }
    return 0;
}

SUBOP_DO(nr_vcpus, IO, struct xen_dm_op_nr_vcpus, a->vcpus = d->max_vcpus)

/* The buffers that the argument lists; *bufs is all zero. */
static int read_bufs(void_gptr_t from, unsigned int nr,
                     struct xen_dm_op_buf *bufs)
{
    struct compat_xen_dm_op_buf narrow[MAX_BUFS] = { 0 };

    if (!hypercall_is_compat())
        return guest_read(bufs, gva(from.addr), nr * sizeof(*bufs));
    if (guest_read(narrow, gva(from.addr), nr * sizeof(*narrow)))
        return -EFAULT;
    compat_copy(bufs, narrow, "LLLL", true);
    return 0;
}

/* The operation in a buffer, on d. */
static long run(struct domain *d, const struct xen_dm_op_buf *buf,
                struct xen_dm_op_buf *extra)
{
    static const struct subop *const ops[] = {
#define OP(name) [XEN_DMOP_##name] = &subop_##name
        OP(create_ioreq_server), OP(get_ioreq_server_info),
        OP(map_io_range_to_ioreq_server), OP(unmap_io_range_from_ioreq_server),
        OP(set_ioreq_server_state), OP(destroy_ioreq_server),
        OP(track_dirty_vram), OP(set_pci_intx_level), OP(set_isa_irq_level),
        OP(set_pci_link_route), OP(modified_memory), OP(set_mem_type),
        OP(inject_msi), OP(remote_shutdown), OP(relocate_memory),
        OP(pin_memory_cacheattr), OP(nr_vcpus),
    };
    const size_t head = offsetof(struct xen_dm_op, u);
    struct xen_dm_op copy; /* as much of it as the buffer is said to have */

    if (buf->size < head ||
        guest_read(&copy, gva(buf->h.addr), MIN(buf->size, sizeof(copy))))
        return -EFAULT;
    if (copy.pad)
        return -EINVAL;

    const struct subop *op = subop_find(ops, ARRAY_SIZE(ops), copy.op);
    if (!op)
        return -EOPNOTSUPP;
    if (buf->size < head + op->size)
        return -EFAULT;
    return subop_run_copy(op, current, d, &copy.u,
                          guest_ptr_make(void, buf->h.addr + head), extra);
}

long do_dm_op(domid_t domid, unsigned int nr_bufs, void_gptr_t from)
{
    struct xen_dm_op_buf bufs[MAX_BUFS] = { 0 };
    struct domain *d;

    if (nr_bufs == 0 || nr_bufs > MAX_BUFS)
        return nr_bufs ? -E2BIG : -EINVAL;
    if (read_bufs(from, nr_bufs, bufs))
        return -EFAULT;
    long rc = target_get(domid, ACCESS_DM_OP, &d);
    if (rc)
        return rc;
    rc = d == current->domain ? -EINVAL : run(d, &bufs[0], &bufs[1]);
    domain_put(d);
    return rc;
}
