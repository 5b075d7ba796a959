/* sources: hypervisor/core/evtchn.c hypervisor/core/evtchn-pending.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Event channels in the FIFO layout. The guest's side of the protocol is
 * played here, as the ABI describes it: no event may be lost, and those of
 * one queue come in their order - also while sender and guest run at the
 * same time. Then a guest that writes rubbish into its pages meanwhile.
 */
/* The C library's function of this name is not the scheduler's. */
#define sched_yield host_sched_yield
#include <pthread.h>
#undef sched_yield
#include <unistd.h>

#include "hypervisor/core/evtchn.h"
#include "hypervisor/cpu/atomic.h"
#include "tests/unit/fake-domains.h"

TEST_PROGRAM;

#define PORTS 40         /* of the guest, domain 1; domain 0 sends */
#define ARRAY_GFN 8      /* first frame of the event array */
#define CONTROL_GFN 20   /* one for each vCPU */
#define CONTROL_OFFSET 128
#define LINK_MASK ((1u << EVTCHN_FIFO_LINK_BITS) - 1)

static struct domain *const guest = &doms[1].d;
static uint32_t send_port[PORTS]; /* domain 0's port to the guest's port */
static unsigned int sent[PORTS], seen[PORTS];
static unsigned int order_sent[PORTS], order_seen[NR_VCPUS][16];

static uint32_t *word_of(uint32_t port)
{
    return (uint32_t *)fake_frame(page_to_mfn(
               doms[1].ram[ARRAY_GFN + port / 1024])) + port % 1024;
}

static struct evtchn_fifo_control_block *control_of(unsigned int v)
{
    return (void *)((char *)fake_frame(page_to_mfn(
                        doms[1].ram[CONTROL_GFN + v])) + CONTROL_OFFSET);
}

/* --- The guest's side. --- */

static uint32_t local_head[NR_VCPUS][16];
static bool ordered = true;

static void handle(unsigned int v, unsigned int q, uint32_t port)
{
    unsigned int now, old = READ_ONCE(seen[port]);

    (void)atomic_fetch_and(word_of(port), ~(1u << EVTCHN_FIFO_PENDING));
    /* An event that moved may be handled on two vCPUs at once: the one that
     * comes later with an older count does not take anything back. */
    now = READ_ONCE(sent[port]);
    while (old < now && !atomic_cmpxchg(&seen[port], &old, now))
        ;
    if (ordered) {
        CHECK(order_sent[port] > order_seen[v][q]);
        order_seen[v][q] = order_sent[port];
    }
}

static void consume_one(unsigned int v, unsigned int q, uint32_t *ready)
{
    uint32_t port = local_head[v][q], w, next, *word;

    if (!port)
        port = READ_ONCE(control_of(v)->head[q]);
    if (port == 0 || port >= PORTS) {
        CHECK(port < PORTS);
        *ready &= ~(1u << q);
        return;
    }
    word = word_of(port);
    /* From here on it may be on a queue again, with another link. */
    next = atomic_fetch_and(word, ~(1u << EVTCHN_FIFO_LINKED | LINK_MASK)) &
           LINK_MASK;
    if (!next)
        *ready &= ~(1u << q);
    w = READ_ONCE(*word);
    if ((w & 1u << EVTCHN_FIFO_PENDING) && !(w & 1u << EVTCHN_FIFO_MASKED))
        handle(v, q, port);
    local_head[v][q] = next;
}

/* The upcall handler of one vCPU. */
static void upcall(unsigned int v)
{
    struct vcpu_info *info = &doms[1].shared_info.vcpu_info[v];
    uint32_t ready;

    while (atomic_xchg(&info->evtchn_upcall_pending, 0)) {
        ready = atomic_xchg(&control_of(v)->ready, 0);
        while (ready) {
            consume_one(v, bit_lowest(ready), &ready);
            ready |= atomic_xchg(&control_of(v)->ready, 0);
        }
    }
}

static void mask(uint32_t port)
{
    (void)atomic_fetch_or(word_of(port), 1u << EVTCHN_FIFO_MASKED);
}

static void unmask(uint32_t port)
{
    uint32_t *word = word_of(port), w = READ_ONCE(*word), old;

    do {
        while (w & 1u << EVTCHN_FIFO_BUSY) {
            usleep(0);
            w = READ_ONCE(*word);
        }
        old = w;
    } while (!atomic_cmpxchg(word, &w, old & ~(1u << EVTCHN_FIFO_MASKED)));
    if (old & 1u << EVTCHN_FIFO_PENDING)
        CHECK_EQ(evtchn_unmask(guest, port), 0);
}

/* --- Set up. --- */

static void init(unsigned int d)
{
    CHECK_EQ(evtchn_init(&doms[d].d), 0);
}

static void leave(unsigned int d)
{
    CHECK_EQ(evtchn_relinquish(&doms[d].d), 0);
    evtchn_exit(&doms[d].d);
}

static void create(bool with_array)
{
    uint8_t bits = 0;
    uint32_t p;

    fake_domains_create();
    memset(local_head, 0, sizeof(local_head));
    memset(sent, 0, sizeof(sent));
    memset(seen, 0, sizeof(seen));
    memset(order_seen, 0, sizeof(order_seen));
    for (unsigned int d = 0; d < NR_DOMS; d++)
        init(d);
    for (unsigned int v = 0; v < NR_VCPUS; v++) {
        CHECK_EQ(evtchn_init_control(&doms[1].v[v], CONTROL_GFN + v,
                                     CONTROL_OFFSET, &bits), 0);
        CHECK_EQ(bits, EVTCHN_FIFO_LINK_BITS);
    }
    if (with_array)
        CHECK_EQ(evtchn_expand_array(guest, ARRAY_GFN), 0);
    for (uint32_t i = 1; i < PORTS; i++) {
        CHECK_EQ(evtchn_alloc_unbound(guest, 0, NULL, &p), 0);
        CHECK_EQ(p, i);
        CHECK_EQ(evtchn_bind_vcpu(guest, i, i % NR_VCPUS), 0);
        CHECK_EQ(evtchn_bind_interdomain(&doms[0].d, guest, i,
                                         &send_port[i]), 0);
    }
}

static void destroy(void)
{
    for (unsigned int d = 0; d < NR_DOMS; d++) {
        doms[d].d.dying = DOMAIN_DYING;
        leave(d);
    }
    CHECK_EQ(fake_shared_maps(), 0);
    fake_domains_destroy();
    CHECK_EQ(fake_allocs(), 0);
}

/* --- One thing after the other. --- */

static void do_send(uint32_t port)
{
    static unsigned int seq;
    uint32_t w = *word_of(port);

    sent[port]++;
    /* Its place in the queue dates from when it was put there. */
    if (!(w & 1u << EVTCHN_FIFO_LINKED) &&
        !(w & 1u << EVTCHN_FIFO_MASKED))
        order_sent[port] = ++seq;
    CHECK_EQ(evtchn_send(&doms[0].d, send_port[port], false), 0);
}

static void test_order(void)
{
    uint32_t p;

    create(true);
    for (unsigned int i = 0; i < 60000; i++) {
        p = 1 + fake_random(PORTS - 1);
        switch (fake_random(12)) {
        case 0:
            upcall(fake_random(NR_VCPUS));
            break;
        case 1: /* only while it is on no queue, or it comes out of order */
            if (!(*word_of(p) & 1u << EVTCHN_FIFO_LINKED))
                CHECK_EQ(evtchn_set_priority(guest, p, fake_random(16)), 0);
            break;
        case 2:
            if (!(*word_of(p) & 1u << EVTCHN_FIFO_LINKED))
                CHECK_EQ(evtchn_bind_vcpu(guest, p, fake_random(NR_VCPUS)),
                         0);
            break;
        default:
            do_send(p);
            break;
        }
    }
    for (unsigned int v = 0; v < NR_VCPUS; v++)
        upcall(v);
    for (p = 1; p < PORTS; p++) {
        CHECK_EQ(seen[p], sent[p]);
        CHECK_EQ(*word_of(p), 0);
    }
    destroy();
}

/* The same with masks, and with moves between queues at any time: nothing
 * is lost, whatever the order. */
static void test_masks(void)
{
    uint32_t p;

    create(true);
    ordered = false;
    for (unsigned int i = 0; i < 60000; i++) {
        p = 1 + fake_random(PORTS - 1);
        switch (fake_random(16)) {
        case 0:
            upcall(fake_random(NR_VCPUS));
            break;
        case 1:
            CHECK_EQ(evtchn_set_priority(guest, p, fake_random(16)), 0);
            break;
        case 2:
            CHECK_EQ(evtchn_bind_vcpu(guest, p, fake_random(NR_VCPUS)), 0);
            break;
        case 3:
            mask(p);
            break;
        case 4:
        case 5:
            unmask(p);
            break;
        default:
            do_send(p);
            break;
        }
    }
    for (p = 1; p < PORTS; p++)
        unmask(p);
    for (unsigned int v = 0; v < NR_VCPUS; v++)
        upcall(v);
    for (p = 1; p < PORTS; p++) {
        CHECK_EQ(seen[p], sent[p]);
        CHECK_EQ(*word_of(p), 0);
    }
    ordered = true;
    destroy();
}

/* --- Both at once. --- */

/* Not bool: gcc-12 with -fsanitize=bool takes the volatile off its loads. */
static unsigned int stop;

static void *sender(void *arg)
{
    fake_set_cpu(1);
    for (unsigned int i = 0; i < 400000; i++) {
        uint32_t p = 1 + fake_random(PORTS - 1);

        atomic_inc(&sent[p]);
        CHECK_EQ(evtchn_send(&doms[0].d, send_port[p], false), 0);
        if (i % 64 == 0)
            (void)evtchn_set_priority(guest, p, fake_random(16));
        if (i % 64 == 1)
            (void)evtchn_bind_vcpu(guest, p, fake_random(NR_VCPUS));
    }
    WRITE_ONCE(stop, true);
    return NULL;
}

static void *receiver(void *arg)
{
    unsigned int v = (unsigned int)(uintptr_t)arg;
    uint32_t p;

    while (!READ_ONCE(stop)) {
        upcall(v);
        p = 1 + fake_random(PORTS - 1);
        if (p % NR_VCPUS != v)
            continue;
        mask(p);
        usleep(0);
        unmask(p);
    }
    return NULL;
}

static void test_threads(void)
{
    pthread_t s, r[NR_VCPUS];

    create(true);
    ordered = false;
    stop = false;
    pthread_create(&s, NULL, sender, NULL);
    for (uintptr_t v = 0; v < NR_VCPUS; v++)
        pthread_create(&r[v], NULL, receiver, (void *)v);
    pthread_join(s, NULL);
    for (unsigned int v = 0; v < NR_VCPUS; v++)
        pthread_join(r[v], NULL);
    for (unsigned int v = 0; v < NR_VCPUS; v++)
        upcall(v);
    for (uint32_t p = 1; p < PORTS; p++)
        CHECK_EQ(seen[p], sent[p]);
    ordered = true;
    destroy();
}

/* --- A guest that writes anything anywhere. --- */

static void scribble(void)
{
    uint32_t *page = fake_random(4) ? word_of(0)
                                    : (uint32_t *)control_of(
                                          fake_random(NR_VCPUS));
    uint32_t v = fake_random(2) ? fake_random(1 << 16) << 16
                                : fake_random(~0u);

    WRITE_ONCE(page[fake_random(PORTS / 2)], v);
}

static void *scribbler(void *arg)
{
    while (!READ_ONCE(stop))
        scribble();
    return NULL;
}

static void hostile_step(void)
{
    uint32_t p = 1 + fake_random(PORTS - 1), port;

    switch (fake_random(10)) {
    case 0:
        (void)evtchn_set_priority(guest, p, fake_random(20));
        break;
    case 1:
        (void)evtchn_bind_vcpu(guest, p, fake_random(NR_VCPUS));
        break;
    case 2:
        (void)evtchn_unmask(guest, p);
        break;
    case 3:
        (void)evtchn_is_pending(guest, p);
        break;
    case 4:
        if (fake_random(8))
            break;
        (void)evtchn_close(guest, p, false);
        CHECK_EQ(evtchn_close(&doms[0].d, send_port[p], false), 0);
        CHECK_EQ(evtchn_alloc_unbound(&doms[0].d, 1, NULL, &send_port[p]), 0);
        if (!evtchn_bind_interdomain(guest, &doms[0].d, send_port[p], &port))
            CHECK(port > 0);
        break;
    default:
        CHECK_EQ(evtchn_send(&doms[0].d, send_port[p], false), 0);
        break;
    }
}

static void test_hostile(void)
{
    pthread_t s;

    create(true);
    for (unsigned int i = 0; i < 100000; i++) {
        scribble();
        hostile_step();
    }
    stop = false;
    pthread_create(&s, NULL, scribbler, NULL);
    for (unsigned int i = 0; i < 100000; i++)
        hostile_step();
    WRITE_ONCE(stop, true);
    pthread_join(s, NULL);
    destroy();
}

/* --- Registration, limits, failures. --- */

static void test_control(void)
{
    struct vcpu *v = &doms[1].v[0];
    struct page *control, *array;
    uint32_t p;
    uint8_t bits;

    fake_domains_create();
    init(1);
    CHECK_EQ(evtchn_expand_array(guest, ARRAY_GFN), -EOPNOTSUPP);
    CHECK_EQ(evtchn_alloc_unbound(guest, 1, NULL, &p), 0);
    CHECK_EQ(evtchn_set_priority(guest, p, 1), -ENOSYS);

    CHECK_EQ(evtchn_init_control(v, 0, 4096 - 64, &bits), -EINVAL);
    CHECK_EQ(evtchn_init_control(v, 0, 12, &bits), -EINVAL);
    CHECK_EQ(evtchn_init_control(v, 0, ~0u, &bits), -EINVAL);
    CHECK_EQ(evtchn_init_control(v, NR_GFNS, 0, &bits), -EINVAL);
    doms[1].readonly[3] = true;
    CHECK_EQ(evtchn_init_control(v, 3, 0, &bits), -EINVAL);
    for (int n = 0; n < 2; n++) { /* one allocation after the other fails */
        fake_fail_after(n);
        CHECK_EQ(evtchn_init_control(v, 4, 0, &bits), -ENOMEM);
        fake_fail_after(-1);
        CHECK_EQ(doms[1].ram[4]->count, 1);
    }

    CHECK_EQ(evtchn_init_control(v, 4, 4096 - 72, &bits), 0);
    CHECK_EQ(evtchn_init_control(v, 5, 0, &bits), -EINVAL);
    CHECK_EQ(doms[1].ram[5]->count, 1);
    control = doms[1].ram[4];
    array = doms[1].ram[ARRAY_GFN];
    CHECK_EQ(control->count, 2);
    fake_fail_after(0);
    CHECK_EQ(evtchn_expand_array(guest, ARRAY_GFN), -ENOMEM);
    fake_fail_after(-1);
    CHECK_EQ(evtchn_expand_array(guest, NR_GFNS), -EINVAL);
    CHECK_EQ(evtchn_expand_array(guest, ARRAY_GFN), 0);
    CHECK_EQ(array->count, 2);
    CHECK_EQ(evtchn_set_priority(guest, p, 15), 0);
    CHECK_EQ(evtchn_set_priority(guest, p, 16), -EINVAL);
    CHECK_EQ(evtchn_set_priority(guest, 0, 1), -EACCES);
    CHECK_EQ(evtchn_set_priority(guest, 1000, 1), -EINVAL);

    /* A word still on a queue keeps its port from being used again. */
    *word_of(p) = 1u << EVTCHN_FIFO_LINKED | 1u << EVTCHN_FIFO_PENDING;
    CHECK_EQ(evtchn_close(guest, p, false), 0);
    CHECK_EQ(*word_of(p), 1u << EVTCHN_FIFO_LINKED);
    CHECK_EQ(evtchn_alloc_unbound(guest, 1, NULL, &p), 0);
    CHECK_EQ(p, 2);
    *word_of(1) = 0;
    CHECK_EQ(evtchn_alloc_unbound(guest, 1, NULL, &p), 0);
    CHECK_EQ(p, 1);

    for (unsigned int i = 1; i < EVTCHN_FIFO_NR_CHANNELS / 1024; i++)
        CHECK_EQ(evtchn_expand_array(guest, 30), 0);
    CHECK_EQ(evtchn_expand_array(guest, 30), -ENOSPC);
    CHECK_EQ(doms[1].ram[30]->count, EVTCHN_FIFO_NR_CHANNELS / 1024);

    /* Back to 2-level: the guest's pages are its own again. */
    CHECK_EQ(evtchn_reset(guest), 0);
    CHECK_EQ(control->count, 1);
    CHECK_EQ(array->count, 1);
    CHECK_EQ(doms[1].ram[30]->count, 1);
    CHECK_EQ(fake_shared_maps(), 0);
    CHECK_EQ(evtchn_expand_array(guest, ARRAY_GFN), -EOPNOTSUPP);
    CHECK_EQ(evtchn_init_control(v, 4, 0, &bits), 0);
    CHECK_EQ(evtchn_expand_array(guest, ARRAY_GFN), 0);
    leave(1);
    fake_domains_destroy();
    CHECK_EQ(fake_allocs(), 0);
}

/* Events from before the array is there, and from the 2-level layout. */
static void test_early(void)
{
    uint8_t bits;
    uint32_t p;

    create(false);
    for (p = 1; p < PORTS; p += 2)
        do_send(p);
    CHECK_EQ(evtchn_close(guest, 7, false), 0);
    CHECK_EQ(evtchn_is_pending(guest, 1), 0);
    CHECK_EQ(evtchn_expand_array(guest, ARRAY_GFN), 0);
    ordered = false;
    for (unsigned int v = 0; v < NR_VCPUS; v++)
        upcall(v);
    ordered = true;
    for (p = 1; p < PORTS; p++)
        CHECK_EQ(seen[p], p == 7 ? 0 : p % 2);
    destroy();

    fake_domains_create();
    init(1);
    CHECK_EQ(evtchn_bind_ipi(guest, 1, &p), 0);
    CHECK_EQ(evtchn_send(guest, p, false), 0);
    CHECK_EQ(evtchn_init_control(&doms[1].v[0], CONTROL_GFN, 128, &bits), 0);
    CHECK_EQ(evtchn_init_control(&doms[1].v[1], CONTROL_GFN + 1, 128, &bits),
             0);
    doms[1].shared_info.vcpu_info[1].evtchn_upcall_pending = 0;
    CHECK_EQ(evtchn_expand_array(guest, ARRAY_GFN), 0);
    CHECK_EQ(doms[1].shared_info.vcpu_info[1].evtchn_upcall_pending, 1);
    CHECK_EQ(control_of(1)->ready, 1u << EVTCHN_FIFO_PRIORITY_DEFAULT);
    CHECK_EQ(control_of(1)->head[EVTCHN_FIFO_PRIORITY_DEFAULT], p);
    CHECK_EQ(*word_of(p), 1u << EVTCHN_FIFO_PENDING |
                          1u << EVTCHN_FIFO_LINKED);
    /* A word past the end of the array is not the first one. */
    for (uint32_t n = p + 1; n < 1100; n++)
        CHECK_EQ(evtchn_bind_ipi(guest, 1, &p), 0);
    CHECK_EQ(evtchn_send(guest, p, false), 0);
    CHECK_EQ(*word_of(0), 0);
    CHECK_EQ(evtchn_is_pending(guest, p), 0);
    CHECK_EQ(evtchn_unmask(guest, p), 0);
    CHECK_EQ(evtchn_expand_array(guest, ARRAY_GFN + 1), 0);
    CHECK_EQ(evtchn_is_pending(guest, p), 1);
    CHECK_EQ(*((uint32_t *)fake_frame(page_to_mfn(
                   doms[1].ram[ARRAY_GFN + 1])) + p % 1024) >> 16,
             0xa000);
    /* A vCPU without a control block gets nothing, and harms nobody. */
    CHECK_EQ(evtchn_bind_ipi(guest, 2, &p), 0);
    CHECK_EQ(evtchn_send(guest, p, false), 0);
    CHECK_EQ(*word_of(p), 0);
    leave(1);
    fake_domains_destroy();
    CHECK_EQ(fake_allocs(), 0);
}

int main(void)
{
    test_control();
    test_early();
    test_order();
    test_masks();
    test_hostile();
    test_threads();
    return test_result();
}
