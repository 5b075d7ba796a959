/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hardware half of a domain with its emulated devices: created, its memory
 * given back, freed; and the boot-time choice of the vendor.
 */
#include "hvm/dev/timers.h"
#include "hvm/io/ioreq.h"
#include "hvm/mem/p2m.h"
#include "hvm/policy/cpuid.h"
#include "hvm/policy/spec-ctrl.h"
#include "hvm/vcpu.h"
#include "hypervisor/abi/sched.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/x86/upcalls.h"

struct hvm_ops hvm_ops;

int hvm_cpu_init(void)
{
    int rc;

    if (!hvm_ops.name) {
        if (!cpu_features.svm && !cpu_features.vmx)
            cannot_start("this machine's CPU has neither AMD-V (SVM) nor "
                         "VT-x (VMX), or its firmware hides it");
        hvm_ops = cpu_features.vmx ? vmx_ops : svm_ops;
    }
    rc = hvm_ops.cpu_enable();
    if (!rc && hardware_domain == NULL && cpu_id() == 0) {
        cpuid_init();
        spec_init();
        log_info("Virtualisation: %s%s\n", hvm_ops.name,
                 tsc_scaling.fraction ? ", TSC scaling" : "");
    }
    spec_setup_cpu();
    return rc;
}

/* All of it is one allocation. */
struct machine {
    struct hvm_domain hvm;
    struct bus bus;
    struct ioreq_domain ioreq;
    struct route route;
    struct pit pit;
    struct hpet hpet;
    struct rtc rtc;
    struct pmtimer pm;
    struct p2m p2m;
    struct cpu_policy cpuid;
};

/* By config.arch.emulation_flags: which devices the domain has. */
static int add_devices(struct domain *d, struct machine *m)
{
    uint32_t flags = d->config.arch.emulation_flags;
    int rc = route_init(&m->route, d, &m->bus, flags & XEN_X86_EMU_PIC);

    /* Domain 0 gets copies of the machine's chips from its builder. */
    if (!rc && (flags & XEN_X86_EMU_IOAPIC) && !d->privileged)
        rc = vioapic_add(&m->route, VIOAPIC_BASE, 0, 0, VIOAPIC_NUM_PINS);
    /* The timers of a PC are there all or none (domain_create()). */
    if (rc || !(flags & XEN_X86_EMU_PIT))
        return rc;
    m->hvm.pit = &m->pit;
    m->hvm.hpet = &m->hpet;
    m->hvm.rtc = &m->rtc;
    m->hvm.pm = &m->pm;
    return pit_init(&m->pit, &m->route) ?:
           hpet_init(&m->hpet, &m->route, &m->pit) ?:
           rtc_init(&m->rtc, &m->route) ?: pmtimer_init(&m->pm, &m->route);
}

int hvm_domain_init(struct domain *d)
{
    struct machine *m = heap_alloc(sizeof(*m));
    struct hvm_domain *h;

    if (!m)
        return -ENOMEM;
    h = d->hvm = &m->hvm;
    h->bus = &m->bus;
    h->route = &m->route;
    h->ioreq = &m->ioreq;
    spin_lock_init(&m->ioreq.lock, LOCK_IOREQ);
    /* Domain 0's TSC is the machine's; a guest's starts at zero. */
    h->tsc_offset = d->privileged ? 0 : -rdtsc();
    h->tsc_khz = tsc_hz / 1000;
    h->tsc_scale = tsc_scale;
    h->param[HVM_PARAM_TRIPLE_FAULT_REASON] = SHUTDOWN_reboot;
    h->param[HVM_PARAM_HPET_ENABLED] = 1;
    cpuid_domain_init(d, &m->cpuid);
    pvtime_update_wallclock(d);
    return p2m_init(d, &m->p2m) ?: add_devices(d, m);
}

int hvm_domain_relinquish(struct domain *d)
{
    if (!d->hvm)
        return 0;
    ioreq_domain_close(d);
    ticks_exit(d->hvm->route); /* they interrupt vCPUs, which go first */
    return p2m_relinquish(d);
}

void hvm_domain_exit(struct domain *d)
{
    struct hvm_domain *h = d->hvm;

    if (!h)
        return;
    ticks_exit(h->route);
    p2m_destroy(d);
    heap_free(h->dirty);
    heap_free(h->map);
    lodge_pages_free(h->io_bitmap, 2);
    lodge_pages_free(h->apic_page, 0);
    heap_free(container_of(h, struct machine, hvm));
    d->hvm = NULL;
}

void hvm_triple_fault(struct vcpu *v)
{
    struct domain *d = v->domain;
    int reason = (int)d->hvm->param[HVM_PARAM_TRIPLE_FAULT_REASON];

    log_guest(LOG_WARN, "d%uv%u: triple fault at %#lx: the domain %s\n",
              d->id, v->id, vcpu_regs(v)->rip,
              reason == SHUTDOWN_reboot ? "reboots" : "shuts down");
    domain_shutdown(d, reason);
}

bool domain_is_compat(const struct domain *d)
{
    return d->hvm->compat;
}
