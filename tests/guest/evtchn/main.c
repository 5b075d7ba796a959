/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Event channels to oneself, in the two-level layout and then in the FIFO
 * layout: binding, sending, masks, status, upcalls by a vector of the local
 * APIC and by HVM_PARAM_CALLBACK_IRQ, IPIs between vCPUs, priorities, limits
 * and nonsense.
 *
 * hypervisor/abi/event_channel.h; Xen's public/event_channel.h.
 */
#include "hypervisor/abi/memory.h"
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/events.h"
#include "tests/guest/lib/lib.h"
#include "tests/guest/lib/smp.h"
#include "tests/guest/lib/trap.h"

#define V_UPCALL 0x91
#define V_CALLBACK 0x92
#define EVTCHN_PORTS (64 * sizeof(long) * sizeof(long))

static domid_t self;

static uint32_t status_of(evtchn_port_t port, uint32_t *vcpu)
{
    struct evtchn_status s = { .dom = DOMID_SELF, .port = port };
    long rc = event_op(EVTCHNOP_status, &s);

    report(rc == 0, "status of port %u: %ld", port, rc);
    if (vcpu)
        *vcpu = s.vcpu;
    return s.status;
}

static void test_bind(void)
{
    long a = event_alloc(DOMID_SELF), b, c, v, i;

    if (!report(a > 0, "alloc_unbound: %ld", a))
        return;
    report_eq(status_of((evtchn_port_t)a, NULL), EVTCHNSTAT_unbound, "state");
    report_eq(event_send((evtchn_port_t)a), 0, "send to nobody");
    b = event_bind(DOMID_SELF, (evtchn_port_t)a);
    if (!report(b > 0 && b != a, "bind_interdomain: %ld", b))
        return;
    report_eq(status_of((evtchn_port_t)a, NULL), EVTCHNSTAT_interdomain,
              "state");
    c = event_bind(DOMID_SELF, (evtchn_port_t)a);
    report(c == -EINVAL, "bound twice: %ld", c);

    /* What may have been sent before the binding is made up for. */
    report(event_pending((evtchn_port_t)b), "pending once bound");
    event_clear((evtchn_port_t)b);
    event_upcall_seen();
    report_eq(event_send((evtchn_port_t)b), 0, "send");
    report(event_pending((evtchn_port_t)a), "other end is pending");
    report(!event_pending((evtchn_port_t)b), "own end is not");
    report_eq(my_info()->evtchn_upcall_pending, 1, "upcall is wanted");
    event_upcall_seen();
    event_clear((evtchn_port_t)a);

    v = event_bind_virq(VIRQ_TIMER, 0);
    report(v > 0, "VIRQ_TIMER: %ld", v);
    report_eq(event_bind_virq(VIRQ_TIMER, 0), -EEXIST, "bound twice");
    report_eq(event_bind_virq(NR_VIRQS, 0), -EINVAL, "VIRQ 24");
    report_eq(event_bind_virq(VIRQ_TIMER, 77), -ENOENT, "vCPU 77");
    report_eq(status_of((evtchn_port_t)v, NULL), EVTCHNSTAT_virq, "state");
    report_eq(event_send((evtchn_port_t)v), -EINVAL, "send to a VIRQ");
    i = event_bind_ipi(0);
    report(i > 0, "IPI: %ld", i);
    report_eq(event_bind_ipi(77), -ENOENT, "IPI to vCPU 77");
    report_eq(status_of((evtchn_port_t)i, NULL), EVTCHNSTAT_ipi, "state");
    report_eq(event_send((evtchn_port_t)i), 0, "IPI to oneself");
    report(event_pending((evtchn_port_t)i), "is pending");
    event_clear((evtchn_port_t)i);
    event_upcall_seen();

    report_eq(event_close((evtchn_port_t)a), 0, "close");
    report_eq(status_of((evtchn_port_t)a, NULL), EVTCHNSTAT_closed, "state");
    report_eq(status_of((evtchn_port_t)b, NULL), EVTCHNSTAT_unbound,
              "the other end");
    report_eq(event_close((evtchn_port_t)a), -EINVAL, "close again");
    report_eq(event_close((evtchn_port_t)b), 0, "close");
    report_eq(event_close((evtchn_port_t)v), 0, "close VIRQ");
    report_eq(event_close((evtchn_port_t)i), 0, "close IPI");
}

static void test_masks(void)
{
    evtchn_port_t p = (evtchn_port_t)event_bind_ipi(0);

    event_mask(p, true);
    event_upcall_seen();
    report_eq(event_send(p), 0, "send to a masked port");
    report(event_pending(p), "it is pending");
    report_eq(my_info()->evtchn_upcall_pending, 0, "no upcall");
    report_eq(event_unmask(p), 0, "unmask");
    report_eq(my_info()->evtchn_upcall_pending, 1, "now there is");
    event_clear(p);
    event_upcall_seen();
    report_eq(event_unmask(p), 0, "unmask when not pending");
    report_eq(my_info()->evtchn_upcall_pending, 0, "no upcall");
    report_eq(event_send(p), 0, "send");
    event_upcall_seen();
    report_eq(event_send(p), 0, "send while pending");
    report_eq(my_info()->evtchn_upcall_pending, 0, "one upcall is enough");
    event_clear(p);
    event_close(p);
}

/* A bound vCPU-local vector, then the domain's own without the APIC. */
static volatile unsigned int upcalls[2];

static void by_apic(struct trap_frame *f)
{
    upcalls[0]++;
    event_upcall_seen();
    apic_eoi();
}

static void by_callback(struct trap_frame *f)
{
    upcalls[1]++;
    event_upcall_seen();
}

static void open_interrupts(void)
{
    sti();
    delay_us(100);
    cli();
}

static void test_upcalls(void)
{
    evtchn_port_t p = (evtchn_port_t)event_bind_ipi(0);
    uint64_t via = (uint64_t)HVM_PARAM_CALLBACK_TYPE_VECTOR << 56, got = 0;

    trap_handler(V_UPCALL, by_apic);
    trap_handler(V_CALLBACK, by_callback);
    report_eq(event_upcall_vector(0, 5), -EINVAL, "vector 5");
    report_eq(event_upcall_vector(77, V_UPCALL), -ENOENT, "vCPU 77");

    report_eq(hvm_param_set(HVM_PARAM_CALLBACK_IRQ, via | V_CALLBACK), 0,
              "callback vector");
    report_eq(hvm_param_get(HVM_PARAM_CALLBACK_IRQ, &got), 0, "read back");
    report_eq(got, via | V_CALLBACK, "callback");
    event_send(p);
    report_eq(upcalls[1], 0, "not while IF is clear");
    open_interrupts();
    report_eq(upcalls[1], 1, "upcall by callback");
    event_clear(p);
    report(!apic_bit(APIC_ISR, V_CALLBACK), "the APIC knows nothing of it");

    report_eq(event_upcall_vector(0, V_UPCALL), 0, "upcall vector");
    event_send(p);
    open_interrupts();
    report_eq(upcalls[0], 1, "upcall by APIC vector");
    report_eq(upcalls[1], 1, "and not by callback");
    event_clear(p);
    for (unsigned int i = 0; i < 100; i++) {
        event_send(p);
        open_interrupts();
        event_clear(p);
    }
    report_eq(upcalls[0], 101, "100 more");
    event_close(p);
    report_eq(hvm_param_set(HVM_PARAM_CALLBACK_IRQ, 0), 0, "off");
}

static volatile uint32_t on_cpu1;

static void on_other(struct trap_frame *f)
{
    if (this_cpu()->id == 1)
        on_cpu1++;
    event_upcall_seen();
    apic_eoi();
}

static volatile bool stop;

static void wait_for_stop(void *arg)
{
    sti();
    while (!stop)
        cpu_pause();
    cli();
}

static void test_other_cpu(void)
{
    evtchn_port_t p, q;
    uint32_t vcpu = 0;
    uint64_t end;

    p = (evtchn_port_t)event_bind_ipi(1);
    q = (evtchn_port_t)event_alloc(DOMID_SELF);
    trap_handler(V_UPCALL, on_other);
    report_eq(event_upcall_vector(1, V_UPCALL), 0, "vector of vCPU 1");
    smp_call(1, wait_for_stop, NULL);
    for (unsigned int i = 1; i <= 50; i++) {
        end = now_ns() + 1000000000;
        event_send(p);
        while (on_cpu1 < i && now_ns() < end)
            cpu_pause();
        event_clear(p);
    }
    report_eq(on_cpu1, 50, "events to another vCPU");
    report_eq(event_bind_vcpu(q, 1), 0, "bind_vcpu");
    status_of(q, &vcpu);
    report_eq(vcpu, 1, "bound to");
    report_eq(event_bind_vcpu(q, 77), -ENOENT, "bind to vCPU 77");
    report_eq(event_bind_vcpu(p, 0), -EINVAL, "an IPI cannot be moved");
    stop = true;
    report(smp_wait(1, 1000000), "vCPU 1 ends");
    event_close(p);
    event_close(q);
}

static void test_hostile(void)
{
    static const evtchn_port_t ports[] = { 0, 4095, 4096, 131071, 131072,
                                           0x7fffffff, 0xffffffff };
    struct evtchn_status s = { .dom = 0x7123, .port = 1 };

    for (unsigned int i = 0; i < ARRAY_SIZE(ports); i++) {
        report(event_send(ports[i]) < 0, "send to %u", ports[i]);
        report(event_close(ports[i]) < 0, "close %u", ports[i]);
        report(event_unmask(ports[i]) < 0 || !ports[i], "unmask %u",
               ports[i]);
        report(event_bind_vcpu(ports[i], 0) < 0, "move %u", ports[i]);
        report(event_bind(DOMID_SELF, ports[i]) < 0, "bind %u", ports[i]);
    }
    report_eq(event_op(EVTCHNOP_status, &s), -ESRCH, "another domain");
    report(event_bind(0x7fff, 1) < 0, "bind to the idle domain");
    report_eq(event_op(99, &s), -ENOSYS, "command 99");
}

/* Ports until there are no more, all different, all closed again. */
static void test_limit(void)
{
    unsigned int n = 0;
    long p, last = 0;

    while ((p = event_bind_ipi(0)) > 0 && n < 5000) {
        if (p <= last)
            report(false, "port %ld after %ld", p, last);
        last = p;
        n++;
    }
    report(p == -ENOSPC, "in the end: %ld after %u", p, n);
    report(n + 100 >= EVTCHN_PORTS && n < EVTCHN_PORTS,
           "%u ports of the two-level layout", n);
    for (evtchn_port_t i = 1; i <= (evtchn_port_t)last; i++)
        event_close(i);
    p = event_bind_ipi(0);
    report(p > 0 && p < 10, "the first one again: %ld", p);
    event_close((evtchn_port_t)p);
}

#ifdef __x86_64__
static volatile event_word_t *words;
static struct evtchn_fifo_control_block *control;

/* Takes the first event of a queue off it, as a handler does. */
static evtchn_port_t fifo_take(unsigned int queue)
{
    evtchn_port_t port = READ_ONCE(control->head[queue]);
    event_word_t w;

    if (!port)
        return 0;
    w = __atomic_fetch_and(&words[port], ~((1u << EVTCHN_FIFO_LINKED) |
                                           (1u << EVTCHN_FIFO_PENDING) |
                                           EVTCHN_FIFO_LINK_MASK),
                           __ATOMIC_SEQ_CST);
    control->head[queue] = w & EVTCHN_FIFO_LINK_MASK;
    if (!control->head[queue])
        __atomic_fetch_and(&control->ready, ~(1u << queue),
                           __ATOMIC_SEQ_CST);
    return port;
}

static bool fifo_start(void)
{
    struct evtchn_init_control c = { .vcpu = 0 };
    struct evtchn_expand_array e;

    control = pages_alloc(1);
    words = pages_alloc(1);
    c.control_gfn = (uintptr_t)control >> 12;
    c.offset = 4;
    report_eq(event_op(EVTCHNOP_init_control, &c), -EINVAL, "unaligned");
    c.offset = 4096 - 8;
    report_eq(event_op(EVTCHNOP_init_control, &c), -EINVAL, "over the edge");
    c.offset = 0;
    c.vcpu = 77;
    report_eq(event_op(EVTCHNOP_init_control, &c), -ENOENT, "vCPU 77");
    c.vcpu = 0;
    c.control_gfn = 1ull << 40;
    report(event_op(EVTCHNOP_init_control, &c) < 0, "no such frame");
    c.control_gfn = (uintptr_t)control >> 12;
    if (!report_eq(event_op(EVTCHNOP_init_control, &c), 0, "init_control"))
        return false;
    report_eq(c.link_bits, EVTCHN_FIFO_LINK_BITS, "link bits");
    e.array_gfn = (uintptr_t)words >> 12;
    return report_eq(event_op(EVTCHNOP_expand_array, &e), 0, "expand_array");
}

static void test_fifo(void)
{
    evtchn_port_t p[3];
    struct evtchn_set_priority s;

    if (!fifo_start())
        return;
    for (unsigned int i = 0; i < 3; i++)
        p[i] = (evtchn_port_t)event_bind_ipi(0);
    s = (struct evtchn_set_priority){ p[1], EVTCHN_FIFO_PRIORITY_MAX };
    report_eq(event_op(EVTCHNOP_set_priority, &s), 0, "priority");
    s = (struct evtchn_set_priority){ p[1], 16 };
    report(event_op(EVTCHNOP_set_priority, &s) < 0, "priority 16");
    event_upcall_seen();
    for (unsigned int i = 0; i < 3; i++)
        report_eq(event_send(p[i]), 0, "send");
    report_eq(my_info()->evtchn_upcall_pending, 1, "upcall");
    report_eq(control->ready, 1u << EVTCHN_FIFO_PRIORITY_MAX |
              1u << EVTCHN_FIFO_PRIORITY_DEFAULT, "ready queues");
    report_eq(event_send(p[0]), 0, "send while pending");
    report_eq(fifo_take(EVTCHN_FIFO_PRIORITY_MAX), p[1], "highest");
    report_eq(fifo_take(EVTCHN_FIFO_PRIORITY_MAX), 0, "no more there");
    report_eq(fifo_take(EVTCHN_FIFO_PRIORITY_DEFAULT), p[0], "first");
    report_eq(fifo_take(EVTCHN_FIFO_PRIORITY_DEFAULT), p[2], "second");
    report_eq(fifo_take(EVTCHN_FIFO_PRIORITY_DEFAULT), 0, "no third");
    report_eq(control->ready, 0, "queues are empty");

    __atomic_fetch_or(&words[p[0]], 1u << EVTCHN_FIFO_MASKED,
                      __ATOMIC_SEQ_CST);
    event_send(p[0]);
    report(words[p[0]] >> EVTCHN_FIFO_PENDING & 1, "masked: pending");
    report_eq(control->ready, 0, "but not queued");
    report_eq(event_unmask(p[0]), 0, "unmask");
    report_eq(fifo_take(EVTCHN_FIFO_PRIORITY_DEFAULT), p[0], "queued then");
    for (unsigned int i = 0; i < 3; i++)
        report_eq(event_close(p[i]), 0, "close");
}

/* A guest that ruins its own pages harms itself only. */
static void test_fifo_hostile(void)
{
    evtchn_port_t p = (evtchn_port_t)event_bind_ipi(0);
    struct evtchn_reset r = { DOMID_SELF };
    long rc;

    for (uint32_t i = 0; i < 64; i++) {
        memset(control, (int)(i * 37), sizeof(*control));
        for (unsigned int k = 0; k < 1024; k++)
            words[k] = (k * 2654435761u) ^ (i << 26);
        event_send(p);
        event_unmask(p);
    }
    report(true, "still here");
    do
        rc = event_op(EVTCHNOP_reset, &r);
    while (rc == -ERESTART || rc == -EAGAIN);
    report_eq(rc, 0, "reset");
    p = (evtchn_port_t)event_bind_ipi(0);
    event_mask(p, false);
    event_clear(p);
    event_send(p);
    report(event_pending(p), "two-level layout again");
}
#endif

TEST_MAIN()
{
    apic_init();
    shared();
    self = (domid_t)cpuid(xen_leaves + 4, 0).c;
    test_bind();
    test_masks();
    test_upcalls();
    if (smp_start_all() > 1)
        test_other_cpu();
    test_hostile();
    test_limit();
#ifdef __x86_64__
    test_fifo();
    test_fifo_hostile();
#endif
}
