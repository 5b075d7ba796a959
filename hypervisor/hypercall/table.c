/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hypercall entry: who may call, where arguments are, which handler. A
 * handler gets plain numbers and handles; pointers are its own business.
 */
#include "hypervisor/hypercall/calls.h"

/* An argument as a pointer; the first as a number of 64 bits, which takes two
 * where callers have 32. */
#define PTR(i) guest_ptr_make(void, a[i])
#define S64 (int64_t)(hypercall_is_compat() ? a[1] << 32 | a[0] : a[0])

/* name (docs are printed from it), number of arguments, the call, in which
 * each argument becomes what its function takes of it */
#define CALLS(X)                                                            \
    X(memory_op, 2, do_memory_op(a[0], PTR(1)))                             \
    X(multicall, 2, do_multicall(PTR(0), a[1]))                             \
    X(set_timer_op, 2, do_set_timer_op(S64))                                \
    X(xen_version, 2, do_xen_version(a[0], PTR(1)))                         \
    X(console_io, 3, do_console_io(a[0], a[1], PTR(2)))                     \
    X(grant_table_op, 3, do_grant_table_op(a[0], PTR(1), a[2]))             \
    X(vm_assist, 2, do_vm_assist(a[0], a[1]))                               \
    X(vcpu_op, 3, do_vcpu_op(a[0], a[1], PTR(2)))                           \
    X(sched_op, 2, do_sched_op(a[0], PTR(1)))                               \
    X(event_channel_op, 2, do_event_channel_op(a[0], PTR(1)))               \
    X(physdev_op, 2, do_physdev_op(a[0], PTR(1)))                           \
    X(hvm_op, 2, do_hvm_op(a[0], PTR(1)))                                   \
    X(sysctl, 1, do_sysctl(PTR(0)))                                         \
    X(domctl, 1, do_domctl(PTR(0)))                                         \
    X(platform_op, 1, do_platform_op(PTR(0)))                               \
    X(dm_op, 3, do_dm_op(a[0], a[1], PTR(2)))

#define X(name, n, call)                                                    \
    static long call_##name(const uint64_t *a) { return call; }
CALLS(X)
#undef X

static long (*const calls[])(const uint64_t *args) = {
#define X(name, n, call) [__HYPERVISOR_##name] = call_##name,
    CALLS(X)
#undef X
};

/* Runs hypercall nr with these arguments for the current vCPU. -ENOSYS. */
static long dispatch(uint64_t nr, const uint64_t *args)
{
    if (nr >= ARRAY_SIZE(calls))
        return -ENOSYS;
    nr = index_nospec(nr, ARRAY_SIZE(calls));
    return calls[nr] ? calls[nr](args) : -ENOSYS;
}

/* Argument registers in order (Xen's arch-x86/xen-x86_64.h and _32.h). */
#define MAX_ARGS 6
static const uint8_t regs_64[MAX_ARGS] = { RDI, RSI, RDX, R10, R8, R9 };
static const uint8_t regs_32[MAX_ARGS] = { RBX, RCX, RDX, RSI, RDI, RBP };

bool hypercall_is_compat(void)
{
    return current->hvm->compat_call;
}

void hypercall_restart(unsigned int arg_index, uint64_t value)
{
    const uint8_t *r = hypercall_is_compat() ? regs_32 : regs_64;
    struct hvm_vcpu *hv = current->hvm;

    if (hv->multicall_args)
        hv->multicall_args[arg_index] = value;
    else
        hv->regs.gpr[r[arg_index]] = value;
}

enum exit_verdict exit_hypercall(struct vcpu *v, const struct vmexit *e)
{
    uint64_t *gpr = vcpu_regs(v)->gpr, args[MAX_ARGS];
    enum hvm_mode m = hvm_mode(v);
    bool wide = m == MODE_64;
    const uint64_t mask = size_mask(wide ? 8 : 4);
    long rc = -EPERM;

    v->hvm->compat_call = !wide;
    /* Viridian's calls come with bit 31 set; none are offered. */
    if (hvm_cpl(v) == 0 && m != MODE_REAL && m != MODE_V86) {
#pragma GCC unroll 6
        for (unsigned int i = 0; i < MAX_ARGS; i++)
            args[i] = likely(wide) ? gpr[regs_64[i]]
                                   : (uint32_t)gpr[regs_32[i]];
        rc = dispatch(gpr[RAX] & mask, args);
        if (rc == -ERESTART)
            return VERDICT_RESUME;
    }
    gpr[RAX] = (uint64_t)rc & mask;
    return VERDICT_ADVANCE;
}

/* One entry, eight words of the caller's width; a call that wants to go on
 * later keeps its progress there. */
SUBOP(entry, IO | MORE, struct multicall_entry,
      COMPAT(multicall_entry, "LLLLLLLL"))
{
    long rc;

    v->hvm->multicall_args = a->args;
    rc = a->op == __HYPERVISOR_multicall ? -EINVAL : dispatch(a->op, a->args);
    v->hvm->multicall_args = NULL;
    if (rc == -ERESTART)
        return rc;
    a->result = (uint64_t)rc;
    return 0;
}

long do_multicall(void_gptr_t list, unsigned int n)
{
    struct vcpu *v = current;
    long rc = 0;

    while (n && !rc) {
        rc = subop_run(&subop_entry, v, v->domain, list, NULL);
        if (!rc) {
            list.addr += hypercall_is_compat() ? subop_entry.size32
                                               : subop_entry.size;
            if (--n && vcpu_preempt_wanted())
                rc = -ERESTART;
        }
    }
    if (rc == -ERESTART) {
        hypercall_restart(0, list.addr);
        hypercall_restart(1, n);
    }
    return rc;
}
