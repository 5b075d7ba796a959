/* SPDX-License-Identifier: GPL-2.0-only */
/* hvm_op: parameters, the upcall's vector, a few questions. */
#include "hypervisor/abi/hvm-op.h"

#include "hvm/mem/p2m.h"
#include "hvm/vcpu.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/hypercall/calls.h"

static long param(struct xen_hvm_param *p, bool set)
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

SUBOP_EXPR(set_param, struct xen_hvm_param, param(a, true))
SUBOP_EXPR(get_param, struct xen_hvm_param, param(a, false))

SUBOP(set_evtchn_upcall_vector, struct xen_hvm_evtchn_upcall_vector)
{
    struct vcpu *of = vcpu_of(d, a->vcpu);

    if (a->vector < 0x10)
        return -EINVAL;
    if (!of)
        return -ENOENT;
    of->hvm->upcall_vector = a->vector;
    if (READ_ONCE(of->info->evtchn_upcall_pending))
        hvm_assert_upcall(of);
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

SUBOP_DO(get_mem_type, struct xen_hvm_get_mem_type,
         a->mem_type = mem_types[p2m_lookup(d, gfn(a->pfn)).type])

SUBOP_DO(get_time, struct xen_hvm_get_time, a->now = now_ns())

/* All of the caller's vCPUs: what a kernel asks when it cannot shoot down. */
SUBOP_DO(flush_tlbs, void, p2m_flush(d))

SUBOP_EXPR(altp2m, void, -EOPNOTSUPP)
SUBOP_EXPR(guest_request_vm_event, void, -EOPNOTSUPP)

long do_hvm_op(uint64_t op, void_gptr_t arg)
{
    static const struct subop ops[] = {
#define OP(name, ...) [HVMOP_##name] = SUBOP_ROW(name, __VA_ARGS__)
        OP(set_param, SUBOP_IN),
        OP(get_param, SUBOP_IO),
        OP(set_evtchn_upcall_vector, SUBOP_IN),
        OP(get_mem_type, SUBOP_IO, SUBOP_OF(get_mem_type, domid, HVM_PARAM)),
        OP(get_time, SUBOP_OUT),
        OP(flush_tlbs, SUBOP_NULL),
        OP(altp2m, 0),
        OP(guest_request_vm_event, 0),
#undef OP
    };

    return subop_call(ops, ARRAY_SIZE(ops), op, current, arg);
}
