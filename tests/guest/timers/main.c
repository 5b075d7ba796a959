/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Time as Xen tells it: the paravirtual clock agrees with the TSC and with
 * HVMOP_get_time, never runs backwards, on no CPU and between none; timers
 * of a vCPU fire once, periodically, never early; poll waits as long as it
 * is told.
 *
 * hypervisor/abi/xen.h (struct vcpu_time_info), vcpu.h, sched.h.
 */
#include "hypervisor/abi/vcpu.h"
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/events.h"
#include "tests/guest/lib/lib.h"
#include "tests/guest/lib/smp.h"
#include "tests/guest/lib/trap.h"

#define V_UPCALL 0x91
#define MS 1000000ull

static evtchn_port_t timer;

static uint64_t hv_time(void)
{
    struct xen_hvm_get_time t = { 0 };

    report_eq(hvm_op(HVMOP_get_time, &t), 0, "get_time");
    return t.now;
}

static void test_clock(void)
{
    const struct vcpu_time_info *t = &my_info()->time;
    uint64_t before, pv, after, last = 0;

    report(t->version && !(t->version & 1), "version %u", t->version);
    report(t->tsc_to_system_mul, "multiplier");
    report(shared()->wc_version && !(shared()->wc_version & 1) &&
           shared()->wc_sec > 1500000000, "wall clock: %u s",
           shared()->wc_sec);
    for (unsigned int i = 0; i < 200; i++) {
        before = hv_time();
        pv = now_ns();
        after = hv_time();
        report(before <= pv + 2000 && pv <= after + 2000,
               "clock %llu, hypervisor %llu to %llu", (unsigned long long)pv,
               (unsigned long long)before, (unsigned long long)after);
    }
    for (unsigned int i = 0; i < 20000; i++) {
        pv = now_ns();
        if (pv < last)
            report(false, "clock runs back by %llu ns",
                   (unsigned long long)(last - pv));
        last = pv;
    }
}

/* One CPU's time is handed to the other, which must not be behind. */
static volatile uint64_t shared_tsc, shared_ns;
static volatile uint32_t turn;
static uint64_t worst_tsc, worst_ns;

static void compare(void *arg)
{
    uint32_t me = this_cpu()->id, rounds = 500;
    uint64_t tsc, ns;

    for (uint32_t i = 0; i < rounds; i++) {
        while (turn != 2 * i + me)
            cpu_pause();
        tsc = rdtsc();
        ns = now_ns();
        if (tsc < shared_tsc && shared_tsc - tsc > worst_tsc)
            worst_tsc = shared_tsc - tsc;
        if (ns < shared_ns && shared_ns - ns > worst_ns)
            worst_ns = shared_ns - ns;
        shared_tsc = tsc;
        shared_ns = ns;
        turn = 2 * i + me + 1;
    }
}

static void test_two_cpus(void)
{
    smp_call(1, compare, NULL);
    compare(NULL);
    report(smp_wait(1, 1000000), "the other CPU ends");
    report_eq(worst_tsc, 0, "TSC runs back between CPUs, ticks");
    report_eq(worst_ns, 0, "clock runs back between CPUs, ns");
}

static bool wait_event(evtchn_port_t port, uint64_t limit)
{
    uint64_t end = now_ns() + limit;

    while (!event_pending(port) && now_ns() < end)
        cpu_pause();
    return event_pending(port);
}

static void test_singleshot(void)
{
    struct vcpu_set_singleshot_timer t = { 0 };

    for (unsigned int i = 1; i <= 10; i++) {
        t.timeout_abs_ns = now_ns() + i * MS / 2;
        report_eq(vcpu_op(VCPUOP_set_singleshot_timer, 0, &t), 0, "set");
        report(wait_event(timer, 1000 * MS), "timer fires");
        report(now_ns() >= t.timeout_abs_ns, "timer is %llu ns early",
               (unsigned long long)(t.timeout_abs_ns - now_ns()));
        event_clear(timer);
        event_upcall_seen();
    }
    t.timeout_abs_ns = now_ns() - MS;
    report_eq(vcpu_op(VCPUOP_set_singleshot_timer, 0, &t), 0, "in the past");
    report(wait_event(timer, 100 * MS), "fires at once");
    event_clear(timer);
    event_upcall_seen();
    /* Again if a busy machine let it fire before it was stopped. */
    do {
        t.timeout_abs_ns = now_ns() + 3 * MS;
        vcpu_op(VCPUOP_set_singleshot_timer, 0, &t);
        report_eq(vcpu_op(VCPUOP_stop_singleshot_timer, 0, NULL), 0, "stop");
        event_clear(timer);
        event_upcall_seen();
    } while (now_ns() >= t.timeout_abs_ns);
    report(!wait_event(timer, 6 * MS), "stopped timer");
    if (smp_count() > 1)
        report_eq(vcpu_op(VCPUOP_set_singleshot_timer, 1, &t), -EINVAL,
                  "another CPU's timer");
}

static void test_set_timer_op(void)
{
#ifdef __x86_64__
    uint64_t at = now_ns() + 2 * MS;

    report_eq(hypercall(__HYPERVISOR_set_timer_op, at), 0, "set_timer_op");
    report(wait_event(timer, 1000 * MS), "fires");
    report(now_ns() >= at, "not early");
    event_clear(timer);
    event_upcall_seen();
    hypercall(__HYPERVISOR_set_timer_op, now_ns() + 3 * MS);
    report_eq(hypercall(__HYPERVISOR_set_timer_op, 0), 0, "0 stops it");
    report(!wait_event(timer, 6 * MS), "stopped timer");
#endif
}

static void test_periodic(void)
{
    struct vcpu_set_periodic_timer p = { .period_ns = 2 * MS };
    uint64_t start = now_ns(), took;
    unsigned int n = 0;

    report_eq(vcpu_op(VCPUOP_set_periodic_timer, 0, &p), 0, "2 ms");
    while (n < 10 && wait_event(timer, 1000 * MS)) {
        event_clear(timer);
        event_upcall_seen();
        n++;
    }
    took = now_ns() - start;
    report_eq(n, 10, "periods");
    report(took >= 18 * MS && took < 2000 * MS, "10 periods in %llu ns",
           (unsigned long long)took);
    report_eq(vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL), 0, "stop");
    event_clear(timer);
    wait_event(timer, 3 * MS);
    event_clear(timer);
    report(!wait_event(timer, 6 * MS), "stopped timer");
    p.period_ns = 1000;
    report_eq(vcpu_op(VCPUOP_set_periodic_timer, 0, &p), -EINVAL, "1 us");
    p.period_ns = 1ull << 63;
    report_eq(vcpu_op(VCPUOP_set_periodic_timer, 0, &p), -EINVAL,
              "300 years");
    event_upcall_seen();
}

static long poll(evtchn_port_t *ports, unsigned int n, uint64_t timeout)
{
#ifdef __x86_64__
    struct sched_poll p = { .ports = { (unsigned long)ports },
#else
    struct compat_sched_poll p = { .ports = { (unsigned long)ports },
#endif
                            .nr_ports = n, .timeout = timeout };

    return sched_op(SCHEDOP_poll, &p);
}

static void test_poll(void)
{
    struct vcpu_set_singleshot_timer t = { 0 };
    evtchn_port_t ports[2] = { timer, timer }, none = 4000;
    uint64_t start, end;

    event_mask(timer, true);
    event_clear(timer);
    for (unsigned int i = 0; i < 3; i++) {
        start = now_ns();
        end = start + 3 * MS;
        while (now_ns() < end && now_ns() - start < 1000 * MS)
            report_eq(poll(ports, i, end), 0, "poll with a timeout");
        report(now_ns() - start < 500 * MS, "it took %llu ns",
               (unsigned long long)(now_ns() - start));
    }
    t.timeout_abs_ns = now_ns() + 2 * MS;
    vcpu_op(VCPUOP_set_singleshot_timer, 0, &t);
    start = now_ns();
    while (!event_pending(timer) && now_ns() - start < 1000 * MS)
        report_eq(poll(ports, 1, 0), 0, "poll of a masked event");
    report(event_pending(timer), "it came");
    start = now_ns();
    report_eq(poll(ports, 2, start + 5000 * MS), 0, "poll when pending");
    report(now_ns() - start < 1000 * MS, "returns at once");
    report_eq(poll(&none, 1, now_ns() + MS), -EINVAL, "no such port");
    report_eq(poll(ports, 129, 0), -EINVAL, "too many ports");
    event_clear(timer);
    event_upcall_seen();
    event_mask(timer, false);
}

static void test_runstate(void)
{
    struct vcpu_runstate_info r;
    uint64_t sum;

    if (sizeof(long) == 4)
        return;
    report_eq(vcpu_op(VCPUOP_get_runstate_info, 0, &r), 0, "runstate");
    report_eq(r.state, RUNSTATE_running, "the caller runs");
    sum = r.time[0] + r.time[1] + r.time[2] + r.time[3];
    report(sum > 0 && sum <= now_ns() + MS, "times add up to %llu ns",
           (unsigned long long)sum);
    report(r.state_entry_time <= now_ns() + MS, "entered at %llu",
           (unsigned long long)r.state_entry_time);
}

#ifdef __x86_64__
typedef struct vcpu_runstate_info runstate_area;
#else
typedef struct compat_vcpu_runstate_info runstate_area;
#endif

/* Registers an address for the copy of the run state. */
static long register_runstate(const void *at)
{
    uint64_t area = addr(at);

    return vcpu_op(VCPUOP_register_runstate_memory_area, 0, &area);
}

/* Lets the vCPU stop for a moment: the copy is written when it is back. */
static void stop_for_a_moment(void)
{
    poll(NULL, 0, now_ns() + MS);
}

static void mark_updates(bool on)
{
    report_eq(hypercall(__HYPERVISOR_vm_assist,
                        on ? VMASST_CMD_enable : VMASST_CMD_disable,
                        VMASST_TYPE_runstate_update_flag), 0,
              "the mark of updates");
}

/* The copy of the run state. */
static void test_runstate_area(unsigned int offset)
{
    static char pages[2 * PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
    runstate_area *r = (void *)(pages + offset);
    uint64_t blocked;

    report_eq(register_runstate(r), 0, "register an area");
    report_eq(r->state, RUNSTATE_running, "written at once");
    report(r->time[RUNSTATE_running] != 0, "all of it");
    blocked = r->time[RUNSTATE_blocked];
    /* On a busy machine the moment may be over before it begins. */
    for (unsigned int i = 0; i < 20; i++) {
        stop_for_a_moment();
        barrier();
        if (r->time[RUNSTATE_blocked] >= blocked + MS / 2)
            break;
    }
    report_eq(r->state, RUNSTATE_running, "it runs again");
    report(r->time[RUNSTATE_blocked] >= blocked + MS / 2,
           "blocked for %llu ns",
           (unsigned long long)(r->time[RUNSTATE_blocked] - blocked));
    /* The mark of an update is gone when it is done. */
    mark_updates(true);
    r->state_entry_time = 0;
    stop_for_a_moment();
    barrier();
    report(r->state_entry_time && !(r->state_entry_time >> 63),
           "entered at %llx", (unsigned long long)r->state_entry_time);
    mark_updates(false);
    /* Nowhere: nothing is written any more; a bad address is not told. */
    report_eq(register_runstate(NULL), 0, "no area");
    memset(pages, 0x5a, sizeof(pages));
    stop_for_a_moment();
    barrier();
    report_eq(r->state, 0x5a5a5a5a, "not written any more");
    report_eq(register_runstate((void *)(1ul << (8 * sizeof(long) - 2))), 0,
              "a bad address");
    stop_for_a_moment();
}

/* Firmware clears the page that has the time record, and the kernel after it
 * wants to find one there. */
static void test_cleared_record(void)
{
    struct vcpu_time_info *t = &shared()->vcpu_info[0].time;
    struct vcpu_time_info was = *t;
    uint64_t start = now_ns(); /* which reads the record */

    memset(t, 0, sizeof(*t));
    barrier();
    for (unsigned int i = 1; i <= 20 && !t->tsc_to_system_mul; i++) {
        poll(NULL, 0, start + i * 5 * MS);
        barrier();
    }
    report_eq(t->tsc_to_system_mul, was.tsc_to_system_mul, "the record again");
    report_eq(t->tsc_timestamp, was.tsc_timestamp, "and its time");
    *t = was;
}

TEST_MAIN()
{
    long port;

    apic_init();
    shared();
    test_clock();
    if (smp_start_all() > 1)
        test_two_cpus();
    port = event_bind_virq(VIRQ_TIMER, 0);
    if (!report(port > 0, "VIRQ_TIMER: %ld", port))
        return;
    timer = (evtchn_port_t)port;
    test_singleshot();
    test_set_timer_op();
    test_periodic();
    test_poll();
    test_runstate();
    test_runstate_area(8);
    test_cleared_record();
    /* Across two pages. */
    test_runstate_area(PAGE_SIZE - offsetof(runstate_area, time));
    event_close(timer);
}
