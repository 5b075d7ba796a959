/* sources: hvm/io/ioreq.c hvm/mem/p2m.c hvm/mem/peek.c hypervisor/lib/rangeset.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * I/O request servers against a device model that runs whenever the vCPU
 * parks: one that obeys the protocol, breaks it in each way, dies, destroys
 * its server while a vCPU waits, or asks for a domain that is on its way out.
 */
#include "hvm/io/ioreq.h"

#include "hypervisor/abi/hvm-op.h"
#include "hypervisor/abi/memory.h"
#include "hypervisor/core/evtchn.h"
#include "tests/unit/hvm-fakes.h"

TEST_PROGRAM;

static struct domain *g, *dm; /* the guest and its device model's domain */

/* --- Event channels: numbers that are bound or not. --- */

#define PORTS 64
static struct {
    struct vcpu *v;
    bool used, bound;
    unsigned int notified;
} port[PORTS];
static int fail_ports = -1;

/* What a device model asks for, by a vCPU of its domain. */
#define AS(of, call)                                                        \
    ({                                                                      \
        struct vcpu *was = current;                                         \
        int rc_;                                                            \
                                                                            \
        current = (of)->vcpu[0];                                            \
        rc_ = call;                                                         \
        current = was;                                                      \
        rc_;                                                                \
    })
#define ioreq_create(d, of, buf, id) AS(of, ioreq_create(d, buf, id))
#define ioreq_get_info(d, of, info) AS(of, ioreq_get_info(d, info))
#define ioreq_range(d, of, r, map) AS(of, ioreq_range(d, r, map))
#define ioreq_frame(d, of, id, i, pg) AS(of, ioreq_frame(d, id, i, pg))
#define ioreq_set_state(d, of, id, s) AS(of, ioreq_set_state(d, id, s))
#define ioreq_destroy(d, of, id) ioreq_set_state(d, of, id, IOREQ_GONE)

int evtchn_alloc_unbound(struct domain *d, domid_t remote,
                         struct vcpu *consumer, uint32_t *out)
{
    if (fail_ports >= 0 && fail_ports-- == 0)
        return -ENOSPC;
    for (uint32_t i = 1; i < PORTS; i++)
        if (!port[i].used) {
            port[i].v = consumer;
            port[i].used = port[i].bound = true;
            port[i].notified = 0;
            *out = i;
            return 0;
        }
    return -ENOSPC;
}

int evtchn_close(struct domain *d, uint32_t p, bool lodge)
{
    CHECK(p && p < PORTS && port[p].used && port[p].v->domain == d && lodge);
    port[p].used = port[p].bound = false;
    return 0;
}

static void (*between)(void); /* runs in the next look at a port */

bool evtchn_consumer_is_bound(struct domain *d, uint32_t p)
{
    void (*fn)(void) = between;

    between = NULL;
    if (fn)
        fn();
    return p < PORTS && port[p].bound;
}

int evtchn_send(struct domain *d, uint32_t p, bool lodge)
{
    CHECK(lodge);
    if (p < PORTS && port[p].bound)
        port[p].notified++;
    return 0;
}

static unsigned int ports_used(void)
{
    unsigned int n = 0;

    for (unsigned int i = 0; i < PORTS; i++)
        n += port[i].used;
    return n;
}

/* --- The device model. --- */

static struct shared_iopage *sync_page;
static struct buffered_iopage *buf_page;
static struct ioreq seen;       /* the last request, as it was READY */
static void (*on_park)(void);   /* what it does when the vCPU waits */
static unsigned int parks;
static ioservid_t server;

static struct ioreq *slot(void)
{
    return &sync_page->vcpu_ioreq[current->id];
}

void vcpu_park(void)
{
    if (fake_locks_held() || fake_windows() || ++parks > 50)
        abort();
    if (on_park)
        on_park();
}

static void answer(void)
{
    seen = *slot();
    slot()->state = STATE_IOREQ_INPROCESS;
    if (seen.dir == IOREQ_READ)
        slot()->data = 0x1122334455667788;
    slot()->state = STATE_IORESP_READY;
}

/* Wakes it without reason first. */
static void answer_late(void)
{
    static unsigned int n;

    if (n++ % 3 == 2)
        answer();
}

static void odd_state(void)
{
    slot()->state = STATE_IOREQ_NONE;
}

static void wild_state(void)
{
    slot()->state = 9;
}

static void dies(void)
{
    for (unsigned int i = 0; i < PORTS; i++)
        port[i].bound = false;
}

static void destroys(void)
{
    CHECK_EQ(ioreq_destroy(g, dm, server), 0);
}

/* The vCPU finds nothing gone yet, then all is, then asks for the port. */
static void destroys_meanwhile(void)
{
    between = destroys;
}

static void domain_dies(void)
{
    g->dying = DOMAIN_DYING;
}

/* --- Helpers. --- */

static enum io_rc access_port(uint16_t at, unsigned int size, bool write,
                              uint64_t *val)
{
    struct ioreq a = { .type = IOREQ_TYPE_PIO, .count = 1, .size = size,
                       .dir = write ? IOREQ_WRITE : IOREQ_READ,
                       .addr = at, .data = *val };
    enum io_rc rc;

    parks = 0;
    rc = ioreq_send(current, &a);
    *val = a.data;
    CHECK_EQ(fake_locks_held(), 0);
    CHECK_EQ(doms[1].defers[current->id], 0);
    return rc;
}

static int range(uint32_t type, uint64_t first, uint64_t last, bool map)
{
    struct xen_dm_op_ioreq_server_range r = {
        .id = server, .type = type, .start = first, .end = last,
    };

    return ioreq_range(g, dm, &r, map);
}

static struct page *frames[2];

/* A server with its pages, ports 0x100-0x10f, enabled. */
static void make(uint8_t buffered)
{
    struct page *pg;

    CHECK_EQ(ioreq_create(g, dm, buffered, &server), 0);
    CHECK_EQ(ioreq_frame(g, dm, server, 1, &pg), 0);
    frames[0] = pg;
    sync_page = fake_frame(page_to_mfn(pg));
    frames[1] = NULL;
    if (buffered) {
        CHECK_EQ(ioreq_frame(g, dm, server, 0, &pg), 0);
        frames[1] = pg;
        buf_page = fake_frame(page_to_mfn(pg));
    }
    CHECK_EQ(range(XEN_DMOP_IO_RANGE_PORT, 0x100, 0x10f, true), 0);
    CHECK_EQ(ioreq_set_state(g, dm, server, true), 0);
}

static void unmap_frames(void)
{
    for (unsigned int i = 0; i < 2; i++)
        if (frames[i])
            page_put(frames[i]);
}

static void drop(void)
{
    CHECK_EQ(ioreq_destroy(g, dm, server), 0);
    unmap_frames();
    CHECK_EQ(ports_used(), 0);
    CHECK_EQ(g->special_frames, 1);
}

/* --- Tests. --- */

static void obeys(void)
{
    uint64_t v = 0;

    make(HVM_IOREQSRV_BUFIOREQ_OFF);
    on_park = answer;
    CHECK_EQ(access_port(0x104, 2, false, &v), IO_DONE);
    CHECK_EQ(v, 0x1122334455667788);
    CHECK_EQ(seen.addr, 0x104);
    CHECK_EQ(seen.size, 2);
    CHECK_EQ(seen.dir, IOREQ_READ);
    CHECK_EQ(seen.state, STATE_IOREQ_READY);
    CHECK_EQ(seen.vp_eport, 1);
    CHECK_EQ(slot()->state, STATE_IOREQ_NONE);
    CHECK_EQ(port[1].notified, 1);
    v = 0xab;
    on_park = answer_late;
    CHECK_EQ(access_port(0x10f, 1, true, &v), IO_DONE);
    CHECK_EQ(seen.data, 0xab);
    CHECK_EQ(seen.dir, IOREQ_WRITE);
    /* Outside, across the end, another vCPU's slot, switched off. */
    CHECK_EQ(access_port(0x110, 1, true, &v), IO_NONE);
    CHECK_EQ(access_port(0x10f, 2, true, &v), IO_NONE);
    CHECK_EQ(access_port(0xffff, 4, true, &v), IO_NONE);
    fake_run_as(&doms[1].v[1]);
    on_park = answer;
    CHECK_EQ(access_port(0x100, 4, false, &v), IO_DONE);
    CHECK_EQ(seen.vp_eport, 2);
    fake_run_as(&doms[1].v[0]);
    CHECK_EQ(ioreq_set_state(g, dm, server, false), 0);
    CHECK_EQ(access_port(0x100, 4, false, &v), IO_NONE);
    CHECK_EQ(doms[1].crashes, 0);
    drop();
}

static void config_space(void)
{
    uint64_t v = 0x80001234;

    make(HVM_IOREQSRV_BUFIOREQ_OFF);
    CHECK_EQ(range(XEN_DMOP_IO_RANGE_PCI, 0x12, 0x12, true), 0);
    CHECK_EQ(range(XEN_DMOP_IO_RANGE_PORT, 0xcf8, 0xcff, true), 0);
    on_park = answer;
    CHECK_EQ(access_port(0xcf8, 4, true, &v), IO_DONE);
    CHECK_EQ(access_port(0xcfe, 2, false, &v), IO_DONE);
    CHECK_EQ(seen.type, IOREQ_TYPE_PCI_CONFIG);
    CHECK_EQ(seen.addr, 0x12ull << 32 | 0x36);
    v = 0x80005534; /* no such function */
    CHECK_EQ(access_port(0xcf8, 4, true, &v), IO_DONE);
    CHECK_EQ(access_port(0xcfc, 4, false, &v), IO_NONE);
    v = 0; /* not enabled: plain ports */
    CHECK_EQ(access_port(0xcf8, 4, true, &v), IO_DONE);
    CHECK_EQ(access_port(0xcfc, 4, false, &v), IO_DONE);
    CHECK_EQ(seen.type, IOREQ_TYPE_PIO);
    drop();
}

static void breaks_the_protocol(void)
{
    static void (*const ways[])(void) = { odd_state, wild_state, dies };
    uint64_t v = 0;

    for (unsigned int i = 0; i < ARRAY_SIZE(ways); i++) {
        make(HVM_IOREQSRV_BUFIOREQ_OFF);
        on_park = ways[i];
        doms[1].crashes = 0;
        CHECK_EQ(access_port(0x100, 1, false, &v), IO_RETRY);
        CHECK_EQ(doms[1].crashes, 1);
        drop();
    }
    make(HVM_IOREQSRV_BUFIOREQ_OFF);
    on_park = domain_dies;
    doms[1].crashes = 0;
    CHECK_EQ(access_port(0x100, 1, false, &v), IO_RETRY);
    CHECK_EQ(doms[1].crashes, 0);
    g->dying = DOMAIN_ALIVE;
    drop();
}

/* The server goes while a vCPU waits: the access reads as from nobody, and
 * the guest lives on. */
static void destroyed_while_waiting(void)
{
    static void (*const ways[])(void) = { destroys, destroys_meanwhile };
    uint64_t v = 0;

    for (unsigned int i = 0; i < ARRAY_SIZE(ways); i++) {
        make(HVM_IOREQSRV_BUFIOREQ_ATOMIC);
        doms[1].crashes = 0;
        on_park = ways[i];
        CHECK_EQ(access_port(0x100, 1, false, &v), IO_NONE);
        CHECK_EQ(doms[1].crashes, 0);
        CHECK_EQ(ports_used(), 0);
        unmap_frames();
        CHECK_EQ(g->special_frames, 1);
    }
}

/* What was asked for stays valid, whoever destroys the server meanwhile. */
static void frame_outlives_server(void)
{
    struct page *pg;

    CHECK_EQ(ioreq_create(g, dm, HVM_IOREQSRV_BUFIOREQ_OFF, &server), 0);
    CHECK_EQ(ioreq_frame(g, dm, server, 0, &pg), -ENOENT); /* no ring */
    CHECK_EQ(ioreq_frame(g, dm, server, 1, &pg), 0);
    CHECK_EQ(ioreq_destroy(g, dm, server), 0);
    CHECK_EQ(pg->state, PAGE_GUEST);
    CHECK_EQ(pg->count, 1);
    page_put(pg);
    CHECK_EQ(ioreq_frame(g, dm, server, 1, &pg), -ENOENT);
}

static void ring(void)
{
    struct ioreq a = { .type = IOREQ_TYPE_COPY, .dir = IOREQ_WRITE, .size = 4,
                       .count = 1, .addr = 0xa0010, .data = 0xdeadbeef };
    unsigned int sent = 0;

    make(HVM_IOREQSRV_BUFIOREQ_ATOMIC);
    CHECK_EQ(range(XEN_DMOP_IO_RANGE_MEMORY, 0xa0000, 0xbffff, true), 0);
    on_park = answer;
    CHECK_EQ(ioreq_send(current, &a), IO_DONE);
    CHECK_EQ(buf_page->write_pointer, 1);
    CHECK_EQ(buf_page->buf_ioreq[0].addr, 0xa0010);
    CHECK_EQ(buf_page->buf_ioreq[0].size, 2);
    CHECK_EQ(buf_page->buf_ioreq[0].data, 0xdeadbeef);
    a.size = 8;
    a.data = 0x0102030405060708;
    CHECK_EQ(ioreq_send(current, &a), IO_DONE);
    CHECK_EQ(buf_page->write_pointer, 3);
    CHECK_EQ(buf_page->buf_ioreq[2].data, 0x01020304);
    /* Until it is full: then each waits for its answer. */
    for (parks = 0; !parks && sent < 1000; sent++)
        CHECK_EQ(ioreq_send(current, &a), IO_DONE);
    CHECK_EQ(buf_page->write_pointer, IOREQ_BUFFER_SLOT_NUM);
    /* Pointers that the model made up: nothing is written out of bounds. */
    for (unsigned int i = 0; i < 2000; i++) {
        buf_page->read_pointer = fake_random(~0u);
        buf_page->write_pointer = fake_random(~0u);
        if (fake_random(2))
            buf_page->read_pointer = buf_page->write_pointer - 3;
        a.size = 1u << fake_random(4);
        parks = 0;
        CHECK_EQ(ioreq_send(current, &a), IO_DONE);
    }
    ioreq_invalidate(g);
    drop();
}

static void owners_and_limits(void)
{
    struct xen_dm_op_get_ioreq_server_info info = { .flags = 1 };
    struct domain *other = &doms[2].d;
    ioservid_t ids[8], extra;
    struct page *pg;

    for (unsigned int i = 0; i < 8; i++)
        CHECK_EQ(ioreq_create(g, dm, 0, &ids[i]), 0);
    CHECK_EQ(ioreq_create(g, dm, 0, &extra), -ENOSPC);
    CHECK_EQ(ports_used(), 8 * NR_VCPUS);
    server = ids[3];
    CHECK_EQ(ioreq_destroy(g, other, server), -ENOENT);
    CHECK_EQ(ioreq_set_state(g, other, server, true), -ENOENT);
    CHECK_EQ(ioreq_frame(g, other, server, 1, &pg), -ENOENT);
    CHECK_EQ(ioreq_frame(g, dm, 8, 1, &pg), -ENOENT);
    CHECK_EQ(ioreq_destroy(g, dm, 0xffff), -ENOENT);
    info.id = server;
    CHECK_EQ(ioreq_get_info(g, dm, &info), 0);
    info.flags = 0;
    CHECK_EQ(ioreq_get_info(g, dm, &info), -EOPNOTSUPP);
    CHECK_EQ(range(3, 0, 1, true), -EINVAL);
    CHECK_EQ(range(0, 5, 4, true), -EINVAL);
    CHECK_EQ(range(1, 0, ~0ull, true), 0);
    CHECK_EQ(range(1, 7, 7, true), -EEXIST);
    CHECK_EQ(range(0, 1, 1, false), -ENOENT);
    for (unsigned int i = 0; i < 8; i++)
        CHECK_EQ(ioreq_destroy(g, dm, ids[i]), 0);
    CHECK_EQ(ioreq_create(g, dm, 3, &extra), -EINVAL);
    for (int i = 0; i < 3; i++) {
        fail_ports = i;
        CHECK_EQ(ioreq_create(g, dm, 1, &extra), -ENOSPC);
        fail_ports = -1;
        fake_fail_after(0);
        CHECK_EQ(ioreq_create(g, dm, 1, &extra), -ENOMEM);
        fake_fail_after(-1);
    }
    CHECK_EQ(ioreq_create(g, dm, 2, &server), 0);
    fake_fail_after(0);
    CHECK_EQ(ioreq_frame(g, dm, server, 0, &pg), -ENOMEM);
    fake_fail_after(-1);
    CHECK_EQ(ioreq_destroy(g, dm, server), 0);
    CHECK_EQ(ports_used(), 0);
}

/* The domain's memory is being given back, in many steps; its device model
 * still talks about it. */
static void asked_while_torn_down(void)
{
    ioservid_t id;

    make(HVM_IOREQSRV_BUFIOREQ_ATOMIC);
    g->dying = DOMAIN_DYING;
    ioreq_domain_close(g);
    CHECK_EQ(ports_used(), 0);
    CHECK_EQ(ioreq_create(g, dm, 1, &id), -ESRCH);
    CHECK_EQ(ioreq_destroy(g, dm, server), -ENOENT);
    CHECK_EQ(range(0, 1, 2, true), -ENOENT);
    CHECK_EQ(ports_used(), 0);
    unmap_frames();
    ioreq_domain_close(g);
}

int main(void)
{
    static struct ioreq_domain io;
    unsigned int before = fake_allocs();

    fake_doms_create();
    g = &doms[1].d;
    dm = &doms[0].d;
    g->hvm->ioreq = &io;
    spin_lock_init(&io.lock, LOCK_IOREQ);
    obeys();
    config_space();
    breaks_the_protocol();
    destroyed_while_waiting();
    frame_outlives_server();
    ring();
    owners_and_limits();
    asked_while_torn_down();
    fake_doms_destroy();
    CHECK_EQ(fake_allocs(), before);
    return test_result();
}
