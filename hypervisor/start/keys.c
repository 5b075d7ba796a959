/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Debug keys: one character on the serial console (after CTRL-a three times)
 * or `xl debug-keys` prints a report. The table is the documentation: 'h'
 * prints it.
 */
#include "hvm/irq/vlapic.h"
#include "hvm/mem/p2m.h"
#include "hvm/vcpu.h"
#include "hypervisor/debug/console.h"
#include "hypervisor/debug/upcalls.h"
#include "hypervisor/x86/irq.h"
#include "hypervisor/x86/smp.h"

static void print_help(void);

static const char *const run_states[] = {
    "running", "runnable", "blocked", "offline"
};

static void print_domain(struct domain *d)
{
    console_printf("d%u: %u frames (%u special, limit %u), %u table pages, "
                   "%s%s%s\n", d->id, d->frames, d->special_frames,
                   d->max_frames, READ_ONCE(d->hvm->p2m->tables),
                   d->dying != DOMAIN_ALIVE ? "dying " : "",
                   d->paused_by_control ? "paused " : "",
                   d->shut_down ? "shut down" : "");
}

static void print_vcpu(struct vcpu *v)
{
    struct vcpu_runstate_info r;

    vcpu_runstate(v, &r);
    console_printf("  v%u: cpu %u %s%s pending %lx rip %lx rflags %lx%s%s\n",
                   v->id, v->cpu, run_states[r.state & 3],
                   v->down ? " down" : "", v->pending, v->hvm->regs.rip,
                   v->hvm->regs.rflags, v->hvm->halted ? " halted" : "",
                   v->hvm->wait_sipi ? " waits for SIPI" : "");
}

static void print_apic(struct vcpu *v)
{
    struct vlapic *a = v->hvm->lapic;

    console_printf("d%uv%u: local APIC mode %u id %x irr %d isr %u ppr %x "
                   "pending %x upcall %u\n", v->domain->id, v->id, a->mode,
                   a->id, vlapic_highest_irr(a), a->isrv, vlapic_ppr(a),
                   a->pending, v->info->evtchn_upcall_pending);
}

static void print_recorder(struct vcpu *v)
{
    recorder_print(v, 32);
}

static void print_exits(struct vcpu *v)
{
    console_printf("d%uv%u:\n", v->domain->id, v->id);
    for (unsigned int k = 0; k < EXIT_KINDS; k++)
        if (v->hvm->exits[k])
            console_printf("  %lu %s\n", v->hvm->exits[k], exit_names[k]);
}

static void print_memory(void)
{
    console_printf("Frames: %lu free of %lu\n", pages_free(), pages_total);
}

static void print_interrupts(void)
{
    for (unsigned int cpu = 0; cpu < nr_cpus_online; cpu++)
        for (unsigned int vector = 0x20; vector < 0x100; vector++) {
            uint64_t n = READ_ONCE(per_cpu(irq_counts, cpu)[vector]);

            if (n)
                console_printf("cpu %u vector %x: %lu\n", cpu, vector, n);
        }
}

static void print_time(void)
{
    console_printf("%lu ns since boot\n", now_ns());
    for (unsigned int cpu = 0; cpu < nr_cpus_online; cpu++)
        console_printf("cpu %u idle %lu ns\n", cpu, sched_idle_time(cpu));
}

/* Either `once` is called, or the others for all domains and their vCPUs. */
static const struct key {
    char key;
    const char *what;
    void (*once)(void);
    void (*each_domain)(struct domain *d); /* or NULL */
    void (*each_vcpu)(struct vcpu *v);
} debug_keys[] = {
    { 'h', "this list", .once = print_help },
    { 'a', "local APICs of all vCPUs", .each_vcpu = print_apic },
    { 'e', "exits of each vCPU by kind", .each_vcpu = print_exits },
    { 'i', "interrupts of the machine by CPU and vector",
      .once = print_interrupts },
    { 'm', "free memory", .once = print_memory },
    { 'q', "domains and their vCPUs", .each_domain = print_domain,
      .each_vcpu = print_vcpu },
    { 'r', "the last exits and injections of each vCPU",
      .each_vcpu = print_recorder },
    { 't', "time, idle time of CPUs", .once = print_time },
    { 'R', "restart the machine now", .once = machine_restart },
};

static void print_help(void)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(debug_keys); i++)
        console_printf(" %c: %s\n", debug_keys[i].key, debug_keys[i].what);
}

void debug_key(char c)
{
    const struct key *k = debug_keys, *end = k + ARRAY_SIZE(debug_keys);
    struct domain *d;

    while (k < end && k->key != c)
        k++;
    if (k == end) {
        console_printf("'%c' is no debug key; 'h' lists them\n", c);
        return;
    }
    console_printf("'%c': %s\n", c, k->what);
    if (k->once) {
        k->once();
        return;
    }
    for (domid_t id = 0; (d = domain_get_from(id)) != NULL; domain_put(d)) {
        id = (domid_t)(d->id + 1);
        if (k->each_domain)
            k->each_domain(d);
        for_vcpus (d, v)
            k->each_vcpu(v);
    }
}
