/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The simulated machine: see sim-sched.h. Each simulated CPU is a coroutine
 * that gives control back to sim_run() when it computes or halts.
 */
#include "tests/unit/sim-sched.h"

#include "hypervisor/core/evtchn.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/cpu/irq.h"
#include "hypervisor/cpu/upcalls.h"
#include "hypervisor/mm/map.h"
#include "hypervisor/x86/smp.h"
#include "hypervisor/x86/time.h"
#include "hypervisor/x86/upcalls.h"
#include "tests/unit/fakes/fakes.h"
#include "tests/unit/test.h"

struct sim sim;

enum cpu_state { CPU_GUEST, CPU_ROOT, CPU_HALTED };

static struct sim_cpu {
    uint64_t rsp;          /* of what runs on it, while the simulator does */
    void *boot_stack;
    enum cpu_state state;
    uint64_t since;        /* when it began to compute or halt */
    uint64_t busy_until;   /* TIME_NEVER: until an interrupt */
    uint64_t ipi_at;       /* TIME_NEVER: none is on its way */
    uint64_t deadline;     /* of its timer */
} cpus[SIM_CPUS + 1]; /* and one for the world outside */

static uint64_t main_rsp, random_state;
static struct vcpu *last_on[SIM_CPUS]; /* whose registers a CPU has */

uint64_t sim_random(uint64_t n)
{
    random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
    return n ? (random_state >> 20) % n : 0;
}

struct sim_vcpu *sim_find(const struct vcpu *v)
{
    for (unsigned int i = 0; i < sim.nr_vcpus; i++)
        if (sim.vcpu[i].v == v)
            return &sim.vcpu[i];
    return NULL;
}

/* --- What the sources under test call. --- */

void deadline_set(uint64_t ns)
{
    cpus[cpu_id()].deadline = ns;
}

void smp_kick(unsigned int cpu)
{
    sim.kicks++;
    CHECK(cpu != cpu_id());
    cpus[cpu].ipi_at = MIN(cpus[cpu].ipi_at, fake_now + SIM_IPI_LATENCY);
}

static void leave_to_simulator(enum cpu_state state, uint64_t until)
{
    struct sim_cpu *c = &cpus[cpu_id()];

    c->state = state;
    c->since = fake_now;
    c->busy_until = until;
    thread_switch(&c->rsp, main_rsp);
}

/* Takes what is due on this CPU. */
void cpu_take_interrupts(void)
{
    unsigned int cpu = cpu_id();
    struct sim_cpu *c = &cpus[cpu];

    if (c->ipi_at <= fake_now)
        c->ipi_at = TIME_NEVER;
    for (unsigned int i = 0; i < sim.nr_vcpus; i++) {
        struct sim_vcpu *s = &sim.vcpu[i];

        if (!s->waiting || s->wake_cpu != cpu || s->wake_at > fake_now)
            continue;
        s->waiting = false;
        s->woken_at = fake_now;
        if (s->load.handler)
            vcpu_unpark(s->v);
        else
            vcpu_kick(s->v, PENDING_IRQ);
    }
    if (c->deadline <= fake_now) {
        c->deadline = TIME_NEVER;
        timer_interrupt();
    }
}

void cpu_idle_wait(void)
{
    leave_to_simulator(CPU_HALTED, TIME_NEVER);
    cpu_take_interrupts();
}

void sim_spend(uint64_t ns)
{
    leave_to_simulator(CPU_ROOT, fake_now + ns);
}

/* A CPU that spins lets the others go on. */
void smp_call_poll(void)
{
    sim_spend(200);
}

bool page_scrub_some(void)
{
    return false;
}

void hvm_switch_from(struct vcpu *v)
{
    CHECK(last_on[cpu_id()] == v);
    CHECK_EQ(fake_locks_held(), 1); /* nobody may wait for another here */
    last_on[cpu_id()] = NULL;
}

void hvm_switch_to(struct vcpu *v)
{
    unsigned int cpu = cpu_id();

    CHECK_EQ(fake_locks_held(), 0);
    CHECK(!last_on[cpu]);
    for (unsigned int i = 0; i < sim.cpus; i++)
        CHECK(last_on[i] != v); /* nobody else has its registers */
    CHECK(vcpu_allowed_on(v, cpu));
    last_on[cpu] = v;
    sim.switches++;
}

/* Parts of domains that are not under test. */
int hvm_vcpu_init(struct vcpu *v)
{
    v->hvm = heap_alloc(16);
    return 0;
}

void hvm_vcpu_exit(struct vcpu *v)
{
    heap_free(v->hvm);
}

void evtchn_raise_virq(struct vcpu *v, unsigned int virq)
{
}

void evtchn_info_moved(struct vcpu *v)
{
}

void frame_unshare(struct shared_frame *f)
{
}

void guest_runstate_update(struct vcpu *v)
{
}

/* --- Guests. --- */

static uint64_t amount(const struct sim_load *l, uint64_t mean)
{
    return l->random ? sim_random(2 * mean) + 1 : mean;
}

static void next_work(struct sim_vcpu *s)
{
    s->left = s->load.work ? amount(&s->load, s->load.work) : TIME_NEVER;
    s->to_send = s->load.send_every;
}

/* The guest has computed: waits for its interrupt. */
static void guest_waits(struct sim_vcpu *s)
{
    struct vcpu *v = s->v;

    if (s->load.yields) {
        sched_give_way();
        next_work(s);
        return;
    }
    s->wake_at = s->load.consumer
                     ? TIME_NEVER
                     : fake_now + amount(&s->load, s->load.sleep);
    s->wake_cpu = (unsigned int)sim_random(sim.cpus);
    s->waiting = true;
    s->wakes++;
    while (s->waiting && v->domain->dying == DOMAIN_ALIVE) {
        if (s->load.handler) {
            vcpu_park();
        } else {
            atomic_clear_bit(PENDING_IRQ, &v->pending);
            if (s->waiting)
                vcpu_wait(BIT(PENDING_IRQ));
        }
    }
    next_work(s);
}

/* As EVTCHNOP_send does. */
static void guest_sends(struct sim_vcpu *s)
{
    struct sim_vcpu *to = s->load.sends_to;

    s->to_send = s->load.send_every;
    if (!to->waiting)
        return;
    to->waiting = false;
    to->woken_at = fake_now;
    s->v->se.sending = true;
    if (to->load.handler)
        vcpu_unpark(to->v);
    else
        vcpu_kick(to->v, PENDING_IRQ);
    s->v->se.sending = false;
}

static void note_start(struct sim_vcpu *s)
{
    uint64_t waited;

    if (!s->woken_at)
        return;
    waited = fake_now - s->woken_at;
    s->woken_at = 0;
    s->wait_sum += waited;
    s->wait_max = MAX(s->wait_max, waited);
}

/* The same steps as hvm's loop. */
static void guest_main(struct vcpu *v)
{
    struct sim_vcpu *s = sim_find(v);

    next_work(s);
    for (;;) {
        uint64_t start, stretch;

        (void)atomic_xchg(&v->in_guest, true);
        if (READ_ONCE(v->pending) || sched_wanted()) {
            v->in_guest = false;
            atomic_clear_bit(PENDING_IRQ, &v->pending);
            atomic_clear_bit(PENDING_EVENT, &v->pending);
            vcpu_checkpoint();
            continue;
        }
        note_start(s);
        start = fake_now;
        stretch = s->load.sends_to ? MIN(s->left, s->to_send) : s->left;
        leave_to_simulator(CPU_GUEST, stretch == TIME_NEVER ? TIME_NEVER
                                                            : start + stretch);
        v->in_guest = false;
        s->ran += fake_now - start;
        if (s->left != TIME_NEVER)
            s->left -= fake_now - start;
        s->to_send -= fake_now - start;
        cpu_take_interrupts();
        if (s->load.sends_to && !s->to_send)
            guest_sends(s);
        if (!s->left)
            guest_waits(s);
    }
}

/* --- The machine. --- */

/* Acts for what happens outside of the simulated CPUs. */
#define OUTSIDE SIM_CPUS
static struct vcpu outside_vcpu;

static void cpu_start(void)
{
    sched_idle();
}

void sim_start(unsigned int nr, uint64_t seed)
{
    struct thread_frame *f;

    random_state = seed * 2654435761u + 12345;
    sim.cpus = nr;
    fake_now = SECONDS(1);
    for (unsigned int i = 0; i < nr; i++) {
        struct sim_cpu *c = &cpus[i];

        fake_set_cpu(i);
        c->ipi_at = c->deadline = TIME_NEVER;
        CHECK_EQ(sched_init_cpu(i), 0);
        c->boot_stack = stack_alloc();
        f = (struct thread_frame *)((char *)c->boot_stack + STACK_SIZE) - 1;
        *f = (struct thread_frame){ .rip = (uintptr_t)cpu_start };
        c->rsp = (uintptr_t)f;
        c->state = CPU_ROOT;
        c->busy_until = fake_now;
    }
    fake_set_cpu(OUTSIDE);
    cpus[OUTSIDE].deadline = TIME_NEVER;
    outside_vcpu.domain = idle_domain;
    this_cpu(current_vcpu) = &outside_vcpu;
}

struct domain *sim_domain(unsigned int weight, unsigned int cap)
{
    struct domain *d = heap_alloc(sizeof(*d));

    d->id = (domid_t)(sim.nr_domains + 1);
    d->max_vcpus = SIM_VCPUS;
    d->vcpu = heap_alloc_array(SIM_VCPUS, sizeof(d->vcpu[0]));
    d->shutdown_code = -1;
    spin_lock_init(&d->lock, LOCK_DOMCTL);
    spin_lock_init(&d->shutdown_lock, LOCK_SHUTDOWN);
    sched_domain_init(d);
    CHECK_EQ(sched_set_params(d, weight, cap), 0);
    sim.domain[sim.nr_domains++] = d;
    return d;
}

void sim_set_mask(struct sim_vcpu *s, uint64_t hard, uint64_t soft)
{
    struct cpumask h = { { hard } }, f = { { soft } };

    CHECK_EQ(sched_set_affinity(s->v, &h, &f), 0);
}

struct sim_vcpu *sim_vcpu(struct domain *d, struct sim_load load,
                          uint64_t mask)
{
    struct sim_vcpu *s = &sim.vcpu[sim.nr_vcpus];
    unsigned int id = 0;

    while (d->vcpu[id])
        id++;
    s->load = load;
    CHECK_EQ(vcpu_create(d, id, guest_main, &s->v), 0);
    sim.nr_vcpus++;
    sim_set_mask(s, mask, ~0ull);
    vcpu_up(s->v);
    return s;
}

/* When something happens on this CPU. */
static uint64_t next_event(unsigned int cpu)
{
    const struct sim_cpu *c = &cpus[cpu];
    uint64_t at = c->busy_until;

    if (c->state == CPU_ROOT)
        return at;
    at = MIN(at, MIN(c->ipi_at, c->deadline));
    for (unsigned int i = 0; i < sim.nr_vcpus; i++)
        if (sim.vcpu[i].waiting && sim.vcpu[i].wake_cpu == cpu)
            at = MIN(at, sim.vcpu[i].wake_at);
    return at;
}

static bool should_run(const struct sim_vcpu *s)
{
    const struct vcpu *v = s->v;

    if (v->dead)
        return false;
    if (v->domain->dying != DOMAIN_ALIVE)
        return v->se.ran;
    return !s->waiting && !v->down && !v->pause_count &&
           !v->domain->pause_count && !v->se.throttled;
}

/* What must be true between two events. */
static void check_state(void)
{
    unsigned int running = 0, current_ones = 0;

    for (unsigned int i = 0; i < sim.nr_vcpus; i++) {
        const struct sim_vcpu *s = &sim.vcpu[i];
        const struct vcpu *v = s->v;
        bool queued = vcpu_is_queued(v);

        /* In one place; no wake-up was lost; nobody runs in spite of a
         * pause for longer than it takes to get it off. */
        CHECK(!queued || !v->on_cpu);
        if (should_run(s))
            CHECK(queued || v->on_cpu);
        else if (!s->waiting) /* it may be woken for no reason */
            CHECK(!queued);
        if (queued)
            CHECK(vcpu_allowed_on(v, v->cpu));
        running += v->on_cpu;
    }
    for (unsigned int i = 0; i < sim.cpus; i++) {
        const struct vcpu *v = per_cpu(current_vcpu, i);

        current_ones += v->hvm != NULL;
        CHECK(v->on_cpu && v->cpu == i);
        CHECK(cpus[i].state != CPU_GUEST || v->hvm);
    }
    CHECK_EQ(running, current_ones);
}

/* Does somebody wait while a CPU idles where it may run? That is allowed
 * until an interrupt reaches the CPU. */
static void check_conserving(uint64_t until)
{
    uint64_t idle = 0;

    for (unsigned int i = 0; i < sim.cpus; i++)
        if (cpus[i].state == CPU_HALTED)
            idle |= BIT(i);
    for (unsigned int i = 0; i < sim.nr_vcpus; i++) {
        struct sim_vcpu *s = &sim.vcpu[i];

        if (vcpu_is_queued(s->v) && (s->v->affinity_hard.bits[0] & idle)) {
            if (!s->lost_since)
                s->lost_since = fake_now;
            sim.idle_lost = MAX(sim.idle_lost, until - s->lost_since);
        } else {
            s->lost_since = 0;
        }
    }
}

static void outside_timers(void)
{
    cpus[OUTSIDE].deadline = TIME_NEVER;
    timer_interrupt();
}

void sim_run(uint64_t ns)
{
    uint64_t end = fake_now + ns;

    for (;;) {
        uint64_t at = end;
        unsigned int cpu = SIM_CPUS;

        if (cpus[OUTSIDE].deadline < at)
            at = cpus[OUTSIDE].deadline;
        for (unsigned int i = 0; i < sim.cpus; i++) {
            uint64_t t = next_event(i);

            if (t < at) {
                at = t;
                cpu = i;
            }
        }
        at = MAX(at, fake_now);
        check_conserving(at);
        fake_now = at;
        if (cpu < SIM_CPUS) {
            fake_set_cpu(cpu);
            thread_switch(&main_rsp, cpus[cpu].rsp);
            fake_set_cpu(OUTSIDE);
        } else if (cpus[OUTSIDE].deadline <= at) {
            outside_timers();
        } else {
            break;
        }
        check_state();
        if (sim.hook)
            sim.hook();
    }
}

uint64_t sim_ran(const struct sim_vcpu *s)
{
    const struct sim_cpu *c = &cpus[s->v->cpu];

    return s->ran + (s->v->in_guest && c->state == CPU_GUEST
                         ? fake_now - c->since : 0);
}

uint64_t sim_domain_ran(const struct domain *d)
{
    uint64_t ran = 0;

    for (unsigned int i = 0; i < sim.nr_vcpus; i++)
        if (sim.vcpu[i].v->domain == d)
            ran += sim_ran(&sim.vcpu[i]);
    return ran;
}
