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
#include "hypervisor/abi/hvm-op.h"
#include "hypervisor/abi/memory.h"
#include "hypervisor/core/evtchn.h"
#include "hypervisor/lib/rangeset.h"

#define NR_RANGE_TYPES 3
_Static_assert(MAX_VCPUS_PER_DOMAIN <= PAGE_SIZE / sizeof(struct ioreq),
               "a slot for each vCPU");

/* A server's frames by their numbers as resources: the ring, the page of
 * slots. */
enum { RING = XENMEM_resource_ioreq_server_frame_bufioreq, SLOTS, NR_FRAMES };

struct ioreq_server {
    uint32_t refs;            /* (a) */
    ioservid_t id;            /* (c) */
    domid_t dm;               /* (c) */
    enum ioreq_state state;   /* (a) changed under lock IOREQ */
    struct shared_frame frame[NR_FRAMES]; /* lock IOREQ: made when asked for */
    uint32_t buf_port;        /* 0: it wants no ring */
    uint32_t port[MAX_VCPUS_PER_DOMAIN]; /* by vCPU id, 0: none */
    struct rangeset ranges[NR_RANGE_TYPES]; /* lock IOREQ */
};

static void server_put(struct domain *d, struct ioreq_server *s)
{
    if (!atomic_dec_and_test(&s->refs))
        return;
    for (struct shared_frame *f = s->frame; f < s->frame + NR_FRAMES; f++)
        if (f->va)
            domain_special_page_free(d, f->va, f->pg);
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

int ioreq_create(struct domain *d, uint8_t bufioreq, ioservid_t *id)
{
    struct ioreq_domain *io = d->hvm->ioreq;
    struct ioreq_server *s;
    unsigned int i = 0;
    int rc = 0;

    /* Each vCPU gets a port now: there will be no more of them. */
    if (bufioreq > HVM_IOREQSRV_BUFIOREQ_ATOMIC || !d->max_vcpus ||
        !load_acquire(&d->vcpu[d->max_vcpus - 1]))
        return -EINVAL;
    s = heap_alloc(sizeof(*s));
    if (!s)
        return -ENOMEM;
    s->refs = 1;
    s->dm = current->domain->id;
    if (bufioreq != HVM_IOREQSRV_BUFIOREQ_OFF)
        rc = evtchn_alloc_unbound(d, s->dm, d->vcpu[0], &s->buf_port);
    for_vcpus (d, v)
        if (!rc)
            rc = evtchn_alloc_unbound(d, s->dm, v, &s->port[v->id]);
    spin_lock(&io->lock);
    while (i < MAX_IOREQ_SERVERS && io->server[i])
        i++;
    /* Not when the domain dies: ioreq_domain_close(), after that, looks at each
     * slot under the lock. */
    if (!rc && READ_ONCE(d->dying) != DOMAIN_ALIVE)
        rc = -ESRCH;
    if (!rc && i == MAX_IOREQ_SERVERS)
        rc = -ENOSPC;
    if (rc) {
        ports_free(d, s);
        server_put(d, s);
    } else {
        *id = s->id = (ioservid_t)i;
        io->nr = MAX(io->nr, i + 1);
        io->server[i] = s; /* it can be found, and go, once the lock is free */
    }
    spin_unlock(&io->lock);
    return rc;
}

/* The server with this id if the caller's domain is its device model, then with
 * lock IOREQ held; else NULL. */
static struct ioreq_server *server_lock(struct domain *d, ioservid_t id)
{
    struct ioreq_domain *io = d->hvm->ioreq;
    struct ioreq_server *s;

    if (id >= MAX_IOREQ_SERVERS)
        return NULL;
    spin_lock(&io->lock);
    s = io->server[index_nospec(id, MAX_IOREQ_SERVERS)];
    if (s && s->dm == current->domain->id)
        return s;
    spin_unlock(&io->lock);
    return NULL;
}

/* Lock IOREQ is held: nobody finds s any more, and who waits for it learns
 * that it is gone. */
static void server_remove(struct domain *d, struct ioreq_server *s)
{
    d->hvm->ioreq->server[s->id] = NULL;
    WRITE_ONCE(s->state, IOREQ_GONE);
    ports_free(d, s);
    for_vcpus (d, v)
        vcpu_unpark(v);
    server_put(d, s);
}

void ioreq_domain_close(struct domain *d)
{
    struct ioreq_domain *io = d->hvm->ioreq;

    spin_lock(&io->lock);
    for (unsigned int i = 0; i < MAX_IOREQ_SERVERS; i++)
        if (io->server[i])
            server_remove(d, io->server[i]);
    spin_unlock(&io->lock);
}

int ioreq_get_info(struct domain *d,
                   struct xen_dm_op_get_ioreq_server_info *info)
{
    struct ioreq_server *s = server_lock(d, info->id);

    if (!s)
        return -ENOENT;
    info->bufioreq_port = s->buf_port;
    spin_unlock(&d->hvm->ioreq->lock);
    /* Frames come from XENMEM_acquire_resource. */
    return info->flags & XEN_DMOP_no_gfns ? 0 : -EOPNOTSUPP;
}

int ioreq_range(struct domain *d, const struct xen_dm_op_ioreq_server_range *r,
                bool map)
{
    struct ioreq_server *s;
    struct rangeset *set;
    int rc;

    if (r->type >= NR_RANGE_TYPES || r->start > r->end || r->pad)
        return -EINVAL;
    s = server_lock(d, r->id);
    if (!s)
        return -ENOENT;
    set = &s->ranges[index_nospec(r->type, NR_RANGE_TYPES)];
    rc = map ? rangeset_add(set, r->start, r->end)
             : rangeset_remove(set, r->start, r->end);
    spin_unlock(&d->hvm->ioreq->lock);
    return rc;
}

int ioreq_set_state(struct domain *d, ioservid_t id, enum ioreq_state state)
{
    struct ioreq_server *s = server_lock(d, id);

    if (!s)
        return -ENOENT;
    if (state == IOREQ_GONE)
        server_remove(d, s);
    else
        WRITE_ONCE(s->state, state);
    spin_unlock(&d->hvm->ioreq->lock);
    return 0;
}

int ioreq_frame(struct domain *d, ioservid_t id, unsigned int i,
                struct page **pg)
{
    struct ioreq_server *s = server_lock(d, id);
    struct shared_frame *f;
    int rc;

    if (!s)
        return -ENOENT;
    f = &s->frame[index_nospec(i, NR_FRAMES)];
    rc = i == RING && !s->buf_port ? -ENOENT : f->va ? 0 : -ENOMEM;
    if (rc == -ENOMEM) { /* not made yet */
        struct shared_iopage *p = f->va = domain_special_page(d, &f->pg);

        if (p && i == SLOTS)
            for_vcpus (d, v)
                p->vcpu_ioreq[v->id].vp_eport = s->port[v->id];
        rc = p ? 0 : -ENOMEM;
    }
    *pg = f->pg;
    if (!rc)
        page_get(*pg); /* the server may go as soon as we let it go */
    spin_unlock(&d->hvm->ioreq->lock);
    return rc;
}

/* The server that claims all of a request, or NULL. Lock IOREQ held. */
static struct ioreq_server *select_server(struct ioreq_domain *io,
                                          const struct ioreq *r)
{
    uint64_t first = r->addr, last = first + r->size - 1;
    unsigned int type = XEN_DMOP_IO_RANGE_PORT;

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
    for (unsigned int i = 0; i < io->nr; i++) {
        struct ioreq_server *s = io->server[i];

        if (s && s->state == IOREQ_ENABLED &&
            rangeset_contains(&s->ranges[type], first, last))
            return s;
    }
    return NULL;
}

static bool fits_ring(const struct ioreq *r)
{
    /* Stores to the VGA window: many, and no answer is needed. */
    return r->type == IOREQ_TYPE_COPY && r->dir == IOREQ_WRITE &&
           !r->data_is_ptr && r->count == 1 && r->addr >= VGA_WINDOW &&
           r->addr < VGA_WINDOW + VGA_WINDOW_SIZE;
}

/* Into the ring; false when it is full or there is none. Lock IOREQ held. */
static bool send_buffered(struct domain *d, struct ioreq_server *s,
                          const struct ioreq *r)
{
    struct buffered_iopage *b = s->frame[RING].va;
    unsigned int slots = r->size == 8 ? 2 : 1;
    struct buf_ioreq e = { .type = r->type, .dir = IOREQ_WRITE,
                           .size = bit_lowest(r->size),
                           .addr = (uint32_t)r->addr & 0xfffff };
    uint32_t write;

    if (!b)
        return false;
    write = READ_ONCE(b->write_pointer);
    if (write - READ_ONCE(b->read_pointer) > IOREQ_BUFFER_SLOT_NUM - slots)
        return false;
    for (unsigned int i = 0; i < slots; i++) {
        e.data = (uint32_t)(r->data >> 32 * i);
        b->buf_ioreq[(write + i) % IOREQ_BUFFER_SLOT_NUM] = e;
    }
    store_release(&b->write_pointer, write + slots);
    (void)evtchn_send(d, s->buf_port, true);
    return true;
}

static enum io_rc wait_answer(struct vcpu *v, struct ioreq_server *s,
                              struct ioreq *slot, uint64_t *data)
{
    for (;;) {
        /* The state shares its byte with bits that only we write. */
        uint8_t state = READ_ONCE(*((uint8_t *)&slot->type - 1)) & 0xf;
        bool bound;

        if (state == STATE_IORESP_READY) {
            smp_rmb(); /* the state before the data */
            *data = READ_ONCE(slot->data);
            slot->state = STATE_IOREQ_NONE;
            return IO_DONE;
        }
        /* A server is gone before its ports are closed. */
        bound = evtchn_consumer_is_bound(v->domain, s->port[v->id]);
        if (READ_ONCE(s->state) == IOREQ_GONE)
            return IO_NONE;
        if (v->domain->dying != DOMAIN_ALIVE)
            return IO_RETRY;
        if (state != STATE_IOREQ_READY && state != STATE_IOREQ_INPROCESS) {
            domain_crash(v->domain, "the device model broke the request "
                         "protocol (slot state %u)", state);
            return IO_RETRY;
        }
        if (!bound) {
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
    struct ioreq_domain *io = d->hvm->ioreq;
    struct shared_iopage *sync = NULL;
    struct ioreq_server *s;
    struct ioreq *slot;
    enum io_rc rc = IO_NONE;

    note_config(io, r);
    spin_lock(&io->lock);
    s = select_server(io, r);
    if (s && fits_ring(r) && send_buffered(d, s, r))
        rc = IO_DONE;
    else if (s)
        sync = s->frame[SLOTS].va;
    if (sync)
        atomic_inc(&s->refs);
    spin_unlock(&io->lock);
    if (!sync)
        return rc;
    slot = &sync->vcpu_ioreq[v->id];
    domain_defer_shutdown(v, true);
    r->vp_eport = s->port[v->id];
    *slot = *r;
    smp_wmb(); /* the request before its state; pairs with the model's */
    slot->state = STATE_IOREQ_READY;
    (void)evtchn_send(d, r->vp_eport, true);
    rc = wait_answer(v, s, slot, &r->data);
    domain_defer_shutdown(v, false);
    server_put(d, s);
    return rc;
}

void ioreq_invalidate(struct domain *d)
{
    struct ioreq_domain *io = d->hvm->ioreq;
    struct ioreq r = { .type = IOREQ_TYPE_INVALIDATE, .size = 4, .count = 1,
                       .data = ~0ull };

    spin_lock(&io->lock);
    for (unsigned int i = 0; i < MAX_IOREQ_SERVERS; i++)
        if (io->server[i])
            (void)send_buffered(d, io->server[i], &r);
    spin_unlock(&io->lock);
}
