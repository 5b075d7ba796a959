/* sources: hypervisor/core/sched.c hypervisor/core/sched-move.c hypervisor/core/sched-policy.c hypervisor/core/vcpu.c hypervisor/core/timer.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The scheduler on real threads: each is a CPU, vCPUs move between them while
 * another thread pauses, pins and caps them. Tokens go around among vCPUs,
 * each waking the next: one lost wake-up and a token stands still.
 */
#include <pthread.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include "hypervisor/core/evtchn.h"
#include "hypervisor/core/sched-impl.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/cpu/irq.h"
#include "hypervisor/cpu/upcalls.h"
#include "hypervisor/mm/map.h"
#include "hypervisor/x86/smp.h"
#include "hypervisor/x86/time.h"
#include "hypervisor/x86/upcalls.h"
#include "tests/unit/fakes/fakes.h"
#include "tests/unit/test.h"

TEST_PROGRAM;

asm(".pushsection .text\n"
    ".include \"hypervisor/core/thread.S\"\n"
    ".popsection\n");

#define NCPUS 3
#define OUTSIDE NCPUS /* the thread that interferes */
#define NVCPUS 10
#define TOKENS 5

static uint64_t deadline[NCPUS + 1];
static bool ipi[NCPUS + 1];
static struct domain *doms[2];
static struct vcpu *vcpus[NVCPUS];
static int runs_on[NVCPUS];       /* CPU, or -1 */
static unsigned int tokens[NVCPUS];
static uint64_t moves;            /* of tokens */
static unsigned int twice;        /* a vCPU had two CPUs, or the wrong one */

uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* --- A CPU. Not inlined: a thread's variables are another one's after a
 * switch, which the compiler does not know. --- */

#define NOINLINE __attribute__((noinline))

NOINLINE void deadline_set(uint64_t ns)
{
    WRITE_ONCE(deadline[cpu_id()], ns);
}

NOINLINE void smp_kick(unsigned int cpu)
{
    WRITE_ONCE(ipi[cpu], true);
}

NOINLINE static bool is_interrupted(void)
{
    unsigned int cpu = cpu_id();

    return READ_ONCE(ipi[cpu]) || READ_ONCE(deadline[cpu]) <= now_ns();
}

NOINLINE void cpu_take_interrupts(void)
{
    unsigned int cpu = cpu_id();

    WRITE_ONCE(ipi[cpu], false);
    if (READ_ONCE(deadline[cpu]) <= now_ns()) {
        WRITE_ONCE(deadline[cpu], TIME_NEVER);
        timer_interrupt();
    }
}

NOINLINE void cpu_idle_wait(void)
{
    while (!is_interrupted())
        sched_yield();
    cpu_take_interrupts();
}

void smp_call_poll(void)
{
    sched_yield();
}

bool page_scrub_some(void)
{
    return false;
}

/* --- Upper layers. --- */

static unsigned int index_of(const struct vcpu *v)
{
    unsigned int i = 0;

    while (vcpus[i] != v)
        i++;
    return i;
}

NOINLINE void hvm_switch_from(struct vcpu *v)
{
    int cpu = (int)cpu_id();

    if (atomic_xchg(&runs_on[index_of(v)], -1) != cpu)
        atomic_inc(&twice);
}

NOINLINE void hvm_switch_to(struct vcpu *v)
{
    int cpu = (int)cpu_id();

    if (atomic_xchg(&runs_on[index_of(v)], cpu) != -1)
        atomic_inc(&twice);
}

int hvm_vcpu_init(struct vcpu *v)
{
    v->hvm = heap_alloc(16);
    return 0;
}

void hvm_vcpu_exit(struct vcpu *v)
{
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

#define BIG_STACK (128 * 1024)

void *stack_alloc(void)
{
    char *p = aligned_alloc(4096, BIG_STACK);

    return p + BIG_STACK - STACK_SIZE;
}

/* --- Guests. --- */

static unsigned int next_random(uint32_t *state, unsigned int n)
{
    *state = *state * 1664525 + 1013904223;
    return (*state >> 8) % n;
}

NOINLINE static void compute(uint64_t ns)
{
    uint64_t end = now_ns() + ns;

    while (now_ns() < end && !is_interrupted())
        ;
}

/* hvm's loop in short: one round in the guest. */
NOINLINE static void enter_guest(struct vcpu *v, uint64_t ns)
{
    for (;;) {
        (void)atomic_xchg(&v->in_guest, true);
        if (!READ_ONCE(v->pending) && !sched_wanted())
            break;
        WRITE_ONCE(v->in_guest, false);
        atomic_clear_bit(PENDING_IRQ, &v->pending);
        atomic_clear_bit(PENDING_WORK, &v->pending);
        vcpu_checkpoint();
    }
    compute(ns);
    WRITE_ONCE(v->in_guest, false);
}

NOINLINE static void wait_token(struct vcpu *v, unsigned int me)
{
    while (!READ_ONCE(tokens[me])) {
        if (me % 2) {
            if (me % 4 == 1)
                sched_yield(); /* widens the gap that must be harmless */
            vcpu_park();
        } else {
            atomic_clear_bit(PENDING_IRQ, &v->pending);
            if (READ_ONCE(tokens[me]))
                break;
            if (me % 4 == 0)
                sched_yield();
            vcpu_wait(BIT(PENDING_IRQ));
        }
    }
}

NOINLINE static void pass_token(unsigned int me, unsigned int to)
{
    atomic_dec(&tokens[me]);
    atomic_inc(&tokens[to]);
    atomic_inc(&moves);
    if (to % 2)
        vcpu_unpark(vcpus[to]);
    else
        vcpu_kick(vcpus[to], PENDING_IRQ);
}

static void guest_main(struct vcpu *v)
{
    unsigned int me = index_of(v);
    uint32_t seed = me;

    for (;;) {
        enter_guest(v, next_random(&seed, 20000));
        cpu_take_interrupts();
        if (READ_ONCE(tokens[me]))
            pass_token(me, next_random(&seed, NVCPUS));
        wait_token(v, me);
    }
}

static void *cpu_main(void *arg)
{
    /* Through a pointer that may return, for the sanitizer's sake. */
    void (*volatile idle)(void) = (void (*)(void))sched_idle;

    fake_set_cpu((unsigned int)(uintptr_t)arg);
    idle();
    return NULL;
}

/* --- Interference. --- */

static void outside_timers(void)
{
    if (READ_ONCE(deadline[OUTSIDE]) <= now_ns()) {
        WRITE_ONCE(deadline[OUTSIDE], TIME_NEVER);
        timer_interrupt();
    }
}

/* As vcpu_pause(), which would wait. */
static void pause_only(struct vcpu *v)
{
    atomic_inc(&v->pause_count);
    sched_vcpu_update(v);
}

static void interfere(uint64_t ns)
{
    struct cpumask hard = { { 0 } }, soft = { { ~0ull } };
    uint64_t end = now_ns() + ns;
    uint32_t seed = 99;

    while (now_ns() < end) {
        struct vcpu *v = vcpus[next_random(&seed, NVCPUS)];

        switch (next_random(&seed, 8)) {
        case 0:
        case 1:
            vcpu_pause(v);
            CHECK(!READ_ONCE(v->on_cpu) && !READ_ONCE(v->in_guest));
            CHECK_EQ(runs_on[index_of(v)], -1);
            vcpu_unpause(v);
            break;
        case 2:
            pause_only(v);
            sched_yield();
            vcpu_unpause(v);
            break;
        case 3:
            hard.bits[0] = next_random(&seed, (1 << NCPUS) - 1) + 1;
            CHECK_EQ(sched_set_affinity(v, &hard, &soft), 0);
            break;
        case 4:
            CHECK_EQ(sched_set_params(v->domain, 256,
                                      60 * next_random(&seed, 3)), 0);
            break;
        case 5:
            vcpu_kick(v, PENDING_WORK);
            break;
        case 6:
            vcpu_unpark(v);
            break;
        default:
            usleep(next_random(&seed, 300));
            break;
        }
        outside_timers();
    }
    hard.bits[0] = ~0ull;
    for (unsigned int i = 0; i < NVCPUS; i++)
        CHECK_EQ(sched_set_affinity(vcpus[i], &hard, &soft), 0);
    for (unsigned int i = 0; i < 2; i++)
        CHECK_EQ(sched_set_params(doms[i], 256, 0), 0);
}

static void setup(void)
{
    static struct vcpu outside;

    for (unsigned int i = 0; i < NCPUS; i++) {
        fake_set_cpu(i);
        deadline[i] = TIME_NEVER;
        CHECK_EQ(sched_init_cpu(i), 0);
    }
    fake_set_cpu(OUTSIDE);
    deadline[OUTSIDE] = TIME_NEVER;
    outside.domain = idle_domain;
    this_cpu(current_vcpu) = &outside;
    for (unsigned int i = 0; i < 2; i++) {
        struct domain *d = heap_alloc(sizeof(*d));

        d->id = (domid_t)(i + 1);
        d->max_vcpus = NVCPUS;
        d->vcpu = heap_alloc_array(NVCPUS, sizeof(d->vcpu[0]));
        sched_domain_init(d);
        doms[i] = d;
    }
    for (unsigned int i = 0; i < NVCPUS; i++) {
        CHECK_EQ(vcpu_create(doms[i & 1], i, guest_main, &vcpus[i]), 0);
        runs_on[i] = -1;
    }
    for (unsigned int i = 0; i < TOKENS; i++)
        tokens[i]++;
}

int main(void)
{
    uint64_t before;
    unsigned int sum = 0;
    pthread_t t;
    int rc;

    setup();
    for (uintptr_t i = 0; i < NCPUS; i++)
        CHECK_EQ(pthread_create(&t, NULL, cpu_main, (void *)i), 0);
    for (unsigned int i = 0; i < NVCPUS; i++)
        vcpu_up(vcpus[i]);
    interfere(SECONDS(2));

    /* Left alone, all tokens still move. */
    for (unsigned int n = 0; n < 3; n++) {
        before = READ_ONCE(moves);
        for (unsigned int i = 0; i < 500 && moves < before + 100; i++) {
            usleep(10000);
            outside_timers();
        }
        CHECK(moves >= before + 100);
    }
    CHECK(moves > 100);
    CHECK_EQ(twice, 0);
    /* Stop them, where it can be looked at. */
    for (unsigned int i = 0; i < NVCPUS; i++)
        vcpu_pause(vcpus[i]);
    for (unsigned int i = 0; i < NVCPUS; i++) {
        sum += tokens[i];
        CHECK(!vcpus[i]->on_cpu && !vcpu_is_queued(vcpus[i]));
        /* One with a token is not waiting for one. */
        CHECK(!tokens[i] || !vcpus[i]->se.parked);
    }
    CHECK_EQ(sum, TOKENS);
    rc = test_result();
    fflush(NULL);
    _exit(rc); /* the CPUs run on */
}
