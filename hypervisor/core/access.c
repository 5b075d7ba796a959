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
    uint64_t has = MAY_ANY; /* what caller is with respect to target */

    if ((unsigned int)action >= ACCESS_COUNT)
        return -EPERM;
    if (caller->privileged)
        has |= MAY_CONTROL;
    if (caller->config.flags & XEN_DOMCTL_CDF_xs_domain)
        has |= MAY_XENSTORE;
    if (target && caller == target)
        has |= MAY_SELF;
    if (target && READ_ONCE(caller->target) == target)
        has |= MAY_DM;
    return rights[action] & has ? 0 : -EPERM;
}
