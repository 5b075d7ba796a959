/* SPDX-License-Identifier: GPL-2.0-only */
#include "tests/unit/sim-sched.h"

#include <string.h>

#include "hypervisor/core/evtchn.h"
#include "hypervisor/core/thread.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/cpu/irq.h"
#include "hypervisor/cpu/upcalls.h"
#include "hypervisor/mm/heap.h"
#include "hypervisor/mm/map.h"
#include "hypervisor/x86/smp.h"
#include "hypervisor/x86/time.h"
#include "hypervisor/x86/upcalls.h"
#include "tests/unit/fakes/fakes.h"
#include "tests/unit/test.h"

/* The real switch. */
asm(".pushsection .text\n"
    ".include \"hypervisor/core/thread.S\"\n"
    ".popsection\n");

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
    uint64_t lost_since;   /* idles beside work since then, or TIME_NEVER */
} cpus[SIM_CPUS];

static uint64_t main_rsp, random_state;
static struct vcpu *last_on[SIM_CPUS];

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

void deadline_kick(unsigned int cpu)
{
    cpus[cpu].deadline = fake_now;
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
    CHECK_EQ(fake_locks_held(), 0);
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

int evtchn_vcpu_init(struct vcpu *v)
{
    return 0;
}

void evtchn_vcpu_exit(struct vcpu *v)
{
}

void evtchn_raise_virq(struct vcpu *v, unsigned int virq)
{
}

void evtchn_info_moved(struct vcpu *v)
{
}

void guest_runstate_update(struct vcpu *v)
{
}

/* Stacks with room for the sanitizers' frames. */
#define BIG_STACK (256 * 1024)

void *stack_alloc(void)
{
    char *p = aligned_alloc(4096, BIG_STACK);

    return p + BIG_STACK - STACK_SIZE;
}

void stack_free(void *stack)
{
    free((char *)stack - (BIG_STACK - STACK_SIZE));
}

/* --- Guests. --- */

static uint64_t amount(const struct sim_load *l, uint64_t mean)
{
    return l->random ? sim_random(2 * mean) + 1 : mean;
}

static void next_work(struct sim_vcpu *s)
{
    s->left = s->load.work ? amount(&s->load, s->load.work) : TIME_NEVER;
}

/* The guest has computed: waits for its interrupt. */
static void guest_waits(struct sim_vcpu *s)
{
    struct vcpu *v = s->v;

    if (s->load.yields) {
        sched_yield();
        next_work(s);
        return;
    }
    s->wake_at = fake_now + amount(&s->load, s->load.sleep);
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
        uint64_t start;

        (void)atomic_xchg(&v->in_guest, true);
        if (READ_ONCE(v->pending) || sched_wanted()) {
            v->in_guest = false;
            atomic_clear_bit(PENDING_IRQ, &v->pending);
            atomic_clear_bit(PENDING_EVENT, &v->pending);
            if (v->domain->dying != DOMAIN_ALIVE)
                s->finished = true;
            vcpu_checkpoint();
            continue;
        }
        note_start(s);
        start = fake_now;
        leave_to_simulator(CPU_GUEST, s->left == TIME_NEVER ? TIME_NEVER
                                                            : start + s->left);
        v->in_guest = false;
        s->ran += fake_now - start;
        if (s->left != TIME_NEVER)
            s->left -= fake_now - start;
        cpu_take_interrupts();
        if (!s->left)
            guest_waits(s);
    }
}

/* --- The machine. --- */

static void cpu_main(struct vcpu *v)
{
    sched_idle();
}

void sim_stop(void)
{
    for (unsigned int i = 0; i < sim.nr_vcpus; i++) {
        struct vcpu *v = sim.vcpu[i].v;

        /* The end of the world: threads stop where they are. */
        if (v->on_cpu)
            cpu_rq(v);
    }
}
