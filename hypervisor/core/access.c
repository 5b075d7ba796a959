/* SPDX-License-Identifier: GPL-2.0-only */
/* The privilege model's table and the only function that reads it. */
#include "hypervisor/core/access.h"

#include "hypervisor/core/domain.h"

static const uint8_t rights[] = {
#define A(name, rights, what) [ACCESS_##name] = (rights),
    ACCESS_ACTIONS(A)
#undef A
};

int may(const struct domain *caller, enum access_action action,
        const struct domain *target)
{
    /* What caller is with respect to target. */
    uint64_t has = MAY_ANY |
        (caller->privileged ? MAY_CONTROL : 0) |
        (caller->config.flags & XEN_DOMCTL_CDF_xs_domain ? MAY_XENSTORE : 0) |
        (target && caller == target ? MAY_SELF : 0) |
        (target && READ_ONCE(caller->target) == target ? MAY_DM : 0);

    return (unsigned int)action < ACCESS_COUNT && rights[action] & has
               ? 0 : -EPERM;
}
