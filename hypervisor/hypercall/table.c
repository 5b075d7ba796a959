/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hypercall entry: who may call, where arguments are, which handler. A
 * handler gets plain numbers and handles; pointers are its own business.
 */
#include "hypervisor/hypercall/table.h"

#include "hvm/base/hvm.h"
#include "hvm/vcpu.h"
#include "hypervisor/abi/compat.h"
#include "hypervisor/abi/xen.h"
#include "hypervisor/hypercall/calls.h"

static void_gptr_t ptr(uint64_t a)
{
    return guest_ptr_make(void, a);
}

/* name, number, arguments, the call */
#define CALLS(X)                                                            \
    X(memory_op, 2, do_memory_op((unsigned int)a[0], ptr(a[1])))            \
    X(multicall, 2, do_multicall(ptr(a[0]), (unsigned int)a[1]))            \
    X(set_timer_op, 1, do_set_timer_op((int64_t)a[0]))                      \
    X(xen_version, 2, do_xen_version((unsigned int)a[0], ptr(a[1])))        \
    X(console_io, 3,                                                        \
      do_console_io((int)a[0], (unsigned int)a[1], ptr(a[2])))              \
    X(grant_table_op, 3, do_grant_table_op((unsigned int)a[0], ptr(a[1]),   \
                                           (unsigned int)a[2]))             \
    X(vm_assist, 2, do_vm_assist((unsigned int)a[0], (unsigned int)a[1]))   \
    X(vcpu_op, 3, do_vcpu_op((unsigned int)a[0], (unsigned int)a[1],        \
                             ptr(a[2])))                                    \
    X(xsm_op, 1, -ENOSYS)                                                   \
    X(sched_op, 2, do_sched_op((unsigned int)a[0], ptr(a[1])))              \
    X(event_channel_op, 2,                                                  \
      do_event_channel_op((unsigned int)a[0], ptr(a[1])))                   \
    X(physdev_op, 2, do_physdev_op((unsigned int)a[0], ptr(a[1])))          \
    X(hvm_op, 2, do_hvm_op(a[0], ptr(a[1])))                                \
    X(sysctl, 1, do_sysctl(ptr(a[0])))                                      \
    X(domctl, 1, do_domctl(ptr(a[0])))                                      \
    X(platform_op, 1, do_platform_op(ptr(a[0])))                            \
    X(dm_op, 3, do_dm_op((domid_t)a[0], (unsigned int)a[1], ptr(a[2])))

#define X(name, n, call)                                                    \
    static long call_##name(const uint64_t *a) { return call; }
CALLS(X)
#undef X

const struct hypercall hypercalls[] = {
#define X(nm, n, call)                                                      \
    [__HYPERVISOR_##nm] = { .name = #nm, .fn = call_##nm, .nr_args = n },
    CALLS(X)
#undef X
};
const unsigned int nr_hypercalls = ARRAY_SIZE(hypercalls);

long hypercall_dispatch(uint64_t nr, const uint64_t *args)
{
    if (nr >= nr_hypercalls)
        return -ENOSYS;
    nr = index_nospec(nr, nr_hypercalls);
    return hypercalls[nr].fn ? hypercalls[nr].fn(args) : -ENOSYS;
}

/* Argument registers in order (Xen's arch-x86/xen-x86_64.h and _32.h). */
static const uint8_t regs_64[] = { RDI, RSI, RDX, R10, R8, R9 };
static const uint8_t regs_32[] = { RBX, RCX, RDX, RSI, RDI, RBP };

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
    uint64_t *gpr = vcpu_regs(v)->gpr, args[HYPERCALL_MAX_ARGS];
    enum hvm_mode m = hvm_mode(v);
    const uint8_t *r = m == MODE_64 ? regs_64 : regs_32;
    uint64_t nr = m == MODE_64 ? gpr[RAX] : (uint32_t)gpr[RAX];
    long rc = -EPERM;

    v->hvm->compat_call = m != MODE_64;
    /* Viridian's calls come with bit 31 set; none are offered. */
    if (hvm_cpl(v) == 0 && m != MODE_REAL && m != MODE_V86) {
        for (unsigned int i = 0; i < HYPERCALL_MAX_ARGS; i++)
            args[i] = m == MODE_64 ? gpr[r[i]] : (uint32_t)gpr[r[i]];
        rc = hypercall_dispatch(nr, args);
        if (rc == -ERESTART)
            return VERDICT_RESUME;
    }
    gpr[RAX] = m == MODE_64 ? (uint64_t)rc : (uint32_t)rc;
    return VERDICT_ADVANCE;
}

/* An entry is eight words of the caller's width. */
#define ENTRY_WORDS (sizeof(struct multicall_entry) / sizeof(xen_ulong_t))

static int entry_read(gva_t at, bool compat, struct multicall_entry *m)
{
    uint64_t *wide = (uint64_t *)m;
    uint32_t narrow[ENTRY_WORDS];

    if (!compat)
        return guest_read(m, at, sizeof(*m));
    if (guest_read(narrow, at, sizeof(narrow)))
        return -EFAULT;
    for (unsigned int k = 0; k < ENTRY_WORDS; k++)
        wide[k] = narrow[k];
    return 0;
}

static int entry_write(gva_t at, bool compat, const struct multicall_entry *m)
{
    const uint64_t *wide = (const uint64_t *)m;
    uint32_t narrow[ENTRY_WORDS];

    if (!compat)
        return guest_write(at, m, sizeof(*m));
    for (unsigned int k = 0; k < ENTRY_WORDS; k++)
        narrow[k] = (uint32_t)wide[k];
    return guest_write(at, narrow, sizeof(narrow));
}

/* One entry; a call that wants to go on later keeps its progress there. */
static long multicall_one(gva_t at, bool compat)
{
    struct multicall_entry m;
    long rc;

    if (entry_read(at, compat, &m))
        return -EFAULT;
    current->hvm->multicall_args = m.args;
    rc = m.op == __HYPERVISOR_multicall ? -EINVAL
                                        : hypercall_dispatch(m.op, m.args);
    current->hvm->multicall_args = NULL;
    if (rc != -ERESTART)
        m.result = (uint64_t)rc;
    if (entry_write(at, compat, &m))
        return -EFAULT;
    return rc == -ERESTART ? rc : 0;
}

long do_multicall(void_gptr_t list, unsigned int n)
{
    bool compat = hypercall_is_compat();
    size_t size = compat ? sizeof(struct compat_multicall_entry)
                         : sizeof(struct multicall_entry);
    long rc = 0;

    for (unsigned int i = 0; i < n && !rc; i++) {
        if (!i || !vcpu_preempt_wanted())
            rc = multicall_one(gva(list.addr + i * size), compat);
        else
            rc = -ERESTART;
        if (rc == -ERESTART) {
            hypercall_restart(0, list.addr + i * size);
            hypercall_restart(1, n - i);
        }
    }
    return rc;
}
