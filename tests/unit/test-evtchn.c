/* sources: hypervisor/core/evtchn.c hypervisor/core/evtchn-pending.c hypervisor/hypercall/event-op.c hypervisor/hypercall/subop.c hypervisor/core/access.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Event channels in the 2-level layout: random operations by three domains,
 * one of them in 32-bit mode, against a plain model; then limits, failures,
 * polling, virtual IRQ handlers, tear-down; the decoding of the hypercall;
 * then all at once from threads.
 */
/* The C library's function of this name is not the scheduler's. */
#define sched_yield host_sched_yield
#include <pthread.h>
#undef sched_yield

#include "hvm/mem/guest-copy.h"
#include "hypervisor/abi/compat.h"
#include "hypervisor/core/evtchn.h"
#include "hypervisor/cpu/atomic.h"
#include "hypervisor/hypercall/calls.h"
#include "tests/unit/fake-domains.h"

TEST_PROGRAM;

#define PORTS 300

enum state { FREE, UNBOUND, INTER, VIRQ, IPI };

static struct model {
    struct mport {
        enum state state;
        bool consumer;
        unsigned int vcpu, rdom, rport, virq;
    } port[PORTS];
    bool pending[PORTS], mask[PORTS];
    uint64_t sel[NR_VCPUS];
    bool flag[NR_VCPUS];
    unsigned int upcalls[NR_VCPUS], consumed[NR_VCPUS];
    uint32_t virq[NR_VCPUS][NR_VIRQS];
    unsigned int limit;
} model[NR_DOMS];

/* --- The model. --- */

static bool is_global(unsigned int virq)
{
    return virq != VIRQ_TIMER && virq != VIRQ_DEBUG &&
           virq != VIRQ_XENOPROF && virq != VIRQ_XENPMU;
}

static unsigned int m_alloc(struct model *m)
{
    for (unsigned int p = 1; p < m->limit; p++)
        if (m->port[p].state == FREE)
            return p;
    return 0;
}

static void m_deliver(unsigned int d, unsigned int p)
{
    struct model *m = &model[d];
    unsigned int v = m->port[p].vcpu, w = p / (doms[d].compat ? 32 : 64);

    if (m->pending[p])
        return;
    m->pending[p] = true;
    if (m->mask[p] || (m->sel[v] >> w & 1))
        return;
    m->sel[v] |= 1ull << w;
    m->upcalls[v] += !m->flag[v];
    m->flag[v] = true;
}

static int m_send(unsigned int d, unsigned int p)
{
    struct mport *mp = &model[d].port[p], *peer;

    if (p >= PORTS || mp->consumer)
        return -EINVAL;
    switch (mp->state) {
    case INTER:
        peer = &model[mp->rdom].port[mp->rport];
        if (peer->consumer)
            model[mp->rdom].consumed[peer->vcpu]++;
        else
            m_deliver(mp->rdom, mp->rport);
        return 0;
    case IPI:
        m_deliver(d, p);
        return 0;
    case UNBOUND:
        return 0;
    default:
        return -EINVAL;
    }
}

static int m_close(unsigned int d, unsigned int p, bool lodge)
{
    struct model *m = &model[d];
    struct mport *mp = &m->port[p];

    if (p >= PORTS || mp->state == FREE || (mp->consumer && !lodge))
        return -EINVAL;
    if (mp->state == VIRQ)
        m->virq[is_global(mp->virq) ? 0 : mp->vcpu][mp->virq] = 0;
    if (mp->state == INTER) {
        struct mport *peer = &model[mp->rdom].port[mp->rport];

        if (peer->consumer) /* told that nobody answers any more */
            model[mp->rdom].consumed[peer->vcpu]++;
        peer->state = UNBOUND;
        peer->rdom = d;
    }
    m->pending[p] = mp->consumer ? m->pending[p] : false;
    *mp = (struct mport){ 0 };
    return 0;
}

/* --- Comparing. --- */

static bool is_set(const void *map, unsigned int bit)
{
    return ((const uint8_t *)map)[bit / 8] >> (bit % 8) & 1;
}

static void compare_port(unsigned int d, unsigned int p)
{
    static const uint32_t status[] = {
        EVTCHNSTAT_closed, EVTCHNSTAT_unbound, EVTCHNSTAT_interdomain,
        EVTCHNSTAT_virq, EVTCHNSTAT_ipi
    };
    struct mport *mp = &model[d].port[p];
    struct evtchn_status st = { .port = p };
    int rc = evtchn_status(&doms[d].d, &st);

    if (rc) { /* not in the table yet */
        CHECK_EQ(rc, -EINVAL);
        CHECK_EQ(mp->state, FREE);
        return;
    }
    CHECK_EQ(st.status, status[mp->state]);
    CHECK_EQ(st.vcpu, mp->vcpu);
    if (mp->state == UNBOUND)
        CHECK_EQ(st.u.unbound.dom, mp->rdom);
    if (mp->state == INTER) {
        CHECK_EQ(st.u.interdomain.dom, mp->rdom);
        CHECK_EQ(st.u.interdomain.port, mp->rport);
    }
    if (mp->state == VIRQ)
        CHECK_EQ(st.u.virq, mp->virq);
    if (mp->consumer)
        CHECK_EQ(evtchn_consumer_is_bound(&doms[d].d, p), mp->state == INTER);
    CHECK_EQ(evtchn_is_pending(&doms[d].d, p),
             mp->state != FREE && !mp->consumer && model[d].pending[p]);
}

static void compare(void)
{
    for (unsigned int d = 0; d < NR_DOMS; d++) {
        const struct shared_info *s = &doms[d].shared_info;
        const struct compat_shared_info *c = (const void *)s;
        const void *pending = doms[d].compat ? (void *)c->evtchn_pending
                                             : (void *)s->evtchn_pending;

        for (unsigned int p = 0; p < model[d].limit && p < PORTS; p++) {
            compare_port(d, p);
            CHECK_EQ(is_set(pending, p), model[d].pending[p]);
        }
        for (unsigned int v = 0; v < NR_VCPUS; v++) {
            CHECK_EQ(doms[d].compat ? c->vcpu_info[v].evtchn_pending_sel
                                    : s->vcpu_info[v].evtchn_pending_sel,
                     model[d].sel[v]);
            CHECK_EQ(s->vcpu_info[v].evtchn_upcall_pending, model[d].flag[v]);
            CHECK_EQ(doms[d].upcalls[v], model[d].upcalls[v]);
            CHECK_EQ(doms[d].unparks[v], model[d].consumed[v]);
        }
    }
}

/* --- Random operations. --- */

static void set_mask(unsigned int d, unsigned int p, bool on)
{
    struct shared_info *s = &doms[d].shared_info;
    uint8_t *map = doms[d].compat
                       ? (uint8_t *)((struct compat_shared_info *)s)
                             ->evtchn_mask
                       : (uint8_t *)s->evtchn_mask;

    model[d].mask[p] = on;
    map[p / 8] = (uint8_t)((map[p / 8] & ~(1u << p % 8)) | on << p % 8);
}

static void clear_events(unsigned int d, unsigned int v)
{
    struct vcpu_info *info = &doms[d].shared_info.vcpu_info[v];

    info->evtchn_upcall_pending = 0;
    if (doms[d].compat)
        ((struct compat_vcpu_info *)info)->evtchn_pending_sel = 0;
    else
        info->evtchn_pending_sel = 0;
    model[d].flag[v] = false;
    model[d].sel[v] = 0;
    for (unsigned int p = 0; p < PORTS; p++)
        if (model[d].pending[p] && model[d].port[p].vcpu == v &&
            fake_random(2)) {
            ((uint8_t *)doms[d].shared_info.evtchn_pending)[p / 8] &=
                (uint8_t)~(1u << p % 8);
            model[d].pending[p] = false;
        }
}

static void check_alloc(unsigned int d, int rc, uint32_t port,
                        struct mport mp)
{
    unsigned int want = m_alloc(&model[d]);

    CHECK_EQ(rc, want ? 0 : -ENOSPC);
    if (rc || !want)
        return;
    CHECK_EQ(port, want);
    model[d].port[want] = mp;
}

static void bind_step(unsigned int d, unsigned int op, unsigned int n)
{
    struct domain *dom = &doms[d].d;
    unsigned int r = fake_random(NR_DOMS), v = fake_random(NR_VCPUS + 1);
    struct mport *mp = &model[r].port[n];
    uint32_t port = 0, virq = fake_random(NR_VIRQS + 1);
    bool global = is_global(virq);
    unsigned int want;
    int rc;

    switch (op) {
    case 0:
        rc = evtchn_alloc_unbound(dom, (domid_t)r, NULL, &port);
        check_alloc(d, rc, port,
                    (struct mport){ .state = UNBOUND, .rdom = r });
        break;
    case 1:
        want = m_alloc(&model[d]);
        rc = evtchn_bind_interdomain(dom, &doms[r].d, n, &port);
        if (!want) {
            CHECK_EQ(rc, -ENOSPC);
        } else if (mp->state != UNBOUND || mp->rdom != d) {
            CHECK_EQ(rc, -EINVAL);
        } else {
            mp->state = INTER;
            mp->rdom = d;
            mp->rport = want;
            check_alloc(d, rc, port, (struct mport){
                .state = INTER, .rdom = r, .rport = n });
            m_deliver(d, want);
        }
        break;
    case 2:
        rc = evtchn_bind_virq(dom, virq, v, &port);
        if (virq >= NR_VIRQS || (global && v))
            CHECK_EQ(rc, -EINVAL);
        else if (v >= NR_VCPUS)
            CHECK_EQ(rc, -ENOENT);
        else if (model[d].virq[v][virq])
            CHECK_EQ(rc, -EEXIST);
        else {
            check_alloc(d, rc, port, (struct mport){
                .state = VIRQ, .virq = virq, .vcpu = v });
            if (!rc)
                model[d].virq[v][virq] = port;
        }
        break;
    case 3:
        rc = evtchn_bind_ipi(dom, v, &port);
        if (v >= NR_VCPUS)
            CHECK_EQ(rc, -ENOENT);
        else
            check_alloc(d, rc, port,
                        (struct mport){ .state = IPI, .vcpu = v });
        break;
    default:
        if (v >= NR_VCPUS)
            break;
        rc = evtchn_alloc_unbound(&doms[d].d, (domid_t)r, &doms[d].v[v], &port);
        check_alloc(d, rc, port,
                    (struct mport){ .state = UNBOUND, .rdom = r, .vcpu = v,
                                    .consumer = true });
        break;
    }
}

static void rebind(unsigned int d, unsigned int n, unsigned int v)
{
    struct mport *mp = &model[d].port[n];
    bool movable = mp->state == UNBOUND || mp->state == INTER ||
                   (mp->state == VIRQ && is_global(mp->virq));
    int rc = evtchn_bind_vcpu(&doms[d].d, n, v);

    if (v >= NR_VCPUS) {
        CHECK_EQ(rc, -ENOENT);
    } else if (!movable || mp->consumer) {
        CHECK_EQ(rc, -EINVAL);
    } else {
        CHECK_EQ(rc, 0);
        mp->vcpu = v;
    }
}

static void unmask(unsigned int d, unsigned int n)
{
    struct model *m = &model[d];
    struct mport *mp = &m->port[n];
    bool was = m->mask[n];

    if (evtchn_unmask(&doms[d].d, n)) {
        CHECK_EQ(mp->state, FREE);
        return;
    }
    if (mp->state == FREE || mp->consumer || !was)
        return;
    m->mask[n] = false;
    if (m->pending[n]) {
        m->pending[n] = false;
        m_deliver(d, n);
    }
}

static void raise_virq(unsigned int d, unsigned int v, unsigned int virq)
{
    uint32_t p = model[d].virq[is_global(virq) ? 0 : v][virq];

    evtchn_raise_virq(&doms[d].v[v], virq);
    if (p)
        m_deliver(d, p);
}

static void step(void)
{
    unsigned int d = fake_random(NR_DOMS), n = fake_random(PORTS);
    unsigned int v = fake_random(NR_VCPUS), op = fake_random(20);

    if (fake_random(2)) /* rather a port that is in use */
        n = fake_random(12);
    if (n >= model[d].limit)
        n %= model[d].limit;
    if (op < 5) {
        bind_step(d, op, n);
    } else if (op == 5) {
        CHECK_EQ(evtchn_close(&doms[d].d, n, false), m_close(d, n, false));
    } else if (op == 6 && model[d].port[n].consumer) {
        (void)evtchn_close(&doms[d].d, n, true);
        m_close(d, n, true);
    } else if (op == 7) {
        rebind(d, n, fake_random(NR_VCPUS + 1));
    } else if (op == 8) {
        unmask(d, n);
    } else if (op == 9) {
        set_mask(d, n, fake_random(2));
    } else if (op == 10) {
        clear_events(d, v);
    } else if (op == 11) {
        raise_virq(d, v, fake_random(NR_VIRQS));
    } else if (op == 12 && model[d].port[n].consumer) {
        (void)evtchn_send(&doms[d].d, n, true);
        if (model[d].port[n].state == INTER)
            m_deliver(model[d].port[n].rdom, model[d].port[n].rport);
    } else if (op == 13 && !fake_random(500)) {
        CHECK_EQ(evtchn_reset(&doms[d].d), 0);
        for (unsigned int p = 1; p < PORTS; p++)
            (void)m_close(d, p, false);
    } else {
        CHECK_EQ(evtchn_send(&doms[d].d, n, false), m_send(d, n));
    }
}

static void create(void)
{
    static const unsigned int limits[NR_DOMS] = { PORTS - 1, 150, 9 };

    fake_domains_create();
    memset(model, 0, sizeof(model));
    for (unsigned int d = 0; d < NR_DOMS; d++) {
        doms[d].d.config.max_evtchn_port = limits[d];
        model[d].limit = limits[d] + 1;
        CHECK_EQ(evtchn_init(&doms[d].d), 0);
    }
}

static void destroy(void)
{
    for (unsigned int d = 0; d < NR_DOMS; d++) {
        doms[d].d.dying = DOMAIN_DYING;
        CHECK_EQ(evtchn_relinquish(&doms[d].d), 0);
    }
    for (unsigned int d = 0; d < NR_DOMS; d++) {
        for (unsigned int v = 0; v < NR_VCPUS; v++)
            for (unsigned int q = 0; q < NR_VIRQS; q++)
                CHECK_EQ(doms[d].v[v].virq_port[q], 0);
        evtchn_exit(&doms[d].d);
    }
    fake_domains_destroy();
    CHECK_EQ(fake_allocs(), 0);
}

static void test_model(bool compat)
{
    create();
    doms[1].compat = compat;
    for (unsigned int i = 0; i < 60000; i++) {
        step();
        if (i % 64 == 0)
            compare();
    }
    compare();
    destroy();
}

static void test_limits(void)
{
    uint32_t port;
    struct evtchn_status st = { .port = 0 };

    fake_domains_create();
    fake_fail_after(1);
    CHECK_EQ(evtchn_init(&doms[0].d), -ENOMEM);
    fake_fail_after(-1);
    evtchn_exit(&doms[0].d); /* half built */
    CHECK(!doms[0].d.evtchn);
    evtchn_exit(&doms[0].d); /* nothing to do */
    fake_domains_destroy();

    create();
    CHECK_EQ(evtchn_close(&doms[0].d, 0, false), -EINVAL); /* reserved */
    CHECK_EQ(evtchn_send(&doms[0].d, 0, false), -EINVAL);
    CHECK_EQ(evtchn_send(&doms[0].d, ~0u, false), -EINVAL);
    CHECK_EQ(evtchn_set_priority(&doms[0].d, 0, 1), -ENOSYS);
    CHECK_EQ(evtchn_status(&doms[0].d, &st), 0);
    CHECK_EQ(st.status, EVTCHNSTAT_closed);
    /* The second bucket cannot be had. */
    for (unsigned int i = 1; i < 128; i++)
        CHECK_EQ(evtchn_alloc_unbound(&doms[0].d, 1, NULL, &port), 0);
    fake_fail_after(0);
    CHECK_EQ(evtchn_alloc_unbound(&doms[0].d, 1, NULL, &port), -ENOMEM);
    fake_fail_after(-1);
    CHECK_EQ(evtchn_alloc_unbound(&doms[0].d, 1, NULL, &port), 0);
    CHECK_EQ(port, 128);
    /* A dying domain gets no more ports, nor does its peer through it. */
    doms[0].d.dying = DOMAIN_DYING;
    CHECK_EQ(evtchn_alloc_unbound(&doms[0].d, 1, NULL, &port), -EINVAL);
    destroy();

    /* The layout's own limit, without one from the toolstack. */
    create();
    evtchn_exit(&doms[0].d);
    doms[0].d.config.max_evtchn_port = ~0u;
    CHECK_EQ(evtchn_init(&doms[0].d), 0);
    for (unsigned int i = 1; i < 4096; i++)
        CHECK_EQ(evtchn_alloc_unbound(&doms[0].d, 1, NULL, &port), 0);
    CHECK_EQ(port, 4095);
    CHECK_EQ(evtchn_alloc_unbound(&doms[0].d, 1, NULL, &port), -ENOSPC);
    /* In 32-bit mode, ports past the 1024th are out of the layout. */
    doms[0].compat = true;
    CHECK_EQ(evtchn_bind_interdomain(&doms[1].d, &doms[0].d, 4095, &port), 0);
    CHECK_EQ(evtchn_send(&doms[1].d, port, false), 0);
    CHECK_EQ(evtchn_is_pending(&doms[0].d, 4095), 0);
    doms[0].compat = false;
    CHECK_EQ(evtchn_is_pending(&doms[0].d, 4095), 0);
    destroy();
}

static void test_poll(void)
{
    struct vcpu *v = &doms[1].v[1];
    uint32_t a, b;

    create();
    CHECK_EQ(evtchn_bind_ipi(&doms[1].d, 0, &a), 0);
    CHECK_EQ(evtchn_bind_ipi(&doms[1].d, 0, &b), 0);
    evtchn_poll_start(v, a);
    CHECK_EQ(evtchn_is_pending(&doms[1].d, a), 0);
    CHECK_EQ(evtchn_send(&doms[1].d, b, false), 0);
    CHECK_EQ(doms[1].unparks[1], 0);
    CHECK_EQ(evtchn_send(&doms[1].d, a, false), 0);
    CHECK_EQ(doms[1].unparks[1], 1);
    CHECK(evtchn_poll_end(v));
    CHECK_EQ(v->poll_port, 0);
    evtchn_poll_start(v, EVTCHN_POLL_ANY);
    CHECK_EQ(evtchn_send(&doms[1].d, a, false), 0); /* pending already */
    CHECK_EQ(doms[1].unparks[1], 1);
    CHECK(!evtchn_poll_end(v));
    memset(doms[1].shared_info.evtchn_pending, 0, 8);
    evtchn_poll_start(v, EVTCHN_POLL_ANY);
    CHECK_EQ(evtchn_send(&doms[1].d, b, false), 0);
    CHECK_EQ(doms[1].unparks[1], 2);
    CHECK(evtchn_poll_end(v));
    memset(doms[1].shared_info.evtchn_pending, 0, 8);
    CHECK_EQ(evtchn_send(&doms[1].d, b, false), 0); /* nobody polls any more */
    CHECK_EQ(doms[1].unparks[1], 2);
    destroy();
}

static void test_virq_handlers(void)
{
    uint32_t a, b;

    create();
    send_global_virq(VIRQ_CONSOLE); /* to nobody */
    CHECK_EQ(evtchn_bind_virq(&doms[0].d, VIRQ_CONSOLE, 0, &a), 0);
    CHECK_EQ(evtchn_bind_virq(&doms[1].d, VIRQ_CONSOLE, 0, &b), 0);
    send_global_virq(VIRQ_CONSOLE);
    CHECK_EQ(evtchn_is_pending(&doms[0].d, a), 1);
    CHECK_EQ(evtchn_is_pending(&doms[1].d, b), 0);
    CHECK_EQ(evtchn_set_virq_handler(&doms[1].d, VIRQ_TIMER), -EINVAL);
    CHECK_EQ(evtchn_set_virq_handler(&doms[1].d, NR_VIRQS), -EINVAL);
    CHECK_EQ(evtchn_set_virq_handler(&doms[1].d, VIRQ_CONSOLE), 0);
    CHECK_EQ(evtchn_set_virq_handler(&doms[1].d, VIRQ_CONSOLE), 0);
    send_global_virq(VIRQ_CONSOLE);
    CHECK_EQ(evtchn_is_pending(&doms[1].d, b), 1);
    doms[1].d.dying = DOMAIN_DYING;
    CHECK_EQ(evtchn_set_virq_handler(&doms[1].d, VIRQ_ENOMEM), -EINVAL);
    CHECK_EQ(evtchn_relinquish(&doms[1].d), 0);
    memset(&doms[0].shared_info, 0, sizeof(struct shared_info));
    send_global_virq(VIRQ_CONSOLE); /* dom0's again */
    CHECK_EQ(evtchn_is_pending(&doms[0].d, a), 1);
    destroy();
}

static void test_restart(void)
{
    unsigned int restarts = 0;
    uint32_t port;
    int rc;

    create();
    for (unsigned int i = 1; i < 250; i++)
        CHECK_EQ(evtchn_alloc_unbound(&doms[0].d, 1, NULL, &port), 0);
    fake_preempt = true;
    while ((rc = evtchn_reset(&doms[0].d)) == -ERESTART)
        restarts++;
    CHECK_EQ(rc, 0);
    CHECK_EQ(restarts, 4);
    CHECK_EQ(evtchn_alloc_unbound(&doms[0].d, 1, NULL, &port), 0);
    CHECK_EQ(port, 1);
    /* vcpu_info moved: everything is shown as pending. */
    evtchn_info_moved(&doms[0].v[2]);
    CHECK_EQ(doms[0].shared_info.vcpu_info[2].evtchn_pending_sel, ~0ull);
    CHECK_EQ(doms[0].upcalls[2], 1);
    doms[1].compat = true;
    evtchn_info_moved(&doms[1].v[0]);
    CHECK_EQ(((struct compat_shared_info *)&doms[1].shared_info)
                 ->vcpu_info[0].evtchn_pending_sel, ~0u);
    fake_preempt = false;
    destroy();
}

/* --- The hypercall. --- */

#define CALLER_MEMORY 64
#include "tests/unit/caller-memory.h"

/* Calls as vCPU 0 of domain d, with the argument at the start of memory. */
static long call(unsigned int d, int cmd)
{
    this_cpu(current_vcpu) = &doms[d].v[0];
    return do_event_channel_op(cmd, guest_ptr_make(void, 0));
}

static void test_hypercall(void)
{
    struct evtchn_alloc_unbound *alloc = (void *)memory;
    struct evtchn_bind_interdomain *bind = (void *)memory;
    struct evtchn_status *st = (void *)memory;
    struct evtchn_reset *reset = (void *)memory;
    struct evtchn_init_control *control = (void *)memory;
    struct evtchn_send *send = (void *)memory;

    create();
    *alloc = (struct evtchn_alloc_unbound){ DOMID_SELF, DOMID_SELF, 0 };
    CHECK_EQ(call(1, EVTCHNOP_alloc_unbound), 0);
    CHECK_EQ(alloc->port, 1);
    *st = (struct evtchn_status){ .dom = DOMID_SELF, .port = 1 };
    CHECK_EQ(call(1, EVTCHNOP_status), 0);
    CHECK_EQ(st->status, EVTCHNSTAT_unbound);
    CHECK_EQ(st->u.unbound.dom, 1);
    st->dom = 1;
    CHECK_EQ(call(2, EVTCHNOP_status), -EPERM);
    CHECK_EQ(call(0, EVTCHNOP_status), 0);
    st->dom = 77;
    CHECK_EQ(call(0, EVTCHNOP_status), -ESRCH);

    /* Domain 0 and device models may allocate for others. */
    *alloc = (struct evtchn_alloc_unbound){ 1, 2, 0 };
    CHECK_EQ(call(2, EVTCHNOP_alloc_unbound), -EPERM);
    CHECK_EQ(call(0, EVTCHNOP_alloc_unbound), 0);
    CHECK_EQ(alloc->port, 2);
    doms[2].d.target = &doms[1].d;
    CHECK_EQ(call(2, EVTCHNOP_alloc_unbound), 0);
    CHECK_EQ(alloc->port, 3);
    doms[2].d.target = NULL;
    *bind = (struct evtchn_bind_interdomain){ 1, 3, 0 };
    CHECK_EQ(call(0, EVTCHNOP_bind_interdomain), -EINVAL);
    CHECK_EQ(call(2, EVTCHNOP_bind_interdomain), 0);
    CHECK_EQ(bind->local_port, 1);
    bind->remote_dom = 99;
    CHECK_EQ(call(2, EVTCHNOP_bind_interdomain), -ESRCH);
    send->port = 1;
    CHECK_EQ(call(2, EVTCHNOP_send), 0);
    CHECK_EQ(evtchn_is_pending(&doms[1].d, 3), 1);
    send->port = 1000;
    CHECK_EQ(call(2, EVTCHNOP_send), -EINVAL);

    /* An answer that cannot be written leaves what was done. */
    *alloc = (struct evtchn_alloc_unbound){ DOMID_SELF, 0, 0 };
    unwritable = true;
    CHECK_EQ(call(1, EVTCHNOP_alloc_unbound), -EFAULT);
    unwritable = false;
    *st = (struct evtchn_status){ .dom = DOMID_SELF, .port = 4 };
    CHECK_EQ(call(1, EVTCHNOP_status), 0);
    CHECK_EQ(st->status, EVTCHNSTAT_unbound);
    CHECK_EQ(do_event_channel_op(EVTCHNOP_send, guest_ptr_make(void, 63)),
             -EFAULT);
    CHECK_EQ(do_event_channel_op(EVTCHNOP_close, guest_ptr_make(void, ~0ull)),
             -EFAULT);

    *control = (struct evtchn_init_control){ .vcpu = NR_VCPUS };
    CHECK_EQ(call(1, EVTCHNOP_init_control), -ENOENT);
    control->vcpu = ~0u;
    CHECK_EQ(call(1, EVTCHNOP_init_control), -ENOENT);
    control->vcpu = NR_VCPUS - 1;
    CHECK_EQ(call(1, EVTCHNOP_init_control), 0);
    CHECK_EQ(control->link_bits, EVTCHN_FIFO_LINK_BITS);

    *reset = (struct evtchn_reset){ .dom = 1 };
    CHECK_EQ(call(2, EVTCHNOP_reset), -EPERM);
    CHECK_EQ(call(0, EVTCHNOP_reset), -EINVAL); /* it may be running */
    doms[1].d.paused_by_control = true;
    CHECK_EQ(call(0, EVTCHNOP_reset), 0);
    CHECK_EQ(fake_shared_maps(), 0);
    CHECK_EQ(call(0, EVTCHNOP_set_priority + 1), -ENOSYS);
    CHECK_EQ(call(0, -1), -ENOSYS);
    this_cpu(current_vcpu) = &doms[0].v[0];
    destroy();
}

/* --- Everything at once; the sanitizers and the locks' rules judge. --- */

/* Not bool: gcc-12 with -fsanitize=bool takes the volatile off its loads. */
static unsigned int stop;

static void *sender(void *arg)
{
    unsigned int d = (unsigned int)(uintptr_t)arg;

    while (!READ_ONCE(stop)) {
        (void)evtchn_send(&doms[d].d, fake_random(12), false);
        if (!fake_random(8))
            (void)evtchn_unmask(&doms[d].d, fake_random(12));
        if (!fake_random(16)) {
            evtchn_raise_virq(&doms[d].v[0], VIRQ_TIMER);
            WRITE_ONCE(doms[d].shared_info.vcpu_info[0]
                           .evtchn_upcall_pending, 0);
            WRITE_ONCE(doms[d].shared_info.evtchn_pending[0], 0);
        }
    }
    return NULL;
}

static void *binder(void *arg)
{
    unsigned int d = (unsigned int)(uintptr_t)arg, r;
    uint32_t p;

    fake_set_cpu(d);
    for (unsigned int i = 0; i < 30000; i++) {
        r = fake_random(NR_DOMS);
        switch (fake_random(6)) {
        case 0:
            (void)evtchn_alloc_unbound(&doms[d].d, (domid_t)r, NULL, &p);
            break;
        case 1:
            (void)evtchn_bind_interdomain(&doms[d].d, &doms[r].d,
                                          fake_random(10), &p);
            break;
        case 2:
            (void)evtchn_bind_virq(&doms[d].d, VIRQ_TIMER, 0, &p);
            break;
        case 3:
            if (!evtchn_alloc_unbound(&doms[d].d, (domid_t)r, &doms[d].v[0],
                                      &p) && fake_random(4))
                (void)evtchn_close(&doms[d].d, p, true);
            break;
        default:
            (void)evtchn_close(&doms[d].d, fake_random(12), false);
            break;
        }
        if (i % 1000 == 0)
            (void)evtchn_reset(&doms[d].d);
    }
    return NULL;
}

static void test_threads(void)
{
    pthread_t s[NR_DOMS], b[NR_DOMS];

    create();
    for (uintptr_t d = 0; d < NR_DOMS; d++) {
        pthread_create(&s[d], NULL, sender, (void *)d);
        pthread_create(&b[d], NULL, binder, (void *)d);
    }
    for (unsigned int d = 0; d < NR_DOMS; d++)
        pthread_join(b[d], NULL);
    WRITE_ONCE(stop, true);
    for (unsigned int d = 0; d < NR_DOMS; d++)
        pthread_join(s[d], NULL);
    /* Bindings are mutual. */
    for (unsigned int d = 0; d < NR_DOMS; d++)
        for (uint32_t p = 1; p < 128; p++) {
            struct evtchn_status st = { .port = p }, peer;

            CHECK_EQ(evtchn_status(&doms[d].d, &st), 0);
            if (st.status != EVTCHNSTAT_interdomain)
                continue;
            peer.port = st.u.interdomain.port;
            CHECK_EQ(evtchn_status(&doms[st.u.interdomain.dom].d, &peer), 0);
            CHECK_EQ(peer.status, EVTCHNSTAT_interdomain);
            CHECK_EQ(peer.u.interdomain.dom, d);
            CHECK_EQ(peer.u.interdomain.port, p);
        }
    destroy();
}

int main(void)
{
    test_model(false);
    test_model(true);
    test_limits();
    test_poll();
    test_virq_handlers();
    test_restart();
    test_hypercall();
    test_threads();
    return test_result();
}
