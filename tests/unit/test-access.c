/* sources: hypervisor/core/access.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The privilege model, enumerated: for every action, every kind of caller
 * against every kind of target, by a second table written from the public
 * description of what each operation demands.
 */
#include <string.h>

#include "hypervisor/abi/errno.h"
#include "hypervisor/core/access.h"
#include "hypervisor/core/domain.h"
#include "tests/unit/test.h"

TEST_PROGRAM;

/* Who may, in the order of `pairs`. */
#define EVERYBODY "yyyyyyyy"
#define ON_TARGET "yynynnyn" /* itself, its device model, dom0 */
#define DM_ONLY   "ynnynnyn" /* not the guest to itself */
#define DOM0_ONLY "ynnnnnyn"
#define XS_TOO    "ynnynyyy"

static struct domain control = { .id = 0, .privileged = true };
static struct domain guest = { .id = 1 }, other = { .id = 2 };
static struct domain stub = { .id = 3, .target = &guest };
static struct domain store = {
    .id = 4, .config.flags = XEN_DOMCTL_CDF_xs_domain,
};

static const struct {
    const struct domain *caller, *target;
} pairs[] = {
    { &control, &guest }, { &guest, &guest }, { &other, &guest },
    { &stub, &guest }, { &stub, &other }, { &store, &guest },
    { &control, NULL }, { &store, NULL },
};

static const struct {
    enum access_action action;
    const char *who;
} expected[] = {
    { ACCESS_DOMCTL, DOM0_ONLY },
    { ACCESS_DOMCTL_INFO, XS_TOO },
    { ACCESS_DOMCTL_MAP_IO, DM_ONLY },
    { ACCESS_DOMCTL_BIND_IRQ, DM_ONLY },
    { ACCESS_SYSCTL, DOM0_ONLY },
    { ACCESS_PLATFORM, DOM0_ONLY },
    { ACCESS_CONSOLE, DOM0_ONLY },
    { ACCESS_VERSION_DETAIL, DOM0_ONLY },
    { ACCESS_DM_OP, DM_ONLY },
    { ACCESS_HVM_PARAM, ON_TARGET },
    { ACCESS_HVM_OP, ON_TARGET },
    { ACCESS_MEM_RESERVATION, ON_TARGET },
    { ACCESS_MEM_EXCHANGE, ON_TARGET },
    { ACCESS_MEM_INFO, ON_TARGET },
    { ACCESS_MEM_PHYSMAP, ON_TARGET },
    { ACCESS_MEM_FOREIGN, ON_TARGET },
    { ACCESS_MEM_RESOURCE, DM_ONLY },
    { ACCESS_MEM_CLAIM, DOM0_ONLY },
    { ACCESS_MEM_POD, DOM0_ONLY },
    { ACCESS_MEM_MACHINE, DOM0_ONLY },
    { ACCESS_GRANT_SETUP, ON_TARGET },
    { ACCESS_GRANT_QUERY, ON_TARGET },
    { ACCESS_GRANT_USE, EVERYBODY },
    { ACCESS_EVTCHN_ALLOC, ON_TARGET },
    { ACCESS_EVTCHN_BIND, EVERYBODY },
    { ACCESS_EVTCHN_STATUS, ON_TARGET },
    { ACCESS_EVTCHN_RESET, ON_TARGET },
    { ACCESS_SHUTDOWN, DM_ONLY },
    { ACCESS_MAP_PIRQ, DM_ONLY },
    { ACCESS_DEVICES, DOM0_ONLY },
};

static const char *const names[] = {
#define A(name, rights, what) #name,
    ACCESS_ACTIONS(A)
};

int main(void)
{
    CHECK_EQ(ARRAY_SIZE(expected), ACCESS_COUNT);
    for (unsigned int i = 0; i < ARRAY_SIZE(expected); i++) {
        enum access_action a = expected[i].action;

        CHECK_EQ(a, i); /* each once */
        /* Domain 0 may do everything. */
        CHECK_EQ(may(&control, a, &guest), 0);
        for (unsigned int p = 0; p < ARRAY_SIZE(pairs); p++) {
            int want = expected[i].who[p] == 'y' ? 0 : -EPERM;

            if (may(pairs[p].caller, a, pairs[p].target) != want)
                fprintf(stderr, "%s, case %u:\n", names[a], p);
            CHECK_EQ(may(pairs[p].caller, a, pairs[p].target), want);
        }
    }
    CHECK_EQ(may(&control, ACCESS_COUNT, NULL), -EPERM);
    return test_result();
}
