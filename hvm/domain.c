/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hardware half of a domain: created, its memory given back, freed; and
 * the boot-time choice of the vendor.
 */
#include "hvm/base/tsc.h"
#include "hvm/devices.h"
#include "hvm/dirty.h"
#include "hvm/event.h"
#include "hvm/io/ioreq.h"
#include "hvm/mem/p2m.h"
#include "hvm/policy/cpuid.h"
#include "hvm/policy/spec-ctrl.h"
#include "hvm/pvtime.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/abi/sched.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/cpu/msr.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/mm/heap.h"
#include "hypervisor/mm/page.h"
#include "hypervisor/x86/features.h"
#include "hypervisor/x86/time.h"
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

int hvm_domain_init(struct domain *d)
{
    struct hvm_domain *h = heap_alloc(sizeof(*h));
    int rc;

    if (!h)
        return -ENOMEM;
    d->hvm = h;
    /* Domain 0's TSC is the machine's; a guest's starts at zero. */
    h->tsc_offset = d->privileged ? 0 : -rdtsc();
    h->tsc_khz = tsc_hz / 1000;
    h->tsc_scale = tsc_scale;
    h->param[HVM_PARAM_TRIPLE_FAULT_REASON] = SHUTDOWN_reboot;
    h->param[HVM_PARAM_HPET_ENABLED] = 1;
    rc = p2m_create(d);
    if (!rc)
        rc = devices_init(d);
    if (!rc)
        rc = ioreq_domain_init(d);
    if (!rc) {
        h->cpuid = cpu_policy_create(d);
        rc = h->cpuid ? 0 : -ENOMEM;
    }
    if (!rc)
        pvtime_update_wallclock(d);
    return rc;
}

int hvm_domain_relinquish(struct domain *d)
{
    if (!d->hvm)
        return 0;
    ioreq_domain_close(d);
    return p2m_relinquish(d);
}

void hvm_domain_exit(struct domain *d)
{
    struct hvm_domain *h = d->hvm;

    if (!h)
        return;
    ioreq_domain_exit(d);
    devices_exit(d);
    p2m_destroy(d);
    if (h->cpuid)
        cpu_policy_free(h->cpuid);
    dirty_exit(d);
    heap_free(h->map);
    if (h->io_bitmap)
        lodge_pages_free(h->io_bitmap, 2);
    if (h->apic_page)
        lodge_pages_free(h->apic_page, 0);
    heap_free(h);
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
