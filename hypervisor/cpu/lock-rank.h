/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The order of locks, outermost first. A CPU may take a lock only while all
 * locks it holds have a lower rank; debug builds check it. Two locks of one
 * rank (two domains) are taken lower domid first, by spin_lock_pair().
 */
#pragma once

#define LOCK_RANKS(R)                                                       \
    R(DOMLIST, "the list of domains and pools")                             \
    R(DOMCTL, "toolstack operations on one domain")                         \
    R(IOREQ, "ioreq servers of one domain")                                 \
    R(PCI, "PCI configuration space and vPCI state")                        \
    R(VDEV, "PIT, HPET, RTC and PM timer of one domain")                    \
    R(HVM_IRQ, "interrupt routes, vIOAPIC and PIC of one domain")           \
    R(GRANT, "grant table of one domain")                                   \
    R(P2M, "guest physical map of one domain")                              \
    R(EVTCHN_CLOSE, "breaking a binding between two domains' ports")        \
    R(EVTCHN, "event channel table of one domain")                          \
    R(EVTCHN_PORT, "one event channel")                                     \
    R(EVTCHN_QUEUE, "the FIFO event queues of one vCPU")                    \
    R(IRQ, "one physical interrupt descriptor, vector allocation")          \
    R(SHUTDOWN, "which vCPUs of a domain stopped for its shutdown")         \
    R(RUNQ, "run queue of one CPU")                                         \
    R(CAP, "CPU time that a capped domain may still use")                   \
    R(TIMER, "timer queue of one CPU")                                      \
    R(HEAP, "page allocator and small-object heap")                         \
    R(PAGING, "addresses of Lodge's own mappings")                          \
    R(CALL, "cross-CPU calls")                                              \
    R(CONSOLE, "taken anywhere, takes nothing")

enum lock_rank {
#define R(name, purpose) LOCK_##name,
    LOCK_RANKS(R)
#undef R
    LOCK_RANK_COUNT
};
