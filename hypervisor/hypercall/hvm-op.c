/* SPDX-License-Identifier: GPL-2.0-only */
/* hvm_op: parameters, the upcall's vector, a few questions. */
#include "hypervisor/abi/hvm-op.h"

#include "hvm/base/hvm.h"
#include "hvm/mem/p2m.h"
#include "hvm/params.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/hypercall/calls.h"

static long op_param(struct xen_hvm_param *p, bool set)
{
    struct domain *d;
    bool self;
    long rc;

    if (p->index >= HVM_NR_PARAMS)
        return -EINVAL;
    p->index = (uint32_t)index_nospec(p->index, HVM_NR_PARAMS);
    rc = target_get(p->domid, ACCESS_HVM_PARAM, &d);
    if (rc)
        return rc;
    self = d == current->domain;
    rc = set ? hvm_param_set(d, p->index, p->value, self)
             : hvm_param_get(d, p->index, &p->value, self);
    domain_put(d);
    return rc;
}

SUBOP_EXPR(set_param, xen_hvm_param, op_param(a, true))
SUBOP_EXPR(get_param, xen_hvm_param, op_param(a, false))

static long op_set_evtchn_upcall_vector(struct vcpu *caller, void *arg)
{
    struct xen_hvm_evtchn_upcall_vector *u = arg;
    struct vcpu *v = vcpu_of(caller->domain, u->vcpu);

    if (u->vector < 0x10)
        return -EINVAL;
    if (!v)
        return -ENOENT;
    v->hvm->upcall_vector = u->vector;
    if (READ_ONCE(v->info->evtchn_upcall_pending))
        hvm_assert_upcall(v);
    return 0;
}

static const uint8_t mem_types[P2M_TYPES] = {
    [P2M_NONE] = HVMMEM_mmio_dm,
    [P2M_MMIO] = HVMMEM_mmio_dm,
    [P2M_APIC] = HVMMEM_mmio_dm,
    [P2M_RAM_RO] = HVMMEM_ram_ro,
    [P2M_GRANT_RO] = HVMMEM_ram_ro,
    [P2M_IOREQ] = HVMMEM_ioreq_server,
    /* the others: HVMMEM_ram_rw */
};

static long op_get_mem_type(struct vcpu *v, void *arg)
{
    struct xen_hvm_get_mem_type *q = arg;
    struct domain *d;
    int rc = target_get(q->domid, ACCESS_HVM_PARAM, &d);

    if (rc)
        return rc;
    q->mem_type = mem_types[p2m_lookup(d, gfn(q->pfn)).type];
    domain_put(d);
    return 0;
}

static long op_get_time(struct vcpu *v, void *arg)
{
    ((struct xen_hvm_get_time *)arg)->now = now_ns();
    return 0;
}

/* All of the caller's vCPUs: what a kernel asks when it cannot shoot down. */
static long op_flush_tlbs(struct vcpu *v, void *arg)
{
    p2m_flush(v->domain);
    return 0;
}

static long op_refuse(struct vcpu *v, void *arg)
{
    return -EOPNOTSUPP;
}

long do_hvm_op(uint64_t op, void_gptr_t arg)
{
    static const struct subop ops[] = {
#define OP(name, type, flags)                                               \
    [HVMOP_##name] = { op_##name, SUBOP_ARG(struct type), flags }
        OP(set_param, xen_hvm_param, SUBOP_IN),
        OP(get_param, xen_hvm_param, SUBOP_IN | SUBOP_OUT),
        OP(set_evtchn_upcall_vector, xen_hvm_evtchn_upcall_vector, SUBOP_IN),
        OP(get_mem_type, xen_hvm_get_mem_type, SUBOP_IN | SUBOP_OUT),
        OP(get_time, xen_hvm_get_time, SUBOP_OUT),
#undef OP
        [HVMOP_flush_tlbs] = { op_flush_tlbs, 0, 0, SUBOP_NULL },
        [HVMOP_altp2m] = { op_refuse, 0, 0, 0 },
        [HVMOP_guest_request_vm_event] = { op_refuse, 0, 0, 0 },
    };

    return subop_call(ops, ARRAY_SIZE(ops), op, current, arg);
}
