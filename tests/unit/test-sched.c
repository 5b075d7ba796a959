/* sources: tests/unit/sim-sched.c tests/unit/sim-stacks.c hypervisor/core/sched.c hypervisor/core/sched-move.c hypervisor/core/sched-policy.c hypervisor/core/vcpu.c hypervisor/core/timer.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Properties of the scheduler on a simulated machine. Each case is a process
 * of its own, because the scheduler's state is as global as a machine is.
 */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hypervisor/cpu/irq.h"
#include "tests/unit/fakes/fakes.h"
#include "tests/unit/sim-sched.h"
#include "tests/unit/test.h"

TEST_PROGRAM;

static bool verbose;
#define REPORT(...) ((void)(verbose && printf(__VA_ARGS__)))

static const struct sim_load hog = { 0 };
#define ALL (~0ull)

/* got is within percent/100 % of want. */
static bool near(uint64_t got, uint64_t want, unsigned int permyriad)
{
    uint64_t off = got > want ? got - want : want - got;

    return off * 10000 <= want * permyriad;
}

/* Charged time is computed time, and no time is lost or counted twice. */
static void check_times(uint64_t started)
{
    for (unsigned int i = 0; i < sim.nr_vcpus; i++) {
        struct vcpu_runstate_info r;
        uint64_t sum = 0;

        vcpu_runstate(sim.vcpu[i].v, &r);
        for (unsigned int s = 0; s < 4; s++)
            sum += r.time[s];
        CHECK_EQ(sum, fake_now - started);
    }
}

/* --- Shares. --- */

/* n vCPUs, one in each domain, with these weights on some CPUs: each gets
 * want permille of one CPU. */
static void shares(unsigned int cpus, unsigned int n,
                   const unsigned int *weight, const unsigned int *want)
{
    const uint64_t time = SECONDS(10);
    uint64_t start = SECONDS(1);

    sim_start(cpus, 1);
    for (unsigned int i = 0; i < n; i++)
        sim_vcpu(sim_domain(weight[i], 0), hog, ALL);
    sim_run(time);
    for (unsigned int i = 0; i < n; i++) {
        REPORT("  %u CPUs, weight %u: %llu of 1000, wanted %u\n", cpus,
               weight[i],
               (unsigned long long)(sim_ran(&sim.vcpu[i]) * 1000 / time), want[i]);
        CHECK(near(sim_ran(&sim.vcpu[i]), time / 1000 * want[i], 200));
    }
    check_times(start);
    CHECK(sim.idle_lost <= 2 * SIM_IPI_LATENCY);
}

static void test_shares_equal(void)
{
    shares(1, 3, (unsigned int[]){ 256, 256, 256 },
           (unsigned int[]){ 333, 333, 333 });
}

static void test_shares_weights(void)
{
    shares(1, 3, (unsigned int[]){ 256, 512, 1024 },
           (unsigned int[]){ 143, 286, 571 });
}

static void test_shares_odd(void)
{
    /* More than CPUs, not a multiple: they have to move around. */
    shares(2, 3, (unsigned int[]){ 256, 256, 256 },
           (unsigned int[]){ 667, 667, 667 });
}

static void test_shares_seven_on_four(void)
{
    shares(4, 7, (unsigned int[]){ 256, 256, 256, 256, 256, 256, 256 },
           (unsigned int[]){ 571, 571, 571, 571, 571, 571, 571 });
}

static void test_shares_weights_on_two(void)
{
    /* 2 CPUs for 256 + 256 + 512 + 512. */
    shares(2, 4, (unsigned int[]){ 256, 256, 512, 512 },
           (unsigned int[]){ 333, 333, 667, 667 });
}

static void test_shares_too_heavy(void)
{
    /* A weight that deserves more than a CPU gets one; the rest is shared. */
    shares(2, 4, (unsigned int[]){ 25600, 256, 256, 256 },
           (unsigned int[]){ 1000, 333, 333, 333 });
}

/* --- Latency. --- */

/* An I/O vCPU beside hogs on every CPU: it runs as soon as it is woken. */
static void latency(unsigned int cpus, unsigned int hogs, struct sim_load io,
                    uint64_t limit)
{
    struct sim_vcpu *s;

    sim_start(cpus, 3);
    for (unsigned int i = 0; i < hogs; i++)
        sim_vcpu(sim_domain(256, 0), hog, ALL);
    s = sim_vcpu(sim_domain(256, 0), io, ALL);
    sim_run(SECONDS(5));
    REPORT("  %u CPUs, %u hogs: %llu wake-ups, mean %llu ns, worst %llu ns\n",
           cpus, hogs, (unsigned long long)s->wakes,
           (unsigned long long)(s->wait_sum / s->wakes),
           (unsigned long long)s->wait_max);
    CHECK(s->wakes > 1000);
    CHECK(s->wait_max <= limit);
    CHECK(sim.idle_lost <= 2 * SIM_IPI_LATENCY);
}

static const struct sim_load light_io = {
    .work = MICROSECS(50), .sleep = MICROSECS(950), .random = true,
};

static void test_latency_one_cpu(void)
{
    latency(1, 4, light_io, SIM_IPI_LATENCY);
}

static void test_latency_four_cpus(void)
{
    latency(4, 12, light_io, SIM_IPI_LATENCY);
}

static void test_latency_handler(void)
{
    struct sim_load qemu = light_io;

    qemu.handler = true;
    latency(2, 4, qemu, SIM_IPI_LATENCY);
}

/* One that uses a fifth of its CPU among four others still has its share. */
static void test_latency_busy_io(void)
{
    struct sim_load io = { .work = MICROSECS(700), .sleep = MILLISECS(4),
                           .random = true };

    latency(1, 4, io, SCHED_SLICE_MAX);
}

/* Many I/O vCPUs beside hogs: worst case one slice. */
static void test_latency_many(void)
{
    uint64_t worst = 0, wakes = 0;

    sim_start(2, 5);
    for (unsigned int i = 0; i < 4; i++)
        sim_vcpu(sim_domain(256, 0), hog, ALL);
    for (unsigned int i = 0; i < 12; i++)
        sim_vcpu(sim_domain(256, 0), light_io, ALL);
    sim_run(SECONDS(4));
    for (unsigned int i = 4; i < 16; i++) {
        worst = MAX(worst, sim.vcpu[i].wait_max);
        wakes += sim.vcpu[i].wakes;
    }
    REPORT("  12 I/O, 4 hogs, 2 CPUs: %llu wake-ups, worst %llu ns\n",
           (unsigned long long)wakes, (unsigned long long)worst);
    CHECK(worst <= SCHED_SLICE_MIN);
    /* And they take from all hogs alike. */
    for (unsigned int i = 1; i < 4; i++)
        CHECK(near(sim_ran(&sim.vcpu[i]), sim_ran(&sim.vcpu[0]), 200));
}

/* --- One that sends events, and one that they wake, on the same CPU. --- */

static struct sim_vcpu *pair(uint64_t work, uint64_t send_every,
                             bool same_domain, bool handler,
                             struct sim_vcpu **sender)
{
    struct sim_load load = { .work = work, .sleep = MICROSECS(300),
                             .send_every = send_every };
    struct sim_vcpu *to;
    struct domain *d;

    sim_start(1, 8);
    d = sim_domain(256, 0);
    to = sim_vcpu(d, (struct sim_load){ .work = MICROSECS(4),
                  .consumer = true, .handler = handler }, ALL);
    load.sends_to = to;
    *sender = sim_vcpu(same_domain ? d : sim_domain(256, 0), load, ALL);
    sim_run(SECONDS(1));
    to->wakes = to->wait_max = 0;
    (*sender)->wakes = 0;
    sim_run(SECONDS(1));
    REPORT("  sends each %llu of %llu ns: %llu times, woke %llu times, "
           "waited %llu ns at most\n", (unsigned long long)send_every,
           (unsigned long long)work, (unsigned long long)(*sender)->wakes,
           (unsigned long long)to->wakes, (unsigned long long)to->wait_max);
    CHECK((*sender)->wakes > 100);
    CHECK(to->wakes + 1 >= (*sender)->wakes);
    CHECK(!to->woken_at || fake_now - to->woken_at <= SCHED_SENDER_TIME);
    return to;
}

/* It has much to send: whom it wakes runs when it is through, or after a
 * millisecond, and not for each. */
static void test_sends_much(void)
{
    struct sim_vcpu *sender, *to = pair(MICROSECS(500), MICROSECS(20), false,
                                       false, &sender);

    CHECK(to->wakes <= 2 * sender->wakes);
    CHECK(to->wait_max <= MICROSECS(500));
}

static void test_sends_for_ever(void)
{
    struct sim_vcpu *sender, *to = pair(MILLISECS(9), MICROSECS(20), false,
                                       false, &sender);

    CHECK(to->wakes <= 11 * sender->wakes);
    CHECK(to->wakes >= 8 * sender->wakes);
    CHECK(to->wait_max <= SCHED_SENDER_TIME);
}

/* It sends a request and is about to wait for the answer. */
static void test_sends_request(void)
{
    struct sim_vcpu *sender, *to = pair(MICROSECS(50), MICROSECS(45), false,
                                       false, &sender);

    CHECK_EQ(to->wait_max, 0);
}

/* Whose answer it may spin for, or who serves a device model's answer. */
static void test_sends_sibling(void)
{
    struct sim_vcpu *sender;

    CHECK_EQ(pair(MICROSECS(500), MICROSECS(20), true, false,
                  &sender)->wait_max, 0);
}

static void test_sends_handler(void)
{
    struct sim_vcpu *sender;

    CHECK_EQ(pair(MICROSECS(500), MICROSECS(20), false, true,
                  &sender)->wait_max, 0);
}

/* No hog waits longer than all others' slices, whoever wakes. */
static void test_hog_wait(void)
{
    struct sim_vcpu *h;
    uint64_t before, longest = 0;

    sim_start(1, 6);
    for (unsigned int i = 0; i < 4; i++)
        sim_vcpu(sim_domain(256, 0), hog, ALL);
    for (unsigned int i = 0; i < 4; i++)
        sim_vcpu(sim_domain(256, 0), light_io, ALL);
    h = &sim.vcpu[0];
    for (unsigned int n = 0, still = 0; n < 4000; n++) {
        before = sim_ran(h);
        sim_run(MILLISECS(1));
        still = sim_ran(h) == before ? still + 1 : 0;
        longest = MAX(longest, MILLISECS(still));
    }
    REPORT("  4 hogs and 4 I/O on a CPU: a hog waits %llu ms at most\n",
           (unsigned long long)(longest / MILLISECS(1)));
    CHECK(longest <= MILLISECS(40));
}

/* --- Caps. --- */

static void cap_case(unsigned int cpus, unsigned int vcpus, unsigned int cap,
                     bool company)
{
    struct domain *d;
    const uint64_t time = SECONDS(10);

    sim_start(cpus, 7);
    d = sim_domain(256, cap);
    for (unsigned int i = 0; i < vcpus; i++)
        sim_vcpu(d, hog, ALL);
    if (company)
        for (unsigned int i = 0; i < cpus; i++)
            sim_vcpu(sim_domain(256, 0), hog, ALL);
    sim_run(time);
    REPORT("  cap %u, %u vCPUs on %u CPUs: %llu of 10000\n", cap, vcpus, cpus,
           (unsigned long long)(sim_domain_ran(d) * 10000 / time));
    CHECK(near(sim_domain_ran(d), time / 100 * cap, 300));
    check_times(SECONDS(1));
    CHECK(sim.idle_lost <= 2 * SIM_IPI_LATENCY);
}

static void test_cap_50(void)
{
    cap_case(1, 1, 50, false);
}

static void test_cap_5(void)
{
    cap_case(2, 1, 5, true);
}

static void test_cap_smp(void)
{
    cap_case(4, 4, 150, false);
}

static void test_cap_smp_company(void)
{
    cap_case(4, 4, 130, true);
}

static void test_cap_changes(void)
{
    struct sim_vcpu *s;
    uint64_t before;

    sim_start(1, 8);
    s = sim_vcpu(sim_domain(256, 10), hog, ALL);
    sim_run(SECONDS(1));
    CHECK(near(sim_ran(s), MILLISECS(100), 300));
    CHECK_EQ(sched_set_params(s->v->domain, 256, 0), 0);
    before = sim_ran(s);
    sim_run(SECONDS(1));
    CHECK(near(sim_ran(s) - before, SECONDS(1), 10));
    CHECK_EQ(sched_set_params(s->v->domain, 256, 25), 0);
    before = sim_ran(s);
    sim_run(SECONDS(1));
    CHECK(near(sim_ran(s) - before, MILLISECS(250), 300));
    CHECK(sched_set_params(s->v->domain, 0, 0) != 0);
    CHECK(sched_set_params(s->v->domain, 65536, 0) != 0);
}

/* As vcpu_pause(), which would wait. */
static void pause_only(struct vcpu *v)
{
    atomic_inc(&v->pause_count);
    sched_vcpu_update(v);
}

/* --- Affinity, pausing, yielding. --- */

static void test_affinity(void)
{
    struct sim_vcpu *a, *b, *c;
    uint64_t t0, t1;

    sim_start(2, 9);
    a = sim_vcpu(sim_domain(256, 0), hog, 1);
    b = sim_vcpu(sim_domain(256, 0), hog, 1);
    c = sim_vcpu(sim_domain(256, 0), hog, 3);
    sim_run(SECONDS(1));
    /* hvm_switch_to() checks where they run. c has CPU 1 for itself. */
    CHECK(near(sim_ran(a), MILLISECS(500), 200));
    CHECK(near(sim_ran(b), MILLISECS(500), 200));
    CHECK(near(sim_ran(c), SECONDS(1), 200));

    /* Moved while it runs and while it waits. */
    sim_set_mask(a, 2, ALL);
    sim_set_mask(b, 2, ALL);
    sim_set_mask(c, 1, ALL);
    t0 = sim_ran(a);
    t1 = sim_ran(c);
    sim_run(SECONDS(1));
    CHECK_EQ(a->v->cpu, 1);
    CHECK_EQ(b->v->cpu, 1);
    CHECK_EQ(c->v->cpu, 0);
    CHECK(near(sim_ran(a) - t0, MILLISECS(500), 300));
    CHECK(near(sim_ran(c) - t1, SECONDS(1), 200));

    /* Soft affinity is kept when there is a choice, and given up for work. */
    sim_set_mask(c, 3, 1);
    sim_set_mask(a, 3, 2);
    sim_set_mask(b, 3, 2);
    pause_only(c->v);
    t0 = sim_ran(a) + sim_ran(b);
    sim_run(SECONDS(1));
    CHECK(near(sim_ran(a) + sim_ran(b) - t0, SECONDS(2), 100));
    CHECK(sim.idle_lost <= 2 * SIM_IPI_LATENCY);
    {
        struct cpumask none = { { 4 } };

        CHECK(sched_set_affinity(a->v, &none, &none) != 0);
    }
    CHECK_EQ(sched_pin(a->v, 0), 0);
    CHECK(sched_pin(a->v, 1) != 0);
    sim_run(MILLISECS(10));
    CHECK_EQ(a->v->cpu, 0);
    CHECK_EQ(sched_pin(a->v, -1), 0);
    CHECK(sched_pin(a->v, -1) != 0);
    CHECK_EQ(a->v->affinity_hard.bits[0], 3);
}

static void test_pause(void)
{
    struct sim_vcpu *a, *b;
    struct vcpu_runstate_info r;
    uint64_t t;

    sim_start(2, 10);
    a = sim_vcpu(sim_domain(256, 0), hog, ALL);
    b = sim_vcpu(sim_domain(256, 0), light_io, ALL);
    sim_run(MILLISECS(10));
    pause_only(a->v);
    pause_only(a->v);
    pause_only(b->v);
    sim_run(MICROSECS(10));
    CHECK(!a->v->on_cpu && !b->v->on_cpu);
    t = sim_ran(a) + sim_ran(b);
    sim_run(MILLISECS(50));
    vcpu_unpause(a->v);
    sim_run(MILLISECS(50));
    CHECK_EQ(sim_ran(a) + sim_ran(b), t);
    vcpu_runstate(a->v, &r);
    CHECK_EQ(r.state, RUNSTATE_offline);
    CHECK(near(r.time[RUNSTATE_offline], MILLISECS(100), 10));
    vcpu_unpause(a->v);
    vcpu_unpause(b->v);
    t = sim_ran(a);
    sim_run(MILLISECS(100));
    CHECK(near(sim_ran(a) - t, MILLISECS(100), 10));
    CHECK(b->wakes > 50);
    vcpu_down(a->v);
    sim_run(MICROSECS(10));
    t = sim_ran(a);
    sim_run(MILLISECS(1));
    CHECK_EQ(sim_ran(a), t);
    vcpu_up(a->v);
    sim_run(MILLISECS(1));
    CHECK(sim_ran(a) > t);
    check_times(SECONDS(1));
}

/* One vCPU pauses another that runs on another CPU, and waits for it. */
static struct sim_vcpu *pause_victim;
static bool pause_done;

static void pauser_main(struct vcpu *v)
{
    cpu_take_interrupts();
    if (sched_wanted())
        schedule();
    vcpu_pause(pause_victim->v);
    CHECK(!pause_victim->v->on_cpu);
    CHECK(!pause_victim->v->in_guest);
    pause_done = true;
    vcpu_exit(v);
}

static void test_pause_sync(void)
{
    struct vcpu *v;

    sim_start(2, 11);
    pause_victim = sim_vcpu(sim_domain(256, 0), hog, ALL);
    sim_run(MILLISECS(1));
    CHECK_EQ(vcpu_create(idle_domain, MAX_CPUS, pauser_main, &v), 0);
    vcpu_up(v);
    sim_run(MILLISECS(1));
    CHECK(pause_done);
    CHECK(v->dead && !v->on_cpu);
    vcpu_destroy(v);
    CHECK(!idle_domain->vcpu[MAX_CPUS]);
}

/* An unpark that comes first is remembered, once. */
static unsigned int park_returns;

static void parker_main(struct vcpu *v)
{
    vcpu_unpark(v);
    vcpu_unpark(v);
    vcpu_park();
    park_returns++;
    vcpu_park();
    park_returns++;
    atomic_set_bit(PENDING_WORK, &v->pending);
    vcpu_wait(BIT(PENDING_IRQ) | BIT(PENDING_WORK));
    park_returns++;
    vcpu_wait(BIT(PENDING_IRQ));
    park_returns++;
    vcpu_exit(v);
}

static void test_remembered(void)
{
    struct vcpu *v;

    sim_start(1, 15);
    CHECK_EQ(vcpu_create(idle_domain, MAX_CPUS, parker_main, &v), 0);
    vcpu_up(v);
    sim_run(MILLISECS(1));
    CHECK_EQ(park_returns, 1);
    vcpu_unpark(v);
    sim_run(MILLISECS(1));
    CHECK_EQ(park_returns, 3);
    vcpu_kick(v, PENDING_WORK); /* not what it waits for */
    vcpu_kick(v, PENDING_P2M);
    sim_run(MILLISECS(1));
    CHECK_EQ(park_returns, 3);
    CHECK_EQ(v->runstate.state, RUNSTATE_blocked);
    vcpu_kick(v, PENDING_IRQ);
    sim_run(MILLISECS(1));
    CHECK_EQ(park_returns, 4);
}

/* A CPU is called to take over waiting work, and gets some of its own before
 * it comes: a third one must be called. */
static void test_help_passed_on(void)
{
    struct sim_vcpu *x, *first, *own;
    unsigned int home, next;

    sim_start(3, 16);
    x = sim_vcpu(sim_domain(256, 0), hog, ALL);
    first = sim_vcpu(sim_domain(256, 0), hog, ALL);
    own = sim_vcpu(sim_domain(256, 0), hog, ALL);
    pause_only(first->v);
    pause_only(own->v);
    sim_run(MILLISECS(10));
    pause_only(x->v);
    sim_run(MICROSECS(10));
    home = x->v->cpu;
    next = home ? 0 : 1; /* whom it calls */
    sim_set_mask(first, BIT(home), ALL);
    sim_set_mask(own, BIT(next), ALL);
    vcpu_unpause(x->v);
    vcpu_unpause(first->v); /* has slept longer */
    vcpu_unpause(own->v);
    sim_run(MILLISECS(10));
    CHECK(sim.idle_lost <= 2 * SIM_IPI_LATENCY);
    CHECK_EQ(x->v->cpu, 3 - home - next);
}

static void test_yield(void)
{
    struct sim_load y = { .work = MICROSECS(100), .yields = true };
    struct sim_vcpu *a, *b;

    sim_start(1, 12);
    a = sim_vcpu(sim_domain(256, 0), y, ALL);
    b = sim_vcpu(sim_domain(256, 0), hog, ALL);
    sim_run(SECONDS(1));
    /* It gives way, without being forgotten. */
    CHECK(sim_ran(b) > sim_ran(a));
    CHECK(sim_ran(a) > MILLISECS(5));
}

/* --- Economy. --- */

/* Alone on a CPU nobody interrupts it, and nobody sets timers. */
static void test_quiet(void)
{
    struct sim_vcpu *a;
    uint64_t switches;
    unsigned int sets;

    sim_start(2, 13);
    a = sim_vcpu(sim_domain(256, 0), hog, 1);
    sim_vcpu(sim_domain(256, 0), hog, 2);
    sim_run(MILLISECS(10));
    switches = sim.switches;
    sets = fake_deadline_sets;
    sim.kicks = 0;
    sim_run(SECONDS(1));
    CHECK_EQ(sim.switches, switches);
    CHECK_EQ(sim.kicks, 0);
    CHECK_EQ(fake_deadline_sets, sets);
    CHECK(near(sim_ran(a), SECONDS(1), 200));
}

static uint64_t balance_at; /* of CPU 0 */
static unsigned int balances;

static void balance_hook(void)
{
    uint64_t at = runq_of_cpu(0)->balance_at;

    if (at == balance_at)
        return;
    CHECK(at >= balance_at + SCHED_SLICE_MIN);
    balance_at = at;
    balances++;
}

/* One that wakes all the time ends slices all the time, but a look at another
 * CPU's queue each time would be dear. */
static void test_balance_rests(void)
{
    sim_start(2, 15);
    for (unsigned int i = 0; i < 3; i++)
        (void)sim_vcpu(sim_domain(256, 0), hog, i < 2 ? 1 : 2);
    (void)sim_vcpu(sim_domain(256, 0), light_io, 1);
    sim.hook = balance_hook;
    sim_run(SECONDS(1));
    CHECK(balances > 20);
}

static void test_ratelimit(void)
{
    CHECK(sched_set_ratelimit(50) != 0);
    CHECK(sched_set_ratelimit(500001) != 0);
    CHECK_EQ(sched_set_ratelimit(1000), 0);
    CHECK_EQ(sched_ratelimit, 1000);
    latency(1, 2, light_io, MILLISECS(1) + SIM_IPI_LATENCY);
    CHECK(sim.vcpu[2].wait_max > MICROSECS(500));
}

/* --- The end of a domain. --- */

static void test_kill(void)
{
    struct domain *d;
    struct sim_vcpu *s[4];
    struct sim_load qemu = { .work = MICROSECS(50), .sleep = SECONDS(100),
                             .handler = true };
    struct sim_load idler = qemu;

    sim_start(2, 14);
    d = sim_domain(256, 0);
    idler.handler = false;
    s[0] = sim_vcpu(d, hog, ALL);
    s[1] = sim_vcpu(d, qemu, ALL);
    s[2] = sim_vcpu(d, idler, ALL);
    s[3] = sim_vcpu(d, hog, ALL);
    sim_run(MILLISECS(10));
    pause_only(s[3]->v);
    sim_run(MILLISECS(10));
    d->dying = DOMAIN_DYING;
    for (unsigned int i = 0; i < 4; i++)
        if (!sched_vcpu_kill(s[i]->v))
            vcpu_kick(s[i]->v, PENDING_STOP);
    sim_run(MICROSECS(50));
    for (unsigned int i = 0; i < 4; i++)
        CHECK(s[i]->v->dead && !s[i]->v->on_cpu);
}

/* --- Everything at once, at random. --- */

static void random_hook(void)
{
    struct sim_vcpu *s = &sim.vcpu[sim_random(sim.nr_vcpus)];
    struct vcpu *v = s->v;
    uint64_t all = BIT(sim.cpus) - 1, mask;

    switch (sim_random(400)) {
    case 0:
        pause_only(v);
        break;
    case 1:
    case 2:
        if (v->pause_count)
            vcpu_unpause(v);
        break;
    case 3:
        mask = sim_random(all) + 1;
        sim_set_mask(s, mask, sim_random(all + 1));
        break;
    case 4:
        sim_set_mask(s, all, ALL);
        break;
    case 5:
        (void)sched_set_params(v->domain, 64 << sim_random(5),
                               (unsigned int)(sim_random(3) *
                                              sim_random(150)));
        break;
    case 6:
        vcpu_kick(v, PENDING_WORK);
        atomic_clear_bit(PENDING_WORK, &v->pending);
        break;
    case 7:
        vcpu_unpark(v); /* for no reason */
        break;
    }
}

static void test_random(unsigned int seed)
{
    unsigned int domains, n;

    sim_start(1 + seed % SIM_CPUS, seed);
    domains = 1 + (unsigned int)sim_random(6);
    for (unsigned int i = 0; i < domains; i++)
        (void)sim_domain(64 << sim_random(4),
                         sim_random(3) ? 0 : 20 + (unsigned int)sim_random(150));
    n = 2 + (unsigned int)sim_random(20);
    for (unsigned int i = 0; i < n; i++) {
        struct sim_load l = {
            .work = sim_random(3) ? sim_random(MILLISECS(2)) + 1 : 0,
            .sleep = sim_random(MILLISECS(5)) + 1,
            .random = sim_random(2),
            .yields = !sim_random(10),
            .handler = sim_random(2),
        };

        if (l.yields)
            l.work = MICROSECS(20) + sim_random(MILLISECS(1));
        (void)sim_vcpu(sim.domain[sim_random(domains)], l, ALL);
    }
    sim.hook = random_hook;
    sim_run(MILLISECS(300));
    check_times(SECONDS(1));
    REPORT("  idle beside work: %llu ns\n",
           (unsigned long long)sim.idle_lost);
    CHECK(sim.idle_lost <= 2 * SIM_IPI_LATENCY);
}

/* --- */

static const struct {
    const char *name;
    void (*fn)(void);
} cases[] = {
#define C(x) { #x, test_##x }
    C(shares_equal), C(shares_weights), C(shares_odd),
    C(shares_seven_on_four), C(shares_weights_on_two), C(shares_too_heavy),
    C(latency_one_cpu), C(latency_four_cpus), C(latency_handler),
    C(latency_busy_io), C(latency_many), C(sends_much), C(sends_for_ever),
    C(sends_request), C(sends_sibling), C(sends_handler), C(hog_wait),
    C(cap_50), C(cap_5), C(cap_smp), C(cap_smp_company), C(cap_changes),
    C(affinity), C(pause), C(pause_sync), C(remembered),
    C(help_passed_on), C(yield), C(quiet), C(balance_rests),
    C(ratelimit),
    C(kill),
#undef C
};

struct job {
    void (*fn)(void);
    unsigned int seed;
};

static void *run_job(void *arg)
{
    const struct job *job = arg;

    if (job->fn)
        job->fn();
    else
        test_random(job->seed);
    return NULL;
}

/* Runs one case in a child and adds its counts to ours. */
static void run(const char *name, void (*fn)(void), unsigned int seed)
{
    struct job job = { fn, seed };
    unsigned int counts[2] = { 0, 1 };
    int fds[2], status;
    pid_t pid;

    if (pipe(fds))
        abort();
    fflush(stdout);
    pid = fork();
    if (!pid) {
        test_checks = test_failures = 0;
        sim_thread(run_job, &job);
        counts[0] = test_checks;
        counts[1] = test_failures;
        fflush(stdout);
        _exit(write(fds[1], counts, sizeof(counts)) != sizeof(counts));
    }
    close(fds[1]);
    if (read(fds[0], counts, sizeof(counts)) != sizeof(counts))
        counts[1] = 1;
    close(fds[0]);
    waitpid(pid, &status, 0);
    if (status || counts[1])
        fprintf(stderr, "case %s, seed %u: %u failed\n", name, seed,
                counts[1]);
    test_checks += counts[0];
    test_failures += counts[1] + (status != 0 && !counts[1]);
}

int main(int argc, char **argv)
{
    unsigned int seeds = argc > 3 ? (unsigned int)atoi(argv[3]) : 60;

    verbose = argc > 1;
    for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
        if (argc > 2 && strcmp(argv[2], cases[i].name))
            continue; /* test-sched v CASE; test-sched v - SEEDS */
        REPORT("%s\n", cases[i].name);
        run(cases[i].name, cases[i].fn, 0);
    }
    for (unsigned int seed = 0; seed < seeds; seed++)
        if (argc != 3)
            run("random", NULL, seed);
    return test_result();
}
