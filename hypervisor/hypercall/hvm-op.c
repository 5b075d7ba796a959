/* SPDX-License-Identifier: GPL-2.0-only */
/* hvm_op: parameters, the upcall's vector, a few questions. */
#include "hypervisor/abi/hvm-op.h"

#include "hypervisor/hypercall/calls.h"

REFUSE(param, struct xen_hvm_param, a->index < HVM_NR_PARAMS ? 0 : -EINVAL)
SUBOP_EXPR(set_param, IN, struct xen_hvm_param,
           hvm_param_set(d, (uint32_t)index_nospec(a->index, HVM_NR_PARAMS),
                         a->value, d == v->domain),
           OF(set_param, domid, HVM_PARAM), .refuse = refuse_param)
SUBOP_EXPR(get_param, IO, struct xen_hvm_param,
           hvm_param_get(d, (uint32_t)index_nospec(a->index, HVM_NR_PARAMS),
                         &a->value, d == v->domain),
           OF(get_param, domid, HVM_PARAM), .refuse = refuse_param)

SUBOP(set_evtchn_upcall_vector, IN, struct xen_hvm_evtchn_upcall_vector)
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

static enum hvmmem_type mem_type(enum p2m_type t)
{
    return t == P2M_IOREQ ? HVMMEM_ioreq_server
         : !p2m_type_has_page(t) ? HVMMEM_mmio_dm
         : p2m_type_writable(t) ? HVMMEM_ram_rw : HVMMEM_ram_ro;
}

SUBOP_DO(get_mem_type, IO, struct xen_hvm_get_mem_type,
         a->mem_type = mem_type(p2m_lookup(d, gfn(a->pfn)).type),
         OF(get_mem_type, domid, HVM_PARAM))

SUBOP_DO(get_time, OUT, struct xen_hvm_get_time, a->now = now_ns())

/* All of the caller's vCPUs: what a kernel asks when it cannot shoot down. */
SUBOP_DO(flush_tlbs, NO_ARG, void, p2m_flush(d))

SUBOP_EXPR(altp2m, 0, void, -EOPNOTSUPP)
SUBOP_EXPR(guest_request_vm_event, 0, void, -EOPNOTSUPP)

long do_hvm_op(uint64_t op, void_gptr_t arg)
{
    static const struct subop *const ops[] = {
#define OP(name) [HVMOP_##name] = &subop_##name
        OP(set_param), OP(get_param), OP(set_evtchn_upcall_vector),
        OP(get_mem_type), OP(get_time), OP(flush_tlbs), OP(altp2m),
        OP(guest_request_vm_event),
    };

    return subop_call(ops, ARRAY_SIZE(ops), op, current, arg);
}
