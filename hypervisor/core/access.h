/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who may do what to whom: the privilege model, in one table. It is what Xen
 * does without a security module. Handlers ask once, when they know the
 * target; nothing else decides by who the caller is.
 */
#pragma once

#include "hypervisor/lib/util.h"

struct domain;

/* What gives a caller the right; any one of an action's is enough. */
#define MAY_ANY BIT(0)      /* every domain, whoever the target */
#define MAY_SELF BIT(1)     /* the target itself */
#define MAY_DM BIT(2)       /* the device model of the target */
#define MAY_CONTROL BIT(3)  /* domain 0 */
#define MAY_XENSTORE BIT(4) /* the domain that was created for xenstore */

#define MAY_TARGET (MAY_SELF | MAY_DM | MAY_CONTROL)

/* name, who may, what it is */
#define ACCESS_ACTIONS(A)                                                   \
    A(DOMCTL, MAY_CONTROL, "domctl, all but those below")                   \
    A(DOMCTL_INFO, MAY_CONTROL | MAY_DM | MAY_XENSTORE, "getdomaininfo")    \
    A(DOMCTL_MAP_IO, MAY_CONTROL | MAY_DM, "memory_mapping, ioport_mapping") \
    A(DOMCTL_BIND_IRQ, MAY_CONTROL | MAY_DM, "bind_pt_irq, unbind_pt_irq")  \
    A(SYSCTL, MAY_CONTROL, "sysctl")                                        \
    A(PLATFORM, MAY_CONTROL, "platform_op, machine check")                  \
    A(CONSOLE, MAY_CONTROL, "console_io")                                   \
    A(VERSION_DETAIL, MAY_CONTROL, "command line and build id")             \
    A(DM_OP, MAY_CONTROL | MAY_DM, "dm_op")                                 \
    A(HVM_PARAM, MAY_TARGET, "HVM parameters")                              \
    A(HVM_OP, MAY_TARGET, "other hvm_op on a domain")                       \
    A(MEM_RESERVATION, MAY_TARGET, "populate, decrease, increase")          \
    A(MEM_EXCHANGE, MAY_TARGET, "exchange")                                 \
    A(MEM_INFO, MAY_TARGET, "reservations, maximum gfn, memory map, vNUMA") \
    A(MEM_PHYSMAP, MAY_TARGET, "add to or remove from a physmap")           \
    A(MEM_FOREIGN, MAY_TARGET, "map a foreign domain's page")               \
    A(MEM_RESOURCE, MAY_CONTROL | MAY_DM, "acquire_resource")               \
    A(MEM_CLAIM, MAY_CONTROL, "claim_pages")                                \
    A(MEM_POD, MAY_CONTROL, "populate-on-demand target")                    \
    A(MEM_MACHINE, MAY_CONTROL, "the machine's memory map")                 \
    A(GRANT_SETUP, MAY_TARGET, "set up a grant table")                      \
    A(GRANT_QUERY, MAY_TARGET, "size of a grant table")                     \
    A(GRANT_USE, MAY_ANY, "map, unmap, copy: the granter's entry decides")  \
    A(EVTCHN_ALLOC, MAY_TARGET, "alloc_unbound in a domain")                \
    A(EVTCHN_BIND, MAY_ANY, "bind_interdomain: the port decides")           \
    A(EVTCHN_STATUS, MAY_TARGET, "status of a domain's port")               \
    A(EVTCHN_RESET, MAY_TARGET, "reset")                                    \
    A(SHUTDOWN, MAY_CONTROL | MAY_DM, "remote_shutdown")                    \
    A(MAP_PIRQ, MAY_CONTROL | MAY_DM, "map_pirq, unmap_pirq")               \
    A(DEVICES, MAY_CONTROL, "PCI devices, I/O APICs, MMCONFIG")

enum access_action {
#define A(name, rights, what) ACCESS_##name,
    ACCESS_ACTIONS(A)
#undef A
    ACCESS_COUNT
};

/*
 * 0 or -EPERM. target is NULL for what concerns no domain: then only
 * MAY_ANY, MAY_CONTROL and MAY_XENSTORE count. Any lock.
 */
int may(const struct domain *caller, enum access_action action,
        const struct domain *target);
