/* SPDX-License-Identifier: GPL-2.0-only */
/* hvm_op: parameters, the upcall's vector, a few questions. */
#include "hypervisor/abi/hvm-op.h"

#include "hvm/base/hvm.h"
#include "hvm/mem/guest-copy.h"
#include "hvm/mem/p2m.h"
#include "hvm/params.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/core/access.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/hypercall/calls.h"

/* Target of an operation, with a reference. */
static int target(domid_t id, struct domain **out)
{
    struct domain *d = domain_get(id);
    int rc;

    if (!d)
        return -ESRCH;
    rc = may(current->domain, ACCESS_HVM_PARAM, d);
    if (rc)
        domain_put(d);
    else
        *out = d;
    return rc;
}

static long op_param(uint64_t op, void_gptr_t arg)
{
    struct xen_hvm_param p;
    struct domain *d;
    bool self;
    long rc;

    if (guest_read(&p, gva(arg.addr), sizeof(p)))
        return -EFAULT;
    if (p.index >= HVM_NR_PARAMS)
        return -EINVAL;
    p.index = (uint32_t)index_nospec(p.index, HVM_NR_PARAMS);
    rc = target(p.domid, &d);
    if (rc)
        return rc;
    self = d == current->domain;
    if (op == HVMOP_set_param) {
        rc = hvm_param_set(d, p.index, p.value, self);
    } else {
        rc = hvm_param_get(d, p.index, &p.value, self);
        if (!rc)
            rc = guest_write(gva(arg.addr), &p, sizeof(p));
    }
    domain_put(d);
    return rc;
}

static long op_upcall_vector(void_gptr_t arg)
{
    struct xen_hvm_evtchn_upcall_vector u;
    struct domain *d = current->domain;
    struct vcpu *v;

    if (guest_read(&u, gva(arg.addr), sizeof(u)))
        return -EFAULT;
    if (u.vector < 0x10)
        return -EINVAL;
    if (u.vcpu >= d->max_vcpus)
        return -ENOENT;
    v = d->vcpu[index_nospec(u.vcpu, d->max_vcpus)];
    if (!v)
        return -ENOENT;
    v->hvm->upcall_vector = u.vector;
    if (READ_ONCE(v->info->evtchn_upcall_pending))
        hvm_assert_upcall(v);
    return 0;
}

static long op_mem_type(void_gptr_t arg)
{
    struct xen_hvm_get_mem_type q;
    struct domain *d;
    long rc;

    if (guest_read(&q, gva(arg.addr), sizeof(q)))
        return -EFAULT;
    rc = target(q.domid, &d);
    if (rc)
        return rc;
    switch (p2m_lookup(d, gfn(q.pfn)).type) {
    case P2M_NONE:
    case P2M_MMIO:
        q.mem_type = HVMMEM_mmio_dm;
        break;
    case P2M_RAM_RO:
    case P2M_GRANT_RO:
        q.mem_type = HVMMEM_ram_ro;
        break;
    case P2M_IOREQ:
        q.mem_type = HVMMEM_ioreq_server;
        break;
    default:
        q.mem_type = HVMMEM_ram_rw;
        break;
    }
    domain_put(d);
    return guest_write(gva(arg.addr), &q, sizeof(q));
}

static long op_get_time(void_gptr_t arg)
{
    struct xen_hvm_get_time t = { .now = now_ns() };

    return guest_write(gva(arg.addr), &t, sizeof(t));
}

/* All of the caller's vCPUs: what a kernel asks when it cannot shoot down. */
static long op_flush_tlbs(void_gptr_t arg)
{
    if (!guest_ptr_is_null(arg))
        return -EINVAL;
    p2m_flush(current->domain);
    return 0;
}

long do_hvm_op(uint64_t op, void_gptr_t arg)
{
    switch (op) {
    case HVMOP_set_param:
    case HVMOP_get_param:
        return op_param(op, arg);
    case HVMOP_set_evtchn_upcall_vector:
        return op_upcall_vector(arg);
    case HVMOP_get_mem_type:
        return op_mem_type(arg);
    case HVMOP_get_time:
        return op_get_time(arg);
    case HVMOP_flush_tlbs:
        return op_flush_tlbs(arg);
    case HVMOP_altp2m:
    case HVMOP_guest_request_vm_event:
        return -EOPNOTSUPP;
    default:
        return -ENOSYS;
    }
}
