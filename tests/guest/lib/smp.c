/* SPDX-License-Identifier: GPL-2.0-only */
/* Starting and using other CPUs. See smp.h. */
#include "tests/guest/lib/smp.h"

#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/clock.h"
#include "tests/guest/lib/hypercall.h"
#include "tests/guest/lib/trap.h"

extern char trampoline[], trampoline_end[], trampoline_stack[];

static uint32_t apic_ids[MAX_CPUS];
static unsigned int nr_cpus;

struct table {
    char signature[4];
    uint32_t length;
    uint8_t rest[28];
} __packed;

/* The table with this signature, by the XSDT. */
static const struct table *find_table(const char *signature)
{
    const uint8_t *rsdp = (void *)(uintptr_t)start_info->rsdp_paddr;
    const struct table *xsdt, *t;
    uint64_t at;

    if (!rsdp)
        return NULL;
    memcpy(&at, rsdp + 24, 8);
    xsdt = (const void *)(uintptr_t)at;
    for (uint32_t i = 36; i + 8 <= xsdt->length; i += 8) {
        memcpy(&at, (const uint8_t *)xsdt + i, 8);
        t = (const void *)(uintptr_t)at;
        if (!memcmp(t->signature, signature, 4))
            return t;
    }
    return NULL;
}

/* Types 0 (local APIC) and 9 (local x2APIC) of the MADT. */
static void read_madt(void)
{
    const struct table *madt = find_table("APIC");
    const uint8_t *p = (const uint8_t *)madt;
    uint32_t flags, id;

    if (!madt) {
        while (nr_cpus < MAX_CPUS &&
               vcpu_op(VCPUOP_is_up, nr_cpus, NULL) >= 0) {
            apic_ids[nr_cpus] = 2 * nr_cpus;
            nr_cpus++;
        }
        return;
    }
    for (uint32_t i = 44; i + 2 <= madt->length && p[i + 1]; i += p[i + 1]) {
        if (p[i] != 0 && p[i] != 9)
            continue;
        id = p[i + 3];
        memcpy(&flags, p + i + (p[i] ? 8 : 4), 4);
        if (p[i] == 9)
            memcpy(&id, p + i + 4, 4);
        if ((flags & 1) && nr_cpus < MAX_CPUS)
            apic_ids[nr_cpus++] = id;
    }
}

unsigned int smp_count(void)
{
    if (!nr_cpus)
        read_madt();
    return nr_cpus;
}

uint32_t smp_apic_id(unsigned int n)
{
    smp_count();
    return apic_ids[n];
}

bool smp_start(unsigned int n)
{
    struct cpu *c = cpu_of(n);
    uint64_t end;
    uint32_t stack = (uint32_t)(uintptr_t)c + CPU_AREA;

    if (c->started)
        return true;
    c->id = n;
    c->apic_id = smp_apic_id(n);
    memcpy((void *)TRAMPOLINE, trampoline,
           (size_t)(trampoline_end - trampoline));
    memcpy((char *)TRAMPOLINE + (trampoline_stack - trampoline), &stack, 4);
    apic_init();
    apic_send(c->apic_id, ICR_INIT | ICR_ASSERT);
    delay_us(100);
    for (unsigned int i = 0; i < 2; i++) {
        apic_send(c->apic_id, ICR_STARTUP | TRAMPOLINE >> 12);
        delay_us(200);
    }
    end = now_ns() + 1000000000;
    while (!c->started && now_ns() < end)
        cpu_pause();
    return c->started;
}

unsigned int smp_start_all(void)
{
    unsigned int n = 1;

    while (n < smp_count() && smp_start(n))
        n++;
    return n;
}

void smp_call(unsigned int n, void (*fn)(void *), void *arg)
{
    struct cpu *c = cpu_of(n);

    c->work_arg = arg;
    __atomic_store_n(&c->work, fn, __ATOMIC_RELEASE);
}

bool smp_wait(unsigned int n, unsigned int limit_us)
{
    struct cpu *c = cpu_of(n);
    uint64_t end = now_ns() + limit_us * 1000ull;

    while (__atomic_load_n(&c->work, __ATOMIC_ACQUIRE)) {
        if (now_ns() >= end)
            return false;
        cpu_pause();
    }
    return true;
}

void smp_main(void);
void smp_main(void)
{
    struct cpu *c = this_cpu();
    void (*fn)(void *);

    trap_init_cpu();
    apic_init();
    c->started = true;
    for (;;) {
        fn = __atomic_load_n(&c->work, __ATOMIC_ACQUIRE);
        if (fn) {
            fn(c->work_arg);
            __atomic_store_n(&c->work, NULL, __ATOMIC_RELEASE);
        }
        cpu_pause();
    }
}
