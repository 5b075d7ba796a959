/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * I/O request servers: device models in another domain that claim ports,
 * MMIO and PCI functions of this one, and the way of one access to them and
 * back. The shared page holds one slot per vCPU; a ring takes writes that
 * need no answer.
 */
#pragma once

#include "hypervisor/abi/dm-op.h"
#include "hypervisor/abi/ioreq.h"
#include "hypervisor/core/domain.h"

/* Where VGA cards have their memory: guest physical, bytes. */
#define VGA_WINDOW 0xa0000
#define VGA_WINDOW_SIZE 0x20000

enum io_rc {
    IO_DONE,
    IO_NONE,  /* no server claims it: reads are all ones */
    IO_RETRY, /* the domain is going away: run the instruction again */
};

/*
 * Sends an access, of type IOREQ_TYPE_PIO or _COPY and with a state of 0, to
 * the server that claims it and waits for the answer, which is in r->data
 * then. count is 1 without data_is_ptr, unless one value is written often. By
 * the vCPU itself, no locks.
 */
enum io_rc ioreq_send(struct vcpu *v, struct ioreq *r);

/* Of a server: it starts disabled and claims nothing before it is enabled; one
 * that is gone is destroyed. */
enum ioreq_state { IOREQ_DISABLED, IOREQ_ENABLED, IOREQ_GONE };

#define MAX_IOREQ_SERVERS 8

/* The servers of a domain. Zeroed, with its lock made ready: none. */
struct ioreq_domain {
    struct spinlock lock;     /* rank IOREQ */
    struct ioreq_server *server[MAX_IOREQ_SERVERS]; /* by id */
    unsigned int nr;          /* how many there were at most */
    uint32_t cf8;             /* (a) last 32-bit write of port 0xcf8 */
};

/* Destroys all servers of a domain that dies, which gets no new ones. No vCPU
 * of d runs. */
void ioreq_domain_close(struct domain *d);

/* The dm_op verbs, for servers of the caller's domain. Errors as in Xen 4.20. A
 * server can be created once all vCPUs of d are. */
int ioreq_create(struct domain *d, uint8_t bufioreq, ioservid_t *id);
int ioreq_get_info(struct domain *d,
                   struct xen_dm_op_get_ioreq_server_info *info);
int ioreq_range(struct domain *d, const struct xen_dm_op_ioreq_server_range *r,
                bool map);
int ioreq_set_state(struct domain *d, ioservid_t id, enum ioreq_state state);
/* Frame i (below 2) of a server for XENMEM_acquire_resource: 0 is the buffered
 * ring, 1 the synchronous page. With a reference for the caller. */
int ioreq_frame(struct domain *d, ioservid_t id, unsigned int i,
                struct page **pg);
/* A broadcast that all mapped caches must go (IOREQ_TYPE_INVALIDATE). */
void ioreq_invalidate(struct domain *d);
