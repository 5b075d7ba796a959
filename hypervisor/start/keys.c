/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Debug keys: one character on the serial console (after CTRL-a three times)
 * or `xl debug-keys` prints a report. The table is the documentation: 'h'
 * prints it.
 */
#include "hypervisor/start/keys.h"

#include "hvm/base/hvm.h"
#include "hvm/irq/vlapic.h"
#include "hvm/mem/p2m.h"
#include "hvm/recorder.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/sched.h"
#include "hypervisor/debug/console.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/debug/upcalls.h"
#include "hypervisor/mm/page.h"
#include "hypervisor/x86/irq.h"
#include "hypervisor/x86/power.h"
#include "hypervisor/x86/smp.h"

static void key_help(void)
{
    for (unsigned int i = 0; i < nr_debug_keys; i++)
        console_printf(" %c: %s\n", debug_keys[i].key, debug_keys[i].what);
}

/* Calls fn for every domain there is. */
static void each_domain(void (*fn)(struct domain *))
{
    struct domain *d;
    domid_t id = 0;

    while ((d = domain_get_from(id)) != NULL) {
        id = (domid_t)(d->id + 1);
        fn(d);
        domain_put(d);
    }
}

static const char *const run_states[] = {
    "running", "runnable", "blocked", "offline"
};

static void print_domain(struct domain *d)
{
    struct vcpu_runstate_info r;
    struct vcpu *v;
    unsigned int i;

    console_printf("d%u: %u frames (%u special, limit %u), %u table pages, "
                   "%s%s%s\n", d->id, d->frames, d->special_frames,
                   d->max_frames, p2m_table_pages(d),
                   d->dying != DOMAIN_ALIVE ? "dying " : "",
                   d->paused_by_control ? "paused " : "",
                   d->shut_down ? "shut down" : "");
    for_each_vcpu (d, v, i) {
        vcpu_runstate(v, &r);
        console_printf("  v%u: cpu %u %s%s pending %lx rip %lx rflags "
                       "%lx%s%s\n", i, v->cpu,
                       run_states[r.state & 3], v->down ? " down" : "",
                       v->pending, v->hvm->regs.rip, v->hvm->regs.rflags, v->hvm->halted ? " halted" : "",
                       v->hvm->wait_sipi ? " waits for SIPI" : "");
    }
}

static void key_domains(void)
{
    each_domain(print_domain);
}

static void print_apics(struct domain *d)
{
    struct vcpu *v;
    unsigned int i;

    for_each_vcpu (d, v, i) {
        struct vlapic *a = v->hvm->lapic;

        console_printf("d%uv%u: local APIC mode %u id %x irr %d isr %u ppr "
                       "%x pending %x upcall %u\n", d->id, i, a->mode, a->id,
                       vlapic_highest_irr(a), a->isrv, a->ppr, a->pending,
                       v->info->evtchn_upcall_pending);
    }
}

static void key_apics(void)
{
    each_domain(print_apics);
}

static void print_recorder(struct domain *d)
{
    struct vcpu *v;
    unsigned int i;

    for_each_vcpu (d, v, i)
        recorder_print(v, 32);
}

static void key_recorder(void)
{
    each_domain(print_recorder);
}

static void print_exits(struct domain *d)
{
    struct vcpu *v;
    unsigned int i;

    for_each_vcpu (d, v, i) {
        console_printf("d%uv%u:\n", d->id, i);
        for (unsigned int k = 0; k < EXIT_KINDS; k++)
            if (v->hvm->exits[k])
                console_printf("  %lu %s\n", v->hvm->exits[k],
                               exit_name(k));
    }
}

static void key_exits(void)
{
    each_domain(print_exits);
}

static void key_memory(void)
{
    console_printf("Frames: %lu free of %lu\n", pages_free(), pages_total());
}

static void key_interrupts(void)
{
    for (unsigned int cpu = 0; cpu < nr_cpus_online; cpu++)
        for (unsigned int vector = 0x20; vector < 0x100; vector++)
            if (irq_count(cpu, vector))
                console_printf("cpu %u vector %x: %lu\n", cpu, vector,
                               irq_count(cpu, vector));
}

static void key_time(void)
{
    console_printf("%lu ns since boot\n", now_ns());
    for (unsigned int cpu = 0; cpu < nr_cpus_online; cpu++)
        console_printf("cpu %u idle %lu ns\n", cpu, sched_idle_time(cpu));
}

static void key_restart(void)
{
    machine_restart();
}

const struct debug_key_entry debug_keys[] = {
    { 'h', "this list", key_help },
    { 'a', "local APICs of all vCPUs", key_apics },
    { 'e', "exits of each vCPU by kind", key_exits },
    { 'i', "interrupts of the machine by CPU and vector", key_interrupts },
    { 'm', "free memory", key_memory },
    { 'q', "domains and their vCPUs", key_domains },
    { 'r', "the last exits and injections of each vCPU", key_recorder },
    { 't', "time, idle time of CPUs", key_time },
    { 'R', "restart the machine now", key_restart },
};
const unsigned int nr_debug_keys = ARRAY_SIZE(debug_keys);

void debug_key(char c)
{
    for (unsigned int i = 0; i < nr_debug_keys; i++)
        if (debug_keys[i].key == c) {
            console_printf("'%c': %s\n", c, debug_keys[i].what);
            debug_keys[i].fn();
            return;
        }
    console_printf("'%c' is no debug key; 'h' lists them\n", c);
}
