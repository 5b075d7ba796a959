/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * domctl: a vCPU's registers in the form of PV domains. A core dump contains
 * them; when a domain goes on that was only saved, or whose save failed, the
 * toolstack sets RAX, the result of its suspend call. What this form has comes
 * from the save record of a vCPU, which has more.
 */
#include "hypervisor/hypercall/domctl-impl.h"

#include "hvm/base/hvm.h"
#include "hvm/save/records.h"
#include "hypervisor/abi/arch-x86.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/cpu/cr.h"
#include "hypervisor/hypercall/calls.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/mm/heap.h"

#define EACH_REGISTER(X)                                                    \
    X(rax, RAX) X(rbx, RBX) X(rcx, RCX) X(rdx, RDX) X(rsi, RSI) X(rdi, RDI) \
    X(rbp, RBP) X(rsp, RSP) X(r8, R8) X(r9, R9) X(r10, R10) X(r11, R11)     \
    X(r12, R12) X(r13, R13) X(r14, R14) X(r15, R15)
#define EACH_SELECTOR(X) X(cs) X(ds) X(es) X(fs) X(gs) X(ss)

static void to_context(const struct hvm_hw_cpu *s, struct vcpu_guest_context *c)
{
    bool in_kernel = !(s->cs_sel & 3);

    memcpy(&c->fpu_ctxt, s->fpu_regs, sizeof(c->fpu_ctxt));
#define X(name, number) c->user_regs.name = s->name;
    EACH_REGISTER(X)
#undef X
    c->user_regs.rip = s->rip;
    c->user_regs.rflags = s->rflags;
#define X(r) c->user_regs.r = (uint16_t)s->r##_sel;
    EACH_SELECTOR(X)
#undef X
    c->ctrlreg[0] = s->cr0;
    c->ctrlreg[2] = s->cr2;
    c->ctrlreg[3] = s->cr3;
    c->ctrlreg[4] = s->cr4;
    memcpy(c->debugreg, &s->dr0, 4 * sizeof(c->debugreg[0]));
    c->debugreg[6] = s->dr6;
    c->debugreg[7] = s->dr7;
    c->fs_base = s->fs_base;
    c->gs_base_kernel = in_kernel ? s->gs_base : s->shadow_gs;
    c->gs_base_user = in_kernel ? s->shadow_gs : s->gs_base;
    c->flags = VGCF_i387_valid | VGCF_online;
}

/* -ENODATA for a vCPU that has not been started. */
long domctl_getcontext(struct domain *d, struct xen_domctl *op)
{
    struct vcpu *v = vcpu_of(d, op->u.vcpucontext.vcpu);
    struct both {
        struct hvm_hw_cpu cpu;
        struct vcpu_guest_context ctxt;
    } *b;
    long rc = -ENODATA;

    if (!v || d == current->domain)
        return -EINVAL;
    b = heap_alloc(sizeof(*b));
    if (!b)
        return -ENOMEM;
    domain_pause(d);
    if (hvm_vcpu_is_up(v)) {
        vcpu_state_save(v, &b->cpu);
        to_context(&b->cpu, &b->ctxt);
        rc = guest_write(gva(op->u.vcpucontext.ctxt.addr), &b->ctxt,
                         sizeof(b->ctxt));
    }
    domain_unpause(d);
    heap_free(b);
    return rc;
}

/* Sets the general registers, RIP and RFLAGS, which is what tools do with a
 * domain that is not PV. */
long domctl_setcontext(struct domain *d, struct xen_domctl *op)
{
    struct vcpu *v = vcpu_of(d, op->u.vcpucontext.vcpu);
    struct cpu_user_regs from;
    long rc;

    if (!v || d == current->domain)
        return -EINVAL;
    if (guest_ptr_is_null(op->u.vcpucontext.ctxt))
        return -EOPNOTSUPP; /* a reset */
    rc = guest_read(&from, gva(op->u.vcpucontext.ctxt.addr + offsetof(
                        struct vcpu_guest_context, user_regs)), sizeof(from));
    if (rc)
        return rc;
    domain_pause(d);
#define X(name, number) vcpu_regs(v)->gpr[number] = from.name;
    EACH_REGISTER(X)
#undef X
    vcpu_regs(v)->rip = from.rip;
    vcpu_regs(v)->rflags = (from.rflags & RFLAGS_ALL) | RFLAGS_MBS;
    domain_unpause(d);
    return 0;
}
