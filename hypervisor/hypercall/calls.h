/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The handlers that hypercall/table.c names, and what they share. Each decodes
 * the arguments of the current vCPU's call, checks all of them and who asks,
 * and returns what the guest gets: 0 or more, Xen's negative errno, -ERESTART
 * to be called again. No locks are held.
 */
#pragma once

#include "hvm/mem/guest-copy.h"
#include "hvm/mem/p2m.h"
#include "hvm/vcpu.h"
#include "hypervisor/abi/compat.h"
#include "hypervisor/core/access.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/lib/string.h"

/* The caller runs in 32-bit mode: its structures are those of abi/compat.h. */
bool hypercall_is_compat(void);

/*
 * Replaces argument `arg_index` (0 is the first, as the handler sees them) in
 * the guest's registers. A handler does so before it returns -ERESTART: the
 * guest then issues the hypercall again with these arguments.
 */
void hypercall_restart(unsigned int arg_index, uint64_t value);

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
 * the caller may do that to it; else NULL: -ESRCH, -EPERM. */
static inline int target_get(domid_t id, enum access_action action,
                             struct domain **target)
{
    struct domain *d = domain_get(id);
    int rc = d ? may(current->domain, action, d) : -ESRCH;

    if (rc && d)
        domain_put(d);
    *target = rc ? NULL : d;
    return rc;
}

/* The vCPU of d with an id that a guest gave, or NULL. */
static inline struct vcpu *vcpu_of(struct domain *d, uint32_t id)
{
    return id < d->max_vcpus ? d->vcpu[index_nospec(id, d->max_vcpus)] : NULL;
}

/*
 * A sub-operation. Its function gets a vCPU and a domain (the caller and its
 * domain, unless the hypercall or the argument names others; the domain with a
 * reference), a copy of its argument in the layout of 64-bit callers, and the
 * room that it asks for or else what its hypercall has for it.
 */
enum {
    IN = 1,      /* the argument is copied in; zeroes if not */
    OUT = 2,     /* and out, if 0 or more is returned */
    IO = IN | OUT,
    ERR = 4,     /* and if an error is returned */
    MORE = 8,    /* and if it is to be called again: its progress */
    NO_ARG = 16, /* it must be a null pointer: -EINVAL */
    SELF = 32,   /* the vCPU must be the current one: -EINVAL */
    OTHER = 64,  /* the domain must not be the current one: -EINVAL */
    HELD = 128,  /* the hypercall keeps the vCPU or domain from running */
    LOCKED = 256, /* with the domain's lock, of rank DOMCTL */
};
#define SUBOP_WORDS 32 /* room for any argument, in 64-bit words */
struct subop {
    long (*fn)(struct vcpu *v, struct domain *d, void *arg, void *more);
    int (*refuse)(const void *arg); /* see REFUSE(); NULL: nothing */
    const char *layout; /* see compat_copy(); NULL: the same for all */
    uint8_t size;       /* of the argument */
    uint8_t size32;     /* in that layout; 0: not for 32-bit callers */
    uint16_t flags;     /* IN and so on */
    uint8_t domid;      /* where in the argument the domain's id is, if */
    uint8_t access;     /* the caller needs this right to it; 0: no domain */
    uint8_t vcpu;       /* where in the argument the vCPU's id is, if */
    uint8_t no_vcpu;    /* the error if it has no such one; 0: none is named */
    uint32_t room;      /* bytes of zeroed memory for this call; 0: none */
};

/*
 * Begins a sub-operation, subop_<name>, with its function, whose argument *a
 * is of this type. Flags, and what of the following applies to it.
 */
#define SUBOP(name, how, type, ...)                                         \
    typedef type arg_##name;                                                \
    static long op_##name(struct vcpu *v, struct domain *d, type *a,        \
                          void *more);                                      \
    static long call_##name(struct vcpu *v, struct domain *d, void *a,      \
                            void *more)                                     \
    {                                                                       \
        return op_##name(v, d, a, more);                                    \
    }                                                                       \
    static const struct subop subop_##name = {                              \
        .fn = call_##name, .size = sizeof(type), .flags = how,              \
        ##__VA_ARGS__                                                       \
    };                                                                      \
    static long op_##name(struct vcpu *v, struct domain *d, type *a,        \
                          void *more)
#define OF(name, member, right)                                             \
    .domid = offsetof(arg_##name, member), .access = ACCESS_##right
#define VCPU(name, member, error)                                           \
    .vcpu = offsetof(arg_##name, member), .no_vcpu = (error)
#define ROOM(type) .room = sizeof(type)
#define COMPAT(type, letters)                                               \
    .size32 = sizeof(struct compat_##type), .layout = letters
#define WIDE .layout = "" /* for 64-bit callers only */

/* What .refuse says of an argument, whoever it is about: 0 or an error. */
#define REFUSE(name, type, error)                                           \
    static int refuse_##name(const void *arg)                               \
    {                                                                       \
        const type *a = arg;                                                \
                                                                            \
        return (error);                                                     \
    }

/* One that is a single expression of v, d and *a. */
#define SUBOP_EXPR(name, how, type, expression, ...)                        \
    SUBOP(name, how, type, ##__VA_ARGS__)                                   \
    {                                                                       \
        return (expression);                                                \
    }
/* One of a few statements, which always succeeds. */
#define SUBOP_DO(name, how, type, statements, ...)                          \
    SUBOP_EXPR(name, how, type, ({ statements; 0; }), ##__VA_ARGS__)

/* Operation cmd of a table of nr, or NULL. */
const struct subop *subop_find(const struct subop *const *ops, size_t nr,
                               uint64_t cmd);
/* Runs it. d: the domain unless the argument names one. -EFAULT; -ENOMEM;
 * -ENOSYS: not for 32-bit callers; and what target_get() has. */
long subop_run(const struct subop *op, struct vcpu *v, struct domain *d,
               void_gptr_t arg, void *more);
/* The same for one without SELF, OTHER and NO_ARG, whose argument was copied
 * already. */
long subop_run_copy(const struct subop *op, struct vcpu *v, struct domain *d,
                    void *copy, void_gptr_t arg, void *more);
/* Operation cmd of a table of nr on v. -ENOSYS: not there. */
long subop_call(const struct subop *const *ops, size_t nr, uint64_t cmd,
                struct vcpu *v, void_gptr_t arg);
/* The command of an argument that begins with one and with a version of the
 * interface. -EFAULT, -EACCES: another version. */
int versioned_cmd(void_gptr_t arg, uint32_t version, uint32_t *cmd);

/*
 * A structure between the layouts of 32- and 64-bit callers. A letter for each
 * member: H: 16 bits, I: 32, Q: 64 (aligned to 4 in the narrow layout), L: a
 * long or a pointer, of which the narrow layout has the low half, P: not a
 * member but 32 bits that fill a structure up, in the wide layout only.
 * Padding, and upper halves of a wide one, are left as they are.
 */
void compat_copy(void *wide, void *narrow, const char *layout, bool widen);

/* domctl.c: fills *info; d is not locked. */
void domctl_info(struct domain *d, struct xen_domctl_getdomaininfo *info);

/* domctl.c: a set of CPUs to a caller's bitmap. -EFAULT. */
int cpumask_to_bitmap(const struct cpumask *set, struct xenctl_bitmap *map);

/* The longest lists that a CPU policy turns into. */
struct policy_lists {
    struct xen_cpuid_leaf leaves[CPUID_POLICY_MAX_LEAVES];
    struct xen_msr_entry msrs[MSR_POLICY_MAX_ENTRIES];
};
/*
 * domctl.c: writes a policy into the lists of *p whose handles are not null,
 * by way of *l; numbers in: what the caller has room for, out: entries.
 * -ENOBUFS, -EFAULT.
 */
long policy_to_guest(const struct cpu_policy *from,
                     struct xen_domctl_cpu_policy *p, struct policy_lists *l);

/* memory-op.c: moves d's frame at `from` to g, with its reference. -EPERM: it
 * is not d's own; -EINVAL and more of the map. */
int move_page(struct domain *d, gfn_t from, gfn_t g);
