/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * domctl: a vCPU's registers in the form of PV domains. A core dump has them;
 * who lets a saved domain go on here sets the result of its suspend call.
 * Everything else about a vCPU is in the save records, which these are made of.
 */
#include "hypervisor/hypercall/domctl-impl.h"

#include "hvm/base/regs.h"
#include "hvm/save/vcpu-state.h"
#include "hypervisor/abi/arch-x86.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/cpu/cr.h"
#include "hypervisor/hypercall/calls.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/mm/heap.h"

/* General registers by their names, which both have. */
#define EACH_REGISTER(X)                                                    \
    X(rax) X(rbx) X(rcx) X(rdx) X(rsi) X(rdi) X(rbp) X(rsp) X(r8) X(r9)     \
    X(r10) X(r11) X(r12) X(r13) X(r14) X(r15) X(rip) X(rflags)
#define EACH_SELECTOR(X) X(cs) X(ds) X(es) X(fs) X(gs) X(ss)

struct both {
    struct hvm_hw_cpu cpu;
    struct vcpu_guest_context ctxt;
};

static void to_context(const struct hvm_hw_cpu *s, struct vcpu_guest_context *c)
{
    memcpy(&c->fpu_ctxt, s->fpu_regs, sizeof(c->fpu_ctxt));
    c->flags = VGCF_i387_valid | ((s->ss_arbytes >> SEG_DPL_SHIFT & 3)
                                      ? 0 : VGCF_in_kernel);
#define X(r) c->user_regs.r = s->r;
    EACH_REGISTER(X)
#undef X
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
    c->gs_base_kernel = s->gs_base;
    c->gs_base_user = s->shadow_gs;
}

/* The vCPU that is asked for, its domain paused, and room for both forms. */
static long begin(struct domain *d, struct xen_domctl *op, struct vcpu **v,
                  struct both **b)
{
    *v = vcpu_of(d, op->u.vcpucontext.vcpu);
    if (!*v)
        return -ESRCH;
    if (d == current->domain)
        return -EINVAL;
    *b = heap_alloc(sizeof(**b));
    if (!*b)
        return -ENOMEM;
    domain_pause(d);
    vcpu_state_save(*v, &(*b)->cpu);
    return 0;
}

static void end(struct domain *d, struct both *b)
{
    domain_unpause(d);
    heap_free(b);
}

long domctl_getcontext(struct domain *d, struct xen_domctl *op)
{
    struct vcpu *v;
    struct both *b;
    long rc = begin(d, op, &v, &b);

    if (rc)
        return rc;
    to_context(&b->cpu, &b->ctxt);
    if (!READ_ONCE(v->down))
        b->ctxt.flags |= VGCF_online;
    rc = guest_write(gva(op->u.vcpucontext.ctxt.addr), &b->ctxt,
                     sizeof(b->ctxt));
    end(d, b);
    return rc;
}

/* Sets general registers, RIP and RFLAGS; the rest is for PV domains. */
long domctl_setcontext(struct domain *d, struct xen_domctl *op)
{
    struct vcpu *v;
    struct both *b;
    long rc = begin(d, op, &v, &b);

    if (rc)
        return rc;
    rc = guest_read(&b->ctxt, gva(op->u.vcpucontext.ctxt.addr),
                    sizeof(b->ctxt));
    if (!rc) {
#define X(r) b->cpu.r = b->ctxt.user_regs.r;
        EACH_REGISTER(X)
#undef X
        b->cpu.rflags &= RFLAGS_ALL;
        b->cpu.tsc = 0; /* goes on as it is */
        rc = vcpu_state_load(v, &b->cpu);
    }
    end(d, b);
    return rc;
}
