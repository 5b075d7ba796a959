/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Starts the other processors (SDM vol. 3A 8.4.4), and the calls and kicks
 * between them. Owns the CALL lock: one call is under way at a time, and
 * whoever waits for that lock serves it.
 */
#include "hypervisor/x86/smp.h"

#include "hypervisor/cpu/msr.h"
#include "hypervisor/cpu/spinlock.h"
#include "hypervisor/cpu/upcalls.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/debug/upcalls.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/mm/map.h"
#include "hypervisor/mm/window.h"
#include "hypervisor/mm/upcalls.h"
#include "hypervisor/x86/acpi-tables.h"
#include "hypervisor/x86/boot-info.h"
#include "hypervisor/x86/features.h"
#include "hypervisor/x86/irq.h"
#include "hypervisor/x86/time.h"
#include "hypervisor/x86/traps.h"
#include "hypervisor/x86/upcalls.h"

extern const char percpu_start[], percpu_end[];
extern char percpu_boot_area[];

/* boot.S: what is copied for real mode, where it leads to. */
extern const char trampoline[], trampoline_end[];
extern void (*start_main)(void);
extern uint64_t start_stack_top; /* one CPU at a time */

struct cpumask cpus_online = { { 1 } };
unsigned int nr_cpus_online = 1;
uint32_t cpu_apic_id[MAX_CPUS];
unsigned int opt_maxcpus;

DEFINE_PERCPU(unsigned long, percpu_offset);
DEFINE_PERCPU(unsigned int, percpu_cpu_id);
unsigned long percpu_offsets[MAX_CPUS];

static bool ap_running;

bool smp_stopping;

/* The one call that is under way. */
static struct spinlock call_lock = SPINLOCK_INIT(CALL);
static void (*call_fn)(void *);
static void *call_arg;
static unsigned int call_pending; /* (a) CPUs that have not answered */
static DEFINE_PERCPU(uint32_t, call_wanted);

/* ---- calls ------------------------------------------------------------- */

void smp_call_poll(void)
{
    void (*fn)(void *);

    if (likely(!READ_ONCE(this_cpu(call_wanted))))
        return;
    fn = load_acquire(&call_fn);
    this_cpu(call_wanted) = 0;
    if (fn)
        fn(call_arg);
    atomic_dec(&call_pending);
}

void smp_call(const struct cpumask *mask, void (*fn)(void *), void *arg)
{
    unsigned int self = cpu_id(), cpu;

    spin_lock(&call_lock);
    call_arg = arg;
    store_release(&call_fn, fn);
    for_each_cpu(cpu, mask) {
        if (cpu == self || !cpumask_test(&cpus_online, cpu))
            continue;
        atomic_inc(&call_pending);
        store_release(&per_cpu(call_wanted, cpu), 1u);
        apic_send(cpu_apic_id[cpu], VECTOR_CALL);
    }
    if (fn && cpumask_test(mask, self))
        fn(arg);
    while (load_acquire(&call_pending))
        cpu_relax();
    spin_unlock(&call_lock);
}

void smp_kick(unsigned int cpu)
{
    if (cpu != cpu_id())
        apic_send(cpu_apic_id[cpu], VECTOR_KICK);
}

struct flush {
    const char *va;
    size_t size;
};

static void flush_here(void *arg)
{
    const struct flush *f = arg;

    if (f->size > 64 * PAGE_SIZE) {
        write_cr3(read_cr3()); /* no page of ours is global */
        return;
    }
    for (size_t at = 0; at < f->size; at += PAGE_SIZE)
        invlpg(f->va + at);
}

void host_tlb_flush(const void *va, size_t size)
{
    uintptr_t first = ALIGN_DOWN((uintptr_t)va, PAGE_SIZE);
    struct flush f = { (const char *)first, (uintptr_t)va + size - first };

    smp_call(&cpus_online, flush_here, &f);
}

/* ---- the end ------------------------------------------------------------ */

void smp_stop_here(void)
{
    for (;;)
        asm volatile("cli; hlt" : : : "memory");
}

void smp_stop_others(void)
{
    unsigned int self = cpu_id();

    asm volatile("cli");
    WRITE_ONCE(smp_stopping, true);
    smp_mb();
    for (unsigned int cpu = 0; cpu < nr_cpus_online; cpu++)
        if (cpu != self)
            apic_send(cpu_apic_id[cpu], APIC_NMI);
}

/* ---- start -------------------------------------------------------------- */

/* A free page below 640 KiB, 0 when there is none. (mm/ leaves the first MiB
 * alone.) */
static uint64_t trampoline_page(void)
{
    for (uint64_t page = KB(640) - PAGE_SIZE; page; page -= PAGE_SIZE) {
        bool free = false;

        for (unsigned int i = 0; i < machine_map.n; i++) {
            const struct mem_region *r = &machine_map.r[i];

            free |= r->type == MEM_RAM && r->start <= page &&
                    r->end >= page + PAGE_SIZE;
        }
        /* The map may say RAM where a module lies. */
        for (unsigned int i = 0; i < boot_info.nr_modules; i++)
            free &= boot_info.modules[i].start >= page + PAGE_SIZE ||
                    boot_info.modules[i].end <= page;
        if (free)
            return page;
    }
    return 0;
}

/* Makes `area` the CPU's per-CPU area, from the pristine section. */
static void set_area(unsigned int cpu, char *area)
{
    memcpy(area, percpu_start, (size_t)(percpu_end - percpu_start));
    percpu_offsets[cpu] = (unsigned long)(area - percpu_start);
    per_cpu(percpu_offset, cpu) = percpu_offsets[cpu];
    per_cpu(percpu_cpu_id, cpu) = cpu;
}

void smp_init_boot_cpu(void)
{
    set_area(0, percpu_boot_area);
    wrmsr(MSR_GS_BASE, percpu_offsets[0]);
}

/* False when it must not go on: no memory, or a CPU that may wake later. */
static bool start_cpu(uint32_t id, uint64_t page)
{
    uint32_t startup = APIC_STARTUP | (uint32_t)(page >> PAGE_SHIFT);
    unsigned int cpu = nr_cpus_online;
    /* Both stay for ever: a CPU that does not answer may still wake up. */
    char *area = heap_alloc((size_t)(percpu_end - percpu_start));
    char *stack = stack_alloc();

    if (!area || !stack) {
        log_err("no memory to start CPU %u\n", cpu);
        return false;
    }
    set_area(cpu, area);
    if (!windows_start_cpu(cpu)) {
        log_err("no memory for the windows of CPU %u\n", cpu);
        return false;
    }
    start_stack_top = (uint64_t)stack + STACK_SIZE;
    cpu_apic_id[cpu] = id;
    store_release(&ap_running, false);
    /* The manual's 10 ms after INIT are for processors whose APIC was a chip
     * of its own; those that can run Lodge need none. */
    apic_send(id, APIC_INIT);
    delay_us(10);
    apic_send(id, startup);
    delay_us(200);
    if (!load_acquire(&ap_running))
        apic_send(id, startup);
    uint64_t end = now_ns() + 1000000000; /* a second */
    while (!load_acquire(&ap_running) && now_ns() < end)
        cpu_relax();
    if (!load_acquire(&ap_running)) {
        log_err("the CPU with APIC id %u does not start; starting no more\n",
                id);
        return false;
    }
    /* With one TSC behind all CPUs there is nothing to compare, and much to
     * wait for, when host threads take turns at every question. */
    if (!cpu_features.emulator_tcg)
        tsc_sync_reference();
    while (nr_cpus_online == cpu) {
        smp_call_poll();
        cpu_relax();
    }
    return true;
}

/* From boot.S on the new CPU's stack. */
static __noreturn void ap_entry(void)
{
    unsigned int cpu = nr_cpus_online;

    wrmsr(MSR_GS_BASE, percpu_offsets[cpu]);
    desc_init_cpu();
    features_setup_cpu();
    apic_init_cpu();
    store_release(&ap_running, true);
    if (!cpu_features.emulator_tcg)
        tsc_sync_check();
    cpumask_set(&cpus_online, cpu);
    store_release(&nr_cpus_online, cpu + 1);
    ap_main();
}

void smp_start_all(void)
{
    uint64_t page = trampoline_page();

    cpu_apic_id[0] = apic_id();
    if (page) {
        memcpy(window_map(WINDOW_DATA, maddr_to_mfn(page)), trampoline,
               (size_t)(trampoline_end - trampoline));
        window_unmap(WINDOW_DATA);
    }
    start_main = ap_entry;
    for (unsigned int i = 0; page && i < acpi_info.nr_cpus; i++) {
        uint32_t id = acpi_info.apic_ids[i];

        if (id == cpu_apic_id[0])
            continue;
        if (id > 254 && !apic_x2apic) {
            log_warn("APIC id %u needs x2APIC mode: left out\n", id);
            continue;
        }
        if (nr_cpus_online == MAX_CPUS || nr_cpus_online == opt_maxcpus ||
            !start_cpu(id, page))
            break;
    }
    log_info("CPUs: %u online of %u\n", nr_cpus_online, acpi_info.nr_cpus);
}
