/* SPDX-License-Identifier: GPL-2.0-only */
/* Sub-operations by table: copies the argument in once, calls, copies out. */
#include "hypervisor/hypercall/calls.h"
#include "hypervisor/lib/string.h"

long subop_call(const struct subop *ops, size_t nr, uint64_t cmd,
                struct vcpu *v, void_gptr_t arg)
{
    uint64_t copy[32]; /* more than a size of one byte can say */
    const struct subop *op;
    size_t size;
    long rc;

    if (cmd >= nr)
        return -ENOSYS;
    op = &ops[index_nospec(cmd, nr)];
    if (!op->fn)
        return -ENOSYS;
    if (((op->flags & SUBOP_SELF) && v != current) ||
        ((op->flags & SUBOP_NULL) && arg.addr))
        return -EINVAL;
    size = hypercall_is_compat() ? op->size32 : op->size;
    if (!(op->flags & SUBOP_IN))
        memset(copy, 0, size);
    else if (guest_read(copy, gva(arg.addr), size))
        return -EFAULT;
    rc = op->fn(v, copy);
    /* What was done stays done when the answer cannot be written. */
    if (rc >= 0 && (op->flags & SUBOP_OUT) &&
        guest_write(gva(arg.addr), copy, size))
        return -EFAULT;
    return rc;
}
