/* SPDX-License-Identifier: GPL-2.0-only */
/* Sub-operations by table: copies the argument in once, calls, copies out. */
#include "hypervisor/hypercall/calls.h"

void compat_copy(void *wide, void *narrow, const char *layout, bool widen)
{
    static const uint8_t sizes[] = { ['H'] = 2, ['I'] = 4, ['L'] = 8,
                                     ['P'] = 4, ['Q'] = 8 };
    size_t w = 0, n = 0;

    for (; *layout; layout++) {
        size_t size = sizes[(uint8_t)*layout];
        size_t part = *layout == 'L' ? 4 : *layout == 'P' ? 0 : size;

        w = ALIGN_UP(w, size);
        n = ALIGN_UP(n, MIN(size, 4ul));
        if (widen)
            memcpy((char *)wide + w, (char *)narrow + n, part);
        else
            memcpy((char *)narrow + n, (char *)wide + w, part);
        w += size;
        n += part;
    }
}

const struct subop *subop_find(const struct subop *const *ops, size_t nr,
                               uint64_t cmd)
{
    return cmd < nr ? ops[index_nospec(cmd, nr)] : NULL;
}

static __attribute__((noinline)) int
transfer_narrow(const struct subop *op, void *copy, gva_t arg, bool in)
{
    uint64_t narrow[SUBOP_WORDS];

    if (!op->size32)
        return -ENOSYS;
    memset(in ? copy : narrow, 0, in ? op->size : op->size32);
    if (in && guest_read(narrow, arg, op->size32))
        return -EFAULT;
    compat_copy(copy, narrow, op->layout, in);
    return in ? 0 : guest_write(arg, narrow, op->size32);
}

/* The argument, into or from its copy. */
static inline int transfer(const struct subop *op, void *copy, gva_t arg,
                           bool in)
{
    if (unlikely(op->layout && hypercall_is_compat()))
        return transfer_narrow(op, copy, arg, in);
    return in ? guest_read(copy, arg, op->size)
              : guest_write(arg, copy, op->size);
}

/* Calls its function, with what of d and of memory it asks for. */
static long call(const struct subop *op, struct vcpu *v, struct domain *d,
                 void *copy, void *more)
{
    uint32_t nr;

    if (op->no_vcpu) {
        memcpy(&nr, (char *)copy + op->vcpu, sizeof(nr));
        v = vcpu_of(d, nr);
        if (!v)
            return -op->no_vcpu;
    }
    if (op->room) {
        more = heap_alloc(op->room);
        if (!more)
            return -ENOMEM;
    }
    if (op->flags & LOCKED)
        spin_lock(&d->lock);
    long rc = op->fn(v, d, copy, more);
    if (op->flags & LOCKED)
        spin_unlock(&d->lock);
    if (op->room)
        heap_free(more);
    return rc;
}

long subop_run_copy(const struct subop *op, struct vcpu *v, struct domain *d,
                    void *copy, void_gptr_t arg, void *more)
{
    struct domain *named = NULL;
    domid_t id;
    long rc = 0;

    if (op->refuse)
        rc = op->refuse(copy);
    if (!rc && op->access) {
        memcpy(&id, (char *)copy + op->domid, sizeof(id));
        rc = target_get(id, op->access, &named);
        d = named;
    }
    if (rc)
        return rc;
    rc = call(op, v, d, copy, more);
    if (named)
        domain_put(named);
    /* What was done stays done when the answer cannot be written. */
    if ((op->flags & (rc >= 0 ? OUT : rc == -ERESTART ? MORE : ERR)) &&
        transfer(op, copy, gva(arg.addr), false))
        return -EFAULT;
    return rc;
}

long subop_run(const struct subop *op, struct vcpu *v, struct domain *d,
               void_gptr_t arg, void *more)
{
    uint64_t copy[SUBOP_WORDS];

    if (((op->flags & SELF) && v != current) ||
        ((op->flags & OTHER) && d == current->domain) ||
        ((op->flags & NO_ARG) && arg.addr))
        return -EINVAL;
    if (op->flags & IN) {
        int rc = transfer(op, copy, gva(arg.addr), true);

        if (rc)
            return rc;
    } else {
        memset(copy, 0, op->size);
    }
    return subop_run_copy(op, v, d, copy, arg, more);
}

long subop_call(const struct subop *const *ops, size_t nr, uint64_t cmd,
                struct vcpu *v, void_gptr_t arg)
{
    const struct subop *op = subop_find(ops, nr, cmd);

    return op ? subop_run(op, v, v->domain, arg, NULL) : -ENOSYS;
}

int versioned_cmd(void_gptr_t arg, uint32_t version, uint32_t *cmd)
{
    uint32_t head[2];

    if (guest_read(head, gva(arg.addr), sizeof(head)))
        return -EFAULT;
    *cmd = head[0];
    return head[1] == version ? 0 : -EACCES;
}
