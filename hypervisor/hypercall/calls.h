/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The handlers that hypercall/table.c names, and what they share. Each decodes
 * the arguments of the current vCPU's call, checks all of them and who asks,
 * and returns what the guest gets: 0 or more, Xen's negative errno, -ERESTART
 * to be called again. No locks are held.
 */
#pragma once

#include "hvm/mem/guest-copy.h"
#include "hypervisor/abi/arch-x86.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/core/access.h"
#include "hypervisor/core/vcpu.h"
#include "hypervisor/hypercall/restart.h"

long do_memory_op(unsigned int cmd, void_gptr_t arg);
long do_multicall(void_gptr_t list, unsigned int n);
long do_set_timer_op(int64_t timeout);
long do_xen_version(unsigned int cmd, void_gptr_t arg);
long do_console_io(int cmd, unsigned int n, void_gptr_t buf);
long do_vm_assist(unsigned int cmd, unsigned int type);
long do_hvm_op(uint64_t op, void_gptr_t arg);
long do_sysctl(void_gptr_t arg);
long do_domctl(void_gptr_t arg);
long do_dm_op(domid_t domid, unsigned int nr_bufs, void_gptr_t bufs);
/* EVTCHNOP_reset is restarted with its arguments unchanged. */
long do_event_channel_op(unsigned int cmd, void_gptr_t arg);
/* On an array of `count` structures, each with its outcome in its status. When
 * restarted, uop and count have moved on to what is left. */
long do_grant_table_op(unsigned int cmd, void_gptr_t uop, unsigned int count);
/* -ENOSYS for all that needs pirqs: no domain has any. */
long do_physdev_op(unsigned int cmd, void_gptr_t arg);
/* Domain 0 only, 64-bit. XENPF_get_dom0_console returns a number of bytes. */
long do_platform_op(void_gptr_t arg);
long do_sched_op(unsigned int cmd, void_gptr_t arg);
long do_vcpu_op(unsigned int cmd, unsigned int vcpuid, void_gptr_t arg);

/* A structure that the argument points to, to and from a copy. -EFAULT. */
#define read_arg(dst, arg) guest_read((dst), gva((arg).addr), sizeof(*(dst)))
#define write_arg(arg, src) guest_write(gva((arg).addr), (src), sizeof(*(src)))

/* The domain with this id (DOMID_SELF: the caller's), with a reference, if
 * the caller may do that to it: -ESRCH, -EPERM. */
static inline int target_get(domid_t id, enum access_action action,
                             struct domain **target)
{
    struct domain *d = domain_get(id);
    int rc = d ? may(current->domain, action, d) : -ESRCH;

    if (!rc)
        *target = d;
    else if (d)
        domain_put(d);
    return rc;
}

/* The vCPU of d with an id that a guest gave, or NULL. */
static inline struct vcpu *vcpu_of(struct domain *d, uint32_t id)
{
    return id < d->max_vcpus ? d->vcpu[index_nospec(id, d->max_vcpus)] : NULL;
}

/*
 * A sub-operation whose argument is one structure. Its function gets a copy,
 * which is written back if it returns 0 or more.
 */
enum {
    SUBOP_IN = 1,   /* the argument is copied in; zeroes if not */
    SUBOP_OUT = 2,  /* and out */
    SUBOP_NULL = 4, /* it must be a null pointer: -EINVAL */
    SUBOP_SELF = 8, /* v must be the current vCPU: -EINVAL */
};
struct subop {
    long (*fn)(struct vcpu *v, void *arg);
    uint8_t size, size32; /* of the argument, for 64- and 32-bit callers */
    uint8_t flags;        /* SUBOP_* */
};
#define SUBOP_ARG(type) sizeof(type), sizeof(type)
/* Defines op_name(), which is one expression of its argument *a and of d, the
 * vCPU's domain. */
#define SUBOP_EXPR(name, type, expression)                                  \
    static long op_##name(struct vcpu *v, void *arg)                        \
    {                                                                       \
        struct domain *const d __attribute__((unused)) = v->domain;         \
        struct type *const a = arg;                                         \
                                                                            \
        return (expression);                                                \
    }

/* Operation cmd of a table of nr on v. -ENOSYS if it is not there, -EFAULT. */
long subop_call(const struct subop *ops, size_t nr, uint64_t cmd,
                struct vcpu *v, void_gptr_t arg);

/* memory-op.c: moves d's frame at `from` to g, with its reference. -EPERM: it
 * is not d's own; -EINVAL and more of the map. */
int move_page(struct domain *d, gfn_t from, gfn_t g);

/*
 * vcpu-context.c: gives a vCPU that is down these registers to start with.
 * -EINVAL: a context in which no CPU can be. Lock DOMCTL of its domain.
 */
int vcpu_context_set(struct vcpu *v, const struct vcpu_hvm_context *ctx);
