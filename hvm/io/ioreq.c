/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * I/O request servers. A server is found under lock IOREQ, held by a
 * reference while a vCPU waits for it, and freed at the last one: the
 * toolstack may destroy a server, or its device model may die, at any time.
 *
 * The shared pages belong to the guest as special frames and are mapped by
 * the device model; what it writes there is read once and trusted with
 * nothing but the answer itself.
 */
#include "hvm/io/ioreq.h"

#include "hvm/base/hvm.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/abi/hvm-op.h"
#include "hypervisor/abi/memory.h"
#include "hypervisor/core/evtchn.h"
#include "hypervisor/lib/rangeset.h"
#include "hypervisor/mm/heap.h"

#define MAX_SERVERS 8
#define NR_RANGE_TYPES 3
_Static_assert(MAX_VCPUS_PER_DOMAIN <= PAGE_SIZE / sizeof(struct ioreq),
               "a slot for each vCPU");

struct ioreq_server {
    uint32_t refs;            /* (a) */
    ioservid_t id;            /* (c) */
    domid_t dm;               /* (c) */
    bool enabled;             /* (a) */
    bool gone;                /* (a) destroyed */
    struct page *sync_page, *buf_page; /* made when first asked for */
    struct shared_iopage *sync;
    struct buffered_iopage *buf;
    struct spinlock buf_lock; /* rank VDEV: writers of the ring */
    uint32_t buf_port;        /* 0: it wants no ring */
    uint32_t port[MAX_VCPUS_PER_DOMAIN]; /* by vCPU id, 0: none */
    struct rangeset ranges[NR_RANGE_TYPES]; /* lock IOREQ */
};

struct ioreq_domain {
    struct spinlock lock;     /* rank IOREQ */
    struct ioreq_server *server[MAX_SERVERS];
    unsigned int nr_slots;    /* lock IOREQ: those from here on are NULL */
    uint32_t cf8;             /* (a) last 32-bit write of port 0xcf8 */
};

int ioreq_domain_init(struct domain *d)
{
    struct ioreq_domain *i = heap_alloc(sizeof(*i));

    if (!i)
        return -ENOMEM;
    spin_lock_init(&i->lock, LOCK_IOREQ);
    d->hvm->ioreq = i;
    return 0;
}

static void server_put(struct domain *d, struct ioreq_server *s)
{
    if (!atomic_dec_and_test(&s->refs))
        return;
    if (s->sync)
        domain_special_page_free(d, s->sync, s->sync_page);
    if (s->buf)
        domain_special_page_free(d, s->buf, s->buf_page);
    heap_free(s);
}

static void ports_free(struct domain *d, struct ioreq_server *s)
{
    for_vcpus (d, v) {
        if (s->port[v->id])
            (void)evtchn_close(d, s->port[v->id], true);
        s->port[v->id] = 0;
    }
    if (s->buf_port)
        (void)evtchn_close(d, s->buf_port, true);
    s->buf_port = 0;
}

/* Gives a server its id; from here on it can be found. Not when the domain
 * dies: ioreq_domain_close(), after that, looks at each slot under the lock. */
static int server_publish(struct domain *d, struct ioreq_server *s)
{
    struct ioreq_domain *io = d->hvm->ioreq;
    int rc = -ENOSPC;

    spin_lock(&io->lock);
    if (READ_ONCE(d->dying) != DOMAIN_ALIVE)
        rc = -ESRCH;
    for (unsigned int i = 0; i < MAX_SERVERS && rc == -ENOSPC; i++)
        if (!io->server[i]) {
            s->id = (ioservid_t)i;
            io->server[i] = s;
            io->nr_slots = MAX(io->nr_slots, i + 1);
            rc = 0;
        }
    spin_unlock(&io->lock);
    return rc;
}

int ioreq_create(struct domain *d, struct domain *dm, uint8_t bufioreq,
                 ioservid_t *id)
{
    struct ioreq_server *s;
    int rc = 0;

    /* Each vCPU gets a port now: there will be no more of them. */
    if (bufioreq > HVM_IOREQSRV_BUFIOREQ_ATOMIC || !d->max_vcpus ||
        !load_acquire(&d->vcpu[d->max_vcpus - 1]))
        return -EINVAL;
    s = heap_alloc(sizeof(*s));
    if (!s)
        return -ENOMEM;
    s->refs = 1;
    s->dm = dm->id;
    spin_lock_init(&s->buf_lock, LOCK_VDEV);
    if (bufioreq != HVM_IOREQSRV_BUFIOREQ_OFF)
        rc = evtchn_alloc_unbound(d, s->dm, d->vcpu[0], &s->buf_port);
    for_vcpus (d, v)
        if (!rc)
            rc = evtchn_alloc_unbound(d, s->dm, v, &s->port[v->id]);
    if (!rc)
        rc = server_publish(d, s);
    if (rc) {
        ports_free(d, s);
        server_put(d, s);
        return rc;
    }
    *id = s->id;
    return 0;
}

/* The server in slot i, with a reference, or NULL. */
static struct ioreq_server *server_at(struct ioreq_domain *io, unsigned int i)
{
    struct ioreq_server *s;

    spin_lock(&io->lock);
    s = io->server[i];
    if (s)
        atomic_inc(&s->refs);
    spin_unlock(&io->lock);
    return s;
}

/* The server with this id if dm is its device model, with a reference. */
static struct ioreq_server *server_get(struct domain *d, struct domain *dm,
                                       ioservid_t id)
{
    struct ioreq_server *s;

    if (!d->hvm->ioreq || id >= MAX_SERVERS)
        return NULL;
    s = server_at(d->hvm->ioreq, index_nospec(id, MAX_SERVERS));
    if (s && s->dm != dm->id) {
        server_put(d, s);
        s = NULL;
    }
    return s;
}

/* Drops the caller's reference, too. */
static void server_remove(struct domain *d, struct ioreq_server *s)
{
    struct ioreq_domain *io = d->hvm->ioreq;
    bool mine;

    spin_lock(&io->lock);
    mine = io->server[s->id] == s;
    if (mine)
        io->server[s->id] = NULL;
    spin_unlock(&io->lock);
    if (mine) {
        WRITE_ONCE(s->gone, true);
        ports_free(d, s);
        for_vcpus (d, v)
            vcpu_unpark(v);
        server_put(d, s);
    }
    server_put(d, s);
}

int ioreq_destroy(struct domain *d, struct domain *dm, ioservid_t id)
{
    struct ioreq_server *s = server_get(d, dm, id);

    if (!s)
        return -ENOENT;
    server_remove(d, s);
    return 0;
}

void ioreq_domain_close(struct domain *d)
{
    struct ioreq_domain *io = d->hvm->ioreq;

    for (unsigned int i = 0; io && i < MAX_SERVERS; i++) {
        struct ioreq_server *s = server_at(io, i);

        if (s)
            server_remove(d, s);
    }
}

void ioreq_domain_exit(struct domain *d)
{
    ioreq_domain_close(d);
    heap_free(d->hvm->ioreq);
    d->hvm->ioreq = NULL;
}

int ioreq_get_info(struct domain *d, struct domain *dm,
                   struct xen_dm_op_get_ioreq_server_info *info)
{
    struct ioreq_server *s = server_get(d, dm, info->id);

    if (!s)
        return -ENOENT;
    info->bufioreq_port = s->buf_port;
    server_put(d, s);
    /* Frames come from XENMEM_acquire_resource. */
    return info->flags & XEN_DMOP_no_gfns ? 0 : -EOPNOTSUPP;
}

int ioreq_range(struct domain *d, struct domain *dm,
                const struct xen_dm_op_ioreq_server_range *r, bool map)
{
    struct ioreq_domain *io = d->hvm->ioreq;
    struct ioreq_server *s;
    struct rangeset *set;
    int rc;

    if (r->type >= NR_RANGE_TYPES || r->start > r->end || r->pad)
        return -EINVAL;
    s = server_get(d, dm, r->id);
    if (!s)
        return -ENOENT;
    set = &s->ranges[index_nospec(r->type, NR_RANGE_TYPES)];
    spin_lock(&io->lock);
    rc = map ? rangeset_add(set, r->start, r->end)
             : rangeset_remove(set, r->start, r->end);
    spin_unlock(&io->lock);
    server_put(d, s);
    return rc;
}

int ioreq_set_state(struct domain *d, struct domain *dm, ioservid_t id,
                    bool enabled)
{
    struct ioreq_server *s = server_get(d, dm, id);

    if (!s)
        return -ENOENT;
    WRITE_ONCE(s->enabled, enabled);
    server_put(d, s);
    return 0;
}

int ioreq_frame(struct domain *d, struct domain *dm, ioservid_t id,
                unsigned int i, struct page **pg)
{
    struct ioreq_server *s = server_get(d, dm, id);
    int rc = -ENOMEM;

    if (!s)
        return -ENOENT;
    spin_lock(&d->lock);
    if (i == XENMEM_resource_ioreq_server_frame_bufioreq) {
        if (!s->buf_port)
            rc = -ENOENT;
        else if (!s->buf)
            s->buf = domain_special_page(d, &s->buf_page);
        *pg = s->buf_page;
    } else {
        if (!s->sync) {
            struct shared_iopage *p = domain_special_page(d, &s->sync_page);

            for_vcpus (d, v)
                if (p)
                    p->vcpu_ioreq[v->id].vp_eport = s->port[v->id];
            store_release(&s->sync, p);
        }
        *pg = s->sync_page;
    }
    if (*pg) {
        page_get(*pg); /* the server may go as soon as we let it go */
        rc = 0;
    }
    spin_unlock(&d->lock);
    server_put(d, s);
    return rc;
}

static struct ioreq_server *select_server(struct ioreq_domain *io,
                                          const struct ioreq *r)
{
    uint64_t first = r->addr, last = first + r->size - 1;
    unsigned int type = XEN_DMOP_IO_RANGE_PORT;
    struct ioreq_server *found = NULL;

    if (r->type == IOREQ_TYPE_PCI_CONFIG) {
        type = XEN_DMOP_IO_RANGE_PCI;
        first = last = r->addr >> 32;
    } else if (r->type == IOREQ_TYPE_COPY) {
        uint64_t more = (uint64_t)r->size * (r->count - 1ull);

        type = XEN_DMOP_IO_RANGE_MEMORY;
        if (r->df)
            first -= more;
        else
            last += more;
    }
    spin_lock(&io->lock);
    for (unsigned int i = 0; i < io->nr_slots && !found; i++) {
        struct ioreq_server *s = io->server[i];

        if (s && READ_ONCE(s->enabled) &&
            rangeset_contains(&s->ranges[type], first, last)) {
            found = s;
            atomic_inc(&s->refs);
        }
    }
    spin_unlock(&io->lock);
    return found;
}

static bool fits_ring(const struct ioreq *r)
{
    /* Stores to the VGA window: many, and no answer is needed. */
    return r->type == IOREQ_TYPE_COPY && r->dir == IOREQ_WRITE &&
           !r->data_is_ptr && r->count == 1 && r->addr >= VGA_WINDOW &&
           r->addr < VGA_WINDOW + VGA_WINDOW_SIZE;
}

/* Into the ring; false when it is full or there is none. */
static bool send_buffered(struct domain *d, struct ioreq_server *s,
                          const struct ioreq *r)
{
    struct buffered_iopage *b = load_acquire(&s->buf);
    unsigned int slots = r->size == 8 ? 2 : 1;
    struct buf_ioreq e = { .type = r->type, .dir = IOREQ_WRITE,
                           .size = bit_lowest(r->size),
                           .addr = (uint32_t)r->addr & 0xfffff,
                           .data = (uint32_t)r->data };
    uint32_t write;
    bool ok;

    if (!b)
        return false;
    spin_lock(&s->buf_lock);
    write = b->write_pointer;
    ok = write - READ_ONCE(b->read_pointer) <= IOREQ_BUFFER_SLOT_NUM - slots;
    if (ok) {
        b->buf_ioreq[write % IOREQ_BUFFER_SLOT_NUM] = e;
        if (slots == 2) {
            e.data = (uint32_t)(r->data >> 32);
            b->buf_ioreq[(write + 1) % IOREQ_BUFFER_SLOT_NUM] = e;
        }
        store_release(&b->write_pointer, write + slots);
    }
    spin_unlock(&s->buf_lock);
    if (ok)
        (void)evtchn_send(d, s->buf_port, true);
    return ok;
}

static unsigned int slot_state(struct ioreq *slot)
{
    /* The state shares its byte with bits that only we write. */
    return READ_ONCE(*((uint8_t *)&slot->type - 1)) & 0xf;
}

static enum io_rc wait_answer(struct vcpu *v, struct ioreq_server *s,
                              struct ioreq *slot, uint64_t *data)
{
    for (;;) {
        unsigned int state = slot_state(slot);

        if (state == STATE_IORESP_READY) {
            smp_rmb(); /* the state before the data */
            *data = READ_ONCE(slot->data);
            slot->state = STATE_IOREQ_NONE;
            return IO_DONE;
        }
        if (READ_ONCE(s->gone))
            return IO_NONE;
        if (v->domain->dying != DOMAIN_ALIVE)
            return IO_RETRY;
        if (state != STATE_IOREQ_READY && state != STATE_IOREQ_INPROCESS) {
            domain_crash(v->domain, "the device model broke the request "
                         "protocol (slot state %u)", state);
            return IO_RETRY;
        }
        if (!evtchn_consumer_is_bound(v->domain, s->port[v->id])) {
            if (READ_ONCE(s->gone)) /* since the look above */
                return IO_NONE;
            domain_crash(v->domain, "its device model is gone: the process "
                         "ended or closed its event channels");
            return IO_RETRY;
        }
        vcpu_park();
    }
}

/* Port 0xcf8 aims accesses by 0xcfc at configuration space. */
static void note_config(struct ioreq_domain *io, struct ioreq *r)
{
    uint32_t cf8 = READ_ONCE(io->cf8);

    if (r->type != IOREQ_TYPE_PIO)
        return;
    if (r->addr == 0xcf8 && r->dir == IOREQ_WRITE && r->size == 4) {
        WRITE_ONCE(io->cf8, (uint32_t)r->data);
    } else if ((r->addr & ~3ull) == 0xcfc && (cf8 & BIT(31))) {
        r->type = IOREQ_TYPE_PCI_CONFIG;
        r->addr = (uint64_t)(cf8 >> 8 & 0xffff) << 32 | (cf8 & 0xfc) |
                  (r->addr & 3);
    }
}

enum io_rc ioreq_send(struct vcpu *v, struct ioreq *r)
{
    struct domain *d = v->domain;
    struct ioreq_server *s;
    struct shared_iopage *sync;
    enum io_rc rc = IO_NONE;

    note_config(d->hvm->ioreq, r);
    s = select_server(d->hvm->ioreq, r);
    if (!s)
        return IO_NONE;
    sync = load_acquire(&s->sync);
    if (fits_ring(r) && send_buffered(d, s, r)) {
        rc = IO_DONE;
    } else if (sync) {
        struct ioreq *slot = &sync->vcpu_ioreq[v->id];

        domain_defer_shutdown(v, true);
        r->vp_eport = s->port[v->id];
        *slot = *r;
        smp_wmb(); /* the request before its state; pairs with the model's */
        slot->state = STATE_IOREQ_READY;
        (void)evtchn_send(d, r->vp_eport, true);
        rc = wait_answer(v, s, slot, &r->data);
        domain_defer_shutdown(v, false);
    }
    server_put(d, s);
    return rc;
}

void ioreq_invalidate(struct domain *d)
{
    struct ioreq_domain *io = d->hvm->ioreq;
    struct ioreq r = { .type = IOREQ_TYPE_INVALIDATE, .size = 4, .count = 1,
                       .data = ~0ull };

    for (unsigned int i = 0; i < READ_ONCE(io->nr_slots); i++) {
        struct ioreq_server *s = server_at(io, i);

        if (!s)
            continue;
        (void)send_buffered(d, s, &r);
        server_put(d, s);
    }
}
